// A message that comes with the handshake.
// server: --initial-packet=2["hello",{"from":"brio"}] --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";
import test from "node:test";
import { client, event, server } from "./support.mjs";

for (const transports of [["polling"], ["websocket"]])
  test(`its event is handed out once connected, over ${transports}`, async (t) => {
    const socket = client(t, server(), { transports });
    assert.deepEqual(await event(socket, "hello"), [{ from: "brio" }]);
    assert.ok(socket.connected);
  });
