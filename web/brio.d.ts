// The types of brio.js. They are those of socket.io-client 4 for what both have. In the browser nothing is imported
// from here; TypeScript is told where it is, for example in tsconfig.json:
//
//   "paths": { "/socket.io/brio.js": ["./brio.d.ts"] }

/** Names of events, and the functions that hear them: their parameters are the event's, the last may be its ack. */
export interface EventsMap {
  [event: string]: any;
}

/** Any event, with anything. */
export interface DefaultEventsMap {
  [event: string]: (...args: any[]) => void;
}

type Name<Map> = keyof Map & string;
type Params<Map, Event extends Name<Map>> = Map[Event] extends (...args: infer P) => any ? P : never;
type Listener<Reserved, Map, Event> = Event extends keyof Reserved
  ? Reserved[Event]
  : Event extends keyof Map
    ? Map[Event]
    : never;

type Last<T extends any[]> = T extends [...any[], infer L] ? L : any;
type AllButLast<T extends any[]> = T extends [...infer H, any] ? H : any[];
type FirstArg<T> = T extends (arg: infer P, ...rest: any[]) => any ? P : any;

/** An ack that takes an error first: null if there is none. */
type Failable<T> = T extends (...args: infer P) => infer R ? (err: Error, ...args: P) => R : T;

/** Events whose acks take an error first, as they do behind timeout. */
export type DecorateAcknowledgements<Map> = {
  [Event in keyof Map]: Map[Event] extends (...args: infer P) => infer R
    ? (...args: { [I in keyof P]: Failable<P[I]> }) => R
    : Map[Event];
};

/** Has listeners. What one throws is reported as uncaught and disturbs no other. */
declare class Emitter<ListenEvents, Reserved> {
  on<Event extends Name<Reserved> | Name<ListenEvents>>(
    event: Event,
    listener: Listener<Reserved, ListenEvents, Event>,
  ): this;
  once<Event extends Name<Reserved> | Name<ListenEvents>>(
    event: Event,
    listener: Listener<Reserved, ListenEvents, Event>,
  ): this;
  /** Removes a listener; without one, all of the event; without an event, all but the catch-all ones. */
  off<Event extends Name<Reserved> | Name<ListenEvents>>(
    event?: Event,
    listener?: Listener<Reserved, ListenEvents, Event>,
  ): this;
  /** Is off. */
  removeListener<Event extends Name<Reserved> | Name<ListenEvents>>(
    event?: Event,
    listener?: Listener<Reserved, ListenEvents, Event>,
  ): this;
  removeAllListeners<Event extends Name<Reserved> | Name<ListenEvents>>(event?: Event): this;
  /** A list that does not change, whatever is added or removed. */
  listeners<Event extends Name<Reserved> | Name<ListenEvents>>(
    event: Event,
  ): readonly Listener<Reserved, ListenEvents, Event>[];
  hasListeners<Event extends Name<Reserved> | Name<ListenEvents>>(event: Event): boolean;
}

export type DisconnectReason =
  | "io server disconnect"
  | "io client disconnect"
  | "ping timeout"
  | "transport close"
  | "transport error"
  | "parse error"
  | "forced close";

export type DisconnectDescription = Error | { description: string; context?: unknown };

/** Why the server refused a socket. */
export interface ExtendedError extends Error {
  data?: any;
}

export type TransportName = "polling" | "websocket" | "webtransport";

export interface SocketOptions {
  /** What the server is told when the socket connects, or a function that hands it over, each time. */
  auth?: { [key: string]: any } | ((answer: (data: object) => void) => void);
  /**
   * How many more times an event is sent that is not acknowledged. Events then wait in a queue, offline too, one of
   * them on its way: they arrive in order, each at least once. Set ackTimeout, too: without it an event is sent again
   * after a disconnection only. Volatile events are not queued. Default: 0, no queue.
   */
  retries?: number;
  /** Milliseconds to wait for an ack, unless timeout says so. Default: without end. */
  ackTimeout?: number;
}

export interface ManagerOptions {
  /** Whether io makes a connection of its own. Default false. */
  forceNew: boolean;
  /** False is as forceNew. Default true. */
  multiplex: boolean;
  /** Default "/socket.io". */
  path: string;
  /** Whether the path has a slash at its end. Default true. */
  addTrailingSlash: boolean;
  /** Of the connection's requests. Default: the one of the address. */
  query: { [key: string]: any };
  /** Tried in this order. Default ["websocket", "polling"]. "webtransport" needs an https server of HTTP/3. */
  transports: TransportName[] | string[];
  /** Whether the next transport is tried if one fails. Default true. */
  tryAllTransports: boolean;
  /** Whether polling gives way to a better transport that the server offers. Default true. */
  upgrade: boolean;
  /** Whether to start with the transport of the last upgrade, unless that has failed since. Default false. */
  rememberUpgrade: boolean;
  /** More for a transport: { webtransport: { serverCertificateHashes } } is what its constructor is given. */
  transportOptions: { webtransport?: object; [transport: string]: any };
  /** Subprotocols of the WebSocket. Default: none. */
  protocols: string | string[];
  /** Headers of polling's requests. No browser lets the others have any. */
  extraHeaders: { [header: string]: string };
  /** Whether another origin is sent cookies by polling. Default false. */
  withCredentials: boolean;
  /** Whether a socket connects by itself. Default true. */
  autoConnect: boolean;
  /** Milliseconds to connect, or false. Default 20000. */
  timeout: number | false;
  /** Default true. */
  reconnection: boolean;
  /** Default Infinity. */
  reconnectionAttempts: number;
  /** Milliseconds before the first attempt; twice as many before each other one. Default 1000. */
  reconnectionDelay: number;
  /** Milliseconds between attempts at most. Default 5000. */
  reconnectionDelayMax: number;
  /** How much of a delay is random, from 0 to 1. Default 0.5. */
  randomizationFactor: number;
}

interface EngineEvents {
  open: () => void;
  data: (data: string | ArrayBuffer) => void;
  ping: () => void;
  upgrade: (transport: Transport) => void;
  upgradeError: (err: Error) => void;
  close: (reason: string, details?: DisconnectDescription) => void;
}

export interface Transport {
  readonly name: TransportName;
}

/** One connection. */
export interface Engine extends Emitter<{}, EngineEvents> {
  /** Of the connection, which no socket has. */
  readonly id: string;
  readonly transport: Transport;
  readonly readyState: "opening" | "open" | "closed";
  /** Whether a packet would leave at once. */
  readonly writable: boolean;
  /** Ends the connection once what was written is sent; the manager makes another. */
  close(): Promise<void>;
}

export interface Packet {
  type: number;
  nsp: string;
  id?: number;
  data?: any;
}

export interface ManagerReservedEvents {
  open: () => void;
  error: (err: Error) => void;
  ping: () => void;
  packet: (packet: Packet) => void;
  close: (reason: DisconnectReason, description?: DisconnectDescription) => void;
  reconnect_failed: () => void;
  reconnect_attempt: (attempt: number) => void;
  reconnect_error: (err: Error) => void;
  reconnect: (attempt: number) => void;
}

/** A connection that is made again when it breaks, and its sockets. Each option has a method that gets or sets it. */
export class Manager<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends Emitter<{}, ManagerReservedEvents> {
  constructor(opts?: Partial<ManagerOptions>);
  constructor(url?: string, opts?: Partial<ManagerOptions>);
  readonly engine: Engine;
  readonly readyState: "opening" | "open" | "closed";
  readonly reconnecting: boolean;
  opts: Partial<ManagerOptions>;
  /** Connects. With a callback it tries once, and tells it. */
  open(done?: (err?: Error) => void): this;
  /** Is open. */
  connect(done?: (err?: Error) => void): this;
  /** Ends the connection of all its sockets. */
  close(): void;
  /** The socket of a namespace: the same each time. */
  socket(nsp: string, opts?: Partial<SocketOptions>): Socket<ListenEvents, EmitEvents>;
  transports(): string[];
  transports(value: string[]): this;
  tryAllTransports(): boolean;
  tryAllTransports(value: boolean): this;
  upgrade(): boolean;
  upgrade(value: boolean): this;
  autoConnect(): boolean;
  autoConnect(value: boolean): this;
  timeout(): number | false;
  timeout(value: number | false): this;
  reconnection(): boolean;
  /** False ends the attempts, too. */
  reconnection(value: boolean): this;
  reconnectionAttempts(): number;
  reconnectionAttempts(value: number): this;
  reconnectionDelay(): number;
  reconnectionDelay(value: number): this;
  reconnectionDelayMax(): number;
  reconnectionDelayMax(value: number): this;
  randomizationFactor(): number;
  randomizationFactor(value: number): this;
}

export interface SocketReservedEvents {
  connect: () => void;
  connect_error: (err: ExtendedError) => void;
  disconnect: (reason: DisconnectReason, description?: DisconnectDescription) => void;
}

/** What sends events: a socket, or one with more to say about it. It can be kept, and leaves its socket as it is. */
export interface Sender<EmitEvents extends EventsMap> {
  /** Sends an event. A function as its last argument gets the acknowledgement. Offline, it waits. */
  emit<Event extends Name<EmitEvents>>(event: Event, ...args: Params<EmitEvents, Event>): this;
  /** Resolves with the acknowledgement's first value; a timeout or a disconnection rejects it. */
  emitWithAck<Event extends Name<EmitEvents>>(
    event: Event,
    ...args: AllButLast<Params<EmitEvents, Event>>
  ): Promise<FirstArg<Last<Params<EmitEvents, Event>>>>;
  /** Emits "message". */
  send(...args: any[]): this;
  /** Its acks take an error first, and get one after so many milliseconds. */
  timeout(timeout: number): TimedSender<EmitEvents>;
  /** Its events are dropped unless they can leave at once. */
  readonly volatile: this;
  /** Does nothing: browsers decide that themselves. */
  compress(compress: boolean): this;
}

/** A sender whose acks take an error first. */
export interface TimedSender<EmitEvents extends EventsMap>
  extends Omit<Sender<DecorateAcknowledgements<EmitEvents>>, "emitWithAck" | "timeout" | "volatile"> {
  emitWithAck: Sender<EmitEvents>["emitWithAck"];
  timeout: Sender<EmitEvents>["timeout"];
  readonly volatile: this;
}

export interface Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends Sender<EmitEvents> {}

/** One namespace of a connection. */
export class Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends Emitter<ListenEvents, SocketReservedEvents> {
  constructor(io: Manager<any, any>, nsp: string, opts?: Partial<SocketOptions>);
  readonly io: Manager<ListenEvents, EmitEvents>;
  readonly nsp: string;
  /** Of the session; undefined while it is not connected. */
  readonly id: string | undefined;
  readonly connected: boolean;
  readonly disconnected: boolean;
  /** Connected, or to be when the manager is. */
  readonly active: boolean;
  /** Whether the server restored the last session, and sent what was missed. */
  readonly recovered: boolean;
  auth: SocketOptions["auth"];
  /** Emitted before the socket was connected, and not yet sent. */
  readonly sendBuffer: readonly unknown[];
  /** Received before the socket was connected, and not yet heard. */
  readonly receiveBuffer: readonly unknown[];
  connect(): this;
  /** Is connect. */
  open(): this;
  /** Leaves the namespace; the last socket to leave closes the connection. */
  disconnect(): this;
  /** Is disconnect. */
  close(): this;
  /** Hears every event, before the others do. */
  onAny(listener: (event: string, ...args: any[]) => void): this;
  prependAny(listener: (event: string, ...args: any[]) => void): this;
  offAny(listener?: (event: string, ...args: any[]) => void): this;
  listenersAny(): readonly ((event: string, ...args: any[]) => void)[];
  /** Hears every event that is sent, when it is, but no acks. */
  onAnyOutgoing(listener: (event: string, ...args: any[]) => void): this;
  prependAnyOutgoing(listener: (event: string, ...args: any[]) => void): this;
  offAnyOutgoing(listener?: (event: string, ...args: any[]) => void): this;
  listenersAnyOutgoing(): readonly ((event: string, ...args: any[]) => void)[];
}

/** Of Socket.IO. */
export const protocol: 5;

/**
 * The socket of a url's namespace: http://host/chat is /chat there. Sockets of one origin and path share a connection,
 * unless forceNew, or multiplex: false, or the namespace is there.
 */
export function io<ListenEvents extends EventsMap = DefaultEventsMap, EmitEvents extends EventsMap = ListenEvents>(
  opts?: Partial<ManagerOptions & SocketOptions>,
): Socket<ListenEvents, EmitEvents>;
export function io<ListenEvents extends EventsMap = DefaultEventsMap, EmitEvents extends EventsMap = ListenEvents>(
  url?: string,
  opts?: Partial<ManagerOptions & SocketOptions>,
): Socket<ListenEvents, EmitEvents>;
export { io as connect, io as default };
