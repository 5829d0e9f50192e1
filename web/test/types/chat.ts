// A program that brio.d.ts must accept, and lines that it must refuse: each has a mark, and a mark without an error is
// an error.
import connect, { io, Manager, protocol, type Socket } from "../../brio.js";

interface Line {
  who: string;
  text: string;
}

interface ServerToClient {
  said: (line: Line) => void;
  image: (name: string, bytes: ArrayBuffer) => void;
  ask: (question: string, answer: (yes: boolean) => void) => void;
}

interface ClientToServer {
  say: (text: string) => void;
  join: (room: string, done: (people: string[], more: number) => void) => void;
  leave: () => void;
}

const socket: Socket<ServerToClient, ClientToServer> = io("/chat", {
  auth: { token: "secret" },
  transports: ["polling", "websocket", "webtransport"],
  transportOptions: { webtransport: { serverCertificateHashes: [{ algorithm: "sha-256", value: new Uint8Array(32) }] } },
  retries: 3,
  ackTimeout: 1000,
});

socket.on("connect", () => console.log(socket.id?.length, socket.recovered, socket.io.engine.transport.name));
socket.on("connect_error", (err) => console.log(err.message, err.data));
socket.on("disconnect", (reason, details) => console.log(reason === "io server disconnect", details));
socket.on("said", ({ who, text }) => console.log(who.length, text.length));
socket.once("image", (name, bytes) => console.log(name.length, bytes.byteLength));
socket.on("ask", (question, answer) => answer(question.length > 3));
socket.onAny((event, ...args) => console.log(event, args)).offAny();
socket.off("said").removeAllListeners();

socket.emit("say", "hello").emit("leave");
socket.emit("join", "lobby", (people, more) => console.log(people.length, more + 1));
socket.timeout(100).emit("join", "lobby", (err, people, more) => console.log(err.message, people.length, more + 1));
socket.volatile.emit("say", "maybe").compress(false).emit("say", "small");
socket.timeout(100).volatile.emit("leave");

async function ask(): Promise<string[]> {
  const people: string[] = await socket.emitWithAck("join", "lobby");
  const again: string[] = await socket.timeout(100).emitWithAck("join", "lobby");
  return [...people, ...again];
}

const manager = new Manager<ServerToClient, ClientToServer>("https://host.test", { autoConnect: false });
manager.reconnectionDelay(500).reconnection(false).timeout(false);
const delay: number = manager.reconnectionDelay();
manager.on("reconnect_attempt", (attempt) => console.log(attempt + delay + protocol));
manager.socket("/").emit("say", "typed, too");
manager.open((err) => console.log(err?.message));

const untyped = connect();
untyped.on("anything", (a, b) => console.log(a.b.c, b));
untyped.emit("anything", 1, "two", { three: 3 }, (value: unknown) => console.log(value));
ask();

// @ts-expect-error: no such event comes
socket.on("sayd", () => {});
// @ts-expect-error: that one is sent, it does not come
socket.on("say", () => {});
// @ts-expect-error: a line is no number
socket.on("said", (line: number) => console.log(line));
// @ts-expect-error: reasons are texts
socket.on("disconnect", (reason: number) => console.log(reason));
// @ts-expect-error: no such event is sent
socket.emit("shout", "hello");
// @ts-expect-error: that one comes, it is not sent
socket.emit("said", { who: "me", text: "hello" });
// @ts-expect-error: a number is no text
socket.emit("say", 1);
// @ts-expect-error: the text is missing
socket.emit("say");
// @ts-expect-error: one too many
socket.emit("leave", true);
// @ts-expect-error: a reserved event
socket.emit("disconnect");
// @ts-expect-error: people are a list
socket.emit("join", "lobby", (people: string) => console.log(people));
// @ts-expect-error: with a timeout the error comes first
socket.timeout(100).emit("join", "lobby", (people: string[], more: number) => console.log(people, more));
// @ts-expect-error: a number is no text, volatile or not
socket.volatile.emit("say", 1);
// @ts-expect-error: the room is missing
socket.emitWithAck("join");
// @ts-expect-error: people are a list of texts
const wrong: Promise<number[]> = socket.emitWithAck("join", "lobby");
// @ts-expect-error: an option that is none
io("/chat", { retry: 3 });
// @ts-expect-error: a delay is a number
manager.reconnectionDelay("soon");
// @ts-expect-error: the answer is yes or no
socket.on("ask", (question, answer) => answer("perhaps"));
// @ts-expect-error: it is told by the server
socket.recovered = true;
console.log(wrong);
