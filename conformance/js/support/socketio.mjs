// A Socket.IO client made by hand: packets as text, over one WebSocket.
import assert from "node:assert/strict";

import { WebSocket } from "./websocket.mjs";

const path = "/socket.io/";

// open starts an Engine.IO session and joins no namespace.
export const open = (options) => WebSocket.open(path, options);

// connect joins a namespace and reads the two packets the server greets with.
export async function connect(namespace = "/", options) {
  const socket = await open(options);
  await join(socket, namespace);
  return socket;
}

// join joins a namespace over an open session and returns its socket id.
export async function join(socket, namespace = "/", auth = "") {
  const nsp = prefix(namespace);
  socket.send(`40${nsp}${auth}`);
  const sid = connected(await socket.next(), namespace);
  assert.equal(await socket.next(), `42${nsp}["auth",${auth || "{}"}]`);
  return sid;
}

// connected asserts that a packet is the answer to CONNECT; it returns the socket id.
export function connected(packet, namespace = "/") {
  const nsp = prefix(namespace);
  assert.ok(packet.startsWith(`40${nsp}{`), packet);
  const payload = JSON.parse(packet.slice(2 + nsp.length));
  assert.deepEqual(Object.keys(payload), ["sid"]);
  assert.match(payload.sid, /^[\w-]{20}$/);
  return payload.sid;
}

// prefix returns how a namespace stands in a packet.
export const prefix = (namespace) => (namespace === "/" ? "" : namespace + ",");

// expectServed asserts that a joined namespace still answers.
export async function expectServed(socket, namespace = "/") {
  const nsp = prefix(namespace);
  socket.send(`42${nsp}["message","still there?"]`);
  assert.equal(await socket.next(), `42${nsp}["message-back","still there?"]`);
}

export const placeholder = (num) => ({ _placeholder: true, num });
