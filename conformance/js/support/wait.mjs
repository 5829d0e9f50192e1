// Ways to wait.
import { setTimeout as sleep } from "node:timers/promises";

export { sleep };

// within fails unless the promise is settled before the time is up.
export async function within(milliseconds, promise, what) {
  const ac = new AbortController();
  const late = sleep(milliseconds, null, { signal: ac.signal }).then(
    () => {
      throw new Error(`${what}: nothing within ${milliseconds} ms`);
    },
    () => {},
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    ac.abort();
  }
}

// Queue hands out what came, in order, to whoever waits for it. After fail,
// what is left is still handed out, then the error.
export class Queue {
  #items = [];
  #waiting = [];
  #error;

  push(item) {
    const first = this.#waiting.shift();
    if (first) first.resolve(item);
    else this.#items.push(item);
  }

  fail(error) {
    this.#error ??= error;
    for (const w of this.#waiting.splice(0)) w.reject(this.#error);
  }

  next(what = "an item", milliseconds = 3000) {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    if (this.#error) return Promise.reject(this.#error);
    const item = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    return within(milliseconds, item, what);
  }

  // rest returns what has come and nobody has asked for.
  rest() {
    return this.#items.splice(0);
  }
}
