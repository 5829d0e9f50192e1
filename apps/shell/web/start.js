// The start page: a socket for each application, and the drawing on its card.

import { $ } from "/shell/dom.js";
import { Live } from "/shell/live.js";

for (const card of document.querySelectorAll("[data-app]")) {
  const { app } = card.dataset;
  import(`/${app}/card.js`).then(({ draw, streams }) => {
    draw(new Live(`/${app}`, undefined, streams), { drawing: $("[data-drawing]", card), facts: $("[data-facts]", card) });
  });
}

const copy = $("[data-copy]");
copy.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("[data-command]").textContent);
    copy.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("[data-command]")); // not allowed: mark it for copying by hand
  }
});
