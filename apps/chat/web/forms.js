// The forms: the message box, the name, another room.

import { $ } from "/shell/dom.js";

const touch = matchMedia("(pointer: coarse)");

// compose calls send with what was written, and typing while it is being written. Enter sends where there are keys to
// spare for a new line: on a phone it makes one.
export function compose({ send, typing }) {
  const form = $("[data-compose]");
  const { text } = form.elements;
  const fit = () => {
    text.style.height = "";
    text.style.height = `${text.scrollHeight + 2}px`;
  };
  const submit = () => {
    if (!text.value.trim()) return;
    send(text.value.trim());
    text.value = "";
    fit();
    text.focus();
  };

  text.addEventListener("input", () => {
    fit();
    if (text.value.trim()) typing();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || touch.matches) return;
    event.preventDefault();
    submit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });

  return form;
}

// ask makes a form call done with its field, and shows beside the field why it was not taken.
export function ask(form, field, error, done) {
  const complain = (message) => {
    error.textContent = message ?? "";
    error.hidden = !message;
    field.setAttribute("aria-invalid", message ? "true" : "false");
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await done(field.value);
      complain();
    } catch (err) {
      complain(err.message);
      field.focus();
    }
  });
  field.addEventListener("input", () => complain());

  return complain;
}
