// Why a socket has disconnected, as the server's handler was told.
import assert from "node:assert/strict";

import { base } from "./env.mjs";
import { within } from "./wait.mjs";

// reasonOf waits until the socket with that id has disconnected. Ask for it
// beforehand if the server itself is about to go.
export async function reasonOf(id) {
  const asked = fetch(`${base}/reason?sid=${encodeURIComponent(id)}`);
  const answer = await within(5000, asked, `the disconnection of ${id}`);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text;
}
