// The official client with addTrailingSlash: false, against a server that
// answers nothing else.
// server: --no-slash --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { Client } from "./support/client.mjs";
import { get } from "./support/http.mjs";
import { test } from "./support/test.mjs";

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  test(`the official client over ${transports}`, async () => {
    const client = await Client.connect("/", { transports, addTrailingSlash: false });
    await client.echo("hello", Buffer.of(1, 2));
    if (transports.length > 1) await client.upgraded();
    await client.echo("again");
    client.close();
  });
}

test("with the slash there is nothing", async () => {
  assert.equal((await get("/socket.io/?EIO=4&transport=polling")).status, 404);
  assert.equal((await get("/socket.io/foo/bar/?EIO=4&transport=polling")).status, 404);
});

test("brio.js is served", async () => {
  const { status, headers } = await get("/socket.io/brio.js");
  assert.deepEqual([status, headers["content-type"]], [200, "text/javascript; charset=utf-8"]);
});
