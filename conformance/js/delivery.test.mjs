// Clients that are cut off again and again, and send what was not acknowledged again.
// server: --delivery --ping-interval 1s --ping-timeout 1s
import assert from "node:assert/strict";

import { io } from "socket.io-client";

import { Proxy } from "./support/proxy.mjs";
import { test } from "./support/test.mjs";

const ways = {
  "polling": ["polling"],
  "websocket": ["websocket"],
  "polling, then websocket": ["polling", "websocket"],
};

// cutting runs f with a client whose connections are cut, and returns how often.
async function cutting(name, transports, f) {
  const proxy = await Proxy.open();
  const socket = io(`${proxy.address}/delivery`, {
    forceNew: true, transports, auth: { user: name },
    retries: 1000, ackTimeout: 1000, reconnectionDelay: 1, reconnectionDelayMax: 5,
  });
  let cuts = 0;
  let timer;
  const cut = () => {
    if (socket.connected) cuts++;
    proxy.cut();
    timer = setTimeout(cut, 10 + 40 * Math.random());
  };
  cut();
  try {
    await f(socket);
  } finally {
    clearTimeout(timer);
    socket.disconnect();
    proxy.close();
  }
  return cuts;
}

for (const [way, transports] of Object.entries(ways)) {
  test(`each message over ${way} is handled once`, async () => {
    const messages = 100;
    let before, after;
    const cuts = await cutting(`sender over ${way}`, transports, async (socket) => {
      before = await socket.emitWithAck("counts");
      const answers = [];
      for (let n = 0; n < messages; n++) {
        answers.push(socket.emitWithAck("count", `${n} over ${way}`, `${way} ${n}`));
      }
      assert.deepEqual(await Promise.all(answers), Array(messages).fill(1));
      after = await socket.emitWithAck("counts");
    });
    assert.equal(after.messages - before.messages, messages);
    const attempts = after.attempts - before.attempts;
    assert.ok(cuts > 5 && attempts > messages, `${cuts} cuts, ${attempts} attempts`);
    console.log(`# over ${way}: ${cuts} cuts, ${attempts} attempts at ${messages} messages`);
  });

  test(`each event over ${way} arrives, and has an id by which it is told`, async () => {
    const events = 100;
    let twice = 0;
    const seen = [];
    const cuts = await cutting(`reader over ${way}`, transports, async (socket) => {
      let last;
      const all = new Promise((resolve) => {
        socket.on("news", (n, id, ack) => {
          if (id === last) twice++;
          else seen.push(n);
          last = id;
          setTimeout(ack, 10 * Math.random());
          if (seen.length === events) resolve();
        });
      });
      await socket.emitWithAck("send", events, "1");
      await all;
    });
    assert.deepEqual(seen, Array.from({ length: events }, (_, n) => n));
    assert.ok(cuts > 5, `${cuts} cuts`);
    console.log(`# over ${way}: ${cuts} cuts, ${twice} of ${events} events came again`);
  });
}
