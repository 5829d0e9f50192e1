// Pages of other origins than the allowed ones are refused, on WebSocket too.
// Stricter than Node, whose server leaves it to the browser to keep answers from
// them, and has no say on WebSocket.
// server: --origin http://good.example
import assert from "node:assert/strict";

import { label, paths } from "./support/env.mjs";
import { get, request, upgrade } from "./support/http.mjs";
import { attack } from "./support/innocent.mjs";
import { test } from "./support/test.mjs";
import { WebSocket } from "./support/websocket.mjs";

const good = "http://good.example";
const others = [
  "http://bad.example",
  "https://good.example",
  "http://good.example:8080",
  "http://good.example.bad.example",
  "http://sub.good.example",
  "null",
];

for (const path of paths) {
  const polling = `${path}?EIO=4&transport=polling`;
  const webSocket = `${path}?EIO=4&transport=websocket`;

  test(`${label(path)}: the allowed origin is served`, async () => {
    const answer = await get(polling, { origin: good });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["access-control-allow-origin"], good);
    const socket = await WebSocket.open(path, { headers: { origin: good } });
    socket.close();
  });

  test(`${label(path)}: who sends no origin is no page`, async () => {
    assert.equal((await get(polling)).status, 200);
    assert.equal((await upgrade(webSocket)).status, 101);
  });

  for (const origin of others) {
    attack(`${label(path)}: ${origin} is refused`, async () => {
      const answer = await get(polling, { origin });
      assert.equal(answer.status, 403);
      assert.deepEqual(JSON.parse(answer.body), { code: 4, message: "Forbidden" });
      assert.equal(answer.headers["access-control-allow-origin"], undefined);

      const refused = await upgrade(webSocket, { origin });
      assert.deepEqual([refused.status, refused.body], [400, "Forbidden"]);
    });
  }

  attack(`${label(path)}: another origin is refused with a good session id too`, async () => {
    const opened = await get(polling);
    const { sid } = JSON.parse(opened.body.slice(1));
    const origin = "http://bad.example";
    const posted = await request("POST", `${polling}&sid=${sid}`, "40", { origin });
    assert.equal(posted.status, 403);
    const refused = await upgrade(`${webSocket}&sid=${sid}`, { origin });
    assert.deepEqual([refused.status, refused.body], [400, "Forbidden"]);
    assert.equal((await request("POST", `${polling}&sid=${sid}`, "1")).status, 200);
  });
}
