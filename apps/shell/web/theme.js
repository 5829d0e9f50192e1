// A plain script in the head, so that the page is never painted in the wrong theme.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("brio.theme");
    } catch {
      return null; // storage is switched off: the system's theme it is
    }
  };
  const apply = () => (root.dataset.theme = chosen() ?? (system.matches ? "dark" : "light"));

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("DOMContentLoaded", () => {
    document.querySelector("[data-theme-switch]")?.addEventListener("click", () => {
      root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
      try {
        localStorage.setItem("brio.theme", root.dataset.theme);
      } catch {
        // Not remembered, but switched.
      }
    });
  });
})();
