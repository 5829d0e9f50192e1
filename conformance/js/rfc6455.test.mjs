// The WebSocket protocol itself (RFC 6455), frame by frame over TCP. The section
// is named where a test is about one sentence of it.
// server: --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { attack } from "./support/innocent.mjs";
import { Connection, frame } from "./support/tcp.mjs";
import { binary, close, closePayload, continuation, ping, pong, text } from "./support/tcp.mjs";
import { test } from "./support/test.mjs";
import { within } from "./support/wait.mjs";

const half = { fin: false };

test("the key is answered as section 4.2.2 says", async () => {
  const key = "x3JJHMbDL1EzLkh9GBhXDw==";
  const connection = new Connection();
  connection.write(Connection.request({ headers: { "Sec-WebSocket-Key": key } }));
  const { status, headers } = await connection.answer;
  assert.equal(status, 101);
  assert.equal(headers["upgrade"].toLowerCase(), "websocket");
  assert.equal(headers["connection"].toLowerCase(), "upgrade");
  assert.equal(headers["sec-websocket-accept"], Connection.accept(key));
  assert.equal(headers["sec-websocket-protocol"], undefined);
  connection.destroy();
});

test("Connection may be a list, and case means nothing", async () => {
  const connection = new Connection();
  const headers = { Connection: "keep-alive, UPGRADE", Upgrade: "WebSocket" };
  connection.write(Connection.request({ headers }));
  assert.equal((await connection.answer).status, 101);
  connection.destroy();
});

for (const [name, request] of Object.entries({
  "without a key": { headers: { "Sec-WebSocket-Key": null } },
  "with a short key": { headers: { "Sec-WebSocket-Key": "c2hvcnQ=" } },
  "without a version": { headers: { "Sec-WebSocket-Version": null } },
  "with version 8": { headers: { "Sec-WebSocket-Version": "8" } }, // Node's takes it
  "to another protocol": { headers: { Upgrade: "irc" } },
  "by POST": { method: "POST", headers: { "Content-Length": "0" } },
})) {
  attack(`an upgrade ${name} is refused`, async () => {
    const connection = new Connection();
    connection.write(Connection.request(request));
    const { status } = await within(3000, connection.answer, "the answer");
    assert.ok(status >= 400 && status < 500, `status ${status}`);
    connection.destroy();
  });
}

attack("an Origin with a byte that no header may have is refused", async () => {
  const connection = new Connection();
  connection.write(Connection.request({ headers: { Origin: "http://a\x01b" } }));
  assert.equal((await within(3000, connection.answer, "the answer")).status, 400);
  connection.destroy();
});

attack("half an upgrade request is nobody else's trouble", async () => {
  const connection = new Connection();
  connection.write(Connection.request().slice(0, 100));
  connection.destroy();
});

test("a frame in the same segment as the request is not lost", async () => {
  const connection = await Connection.open("/engine.io/", frame(text, "4early"));
  await connection.expectText("4early");
  connection.destroy();
});

test("a ping is answered by a pong with the same payload", async () => {
  const connection = await Connection.open();
  for (const payload of ["", "hello", Buffer.of(0, 0xff, 0x80), "x".repeat(125)]) {
    connection.write(frame(ping, payload));
    const f = await connection.next();
    assert.deepEqual([f.opcode, f.payload], [pong, Buffer.from(payload)]);
  }
  connection.destroy();
});

test("a pong that nobody asked for is nothing", async () => {
  const connection = await Connection.open();
  connection.write(frame(pong, "hello"), frame(pong), frame(text, "4fine"));
  await connection.expectText("4fine");
  connection.destroy();
});

test("fragments are put together", async () => {
  const connection = await Connection.open();
  const middle = [..."ragment"].map((c) => frame(continuation, c, half));
  connection.write(frame(text, "4f", half), ...middle, frame(continuation, "s"));
  await connection.expectText("4fragments");
  connection.write(frame(binary, [1, 2], half), frame(continuation, [3]));
  const f = await connection.next();
  assert.deepEqual([f.opcode, f.payload], [binary, Buffer.of(1, 2, 3)]);
  connection.destroy();
});

test("fragments may be empty, and cut a character in two", async () => {
  const connection = await Connection.open();
  const packet = Buffer.from("4€😀");
  connection.write(frame(text, "", half));
  for (const byte of packet) connection.write(frame(continuation, [byte], half));
  connection.write(frame(continuation, ""));
  await connection.expectText("4€😀");
  connection.destroy();
});

test("a ping between fragments is answered before they are complete", async () => {
  const connection = await Connection.open();
  connection.write(frame(text, "4one ", half), frame(ping, "now"));
  const f = await connection.next();
  assert.deepEqual([f.opcode, f.payload.toString()], [pong, "now"]);
  connection.write(frame(pong), frame(continuation, "two"));
  await connection.expectText("4one two");
  connection.destroy();
});

test("frames that come byte by byte are read", async () => {
  const connection = await Connection.open();
  const bytes = Buffer.concat([frame(text, "4slow"), frame(ping, "p"), frame(text, "4" + "x".repeat(200))]);
  for (const byte of bytes) {
    connection.write([byte]);
    await new Promise(setImmediate);
  }
  await connection.expectText("4slow");
  assert.equal((await connection.next()).opcode, pong);
  await connection.expectText("4" + "x".repeat(200));
  connection.destroy();
});

test("many frames in one segment are answered in order", async () => {
  const connection = await Connection.open();
  const numbers = Array.from({ length: 2000 }, (_, i) => i);
  connection.write(...numbers.map((i) => frame(text, `4${i}`)));
  for (const i of numbers) await connection.expectText(`4${i}`);
  connection.destroy();
});

test("payloads at the edges of the length encodings come back", async () => {
  const connection = await Connection.open();
  for (const length of [124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537]) {
    const packet = "4" + "x".repeat(length - 1);
    connection.write(frame(text, packet));
    await connection.expectText(packet);
  }
  connection.destroy();
});

test("what comes in pieces of any size is put together", async () => {
  const connection = await Connection.open();
  const bytes = Buffer.concat(Array.from({ length: 50 }, (_, i) => frame(text, `4${i}` + "y".repeat(i * 40))));
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 1500) {
    connection.write(bytes.subarray(at, at + size));
    if (size % 2) await new Promise(setImmediate);
  }
  for (let i = 0; i < 50; i++) await connection.expectText(`4${i}` + "y".repeat(i * 40));
  connection.destroy();
});

// What is wrong, and the code it is closed with (section 7.4.1).
for (const [name, code, ...frames] of [
  ["a frame without a mask", 1002, frame(text, "4x", { mask: false })],
  ["a ping without a mask", 1002, frame(ping, "", { mask: false })],
  ["the first reserved bit", 1002, frame(text, "4x", { rsv: 4 })],
  ["the second reserved bit", 1002, frame(text, "4x", { rsv: 2 })],
  ["the third reserved bit", 1002, frame(text, "4x", { rsv: 1 })],
  ["a reserved bit on a ping", 1002, frame(ping, "", { rsv: 4 })],
  ["a ping in fragments", 1002, frame(ping, "x", half)],
  ["a close in fragments", 1002, frame(close, closePayload(1000), half)],
  ["a ping of 126 bytes", 1002, frame(ping, "x".repeat(126))],
  ["a pong of 126 bytes", 1002, frame(pong, "x".repeat(126))],
  ["a close of 126 bytes", 1002, frame(close, closePayload(1000, "x".repeat(124)))],
  ["an unknown opcode for data", 1002, frame(0x3, "4x")],
  ["the last opcode for data", 1002, frame(0x7, "4x")],
  ["an unknown opcode for control", 1002, frame(0xb)],
  ["the last opcode for control", 1002, frame(0xf)],
  ["a continuation of nothing", 1002, frame(continuation, "4x")],
  ["a continuation after the end", 1002, frame(text, "4x"), frame(continuation, "4x")],
  ["text within fragments", 1002, frame(text, "4x", half), frame(text, "4y")],
  ["binary within fragments", 1002, frame(binary, "x", half), frame(binary, "y")],
  ["a close of one byte", 1002, frame(close, [3])],
  ["a close with code 999", 1002, frame(close, closePayload(999))],
  ["a close with code 1004", 1002, frame(close, closePayload(1004))],
  ["a close with code 1005", 1002, frame(close, closePayload(1005))],
  ["a close with code 1006", 1002, frame(close, closePayload(1006))],
  ["a close with code 1015", 1002, frame(close, closePayload(1015))],
  ["a close with code 2999", 1002, frame(close, closePayload(2999))],
  ["a close with code 5000", 1002, frame(close, closePayload(5000))],
  ["a close whose reason is not UTF-8", 1007, frame(close, closePayload(1000, Buffer.of(0xff)))],
  ["text that is not UTF-8", 1007, frame(text, Buffer.of(0x34, 0xff, 0xfe))],
  ["text that ends in a character", 1007, frame(text, Buffer.of(0x34, 0xe2, 0x82))],
  ["text with a surrogate", 1007, frame(text, Buffer.of(0x34, 0xed, 0xa0, 0x80))],
  ["text with an overlong character", 1007, frame(text, Buffer.of(0x34, 0xc0, 0xaf))],
  ["text beyond Unicode", 1007, frame(text, Buffer.of(0x34, 0xf4, 0x90, 0x80, 0x80))],
  ["fragments that are not UTF-8", 1007, frame(text, "4x", half), frame(continuation, [0xff])],
]) {
  attack(`${name}: closed with ${code}`, async () => {
    const connection = await Connection.open();
    connection.write(...frames);
    await connection.expectClose(code);
  });
}

attack("a length of 2^63 is refused: closed with 1002 or 1009", async () => {
  const connection = await Connection.open();
  connection.write([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
  await connection.expectClose(1002, 1009);
});

attack("an announced length over the maximum is refused before it comes: 1009", async () => {
  const connection = await Connection.open();
  connection.write([0x82, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
  await connection.expectClose(1009);
});

attack("fragments over the maximum together are refused: 1009", async () => {
  const connection = await Connection.open();
  const piece = Buffer.alloc(300_000, "x");
  connection.write(frame(binary, piece, half));
  for (let i = 0; i < 3; i++) connection.write(frame(continuation, piece, half));
  await connection.expectClose(1009);
});

for (const [name, payload] of Object.entries({
  "with 1000": closePayload(1000),
  "with 1001 and a reason": closePayload(1001, "going away"),
  "with a code of an application": closePayload(4321),
  "without a code": Buffer.alloc(0),
})) {
  attack(`a close ${name} is echoed, and the connection ended`, async () => {
    const connection = await Connection.open();
    connection.write(frame(text, "4before"), frame(close, payload));
    await connection.expectText("4before");
    const f = await connection.next();
    assert.equal(f.opcode, close);
    assert.deepEqual(f.payload.subarray(0, 2), payload.subarray(0, 2));
    await within(3000, connection.ended, "the end of the connection");
  });
}

attack("what comes after a close is not answered", async () => {
  const connection = await Connection.open();
  connection.write(frame(close, closePayload(1000)), frame(text, "4after"), frame(ping));
  assert.equal((await connection.next()).opcode, close);
  await within(3000, connection.ended, "the end of the connection");
  await assert.rejects(connection.next());
});

attack("half a frame and the end is nobody else's trouble", async () => {
  for (const size of [1, 2, 5, 8]) {
    const connection = await Connection.open();
    connection.write(frame(text, "4half a frame").subarray(0, size));
    connection.socket.end();
    await within(3000, connection.ended, "the end of the connection");
  }
});

attack("a client that reads nothing holds up nobody", async () => {
  const connection = await Connection.open();
  connection.socket.pause();
  const packet = frame(text, "4" + "x".repeat(100_000));
  for (let i = 0; i < 100; i++) connection.write(packet);
  const other = await Connection.open();
  other.write(frame(text, "4served"));
  await other.expectText("4served");
  other.destroy();
  connection.destroy();
});
