// The official client, line by line, over each way to connect.
// server: --ping-interval 500ms --ping-timeout 2s
import { matrix } from "./support/scenarios.mjs";

matrix(["3.1", "4.0", "current"], "text");
