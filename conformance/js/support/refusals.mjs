// The documented errors of Engine.IO handshakes, and how they are answered.
import assert from "node:assert/strict";

export const unknownTransport = { code: 0, message: "Transport unknown" };
export const unknownSession = { code: 1, message: "Session ID unknown" };
export const badMethod = { code: 2, message: "Bad handshake method" };
export const badRequest = { code: 3, message: "Bad request" };
export const forbidden = (message) => ({ code: 4, message });
export const badVersion = { code: 5, message: "Unsupported protocol version" };

// expectRefusal asserts the answer of a plain request.
export function expectRefusal(answer, error) {
  assert.deepEqual(JSON.parse(answer.body), error);
  assert.equal(answer.status, error.code === 4 ? 403 : 400);
  assert.match(answer.headers["content-type"], /^application\/json/);
}

// expectBareRefusal asserts that of an upgrade request.
export function expectBareRefusal(answer, error) {
  assert.equal(answer.body, error.message);
  assert.equal(answer.status, 400);
  assert.match(answer.headers["content-type"], /^text\/html/);
  assert.equal(answer.headers["connection"].toLowerCase(), "close");
}
