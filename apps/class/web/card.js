// The class's card on the start page: a sheet for each student, which is filled when they hand it in, and the choices,
// whose bars the bell brings.

import { count, s } from "/shell/dom.js";
import { isSimulated } from "./seats.js";

const [WIDTH, HEIGHT, EDGE] = [344, 232, 24];
const SHEETS = 40;
const [COLUMN, ROW] = [18, 18]; // of the sheets
const LINE = 26; // of the choices

export function draw(live, { drawing, facts }) {
  const { socket } = live;
  const svg = s("svg", { class: "class-card", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMidYMid meet", width: "100%", height: "100%" });
  drawing.append(svg);
  let question;
  let room = { people: [], count: 0 };
  let frame;

  socket.on("question", (state) => {
    question = state;
    later();
  });
  socket.on("room", (state) => {
    room = state;
    later();
  });

  function later() {
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      paint();
    });
  }

  function paint() {
    const students = room.count - room.people.filter(({ role }) => role === "teacher").length;
    svg.replaceChildren(...sheets(students, question?.answered ?? 0, question), ...choices(question));
    const state = !question ? "no question yet" : question.rung ? `${share(question)} % were right` : `${question.answered} have answered`;
    const teacher = room.people.find(({ role }) => role === "teacher");
    facts.textContent = [count(students, "student"), state, teacher && (isSimulated(teacher) ? "simulated teacher" : `${teacher.name} teaches`)].filter(Boolean).join(" · ");
  }
}

const share = ({ counts, right, answered }) => Math.round((100 * (counts?.[right] ?? 0)) / Math.max(1, answered));

function sheets(students, answered, question) {
  const columns = Math.floor((WIDTH - 2 * EDGE + COLUMN - 10) / COLUMN);
  return Array.from({ length: Math.min(SHEETS, Math.max(students, answered)) }, (_, i) => {
    const done = i < answered;
    const now = done && i === answered - 1 && !question?.rung;
    return s("rect", {
      x: EDGE + (i % columns) * COLUMN + 0.75,
      y: EDGE + Math.floor(i / columns) * ROW + 0.75,
      width: 10,
      height: 12,
      rx: 1,
      fill: now ? "var(--accent)" : done ? "var(--ink)" : "none",
      stroke: now ? "var(--accent)" : done ? "var(--ink)" : "var(--edge)",
      "stroke-width": 1.25,
    });
  });
}

function choices(question) {
  if (!question) return [];
  const { choices: texts, counts, right, answered } = question;
  const top = HEIGHT - EDGE - texts.length * LINE + 12;
  const width = WIDTH - 2 * EDGE - 24;
  return texts.flatMap((_, i) => {
    const y = top + i * LINE;
    const isRight = right === i;
    const bar = counts && Math.max(2, (width * counts[i]) / Math.max(1, answered));
    return [
      s("text", { x: EDGE, y: y + 5, fill: isRight ? "var(--ink)" : "var(--muted)", "font-size": 13, "font-weight": isRight ? 600 : 400 }, String.fromCharCode(65 + i)),
      s("line", { x1: EDGE + 24, x2: WIDTH - EDGE, y1: y, y2: y, stroke: "var(--line)", "stroke-width": 1 }),
      counts && s("rect", { x: EDGE + 24, y: y - 5, width: bar, height: 10, rx: 2, fill: isRight ? "var(--live)" : "color-mix(in srgb, var(--edge) 60%, var(--paper))" }),
      isRight && counts && s("path", { d: `M${Math.min(EDGE + 24 + bar + 8, WIDTH - EDGE - 12)} ${y}l3.5 4 7-8`, fill: "none", stroke: "var(--ink)", "stroke-width": 1.5, "stroke-linecap": "round" }),
    ].filter(Boolean);
  });
}
