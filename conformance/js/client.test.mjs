// What only the current line of the official client has, over each way to connect.
// server: --ping-interval 500ms --ping-timeout 3s
import assert from "node:assert/strict";

import { Client } from "./support/client.mjs";
import { test } from "./support/test.mjs";

const ways = {
  "polling": ["polling"],
  "websocket": ["websocket"],
  "polling, then websocket": ["polling", "websocket"],
};

for (const [way, transports] of Object.entries(ways)) {
  const connect = (options) => Client.connect("/", { transports, ...options });

  test(`${way}: it is acknowledged by promise, within a time`, async () => {
    const client = await connect();
    const { socket } = client;
    const arg = { list: [Buffer.of(1), Buffer.of(2, 3)], text: "x" };
    assert.deepEqual(await socket.emitWithAck("message-with-ack", arg), arg);
    assert.equal(await socket.timeout(3000).emitWithAck("message-with-ack", "soon"), "soon");
    client.close();
  });

  test(`${way}: it gives up when nobody acknowledges in time`, async () => {
    const client = await connect();
    const asked = client.socket.timeout(50).emitWithAck("nobody listens");
    await assert.rejects(asked, /timed out/);
    await client.echo("still there");
    client.close();
  });

  test(`${way}: it emits again what nobody has acknowledged`, async () => {
    const client = await connect({ retries: 2, ackTimeout: 50 });
    const given = new Promise((resolve) => client.socket.emit("nobody listens", (error) => resolve(error)));
    assert.match(String(await given), /timed out/);
    assert.equal(await client.socket.emitWithAck("message-with-ack", "next in the queue"), "next in the queue");
    client.close();
  });

  test(`${way}: it sends its credentials from a function`, async () => {
    const auth = { token: "ñ€😀", roles: ["a", { b: 1 }] };
    const client = await connect({ auth: (give) => give(auth) });
    assert.deepEqual(await client.next("auth"), [auth]);
    client.close();
  });

  test(`${way}: it sends volatile and uncompressed events`, async () => {
    const client = await connect();
    await client.echo("ready");
    if (transports.length > 1) await client.upgraded();
    client.socket.compress(false).emit("message", "uncompressed");
    assert.deepEqual(await client.next("message-back"), ["uncompressed"]);
    client.socket.volatile.emit("message", "volatile"); // may be dropped
    client.socket.send("sent");
    const [first] = await client.next("message-back");
    if (first === "volatile") assert.deepEqual(await client.next("message-back"), ["sent"]);
    else assert.equal(first, "sent");
    client.close();
  });
}
