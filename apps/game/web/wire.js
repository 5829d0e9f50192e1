// The binary format of snapshots and inputs: see appendSnapshot in events.go, and Game.steer.

import { BY_X, BY_Y, FIELDS, ROWS, X, Y } from "./world.js";

// decode returns the frame that a snapshot makes of its base, which find gives by its tick; null if that is not there.
export function decode(bytes, find) {
  let at = 0;
  const unsigned = () => {
    let n = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      n += (byte & 127) * scale;
      if (byte < 128) return n;
      if (!(at < bytes.length)) throw new Error("The snapshot is cut off.");
    }
  };
  const signed = () => {
    const n = unsigned();
    return n % 2 ? -(n + 1) / 2 : n / 2;
  };

  const tick = unsigned();
  const age = unsigned();
  const base = age ? find(tick - age) : { rows: new Int32Array(ROWS * FIELDS) };
  if (!base) return null;
  const rows = base.rows.slice();
  for (let i = 0; i < rows.length; i += FIELDS) {
    rows[i + X] += age * rows[i + BY_X];
    rows[i + Y] += age * rows[i + BY_Y];
  }
  for (let row = 0; at < bytes.length; row++) {
    row += unsigned();
    const mask = unsigned();
    if (row >= ROWS || mask >= 1 << FIELDS) throw new Error("The snapshot is not one.");
    for (let field = 0; field < FIELDS; field++) {
      if (mask & (1 << field)) rows[row * FIELDS + field] += signed();
    }
  }
  return { tick, base: tick - age, rows };
}

// encode makes the message of what the page holds and wishes.
export function encode(tick, first, inputs) {
  const message = new Uint8Array(8 + inputs.length);
  const head = new DataView(message.buffer);
  head.setUint32(0, tick);
  head.setUint32(4, first);
  message.set(inputs, 8);
  return message;
}

// row is a view of one of a frame's rows.
export const row = (frame, i) => frame.rows.subarray(i * FIELDS, (i + 1) * FIELDS);
