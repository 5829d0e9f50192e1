// What brio.js does in a browser, whatever server it has before it: each behaviour is a function of the server's address
// behind a cable, which can be cut, and of its own. It passes unless it throws.
import { io } from "/brio.js";

const ways = [["websocket"], ["polling"], ["polling", "websocket"]];

const sockets = new Set(); // of the behaviour that runs

function client(url, opts) {
  const socket = io(url, { forceNew: true, reconnectionDelay: 100, reconnectionDelayMax: 200, ...opts });
  sockets.add(socket);
  return socket;
}

const event = (emitter, name) => new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));

async function connected(url, opts) {
  const socket = client(url, opts);
  await event(socket, "connect");
  return socket;
}

async function upgraded(socket) {
  if (socket.io.engine.transport.name === "polling") await event(socket.io.engine, "upgrade");
}

// ask is emitWithAck with a limit: what never comes is to fail, not to hang.
const ask = (socket, ...args) => socket.timeout(5000).emitWithAck("message-with-ack", ...args);

const tell = (what) => fetch("/" + what, { method: "POST" });

// cut returns when the socket has noticed. Between two requests of polling nobody does.
async function cut(socket) {
  while (socket.connected) {
    await tell("cut");
    await new Promise((next) => setTimeout(next, 20));
  }
}

function equal(got, want) {
  const show = (value) => JSON.stringify(value, (_, v) => (v instanceof ArrayBuffer ? [...new Uint8Array(v)] : v));
  if (show(got) !== show(want)) throw new Error(`got ${show(got)}, want ${show(want)}`);
}

const behaviours = {};

for (const transports of ways) {
  const by = `over ${transports.join(", then ")}`;

  behaviours[`connects ${by}`] = async (url) => {
    const socket = await connected(url, { transports });
    equal(typeof socket.id, "string");
    if (transports.length > 1) await upgraded(socket);
    equal(socket.io.engine.transport.name, transports.at(-1));
    equal(await ask(socket, "ñ€😀"), "ñ€😀");
  };

  behaviours[`carries binary ${by}`] = async (url) => {
    const socket = await connected(url, { transports });
    if (transports.length > 1) await upgraded(socket);
    const back = event(socket, "message-back");
    const large = new Uint8Array(200000).map((_, i) => i);
    socket.emit("message", Uint8Array.of(1, 30, 255), { deep: [new ArrayBuffer(2), new Blob(["ab"])] }, large);
    const [view, { deep }, whole] = await back;
    equal([view, ...deep], [[1, 30, 255], [0, 0], [97, 98]]);
    equal(whole, [...large]);
    equal(await ask(socket, new Uint16Array([258])), [2, 1]);
  };

  behaviours[`comes back after a cut ${by}`] = async (url) => {
    const socket = await connected(url, { transports });
    if (transports.length > 1) await upgraded(socket);
    const gone = event(socket, "disconnect");
    const back = event(socket, "connect");
    const heard = event(socket, "message-back");
    await cut(socket);
    socket.emit("message", "meanwhile");
    const [reason] = await gone;
    if (!/^transport (close|error)$/.test(reason)) throw new Error(reason);
    await back;
    equal((await heard)[0], "meanwhile");
  };

  behaviours[`misses nothing ${by}: the session is recovered`] = async (url, direct) => {
    const other = await connected(direct);
    const socket = client(url, { transports });
    await event(socket, "auth"); // which has an offset
    if (transports.length > 1) await upgraded(socket);
    const { id } = socket;
    const heard = [];
    socket.on("others", (n) => heard.push(n));
    other.emit("to-others", 1);
    await event(socket, "others");
    const gone = event(socket, "disconnect");
    await cut(socket);
    other.emit("to-others", 2).emit("to-others", 3);
    await gone;
    await event(socket, "connect");
    equal(socket.recovered, true);
    equal(socket.id, id);
    while (heard.length < 3) await event(socket, "others");
    equal(heard, [1, 2, 3]);
  };

  behaviours[`sends each event at least once ${by}, in order, whatever is cut`] = async (url) => {
    const socket = client(url, { transports, retries: 20, ackTimeout: 2000 });
    const acks = [];
    for (let n = 0; n < 30; n++) acks.push(new Promise((resolve) => socket.emit("message-with-ack", n, (...a) => resolve(a))));
    const heard = [];
    socket.onAnyOutgoing((_, n) => heard.includes(n) || heard.push(n));
    for (const n of [5, 15, 25]) {
      await acks[n];
      await tell("cut");
    }
    for (const [n, ack] of acks.entries()) equal(await ack, [null, n]);
    equal(heard, [...acks.keys()]);
  };
}

behaviours["an auth that is refused is a connect_error"] = async (url) => {
  const socket = client(url, { auth: { refuse: "with data" } });
  const [err] = await event(socket, "connect_error");
  equal([err.message, err.data], ["refused on request", { code: 7, why: ["ñ€😀"] }]);
  equal([socket.active, socket.connected], [false, false]);
  socket.auth = (answer) => answer({ token: 1 });
  const told = event(socket, "auth");
  socket.connect();
  equal((await told)[0], { token: 1 });
};

behaviours["a namespace that is unknown is a connect_error"] = async (url) => {
  const [err] = await event(client(url + "/unknown"), "connect_error");
  equal(err.message, "Invalid namespace");
};

behaviours["namespaces share a connection"] = async (url) => {
  const main = await connected(url);
  const custom = main.io.socket("/custom");
  sockets.add(custom);
  await event(custom, "connect");
  main.on("message-back", () => custom.emit("mixed up"));
  custom.emit("message", "to custom");
  equal((await event(custom, "message-back"))[0], "to custom");
  main.disconnect();
  equal(await ask(custom, 1), 1);
};

behaviours["acknowledges, and is acknowledged"] = async (url) => {
  const socket = await connected(url);
  equal(await new Promise((resolve) => socket.emit("message-with-ack", 1, "2", (...args) => resolve(args))), [1, "2"]);
  socket.once("emit-with-ack", (value, ack) => ack(value + 1, Uint8Array.of(9)));
  socket.emit("emit-with-ack", 1);
  await event(socket, "emit-with-ack");
  equal((await event(socket, "emit-with-ack")).slice(0, 2), [2, [9]]);
  const err = await socket.timeout(50).emitWithAck("nobody answers").catch((err) => err);
  equal(err.message, "operation has timed out");
};

behaviours["stays away when the server disconnects it, until it is told"] = async (url) => {
  const socket = await connected(url);
  socket.emit("send-me-away");
  equal((await event(socket, "disconnect"))[0], "io server disconnect");
  equal(socket.active, false);
  socket.connect();
  await event(socket, "connect");
};

behaviours["comes back when the server restarts, with what it emitted meanwhile"] = async (url) => {
  const socket = await connected(url);
  const gone = event(socket, "disconnect");
  const restarted = tell("restart");
  await gone;
  const acked = socket.emitWithAck("message-with-ack", "meanwhile");
  socket.volatile.emit("message", "lost");
  socket.on("message-back", (value) => equal(value, "end"));
  await restarted;
  equal(await acked, "meanwhile");
  socket.emit("message", "end");
  await event(socket, "message-back");
};

behaviours["drops volatile events offline, and sends them when idle"] = async (url) => {
  const socket = client(url, { autoConnect: false });
  const heard = [];
  socket.on("message-back", (value) => heard.push(value));
  socket.volatile.emit("message", "offline");
  socket.connect();
  await event(socket, "connect");
  await ask(socket);
  socket.volatile.emit("message", "idle");
  await event(socket, "message-back");
  equal(heard, ["idle"]);
};

// run returns the name of each behaviour, and what was wrong.
window.run = async (url, direct) => {
  const results = [];
  for (const [name, behave] of Object.entries(behaviours)) {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("not done after 10 s")), 10000));
    const problem = await Promise.race([behave(url, direct), late]).then(
      () => "",
      (err) => err.stack,
    );
    for (const socket of sockets) socket.disconnect().io.close();
    sockets.clear();
    results.push({ name, problem });
  }
  return JSON.stringify(results);
};
