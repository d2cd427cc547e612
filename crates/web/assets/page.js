// Everything here makes the page quicker to use; without it every screen reads and every form is sent all the same.
import { follow } from "./live.js";
import { listen } from "./keys.js";
import { write } from "./notes.js";
import { run } from "./clock.js";
import { carry } from "./carry.js";
import { addFile, fetchFile } from "./files.js";

// Where a form went wrong, reading goes on there.
const wrong = document.querySelector(".error[tabindex]");
if (wrong) wrong.focus();

// A form is sent once.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});

// Typing is use of the page, so that it does not lock under somebody who writes for long.
const toldEvery = 60000;
let told = Date.now();
document.addEventListener("input", () => {
  if (Date.now() - told < toldEvery) return;
  told = Date.now();
  fetch(import.meta.url, { cache: "no-store" }).catch(() => {});
});

// What works with a press only here: copying, printing, reading an invitation that is a file into the field beside it.
// A part that was drawn anew has new ones.
const ready = () => {
  const each = (what, prepare) => {
    for (const one of document.querySelectorAll(what)) {
      if (one.dataset.ready) continue;
      one.dataset.ready = "1";
      one.hidden = false;
      prepare(one);
    }
  };
  each("input[type=file][data-into]", (input) => {
    input.addEventListener("change", async () => {
      const [file] = input.files;
      const field = document.getElementById(input.dataset.into);
      if (file && field) field.value = (await file.text()).trim();
    });
  });
  each("button[data-copy]", (button) => {
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      if (!field) return;
      await navigator.clipboard.writeText(field.value || field.textContent);
      button.textContent = button.dataset.copied;
    });
  });
  each("input[data-carry]", carry);
  each("input[data-file]", addFile);
  each("button[data-fetch]", fetchFile);
  each("button[data-print]", (button) => button.addEventListener("click", () => print()));
};
ready();
document.addEventListener("hearth:fresh", ready);

// What stands before the notebooks has nothing that changes elsewhere.
if (!document.querySelector(".plain")) follow(write());
listen();
run();
