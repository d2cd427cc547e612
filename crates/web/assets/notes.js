// The notes of a session as several people write them at once. Each keystroke goes to the node, which answers with what
// others wrote; what was typed and not confirmed yet is kept here, and moves with what comes.
import { apply, cross, difference, moved, patchesOf, stepsOf, sum } from "./text.js";
import { margin } from "./carets.js";

const retryFirst = 500;
const retryMost = 5000;
const answerWithin = 10000;
const sayEvery = 10000;
const pauseOfUndo = 800;
const undoMost = 300;
// Others see a cursor move some times a second, and that somebody is still here before they would forget it.
const pointEvery = 250;
const hereEvery = 9000;
const writingFor = 3000;
const editsMost = 500;
// Browsers let no more than 64 KiB go on when a window closes.
const keptAliveMost = 16000;

// A field never shows a carriage return, and what stands in for one takes as much room.
const show = (text) => text.replaceAll("\r", "\u240d");
const whole = (text) => (text.toWellFormed ? text.toWellFormed() : text);
const same = (one, other) => one.length === other.length && one.every((head) => other.includes(head));
const sizeOf = (steps) => steps.reduce((size, { del = 0, ins = "" }) => size + del + ins.length, 0);

const mergedNow = () => document.getElementById("merged")?.innerText.trim() ?? "";

const randomWord = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

class Notes {
  constructor(area) {
    this.area = area;
    this.form = area.form;
    this.window = randomWord();
    this.number = 0;
    // What the node has confirmed, and as which version.
    this.known = area.value;
    this.heads = this.form.elements.base.value.split(" ").filter(Boolean);
    this.isSure = false;
    // What is on its way, and what was typed since.
    this.flight = null;
    this.steps = [];
    this.shown = area.value;
    // What the stream told while an answer was on its way.
    this.heard = [];
    this.who = null;
    this.isBehind = false;
    this.isMoved = false;
    this.isAnew = false;
    this.isComposing = false;
    this.answer = null;
    this.isShut = false;
    this.tries = 0;
    this.undos = [];
    this.redos = [];
    this.typedAt = 0;
    this.wroteAt = 0;
    this.toSay = new Set();
    this.saidAt = 0;
    this.wasBad = false;
    this.pointedAt = 0;
    this.state = document.getElementById("notes-state");
    this.margin = margin(area, (words) => this.say(words));
    this.listen();
    this.point();
    document.getElementById("notes-save").hidden = true;
    this.state.hidden = false;
    this.tell();
  }

  // What this window shows, as the stream names it.
  place() {
    const { notebook, notes } = this.area.dataset;
    return `${notebook}/${notes}`;
  }

  // Where the stream of this window begins.
  address() {
    const { notebook, notes } = this.area.dataset;
    const place = new URLSearchParams({ notebook, session: notes, window: this.window });
    if (this.isSure || this.heads.length) place.set("base", this.heads.join(" "));
    return `?${place}`;
  }

  listen() {
    const { area } = this;
    area.addEventListener("compositionstart", () => {
      this.isComposing = true;
    });
    area.addEventListener("compositionend", () => {
      this.isComposing = false;
      this.read();
      const { answer } = this;
      this.answer = null;
      if (answer) this.landed(answer);
      else if (!this.flight) this.goOn();
    });
    area.addEventListener("input", () => this.isComposing || this.read());
    area.addEventListener("beforeinput", (event) => {
      if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return;
      event.preventDefault();
      this.again(event.inputType === "historyUndo");
    });
    area.addEventListener("keydown", (event) => this.key(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    const tools = document.getElementById("notes-tools");
    tools.hidden = false;
    tools.addEventListener("click", (event) => {
      const tool = event.target.closest("[data-tool]")?.dataset.tool;
      if (tool) this.format(tool);
      area.focus();
    });
    // What came from somebody who had been away stands in the margin, and is said once.
    this.merged = mergedNow();
    document.addEventListener("hearth:fresh", () => {
      const now = mergedNow();
      if (now && now !== this.merged) this.say(now);
      this.merged = now;
    });
    document.addEventListener("selectionchange", () => {
      const at = `${area.selectionEnd} ${document.activeElement === area}`;
      if (at !== this.at) this.point();
      this.at = at;
    });
    for (const kind of ["focus", "blur"]) area.addEventListener(kind, () => this.point());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.leave() : this.point()));
    addEventListener("pagehide", () => this.leave());
    addEventListener("beforeunload", (event) => {
      // What is on its way arrives although the window closes.
      if (this.waiting() && (this.tries || this.steps.length)) event.preventDefault();
    });
  }

  key(event) {
    if (event.isComposing || event.altKey || !(event.ctrlKey || event.metaKey)) return;
    const act = {
      b: () => this.format("bold"),
      i: () => this.format("italic"),
      z: () => this.again(!event.shiftKey),
      y: () => this.again(false),
    }[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // Takes over what the field was changed to.
  read() {
    const now = whole(this.area.value);
    const { at, gone, come } = difference(this.shown, now, this.area.selectionEnd);
    if (now !== this.area.value) this.put(now, this.area.selectionStart, this.area.selectionEnd);
    this.shown = now;
    if (!gone && !come) return;
    const steps = [...(gone ? [{ at, del: gone.length }] : []), ...(come ? [{ at, ins: come }] : [])];
    this.keepUndo(at, gone, come);
    this.redos = [];
    this.add(steps);
  }

  add(steps) {
    this.wroteAt = Date.now();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.point(), writingFor + 100);
    this.margin.move(steps);
    for (const step of steps) {
      const last = this.steps.at(-1);
      if (last?.ins && step.ins && step.at === last.at + last.ins.length) last.ins += step.ins;
      else this.steps.push({ ...step });
    }
    this.send();
    this.tell();
  }

  keepUndo(at, gone, come) {
    const now = Date.now();
    const last = this.undos.at(-1);
    const isNear = now - this.typedAt < pauseOfUndo && last?.length === 1;
    this.typedAt = now;
    if (isNear && !gone && last[0].del && at === last[0].at + last[0].del && !come.includes("\n")) {
      last[0].del += come.length;
    } else if (isNear && !come && last[0].ins && at + gone.length === last[0].at) {
      last[0] = { at, ins: gone + last[0].ins };
    } else {
      this.undos.push([...(come ? [{ at, del: come.length }] : []), ...(gone ? [{ at, ins: gone }] : [])]);
      if (this.undos.length > undoMost) this.undos.shift();
    }
  }

  // Takes back one's own last edit, or does it again; what others wrote stays.
  again(isUndo) {
    const [from, to] = isUndo ? [this.undos, this.redos] : [this.redos, this.undos];
    const steps = from.pop();
    if (!steps) return;
    const last = steps.at(-1);
    const caret = last ? last.at + (last.ins?.length ?? 0) : this.area.selectionEnd;
    to.push(this.edit(steps, caret, caret));
  }

  // Puts signs around what is selected, or in front of its lines.
  format(tool) {
    const { selectionStart: from, selectionEnd: to } = this.area;
    const sign = { bold: "**", italic: "_" }[tool];
    const mark = tool === "heading" ? "## " : "- ";
    const steps = [];
    if (sign) {
      steps.push({ at: to, ins: sign }, { at: from, ins: sign });
    } else {
      const first = this.shown.lastIndexOf("\n", from - 1) + 1;
      for (let at = to; at >= first; at -= 1) {
        if (at === first || this.shown[at - 1] === "\n") steps.push({ at, ins: mark });
      }
    }
    const more = (sign ?? mark).length;
    this.undos.push(this.edit(steps, from + more, to + (sign ? more : more * steps.length)));
    this.redos = [];
  }

  // Edits as if it were typed.
  edit(steps, start, end) {
    const back = [];
    let text = this.shown;
    for (const { at, del = 0, ins = "" } of steps) {
      back.unshift(ins ? { at, del: ins.length } : { at, ins: text.slice(at, at + del) });
      text = apply(text, [{ at, del, ins }]);
    }
    this.shown = text;
    this.put(text, start, end);
    this.typedAt = 0;
    if (steps.length) this.add(steps);
    return back;
  }

  // Puts a text into the field.
  put(text, start, end, direction = "none") {
    this.area.value = text;
    this.area.setSelectionRange(start, end, direction);
  }

  waiting() {
    return sizeOf(this.steps) + (this.flight ? sizeOf(this.flight.steps) : 0);
  }

  // Sends what was typed once the last answer is here, or asks for what others wrote.
  send() {
    if (this.flight || this.isComposing || this.isShut || this.isAnew) return;
    if (!this.steps.length && !this.isBehind && !this.isMoved) return;
    const steps = this.steps.slice(0, editsMost);
    this.steps = this.steps.slice(editsMost);
    this.isBehind = false;
    this.isMoved = false;
    if (steps.length) this.number += 1;
    this.flight = { steps, base: this.heads, number: this.number, isAgain: false };
    this.fly();
  }

  // Where the writer is: none where the field has no focus, or what they typed is not on its way yet.
  caret() {
    const isHere = document.activeElement === this.area && !document.hidden;
    const caret = isHere && !this.steps.length ? this.area.selectionEnd : null;
    return { caret, is_writing: Date.now() - this.wroteAt < writingFor };
  }

  // Tells others where the writer is, a few times a second at most, and that they are still here.
  point() {
    clearTimeout(this.pointing);
    if (document.hidden) return;
    const wait = Math.max(50, this.pointedAt + pointEvery - Date.now());
    this.pointing = setTimeout(() => {
      if (this.flight || this.isAnew || this.isComposing) return this.point();
      // What was typed has told it already.
      const isNews = JSON.stringify(this.caret()) !== this.pointed;
      if (isNews || Date.now() - this.pointedAt >= hereEvery) {
        this.isMoved = true;
        this.send();
      }
      this.pointing = setTimeout(() => this.point(), hereEvery);
    }, wait);
  }

  leave() {
    const body = new URLSearchParams({ token: this.form.elements.token.value, leave: this.window });
    navigator.sendBeacon(this.area.dataset.type, body);
  }

  async fly() {
    const { flight } = this;
    const caret = this.caret();
    this.pointed = JSON.stringify(caret);
    this.pointedAt = Date.now();
    const typed = JSON.stringify({
      window: this.window,
      number: flight.number,
      is_again: flight.isAgain,
      base: flight.base,
      edits: patchesOf(flight.steps),
      ...caret,
    });
    const body = new URLSearchParams({ token: this.form.elements.token.value, typed });
    const signal = AbortSignal.timeout(answerWithin);
    const keepalive = typed.length < keptAliveMost;
    try {
      const answer = await fetch(this.area.dataset.type, { method: "POST", body, signal, keepalive, redirect: "error" });
      if (answer.ok) this.landed(await answer.json());
      else await this.refused(answer);
    } catch {
      this.later();
    }
  }

  landed(answer) {
    // A word that is being composed is the field's own until it is done.
    if (this.isComposing) {
      this.answer = answer;
      return;
    }
    const { heads, sum: wanted, patches, turn } = answer;
    const { steps } = this.flight;
    this.flight = null;
    this.tries = 0;
    this.known = apply(this.known, steps);
    this.take(stepsOf(patches), heads, wanted);
    const { who } = this;
    this.who = null;
    if (who) this.margin.people(who.people, [...(who.turn < turn ? steps : []), ...this.steps]);
    this.goOn(turn);
    this.tell();
  }

  // Takes over what the stream told meanwhile. What it told before the node made its answer is in the answer.
  goOn(turn = 0) {
    const heard = this.heard.filter((step) => step.turn > turn);
    this.heard = [];
    for (const step of heard) this.hear({ step });
    this.send();
  }

  // Another stream begins, which tells all that this window lacks.
  opened() {
    this.heard = [];
  }

  // Takes over what others wrote on top of what the node has confirmed.
  take(steps, heads, wanted) {
    this.known = apply(this.known, steps);
    this.heads = heads;
    this.form.elements.base.value = heads.join(" ");
    if (sum(this.known) === wanted) this.isSure = true;
    else this.startAnew();
    this.show(steps);
  }

  show(steps) {
    const [theirs, mine] = cross(steps, this.steps);
    this.steps = mine;
    if (!theirs.length) return;
    for (const kept of [this.undos, this.redos]) {
      let rest = theirs;
      for (let at = kept.length - 1; at >= 0 && rest.length; at -= 1) [rest, kept[at]] = cross(rest, kept[at]);
    }
    const { selectionStart, selectionEnd, selectionDirection } = this.area;
    const isOpen = selectionStart !== selectionEnd;
    const start = moved(selectionStart, theirs, isOpen);
    const end = moved(selectionEnd, theirs);
    this.margin.move(theirs);
    this.margin.still(theirs, () => {
      this.shown = show(apply(this.shown, theirs));
      this.put(this.shown, start, Math.max(start, end), selectionDirection);
    });
    this.area.dispatchEvent(new CustomEvent("hearth:notes", { bubbles: true }));
  }

  // What the stream says.
  hear(told) {
    if (told.people) {
      // Places are told in the text that the node has. Whether it has what is on its way shows in the answer.
      if (this.flight) this.who = told;
      else this.margin.people(told.people, this.steps);
      return;
    }
    if (told.whole) this.begin(told.whole);
    const { step } = told;
    if (!step) return;
    const { from, heads, patches, sum: wanted } = step;
    if (this.flight || this.isComposing) {
      this.heard.push(step);
    } else if (same(heads, this.heads)) {
      if (!this.isSure) this.take([], heads, wanted);
    } else if (same(from, this.heads)) {
      this.take(stepsOf(patches), heads, wanted);
      this.tell();
    } else {
      this.isBehind = true;
      this.send();
    }
  }

  // The text is another than the node's: it is asked for whole, and what was typed here is put on top of it.
  startAnew() {
    this.isSure = false;
    this.isAnew = true;
    this.heads = [];
    document.dispatchEvent(new CustomEvent("hearth:anew"));
  }

  begin({ text, heads, sum: wanted }) {
    if (this.flight) {
      this.isBehind = true;
      return;
    }
    const { at, gone, come } = difference(this.known, text, 0);
    this.isAnew = false;
    this.known = text;
    this.heads = heads;
    this.form.elements.base.value = heads.join(" ");
    this.isSure = sum(text) === wanted;
    this.show([...(gone ? [{ at, del: gone.length }] : []), ...(come ? [{ at, ins: come }] : [])]);
    this.send();
    this.tell();
  }

  // The node refused: for now, for this version, or for good.
  async refused(answer) {
    const told = await answer.json().catch(() => ({}));
    if (told.code === "notes_base_unknown") {
      this.steps = [...this.flight.steps, ...this.steps];
      this.flight = null;
      this.startAnew();
    } else if (answer.status === 403 && !told.code) {
      // The page is locked, or the node is another one by now: what was typed waits until somebody is let in again.
      await this.renew();
      this.later();
    } else if (answer.status >= 500 && told.code !== "closed") {
      this.later();
    } else {
      this.isShut = true;
      this.steps = [...this.flight.steps, ...this.steps];
      this.flight = null;
      this.area.readOnly = true;
      this.tell(told.message);
    }
  }

  // Whoever was let in again has another form token, and it stands in the same page.
  async renew() {
    try {
      const answer = await fetch(location.href.split("#")[0], { headers: { "x-hearth-look": "1" }, redirect: "error" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const token = fresh.getElementById("notes-text")?.form?.elements.token;
      if (token) this.form.elements.token.value = token.value;
    } catch {
      // Nobody is there to ask.
    }
  }

  later() {
    if (!this.flight) return;
    this.flight.isAgain = true;
    const wait = Math.min(retryFirst * 2 ** this.tries, retryMost);
    this.tries += 1;
    setTimeout(() => this.fly(), wait);
    this.tell();
  }

  // Says how far things are kept.
  tell(why = "") {
    const { kept, keeping, waits, shut } = this.state.dataset;
    const waiting = this.waiting();
    const isStuck = this.tries > 0;
    let words = kept;
    if (this.isShut) words = `${why} ${shut}`.trim();
    else if (isStuck && waiting) words = `${waits} ${waiting}`;
    else if (waiting) words = this.state.textContent && this.state.textContent !== kept ? keeping : kept;
    if (this.state.textContent !== words) this.state.textContent = words;
    // A screen reader hears when it begins and ends that things wait, not each keystroke of it.
    const isBad = this.isShut || (isStuck && waiting > 0);
    if (isBad !== this.wasBad) this.say(words);
    this.wasBad = isBad;
  }

  say(words) {
    this.toSay.add(words);
    if (this.saying) return;
    this.saying = setTimeout(() => {
      this.saying = 0;
      this.saidAt = Date.now();
      document.getElementById("notes-said").textContent = [...this.toSay].join(" ");
      this.toSay.clear();
    }, Math.max(0, this.saidAt + sayEvery - Date.now()));
  }
}

// Makes the field of this screen a live one, where there is one.
export const write = () => {
  const area = document.querySelector("textarea[data-notes]");
  return area ? new Notes(area) : null;
};
