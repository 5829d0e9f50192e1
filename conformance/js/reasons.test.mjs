// Why a socket disconnects, in the words of the documentation: what the server's
// handler is told, and what the official client is told.
// server: --ping-interval 300ms --ping-timeout 200ms --max-payload 100000
import assert from "node:assert/strict";

import { Client } from "./support/client.mjs";
import { control } from "./support/env.mjs";
import { Polling } from "./support/polling.mjs";
import { Proxy } from "./support/proxy.mjs";
import { reasonOf } from "./support/reason.mjs";
import { join, open } from "./support/socketio.mjs";
import { Connection, frame, text } from "./support/tcp.mjs";
import { test } from "./support/test.mjs";
import { within } from "./support/wait.mjs";

const large = "x".repeat(200_000);

// What a client does over its WebSocket, and the reason that follows. Node's server
// says "forced close" for the last five, which its documentation explains in the same
// words as "parse error", and over polling whatever comes first.
const overWebSocket = {
  "says goodbye to its namespace": [(s) => s.send("41"), "client namespace disconnect"],
  "is disconnected by the server": [(s) => s.send('42["send-me-away"]'), "server namespace disconnect"],
  "has its connection closed by the server": [(s) => s.send('42["close-me"]'), "forced server close"],
  "closes its WebSocket": [(s) => s.ws.close(), "transport close"],
  "goes without a word": [(s) => s.close(), "transport close"],
  "answers no heartbeat": [(s) => (s.beat = false), "ping timeout"],
  "sends the server a heartbeat": [(s) => s.send("2"), "transport error"],
  "sends more than it may": [(s) => s.send(`42["message","${large}"]`), "transport error"],
  "sends what is no packet of Engine.IO": [(s) => s.send("abc"), "parse error"],
  "sends nothing for a packet of Engine.IO": [(s) => s.send(""), "parse error"],
  "sends what is no packet of Socket.IO": [(s) => s.send("4abc"), "parse error"],
  "sends an attachment that it has not announced": [(s) => s.send(Buffer.of(1)), "parse error"],
  "joins a namespace twice": [(s) => s.send("40"), "forced server close"],
  "sends an event to a namespace that it has not joined": [(s) => s.send('42/custom,["x"]'), "forced server close"],
  "refuses the server": [(s) => s.send('44"no"'), "forced server close"],
};

for (const [name, [provoke, reason]] of Object.entries(overWebSocket)) {
  test(`WebSocket: ${reason}: it ${name}`, async () => {
    const socket = await open();
    const id = await join(socket);
    provoke(socket);
    assert.equal(await reasonOf(id), reason);
    socket.close();
  });
}

for (const [name, bytes] of Object.entries({
  "a frame that is not masked": frame(text, "40", { mask: false }),
  "a frame with reserved bits": frame(text, "40", { rsv: 7 }),
  "an opcode that there is not": frame(0x5, "40"),
  "text that is not UTF-8": frame(text, Buffer.of(0x34, 0xff)),
})) {
  test(`WebSocket: transport error: it sends ${name}`, async () => {
    const connection = await Connection.open("/socket.io/");
    connection.write(frame(text, "40"));
    const { sid } = JSON.parse((await connection.next()).payload.toString().slice(2));
    connection.write(bytes);
    assert.equal(await reasonOf(sid), "transport error");
    connection.destroy();
  });
}

// What a client does over long-polling.
const overPolling = {
  "says goodbye to its namespace": [(s) => s.post("41"), "client namespace disconnect"],
  "is disconnected by the server": [(s) => s.post('42["send-me-away"]'), "server namespace disconnect"],
  "has its connection closed by the server": [(s) => s.post('42["close-me"]'), "forced server close"],
  "closes its session": [(s) => s.post("1"), "transport close"],
  "polls no more": [() => {}, "ping timeout"],
  "polls, and answers no heartbeat": [(s) => s.get(), "ping timeout"],
  "polls twice at once": [(s) => Promise.all([s.get(), s.get()]), "transport error"],
  "breaks off a request that is held": [breakOff, "transport error"],
  "breaks off a body": [breakBody, "transport error"],
  "sends bytes": [(s) => s.post("x", { "content-type": "application/octet-stream" }), "transport error"],
  "sends the server a heartbeat": [(s) => s.post("2"), "transport error"],
  "sends what is no packet of Engine.IO": [(s) => s.post("abc"), "parse error"],
  "sends nothing for a packet of Engine.IO": [(s) => s.post('42["x"]\x1e'), "parse error"],
  "sends base64 that is none": [(s) => s.post("b*"), "parse error"],
  "sends what is no packet of Socket.IO": [(s) => s.post("4abc"), "parse error"],
  "joins a namespace twice": [(s) => s.post("40"), "forced server close"],
};

async function breakOff(session) {
  const { req, answer } = session.poll();
  await within(3000, new Promise((resolve) => req.on("finish", resolve)), "the request to be sent");
  await session.post('42["nobody listens"]'); // by now it is held
  req.destroy();
  await answer.catch(() => {});
}

async function breakBody(session) {
  const { req, answer } = session.upload({ "content-type": "text/plain", "content-length": "1000" });
  await within(3000, new Promise((resolve) => req.write("4", resolve)), "the body to begin");
  req.destroy();
  await answer.catch(() => {});
}

for (const [name, [provoke, reason]] of Object.entries(overPolling)) {
  test(`polling: ${reason}: it ${name}`, async () => {
    const session = await Polling.open("/socket.io/");
    await session.send("40");
    const [connected] = await session.collect(2);
    const { sid } = JSON.parse(connected.slice(2));
    await Promise.allSettled([provoke(session)]);
    assert.equal(await reasonOf(sid), reason);
  });
}

// What happens to the official client: what it is told, and the server. It comes
// back by itself but after the first two.
const toClients = {
  "it disconnects": {
    happens: ({ client }) => client.socket.disconnect(),
    client: "io client disconnect",
    server: "client namespace disconnect",
    stays: true,
  },
  "the server disconnects it": {
    happens: ({ client }) => client.socket.emit("send-me-away"),
    client: "io server disconnect",
    server: "server namespace disconnect",
    stays: true,
  },
  "the server closes its connection": {
    happens: ({ client }) => client.socket.emit("close-me"),
    client: "transport close",
    server: "forced server close",
  },
  "nothing comes through any more": {
    happens: async ({ client, proxy }) => {
      if (client.socket.io.engine.transport.name === "polling") await proxy.held();
      proxy.freeze();
    },
    client: "ping timeout",
    server: "ping timeout",
  },
  "its WebSocket is cut": {
    transports: ["websocket"],
    happens: ({ proxy }) => proxy.cut(),
    client: "transport close",
    server: "transport close",
  },
  "its request is cut": {
    transports: ["polling"],
    happens: async ({ proxy }) => {
      await proxy.held();
      proxy.cut();
    },
    client: "transport error",
    server: "transport error",
  },
  // Which the server never does.
  "a broken frame comes": {
    transports: ["websocket"],
    happens: ({ proxy }) => proxy.inject(frame(text, "2", { rsv: 7, mask: false })),
    client: "transport error",
    server: "transport close",
  },
  "a broken packet comes": {
    transports: ["websocket"],
    happens: ({ proxy }) => proxy.inject(frame(text, "4abc", { mask: false })),
    client: "parse error",
    server: "transport close",
  },
};

for (const [name, row] of Object.entries(toClients)) {
  for (const transport of row.transports ?? ["websocket", "polling"]) {
    test(`the official client, ${transport}: ${row.client}: ${name}`, async () => {
      const proxy = await Proxy.open();
      const quick = { reconnectionDelay: 10, reconnectionDelayMax: 20 };
      const client = await Client.connect("/", { address: proxy.address, transports: [transport], ...quick });
      const { id } = client.socket;
      await client.next("auth");
      await row.happens({ client, proxy });
      const [reason] = await client.next("disconnect");
      assert.equal(reason, row.client);
      assert.equal(await reasonOf(id), row.server);
      assert.equal(client.socket.active, !row.stays);
      if (!row.stays) await client.next("connect");
      client.close();
      proxy.close();
    });
  }
}

test("when the server shuts down, it says so to its handlers, and clients come back", async () => {
  const quick = { reconnectionDelay: 20, reconnectionDelayMax: 50 };
  const ways = [["websocket"], ["polling"]];
  const clients = await Promise.all(ways.map((transports) => Client.connect("/", { transports, ...quick })));
  const reasons = clients.map((client) => reasonOf(client.socket.id));
  await Promise.all(clients.map((client) => client.next("auth")));
  const answer = await fetch(`${control()}/restart`, { method: "POST" });
  assert.equal(answer.status, 200, await answer.text());
  assert.deepEqual(await Promise.all(reasons), ["server shutting down", "server shutting down"]);
  for (const client of clients) {
    assert.equal((await client.next("disconnect"))[0], "transport close");
    await client.next("connect");
    client.close();
  }
});
