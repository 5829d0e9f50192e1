// Elements without a framework. Text is only ever set as text, never as markup.

export const $ = (selector, within = document) => within.querySelector(selector);

// h makes an element: h("li", { class: "line", onclick }, "text", child, …). Nothing is made of null and false.
export const h = (name, attributes, ...children) => make(document.createElement(name), attributes, children);

// s makes an SVG element in the same way.
export const s = (name, attributes, ...children) =>
  make(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

function make(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

// count says a number of things: count(1, "person", "people").
export const count = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;

// store is localStorage, or a memory where that is switched off.
export const store = (() => {
  const memory = new Map();
  const attempt = (fn, otherwise) => {
    try {
      return fn();
    } catch {
      return otherwise;
    }
  };
  return {
    get: (key) => attempt(() => localStorage.getItem(key), null) ?? memory.get(key) ?? null,
    set(key, value) {
      memory.set(key, value);
      attempt(() => localStorage.setItem(key, value));
    },
  };
})();

// pause keeps a button from being pressed until the function that it returns is called. The focus is then where it was or,
// where the button is gone, at what that function is given.
export function pause(button) {
  const focused = document.activeElement === button;
  button.disabled = true;
  return (instead) => {
    button.disabled = false;
    if (focused && document.activeElement === document.body) (button.isConnected ? button : instead?.())?.focus();
  };
}

// secret makes a name that nobody guesses.
export const secret = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
