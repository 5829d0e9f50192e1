// The official client of Socket.IO 2 with the version of its MessagePack parser
// that is made for it. Node's own server has no such pair: its version 4 with the
// present parser refuses what this one writes (JSON to join and leave namespaces,
// types of their own for events with binary values), and version 2 of the server
// takes no newer client.
// server: --ping-interval 500ms --ping-timeout 2s --eio3 --msgpack
import { matrix } from "./support/scenarios.mjs";

matrix(["2.5"], "msgpack");
