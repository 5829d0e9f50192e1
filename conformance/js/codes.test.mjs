// The error that each wrong request is answered with, and which one it is when a
// request is wrong twice.
// server: --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { get, request, upgrade } from "./support/http.mjs";
import { Polling } from "./support/polling.mjs";
import { badMethod, badRequest, badVersion, forbidden, unknownSession, unknownTransport } from "./support/refusals.mjs";
import { expectBareRefusal, expectRefusal } from "./support/refusals.mjs";
import { test } from "./support/test.mjs";
import { WebSocket } from "./support/websocket.mjs";

const path = "/socket.io/";

// What can be wrong with a request, in the order in which it is looked for: who
// makes it, with what instead of what is right, and the answer.
const wrongs = [
  { name: "a transport that there is not", query: { transport: "abc" }, error: unknownTransport },
  { name: "a session that there is not", query: { sid: "abcdefghijklmnopqrst" }, error: unknownSession },
  { name: "a session of another transport", only: "plain", query: { transport: "polling", sid: "WebSocket's" }, error: badRequest },
  { name: "a handshake by POST", method: "POST", error: badMethod },
  { name: "a WebSocket without Upgrade", only: "plain", query: { transport: "websocket" }, error: badRequest },
  { name: "a handshake that the application forbids", query: { forbid: "1" }, error: forbidden("not today") },
  { name: "a version that is not supported", query: { EIO: "3" }, error: badVersion },
];

// ways are how a request is made.
const ways = {
  plain: { transport: "polling", make: (url, method) => request(method, url), expect: expectRefusal },
  upgrade: { transport: "websocket", make: (url, method) => upgrade(url, {}, method), expect: expectBareRefusal },
};

for (const [way, { transport, make, expect }] of Object.entries(ways)) {
  const possible = wrongs.filter(({ only }) => !only || only === way);

  // answer makes a request that is wrong in some ways, of which the first counts
  // where two exclude each other.
  async function answer(...list) {
    const query = { EIO: "4", transport };
    for (const wrong of list.toReversed()) Object.assign(query, wrong.query);
    let socket;
    if (query.sid === "WebSocket's") {
      socket = await WebSocket.open(path);
      query.sid = socket.handshake.sid;
    }
    const method = list.find((wrong) => wrong.method)?.method ?? "GET";
    const got = await make(`${path}?${new URLSearchParams(query)}`, method);
    socket?.close();
    return got;
  }

  for (const [i, first] of possible.entries()) {
    test(`${way}: ${first.name}: code ${first.error.code}`, async () => {
      expect(await answer(first), first.error);
    });

    for (const second of possible.slice(i + 1)) {
      test(`${way}: ${first.name}, and ${second.name}: code ${first.error.code}`, async () => {
        expect(await answer(first, second), first.error);
      });
    }
  }

  test(`${way}: all that can be wrong: code 0`, async () => {
    expect(await answer(...possible), unknownTransport);
  });
}

test("what only handshakes are asked for, other requests are not", async () => {
  const session = await Polling.open(path);
  const posted = await request("POST", `${session.url}&forbid=1`, "40");
  assert.deepEqual([posted.status, posted.body], [200, "ok"]);
  const answer = await get(`${session.url}&forbid=1`);
  assert.equal(answer.status, 200);
  assert.ok(answer.body.startsWith("40{"), answer.body);
  await session.post("1");
});
