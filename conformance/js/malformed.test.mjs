// Socket.IO packets that are wrong, or wrong where they stand: they end the
// connection of their sender, whatever it had joined, and nothing else.
// server: --ping-interval 3s --ping-timeout 3s --connect-timeout 10s
import assert from "node:assert/strict";

import { attack } from "./support/innocent.mjs";
import { Polling } from "./support/polling.mjs";
import { connect, expectServed, join, open, placeholder } from "./support/socketio.mjs";

const zero = JSON.stringify(placeholder(0));
const attachment = (num) => `451-["message",{"_placeholder":true,"num":${num}}]`;

// Before any namespace is joined.
for (const [name, packets] of Object.entries({
  "an unknown type": ["4abc"],
  "an event": ['42["message"]'],
  "an acknowledgement": ["431[]"],
  "an event with attachments": [`451-["message",${zero}]`, Buffer.of(1)],
  "a farewell": ["41"],
  "a refusal": ['44{"message":"no"}'],
  "an attachment": [Buffer.of(1, 2, 3)],
  "a list for a payload of CONNECT": ["40[]"],
  "a string for a payload of CONNECT": ['40"token"'],
  "broken JSON for a payload of CONNECT": ['40{"token":'],
  "an event in a namespace refused before": ["40/random,", '42/random,["message"]'],
})) {
  attack(`first of all, ${name}: closed`, async () => {
    const socket = await open();
    socket.send(...packets);
    await socket.expectClosed();
  });
}

// In a namespace that is joined. Node's server lets those marked * pass.
for (const [name, packets] of Object.entries({
  "an unknown type": ["4abc"],
  "a type after the last": ["47"],
  "the last digit for a type": ["49"],
  "CONNECT again": ["40"],
  "CONNECT again, with a payload": ['40{"token":"123"}'],
  "an event of a namespace not joined": ['42/custom,["message"]'],
  "an acknowledgement of a namespace not joined": ["43/custom,1[]"],
  "a farewell to a namespace not joined": ["41/custom,"],
  "an event of a namespace that does not exist": ['42/random,["message"]'],
  "an event after the farewell": ["41", '42["message"]'],
  "a farewell with a payload": ["41{}"],
  "a refusal, which is the server's to send": ['44{"message":"no"}'],
  "a refusal with a string": ['44"no"'],
  "a refusal without a payload": ["44"],
  "an event without a payload": ["42"], // *
  "an event that is an object": ["42{}"],
  "an event that is a string": ['42"message"'],
  "an event that is an empty list": ["42[]"],
  "an event named null": ["42[null]"],
  "an event named by an object": ["42[{}]"],
  "an event named by a list": ['42[["message"]]'],
  "an event named true": ["42[true]"],
  "an event of broken JSON": ['42["message"'],
  "an event with something after it": ['42["message"]]'],
  "an event of single quotes": ["42['message']"],
  "an event with a trailing comma": ['42["message",]'],
  "an event with letters for an id": ['42abc["message-with-ack",1]'],
  "an event with a negative id": ['42-1["message-with-ack",1]'],
  "an acknowledgement that is an object": ["431{}"],
  "an acknowledgement of broken JSON": ["431["],
  "an acknowledgement without a payload": ["431"], // *
  "eleven attachments": [`4511-["message",${zero}]`],
  "attachments beyond counting": [`4599999999999999999999-["message",${zero}]`],
  "a negative number of attachments": [`45-1-["message",${zero}]`],
  "half an attachment": [`450.5-["message",${zero}]`],
  "letters for a number of attachments": [`45a-["message",${zero}]`],
  "no number of attachments": [`45["message",${zero}]`],
  "a dash and no number of attachments": [`45-["message",${zero}]`],
  "a number of attachments and nothing else": ["451"],
  "a placeholder after the last": [attachment(1), Buffer.of(1)],
  "a placeholder before the first": [attachment(-1), Buffer.of(1)],
  "a placeholder of a string": [attachment('"0"'), Buffer.of(1)],
  "a placeholder between two": [attachment(0.5), Buffer.of(1)], // *
  "a placeholder far away": [attachment(1e9), Buffer.of(1)],
  "text where an attachment is due": [attachment(0), '42["message"]'],
  "a farewell where an attachment is due": [attachment(0), "41"],
  "an announcement where an attachment is due": [attachment(0), attachment(0)],
  "an attachment nobody announced": [Buffer.of(1, 2, 3)],
  "one attachment too many": [attachment(0), Buffer.of(1), Buffer.of(2)],
  "an attachment after an announcement of none": ['450-["message"]', Buffer.of(1)],
})) {
  attack(`${name}: closed`, async () => {
    const socket = await connect();
    socket.send(...packets);
    await socket.expectClosed();
  });
}

const reserved = ["connect", "connect_error", "disconnect", "disconnecting"];
reserved.push("newListener", "removeListener");

for (const name of reserved) {
  attack(`an event with the reserved name ${name}: closed`, async () => {
    const socket = await connect();
    socket.send(`42["${name}"]`);
    await socket.expectClosed();
  });
}

attack("an escaped reserved name is no way around: closed", async () => {
  const socket = await connect();
  socket.send('42["dis\\u0063onnect","transport close"]');
  await socket.expectClosed();
});

attack("CONNECT to the second namespace again: both are closed", async () => {
  const socket = await connect();
  await join(socket, "/custom");
  socket.send("40/custom,");
  await socket.expectClosed();
});

attack("an attachment that never comes holds up its own connection only", async () => {
  const socket = await connect();
  socket.send(attachment(0));
  const other = await connect();
  await expectServed(other);
  other.close();
  socket.send(Buffer.of(7)); // at last
  assert.equal(await socket.next(), `451-["message-back",${zero}]`);
  assert.deepEqual(await socket.next(), Buffer.of(7));
  socket.close();
});

// Node's server is ended by this: its search for attachments is recursive.
attack("JSON nested without end is survived", async () => {
  const deep = 100_000;
  const socket = await connect();
  socket.send(`42["message",${"[".repeat(deep)}${"]".repeat(deep)}]`);
  await Promise.race([socket.next(), socket.closed]);
  socket.close();
  const half = await connect();
  half.send(`42["message",${"[".repeat(deep)}`);
  await half.expectClosed();
});

attack("a name of a namespace without end is survived", async () => {
  const socket = await open();
  socket.send(`40/${"n".repeat(100_000)},`);
  await Promise.race([socket.next(), socket.closed]);
  socket.close();
});

attack("a flood of refused namespaces is survived", async () => {
  const socket = await open();
  for (let i = 0; i < 1000; i++) socket.send(`40/random-${i},`);
  const answers = await socket.collect(1000);
  assert.equal(answers[999], '44/random-999,{"message":"Invalid namespace"}');
  socket.close();
});

for (const [name, body] of Object.entries({
  "an unknown type": "4abc",
  "an event that is an object": "42{}",
  "an attachment nobody announced": "bAQID",
  "CONNECT again": "40",
})) {
  attack(`over long-polling, ${name}: the session ends`, async () => {
    const session = await Polling.open("/socket.io/");
    await session.send("40");
    await session.collect(2);
    const answer = await session.post(body).catch(() => null);
    if (answer) assert.ok([200, 400].includes(answer.status));
    const goodbye = await session.get(); // may bring the server's goodbye
    assert.ok(goodbye.status === 400 || goodbye.body.endsWith("1"), goodbye.body);
    await session.expectGone();
  });
}
