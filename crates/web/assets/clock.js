// The clock of a circle's stage: it shows what is left, and speaks at five minutes, at one, and when time is over.
const show = (left) => {
  const whole = Math.abs(left);
  return `${left < 0 ? "−" : ""}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

// What was last shown: until when, and which moment that was past.
let last = { until: "", kind: "" };

const tick = () => {
  for (const clock of document.querySelectorAll("[data-until]")) {
    const until = Date.parse(clock.dataset.until);
    if (!until) continue;
    const left = Math.round((until - Date.now()) / 1000);
    clock.textContent = show(left);
    const voice = document.querySelector("[data-says]");
    if (!voice) continue;
    const kind = left <= 0 ? "over" : left <= 60 ? "one" : left <= 300 ? "five" : "";
    // Only a moment that comes while somebody listens is told: not one that was past when the page was opened, nor one
    // that a short stage begins behind.
    if (kind && kind !== last.kind && clock.dataset.until === last.until) voice.textContent = voice.dataset[kind];
    last = { until: clock.dataset.until, kind };
  }
};

// It runs on every screen: a stage may begin elsewhere, and its clock appears here then.
export const run = () => {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("hearth:fresh", tick);
};
