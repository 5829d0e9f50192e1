// Long-polling of Engine.IO 3 with scripts and forms, for browsers without anything
// better.
// server: --eio3 --ping-interval 3s --ping-timeout 3s
import assert from "node:assert/strict";

import { get } from "./support/http.mjs";
import { attack } from "./support/innocent.mjs";
import { test } from "./support/test.mjs";
import { form, octets, packetsOf, PollingV3, script, submitted, text } from "./support/v3.mjs";

const open = (index = "0") =>
  PollingV3.open("/engine.io/", `&j=${index}`, (body) => packetsOf(script(body, index)));

const messages = {
  "text": ["4hello"],
  "several packets": ["4a", "4b", "4c"],
  "unicode of every width": ["4ñ € 漢字 😀 \u0000 \"'\\"],
  "ends of lines in scripts": ["4\u2028\u2029"],
  "ends of lines": ["4a\nb\n\nc", "4after"],
  "n behind a backslash": ["4" + JSON.stringify("a\nb"), '4{"path":"C:\\\\new\\\\n"}'],
  "binary": ["4a", "b4AQIDBA=="],
  "what a form takes for its own": ["4a+b&d=c%20d;e"],
  "the end of a script": ["4</script>"],
};

for (const [name, packets] of Object.entries(messages)) {
  test(`${name}: a form is echoed in a script`, async () => {
    const session = await open("12");
    const posted = await session.post(submitted(text(...packets)), form);
    assert.deepEqual([posted.status, posted.body], [200, "ok"]);
    assert.match(posted.headers["content-type"], /^text\/html/);

    const polled = await session.get();
    assert.equal(polled.status, 200);
    assert.match(polled.headers["content-type"], /^text\/plain; ?charset=utf-8$/i);
    assert.deepEqual(packetsOf(script(polled.body, "12")), packets);
  });
}

test("only the digits of the index count", async () => {
  const answer = await get(`/engine.io/?EIO=3&transport=polling&j=${encodeURIComponent('1](alert("x"));//2')}`);
  assert.equal(answer.status, 200);
  script(answer.body, "12");
});

test("the index is no index for a client of revision 4", async () => {
  const answer = await get("/engine.io/?EIO=4&transport=polling&j=0");
  assert.match(answer.body, /^0\{"sid":/);
});

test("heartbeats and goodbyes are scripts too", async () => {
  const session = await open();
  await session.post(submitted("1:2"), form);
  assert.deepEqual(packetsOf(script((await session.get()).body, "0")), ["3"]);
  await session.post(submitted("1:1"), form);
  assert.deepEqual(packetsOf(script((await session.get()).body, "0")), ["6"]);
  await session.expectGone();
});

test("old versions of Internet Explorer are told to let it be", async () => {
  for (const [agent, header] of [
    ["Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko", "0"],
    ["Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.0; Trident/4.0)", "0"],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", undefined],
  ]) {
    const answer = await get("/engine.io/?EIO=3&transport=polling&j=0", { "user-agent": agent });
    assert.equal(answer.headers["x-xss-protection"], header);
  }
});

for (const [name, [body, headers]] of Object.entries({
  "an empty form": ["", form],
  "a form without the field": ["x=2:4a", form],
  "a payload without a form": ["2:4a", form],
  "an escape that is none": ["d=2:4%zz", form],
  "what is no UTF-8": ["d=2:4%ff", form],
  "a binary body": [Buffer.of(0, 2, 255, 0x34, 0x61), octets],
})) {
  attack(`${name} ends the session`, async () => {
    const session = await open();
    const answer = await session.post(body, headers);
    assert.equal(answer.status, 400);
    await session.expectGone();
  });
}
