// Messages over long-polling of Engine.IO 3: what is echoed, and what ends a session.
// server: --eio3 --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { label, paths } from "./support/env.mjs";
import { get, request } from "./support/http.mjs";
import { attack } from "./support/innocent.mjs";
import { test } from "./support/test.mjs";
import { binary, octets, packetsOf, PollingV3, text } from "./support/v3.mjs";

const plain = /^text\/plain; ?charset=utf-8$/i;
const maxPayload = 1e6;

for (const path of paths) {
  for (const query of ["EIO=3&"]) {
    test(`${label(path)}: ?${query} opens a session of revision 3`, async () => {
      const answer = await get(`${path}?${query}transport=polling`);
      assert.equal(answer.status, 200);
      assert.match(answer.headers["content-type"], plain);
      assert.equal(answer.headers["cache-control"], "no-store");
      const [open] = packetsOf(answer.body);
      const { sid, ...rest } = JSON.parse(open.slice(1));
      assert.match(sid, /^[\w-]{20}$/);
      assert.deepEqual(rest, { upgrades: ["websocket"], pingInterval: 3000, pingTimeout: 3000, maxPayload });
    });
  }

  test(`${label(path)}: clients of revision 4 are served beside`, async () => {
    const answer = await get(`${path}?EIO=4&transport=polling`);
    assert.equal(answer.status, 200);
    assert.match(answer.body, /^0\{"sid":/);
  });
}

const echoes = {
  "one text packet": ["4hello"],
  "an empty text packet": ["4"],
  "several text packets": ["4test1", "4test2", "4test3"],
  "text that looks like a payload": ["46:4hello", "42:4a2:4b"],
  "text of revision 4": ["4a\x1e4b"],
  "text and binary in base64": ["4hello", "b4AQIDBA=="],
  "unicode of every width": ["4ñ € 漢字 😀 \u2028 \u0000 \"'\\", "4😀😀", "4after"],
  "1,000 pairs of surrogates": ["4" + "😀".repeat(1000), "4after"],
};

for (const [name, packets] of Object.entries(echoes)) {
  test(`${name}: one POST is echoed in one GET`, async () => {
    const session = await PollingV3.open("/engine.io/", "&b64=1");
    const posted = await session.post(text(...packets));
    assert.deepEqual([posted.status, posted.body], [200, "ok"]);
    assert.match(posted.headers["content-type"], /^text\/html/);

    const polled = await session.get();
    assert.equal(polled.status, 200);
    assert.equal(polled.body, text(...packets));
    assert.match(polled.headers["content-type"], plain);
  });
}

test("empty members are nothing", async () => {
  const session = await PollingV3.open();
  assert.equal((await session.post("0:2:4a0:0:2:4b")).status, 200);
  assert.equal((await session.get()).body, "2:4a2:4b");
});

const message = (...bytes) => Buffer.of(4, ...bytes);

for (const [name, packets] of Object.entries({
  "bytes": [message(1, 2, 3)],
  "no bytes": [message()],
  "text and bytes": ["4ñ€😀", message(0, 255), "4after"],
  "bytes that look like members": [message(0, 1, 255, 4), message(255, 255)],
  "many bytes": [Buffer.alloc(100_000, 4), "4after"],
})) {
  test(`${name}: a binary POST is echoed in a binary GET`, async () => {
    const session = await PollingV3.open();
    const posted = await session.post(binary(...packets), octets);
    assert.deepEqual([posted.status, posted.body], [200, "ok"]);

    const polled = await session.get();
    assert.equal(polled.status, 200);
    assert.equal(polled.headers["content-type"], "application/octet-stream");
    assert.ok(polled.bytes.equals(binary(...packets)));
  });
}

test("a binary POST without bytes is echoed as text", async () => {
  const session = await PollingV3.open();
  await session.post(binary("4ñ€😀", "4b"), octets);
  assert.equal((await session.get()).body, text("4ñ€😀", "4b"));
});

test("a binary POST of a client with b64 is echoed in base64", async () => {
  const session = await PollingV3.open("/engine.io/", "&b64=1");
  await session.post(binary("4a", message(1, 2, 3)), octets);
  assert.equal((await session.get()).body, text("4a", "b4AQID"));
});

test("a lone surrogate in a binary POST is U+FFFD", async () => {
  const session = await PollingV3.open();
  await session.post(Buffer.from("0005ff34eda0bd61", "hex"), octets);
  assert.equal((await session.get()).body, text("4\ufffda"));
});

test("a body of exactly the announced maximum is taken", async () => {
  const session = await PollingV3.open();
  const packet = "4" + "x".repeat(maxPayload - 8);
  await session.send(packet);
  assert.equal((await session.get()).body, text(packet));
});

attack("a body over the maximum is answered with 413", async () => {
  for (const [body, headers] of [[text("4" + "x".repeat(maxPayload))], [binary(Buffer.alloc(maxPayload, 4)), octets]]) {
    const session = await PollingV3.open();
    const answer = await session.post(body, headers);
    assert.deepEqual([answer.status, answer.body], [413, ""]);
  }
});

const malformed = {
  "an empty body": "",
  "no payload": "abc",
  "a payload of revision 4": "4hello",
  "no length": ":4a",
  "a length that is too long": "3:4a",
  "a length that is too short": "2:4abc",
  "a length in bytes": "4:4€",
  "the half of a surrogate pair": "2:4😀",
  "a negative length": "-2:4a",
  "a length in scientific notation": "2e0:4a",
  "a length of 310 digits": "9".repeat(310) + ":4a",
  "a length of 500,000 zeros": "0".repeat(500_000) + "2:4a",
  "an unknown type": "2:7a",
  "a letter for a type": "2:ab",
  "base64 without a type": "5:bAQID",
  "base64 of a ping": "6:b2AQID",
  "base64 that is none": "6:b4!!!!",
  "a good packet, then a bad one": "2:4a2:9b",
  "a pong, which is the server's to send": "1:3",
  "a byte that is not UTF-8": Buffer.from("2:4\xff", "latin1"),
};

const malformedBinary = {
  "text": Buffer.from("2:4a"),
  "nothing": Buffer.of(),
  "an unknown kind": Buffer.of(2, 2, 255, 0x34, 0x61),
  "no length": Buffer.of(0, 255, 0x34),
  "no end of the length": Buffer.of(0, 2),
  "digits in ASCII": Buffer.of(0, 0x32, 255, 0x34, 0x61),
  "a digit of ten": Buffer.of(0, 10, 255, ...Buffer.from("4aaaaaaaaa")),
  "a length of 310 digits": Buffer.of(1, ...Array(310).fill(9), 255, 4),
  "a length that is too long": Buffer.of(1, 3, 255, 4, 1),
  "a length that is too short": Buffer.of(1, 1, 255, 4, 1),
  "a ping in binary": Buffer.of(1, 1, 255, 2),
  "text that is not UTF-8": Buffer.of(0, 2, 255, 0x34, 255),
};

async function expectEnd(body, headers) {
  const session = await PollingV3.open();
  const answer = await session.post(body, headers).catch(() => null); // may be aborted
  if (answer) assert.ok([200, 400].includes(answer.status), `POST: ${answer.status}`);
  await session.expectGone();
}

for (const [name, body] of Object.entries(malformed)) attack(`${name} ends the session`, () => expectEnd(body));

for (const [name, body] of Object.entries(malformedBinary)) {
  attack(`in a binary body, ${name} ends the session`, () => expectEnd(body, octets));
}

attack("a second GET ends the session: 1 to the first, 400 to the second", async () => {
  const session = await PollingV3.open();
  const first = session.poll();
  for (let i = 0; i < 2; i++) await request("GET", "/engine.io/?EIO=3&transport=abc");
  const [held, second] = await Promise.all([first.answer, session.get()]);
  assert.deepEqual([held.status, held.body], [200, "1:1"]);
  assert.equal(second.status, 400);
  await session.expectGone();
});

attack("a client that says goodbye ends the session and gets its GET back", async () => {
  const session = await PollingV3.open();
  const { answer } = session.poll();
  for (let i = 0; i < 2; i++) await request("GET", "/engine.io/?EIO=3&transport=abc");
  await session.send("1");
  const held = await answer;
  assert.deepEqual([held.status, held.body], [200, "1:6"]);
  await session.expectGone();
});
