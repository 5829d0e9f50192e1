// The official client as the server hands it out to browsers: it arrives whole,
// and works.
// server: --client node_modules/socket.io-client/dist --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import vm from "node:vm";
import zlib from "node:zlib";
import { WebSocket } from "ws";

import { base } from "./support/env.mjs";
import { get, request } from "./support/http.mjs";
import { test } from "./support/test.mjs";
import { within } from "./support/wait.mjs";

const sources = ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"];
const files = sources.flatMap((name) => [name, `${name}.map`]);

// What npm has installed.
const dist = new URL("../node_modules/socket.io-client/dist/", import.meta.url);
const installed = (name) => readFileSync(new URL(name, dist), "utf8");

for (const name of files) {
  test(`${name} is served as it is`, async () => {
    const answer = await get(`/socket.io/${name}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.body, installed(name));
    const type = name.endsWith(".map") ? "application/json" : "application/javascript";
    assert.equal(answer.headers["content-type"], `${type}; charset=utf-8`);
    assert.equal(answer.headers["cache-control"], "public, max-age=0");
    assert.match(answer.headers["etag"], /^"[^"]+"$/);
  });
}

test("a query changes nothing, other paths are not found", async () => {
  const { body } = await get("/socket.io/socket.io.js?buster=123");
  assert.equal(body, installed("socket.io.js"));
  for (const path of ["socket.io.js/", "x/socket.io.js", "socket.io", "SOCKET.IO.JS", "socket.io.dev.js", "package.json"]) {
    assert.equal((await get(`/socket.io/${path}`)).status, 404, path);
  }
});

test("who has it is told so", async () => {
  for (const accept of ["identity", "gzip", "deflate"]) {
    const headers = { "accept-encoding": accept };
    const { etag } = (await get("/socket.io/socket.io.js", headers)).headers;
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const answer = await get("/socket.io/socket.io.js", { ...headers, "if-none-match": known });
      assert.deepEqual([answer.status, answer.body], [304, ""], known);
    }
    const other = await get("/socket.io/socket.io.js", { ...headers, "if-none-match": '"other"' });
    assert.equal(other.status, 200);
  }
});

test("it is compressed for who accepts that", async () => {
  const codings = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync };
  for (const [coding, decoded] of Object.entries(codings)) {
    const { headers, bytes } = await get("/socket.io/socket.io.js", { "accept-encoding": coding });
    assert.equal(headers["content-encoding"], coding);
    assert.equal(headers["content-length"], String(bytes.length));
    assert.equal(decoded(bytes).toString(), installed("socket.io.js"));
    assert.ok(bytes.length < installed("socket.io.js").length / 2);
  }
});

test("HEAD has no body, other methods are refused", async () => {
  const head = await request("HEAD", "/socket.io/socket.io.js");
  assert.deepEqual([head.status, head.body], [200, ""]);
  assert.equal(head.headers["content-length"], String(Buffer.byteLength(installed("socket.io.js"))));
  for (const method of ["POST", "PUT", "DELETE"]) {
    assert.equal((await request(method, "/socket.io/socket.io.js", "x")).status, 405, method);
  }
});

test("pages of other origins may load it", async () => {
  const { headers } = await get("/socket.io/socket.io.esm.min.js", { origin: "http://elsewhere.example" });
  assert.ok(["*", "http://elsewhere.example"].includes(headers["access-control-allow-origin"]));
});

// meet connects with what a bundle has brought.
async function meet(io) {
  const socket = io(base, { transports: ["websocket"], forceNew: true });
  await within(5000, new Promise((resolve) => socket.on("connect", resolve)), "connect");
  assert.equal(await socket.emitWithAck("message-with-ack", "ñ€😀"), "ñ€😀");
  socket.disconnect();
}

// A browser's globals, as far as the client looks for them.
const browser = { WebSocket, setTimeout, clearTimeout, ArrayBuffer, Uint8Array, Blob, URL, Date, console };

for (const name of ["socket.io.js", "socket.io.min.js"]) {
  test(`${name} runs as a script, and connects`, async () => {
    const page = vm.createContext({ ...browser });
    page.window = page.self = page;
    vm.runInContext((await get(`/socket.io/${name}`)).body, page);
    await meet(page.io);
  });
}

test("socket.io.esm.min.js runs as a module, and connects", async () => {
  globalThis.WebSocket ??= WebSocket;
  const { body } = await get("/socket.io/socket.io.esm.min.js");
  const { io } = await import(`data:text/javascript;base64,${Buffer.from(body).toString("base64")}`);
  await meet(io);
});
