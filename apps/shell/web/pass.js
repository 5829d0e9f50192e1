// Who is at the page: a pass that the server signs, kept for the next time and for the other tabs of this browser.

import { $, store } from "/shell/dom.js";

// Pass is somebody's pass for one role, which may be set anew: the next connection then presents a pass for that one. Who
// somebody is does not depend on the role.
export class Pass {
  person = { id: "", name: "", role: "" };
  #listeners = [];

  constructor(role = "visitor") {
    this.role = role;
    this.#bind();
    addEventListener("storage", ({ key }) => {
      const kept = key === this.#key && this.person.id && read(key)?.person;
      if (kept && (kept.id !== this.person.id || kept.name !== this.person.name)) this.renamed?.(); // in another tab
    });
  }

  get #key() {
    return `brio.pass.${this.role}`;
  }

  // auth is for Live: it asks for a pass if there is none.
  auth = async (give) => {
    try {
      give({ pass: await this.get() });
    } catch {
      give({}); // without a pass one looks on; the next connection asks again
    }
  };

  async get() {
    const kept = read(this.#key);
    if (!kept) return this.ask({});
    this.#become(kept.person);
    return kept.pass;
  }

  // ask asks the server for a pass, under another name if one is given. What it throws says what to do.
  async ask({ name = "" }) {
    const mine = read(this.#key) ?? read("brio.pass");
    const body = JSON.stringify({ name: name || mine?.person.name || "", role: this.role, pass: mine?.pass ?? "" });
    const answer = await fetch("/pass", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const given = await answer.json();
    if (!answer.ok) throw new Error(given.error);
    store.set(this.#key, JSON.stringify(given));
    store.set("brio.pass", JSON.stringify(given));
    this.#become(given.person);
    return given.pass;
  }

  // forget is for a pass that the server does not take.
  forget() {
    store.set(this.#key, "");
    store.set("brio.pass", JSON.stringify({ pass: "", person: this.person }));
  }

  // onChange calls f with the person, now and whenever it changes.
  onChange(f) {
    this.#listeners.push(f);
    if (this.person.id) f(this.person);
  }

  #become(person) {
    if (person.id === this.person.id && person.name === this.person.name) return;
    this.person = person;
    for (const f of this.#listeners) f(person);
  }

  // bind brings the page's form for a name to life, where there is one.
  #bind() {
    const dialog = $("[data-person-dialog]");
    if (!dialog) return;
    const form = $("form", dialog);
    const error = $("[data-person-error]", dialog);
    this.onChange(({ name }) => {
      $("[data-person]").hidden = false;
      $("[data-person-name]").textContent = name;
    });
    $("[data-person]").addEventListener("click", () => {
      error.hidden = true;
      form.elements.name.value = this.person.name;
      dialog.showModal();
      form.elements.name.select();
    });
    $("[data-person-close]").addEventListener("click", () => dialog.close());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await this.ask({ name: form.elements.name.value });
        dialog.close();
        this.renamed?.();
      } catch (err) {
        error.textContent = err.message;
        error.hidden = false;
        form.elements.name.setAttribute("aria-invalid", "true");
      }
    });
  }
}

function read(key) {
  try {
    return JSON.parse(store.get(key) || "null");
  } catch {
    return null; // not of our making
  }
}
