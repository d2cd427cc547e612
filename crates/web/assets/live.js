// What changes elsewhere appears here: the page is told that something changed, asks for itself again, and puts in
// place the parts that differ. What somebody is writing in, or has the focus in, is left alone.

const look = { "x-hearth-look": "1" };
const lostAfter = 3000;
let asked = false;
let again = false;

const isBusy = (part) => {
  if (part.contains(document.activeElement) && document.activeElement !== document.body) return true;
  if (part.querySelector("dialog[open]")) return true;
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

const isOpen = (part) => [...part.querySelectorAll("details")].map((one) => one.open);

const put = (fresh) => {
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const other = fresh.getElementById(part.id);
    if (!other || part.isEqualNode(other)) continue;
    const open = isOpen(part);
    const copy = document.importNode(other, true);
    copy.querySelectorAll("details").forEach((one, at) => {
      if (open[at]) one.open = true;
    });
    if (part.isEqualNode(copy) || isBusy(part)) continue;
    part.replaceWith(copy);
  }
};

const refresh = async () => {
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
      document.dispatchEvent(new CustomEvent("hearth:fresh"));
    } else if (answer.redirected || answer.status === 403) location.reload();
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
  const sheet = document.getElementById("main");
  if (!sheet || sheet.classList.contains("lost-node")) return;
  sheet.classList.add("lost-node");
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
  line.textContent = sheet.dataset.lost || "";
  sheet.before(line);
};

const find = () => {
  document.getElementById("main")?.classList.remove("lost-node");
  document.getElementById("lost")?.remove();
  for (const pill of document.querySelectorAll("[data-was]")) {
    pill.querySelector("span").textContent = pill.dataset.was;
    delete pill.dataset.was;
  }
};

// A browser opens few connections to one place, so only the window that is seen keeps one.
export const follow = () => {
  const notebook = location.pathname.split("/")[1] === "n" ? location.pathname.split("/")[2] : "";
  let source = null;
  let timer = 0;
  let was = false;
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = () => {
    source = new EventSource("/live");
    source.addEventListener("open", () => {
      clearTimeout(timer);
      find();
      if (was) refresh();
      was = true;
    });
    source.addEventListener("error", () => {
      // It ended for good: the page was locked, this browser was sent away, or too many windows are open.
      if (source?.readyState === EventSource.CLOSED) refresh();
      clearTimeout(timer);
      timer = setTimeout(lose, lostAfter);
    });
    source.addEventListener("change", (event) => {
      const told = event.data.split(" ");
      if (!notebook || told.includes("-") || told.includes(notebook)) refresh();
    });
    source.addEventListener("peers", () => refresh());
  };
  addEventListener("pagehide", close);
  // A window that comes back as it was left may be of before a lock.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!source) open();
  });
  // How long ago somebody was heard goes on by itself.
  setInterval(() => document.hidden || refresh(), 60000);
  if (!document.hidden) open();
};
