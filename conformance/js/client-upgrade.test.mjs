// The official client as it comes: long-polling first, then WebSocket.
// server: --ping-interval 500ms --ping-timeout 3s
import { scenarios } from "./support/scenarios.mjs";

scenarios(["polling", "websocket"], { upgrades: true });
