// Everything here makes the page quicker to use; without it every screen reads and every form is sent all the same.
import { follow } from "./live.js";
import { listen } from "./keys.js";

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

// An invitation that is a file is read into the field beside it; it goes nowhere else.
for (const input of document.querySelectorAll("input[type=file][data-into]")) {
  input.hidden = false;
  input.addEventListener("change", async () => {
    const [file] = input.files;
    const field = document.getElementById(input.dataset.into);
    if (file && field) field.value = (await file.text()).trim();
  });
}

// What can be copied with one press.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    if (!field) return;
    await navigator.clipboard.writeText(field.value || field.textContent);
    button.textContent = button.dataset.copied;
  });
}

for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

follow();
listen();
