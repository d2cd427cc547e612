// The keyboard: every place and every act that a screen shows can be reached without a mouse. Single letters do
// nothing while somebody writes, and can be turned off in the sheet that `?` opens.

const store = "hearth-letters";
const off = () => localStorage.getItem(store) === "off";

const isWriting = (target) =>
  target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);

const here = () => (location.pathname.match(/^\/n\/[^/]+/) || [""])[0];

const go = (address) => {
  location.href = address;
};

const places = {
  t: () => "/",
  j: () => "/journal",
  h: () => here(),
  s: () => here() && here() + "/sessions",
  g: () => here() && here() + "/goals",
  a: () => here() && here() + "/agreement",
  p: () => here() && here() + "/people",
};

const rows = () => [...document.querySelectorAll("main .lines > li a[href], main .steps a[href]")];

const step = (by) => {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
  all[next].focus();
};

const dialog = (label, fill) => {
  const back = document.activeElement;
  const box = document.createElement("dialog");
  box.className = "dialog";
  box.setAttribute("aria-label", label);
  fill(box);
  document.body.append(box);
  box.addEventListener("close", () => {
    box.remove();
    back?.focus();
  });
  box.showModal();
  return box;
};

const element = (name, text, more = {}) => {
  const one = document.createElement(name);
  if (text) one.textContent = text;
  return Object.assign(one, more);
};

const words = () => JSON.parse(document.body.dataset.words || "{}");

const help = () => {
  const say = words();
  dialog(say.title || "Keyboard", (box) => {
    box.append(element("h2", say.title));
    const list = element("div", "", { className: "keys" });
    for (const [key, what] of say.keys || []) {
      const row = element("div");
      row.append(element("kbd", key), element("span", what));
      list.append(row);
    }
    const letters = element("label", "", { className: "choice" });
    const check = element("input", "", { type: "checkbox", checked: !off() });
    check.addEventListener("change", () => localStorage.setItem(store, check.checked ? "on" : "off"));
    letters.append(check, element("span", say.letters));
    const close = element("button", say.close, { className: "btn", type: "button" });
    close.addEventListener("click", () => box.close());
    box.append(list, letters, close);
  });
};

const palette = () => {
  const say = words();
  const links = [...document.querySelectorAll("nav a[href], main a.btn[href], main h3 a[href]")];
  const seen = new Set();
  const choices = [];
  for (const link of links) {
    const href = link.getAttribute("href");
    const text = link.textContent.trim().replace(/\s+/g, " ");
    if (!text || href.startsWith("#") || seen.has(href)) continue;
    seen.add(href);
    choices.push([text, href]);
  }
  dialog(say.palette || "Go to", (box) => {
    box.classList.add("palette");
    const field = element("input", "", { type: "search" });
    field.setAttribute("aria-label", say.palette || "Go to");
    const list = element("ul", "", { className: "stack-s" });
    const show = () => {
      const wanted = field.value.toLowerCase();
      list.replaceChildren();
      for (const [text, href] of choices.filter(([text]) => text.toLowerCase().includes(wanted)).slice(0, 12)) {
        const row = element("li");
        row.append(element("a", text, { href }));
        list.append(row);
      }
      list.querySelector("a")?.classList.add("chosen");
    };
    field.addEventListener("input", show);
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        const first = list.querySelector("a");
        go(first ? first.getAttribute("href") : "/search?q=" + encodeURIComponent(field.value));
      }
    });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      const all = [field, ...list.querySelectorAll("a")];
      const at = all.indexOf(document.activeElement);
      all[Math.min(all.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))].focus();
    });
    show();
    box.append(field, list);
  });
};

export const listen = () => {
  let waits = false;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      palette();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.key === "Escape" && isWriting(event.target)) {
      event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target) || off()) return;
    if (document.querySelector("dialog[open]")) return;
    if (waits) {
      waits = false;
      const place = places[event.key]?.();
      if (place) go(place);
      return;
    }
    switch (event.key) {
      case "g":
        waits = true;
        setTimeout(() => (waits = false), 1500);
        return;
      case "/":
        event.preventDefault();
        go("/search");
        return;
      case "?":
        help();
        return;
      case "j":
        return step(1);
      case "k":
        return step(-1);
      case "n":
      case "e": {
        const wanted = document.querySelector(`[data-key="${event.key}"]`);
        if (!wanted) return;
        event.preventDefault();
        const fold = wanted.closest("details") || wanted;
        if (fold.tagName === "DETAILS") fold.open = true;
        (fold.querySelector("input:not([type=hidden]), textarea, select") || wanted).focus();
        return;
      }
      case "x":
        document.activeElement?.closest("li")?.querySelector("button.tick")?.click();
        return;
    }
  });
};
