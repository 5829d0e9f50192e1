// What is hard to read on the page, a line each: text with less contrast to what is behind it than WCAG 2.2 asks for
// (1.4.3, level AA): 4.5, or 3 if it is large. Run in a window as the body of a function.

const AA = 4.5;
const LARGE = 3;

for (const each of document.getAnimations()) {
  try {
    each.finish();
  } catch {
    each.cancel(); // one without an end
  }
}

// color reads "rgb(…)", "rgba(…)" and "color(srgb …)" as red, green, blue and alpha, of 1.
function color(words) {
  const numbers = (words.match(/-?[\d.]+(e-?\d+)?%?/g) ?? []).map((n) => (n.endsWith("%") ? parseFloat(n) / 100 : Number(n)));
  const [r, g, b, a = 1] = numbers;
  if (words.startsWith("color(srgb")) return [r, g, b, a];
  if (words.startsWith("rgb")) return [r / 255, g / 255, b / 255, a];
  return [0, 0, 0, 0]; // none, transparent
}

const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];

function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

const contrast = (a, b) => {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
};

// paint is what an element puts behind what is in and above it.
function paint(element) {
  const style = getComputedStyle(element);
  if (!(element instanceof SVGGeometryElement)) return color(style.backgroundColor);
  const [r, g, b, a] = color(style.fill);
  return [r, g, b, a * Number(style.fillOpacity)];
}

function opacity(element) {
  let all = 1;
  for (let each = element; each; each = each.parentElement) all *= Number(getComputedStyle(each).opacity);
  return all;
}

// behind is the colour that is seen behind an element at a point: of its ancestors, and of what else lies below it there.
function behind(element, x, y) {
  const ancestors = [];
  for (let each = element; each; each = each.parentElement) ancestors.push(each);
  const stack = document.elementsFromPoint(x, y);
  const from = stack.findIndex((each) => ancestors.includes(each));
  const below = from < 0 ? ancestors : stack.slice(from);
  if (from >= 0 && stack[from] !== element) below.unshift(...ancestors.slice(0, ancestors.indexOf(stack[from])));
  let seen = color(getComputedStyle(document.documentElement).backgroundColor);
  for (const each of below.toReversed()) {
    const [r, g, b, a] = paint(each);
    seen = over([r, g, b, a * opacity(each)], seen);
  }
  return seen;
}

const name = (element) => {
  const path = [];
  for (let each = element; each && each !== document.body && path.length < 4; each = each.parentElement) {
    path.unshift(each.localName + (each.id ? `#${each.id}` : "") + [...each.classList].map((c) => `.${c}`).join(""));
  }
  return path.join(" > ");
};

const hex = (c) => `#${c.slice(0, 3).map((n) => Math.round(n * 255).toString(16).padStart(2, "0")).join("")}`;

const complaints = new Set();

function check(element, words, inkWords, box) {
  const style = getComputedStyle(element);
  if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest(":disabled, [aria-disabled=true]")) return;
  for (let each = element; each; each = each.parentElement) if (getComputedStyle(each).clipPath === "inset(50%)") return; // for screen readers
  if (box.width < 1 || box.height < 1 || box.right < 0 || box.bottom < 0 || box.left > innerWidth || box.top > innerHeight) return;
  const [x, y] = [Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1), Math.min(Math.max(box.top + box.height / 2, 0), innerHeight - 1)];
  const ground = behind(element, x, y);
  const [r, g, b, a] = color(inkWords);
  if (a === 0) return; // it only takes the room of text that is drawn elsewhere
  const ink = over([r, g, b, a * opacity(element)], ground);
  const size = parseFloat(style.fontSize);
  const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? LARGE : AA;
  const got = contrast(ink, ground);
  if (got < wanted - 0.005) complaints.add(`${name(element)}: “${words.trim().slice(0, 30)}” has ${got.toFixed(2)} of ${wanted}, ${hex(ink)} on ${hex(ground)}`);
}

const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  if (!node.data.trim()) continue;
  const element = node.parentElement;
  const range = document.createRange();
  range.selectNodeContents(node);
  const style = getComputedStyle(element);
  check(element, node.data, element instanceof SVGElement ? style.fill : style.color, range.getBoundingClientRect());
}
for (const field of document.querySelectorAll("input, textarea, select")) {
  if (["checkbox", "radio", "range", "color"].includes(field.type)) continue;
  const shown = field.value ? getComputedStyle(field) : getComputedStyle(field, "::placeholder");
  if (field.value || field.placeholder) check(field, field.value || field.placeholder, shown.color, field.getBoundingClientRect());
}
return [...complaints].join("\n");
