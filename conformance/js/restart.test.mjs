// The server goes away and another comes in its place: clients return to it.
// server: --ping-interval 1s --ping-timeout 1s
import assert from "node:assert/strict";

import { Client } from "./support/client.mjs";
import { control, namespaces } from "./support/env.mjs";
import { test } from "./support/test.mjs";

const ways = {
  "polling": ["polling"],
  "websocket": ["websocket"],
  "polling, then websocket": ["polling", "websocket"],
};

const quick = { reconnectionDelay: 20, reconnectionDelayMax: 50 };

// replace asks for another server by "restart", which lets the old one take its
// leave, or by "crash".
async function replace(how) {
  const answer = await fetch(`${control()}/${how}`, { method: "POST" });
  assert.equal(answer.status, 200, await answer.text());
}

for (const how of ["restart", "crash"]) {
  test(`after a ${how} every client is back, and what it emitted meanwhile arrives`, async () => {
    const clients = [];
    for (const transports of Object.values(ways)) {
      for (const namespace of namespaces) {
        clients.push(await Client.connect(namespace, { transports, ...quick }));
      }
    }
    const last = clients.filter((c) => c.socket.io.opts.transports.length > 1);
    await Promise.all(last.map((client) => client.upgraded()));
    const ids = clients.map((client) => client.socket.id);

    const replaced = replace(how);
    await Promise.all(clients.map(async (client) => {
      const [reason] = await client.next("disconnect");
      assert.ok(["transport close", "transport error"].includes(reason), reason);
      client.socket.emit("message", "meanwhile", Buffer.of(1));
    }));
    await replaced;

    for (const [i, client] of clients.entries()) {
      await client.next("connect");
      assert.notEqual(client.socket.id, ids[i]);
      assert.deepEqual(await client.next("message-back"), ["meanwhile", Buffer.of(1)]);
      await client.echo("after");
      client.close();
    }
  });
}

test("who was sent away by a restart is not told that the server disconnected it", async () => {
  // "io server disconnect" would keep the client from coming back.
  const client = await Client.connect("/", { ...quick });
  await client.upgraded();
  await replace("restart");
  const [reason] = await client.next("disconnect");
  assert.notEqual(reason, "io server disconnect");
  await client.next("connect");
  client.close();
});
