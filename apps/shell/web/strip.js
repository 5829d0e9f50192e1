// The score strip: five lines on which the events of a page are played as they happen.
//
// A hollow note was sent, a filled one came; its pitch is its name's, so the same event always sounds the same. The
// space between two notes grows with the time between them. An arc ties a call to the small note of its acknowledgement.
// A bar line opens a connection, a double one ends it, and without a connection the lines are broken.

import { s } from "/shell/dom.js";

const KEPT = 160; // notes
const EDGE = 40; // px between the newest note and the end of the lines
const CHORD = 30; // ms within which two events sound together

export class Strip {
  #svg = s("svg", { "aria-hidden": "true" });
  #score = s("g", { class: "score" });
  #gap; // px between two lines
  #middle;
  #width = 0;
  #pen = -16; // where the last note is
  #time = -Infinity; // and when
  #chord = new Set(); // the pitches that sound there
  #voice; // and what plays them
  #now; // the newest note
  #name; // and what it is called, where there is space to say so

  constructor(figure) {
    const height = figure.clientHeight;
    const tall = height > 80;
    this.#gap = tall ? 14 : 8;
    this.#middle = height / 2;
    for (let i = -2; i <= 2; i++) {
      const y = Math.round(this.#middle + i * this.#gap) + 0.5;
      this.#svg.append(s("line", { class: "line", x1: 0, x2: "100%", y1: y, y2: y }));
    }
    this.#svg.append(this.#score);
    if (tall) this.#score.append((this.#name = s("text", { class: "name", y: height - 4 })));
    figure.append(this.#svg);
    new ResizeObserver(([entry]) => {
      this.#width = entry.contentRect.width;
      this.#scroll();
    }).observe(figure);
  }

  // play writes an event and returns its note, for answered.
  play(event, sent) {
    const pitch = pitchOf(event) + (sent ? -1 : -4); // two voices: what is sent lies higher, its stems point down
    this.#advance(pitch, sent);
    const stem = (this.#gap * 5.2) / 2;
    return this.#write(event, pitch, sent ? "sent" : "received", sent ? stem : -stem);
  }

  // answered writes the acknowledgement of a note, and ties it to that note.
  answered(note) {
    this.#advance(note.pitch);
    const { x, y } = this.#write(note.event, note.pitch, "acknowledged", 0);
    const [start, end, edge] = [note.x + 3, x - 1, y - this.#gap * 0.7];
    const rise = Math.min(5 + (end - start) / 12, this.#gap * 1.5);
    this.#score.append(s("path", { class: "arc", d: `M${start} ${edge}Q${(start + end) / 2} ${edge - rise} ${end} ${edge}` }));
  }

  set connected(connected) {
    this.#svg.classList.toggle("is-off", !connected);
    this.#now?.classList.remove("now");
    this.#time = -Infinity;
    this.#advance(0);
    const [top, bottom] = [this.#middle - 2 * this.#gap, this.#middle + 2 * this.#gap];
    const bar = `M${this.#pen} ${top}V${bottom}` + (connected ? "" : `m4 0V${top}`);
    this.#score.append(s("path", { class: "bar", d: bar }));
    this.#time = -Infinity;
    this.#scroll();
  }

  // advance moves the pen on, unless the note sounds together with the one before.
  #advance(pitch, voice) {
    const now = performance.now();
    const pause = now - this.#time;
    this.#time = now;
    if (pause < CHORD && voice === this.#voice && ![...this.#chord].some((other) => Math.abs(other - pitch) < 2)) {
      this.#chord.add(pitch);
      return;
    }
    this.#voice = voice;
    this.#pen += pause === Infinity ? 24 : Math.min(this.#gap * 2 + 7 * Math.log2(1 + pause / 100), 80);
    this.#chord = new Set([pitch]);
  }

  #write(event, pitch, what, stem) {
    const x = this.#pen;
    const y = this.#middle - (pitch * this.#gap) / 2;
    const size = this.#gap * (stem ? 0.56 : 0.4);
    const side = stem > 0 ? x - size : x + size;
    const note = s(
      "g",
      { class: `note is-${what} now` },
      stem !== 0 && s("path", { class: "stem", d: `M${side} ${y}v${stem}` }),
      s("ellipse", { cx: x, cy: y, rx: size * 1.08, ry: size * 0.78, transform: `rotate(-20 ${x} ${y})` }),
      s("title", null, `${event}, ${what} at ${new Date().toLocaleTimeString()}`),
    );
    this.#now?.classList.remove("now");
    this.#now = note;
    this.#score.append(note);
    if (this.#name) {
      this.#name.setAttribute("x", x);
      this.#name.textContent = event;
      this.#score.append(this.#name);
    }
    while (this.#score.childElementCount > KEPT) this.#score.firstElementChild.remove();
    this.#scroll();
    return { event, pitch, x, y };
  }

  #scroll() {
    this.#score.style.transform = `translateX(${Math.min(0, this.#width - EDGE - this.#pen)}px)`;
  }
}

// pitchOf gives a name one of the six places of its voice.
function pitchOf(event) {
  let hash = 5;
  for (const letter of event) hash = (hash * 33 + letter.codePointAt(0)) % 9973;
  return hash % 6;
}
