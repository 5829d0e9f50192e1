// An Engine.IO server, the official one, that echoes. It prints its address, and
// ends with its standard input. A message that begins with "/" is a command.
const http = require("http");
const { Server } = require("engine.io");

const options = JSON.parse(process.argv[2] || "{}");
const server = http.createServer();
const engine = new Server({
  ...options,
  allowRequest: (req, answer) =>
    req.url.includes("refuse") ? answer("not you", false) : answer(null, true),
});
engine.attach(server, { path: "/engine.io/" });

const commands = {
  "/close": (socket) => socket.close(),
  "/end": (socket) => socket.transport.close(),
  "/flood": (socket) => {
    for (let i = 0; i < 2000; i++) socket.send(i % 3 ? String(i) : Buffer.from(String(i)));
  },
};

engine.on("connection", (socket) => {
  socket.on("message", (message) => {
    const command = typeof message === "string" && commands[message];
    if (command) command(socket);
    else socket.send(message);
  });
  socket.on("close", (reason) => console.log("closed", reason));
});

server.listen(0, "127.0.0.1", () => console.log(`listening http://127.0.0.1:${server.address().port}/engine.io/`));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
