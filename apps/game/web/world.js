// What the page knows of the arena's rules, as in world.go: the numbers of a row, and how a ship glides.

export const PEOPLE = 30;
export const SHIPS = 80; // those of people first, then those of simulated people
export const ROWS = 200; // then the notes
export const FIELDS = 9;
export const RATE = 30; // steps a second
export const UNIT = 64; // to a pixel
export const WIDTH = 2400 * UNIT;
export const HEIGHT = 1600 * UNIT;
export const RADIUS = 16 * UNIT;
export const PAUSE = 2 * RATE; // steps from one dash to the next
export const [X, Y, BY_X, BY_Y, STEER, HEARD, WORTH, READY, LIFE] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
export const THRUST = 64;
export const DASH = 128;

// glide moves a ship on by a step, exactly as the server does: all is in whole numbers.
export function glide(row, input, tick) {
  const angle = ((input % 64) * Math.PI) / 32;
  const dx = Math.round(32 * Math.cos(angle));
  const dy = Math.round(32 * Math.sin(angle));
  row[STEER] = input;
  if (input & DASH && tick >= row[READY]) {
    row[BY_X] += 12 * dx;
    row[BY_Y] += 12 * dy;
    row[READY] = tick + PAUSE;
  }
  if (input & THRUST) {
    row[BY_X] += dx;
    row[BY_Y] += dy;
  }
  slide(row, X, BY_X, WIDTH);
  slide(row, Y, BY_Y, HEIGHT);
}

function slide(row, at, by, far) {
  row[by] -= Math.trunc(row[by] / 24) + Math.sign(row[by]);
  const free = row[at] + row[by];
  row[at] = Math.min(Math.max(free, RADIUS), far - RADIUS);
  if (row[at] !== free) row[by] = Math.trunc(-row[by] / 2);
}
