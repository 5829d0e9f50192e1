// The switch for the simulated people, where the page has one.

import { $ } from "/shell/dom.js";

export function bindCrowd(live) {
  const box = $("[data-crowd]");
  if (!box) return;
  const input = $("input", box);
  live.socket.on("simulated", (on) => {
    box.hidden = false;
    input.checked = on;
  });
  input.addEventListener("change", () => live.call("simulate", input.checked).catch(() => (input.checked = !input.checked)));
}
