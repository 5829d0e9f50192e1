// The official client with its MessagePack parser, over each way to connect.
// server: --ping-interval 500ms --ping-timeout 3s --msgpack
import parser from "socket.io-msgpack-parser";

import { defaults } from "./support/client.mjs";
import { scenarios } from "./support/scenarios.mjs";

defaults.parser = parser;
scenarios(["websocket"]);
scenarios(["polling"]);
scenarios(["polling", "websocket"], { upgrades: true });
