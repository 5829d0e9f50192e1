// What the tests of brio.js share: the server under test, a proxy whose network fails on demand, and a server
// that says exactly what a test tells it to.
//
// BRIO_URL is the address of the server: `go run ./conformance/server`, or any other that behaves like it. Node 20
// has no WebSocket of its own and takes the one of the package ws, from ../../conformance.
import http from "node:http";
import net from "node:net";
import { createRequire } from "node:module";
import { io } from "../brio.js";

globalThis.WebSocket ??= createRequire(new URL("../../conformance/", import.meta.url))("ws").WebSocket;

const SEPARATOR = "\x1e";

// server returns the address of the server under test.
export function server() {
  if (!process.env.BRIO_URL)
    throw new Error("set BRIO_URL to the address of a running conformance server, such as http://127.0.0.1:3000");
  return process.env.BRIO_URL.replace(/\/$/, "");
}

// client returns a socket on a connection of its own, which ends with the test.
export function client(t, url = server(), opts = {}) {
  const socket = io(url, { forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 50, ...opts });
  t.after(() => {
    socket.disconnect();
    socket.io.close();
  });
  return socket;
}

// event waits for one event and returns its arguments.
export function event(emitter, name) {
  return new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));
}

// upgraded waits until the connection is a WebSocket's.
export async function upgraded(socket) {
  if (!socket.connected) await event(socket, "connect");
  if (socket.io.engine.transport.name !== "websocket") await event(socket.io.engine, "upgrade");
}

// echo emits and returns what comes back.
export function echo(socket, ...args) {
  const back = event(socket, "message-back");
  socket.emit("message", ...args);
  return back;
}

// caught collects what would be reported as uncaught.
export function caught(t) {
  const errors = [];
  const run = globalThis.queueMicrotask;
  t.mock.method(globalThis, "queueMicrotask", (task) =>
    run(() => {
      try {
        task();
      } catch (err) {
        errors.push(err);
      }
    }),
  );
  return errors;
}

// proxy forwards TCP to the server under test, until told otherwise.
export async function proxy(t) {
  const target = new URL(server());
  const connections = new Set();
  const self = {
    webSockets: "pass", // or "refuse", "swallow"
    seen: [], // "polling" or "websocket" for each TCP connection

    // cut breaks every connection that is open.
    cut() {
      for (const connection of connections) connection.destroy();
    },

    // down also refuses new ones, until up.
    async down() {
      const closed = new Promise((resolve) => listener.close(resolve));
      self.cut();
      await closed;
    },

    up: () => new Promise((resolve) => listener.listen(port, "127.0.0.1", resolve)),
  };

  const listener = net.createServer((inner) => {
    const outer = net.connect(Number(target.port), target.hostname);
    for (const connection of [inner, outer]) {
      connections.add(connection);
      connection.on("error", () => {});
      connection.on("close", () => {
        connections.delete(connection);
        inner.destroy();
        outer.destroy();
      });
    }
    inner.once("data", (first) => {
      const upgrade = /^upgrade: websocket/im.test(first.toString("latin1"));
      self.seen.push(upgrade ? "websocket" : "polling");
      if (upgrade && self.webSockets === "refuse")
        return inner.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
      if (upgrade && self.webSockets === "swallow") return;
      outer.write(first);
      inner.pipe(outer);
    });
    outer.pipe(inner);
  });
  let port = 0;
  await self.up();
  port = listener.address().port;
  self.url = `http://127.0.0.1:${port}`;
  t.after(() => self.down());
  return self;
}

// script starts a server that speaks Engine.IO by polling and leaves every word above that to the test:
// push(packet…) sends, next() returns what the client sent next (its pongs are not told), last() what came last.
export async function script(t, handshake = {}) {
  const open = { sid: "engine", upgrades: [], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1e6, ...handshake };
  const inbox = [];
  const readers = [];
  let outbox = [];
  let held; // the GET that waits

  const self = {
    bodies: [], // of every POST
    handshakes: [], // the URL of every handshake
    refuse: undefined, // an answer to handshakes: [status, body]
    push(...packets) {
      outbox.push(...packets);
      flush();
    },
    next() {
      return inbox.length ? Promise.resolve(inbox.shift()) : new Promise((resolve) => readers.push(resolve));
    },
    // accept waits for CONNECT, answers it, and returns it.
    async accept(answer = { sid: "socket" }) {
      const connect = await self.next();
      self.push("40" + JSON.stringify(answer));
      return connect;
    },
  };

  function flush() {
    if (!held || !outbox.length) return;
    held.end(outbox.join(SEPARATOR));
    held = undefined;
    outbox = [];
  }

  const listener = http.createServer(async (request, response) => {
    const url = new URL(request.url, "http://host");
    if (!url.searchParams.has("sid")) {
      self.handshakes.push(url);
      if (self.refuse) return response.writeHead(self.refuse[0]).end(self.refuse[1]);
      outbox = [];
      held = undefined;
      return response.end("0" + JSON.stringify(open));
    }
    if (request.method === "GET") {
      held = response;
      return flush();
    }
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    self.bodies.push(body);
    response.end("ok");
    for (const packet of body.split(SEPARATOR)) {
      if (packet === "3") continue;
      const reader = readers.shift();
      if (reader) reader(packet);
      else inbox.push(packet);
    }
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  self.url = `http://127.0.0.1:${listener.address().port}`;
  t.after(() => {
    listener.close();
    listener.closeAllConnections();
  });
  return self;
}

// scripted returns a script and a client of it.
export async function scripted(t, handshake, opts) {
  const remote = await script(t, handshake);
  return { remote, socket: client(t, remote.url, { transports: ["polling"], ...opts }) };
}
