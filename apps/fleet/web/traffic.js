// The vehicles in the cells that are watched. A frame is all there is in a cell, so that what is not in the newest one
// has left: nothing is left behind, however many frames are skipped. Between two positions a vehicle glides.

const GLIDE = 1000; // ms from one position to the next
const JUMP = 80; // metres that are too far to glide: positions were skipped
const REMEMBERED = 3000; // ms for which a vehicle that has left may come back from where it was
const SIZE = 7; // bytes of a vehicle in a frame

const still = matchMedia("(prefers-reduced-motion: reduce)");

export const FREE = 3; // the status of an order, delivered

export class Traffic {
  vehicles = new Map(); // number → vehicle
  #watched = new Set();
  #ticks = new Map(); // cell → that of its newest frame

  // watch forgets the cells that are not watched any more.
  watch(cells) {
    this.#watched = new Set(cells);
    for (const cell of this.#ticks.keys()) {
      if (!this.#watched.has(cell)) this.#ticks.delete(cell);
    }
    for (const [number, vehicle] of this.vehicles) {
      if (!this.#watched.has(vehicle.cell)) this.vehicles.delete(number);
    }
  }

  // forget is for another connection: the server may count anew.
  forget() {
    this.vehicles.clear();
    this.#ticks.clear();
  }

  take({ cell, tick, vehicles }, now) {
    if (!this.#watched.has(cell) || tick < this.#ticks.get(cell)) return;
    this.#ticks.set(cell, tick);
    const bytes = new DataView(vehicles.buffer ?? vehicles, vehicles.byteOffset ?? 0, vehicles.byteLength);
    for (let i = 0; i + SIZE <= bytes.byteLength; i += SIZE) {
      this.#move(bytes.getUint16(i), { cell, tick, x: bytes.getUint16(i + 2) / 10, y: bytes.getUint16(i + 4) / 10, status: bytes.getUint8(i + 6) }, now);
    }
    for (const [number, vehicle] of this.vehicles) {
      if (vehicle.cell === cell && vehicle.tick < tick && !vehicle.gone) vehicle.gone = now;
      if (vehicle.gone && now - vehicle.gone > REMEMBERED) this.vehicles.delete(number);
    }
  }

  #move(number, { cell, tick, x, y, status }, now) {
    const old = this.vehicles.get(number);
    if (old && old.tick > tick) return; // another cell has it by now
    const vehicle = old ?? { number, angle: undefined };
    const from = old ? place(old, now) : { x, y };
    const far = Math.hypot(x - from.x, y - from.y);
    const start = far > JUMP ? { x, y } : from;
    if (far > 0.5) vehicle.angle = Math.atan2(y - from.y, x - from.x);
    Object.assign(vehicle, { cell, tick, status, x, y, start, since: now, gone: 0 });
    this.vehicles.set(number, vehicle);
  }

  // present returns the vehicles that are there.
  present() {
    return [...this.vehicles.values()].filter(({ gone }) => !gone);
  }
}

// place is where a vehicle is drawn.
export function place({ start, x, y, since }, now) {
  const part = still.matches ? 1 : Math.min(1, (now - since) / GLIDE);
  return { x: start.x + (x - start.x) * part, y: start.y + (y - start.y) * part };
}

// onePlay lets the score strip play the cells of one tick as one note.
export function onePlay(socket) {
  const listeners = socket.listenersAny();
  let heard;
  socket.offAny();
  socket.onAny((event, ...args) => {
    if (event === "cell" && args[0].tick === heard) return;
    if (event === "cell") heard = args[0].tick;
    for (const listener of listeners) listener(event, ...args);
  });
}

// drawVehicle draws one as seen from above: full if it carries something, hollow if it is free, half full on its way to
// fetch something.
export function drawVehicle(context, colours, { status, angle }, x, y, size, colour = colours.ink) {
  const [long, wide] = [size, size * 0.52];
  context.save();
  context.translate(x, y);
  context.rotate(angle ?? 0);
  context.beginPath();
  context.roundRect(-long / 2, -wide / 2, long, wide, wide / 2);
  context.fillStyle = status === 1 || status === 2 ? colour : colours.paper;
  context.strokeStyle = status === FREE ? colours.muted : colour;
  context.lineWidth = 1.2;
  context.fill();
  context.stroke();
  if (status === 0) {
    context.beginPath();
    context.roundRect(0, -wide / 2, long / 2, wide, [0, wide / 2, wide / 2, 0]);
    context.fillStyle = colour;
    context.fill();
  }
  context.restore();
}
