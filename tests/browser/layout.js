// What a reader would call broken, in words: something that runs out at the side, text that is cut off, text that
// stands on other text. An empty list is a screen that is whole.
const found = [];
const root = document.scrollingElement;
if (root.scrollWidth > root.clientWidth + 1) {
  found.push(`scrolls sideways: ${root.scrollWidth} of ${root.clientWidth}`);
}
const shown = (element) => {
  for (let one = element; one && one !== document.body; one = one.parentElement) {
    const style = getComputedStyle(one);
    if (style.display === "none" || style.visibility === "hidden") return false;
    if (style.clipPath !== "none" || one.classList.contains("skip")) return false;
  }
  return !element.checkVisibility || element.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true });
};
const scrolls = (element) => {
  for (let one = element; one && one !== document.body; one = one.parentElement) {
    if (["auto", "scroll"].includes(getComputedStyle(one).overflowX)) return true;
  }
  return false;
};
const name = (element) =>
  `${element.tagName.toLowerCase()}.${[...element.classList].join(".")} “${element.textContent.trim().slice(0, 50)}”`;
const pieces = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode;
  const element = node.parentElement;
  if (!node.data.trim() || !element || ["SCRIPT", "STYLE", "OPTION", "TITLE", "DESC", "TEXTAREA"].includes(element.tagName)) continue;
  if (["title", "desc"].includes(element.tagName) || !shown(element)) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  for (const box of range.getClientRects()) {
    if (box.width < 1 || box.height < 1) continue;
    if (!scrolls(element) && (box.right > innerWidth + 1 || box.left < -1)) {
      found.push(`beyond the edge (${Math.round(box.left)} to ${Math.round(box.right)}): ${name(element)}`);
    }
    pieces.push({ box, element });
  }
}
for (const { element } of pieces) {
  for (let one = element; one && one !== document.body; one = one.parentElement) {
    const style = getComputedStyle(one);
    const cuts = (flow) => flow === "hidden" || flow === "clip";
    if (cuts(style.overflowX) && one.scrollWidth > one.clientWidth + 1) found.push(`cut at the side: ${name(one)}`);
    if (cuts(style.overflowY) && one.scrollHeight > one.clientHeight + 1) found.push(`cut below: ${name(one)}`);
  }
}
pieces.sort((left, right) => left.box.top - right.box.top);
for (let at = 0; at < pieces.length; at += 1) {
  const one = pieces[at];
  for (let next = at + 1; next < pieces.length; next += 1) {
    const other = pieces[next];
    if (other.box.top > one.box.bottom) break;
    if (one.element === other.element || one.element.contains(other.element) || other.element.contains(one.element)) continue;
    const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
    const height = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
    // Boxes of lines reach a little beyond their letters.
    if (width > 2 && height > 0.4 * Math.min(one.box.height, other.box.height)) {
      found.push(`one on the other: ${name(one.element)} and ${name(other.element)}`);
    }
  }
}
for (const target of document.querySelectorAll("main a, main button, main input, main select, main textarea, main summary, nav a")) {
  if (!shown(target) || target.type === "hidden") continue;
  const box = target.getBoundingClientRect();
  const inText = getComputedStyle(target).display === "inline";
  if (box.width && !inText && (box.width < 24 || box.height < 24)) {
    found.push(`hard to hit (${Math.round(box.width)} by ${Math.round(box.height)}): ${name(target)}`);
  }
}
return [...new Set(found)];
