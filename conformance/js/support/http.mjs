// Plain HTTP requests, without the conveniences that would hide the wire.
import http from "node:http";

import { base } from "./env.mjs";

const agent = new http.Agent({ keepAlive: true });

// start sends the head of a request and leaves the body to the caller:
// { req, answer }, where answer resolves to { status, headers, body, bytes }.
export function start(method, path, headers = {}) {
  const req = http.request(base + path, { method, headers, agent });
  const answer = new Promise((resolve, reject) => {
    req.on("error", reject);
    req.on("response", (res) => {
      const chunks = [];
      res.on("data", (chunk) => chunks.push(chunk));
      res.on("error", reject);
      res.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: res.statusCode, headers: res.headers, body: bytes.toString(), bytes });
      });
    });
  });
  answer.catch(() => {}); // reported to whoever awaits it
  return { req, answer };
}

export function request(method, path, body, headers = {}) {
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const { req, answer } = start(method, path, { ...length, ...headers });
  req.end(body);
  return answer;
}

export const get = (path, headers) => request("GET", path, undefined, headers);

// upgrade asks for a WebSocket and resolves to the answer, which is a refusal
// with a body, or status 101.
export function upgrade(path, headers = {}, method = "GET") {
  return new Promise((resolve, reject) => {
    const req = http.request(base + path, {
      method,
      agent: false,
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...headers,
      },
    });
    req.on("error", reject);
    req.on("upgrade", (res, socket) => {
      socket.destroy();
      resolve({ status: res.statusCode, headers: res.headers, body: "" });
    });
    req.on("response", async (res) => {
      let body = "";
      for await (const chunk of res) body += chunk;
      resolve({ status: res.statusCode, headers: res.headers, body });
    });
    req.end();
  });
}
