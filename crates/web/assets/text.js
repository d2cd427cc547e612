// Edits of a text, as lists of single steps: { at, del } takes units away, { at, ins } puts some in. Each step is about
// the text that the ones before it left.

export const apply = (text, steps) => {
  for (const { at, del = 0, ins = "" } of steps) text = text.slice(0, at) + ins + text.slice(at + del);
  return text;
};

export const stepsOf = (patches) =>
  patches.flatMap(({ at, delete: del, insert: ins }) => [
    ...(del ? [{ at, del }] : []),
    ...(ins ? [{ at, ins }] : []),
  ]);

export const patchesOf = (steps) => steps.map(({ at, del = 0, ins = "" }) => ({ at, delete: del, insert: ins }));

const overlap = (from, to, start, end) => Math.max(0, Math.min(to, end) - Math.max(from, start));

// Takes away what is no longer whole: the part before a place, then the part behind what came to stand there.
const around = ({ at, del }, place, length) => [
  { at, del: place - at },
  { at: at + length, del: del - (place - at) },
];

// Two steps on the same text: what each comes to once the other was taken. Of two that put something in at one place,
// what is mine stays in front.
const pair = (theirs, mine) => {
  if (theirs.ins && mine.ins) {
    return theirs.at < mine.at
      ? [[theirs], [{ ...mine, at: mine.at + theirs.ins.length }]]
      : [[{ ...theirs, at: theirs.at + mine.ins.length }], [mine]];
  }
  if (theirs.ins) {
    const end = mine.at + mine.del;
    if (theirs.at <= mine.at) return [[theirs], [{ ...mine, at: mine.at + theirs.ins.length }]];
    if (theirs.at >= end) return [[{ ...theirs, at: theirs.at - mine.del }], [mine]];
    return [[{ ...theirs, at: mine.at }], around(mine, theirs.at, theirs.ins.length)];
  }
  if (mine.ins) {
    const end = theirs.at + theirs.del;
    if (mine.at <= theirs.at) return [[{ ...theirs, at: theirs.at + mine.ins.length }], [mine]];
    if (mine.at >= end) return [[theirs], [{ ...mine, at: mine.at - theirs.del }]];
    return [around(theirs, mine.at, mine.ins.length), [{ ...mine, at: theirs.at }]];
  }
  const [start, end, from, to] = [theirs.at, theirs.at + theirs.del, mine.at, mine.at + mine.del];
  const both = overlap(start, end, from, to);
  return [
    [{ at: start - overlap(from, to, 0, start), del: theirs.del - both }],
    [{ at: from - overlap(start, end, 0, from), del: mine.del - both }],
  ];
};

const said = (steps) => steps.filter((step) => step.ins || step.del);

// Two lists on the same text: what each comes to once the other was taken.
export const cross = (theirs, mine) => {
  const out = [];
  for (const one of theirs) {
    let these = [one];
    const rest = [];
    for (const other of mine) {
      const [a, b] = these.length === 1 ? pair(these[0], other) : cross(these, [other]);
      these = said(a);
      rest.push(...said(b));
    }
    out.push(...these);
    mine = rest;
  }
  return [out, mine];
};

// Where a place is after steps. What is put in exactly there comes behind it, or before it where it leans to the end.
export const moved = (place, steps, leans = false) => {
  for (const { at, del = 0, ins = "" } of steps) {
    if (place > at || (leans && place === at)) place = Math.max(at, place - del) + ins.length;
  }
  return place;
};

const isPair = (text, at) => {
  const [first, second] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return (first & 0xfc00) === 0xd800 && (second & 0xfc00) === 0xdc00;
};

// What makes one text another, as one replacement. The caret behind it tells apart what could be either of two.
export const difference = (old, now, caret) => {
  let end = 0;
  const most = Math.min(old.length, now.length - caret);
  while (end < most && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  let start = 0;
  const room = Math.min(old.length, now.length) - end;
  while (start < room && old[start] === now[start]) start += 1;
  if (isPair(old, start) || isPair(now, start)) start -= 1;
  if (isPair(old, old.length - end) || isPair(now, now.length - end)) end -= 1;
  return { at: start, gone: old.slice(start, old.length - end), come: now.slice(start, now.length - end) };
};

// FNV-1a over the units, as the node sums a text up.
export const sum = (text) => {
  let total = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) total = Math.imul(total ^ text.charCodeAt(at), 0x01000193);
  return total >>> 0;
};
