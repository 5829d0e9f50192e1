import { createServer } from "node:http";
import { Server } from "socket.io";

const httpServer = createServer();
const io = new Server(httpServer);
const chat = io.of("/chat");

chat.use((socket, next) => {
  const { name } = socket.handshake.auth;
  if (!name) {
    return next(new Error("a name is required"));
  }
  socket.data.name = name;
  next();
});

chat.on("connection", (socket) => {
  socket.on("join", async (room, callback) => {
    socket.join(room);
    socket.to(room).emit("joined", socket.data.name);
    const members = await chat.in(room).fetchSockets();
    callback(members.map((member) => member.data.name));
  });

  socket.on("say", (room, text) => {
    if (socket.rooms.has(room)) {
      chat.to(room).emit("said", socket.data.name, text);
    }
  });

  socket.on("disconnecting", () => {
    socket.to([...socket.rooms]).emit("left", socket.data.name);
  });
});

httpServer.listen(3000);
