// Connection state recovery: the official client and brio.js lose their connection
// and find their socket again, with all that it has missed.
// server: --recovery --ping-interval 500ms --ping-timeout 500ms
import assert from "node:assert/strict";
import { WebSocket } from "ws";

import { io as brio } from "../../web/brio.js";
import { Client } from "./support/client.mjs";
import { lines } from "./support/lines.mjs";
import { Proxy } from "./support/proxy.mjs";
import { test } from "./support/test.mjs";
import { sleep } from "./support/wait.mjs";

globalThis.WebSocket ??= WebSocket;

const clients = { "the official client": lines.current.io, "brio.js": brio };
const quick = { reconnectionDelay: 10, reconnectionDelayMax: 20 };

async function upgraded({ socket }) {
  while (socket.io.engine.transport.name !== "websocket") await sleep(10);
}

for (const [name, io] of Object.entries(clients))
  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]])
    for (const how of ["cut", "freeze"]) {
      // A frozen connection would be used again by the next request.
      if (how === "freeze" && transports[0] === "polling") continue;
      test(`${name} over ${transports}: nothing is missed when the network is ${how === "cut" ? "cut" : "silent"}`, async (t) => {
        const proxy = await Proxy.open();
        const other = await Client.connect();
        const client = await Client.connect("/", { line: { ...lines.current, io }, address: proxy.address, transports, ...quick });
        t.after(() => {
          client.close();
          other.close();
          proxy.close();
        });
        for (const c of [client, other]) await c.ask("join", "watchers");
        assert.equal(client.socket.recovered, false);
        const { id } = client.socket;
        const send = async (from, to) => {
          for (let n = from; n < to; n++) other.socket.emit("to-rooms", n);
          await other.ask("message-with-ack"); // they have been sent
        };
        const hears = async (from, to) => {
          for (let n = from; n < to; n++) assert.equal((await client.next("room"))[0], n);
        };

        await send(0, 10);
        await hears(0, 10);
        for (let n = 10; n < 40; n += 10) {
          // Between two requests nobody notices.
          if (transports.length > 1) await upgraded(client);
          else if (transports[0] === "polling") await proxy.held();
          proxy[how]();
          await send(n, n + 10);
          await client.next("disconnect");
          await client.next("connect");
          assert.equal(client.socket.recovered, true);
          assert.equal(client.socket.id, id);
          await hears(n, n + 10);
        }
        await send(40, 41);
        await hears(40, 41);
        assert.deepEqual(client.unread("room"), []);
      });
    }

test("a client that left on purpose gets a new socket", async (t) => {
  const client = await Client.connect("/", quick);
  t.after(() => client.close());
  const { id } = client.socket;
  client.socket.disconnect().connect();
  await client.next("connect");
  assert.equal(client.socket.recovered, false);
  assert.notEqual(client.socket.id, id);
});
