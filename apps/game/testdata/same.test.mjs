// Run by TestPageDoesTheSame in a folder with the page's modules and what the server has.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Pilot } from "./pilot.js";
import { between, Sight } from "./sight.js";
import { decode, encode, row } from "./wire.js";
import { glide, HEARD, LIFE, RATE, SHIPS, X, Y } from "./world.js";

const given = JSON.parse(readFileSync(new URL("given.json", import.meta.url)));
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));

test("snapshots are decoded to the server's frames", () => {
  const frames = new Map();
  let deltas = 0;
  for (const { Tick, Bytes, Rows } of given.snapshots) {
    const frame = decode(bytes(Bytes), (tick) => frames.get(tick));
    assert.equal(frame.tick, Tick);
    assert.deepEqual([...frame.rows], Rows.flat());
    frames.set(Tick, frame);
    if (frame.base !== frame.tick) deltas++;
  }
  assert.ok(deltas > 50 && deltas < given.snapshots.length);
});

test("a snapshot whose base is not there is none, and one that is cut off is an error", () => {
  const full = bytes(given.snapshots[0].Bytes);
  const others = given.snapshots.filter(({ Bytes }) => decode(bytes(Bytes), () => undefined) === null);
  assert.ok(others.length > 50 && others.length < given.snapshots.length);
  assert.throws(() => decode(full.slice(0, full.length - 1), () => undefined));
});

test("what is no snapshot makes a frame or an error", () => {
  const zeros = { tick: 0, rows: new Int32Array(1800) };
  let [seed, errors] = [1, 0];
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let i = 0; i < 3000; i++) {
    const message = bytes(given.snapshots[random(given.snapshots.length)].Bytes).slice(0, 1 + random(400));
    for (let k = random(6); k >= 0; k--) message[random(message.length)] = random(256);
    try {
      assert.equal(decode(message, () => zeros).rows.length, 1800);
    } catch (err) {
      assert.match(err.message, /^The snapshot is/);
      errors++;
    }
  }
  assert.ok(errors > 100 && errors < 2900);
});

test("a ship glides as on the server", () => {
  const ship = Int32Array.from(given.start);
  for (const { Input, Tick, Row } of given.glides) {
    glide(ship, Input, Tick);
    assert.deepEqual([...ship], Row, `tick ${Tick}`);
  }
});

test("inputs are encoded as the server reads them", () => {
  assert.deepEqual([...encode(258, 3, [1, 255])], [0, 0, 1, 2, 0, 0, 0, 3, 1, 255]);
});

test("frames are shown between two snapshots, and those that come late or twice are none", () => {
  const sight = new Sight();
  const kept = [];
  given.snapshots.forEach(({ Bytes, Tick }, i) => {
    if (i % 5 === 4) return; // lost: what builds on it is none
    if (sight.take(bytes(Bytes), (Tick * 1000) / RATE + 40)) kept.push(Tick);
    assert.equal(sight.take(bytes(Bytes), (Tick * 1000) / RATE + 50), null);
  });
  assert.ok(kept.length > 1);
  const last = sight.newest.tick;
  const now = (last * 1000) / RATE + 45;
  assert.ok(Math.abs(sight.tick(now) - last) < 1);
  assert.ok(sight.behind >= 100 && sight.behind <= 400);
  const moment = sight.at(now);
  assert.ok(moment.first.tick <= moment.second.tick && moment.share >= 0 && moment.share <= 1.5);
  for (let i = 0; i < SHIPS; i++) {
    const { x, y } = between(moment, i, {});
    const [a, b] = [row(moment.first, i), row(moment.second, i)];
    if (a[LIFE] === b[LIFE] && moment.share <= 1) {
      assert.ok(x >= Math.min(a[X], b[X]) && x <= Math.max(a[X], b[X]) && y >= Math.min(a[Y], b[Y]) && y <= Math.max(a[Y], b[Y]));
    }
  }
});

// The server applies each input a while after it was made; the page has shown what comes of it since, and need not be
// set right by so much as a sixty-fourth of a pixel.
test("what is predicted is what comes", () => {
  const LATE = 9; // steps, there and back
  const server = { tick: 100, rows: new Int32Array(given.snapshots[0].Rows.flat().length) };
  const ship = row(server, 0);
  ship.set(given.start);
  const pilot = new Pilot();
  pilot.ship = 0;
  pilot.hear({ ...server, rows: server.rows.slice() }, 0);
  const inputs = [];
  for (let step = 0; step < 600; step++) {
    const { Input } = given.glides[step];
    inputs.push(Input);
    pilot.wish(Input, step);
    if (step < LATE) continue;
    glide(ship, inputs[step - LATE], ++server.tick);
    ship[HEARD] = step - LATE + 1;
    if (step % 2) continue;
    pilot.hear({ tick: server.tick, rows: server.rows.slice() }, step);
    assert.equal(pilot.wrong, 0, `step ${step}`);
    assert.equal(pilot.wishes.length, LATE);
  }
  const ahead = Int32Array.from(ship);
  inputs.slice(-LATE).forEach((input, i) => glide(ahead, input, server.tick + 1 + i));
  ahead[HEARD] = pilot.row[HEARD]; // which only the server says
  assert.deepEqual([...pilot.row], [...ahead]);
  assert.ok(Math.abs(pilot.roundTrip - LATE) < 1);
});
