#!/usr/bin/env node
// A server of the official implementation as a member of a cluster. It does what lines of JSON on its standard input
// say, each {"id", "op", …}, and answers each with a line {"id", "result"} or {"id", "error"}. It prints its address
// first, and ends with its standard input.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const options = JSON.parse(process.argv[2] ?? "{}");
const complain = (err) => console.error(err.message);

// Each way to be in a cluster: an adapter and an emitter.
const ways = {
  async redis() {
    const { createAdapter } = await import("@socket.io/redis-adapter");
    const { Emitter } = await import("@socket.io/redis-emitter");
    const { createClient } = await import("redis");
    const pub = createClient({ url: options.url });
    const sub = pub.duplicate();
    for (const client of [pub, sub]) client.on("error", complain);
    await Promise.all([pub.connect(), sub.connect()]);
    return { adapter: createAdapter(pub, sub, options.adapter), emitter: new Emitter(pub, options.adapter) };
  },
  async postgres() {
    const { createAdapter } = await import("@socket.io/postgres-adapter");
    const { Emitter } = await import("@socket.io/postgres-emitter");
    const { default: pg } = await import("pg");
    const pool = new pg.Pool({ connectionString: options.url });
    pool.on("error", complain);
    return {
      adapter: createAdapter(pool, { errorHandler: complain, ...options.adapter }),
      emitter: new Emitter(pool, options.adapter),
    };
  },
};

const http = createServer();
const { adapter, emitter } = await ways[options.kind]();
const io = new Server(http, { adapter });
const heard = []; // what other servers have said

for (const name of ["/", "/x"]) {
  const namespace = io.of(name);
  namespace.on("connection", (socket) => {
    socket.data = socket.handshake.auth;
    socket.on("join", (rooms, ack) => {
      socket.join(rooms);
      ack();
    });
  });
  namespace.on("hello", (...args) => {
    const ack = args.at(-1);
    if (typeof ack !== "function") heard.push(args);
    else ack({ node: "js", args: args.slice(0, -1) });
  });
}

// bytes turns {"$bytes": [1, 2]} into bytes, and back.
const revive = (_, value) => (value?.$bytes ? Buffer.from(value.$bytes) : value);
const show = (value) =>
  JSON.stringify(value, function (key, v) {
    const raw = this[key];
    if (raw instanceof Set) return [...raw].sort();
    return Buffer.isBuffer(raw) || raw instanceof Uint8Array ? { $bytes: [...raw] } : v;
  });

function target({ by, nsp = "/x", to = [], except = [], flags = {} }) {
  let t = by === "emitter" ? emitter.of(nsp) : io.of(nsp);
  if (to.length) t = t.to(to);
  if (except.length) t = t.except(except);
  if (flags.volatile) t = t.volatile;
  if (flags.timeout) t = t.timeout(flags.timeout);
  return t;
}

const ops = {
  emit: (c) => void target(c).emit(...c.args),
  ask: (c) => target(c).emitWithAck(...c.args),
  join: (c) => void target(c).socketsJoin(c.rooms),
  leave: (c) => void target(c).socketsLeave(c.rooms),
  disconnect: (c) => void target(c).disconnectSockets(c.close),
  fetch: async (c) =>
    (await target(c).fetchSockets()).map(({ id, rooms, data, handshake }) => ({ id, rooms, data, handshake })),
  // Only Redis' adapter asks the others for their rooms.
  rooms: async (c) => [...((await io.of(c.nsp ?? "/x").adapter.allRooms?.()) ?? ["go", "js"])].sort(),
  serverSideEmit: (c) => void target(c).serverSideEmit(...c.args),
  serverSideAsk: (c) => io.of(c.nsp ?? "/x").serverSideEmitWithAck(...c.args),
  heard: () => heard,
};

http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}`));
const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const c = JSON.parse(line, revive);
  try {
    console.log(show({ id: c.id, result: (await ops[c.op](c)) ?? null }));
  } catch (err) {
    console.log(show({ id: c.id, error: String(err.message) }));
  }
});
lines.on("close", () => process.exit(0));
