// Answers, for the tests in Go, what web/ot.js and web/copy.js make of the same texts, operations and events.

import { readFileSync } from "node:fs";
import { Copy } from "./copy.js";
import { between, typed } from "./diff.js";
import { apply, compose, invert, move, over, points, size, units } from "./ot.js";

const { cases, scripts } = JSON.parse(readFileSync(0, "utf8"));
const complaints = [];
const same = (what, got, want) => {
  if (JSON.stringify(got) !== JSON.stringify(want)) complaints.push(`${what}: ${JSON.stringify(got)}, in Go ${JSON.stringify(want)}`);
};

for (const { text, a, b, c, madeByA, aOverB, bOverA, composed, moved } of cases) {
  same("apply", apply(text, a), madeByA);
  same("over, before", over(a, b, false), aOverB);
  same("over, after", over(b, a, true), bOverA);
  same("compose", compose(a, c), composed);
  same("move", [...text].map((_, at) => move(a, at)), moved ?? []);
  same("invert", apply(madeByA, invert(a, text)), text);
  same("between", apply(text, between(text, madeByA)), madeByA);
  same("typed", apply(text, typed(text, madeByA, size(madeByA))), madeByA);
  same("units", points(text, units(text, 2)), Math.min(2, size(text)));
}

scripts.forEach(({ client, events }, i) => {
  let sent;
  const send = ({ seq, operation }) => (sent = { seq, operation: structuredClone(operation) });
  let copy = new Copy("minutes", client, send);
  copy.open({ client, epoch: "e", revision: 0, seq: 0, text: "" });
  events.forEach((event, j) => {
    sent = undefined;
    const what = `script ${i}, event ${j}, ${Object.keys(event)[0]}`;
    if (event.edit) copy.edit(event.edit);
    if (event.receive && copy.receive(event.receive) === undefined) complaints.push(`${what}: it misses something`);
    if (event.open) {
      const kept = JSON.parse(JSON.stringify(copy.keep())); // as after a reload
      if (kept) copy = new Copy("minutes", client, send, kept);
      copy.open(event.open);
    }
    same(what, copy.text, event.text);
    same(`${what}: sent`, sent, event.sent && { seq: event.sent.seq, operation: event.sent.operation });
  });
  let undone = 0;
  const base = copy.text;
  while (copy.canUndo) {
    copy.undo();
    undone++;
  }
  while (undone--) copy.redo();
  same(`script ${i}: redone`, copy.text, base);
});

// What somebody takes back is theirs alone.
{
  const copy = new Copy("minutes", "me", () => {});
  copy.open({ client: "me", epoch: "e", revision: 0, seq: 0, text: "one two" });
  copy.edit([{ keep: 3 }, { insert: " 🌱" }, { keep: 4 }], 0);
  copy.receive({ client: "me", seq: 1, revision: 1, operation: [{ keep: 3 }, { insert: " 🌱" }, { keep: 4 }] });
  copy.receive({ client: "you", seq: 1, revision: 2, operation: [{ insert: "zero " }, { cut: 3 }, { keep: 6 }] });
  same("before undo", copy.text, "zero  🌱 two");
  copy.undo();
  same("after undo", copy.text, "zero  two");
  copy.redo();
  same("after redo", copy.text, "zero  🌱 two");
}

// A page that held a text too old gets the whole one, and keeps what it has changed.
for (const arrived of [false, true]) {
  const old = new Copy("minutes", "me", () => {});
  old.open({ client: "me", epoch: "e", revision: 3, seq: 0, text: "first\nsecond\nthird\n" });
  old.edit([{ insert: "zeroth\n" }, { keep: 19 }], 0);
  old.opened = false;
  old.edit([{ keep: 19 }, { insert: "!" }, { keep: 7 }], 1e6); // second!
  same("waiting", old.waiting, 2);
  let sent;
  const copy = new Copy("minutes", "me", (change) => (sent = change), JSON.parse(JSON.stringify(old.keep())));
  const text = (arrived ? "zeroth\n" : "") + "FIRST\nsecond\nnew\nthird\n";
  copy.open({ client: "me", epoch: "e", revision: 4000, seq: arrived ? 1 : 0, text });
  same("rebased", copy.text, "zeroth\nFIRST\nsecond!\nnew\nthird\n");
  same("what goes on", [sent.seq, copy.waiting], arrived ? [2, 1] : [1, 2]);
}

console.log(complaints.slice(0, 5).join("\n"));
