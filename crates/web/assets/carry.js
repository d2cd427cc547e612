// Hands a bundle to the node, a piece at a time: neither side holds all of it, and the node goes on in between.

// What is in a piece, in bytes: as text it is a third longer, which a form still holds.
const pieceBytes = 1024 * 1024;

export const textOf = (piece) =>
  new Promise((done, fail) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(reader.result.split(",")[1] ?? ""));
    reader.addEventListener("error", () => fail(reader.error));
    reader.readAsDataURL(piece);
  });

export const send = async (address, fields) => {
  const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), redirect: "error" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
};

const hand = async (form, file, tell) => {
  const token = form.elements.token.value;
  const address = new URL(form.action).pathname;
  const { id } = await send(address, { token });
  for (let at = 0; ; at += pieceBytes) {
    tell(Math.floor((100 * at) / Math.max(file.size, 1)));
    const isLast = at + pieceBytes >= file.size;
    const bytes = await textOf(file.slice(at, at + pieceBytes));
    const { to } = await send(`${address}/${id}`, isLast ? { token, bytes, last: "yes" } : { token, bytes });
    if (to) return to;
  }
};

export const carry = (input) => {
  const { form } = input;
  const button = form.querySelector("button");
  const line = form.querySelector("[role=status]");
  input.disabled = false;
  button.disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    const [file] = input.files;
    if (!file || button.disabled) return;
    button.disabled = true;
    try {
      const to = await hand(form, file, (share) => (line.textContent = `${input.dataset.carry} ${share} %`));
      location.assign(to);
    } catch {
      // The page was locked, or the node is gone: the screen says which.
      location.reload();
    }
  });
};
