// The lines of the official client that servers have to do with, and all in
// which they differ for the scenarios.
import { io as current } from "socket.io-client";
import client2 from "socket.io-client-2";
import { io as client3 } from "socket.io-client-3";
import { io as client40 } from "socket.io-client-4.0";
import parser from "socket.io-msgpack-parser";
import parser2 from "socket.io-msgpack-parser-2";

// Socket.IO protocol 5 over Engine.IO protocol 4.
const modern = {
  parser,
  listen: (socket, f) => socket.onAny(f),
  id: () => /^[\w-]{20}$/,
  // The options that bring an object to the server, and what it is told of them
  // in the payload of CONNECT.
  credentials: (object) => ({ auth: object }),
  told: (object) => object,
  // The event by which a client hears that it is refused, and what it reads from
  // its argument if the server has refused with a message and data.
  refusalEvent: "connect_error",
  read: ({ message, data }) => ({ message, data }),
  refusal: (codec, message, data) => ({ message, data }),
};

export const lines = {
  // Socket.IO protocol 4 over Engine.IO protocol 3: the main namespace is joined
  // with the connection and CONNECT has no payload, so that credentials are in a
  // query and ids follow from the connection's. Who is refused gets the error's
  // data, or else its message, as an event that is called error.
  "2.5": {
    io: client2,
    parser: parser2,
    listen: (socket, f) => {
      const { onevent } = socket;
      socket.onevent = (packet) => {
        f(...packet.data, ...(packet.id === undefined ? [] : [socket.ack(packet.id)]));
        onevent.call(socket, packet);
      };
    },
    id: (namespace) => (namespace === "/" ? /^[\w-]{20}$/ : /^\/custom#[\w-]{20}$/),
    credentials: (object) => ({ query: object }),
    told: (object, namespace) => (namespace === "/" ? {} : object),
    refusalEvent: "error",
    read: (error) => error,
    // Its MessagePack parser throws if it is not a string.
    refusal: (codec, message, data) => (codec === "msgpack" ? message : (data ?? message)),
  },
  "3.1": { ...modern, io: client3 },
  "4.0": { ...modern, io: client40 },
  "current": { ...modern, io: current },
};
