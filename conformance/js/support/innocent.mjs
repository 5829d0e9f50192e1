// Bad input costs its sender only. The tests made here have three clients
// connected beside them who do nothing wrong: after each test they must still be
// served, on the connections they had before.
import assert from "node:assert/strict";
import { after, before } from "node:test";

import { Polling } from "./polling.mjs";
import { connect, expectServed } from "./socketio.mjs";
import { test } from "./test.mjs";
import { within } from "./wait.mjs";
import { WebSocket } from "./websocket.mjs";

let innocents;

export function attack(name, fn) {
  innocents ??= invite();
  test(name, async (t) => {
    await fn(t);
    const { socket, engine, poller } = await innocents;
    await within(3000, expectServed(socket), "the innocent Socket.IO client");
    await within(3000, engine.expectEcho("still there?"), "the innocent Engine.IO client");
    await within(3000, poller.expectServed(), "the innocent polling client");
  });
}

function invite() {
  let all;
  const ready = new Promise((resolve, reject) => {
    before(async () => {
      try {
        all = {
          socket: await connect(),
          engine: await WebSocket.open(),
          poller: await Poller.open(),
        };
        resolve(all);
      } catch (error) {
        reject(error);
      }
    });
  });
  ready.catch(() => {});
  after(() => {
    all?.socket.close();
    all?.engine.close();
    all?.poller.close();
  });
  return ready;
}

// Poller is a Socket.IO client that always holds a GET, as real ones do.
class Poller {
  #session;
  #waiting = new Map(); // packet text to whom it resolves
  #over = false;

  static async open() {
    const poller = new Poller();
    const session = (poller.#session = await Polling.open("/socket.io/"));
    await session.send("40");
    await session.collect(2);
    poller.#run();
    return poller;
  }

  async #run() {
    try {
      while (!this.#over) {
        for (const packet of await this.#session.read()) this.#waiting.get(packet)?.resolve();
      }
    } catch (error) {
      for (const w of this.#waiting.values()) w.reject(error);
      this.broken = error;
    }
  }

  async expectServed() {
    assert.equal(this.broken, undefined, `its session broke: ${this.broken}`);
    const answer = new Promise((resolve, reject) =>
      this.#waiting.set('42["message-back","still there?"]', { resolve, reject }),
    );
    await this.#session.send('42["message","still there?"]');
    await answer;
  }

  close() {
    this.#over = true;
    this.#session.post("1").catch(() => {});
  }
}
