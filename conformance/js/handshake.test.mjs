// The Engine.IO handshake, over both transports, and every way to get it wrong.
// server: --ping-interval 300ms --ping-timeout 200ms
import assert from "node:assert/strict";

import { label, paths } from "./support/env.mjs";
import { get, request, upgrade } from "./support/http.mjs";
import { attack } from "./support/innocent.mjs";
import { Polling } from "./support/polling.mjs";
import { badMethod, badRequest, badVersion, unknownSession, unknownTransport } from "./support/refusals.mjs";
import { expectBareRefusal, expectRefusal } from "./support/refusals.mjs";
import { test } from "./support/test.mjs";
import { WebSocket } from "./support/websocket.mjs";

const handshake = (upgrades) => ({ upgrades, pingInterval: 300, pingTimeout: 200, maxPayload: 1e6 });

for (const path of paths) {
  test(`${label(path)}: polling opens a session`, async () => {
    const answer = await get(`${path}?EIO=4&transport=polling`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers["content-type"], /^text\/plain; ?charset=utf-8$/i);
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.equal(answer.headers["content-length"], String(answer.body.length));
    assert.equal(answer.headers["set-cookie"], undefined);

    const { sid, ...rest } = JSON.parse(answer.body.slice(1));
    assert.equal(answer.body[0], "0");
    assert.match(sid, /^[\w-]{20}$/);
    assert.deepEqual(rest, handshake(["websocket"]));
    const keys = ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"];
    assert.deepEqual(Object.keys(JSON.parse(answer.body.slice(1))), keys);
  });

  test(`${label(path)}: a WebSocket opens a session`, async () => {
    const socket = new WebSocket(`${path}?EIO=4&transport=websocket`);
    const packet = await socket.next();
    const { sid, ...rest } = JSON.parse(packet.slice(1));
    assert.equal(packet[0], "0");
    assert.match(sid, /^[\w-]{20}$/);
    assert.deepEqual(rest, handshake([]));
    socket.close();
  });

  test(`${label(path)}: other parameters are nobody's business`, async () => {
    for (const query of [
      "EIO=4&transport=polling&t=abc123&token=x",
      "t=1&transport=polling&EIO=4",
      "transport=polling&foo=%20&EIO=4&empty=&bare",
    ]) {
      const answer = await get(`${path}?${query}`);
      assert.equal(answer.status, 200, query);
      assert.equal(answer.body[0], "0", query);
    }
  });

  attack(`${label(path)}: an unsupported protocol version is refused`, async () => {
    for (const eio of ["", "EIO=abc&", "EIO=&", "EIO=3&", "EIO=5&", "EIO=44&"]) {
      expectRefusal(await get(`${path}?${eio}transport=polling`), badVersion);
      const answer = await upgrade(`${path}?${eio}transport=websocket`);
      if (answer.status === 101) {
        // Node's server notices too late to refuse, and closes.
        await new WebSocket(`${path}?${eio}transport=websocket`).expectClosed();
      } else {
        expectBareRefusal(answer, badVersion);
      }
    }
  });

  attack(`${label(path)}: an unknown transport is refused`, async () => {
    const names = ["", "&transport=", "&transport=abc", "&transport=constructor"];
    names.push("&transport=__proto__", "&transport=Polling", "&transport=webtransport");
    for (const transport of names) {
      expectRefusal(await get(`${path}?EIO=4${transport}`), unknownTransport);
      expectBareRefusal(await upgrade(`${path}?EIO=4${transport}`), unknownTransport);
    }
    expectRefusal(await get(path), unknownTransport);
  });

  attack(`${label(path)}: a handshake by any method but GET is refused`, async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      const answer = await request(method, `${path}?EIO=4&transport=polling`, "4hello");
      expectRefusal(answer, badMethod);
    }
  });

  attack(`${label(path)}: an unknown session is refused`, async () => {
    for (const sid of ["abcdefghijklmnopqrst", "x", "__proto__", "constructor", "a".repeat(2000)]) {
      const query = `EIO=4&sid=${sid}&transport`;
      expectRefusal(await get(`${path}?${query}=polling`), unknownSession);
      expectRefusal(await request("POST", `${path}?${query}=polling`, "4x"), unknownSession);
      expectBareRefusal(await upgrade(`${path}?${query}=websocket`), unknownSession);
    }
  });

  attack(`${label(path)}: a WebSocket handshake without Upgrade is refused`, async () => {
    expectRefusal(await get(`${path}?EIO=4&transport=websocket`), badRequest);
  });

  attack(`${label(path)}: a session is not served over a transport it does not use`, async () => {
    const socket = await WebSocket.open(path);
    const answer = await get(`${path}?EIO=4&transport=polling&sid=${socket.handshake.sid}`);
    expectRefusal(answer, badRequest);
    socket.close();
  });

  // Stricter than Node, which closes it only if the first came by an upgrade.
  attack(`${label(path)}: a second WebSocket for a session that has one is closed`, async () => {
    const socket = await WebSocket.open(path);
    const url = `${path}?EIO=4&transport=websocket&sid=${socket.handshake.sid}`;
    await new WebSocket(url).expectClosed();
    if (path === "/engine.io/") await socket.expectEcho("mine still works");
    socket.close();
  });
}

test("every session has an id of its own", async () => {
  const opened = await Promise.all(Array.from({ length: 50 }, () => Polling.open()));
  assert.equal(new Set(opened.map((p) => p.sid)).size, 50);
  await Promise.all(opened.map((p) => p.post("1")));
});

attack("hundreds of handshakes that are never used cost nobody else", async () => {
  for (let i = 0; i < 10; i++) {
    await Promise.all(Array.from({ length: 30 }, () => Polling.open("/socket.io/")));
  }
});

test("anybody's origin is answered with the CORS headers it needs", async () => {
  const origin = "http://elsewhere.example";
  const allowed = (answer) =>
    assert.ok(["*", origin].includes(answer.headers["access-control-allow-origin"]));

  for (const path of paths) {
    allowed(await get(`${path}?EIO=4&transport=polling`, { origin }));
    allowed(await get(`${path}?EIO=4&transport=abc`, { origin }));
    const preflight = await request("OPTIONS", `${path}?EIO=4&transport=polling`, undefined, {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    });
    assert.ok([200, 204].includes(preflight.status), `OPTIONS: ${preflight.status}`);
    allowed(preflight);
    assert.match(preflight.headers["access-control-allow-methods"], /POST/);
    assert.equal(preflight.body, "");
  }
  const socket = await WebSocket.open("/engine.io/", { headers: { origin } });
  socket.close();
});
