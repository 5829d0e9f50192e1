#!/usr/bin/env node
// The official server with those handlers of ../server that the behaviours of a browser client need, so that both can
// be put to the same test.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { Server } from "socket.io";

const { values } = parseArgs({ options: { listen: { type: "string", default: "127.0.0.1:3001" } } });
const [host, port] = values.listen.split(":");

const http = createServer();
const server = new Server(http, {
  pingInterval: 2000,
  pingTimeout: 2000,
  cors: { origin: "*" },
  connectionStateRecovery: {},
});

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

http.listen(Number(port), host, () => {
  const { address, port } = http.address();
  console.log(`listening on ${address}:${port}`);
});

// What has been said is heard; connections that a browser keeps for later would hold the server up.
process.on("SIGTERM", () => {
  server.close();
  setTimeout(() => process.exit(), 100);
});
