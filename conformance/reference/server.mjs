// The official server with the handlers that clients are tested with. main.go is the same with brio: change both.
//
//   node server.mjs --listen 127.0.0.1:3000 [--recovery] [--msgpack]

import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Server } from "socket.io";
import msgpack from "socket.io-msgpack-parser";

const { values: flags } = parseArgs({
  options: { listen: { type: "string" }, recovery: { type: "boolean" }, msgpack: { type: "boolean" } },
});
const httpServer = createServer();
const io = new Server(httpServer, {
  ...(flags.recovery && { connectionStateRecovery: {} }),
  ...(flags.msgpack && { parser: msgpack }),
});

const seen = []; // by note

for (const name of ["/", "/admin", "/private"]) {
  io.of(name).on("connection", (socket) => {
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
    socket.on("silent", () => {});
    socket.on("leave", () => socket.disconnect());
    socket.on("close", () => socket.conn.close());
    socket.on("shout", (text, ack) => {
      io.of(name).emit("shout", text);
      ack();
    });
    if (!socket.recovered) socket.emit("hello", "you");
  });
}

io.of("/private").use((socket, next) => {
  if (socket.handshake.auth.token === "secret") return next();
  next(Object.assign(new Error("not authorized"), { data: { code: 401, retry: false } }));
});

const colon = flags.listen.lastIndexOf(":");
httpServer.listen(flags.listen.slice(colon + 1), flags.listen.slice(0, colon), () => {
  console.log(`listening on 127.0.0.1:${httpServer.address().port}`);
});

process.on("SIGTERM", () => {
  io.close(() => process.exit(0));
  httpServer.closeAllConnections();
});
