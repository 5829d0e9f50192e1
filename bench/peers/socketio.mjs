// The contract of the load harness on socket.io, as it is installed: with ws,
// or with --ws eiows, which is in a folder of its own as it can't be built
// everywhere. Says "listening on ADDRESS" once it does.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { Server } from "socket.io";

const { values } = parseArgs({
  options: {
    listen: { type: "string", default: "127.0.0.1:3001" },
    ws: { type: "string", default: "ws" },
  },
});

const options = {};
if (values.ws === "eiows") {
  const require = createRequire(new URL("./eiows/", import.meta.url));
  options.wsEngine = require("eiows").Server;
}

const http = createServer();
const io = new Server(http, options);

io.on("connection", (socket) => {
  const room = socket.handshake.query.room ?? "room";
  socket.join(room);
  socket.on("echo", (...args) => {
    const ack = typeof args.at(-1) === "function" ? args.pop() : null;
    if (ack) ack(...args);
    else socket.emit("echo", ...args);
  });
  socket.on("pub", (...args) => io.to(room).emit("msg", ...args));
});

const colon = values.listen.lastIndexOf(":");
http.listen(Number(values.listen.slice(colon + 1)), values.listen.slice(0, colon), () => {
  const { address, port } = http.address();
  console.log(`listening on ${address}:${port}`);
});
