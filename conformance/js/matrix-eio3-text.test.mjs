// The official client of Socket.IO 2, which speaks Engine.IO protocol 3.
// server: --ping-interval 500ms --ping-timeout 2s --eio3
import { matrix } from "./support/scenarios.mjs";

matrix(["2.5"], "text");
