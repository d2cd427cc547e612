// What stands beside the text that somebody writes: where others are, and the place on the screen that does not move.
import { moved } from "./text.js";

// How long somebody is taken to be where they said; they say so again within 10 s.
const lastsMs = 25000;

// What decides where a letter stands.
const copied = "font letterSpacing wordSpacing tabSize padding direction unicodeBidi textAlign".split(" ");
// Letters that are written from the right.
const fromRight = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

// Each window of a device is somewhere of its own.
const windowOf = (one) => `${one.device_id} ${one.window}`;

const bodyOf = (area) => {
  const body = document.createElement("div");
  body.className = "under";
  body.setAttribute("aria-hidden", "true");
  area.before(body);
  return body;
};

class Margin {
  constructor(area, say) {
    this.area = area;
    this.say = say;
    this.here = document.getElementById("here");
    this.others = [];
    // The same text in the same lines, unseen: a field does not say where its letters are.
    this.under = bodyOf(area);
    this.node = document.createTextNode("");
    this.under.append(this.node);
    this.over = document.createElement("div");
    this.over.className = "over";
    this.over.setAttribute("aria-hidden", "true");
    area.after(this.over);
    area.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(area);
    if (this.here) this.here.hidden = false;
  }

  lay(text) {
    const line = `${text}\u200b`;
    if (this.node.data !== line) this.node.data = line;
    if (this.width === this.area.clientWidth) return;
    this.width = this.area.clientWidth;
    const like = getComputedStyle(this.area);
    const { style } = this.under;
    for (const name of copied) style[name] = like[name];
    style.width = `${this.width}px`;
  }

  rect(place) {
    const range = document.createRange();
    const at = Math.min(place, this.node.length - 1);
    range.setStart(this.node, at);
    range.setEnd(this.node, at + 1);
    const [rect] = range.getClientRects();
    return rect ?? this.under.getBoundingClientRect();
  }

  // Where a place in the text is on the screen.
  y(place) {
    return this.rect(place).top - this.area.scrollTop;
  }

  // The first place that is seen, by halves.
  firstSeen(top) {
    let [low, high] = [0, this.node.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.y(middle) < top) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Changes the text so that what is looked at stays where it is: the writer's own line, or else the first one seen.
  still(steps, change) {
    const { area } = this;
    const box = area.getBoundingClientRect();
    const top = Math.max(0, box.top);
    const isOwn = document.activeElement === area;
    const isAside = box.bottom < 0;
    const scrolls = area.scrollHeight > area.clientHeight + 1;
    if (!isOwn && box.top >= 0 && !(scrolls && area.scrollTop > 0)) {
      change();
      return;
    }
    this.lay(area.value);
    let place = isOwn ? area.selectionEnd : this.firstSeen(top);
    let before = this.y(place);
    if (isOwn && (before < top || before > innerHeight)) {
      place = this.firstSeen(top);
      before = this.y(place);
    }
    // The browser would hold on to something else, and the two would add up.
    const root = document.documentElement;
    root.classList.add("held");
    const bottom = box.bottom;
    change();
    this.lay(area.value);
    const by = isAside ? area.getBoundingClientRect().bottom - bottom : this.y(moved(place, steps)) - before;
    if (Math.abs(by) >= 1) {
      if (scrolls) area.scrollTop += by;
      else scrollBy({ top: by, behavior: "instant" });
    }
    requestAnimationFrame(() => root.classList.remove("held"));
  }

  // Who else is here, and where in the text.
  people(told, steps) {
    const until = Date.now() + lastsMs;
    const known = new Map(this.others.map((one) => [windowOf(one), one]));
    this.others = told.map((one) => ({
      ...one,
      // A place whose letter is gone by now is about where it was.
      at: one.at === null ? (known.get(windowOf(one))?.at ?? null) : moved(one.at, steps, true),
      until,
    }));
    this.list(known);
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.forget(), lastsMs + 1000);
  }

  forget() {
    const now = Date.now();
    this.others = this.others.filter((one) => one.until > now);
    this.list(new Map());
    this.draw();
  }

  list(known) {
    if (!this.here) return;
    this.here.hidden = false;
    const came = [];
    for (const line of this.here.querySelectorAll("[data-person]")) {
      const device = line.querySelector("[data-device]");
      if (!device) continue;
      const theirs = this.others.filter((one) => one.person === line.dataset.person);
      line.hidden = !theirs.length;
      device.textContent = [...new Set(theirs.map((one) => one.device))].join(", ");
      line.querySelector("[data-writing]").hidden = !theirs.some((one) => one.writing);
      if (theirs.length && theirs.every((one) => !known.has(windowOf(one)))) came.push(theirs[0].name);
    }
    if (came.length) this.say(`${this.here.dataset.came} ${came.join(", ")}`);
  }

  classOf(person) {
    const named = this.here?.querySelector(`[data-person="${CSS.escape(person)}"] :is(.name-a, .name-b)`);
    return named?.classList.contains("name-a") ? "a" : "b";
  }

  move(steps) {
    for (const one of this.others) if (one.at !== null) one.at = moved(one.at, steps, true);
    this.draw();
  }

  // Draws a bar where each of the others is, and the name beside that line, so that it covers no word.
  draw() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      const marks = [];
      const placed = this.others.filter((one) => one.at !== null);
      if (placed.length) this.lay(this.area.value);
      const box = this.over.getBoundingClientRect();
      for (const one of placed) {
        const rect = this.rect(Math.min(one.at, this.area.value.length));
        const letter = String.fromCodePoint(this.node.data.codePointAt(one.at) ?? 0);
        const left = fromRight.test(letter) ? rect.right : rect.left;
        const top = rect.top - this.area.scrollTop - box.top;
        if (top < 0 || top > box.height) continue;
        const bar = document.createElement("span");
        bar.className = `at ${this.classOf(one.person)}`;
        Object.assign(bar.style, { left: `${left - box.left}px`, top: `${top}px`, height: `${rect.height}px` });
        const name = document.createElement("span");
        name.className = `who ${this.classOf(one.person)}`;
        name.textContent = one.name;
        name.style.top = `${top}px`;
        marks.push(bar, name);
      }
      this.over.replaceChildren(...marks);
    });
  }
}

export const margin = (area, say) => new Margin(area, say);
