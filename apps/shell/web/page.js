// What every application's page has beside its connection: the drawer, and a height that leaves room for the keyboard.

import { $ } from "/shell/dom.js";

const drawer = $("[data-drawer]");
$("[data-drawer-open]").addEventListener("click", () => drawer.showModal());
$("[data-drawer-close]").addEventListener("click", () => drawer.close());
drawer.addEventListener("click", (event) => event.target === drawer && drawer.close()); // beside it

// Where the keyboard covers the page instead of resizing it, the page makes itself as high as what is seen.
const seen = window.visualViewport;
const fit = () => document.documentElement.style.setProperty("--seen", `${Math.round(seen.height * seen.scale)}px`);
seen?.addEventListener("resize", fit);
if (seen) fit();
