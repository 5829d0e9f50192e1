// brio.js with addTrailingSlash: false, against a server that answers nothing else.
// server: --no-slash --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";
import test from "node:test";
import { client, event, server, upgraded } from "./support.mjs";

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]])
  test(`it connects over ${transports}`, async (t) => {
    const socket = client(t, server(), { transports, addTrailingSlash: false });
    if (transports.length > 1) await upgraded(socket);
    socket.emit("message", "hello");
    assert.deepEqual(await event(socket, "message-back"), ["hello"]);
  });
