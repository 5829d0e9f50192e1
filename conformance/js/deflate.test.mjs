// permessage-deflate (RFC 7692), with the ws package, the official client, and
// frame by frame.
// server: --deflate --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

import { Client } from "./support/client.mjs";
import { label, namespaces } from "./support/env.mjs";
import { upgrade } from "./support/http.mjs";
import { attack } from "./support/innocent.mjs";
import { binary, Connection, continuation, frame, ping, pong, text } from "./support/tcp.mjs";
import { test } from "./support/test.mjs";
import { WebSocket } from "./support/websocket.mjs";

const answer = "permessage-deflate;server_no_context_takeover;client_no_context_takeover";
const marked = { rsv: 4 };
const tail = Buffer.of(0, 0, 0xff, 0xff);
const words = "words and more ".repeat(1000);

const squeeze = (data) => deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
const expand = (data) => inflateRawSync(Buffer.concat([data, tail]), { finishFlush: constants.Z_SYNC_FLUSH });

const open = () => Connection.open("/engine.io/", "", { "Sec-WebSocket-Extensions": "permessage-deflate" });

const offered = async (offer) => {
  const { status, headers } = await upgrade("/engine.io/?EIO=4&transport=websocket", { "sec-websocket-extensions": offer });
  return status === 101 ? headers["sec-websocket-extensions"] : status;
};

for (const [offer, expected] of [
  ["permessage-deflate", answer],
  ["permessage-deflate; client_max_window_bits", answer],
  ["permessage-deflate; client_max_window_bits=10", answer],
  ["permessage-deflate; server_max_window_bits=15", `${answer};server_max_window_bits=15`],
  ["permessage-deflate; server_max_window_bits=10", undefined],
  ["permessage-deflate; server_max_window_bits=10, permessage-deflate", answer],
  ["permessage-deflate; unknown", undefined],
  ["x-webkit-deflate-frame", undefined],
  ["permessage-deflate; =", 400],
]) {
  test(`the offer ${offer} is answered with ${expected}`, async () => {
    assert.equal(await offered(offer), expected);
  });
}

for (const [name, options] of Object.entries({
  "its defaults": true,
  "its context kept": { serverNoContextTakeover: false },
  "a small window of its own": { clientMaxWindowBits: 9 },
  "a threshold of 0": { threshold: 0 },
})) {
  test(`the ws package with ${name}`, async () => {
    const socket = await WebSocket.open("/engine.io/", { perMessageDeflate: options });
    assert.match(socket.ws.extensions, /^permessage-deflate/);
    for (const packet of ["4", "4hello", "4" + words, Buffer.from(words), Buffer.alloc(0), "4" + "€😀".repeat(5000), "4again"]) {
      socket.ws.send(packet, { compress: true });
      assert.deepEqual(await socket.next(), packet);
    }
    socket.close();
  });
}

test("the ws package falls back to no compression", async () => {
  const socket = await WebSocket.open("/engine.io/", { perMessageDeflate: { serverMaxWindowBits: 10 } });
  assert.equal(socket.ws.extensions, "");
  await socket.expectEcho(words);
  socket.close();
});

test("a large message is compressed, a small one is not", async () => {
  const connection = await open();
  assert.equal(connection.handshake.rsv, 0);
  for (const [packet, opcode, rsv] of [
    ["4" + words, text, 4],
    ["4" + "x".repeat(1023), text, 4],
    ["4" + "x".repeat(1022), text, 0],
    [Buffer.from(words), binary, 4],
  ]) {
    connection.write(frame(opcode, packet));
    const f = await connection.next();
    assert.deepEqual([f.fin, f.rsv, f.opcode], [true, rsv, opcode]);
    assert.deepEqual(rsv ? expand(f.payload) : f.payload, Buffer.from(packet));
    if (rsv) assert.ok(f.payload.length < 200, `${f.payload.length} bytes`);
  }
  connection.destroy();
});

test("compressed fragments are put together, with a ping between them", async () => {
  const connection = await open();
  const squeezed = squeeze("4hello");
  connection.write(frame(text, squeezed.subarray(0, 2), { fin: false, ...marked }), frame(ping, "now"));
  assert.equal((await connection.next()).opcode, pong);
  connection.write(frame(continuation, squeezed.subarray(2)), frame(text, "4plain"));
  await connection.expectText("4hello");
  await connection.expectText("4plain");
  connection.destroy();
});

// What is wrong, and the code it is closed with.
for (const [name, code, ...frames] of [
  ["the mark on a continuation", 1002, frame(text, "4x", { fin: false }), frame(continuation, "y", marked)],
  ["the mark on a ping", 1002, frame(ping, "", marked)],
  ["the second reserved bit", 1002, frame(text, "4x", { rsv: 2 })],
  ["what is not compressed", 1007, frame(text, "4hello", marked)],
  ["what is compressed in part", 1007, frame(text, squeeze("4hello").subarray(0, 3), marked)],
  ["compressed text that is not UTF-8", 1007, frame(text, squeeze(Buffer.of(0x34, 0xff)), marked)],
  ["a bomb", 1009, frame(text, squeeze("4" + "x".repeat(50_000_000)), marked)],
  ["a message over the maximum by one", 1009, frame(text, squeeze("4" + "x".repeat(1_000_000)), marked)],
]) {
  attack(`${name}: closed with ${code}`, async () => {
    const connection = await open();
    connection.write(...frames);
    await connection.expectClose(code);
  });
}

attack("a compressed message without the extension is closed with 1002", async () => {
  const connection = await Connection.open();
  connection.write(frame(text, squeeze("4hello"), marked));
  await connection.expectClose(1002);
});

for (const namespace of namespaces) {
  for (const transports of [["websocket"], ["polling", "websocket"]]) {
    test(`${label(namespace)}: the official client over ${transports}`, async () => {
      const client = await Client.connect(namespace, { transports, perMessageDeflate: { threshold: 10 } });
      await client.upgraded();
      assert.match(client.socket.io.engine.transport.ws.extensions, /^permessage-deflate/);
      await client.echo(words, { list: [words, words] }, 1);
      await client.echo(Buffer.from(words), { deep: Buffer.alloc(5000) });
      await client.echo("small");
      assert.equal(await client.socket.emitWithAck("message-with-ack", words), words);
      client.close();
    });
  }
}
