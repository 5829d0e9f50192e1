// The browser client of brio. Its API is that of socket.io-client 4, and described in brio.d.ts.
//
// A transport carries packets; an Engine is one connection; a Manager reconnects; a Socket is one namespace.

const CONNECT = 0, DISCONNECT = 1, EVENT = 2, ACK = 3, CONNECT_ERROR = 4, BINARY = 3; // EVENT or ACK + BINARY
const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
const SEPARATOR = "\x1e"; // of packets in a polling body

// Each is a method of the Manager, too, which gets and sets it.
const DEFAULTS = {
  transports: ["websocket", "polling"],
  tryAllTransports: true,
  upgrade: true,
  autoConnect: true,
  timeout: 20000,
  reconnection: true,
  reconnectionAttempts: Infinity,
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  randomizationFactor: 0.5,
};

const fire = Symbol();
const incoming = Symbol(), outgoing = Symbol(); // events that stand for any
const base = Symbol(), flags = Symbol(); // of a view: its socket, and what it adds

// What a function of the application throws is reported and disturbs nothing here.
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
    return this.#set(event, [...this.listeners(event), listener]);
  }

  once(event, listener) {
    const once = (...args) => {
      this.off(event, once);
      listener.apply(this, args);
    };
    once.listener = listener;
    return this.on(event, once);
  }

  // off, without an event, leaves the catch-all listeners.
  off(event, ...which) {
    const list = this.listeners(event);
    const i = list.findIndex((each) => [each, each.listener ?? each].includes(which[0]));
    if (event !== undefined) return this.#set(event, which.length ? list.filter((_, j) => j !== i) : []);
    for (const name of this.#listeners.keys()) if (typeof name !== "symbol") this.#listeners.delete(name);
    return this;
  }

  removeListener(...args) {
    return this.off(...args);
  }

  removeAllListeners(...event) {
    return this.off(...event);
  }

  listeners(event) {
    return this.#listeners.get(event) ?? [];
  }

  hasListeners(event) {
    return this.listeners(event).length > 0;
  }

  onAny(listener) {
    return this.on(incoming, listener);
  }

  onAnyOutgoing(listener) {
    return this.on(outgoing, listener);
  }

  prependAny(listener) {
    return this.#set(incoming, [listener, ...this.listenersAny()]);
  }

  prependAnyOutgoing(listener) {
    return this.#set(outgoing, [listener, ...this.listenersAnyOutgoing()]);
  }

  offAny(...listener) {
    return this.off(incoming, ...listener);
  }

  offAnyOutgoing(...listener) {
    return this.off(outgoing, ...listener);
  }

  listenersAny() {
    return this.listeners(incoming);
  }

  listenersAnyOutgoing() {
    return this.listeners(outgoing);
  }

  #set(event, list) {
    this.#listeners.set(event, list);
    return this;
  }

  [fire](event, ...args) {
    for (const listener of this.listeners(event)) call(listener, this, args);
  }
}

// ---- Packets: a text, and the binary attachments it refers to

const isBinary = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value) || value instanceof Blob;

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

// decoder returns a function that makes packets of texts and attachments.
function decoder() {
  let packet; // lacks attachments

  return (data) => {
    if ((typeof data === "string") !== !packet) throw new Error("illegal attachment");
    if (packet) {
      packet.attachments.push(data);
    } else {
      const [, type, count, nsp = "/", id, json] = /^([0-6])(?:(\d+)-)?(?:(\/[^,]*),?)?(\d*)(.*)/s.exec(data) ?? [];
      if (!type || type > CONNECT_ERROR !== !!count) throw new Error("malformed packet");
      packet = { type: count ? type - BINARY : +type, nsp, id: id ? +id : undefined, count, json, attachments: [] };
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

// ---- Transports. They carry what a WebSocket's frames do: a digit and text, or the bytes of a message. open resolves
// or rejects when the connection is gone.

// Few need this one: its code is loaded when it is tried.
class WebTransportTransport {
  name = "webtransport";
  #stream;

  get writable() {
    return this.#stream.writable;
  }

  async open(link) {
    const { Stream } = await import("./webtransport.js");
    if (this.#stream === null) return;
    this.#stream = new Stream();
    return this.#stream.open(link);
  }

  send(queue) {
    this.#stream.send(queue);
  }

  close(queue) {
    this.#stream?.close(queue);
    this.#stream = null;
  }
}

class WebSocketTransport {
  name = "websocket";
  #ws;

  get writable() {
    return this.#ws.bufferedAmount === 0;
  }

  open(link) {
    return new Promise((closed, failed) => {
      const ws = (this.#ws = new WebSocket(link.url(), link.opts.protocols));
      ws.binaryType = "arraybuffer";
      ws.onopen = link.open;
      ws.onmessage = (event) => link.packet(event.data);
      ws.onerror = (event) => failed(trouble("connection failed", event));
      ws.onclose = closed;
    });
  }

  send(queue) {
    for (const packet of queue.splice(0)) if (this.#ws.readyState === 1) this.#ws.send(packet); // or it is closing
  }

  close(queue) {
    if (queue) this.send(queue);
    this.#ws?.close();
  }
}

class PollingTransport {
  name = "polling";
  writable = true; // no POST is under way: the server takes one at a time
  resume; // ends a pause
  #link;
  #abort = new AbortController();
  #closed = false;
  #get;
  #post;
  #pause;

  async open(link) {
    this.#link = link;
    for (;;) {
      this.#get = this.#request();
      (await this.#get).split(SEPARATOR).forEach(link.packet);
      await this.#pause;
    }
  }

  send(queue) {
    if (!this.writable) return;
    this.writable = false;
    this.#post = this.#request(this.#take(queue)).then(() => {
      this.writable = true;
      this.#link.drain();
    }, this.#link.failed);
  }

  // pause resolves when no request is under way.
  pause() {
    this.#pause = new Promise((resolve) => (this.resume = resolve));
    return Promise.allSettled([this.#get, this.#post]);
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

  async #request(body) {
    const { extraHeaders, withCredentials } = this.#link.opts;
    const response = await fetch(this.#link.url(), {
      method: body ? "POST" : "GET",
      body,
      headers: extraHeaders,
      cache: "no-store",
      credentials: withCredentials ? "include" : "same-origin",
      keepalive: this.#closed && body?.length < 10000, // a short goodbye outlives its page
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
      const packet = asText(queue[0]);
      size += new Blob([packet]).size + 1;
      if (packets.length && size > this.#link.limit()) break;
      packets.push(packet);
    }
    return packets.join(SEPARATOR);
  }
}

// The best to upgrade to comes first.
const TRANSPORTS = { webtransport: WebTransportTransport, websocket: WebSocketTransport, polling: PollingTransport };

function trouble(message, context) {
  return Object.assign(new Error(message), { description: context?.status, context });
}

function asError(details, reason) {
  return details instanceof Error ? details : new Error(details?.description ?? reason);
}

function asText(packet) {
  if (typeof packet === "string") return packet;
  const bytes = new Uint8Array(packet.buffer ?? packet, packet.byteOffset, packet.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return "b" + btoa(text);
}

// ---- Engine

class Engine extends Emitter {
  id;
  transport;
  readyState = "opening";
  errors = [];
  #address;
  #opts;
  #names; // not tried yet
  #queue = [];
  #reading;
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
    if (names.length) this.#next();
    else queueMicrotask(() => this.#fail("no transport available"));
  }

  // writable tells whether a packet would leave at once.
  get writable() {
    return !this.#upgrading && !this.#reading && !this.#queue.length && this.transport.writable;
  }

  // alive checks the heartbeat by the clock: timers stop while a page sleeps.
  alive() {
    if (Date.now() <= this.#deadline) return this.readyState === "open";
    queueMicrotask(() => this.end("ping timeout"));
    return false;
  }

  // write sends a packet's text and attachments. While Blobs are read, later packets wait.
  write(frames) {
    const push = ([text, ...attachments]) => this.#send("4" + text, ...attachments);
    if (!this.#reading && !frames.some((frame) => frame.arrayBuffer)) return push(frames);
    const turn = Promise.resolve(this.#reading)
      .then(() => Promise.all(frames.map((frame) => frame.arrayBuffer?.() ?? frame)))
      .then(push, report)
      .then(() => {
        if (this.#reading === turn) this.#reading = undefined;
      });
    this.#reading = turn;
  }

  async close() {
    if (this.#reading) await this.#reading;
    this.end("forced close");
  }

  end(reason, details) {
    if (this.readyState === "closed") return;
    const queue = this.readyState === "open" ? this.#queue : undefined;
    this.readyState = "closed";
    this.#names = [];
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
    const transport = this.#attach(this.#names.shift());
    if (this.readyState === "open") this.#probe = transport;
    else this.transport = transport;
    clearTimeout(this.#timers.trial);
    const late = () => this.#lost(transport, "transport error", trouble("no answer"));
    if (this.#more) this.#timer("trial", (this.#opts.timeout || 20000) / 4, late);
  }

  get #more() {
    return this.#names.length && (this.readyState === "open" || this.#opts.tryAllTransports);
  }

  #attach(name) {
    const transport = new TRANSPORTS[name]();
    const link = {
      url: () => this.#url(name),
      limit: () => this.#limit,
      opts: this.#opts,
      open: () => transport === this.#probe && transport.send(["2probe"]),
      packet: (data) => this.#receive(transport, data),
      drain: () => this.#flush(),
      failed: (err) => this.#lost(transport, "transport error", err),
    };
    const closed = (context) => ({ description: `${name} connection closed`, context });
    transport.open(link).then((context) => this.#lost(transport, "transport close", closed(context)), link.failed);
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
    transport.close();
    if (transport === this.#probe) return this.#stay(details);
    if (transport !== this.transport) return;
    if (this.readyState !== "opening") return this.end(reason, details);
    this.errors.push(`${transport.name}: ${asError(details).message}`);
    if (this.#more) return this.#next();
    this.#fail(this.errors.join("; "), details.context);
  }

  #fail(why, context) {
    this.end("transport error", trouble(`cannot connect to ${this.#address} (${why})`, context));
  }

  #receive(transport, data) {
    if (this.readyState === "closed") return;
    if (transport === this.#probe && data === "3probe") return this.#switch(transport);
    if (transport === this.#probe) return this.#lost(transport, "parse error", trouble(data));
    if (transport !== this.transport) return;
    if (typeof data !== "string") return this[fire]("data", data);
    try {
      this.#handle(data[0], data.slice(1));
    } catch (err) {
      this.#lost(transport, "parse error", err);
    }
  }

  #handle(type, body) {
    if (this.readyState === "opening") return this.#handshake(type, body);
    if (type === "4") return this[fire]("data", body);
    if (type === "b") return this[fire]("data", Uint8Array.from(atob(body), (c) => c.charCodeAt(0)).buffer);
    if (type === "1") {
      this.#lost(this.transport, "transport close", { description: "transport closed by the server" });
    } else if (type === "2") {
      this.#beat();
      this.#send("3");
      this[fire]("ping");
    } else if (type !== "6") throw new Error("malformed packet");
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
    const possible = (name) => this.#opts.upgrade && upgrades.includes(name) && this.#names.includes(name);
    this.#names = Object.keys(TRANSPORTS).filter(possible);
    this[fire]("open");
    if (this.#more) this.#next();
  }

  #beat() {
    this.#deadline = Date.now() + this.#heartbeat;
    this.#timer("ping", this.#heartbeat, () => this.end("ping timeout"));
  }

  async #switch(probe) {
    clearTimeout(this.#timers.trial);
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

  #stay(err) {
    this.#probe = undefined;
    if (this.#upgrading) this.transport.resume();
    this.#upgrading = false;
    this.#flush();
    this[fire]("upgradeError", err);
    if (this.#more) this.#next();
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

// ---- Manager

const live = new Set(); // managers that are connected or try to be

export class Manager extends Emitter {
  engine;
  nsps = new Map();
  readyState = "closed";
  reconnecting = false;
  #address;
  #decode;
  #first; // the transport that worked where the preferred one did not
  #attempts = 0;
  #timer;

  static {
    for (const name in DEFAULTS) {
      this.prototype[name] = function (...value) {
        if (!value.length) return this.opts[name];
        [this.opts[name]] = value;
        if (!this.opts.reconnection) this.#rest();
        return this;
      };
    }
  }

  constructor(url, opts) {
    super();
    if (typeof url === "object") [url, opts] = [undefined, url];
    const { origin, query } = locate(url);
    this.opts = { ...DEFAULTS, query };
    for (const name in opts) if (opts[name] !== undefined) this.opts[name] = opts[name];
    this.#address = origin + slashed(this.opts);
    if (this.opts.autoConnect) this.open();
  }

  open(done) {
    if (this.readyState !== "closed") return this;
    this.#wait();
    live.add(this);
    this.readyState = "opening";
    this.#decode = decoder();
    const names = [...new Set([this.#first, ...this.opts.transports])].filter((name) => name in TRANSPORTS);
    const engine = (this.engine = new Engine(this.#address, this.opts, names));
    const on = (event, listener) =>
      engine.on(event, (...args) => this.engine === engine && this.readyState !== "closed" && listener(...args));
    on("open", () => this.#opened(done));
    on("upgrade", ({ name }) => (this.#first = this.opts.rememberUpgrade ? name : undefined));
    on("data", (data) => this.#receive(data));
    on("ping", () => this[fire]("ping"));
    on("close", (reason, details) => this.#closed(reason, details, done));
    return this;
  }

  connect(done) {
    return this.open(done);
  }

  close() {
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

  write(packet) {
    this.engine.write(encode(packet));
  }

  release() {
    if (![...this.nsps.values()].some((socket) => socket.active)) this.close();
  }

  wake() {
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
    try {
      const packet = this.#decode(data);
      if (packet) this.#tell("packet", packet);
    } catch (err) {
      this.engine.end("parse error", err);
    }
  }

  #closed(reason, details, done) {
    const opened = this.readyState === "open";
    this.readyState = "closed";
    live.delete(this);
    if (opened) {
      this.reconnecting = this.opts.reconnection;
      this.#tell("close", reason, details);
    } else {
      const err = asError(details, reason);
      this.#first = undefined;
      this.reconnecting ||= this.opts.reconnection && !done;
      this.#tell("error", err);
      done?.(err);
    }
    this.#reconnect();
  }

  #tell(event, ...args) {
    this[fire](event, ...args);
    for (const socket of [...this.nsps.values()]) socket.notify(event, ...args);
  }

  #wait(task, delay) {
    clearTimeout(this.#timer);
    this.#timer = task && setTimeout(task, delay);
    if (task) live.add(this);
  }

  #rest() {
    this.#wait();
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
    addEventListener(event, () => live.forEach((manager) => manager.wake()));
  }
  const drop = (description, silent) => {
    for (const { engine } of live) {
      if (silent) engine.off();
      engine.end("transport close", { description });
    }
  };
  addEventListener("offline", () => drop("network connection lost"));
  addEventListener("pagehide", (event) => drop("page hidden", !event.persisted)); // unless it may return
}

// ---- Socket

export class Socket extends Emitter {
  id;
  connected = false;
  recovered = false;
  active = false;
  sendBuffer = [];
  receiveBuffer = [];
  #opts;
  #asking; // auth, until it answers
  #joined = false; // CONNECT was sent
  #pid; // of the session, to recover it
  #offset; // of the last event that had one
  #ids = 0;
  #acks = new Map();
  #queue = [];
  [base] = this;
  [flags] = {};

  constructor(io, nsp, opts = {}) {
    super();
    this.io = io;
    this.nsp = nsp;
    this.auth = opts.auth;
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
      this.io.write({ type: DISCONNECT, nsp: this.nsp });
      this.#left("io client disconnect");
    }
    this.io.release();
    return this;
  }

  open() {
    return this.connect();
  }

  close() {
    return this.disconnect();
  }

  emit(event, ...args) {
    this[base].#emit(this[flags], event, args);
    return this;
  }

  emitWithAck(event, ...args) {
    return new Promise((resolve, reject) => {
      const ack = (err, value) => (err ? reject(err) : resolve(value));
      this[base].#emit({ ...this[flags], failable: true }, event, [...args, ack]);
    });
  }

  send(...args) {
    return this.emit("message", ...args);
  }

  timeout(timeout) {
    return view(this, { timeout });
  }

  get volatile() {
    return view(this, { volatile: true });
  }

  // Browsers decide that themselves.
  compress() {
    return this;
  }

  notify(event, value, details) {
    if (event === "packet" && value.nsp === this.nsp) this.#receive(value);
    if (event === "open" && this.active) this.#join();
    if (event === "close") this.#left(value, details);
    if (event === "error" && this.active) this[fire]("connect_error", value);
  }

  #emit({ timeout = this.#opts.ackTimeout, volatile, failable }, event, args) {
    if (RESERVED.includes(event)) throw new Error(`"${event}" is a reserved event name`);
    const ack = typeof args.at(-1) === "function" ? args.pop() : undefined;
    const retries = volatile ? 0 : this.#opts.retries;
    const id = ack || retries ? this.#ids++ : undefined;
    const data = [event, ...args];
    const frames = encode({ type: EVENT, nsp: this.nsp, id, data });
    const packet = { id, data, frames, ack, retries, timeout, failable: failable || retries || timeout !== undefined };
    if (!retries) return this.#dispatch(packet, volatile);
    this.#queue.push(packet);
    this.#drain();
  }

  // drain sends the first of the queue, unless it is on its way: the others wait for its ack, to keep the order.
  #drain() {
    const [first] = this.#queue;
    if (first && this.connected && !this.#acks.has(first.id)) this.#dispatch(first);
  }

  #dispatch(packet, volatile) {
    const { id, timeout } = packet;
    const { engine } = this.io;
    if (id !== undefined) this.#acks.set(id, packet);
    if (id !== undefined && timeout !== undefined) packet.timer = setTimeout(() => this.#expire(id), timeout);

    const online = this.connected && engine.alive();
    if (volatile && !(online && engine.writable)) return;
    if (online) this.#write(packet);
    else this.sendBuffer.push(packet);
  }

  #write({ data, frames }) {
    this[fire](outgoing, ...data);
    this.io.engine.write(frames);
  }

  #expire(id) {
    this.sendBuffer = this.sendBuffer.filter((packet) => packet.id !== id);
    this.#settle(id, new Error("operation has timed out"));
  }

  // settle ends the wait for an ack. One that takes no error is not called with one.
  #settle(id, err, args = []) {
    const packet = this.#acks.get(id) ?? {};
    this.#acks.delete(id);
    clearTimeout(packet.timer);
    if (!err || !(packet.retries-- > 0)) {
      if (packet === this.#queue[0]) this.#queue.shift();
      const { ack, failable } = packet;
      if (ack && (failable || !err)) call(ack, this, failable ? [err, ...args] : args);
    }
    this.#drain();
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
      this.io.write({ type: CONNECT, nsp: this.nsp, data });
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
    this.io.release();
  }

  #welcome({ sid, pid } = {}) {
    if (!sid) return this[fire]("connect_error", new Error("the server speaks Socket.IO 2"));
    if (!this.active) {
      this.#joined = false; // disconnect came before
      return this.io.write({ type: DISCONNECT, nsp: this.nsp });
    }
    this.id = sid;
    this.recovered = pid !== undefined && pid === this.#pid;
    this.#pid = pid;
    this.connected = true;
    for (const [id, data] of this.receiveBuffer.splice(0)) this.#deliver(id, data);
    while (this.connected && this.sendBuffer.length) this.#write(this.sendBuffer.shift());
    this.#drain();
    if (this.connected) this[fire]("connect");
  }

  #deliver(id, data) {
    const args = id === undefined ? data : [...data, this.#answer(id)];
    this[fire](incoming, ...args);
    this[fire](...args);
    if (this.#pid && typeof args.at(-1) === "string") this.#offset = args.at(-1);
  }

  // answer returns what acknowledges an event: once, and in the same session.
  #answer(id) {
    let session = this.id;
    return (...data) => {
      if (session && session === this.id) this.io.write({ type: ACK, nsp: this.nsp, id, data });
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

function view(socket, more) {
  return Object.assign(Object.create(socket[base]), { [flags]: { ...socket[flags], ...more } });
}

// ---- io

export const protocol = 5;
const managers = new Map();

// One origin and path is one connection, unless its own is asked for, or the namespace is there.
export function io(url, opts = {}) {
  if (typeof url === "object") [url, opts] = [undefined, url];
  const { origin, nsp } = locate(url);
  const address = origin + slashed(opts);
  const shared = managers.get(address);
  const own = opts.forceNew || opts.multiplex === false || shared?.nsps.has(nsp);
  const manager = (!own && shared) || new Manager(url, opts);
  if (!own) managers.set(address, manager);
  return manager.socket(nsp, opts);
}

export { io as connect, io as default };

function locate(url = "/") {
  const full = /^(\/|\w+:\/\/)/.test(url) ? url : "//" + url;
  const { protocol, host, pathname, searchParams } = new URL(full, globalThis.location?.origin);
  if (!/^(http|ws)s?:$/.test(protocol)) throw new Error(`cannot connect to ${url}: no http or ws address`);
  const origin = protocol.replace("ws", "http") + "//" + host;
  return { origin, nsp: decodeURI(pathname), query: Object.fromEntries(searchParams) };
}

function slashed({ path = "/socket.io", addTrailingSlash = true }) {
  return `/${path}/`.replace(/\/+/g, "/").slice(0, addTrailingSlash ? undefined : -1);
}
