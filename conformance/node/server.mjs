#!/usr/bin/env node
// The official server with those flags and handlers of ../server that clients are tested with, so that both can be put
// to the same test: change both.

import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Server } from "socket.io";
import msgpack from "socket.io-msgpack-parser";

const text = (value) => ({ type: "string", default: value });
const { values: flags } = parseArgs({
  options: {
    listen: text("127.0.0.1:3001"),
    "ping-interval": text("300ms"),
    "ping-timeout": text("200ms"),
    "connect-timeout": text("1s"),
    behaviours: { type: "boolean" },
    recovery: { type: "boolean" },
    msgpack: { type: "boolean" },
  },
});
const ms = (duration) => parseFloat(duration) * (duration.endsWith("ms") ? 1 : 1000);
const [host, port] = flags.listen.split(":");

const http = createServer();
const server = new Server(http, {
  pingInterval: ms(flags["ping-interval"]),
  pingTimeout: ms(flags["ping-timeout"]),
  connectTimeout: ms(flags["connect-timeout"]),
  cors: { origin: "*" },
  ...(flags.recovery && { connectionStateRecovery: {} }),
  ...(flags.msgpack && { parser: msgpack }),
});

if (flags.behaviours) handleBehaviours();
else handle();

// handle has the handlers that brio.js is tested with.
function handle() {
  for (const name of ["/", "/custom"]) {
    const namespace = server.of(name);
    namespace.use((socket, next) => {
      const { refuse } = socket.handshake.auth;
      const err = refuse && new Error("refused on request");
      if (refuse === "with data") err.data = { code: 7, why: ["ñ€😀"] };
      next(err || undefined);
    });
    namespace.on("connection", (socket) => {
      socket.emit("auth", socket.handshake.auth);
      socket.on("message", (...args) => socket.emit("message-back", ...args));
      socket.on("message-with-ack", (...args) => args.pop()(...args));
      socket.on("emit-with-ack", (...args) =>
        socket.emit("emit-with-ack", ...args, (...answer) => socket.emit("emit-with-ack", ...answer)),
      );
      socket.on("to-others", (...args) => socket.broadcast.emit("others", ...args));
      socket.on("send-me-away", () => socket.disconnect());
      socket.on("close-me", () => socket.disconnect(true));
    });
  }
}

// handleBehaviours has those that the Go client is tested with.
function handleBehaviours() {
  const seen = []; // by note

  for (const name of ["/", "/admin", "/private"]) {
    server.of(name).on("connection", (socket) => {
      socket.on("echo", (...args) => {
        const ack = args.at(-1);
        if (typeof ack === "function") ack(...args.slice(0, -1));
        else socket.emit("echo", ...args);
      });
      socket.on("auth", (ack) => ack(socket.handshake.auth));
      socket.on("query", (name, ack) => ack(socket.handshake.query[name] ?? ""));
      // ask has the client answer an event, and tells what it answered.
      socket.on("ask", (...args) => {
        const ack = args.pop();
        socket.emit(...args, (...answer) => ack(...answer));
      });
      socket.on("count", (n) => {
        for (let i = 0; i < n; i++) socket.emit("number", i);
      });
      socket.on("note", (n, ack) => {
        seen.push(n);
        ack?.();
      });
      // late acknowledges what it has seen twice already.
      socket.on("late", (n, ack) => {
        seen.push(n);
        if (seen.filter((one) => one === n).length > 2) ack();
      });
      socket.on("noted", (ack) => ack(seen));
      socket.on("present", (ack) => ack(server.of(name).sockets.size));
      socket.on("silent", () => {});
      socket.on("leave", () => socket.disconnect());
      socket.on("close", () => socket.conn.close());
      socket.on("shout", (text, ack) => {
        server.of(name).emit("shout", text);
        ack();
      });
      if (!socket.recovered) socket.emit("hello", "you");
    });
  }

  server.of("/private").use((socket, next) => {
    if (socket.handshake.auth.token === "secret") return next();
    next(Object.assign(new Error("not authorized"), { data: { code: 401, retry: false } }));
  });
}

http.listen(Number(port), host, () => {
  const { address, port } = http.address();
  console.log(`listening on ${address}:${port}`);
});

// What has been said is heard; connections that a client keeps for later would hold the server up.
process.on("SIGTERM", () => {
  server.close();
  setTimeout(() => process.exit(), 100);
});
