// What keys can reach. Run in a window as the body of a function, with a step: "begin", "at" or "missed".

const look = (element) => {
  const style = getComputedStyle(element);
  return [style.outlineStyle === "none" ? 0 : style.outlineWidth, style.outlineColor, style.borderColor, style.boxShadow, style.backgroundColor, style.textDecorationLine].join();
};

// name finds an element again that was drawn anew.
function name(element) {
  const own = [element.id, element.getAttribute("aria-label"), element.name, ...Object.entries(element.dataset).flat()].filter(Boolean);
  return [element.localName, ...(own.length ? own : [element.textContent.trim().slice(0, 24)])].join(" ");
}

if (step === "begin") {
  const group = (each) => each.type === "radio" && [...document.getElementsByName(each.name)];
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, [tabindex]")].filter(
    (each) => each.tabIndex >= 0 && !each.disabled && !each.closest("[inert]") && each.checkVisibility({ visibilityProperty: true }),
  );
  // Of the buttons of one choice, the chosen one is reached by Tab, or the first one.
  const reached = all.filter((each) => !group(each) || each === (group(each).find(({ checked }) => checked) ?? group(each)[0]));
  window.tabs = { wanted: new Map(reached.map((each) => [name(each), look(each)])), seen: new Set(), unseen: new Set() };
  document.activeElement?.blur();
  return String(tabs.wanted.size);
}

if (step === "at") {
  const at = document.activeElement;
  if (!at || at === document.body) return "";
  tabs.seen.add(name(at));
  const before = tabs.wanted.get(name(at));
  const [now, ring] = [look(at), (element) => getComputedStyle(element).outlineStyle !== "none" && parseFloat(getComputedStyle(element).outlineWidth) > 0];
  // A hidden box shows its focus at what stands for it, a sheet at its edge.
  const edges = [at.parentElement, at.parentElement?.parentElement].filter((each) => each && getComputedStyle(each).boxShadow !== "none");
  if (!ring(at) && now === before && !edges.length && ![at.nextElementSibling, at.parentElement].some((each) => each && ring(each))) tabs.unseen.add(name(at));
  return name(at);
}

const missed = [...tabs.wanted.keys()].filter((each) => !tabs.seen.has(each)).map((each) => `not reached by Tab: ${each}`);
const unseen = [...tabs.unseen].map((each) => `its focus is not seen: ${each}`);
return [...missed, ...unseen].join("\n");
