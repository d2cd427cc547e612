// Files of resources: handed to the node a piece at a time, so that neither side holds all of one, and fetched while the screen is
// open, with how far they are.
import { send, textOf } from "./carry.js";

// What is in a piece, in bytes: as text it is a third longer, which a form still holds.
const pieceBytes = 1024 * 1024;
// How often the node is told that somebody waits for a file, in milliseconds. It forgets that within seconds.
const waitEvery = 500;

const pathOf = (form) => new URL(form.action).pathname;

const hand = async (form, file, tell, begun) => {
  const token = form.elements.token.value;
  const address = pathOf(form);
  const { id, to: wrong } = await send(address, { token, bytes: file.size });
  if (wrong) return wrong;
  begun(`${address}/${id}`, token);
  for (let at = 0; ; at += pieceBytes) {
    tell(Math.floor((100 * at) / Math.max(file.size, 1)));
    const isLast = at + pieceBytes >= file.size;
    const fields = { token, bytes: await textOf(file.slice(at, at + pieceBytes)) };
    if (isLast) {
      fields.last = "yes";
      fields.name = file.name;
      for (const name of ["title", "why", "tags"]) fields[name] = form.elements[name].value;
    }
    const { to } = await send(`${address}/${id}`, fields);
    if (to) return to;
  }
};

// A form that adds a file, which may be dropped anywhere in it.
export const addFile = (input) => {
  const { form } = input;
  const button = form.querySelector("button");
  const line = form.querySelector("[role=status]");
  let open = null;
  const giveUp = () => {
    if (open) navigator.sendBeacon(`${open.address}/drop`, new URLSearchParams({ token: open.token }));
    open = null;
  };
  const fits = () => {
    const [file] = input.files;
    const isTooLarge = file && file.size > Number(input.dataset.most);
    line.textContent = isTooLarge ? input.dataset.tooLarge : "";
    return file && !isTooLarge;
  };
  input.disabled = false;
  button.disabled = false;
  input.addEventListener("change", fits);
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    form.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      form.classList.toggle("over-drop", kind === "dragenter" || kind === "dragover");
      if (kind !== "drop" || button.disabled) return;
      input.files = event.dataTransfer.files;
      fits();
    });
  }
  addEventListener("pagehide", giveUp);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (button.disabled || !fits()) return;
    button.disabled = true;
    const tell = (share) => (line.textContent = `${input.dataset.sending} ${share} %`);
    try {
      const to = await hand(form, input.files[0], tell, (address, token) => (open = { address, token }));
      open = null;
      location.assign(to);
    } catch {
      // The page was locked, the node is gone, or the file cannot be read any more: what was typed stays.
      giveUp();
      line.textContent = input.dataset.broken;
      button.disabled = false;
    }
  });
};

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// A button that fetches a file from whoever has it, as long as the screen is open. The part around it may be drawn anew meanwhile.
const waiting = new Set();
export const fetchFile = (button) => {
  const { form } = button;
  const id = button.dataset.fetch;
  button.disabled = waiting.has(id);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (waiting.has(id)) return;
    waiting.add(id);
    button.disabled = true;
    const [address, token] = [pathOf(form), form.elements.token.value];
    const tell = (text) => {
      const line = document.getElementById(`fetch-${id}`);
      if (line && line.textContent !== text) line.textContent = text;
    };
    try {
      for (;;) {
        const { here, over, text } = await send(address, { token });
        tell(text);
        if (here) {
          const keep = document.querySelector(`[data-keep="${id}"]`);
          if (keep) {
            keep.hidden = false;
            keep.focus();
          }
          for (const one of document.querySelectorAll(`[data-fetch="${id}"]`)) one.hidden = true;
        }
        if (over) break;
        await pause(waitEvery);
      }
    } catch {
      tell(button.dataset.lost);
    }
    waiting.delete(id);
    for (const one of document.querySelectorAll(`[data-fetch="${id}"]`)) one.disabled = false;
  });
};
