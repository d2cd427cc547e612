// What changes elsewhere appears here: the page is told that something changed, asks for itself again, and puts in
// place the parts that differ. What somebody is writing in, or has the focus in, is left alone.

const look = { "x-hearth-look": "1" };
const lostAfter = 3000;
// What is typed draws no whole screen for each keystroke; a window that shows it as it is typed waits for a pause.
const typedWait = 3000;
const typedMost = 30000;
// How long ago somebody was heard goes on by itself.
const agoEvery = 60000;
let asked = false;
let again = false;
let drawnAt = Date.now();
// The notes that somebody writes in on this screen: while they wait for the node, nothing draws over them.
let typing = null;

const isBusy = (part) => {
  if (part.contains(document.activeElement) && document.activeElement !== document.body) return true;
  // What was typed into a form that went wrong stands in it again this once.
  if (part.querySelector("dialog[open], .error")) return true;
  for (const field of part.querySelectorAll("input, textarea, select")) {
    if (field.type === "hidden") continue;
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked !== field.defaultChecked) return true;
    } else if (field.tagName === "SELECT") {
      const first = [...field.options].findIndex((option) => option.defaultSelected);
      if (field.selectedIndex !== Math.max(first, 0)) return true;
    } else if (field.value !== field.defaultValue) return true;
  }
  return false;
};

// Each fold of a part, by where it stands, what it is called, and which of that name it is: others may come before it.
const folds = (part) => {
  const found = new Map();
  for (const one of part.querySelectorAll("details")) {
    const name = `${one.closest("[id]")?.id} ${one.querySelector("summary")?.textContent}`;
    let at = 0;
    while (found.has(`${name} ${at}`)) at += 1;
    found.set(`${name} ${at}`, one);
  }
  return found;
};

const sheet = () => document.getElementById("main");

// A part may hold others; those within come first, so that only what differs is put in place.
const put = (fresh) => {
  for (const part of [...document.querySelectorAll("[data-live][id]")].reverse()) {
    const other = fresh.getElementById(part.id);
    if (!other || part.isEqualNode(other)) continue;
    const was = folds(part);
    const copy = document.importNode(other, true);
    for (const [name, one] of folds(copy)) {
      if (was.get(name)?.open) one.open = true;
    }
    if (part.isEqualNode(copy) || isBusy(part)) continue;
    part.replaceWith(copy);
  }
  const [was, now] = [sheet(), fresh.getElementById("main")];
  if (!was || !now) return;
  was.dataset.seen = now.dataset.seen ?? "";
  was.dataset.peers = now.dataset.peers ?? "";
};

// How the peers stand is on every screen, how much each has on few.
const showsOther = (peers) => {
  const [state, counts] = peers.split(" ");
  const [shown, shownCounts] = (sheet()?.dataset.peers ?? "").split(" ");
  return state !== shown || (counts !== shownCounts && !!document.querySelector("[data-counts]"));
};

const refresh = async () => {
  // What answers a form, such as an invitation, is shown once.
  if (document.querySelector("[data-once]")) return;
  if (asked) {
    again = true;
    return;
  }
  asked = true;
  try {
    const answer = await fetch(location.href.split("#")[0], { headers: look });
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      put(fresh);
      drawnAt = Date.now();
      document.dispatchEvent(new CustomEvent("hearth:fresh"));
    } else if ((answer.redirected || answer.status === 403) && !typing?.waiting()) location.reload();
  } catch {
    // The stream notices that the node is gone, and says so.
  } finally {
    asked = false;
    if (again) {
      again = false;
      refresh();
    }
  }
};

// Without the node nothing is known of anybody: every state becomes "unknown".
const lose = () => {
  const main = sheet();
  if (!main || main.classList.contains("lost-node")) return;
  main.classList.add("lost-node");
  for (const pill of document.querySelectorAll("[data-peer]")) {
    const words = pill.querySelector("span");
    if (!words) continue;
    pill.dataset.was = words.textContent;
    words.textContent = pill.dataset.peer;
  }
  const line = document.createElement("p");
  line.className = "lost";
  line.id = "lost";
  line.setAttribute("role", "alert");
  line.textContent = main.dataset.lost || "";
  main.before(line);
};

const find = () => {
  sheet()?.classList.remove("lost-node");
  document.getElementById("lost")?.remove();
  for (const pill of document.querySelectorAll("[data-was]")) {
    pill.querySelector("span").textContent = pill.dataset.was;
    delete pill.dataset.was;
  }
};

// A browser opens few connections to one place, so only the window that is seen keeps one.
export const follow = (notes) => {
  typing = notes;
  const notebook = location.pathname.split("/")[1] === "n" ? location.pathname.split("/")[2] : "";
  let source = null;
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  let soon = 0;
  let soonSince = 0;
  const refreshSoon = (isShown) => {
    if (!soon) soonSince = Date.now();
    else if (!isShown || Date.now() - soonSince > typedMost) return;
    clearTimeout(soon);
    soon = setTimeout(() => {
      soon = 0;
      if (!document.hidden) refresh();
    }, typedWait);
  };
  const open = () => {
    source = new EventSource(`/live${notes?.address() ?? ""}`);
    source.addEventListener("notes", (event) => notes.hear(JSON.parse(event.data)));
    source.addEventListener("open", () => {
      clearTimeout(timer);
      notes?.opened();
      find();
    });
    // What came between the screen's being drawn and this stream nobody told of.
    source.addEventListener("begun", (event) => {
      if (event.data !== sheet()?.dataset.seen || Date.now() - drawnAt > agoEvery) refresh();
    });
    source.addEventListener("error", () => {
      // It ended for good: the page was locked, this browser was sent away, or too many windows are open.
      if (source?.readyState === EventSource.CLOSED) {
        refresh();
        if (notes?.waiting()) setTimeout(() => source?.readyState === EventSource.CLOSED && open(), lostAfter);
      }
      clearTimeout(timer);
      timer = setTimeout(lose, lostAfter);
    });
    source.addEventListener("change", (event) => {
      const told = event.data.split(" ").filter((one) => !notebook || one === "*" || one.split("/")[0] === notebook);
      if (told.some((one) => !one.includes("/"))) refresh();
      else if (told.length && !sheet()?.matches("[data-index]")) refreshSoon(told.every((one) => one === notes?.place()));
    });
    source.addEventListener("peers", (event) => showsOther(event.data) && refresh());
  };
  document.addEventListener("hearth:anew", () => {
    close();
    open();
  });
  addEventListener("pagehide", close);
  // A window that comes back as it was left may be of before a lock.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!source) open();
  });
  setInterval(() => document.hidden || refresh(), agoEvery);
  if (!document.hidden) open();
};
