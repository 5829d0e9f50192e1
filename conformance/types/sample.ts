// What a page may and may not do with the events of the sample, by their types.

import { io, type Socket } from "socket.io-client";
import type { Binary, Everything, Failure, Main, Mood, OrgId } from "./sample.js";

const main: Socket<Main.ServerToClientEvents, Main.ClientToServerEvents> = io("/");
const org: Socket<OrgId.ServerToClientEvents, OrgId.ClientToServerEvents> = io("/org-1");

// ---- What is sent

main.emit("say", "hello");
main.emit("say", "hello", (failure?: Failure) => failure?.error.message);
main.emit("leave");
main.emit("join", "room", (members) => {
  if ("error" in members) return members.error.message;
  return members.map((name) => name.toUpperCase());
});
main.emit("everything", (everything) => everything);
main.timeout(1000).emit("join", "room", (err, members) => (err ? [] : members));
org.emit("upload", new ArrayBuffer(8), () => {});
org.emit("upload", new Uint8Array(8), (failure) => failure?.error.data);
org.emit("untyped", 1, "two", { three: 3 });

// @ts-expect-error a number is no text
main.emit("say", 1);
// @ts-expect-error the room is missing
main.emit("join", (members) => {});
// @ts-expect-error no such event
main.emit("shout", "hello");
// @ts-expect-error an event of another namespace
main.emit("upload", new ArrayBuffer(8), () => {});
// @ts-expect-error the server's event
main.emit("said", { from: "me", text: "hello" });
// @ts-expect-error a mood that is none
main.emit("unused", "middling", () => {});
// @ts-expect-error text is not bytes
org.emit("upload", "bytes", () => {});
// @ts-expect-error the answer may be a failure
main.emit("join", "room", (members) => members.length);

// ---- What is heard

main.on("said", (line) => line.text.trim());
main.on("moods", (moods) => {
  const all: Mood[] = Object.values(moods).flat();
  return all;
});
main.on("where", (deep, ack) => ack(deep.Deep ? "1,2" : "0,0"));
main.on('to"ken', (token: unknown) => token);
org.on("frames", (frames: Binary[]) => frames.map((frame) => frame.byteLength));
org.on("draw", (line) => line?.points.map(([x, y]) => x + y));

// @ts-expect-error no such field
main.on("said", (line) => line.colour);
// @ts-expect-error nothing is drawn in that case
org.on("draw", (line) => line.points);
// @ts-expect-error the answer is text
main.on("where", (deep, ack) => ack(1));
// @ts-expect-error the client's event
main.on("say", () => {});

// ---- What is answered

async function answers() {
  const members: string[] | Failure = await main.emitWithAck("join", "room");
  const all: Everything | Failure = await main.emitWithAck("everything");
  if ("error" in all) throw new Error(all.error.message);
  const tuple: [Mood, Mood, Mood] = all.array;
  const maybe: number = all.Maybe ?? 0;
  const inline: number = all.inline.x + all.short.A;
  const text: string = all.quoted + all.bytes + all.time + (all.texted ?? "");
  // @ts-expect-error unknown may be anything
  all.raw.length;
  // @ts-expect-error a pointer may be null
  all.pointer.from;
  return { members, tuple, maybe, inline, text };
}

// The official types know nothing of the acknowledgement of an event.
async function acknowledged() {
  const failure: Failure | undefined = await main.emitWithAck("say", "hello");
  await main.timeout(1000).emitWithAck("leave");
  return failure;
}

export { acknowledged, answers };
