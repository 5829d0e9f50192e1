// What has changed between two texts, as an operation.

import { add, size, splice } from "./ot.js";

// typed finds what somebody typed, cut or pasted: one change, which ends at the caret.
export function typed(before, after, caret) {
  const [a, b] = [[...before], [...after]];
  let end = 0; // what is the same behind it, but not before the caret: of "aa|a", the second is the new one
  const most = Math.min(a.length, b.length - caret);
  while (end < most && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  let start = 0;
  while (start < Math.min(a.length, b.length) - end && a[start] === b[start]) start++;
  return splice(a.length, start, a.length - end - start, b.slice(start, b.length - end).join(""));
}

const MOST = 2000; // lines that differ, on each side, for which lines are compared with each other

// between finds, line by line, what makes one text of another: a text of long ago, say, to the one of now. Within lines
// that differ, only what is the same at both ends counts as the same.
export function between(before, after) {
  const [a, b] = [before.split(/(?<=\n)/), after.split(/(?<=\n)/)];
  let [start, end] = [0, 0];
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const operation = add([], { keep: size(a.slice(0, start).join("")) });
  for (const [gone, come] of hunks(a.slice(start, a.length - end), b.slice(start, b.length - end))) {
    for (const step of typed(gone, come, 0)) add(operation, step);
  }
  return add(operation, { keep: size(a.slice(a.length - end).join("")) });
}

// hunks pairs what differs with what stands in its place, and what is the same with itself, by the longest common
// subsequence of the lines.
function hunks(a, b) {
  if (a.length * b.length > MOST * MOST) return [[a.join(""), b.join("")]];
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width); // of what is left of a and b
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const out = [];
  let [gone, come] = ["", ""];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push([gone, come], [a[i], b[j]]);
      [gone, come] = ["", ""];
      i++;
      j++;
    } else if (j === b.length || (i < a.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) gone += a[i++];
    else come += b[j++];
  }
  out.push([gone, come]);
  return out;
}
