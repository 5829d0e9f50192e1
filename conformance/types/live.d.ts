// What the chat's page has of /shell/live.js: a socket with the types of the chat's
// events, in which it has to say the right thing.

import type { Socket } from "/socket.io/brio.js";
import type { ClientToServerEvents, Failure, ServerToClientEvents } from "./chat.js";

type Call = keyof ClientToServerEvents;
type Request<E extends Call> = Parameters<ClientToServerEvents[E]>[0];
type Answer<E extends Call> = ClientToServerEvents[E] extends (request: any, ack: (answer: infer A) => void) => void
  ? Exclude<A, Failure>
  : unknown;

// And of /shell/pass.js.
export class Pass {
  constructor(role: string);
  onChange(f: (person: { id: string; name: string; role: string }) => void): void;
}

export class Live {
  constructor(namespace: string, auth: Pass);
  socket: Socket<ServerToClientEvents, ClientToServerEvents>;
  note: any;
  unsent: number;
  call<E extends Call>(event: E, payload: Request<E>): Promise<Answer<E>>;
}
