// The browser client of brio. Its API is that of socket.io-client 4:
//
//   import { io } from "/socket.io/brio.js";
//   const socket = io("/chat", { auth: { token } });
//   socket.on("said", (line) => show(line));
//   const people = await socket.timeout(5000).emitWithAck("join", "lobby");
//
// A transport carries packets; an Engine is one connection; a Manager reconnects; a Socket is one namespace.

const CONNECT = 0, DISCONNECT = 1, EVENT = 2, ACK = 3, CONNECT_ERROR = 4, BINARY = 3; // EVENT or ACK + BINARY
const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
const SEPARATOR = "\x1e"; // of packets in a polling body
const ANY = "*";

const DEFAULTS = {
  transports: ["websocket", "polling"],
  upgrade: true, // from polling
  autoConnect: true,
  timeout: 20000, // ms to connect, or false
  reconnection: true,
  reconnectionAttempts: Infinity,
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
};

// Methods the classes share, hidden from the application.
const fire = Symbol(), end = Symbol(), send = Symbol(), release = Symbol(), notify = Symbol(), wake = Symbol();

// call runs a function of the application: what it throws is reported and disturbs nothing here.
function call(fn, self, args) {
  try {
    fn.apply(self, args);
  } catch (err) {
    report(err);
  }
}

function report(err) {
  queueMicrotask(() => {
    throw err;
  });
}

class Emitter {
  #listeners = new Map();

  on(event, listener) {
    this.#listeners.set(event, [...this.listeners(event), listener]);
    return this;
  }

  once(event, listener) {
    const once = (...args) => {
      this.off(event, once);
      listener.apply(this, args);
    };
    once.listener = listener;
    return this.on(event, once);
  }

  // off removes a listener, or all of an event, or all.
  off(event, ...which) {
    const list = this.listeners(event);
    const i = list.findIndex((each) => [each, each.listener ?? each].includes(which[0]));
    if (event === undefined) this.#listeners.clear();
    else this.#listeners.set(event, which.length ? list.filter((_, j) => j !== i) : []);
    return this;
  }

  listeners(event) {
    return this.#listeners.get(event) ?? [];
  }

  removeAllListeners(...event) {
    return this.off(...event);
  }

  [fire](event, ...args) {
    for (const listener of this.listeners(event)) call(listener, this, args);
  }
}

// ---- Packets: a text, and the binary attachments it refers to

const isBlob = (value) => typeof Blob === "function" && value instanceof Blob;
const isBinary = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value) || isBlob(value);

function encode({ type, nsp, id, data }) {
  const attachments = [];
  const extract = function (key, value) {
    const binary = [this[key], value].find(isBinary); // this[key]: before toJSON
    return binary ? { _placeholder: true, num: attachments.push(binary) - 1 } : value;
  };
  const json = JSON.stringify(data, type === CONNECT ? undefined : extract) ?? "";
  const head = attachments.length ? `${type + BINARY}${attachments.length}-` : type;
  return [head + (nsp === "/" ? "" : nsp + ",") + (id ?? "") + json, ...attachments];
}

// decoder returns a function that takes texts and attachments and returns what packet is whole.
function decoder() {
  let packet; // lacks attachments

  return (data) => {
    if (typeof data === "string") {
      if (packet) throw new Error("illegal attachment");
      const [head, type, count, nsp = "/", id] = /^([0-6])(?:(\d+)-)?(?:(\/[^,]*),?)?(\d*)/.exec(data) ?? [];
      if (!head || type > CONNECT_ERROR !== !!count) throw new Error("malformed packet");
      packet = { type: count ? type - BINARY : +type, nsp, id: id ? +id : undefined, count, attachments: [] };
      packet.json = data.slice(head.length);
    } else {
      if (!packet) throw new Error("illegal attachment");
      packet.attachments.push(data);
    }
    if (packet.attachments.length < packet.count) return;
    const whole = packet;
    packet = undefined;
    return parse(whole);
  };
}

function parse({ type, nsp, id, count, json, attachments }) {
  const restore = (key, value) => {
    if (value?._placeholder !== true) return value;
    if (!attachments[+value.num]) throw new Error("illegal attachment");
    return attachments[value.num];
  };
  const data = json ? JSON.parse(json, count && restore) : undefined;
  const array = Array.isArray(data);
  const object = typeof data === "object" && data;
  const valid = {
    [CONNECT]: object || !json,
    [DISCONNECT]: !json,
    [EVENT]: array && /string|number/.test(typeof data[0]) && !RESERVED.includes(data[0]),
    [ACK]: array,
    [CONNECT_ERROR]: object || typeof data === "string",
  };
  if (!valid[type]) throw new Error("malformed packet");
  return { type, nsp, id, data };
}

// ---- Transports. They carry what a WebSocket's frames do: a digit and text, or the bytes of a message. Once closed
// they don't call their link.

class WebSocketTransport {
  name = "websocket";
  #ws;

  constructor(link) {
    const lost = (reason, details) => {
      this.close();
      link.lost(reason, details);
    };
    try {
      const ws = (this.#ws = new WebSocket(link.url()));
      ws.binaryType = "arraybuffer";
      ws.onopen = link.open;
      ws.onmessage = (event) => link.packet(event.data);
      ws.onerror = (event) => lost("transport error", trouble(event.message || "connection failed", event));
      ws.onclose = (event) => lost("transport close", { description: "websocket connection closed", context: event });
    } catch (err) {
      queueMicrotask(() => lost("transport error", err));
    }
  }

  get writable() {
    return this.#ws.bufferedAmount === 0;
  }

  send(queue) {
    for (const packet of queue.splice(0)) this.#ws.send(packet);
  }

  close(queue) {
    const ws = this.#ws;
    if (!ws) return;
    ws.onopen = ws.onmessage = ws.onclose = null;
    ws.onerror = () => {};
    if (queue) this.send(queue);
    ws.close();
  }
}

class PollingTransport {
  name = "polling";
  writable = true; // no POST is under way: the server takes one at a time
  #link;
  #abort = new AbortController();
  #closed = false;
  #paused = false;
  #gets; // promises, never rejected
  #post;

  constructor(link) {
    this.#link = link;
    this.#gets = this.#poll();
  }

  send(queue) {
    if (!this.writable) return;
    this.writable = false;
    this.#post = this.#request(this.#take(queue)).then(
      () => {
        this.writable = true;
        if (!this.#closed) this.#link.drain();
      },
      (err) => this.#lost(err),
    );
  }

  // pause resolves when no request is under way.
  pause() {
    this.#paused = true;
    return Promise.all([this.#gets, this.#post]);
  }

  resume() {
    this.#paused = false;
    this.#gets = this.#gets.then(() => this.#poll());
  }

  // close sends the queue, if given, and says goodbye.
  async close(queue) {
    if (this.#closed) return;
    this.#closed = true;
    try {
      if (queue && !this.writable) await this.#post;
      queue?.push("1");
      while (queue?.length) await this.#request(this.#take(queue));
    } catch {} // the heartbeat will tell the server
    this.#abort.abort();
  }

  async #poll() {
    try {
      while (!this.#closed && !this.#paused) {
        const body = await this.#request();
        for (const packet of body.split(SEPARATOR)) if (!this.#closed) this.#link.packet(packet);
      }
    } catch (err) {
      this.#lost(err);
    }
  }

  async #request(body) {
    const response = await fetch(this.#link.url(), {
      method: body ? "POST" : "GET",
      body,
      cache: "no-store",
      credentials: this.#link.credentials,
      keepalive: this.#closed && body.length < 10000, // a short goodbye outlives its page
      signal: this.#abort.signal,
    });
    const text = await response.text();
    if (response.ok) return text;
    throw trouble(`HTTP ${response.status} ${text.slice(0, 99)}`, response);
  }

  // take removes from the queue what fits one body, at least one packet.
  #take(queue) {
    const packets = [];
    for (let size = -1; queue.length; queue.shift()) {
      const packet = typeof queue[0] === "string" ? queue[0] : "b" + toBase64(queue[0]);
      size += new Blob([packet]).size + 1;
      if (packets.length && size > this.#link.limit()) break;
      packets.push(packet);
    }
    return packets.join(SEPARATOR);
  }

  #lost(err) {
    if (this.#closed) return;
    this.close();
    this.#link.lost("transport error", err);
  }
}

const TRANSPORTS = { websocket: WebSocketTransport, polling: PollingTransport };

function trouble(message, context) {
  return Object.assign(new Error(message), { description: context?.status, context });
}

function asError(details, reason) {
  return details instanceof Error ? details : new Error(details?.description ?? reason);
}

function toBase64(data) {
  const bytes = new Uint8Array(data.buffer ?? data, data.byteOffset, data.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

// ---- Engine. Events: open, data, ping, upgrade, upgradeError, close.

class Engine extends Emitter {
  id; // of the connection, not of a Socket
  transport;
  readyState = "opening";
  errors = []; // of transports that failed
  #address;
  #opts;
  #names; // not tried yet
  #queue = [];
  #reading; // promise of Blobs
  #probe;
  #upgrading = false; // not sending until polling rests
  #heartbeat;
  #deadline = Infinity;
  #limit;
  #timers = {};

  constructor(address, opts, names) {
    super();
    this.#address = address;
    this.#opts = opts;
    this.#names = names;
    if (opts.timeout) this.#timer("open", opts.timeout, () => this.#fail("timeout"));
    this.#next();
  }

  // If not writable, volatile events are dropped.
  get writable() {
    return !this.#upgrading && !this.#reading && !this.#queue.length && this.transport.writable;
  }

  // alive checks the heartbeat by the clock: timers stop while a page sleeps.
  alive() {
    if (Date.now() <= this.#deadline) return this.readyState === "open";
    queueMicrotask(() => this[end]("ping timeout"));
    return false;
  }

  // write sends a packet's text and attachments. While Blobs are read, later packets wait.
  write(frames) {
    const push = ([text, ...attachments]) => this.#send("4" + text, ...attachments);
    if (!this.#reading && !frames.some(isBlob)) return push(frames);
    const turn = Promise.resolve(this.#reading)
      .then(() => Promise.all(frames.map((frame) => (isBlob(frame) ? frame.arrayBuffer() : frame))))
      .then(push, report)
      .then(() => {
        if (this.#reading === turn) this.#reading = undefined;
      });
    this.#reading = turn;
  }

  // close ends the connection once all is written.
  async close() {
    if (this.#reading) await this.#reading;
    this[end]("forced close");
  }

  [end](reason, details) {
    if (this.readyState === "closed") return;
    const queue = this.readyState === "open" ? this.#queue : undefined;
    this.readyState = "closed";
    Object.values(this.#timers).forEach(clearTimeout);
    this.#probe?.close();
    this.#probe = undefined;
    this.transport?.close(queue);
    this[fire]("close", reason, details);
  }

  #timer(name, delay, expired) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(expired, delay);
  }

  // next tries the next transport, for a quarter of the time if another is left.
  #next() {
    const name = this.#names.shift();
    if (!name) return queueMicrotask(() => this.#fail("no transport available"));
    const transport = (this.transport = this.#attach(name));
    clearTimeout(this.#timers.trial);
    if (!this.#names.length) return;
    this.#timer("trial", (this.#opts.timeout || 20000) / 4, () => {
      transport.close();
      this.#lost(transport, "transport error", trouble("no answer"));
    });
  }

  #attach(name) {
    const transport = new TRANSPORTS[name]({
      url: () => this.#url(name),
      limit: () => this.#limit,
      credentials: this.#opts.withCredentials ? "include" : "same-origin",
      open: () => transport === this.#probe && transport.send(["2probe"]),
      packet: (data) => this.#receive(transport, data),
      drain: () => this.#flush(),
      lost: (reason, details) => this.#lost(transport, reason, details),
    });
    return transport;
  }

  #url(name) {
    const url = new URL(this.#address);
    if (name === "websocket") url.protocol = url.protocol.replace("http", "ws");
    const query = { ...this.#opts.query, EIO: 4, transport: name };
    if (this.id) query.sid = this.id;
    url.search = new URLSearchParams(query);
    return url;
  }

  #lost(transport, reason, details) {
    if (transport === this.#probe) return this.#stay(details);
    if (transport !== this.transport) return;
    if (this.readyState !== "opening") return this[end](reason, details);
    this.errors.push(`${transport.name}: ${asError(details).message}`);
    if (this.#names.length) return this.#next();
    this.#fail(this.errors.join("; "), details.context);
  }

  #fail(why, context) {
    this[end]("transport error", trouble(`cannot connect to ${this.#address} (${why})`, context));
  }

  #receive(transport, data) {
    if (transport === this.#probe) return data === "3probe" ? this.#switch(transport) : this.#stay(trouble(data));
    if (transport !== this.transport || this.readyState === "closed") return;
    if (typeof data !== "string") return this[fire]("data", data);
    try {
      this.#handle(data[0], data.slice(1));
    } catch (err) {
      transport.close();
      this.#lost(transport, "parse error", err);
    }
  }

  #handle(type, body) {
    if (this.readyState === "opening") return this.#handshake(type, body);
    if (type === "4") return this[fire]("data", body);
    if (type === "b") return this[fire]("data", Uint8Array.from(atob(body), (c) => c.charCodeAt(0)).buffer);
    if (type === "6") return;
    if (type === "1") {
      this.transport.close();
      return this[end]("transport close", { description: "transport closed by the server" });
    }
    if (type !== "2") throw new Error("malformed packet");
    this.#beat();
    this.#send("3");
    this[fire]("ping");
  }

  #handshake(type, body) {
    if (type !== "0") throw new Error("not a Socket.IO server");
    const { sid, upgrades, pingInterval, pingTimeout, maxPayload } = JSON.parse(body);
    this.id = sid;
    this.readyState = "open";
    this.#limit = maxPayload;
    this.#heartbeat = pingInterval + pingTimeout;
    clearTimeout(this.#timers.open);
    clearTimeout(this.#timers.trial);
    this.#beat();
    this[fire]("open");
    if (!this.#opts.upgrade || this.readyState !== "open") return;
    if (upgrades.includes("websocket") && this.#names.includes("websocket")) this.#probe = this.#attach("websocket");
  }

  #beat() {
    this.#deadline = Date.now() + this.#heartbeat;
    this.#timer("ping", this.#heartbeat, () => this[end]("ping timeout"));
  }

  async #switch(probe) {
    this.#upgrading = true;
    await this.transport.pause();
    if (this.#probe !== probe) return; // lost or closed meanwhile
    this.transport.close();
    this.transport = probe;
    this.#probe = undefined;
    this.#upgrading = false;
    probe.send(["5"]);
    this[fire]("upgrade", probe);
    this.#flush();
  }

  // stay goes on polling.
  #stay(err) {
    this.#probe.close();
    this.#probe = undefined;
    if (this.#upgrading) this.transport.resume();
    this.#upgrading = false;
    this.#flush();
    this[fire]("upgradeError", err);
  }

  #send(...packets) {
    if (this.readyState !== "open") return;
    this.#queue.push(...packets);
    this.#flush();
  }

  #flush() {
    if (this.readyState === "open" && !this.#upgrading && this.#queue.length) this.transport.send(this.#queue);
  }
}

// ---- Manager. Events: open, close, error, ping, reconnect_attempt, reconnect, reconnect_error, reconnect_failed.

const live = new Set(); // managers that are connected or try to be

export class Manager extends Emitter {
  engine;
  nsps = new Map(); // namespace → Socket
  readyState = "closed";
  reconnecting = false;
  #address;
  #decode;
  #first; // the transport that worked where the preferred one did not
  #attempts = 0;
  #timer;

  constructor(url, opts) {
    super();
    if (typeof url === "object") [url, opts] = [undefined, url];
    const { origin, query } = locate(url);
    this.opts = { ...DEFAULTS, query };
    for (const name in opts) if (opts[name] !== undefined) this.opts[name] = opts[name];
    this.#address = origin + slashed(this.opts);
    if (this.opts.autoConnect) this.open();
  }

  // open connects. With a callback it tries once, and tells it.
  open(done) {
    if (this.readyState !== "closed") return this;
    this.#wait();
    live.add(this);
    this.readyState = "opening";
    this.#decode = decoder();
    const names = this.opts.transports.filter((name) => name in TRANSPORTS);
    if (names.includes(this.#first)) names.unshift(...names.splice(names.indexOf(this.#first), 1));
    const engine = (this.engine = new Engine(this.#address, this.opts, names));
    const on = (event, listener) =>
      engine.on(event, (...args) => this.engine === engine && this.readyState !== "closed" && listener(...args));
    on("open", () => this.#opened(done));
    on("upgrade", () => (this.#first = undefined));
    on("data", (data) => this.#receive(data));
    on("ping", () => this[fire]("ping"));
    on("close", (reason, details) => this.#closed(reason, details, done));
    return this;
  }

  // close ends the connection of all its sockets.
  close() {
    this.#wait();
    this.#rest();
    live.delete(this);
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    this.engine.close();
    this.#tell("close", "forced close");
  }

  socket(nsp, opts) {
    if (!nsp.startsWith("/")) nsp = "/" + nsp;
    let socket = this.nsps.get(nsp);
    if (!socket) this.nsps.set(nsp, (socket = new Socket(this, nsp, opts)));
    if (this.opts.autoConnect && !socket.active) socket.connect();
    return socket;
  }

  [send](packet) {
    this.engine.write(encode(packet));
  }

  [release]() {
    if (![...this.nsps.values()].some((socket) => socket.active)) this.close();
  }

  [wake]() {
    if (this.#timer) this.#attempt();
    else if (this.readyState === "open") this.engine.alive();
  }

  #opened(done) {
    this.readyState = "open";
    if (this.engine.errors.length) this.#first = this.engine.transport.name;
    const attempt = this.reconnecting && this.#attempts;
    this.#rest();
    this.#tell("open");
    done?.();
    if (attempt) this[fire]("reconnect", attempt);
  }

  #receive(data) {
    let packet;
    try {
      packet = this.#decode(data);
    } catch (err) {
      return this.engine[end]("parse error", err);
    }
    if (packet) this.nsps.get(packet.nsp)?.[notify]("packet", packet);
  }

  #closed(reason, details, done) {
    const opened = this.readyState === "open";
    this.readyState = "closed";
    live.delete(this);
    if (opened) {
      this.reconnecting = this.opts.reconnection;
      this.#tell("close", reason, details);
      return this.#reconnect();
    }
    const err = asError(details, reason);
    this.reconnecting ||= this.opts.reconnection && !done;
    this.#tell("error", err);
    done?.(err);
    this.#reconnect();
  }

  #tell(event, ...args) {
    this[fire](event, ...args);
    for (const socket of [...this.nsps.values()]) socket[notify](event, ...args);
  }

  #wait(task, delay) {
    clearTimeout(this.#timer);
    this.#timer = task && setTimeout(task, delay);
    if (task) live.add(this);
  }

  #rest() {
    this.reconnecting = false;
    this.#attempts = 0;
  }

  #reconnect() {
    const { reconnectionAttempts, reconnectionDelay, reconnectionDelayMax, randomizationFactor } = this.opts;
    if (!this.reconnecting || this.readyState !== "closed") return;
    if (this.#attempts >= reconnectionAttempts) {
      this.#rest();
      return this[fire]("reconnect_failed");
    }
    const delay = reconnectionDelay * 2 ** this.#attempts++;
    const jitter = (Math.random() * 2 - 1) * randomizationFactor * delay;
    this.#wait(() => this.#attempt(), Math.min(delay + jitter, reconnectionDelayMax));
  }

  #attempt() {
    this.#wait();
    this[fire]("reconnect_attempt", this.#attempts);
    if (this.reconnecting) this.open((err) => err && this[fire]("reconnect_error", err));
  }
}

// A service worker can add them only while it is evaluated.
if (typeof addEventListener === "function") {
  for (const event of ["online", "pageshow", "visibilitychange"]) {
    addEventListener(event, () => live.forEach((manager) => manager[wake]()));
  }
  const drop = (description, silent) => {
    for (const { engine } of live) {
      if (silent) engine.off();
      engine[end]("transport close", { description });
    }
  };
  addEventListener("offline", () => drop("network connection lost"));
  addEventListener("pagehide", (event) => drop("page hidden", !event.persisted)); // unless it may return
}

// ---- Socket. Events: connect, connect_error, disconnect, and the application's.

export class Socket extends Emitter {
  id;
  connected = false;
  recovered = false; // the server restored the last session and sent what was missed
  active = false; // connected, or to be when the manager is
  sendBuffer = []; // emitted before connect
  receiveBuffer = []; // received before connect
  #opts;
  #asking; // auth, until it answers
  #joined = false; // CONNECT was sent
  #pid; // of the session, to recover it
  #offset; // of the last event that had one
  #ids = 0;
  #acks = new Map(); // id → { ack, timer, failable }
  #incoming = new Emitter(); // catch-all listeners
  #outgoing = new Emitter();

  constructor(io, nsp, opts = {}) {
    super();
    this.io = io;
    this.nsp = nsp;
    this.auth = opts.auth; // or a function that hands it to its callback
    this.#opts = opts;
  }

  get disconnected() {
    return !this.connected;
  }

  connect() {
    if (this.connected) return this;
    this.active = true;
    if (!this.io.reconnecting) this.io.open();
    if (this.io.readyState === "open") this.#join();
    return this;
  }

  disconnect() {
    this.active = false;
    this.#asking = undefined;
    if (this.connected) {
      this.io[send]({ type: DISCONNECT, nsp: this.nsp });
      this.#left("io client disconnect");
    }
    this.io[release]();
    return this;
  }

  open() {
    return this.connect();
  }

  close() {
    return this.disconnect();
  }

  // emit sends an event. A function as its last argument gets the acknowledgement.
  emit(event, ...args) {
    this.#emit({}, event, args);
    return this;
  }

  // emitWithAck resolves with the acknowledgement; a timeout or a disconnection rejects it.
  emitWithAck(event, ...args) {
    return this.#view({}).emitWithAck(event, ...args);
  }

  send(...args) {
    return this.emit("message", ...args);
  }

  // timeout returns a view whose acks take an error first, and get one after so many ms.
  timeout(timeout) {
    return this.#view({ timeout });
  }

  // volatile is a view whose events are dropped unless they can leave at once.
  get volatile() {
    return this.#view({ volatile: true });
  }

  onAny(listener) {
    this.#incoming.on(ANY, listener);
    return this;
  }

  offAny(...listener) {
    this.#incoming.off(ANY, ...listener);
    return this;
  }

  onAnyOutgoing(listener) {
    this.#outgoing.on(ANY, listener);
    return this;
  }

  offAnyOutgoing(...listener) {
    this.#outgoing.off(ANY, ...listener);
    return this;
  }

  [notify](event, value, details) {
    if (event === "packet") this.#receive(value);
    if (event === "open" && this.active) this.#join();
    if (event === "close") this.#left(value, details);
    if (event === "error" && this.active) this[fire]("connect_error", value);
  }

  #view(flags) {
    const socket = this;
    return {
      emit(event, ...args) {
        socket.#emit(flags, event, args);
        return this;
      },
      emitWithAck: (event, ...args) =>
        new Promise((resolve, reject) => {
          const ack = (err, value) => (err ? reject(err) : resolve(value));
          socket.#emit({ ...flags, failable: true }, event, [...args, ack]);
        }),
      send(...args) {
        return this.emit("message", ...args);
      },
      timeout: (timeout) => socket.#view({ ...flags, timeout }),
      get volatile() {
        return socket.#view({ ...flags, volatile: true });
      },
    };
  }

  #emit({ timeout = this.#opts.ackTimeout, volatile, failable = timeout !== undefined }, event, args) {
    if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
    const { engine } = this.io;
    const ack = typeof args.at(-1) === "function" ? args.pop() : undefined;
    const id = ack && this.#ids++;
    const data = [event, ...args];
    const packet = { id, data, frames: encode({ type: EVENT, nsp: this.nsp, id, data }) };
    const timer = ack && timeout !== undefined && setTimeout(() => this.#expire(id), timeout);
    if (ack) this.#acks.set(id, { ack, timer, failable });

    const online = this.connected && engine.alive();
    if (volatile && !(online && engine.writable)) return;
    if (online) this.#write(packet);
    else this.sendBuffer.push(packet);
  }

  #write({ data, frames }) {
    this.#outgoing[fire](ANY, ...data);
    this.io.engine.write(frames);
  }

  #expire(id) {
    this.sendBuffer = this.sendBuffer.filter((packet) => packet.id !== id);
    this.#settle(id, new Error("operation has timed out"));
  }

  // settle calls an ack for the last time, not with an error if it takes none.
  #settle(id, err, args = []) {
    const { ack, timer, failable } = this.#acks.get(id) ?? {};
    this.#acks.delete(id);
    clearTimeout(timer);
    if (failable) call(ack, this, [err, ...args]);
    else if (ack && !err) call(ack, this, args);
  }

  // join asks for the namespace, once a connection: a second CONNECT would end it.
  #join() {
    if (this.#joined) return;
    const turn = (this.#asking = {});
    const answer = (auth) => {
      if (this.#asking !== turn) return;
      this.#asking = undefined;
      this.#joined = true;
      const data = this.#pid ? { pid: this.#pid, offset: this.#offset, ...auth } : auth;
      this.io[send]({ type: CONNECT, nsp: this.nsp, data });
    };
    if (typeof this.auth === "function") call(this.auth, this, [answer]);
    else answer(this.auth);
  }

  #receive({ type, id, data }) {
    if (type === CONNECT) return this.#welcome(data);
    if (type === ACK) return this.#settle(id, null, data);
    if (type === EVENT && this.connected) return this.#deliver(id, data);
    if (type === EVENT) return this.active && this.receiveBuffer.push([id, data]);

    if (type === DISCONNECT && !this.connected) return;
    const wanted = this.active;
    this.active = this.#joined = false;
    if (type === DISCONNECT) this.#left("io server disconnect");
    else if (wanted) this[fire]("connect_error", Object.assign(new Error(data.message ?? data), { data: data.data }));
    this.io[release]();
  }

  #welcome({ sid, pid } = {}) {
    if (!sid) return this[fire]("connect_error", new Error("the server speaks Socket.IO 2"));
    if (!this.active) {
      this.#joined = false; // disconnect came before
      return this.io[send]({ type: DISCONNECT, nsp: this.nsp });
    }
    this.id = sid;
    this.recovered = pid !== undefined && pid === this.#pid;
    this.#pid = pid;
    this.connected = true;
    for (const [id, data] of this.receiveBuffer.splice(0)) this.#deliver(id, data);
    while (this.connected && this.sendBuffer.length) this.#write(this.sendBuffer.shift());
    if (this.connected) this[fire]("connect");
  }

  #deliver(id, data) {
    const args = id === undefined ? data : [...data, this.#answer(id)];
    this.#incoming[fire](ANY, ...args);
    this[fire](...args);
    if (this.#pid && typeof args.at(-1) === "string") this.#offset = args.at(-1);
  }

  // answer returns what acknowledges an event: once, in the session that asked.
  #answer(id) {
    let session = this.id;
    return (...data) => {
      if (session && session === this.id) this.io[send]({ type: ACK, nsp: this.nsp, id, data });
      session = undefined;
    };
  }

  #left(reason, details) {
    const { connected } = this;
    this.connected = this.#joined = false;
    this.#asking = this.id = undefined;
    this.receiveBuffer = [];
    if (connected) this[fire]("disconnect", reason, details);
    else if (this.active && reason !== "forced close") this[fire]("connect_error", asError(details, reason));
    for (const id of this.#acks.keys()) {
      const buffered = this.sendBuffer.some((packet) => packet.id === id);
      if (!buffered) this.#settle(id, new Error("socket has been disconnected"));
    }
  }
}

// ---- io

const managers = new Map(); // by address

// io returns the socket of a url's namespace. One origin and path is one connection, unless forceNew, or
// multiplex: false, or the namespace is there.
export function io(url, opts) {
  if (typeof url === "object") [url, opts] = [undefined, url];
  const { origin, nsp } = locate(url);
  const address = origin + slashed(opts);
  const shared = managers.get(address);
  const own = opts?.forceNew || opts?.multiplex === false || shared?.nsps.has(nsp);
  const manager = (!own && shared) || new Manager(url, opts);
  if (!own) managers.set(address, manager);
  return manager.socket(nsp, opts);
}

export { io as connect, io as default };

// locate splits a url, relative to the page.
function locate(url = "/") {
  const full = /^(\/|\w+:\/\/)/.test(url) ? url : "//" + url;
  const { protocol, host, pathname, searchParams } = new URL(full, globalThis.location?.origin);
  if (!/^(http|ws)s?:$/.test(protocol)) throw new Error(`cannot connect to ${url}: no http or ws address`);
  const origin = protocol.replace("ws", "http") + "//" + host;
  return { origin, nsp: decodeURI(pathname), query: Object.fromEntries(searchParams) };
}

function slashed({ path = "/socket.io", addTrailingSlash = true } = {}) {
  return `/${path}/`.replace(/\/+/g, "/").slice(0, addTrailingSlash ? undefined : -1);
}
