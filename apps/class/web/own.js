// The form for a teacher's own question.

import { $, h } from "/shell/dom.js";
import { letter } from "./board.js";

const MOST = 6;

// bindOwn calls ask with the question that was written; what that throws is shown.
export function bindOwn(ask) {
  const dialog = $("[data-own-dialog]");
  const form = $("[data-own-form]");
  const choices = $("[data-own-choices]");
  const error = $("[data-own-error]");

  const add = () => {
    const i = choices.childElementCount;
    choices.append(
      h(
        "div",
        { class: "own-choice" },
        h("input", { type: "radio", name: "right", value: i, "aria-label": `${letter(i)} is right`, checked: i === 0 }),
        h("input", { class: "field", name: "choice", maxlength: 60, "aria-label": `Choice ${letter(i)}`, placeholder: `Choice ${letter(i)}`, autocomplete: "off" }),
      ),
    );
    $("[data-own-more]").hidden = i + 1 >= MOST;
  };
  for (let i = 0; i < 4; i++) add();

  const complain = (words) => {
    error.textContent = words ?? "";
    error.hidden = !words;
  };
  $("[data-own]").addEventListener("click", () => {
    complain();
    dialog.showModal();
    form.elements.text.focus();
  });
  $("[data-own-close]").addEventListener("click", () => dialog.close());
  $("[data-own-more]").addEventListener("click", () => {
    add();
    choices.lastElementChild.lastElementChild.focus();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const rows = [...choices.children].map((row) => ({ text: row.lastElementChild.value.trim(), right: row.firstElementChild.checked })).filter(({ text }) => text);
    const question = {
      text: form.elements.text.value.trim(),
      choices: rows.map(({ text }) => text),
      right: rows.findIndex(({ right }) => right),
      seconds: Number(form.elements.seconds.value),
    };
    try {
      await ask(question);
      dialog.close();
      form.reset();
    } catch (err) {
      complain(err.message);
    }
  });
}
