// Operations on texts, by the same rules as ot.go. An operation is a list of steps from the beginning of a text to its
// end, each with one of three: {keep: 3}, {cut: 3}, {insert: "abc"}. Numbers count code points, so that nothing can cut
// one in two; a text area counts UTF-16 units, see points and units.

export const size = (text) => {
  let n = 0;
  for (const _ of text) n++;
  return n;
};

// points turns a place in UTF-16 units into one in code points, units the other way round.
export const points = (text, units) => size(text.slice(0, units));
export const units = (text, points) => {
  let at = 0;
  for (; points > 0 && at < text.length; points--) at += text.codePointAt(at) > 0xffff ? 2 : 1;
  return at;
};

// add adds a step to an operation that is being made, to its last step if that does the same.
export function add(operation, step) {
  const { keep = 0, cut = 0, insert = "" } = step;
  if (!keep && !cut && !insert) return operation;
  const last = operation.at(-1);
  if (last?.keep && keep) last.keep += keep;
  else if (last?.cut && cut) last.cut += cut;
  else if (last?.insert && insert) last.insert += insert;
  else operation.push(keep ? { keep } : cut ? { cut } : { insert });
  return operation;
}

// isNothing tells whether an operation changes no text.
export const isNothing = (operation) => operation.every((step) => step.keep);

// splice makes an operation on a text of a length: cut something, and insert something in its place.
export const splice = (length, at, cut, insert) =>
  [{ keep: at }, { cut }, { insert }, { keep: length - at - cut }].reduce(add, []);

export function apply(text, operation) {
  let out = "";
  let at = 0;
  for (const { keep = 0, cut = 0, insert = "" } of operation) {
    const kept = units(text.slice(at), keep);
    out += insert + text.slice(at, at + kept);
    at += kept;
    at += units(text.slice(at), cut);
  }
  return out;
}

// over returns an operation for the text that another one has made of the one both were made for. Where both insert,
// what it inserts stands before what the other one does, or after it.
export function over(operation, other, after) {
  const out = [];
  const [a, b] = [steps(operation), steps(other)];
  while (a.step || b.step) {
    if (a.step?.insert && !(after && b.step?.insert)) {
      add(out, a.step);
      a.next();
    } else if (b.step?.insert) {
      add(out, { keep: size(b.step.insert) });
      b.next();
    } else {
      const n = Math.min(a.left, b.left);
      if (b.step.keep) add(out, a.step.keep ? { keep: n } : { cut: n });
      a.skip(n);
      b.skip(n);
    }
  }
  return out;
}

// compose makes one operation of two, of which the second was made on what the first makes.
export function compose(first, second) {
  const out = [];
  const [a, b] = [steps(first), steps(second)];
  while (a.step || b.step) {
    if (a.step?.cut) {
      add(out, a.step.cut === a.left ? a.step : { cut: a.left });
      a.next();
    } else if (b.step?.insert) {
      add(out, b.step);
      b.next();
    } else {
      const n = Math.min(a.left, b.left);
      if (b.step.keep) add(out, a.step.keep ? { keep: n } : { insert: a.text(n) });
      else if (a.step.keep) add(out, { cut: n });
      a.skip(n);
      b.skip(n);
    }
  }
  return out;
}

// invert makes the operation that takes another one back, which was made on text.
export function invert(operation, text) {
  const out = [];
  let at = 0;
  for (const { keep = 0, cut = 0, insert = "" } of operation) {
    const passed = units(text.slice(at), keep + cut);
    if (keep) add(out, { keep });
    if (cut) add(out, { insert: text.slice(at, at + passed) });
    if (insert) add(out, { cut: size(insert) });
    at += passed;
  }
  return out;
}

// move returns where a place has moved. What is inserted right there comes behind it.
export function move(operation, at) {
  let [moved, seen] = [at, 0];
  for (const { keep = 0, cut = 0, insert = "" } of operation) {
    if (seen >= at) break;
    moved += size(insert) - Math.min(cut, at - seen);
    seen += keep + cut;
  }
  return moved;
}

// steps walks through an operation. What is left of a step that was skipped in part counts.
function steps(operation) {
  let i = 0;
  let used = 0;
  const walk = {
    get step() {
      return operation[i];
    },
    get left() {
      const { keep, cut, insert } = operation[i];
      return (keep ?? cut ?? size(insert)) - used;
    },
    text: (n) => [...operation[i].insert].slice(used, used + n).join(""),
    skip(n) {
      if (n === walk.left) walk.next();
      else used += n;
    },
    next() {
      i++;
      used = 0;
    },
  };
  return walk;
}
