// A message that comes with the handshake, and what the official client makes of
// it.
// server: --initial-packet=2["hello",{"from":"brio"}] --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { Client } from "./support/client.mjs";
import { get } from "./support/http.mjs";
import { separator } from "./support/polling.mjs";
import { test } from "./support/test.mjs";

test("it is in the same answer as the handshake", async () => {
  const { body } = await get("/socket.io/?EIO=4&transport=polling");
  const [open, initial, ...rest] = body.split(separator);
  assert.equal(open[0], "0");
  assert.equal(initial, '42["hello",{"from":"brio"}]');
  assert.deepEqual(rest, []);
});

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  test(`the official client hands it out over ${transports}`, async () => {
    const client = new Client("/", { transports });
    assert.deepEqual(await client.next("hello"), [{ from: "brio" }]);
    assert.ok(client.socket.connected);
    await client.echo("more");
    client.close();
  });
}
