// What the chat's page may and may not do, by the types of its events.

import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, ServerToClientEvents } from "./chat.js";

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("/chat");

socket.on("said", (message) => message.from.name.trim());
socket.emit("say", { room: "foyer", text: "hello", key: "1" }, (answer) => ("error" in answer ? 0 : answer.id));

// @ts-expect-error the key is missing
socket.emit("say", { room: "foyer", text: "hello" }, () => {});
// @ts-expect-error a message has no name
socket.on("said", (message) => message.name);
