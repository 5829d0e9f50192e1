// The official client with its MessagePack parser, line by line.
// server: --ping-interval 500ms --ping-timeout 2s --msgpack
import { matrix } from "./support/scenarios.mjs";

matrix(["3.1", "4.0", "current"], "msgpack");
