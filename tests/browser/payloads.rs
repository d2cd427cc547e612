//! 300 texts that would be scripts if anything took them for its own source, through every text field of every screen.

use serde_json::{Value, json};

use crate::site::Site;
use crate::stage::Stage;

/// What ends an element, an attribute, a comment or a script before the payload begins.
const BREAKS: [&str; 12] = [
    "",
    "\">",
    "'>",
    "</textarea>",
    "</title>",
    "-->",
    "</script>",
    "]]>",
    "\" ",
    "' ",
    "</option></select>",
    "</details>",
];
/// What runs where it becomes part of a page.
const RUNS: [&str; 25] = [
    "<script>ran()</script>",
    "<img src=x onerror=ran()>",
    "<svg onload=ran()>",
    "<svg><script>ran()</script></svg>",
    "<iframe srcdoc='<script>parent.ran()</script>'>",
    "<body onload=ran()>",
    "<input autofocus onfocus=ran()>",
    "<details open ontoggle=ran()>",
    "<a href=javascript:ran()>x</a>",
    "[x](javascript:ran())",
    "![x](javascript:ran())",
    "[x](data:text/html,<script>ran()</script>)",
    "<math><mtext><script>ran()</script>",
    "onmouseover=ran() x=",
    "<form action=javascript:ran()><button>x</button></form>",
    "<object data=javascript:ran()>",
    "<embed src=javascript:ran()>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=javascript:ran()>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import'//evil.example'</style>",
    "{{constructor.constructor('ran()')()}}",
    "${ran()}",
    "<x:script xmlns:x=http://www.w3.org/1999/xhtml>ran()</x:script>",
    "\u{202e}<script>ran()</script>",
];

/// How much is put into a field of one line at a time; a title takes 300 characters.
const SHORT_CHARS: usize = 280;
/// How much is put into a field of several lines: all of it, so that what is taken once only is tried with all.
const LONG_CHARS: usize = 20_000;

/// All of them, each with its number, so that none is like another.
fn payloads() -> Vec<String> {
    let mut all = Vec::new();
    for breaks in BREAKS {
        for runs in RUNS {
            all.push(format!("{breaks}{runs}{}", all.len()));
        }
    }
    all
}

/// Sends every form of the screen with the payloads in its text fields, as many at a time as a field takes, and reads
/// the page that it leads to. What leaves the house or ends something is left out.
const SEND: &str = r"
const [payloads, short, long, known] = arguments;
const done = arguments[arguments.length - 1];
const ends = /close|leave|remove|revoke|lock|launch|passphrase|export|browsers|language|devices|words$/;
// These take words of their own alone, or a thing that a payload is not; the page that says so shows what was sent.
const refuses = /\/settings\/|\/backup$|\/mirrors$|\/import$|\/begin\/join$|\/cancel$/;
const isText = (field) => field.tagName === 'TEXTAREA' ||
  (field.tagName === 'INPUT' && ['text', 'search', 'url', ''].includes(field.getAttribute('type') || ''));
const foreign = (page) => {
  const bad = [];
  for (const one of page.querySelectorAll('*')) {
    for (const { name, value } of one.attributes) {
      if (name.startsWith('on')) bad.push(one.tagName + ' ' + name);
      // What a field holds leads nowhere.
      if (name !== 'value' && /^\s*(javascript|data|vbscript):/i.test(value)) bad.push(one.tagName + ' ' + name + '=' + value);
    }
    if (['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'STYLE', 'IMG', 'MATH'].includes(one.tagName)) bad.push(one.tagName);
    if (one.localName === 'script' && !(one.getAttribute('src') || '').startsWith('/assets/')) bad.push('SCRIPT');
    if (one.tagName === 'LINK' && !(one.getAttribute('href') || '').startsWith('/assets/')) bad.push('LINK');
  }
  return bad;
};
(async () => {
  const told = { forms: 0, fields: 0, sent: 0, bad: [], refused: {} };
  const forms = [...document.querySelectorAll('main form[method=post], main form[method=get]')];
  const seen = new Set(known);
  for (const form of forms) {
    const action = form.getAttribute('action') || location.pathname;
    // One of each kind: the same form beside another object, or another topic, has the same template.
    const plain = action.replace(/[A-Z0-9]{20,}|[a-z2-7]{40,}/g, '*').replace(/(agreement|closing)\/(?!sign)[a-z]+$/, '$1/*');
    const kind = plain + [...form.elements].map((one) => one.name).join();
    const fields = [...form.elements].filter(isText);
    if (!fields.length || ends.test(plain) || seen.has(kind)) continue;
    // What was cancelled takes nothing more: last.
    if (/cancel$/.test(plain) && !/stage=wrap/.test(location.search)) continue;
    seen.add(kind);
    told.forms += 1;
    told.fields += fields.length;
    const isLong = fields.every((field) => field.tagName === 'TEXTAREA');
    const most = isLong ? long : short;
    let batch = '';
    const batches = [];
    for (const payload of payloads) {
      if (batch && (batch + ' ' + payload).length > most) { batches.push(batch); batch = ''; }
      batch = batch ? batch + ' ' + payload : payload;
    }
    batches.push(batch);
    // A goal of one kind takes the fields of no other.
    const kinds = form.elements['key-1'] && form.elements.kind
      ? [['okr', /^(title|why|key-.)$/], ['woop', /^(title|why|wish|outcome|obstacle|plan)$/], ['smart', /^(title|why|unit)$/]]
      : [['', /./]];
    for (const [at, [text, [chosen, takes]]] of batches.flatMap((text) => kinds.map((kind) => [text, kind])).entries()) {
      const body = new URLSearchParams(new FormData(form));
      if (chosen) body.set('kind', chosen);
      for (const field of fields) {
        if (!takes.test(field.name) || field.inputMode === 'decimal' || field.name === 'zone') continue;
        if (field.name === 'minutes') body.set('minutes', '30');
        // A link is one word that begins with a scheme, and there is a scheme that runs.
        else if (field.name === 'link') body.set('link', 'javascript:ran()//' + text.replace(/\s+/g, '_'));
        // A tag takes 40 characters.
        else if (field.name === 'tags') body.set('tags', text.match(/\S.{0,39}/g).slice(0, 20).join(','));
        else body.set(field.name, text);
      }
      for (const field of form.elements) {
        if (field.type === 'datetime-local') body.set(field.name, '2031-03-04T15:00');
        if (field.inputMode === 'decimal' && field.required) body.set(field.name, '3');
        if (/checkbox|radio/.test(field.type) && field.required) body.set(field.name, field.value);
      }
      const isGet = form.method === 'get';
      // The page that a form leads to is read behind the first and the last: what lies between is shown there too.
      const leads = isGet || at === 0 || at === batches.length * kinds.length - 1;
      const way = leads ? 'follow' : 'manual';
      const answer = await fetch(isGet ? action + '?' + body : action, isGet ? {} : { method: 'POST', body, redirect: way });
      told.sent += 1;
      if (answer.type === 'opaqueredirect') continue;
      const html = await answer.text();
      const page = new DOMParser().parseFromString(html, 'text/html');
      const alert = page.querySelector('[role=alert]');
      if (alert && !refuses.test(action)) told.refused[action.replace(/[A-Z0-9]{20,}|[a-z2-7]{40,}/g, '*')] = alert.textContent.trim().slice(0, 200);
      for (const one of foreign(page)) told.bad.push(action + ': ' + one);
      if (told.bad.length) break;
    }
  }
  told.seen = [...seen];
  done(told);
})().catch((error) => done({ failed: String(error) }));
";

#[test]
#[ignore = "needs Chromium and minutes"]
fn three_hundred_payloads_through_every_text_field_run_nothing() {
    let all = payloads();
    assert_eq!(all.len(), 300);
    let stage = Stage::new();
    let site = Site::of(&stage.ana);
    site.browser
        .call("POST", "/timeouts", &json!({ "script": 600_000 }));
    let (mut forms, mut fields, mut sent) = (0, 0, 0);
    let mut refused: Vec<String> = Vec::new();
    // Forms that were sent from another screen already.
    let mut seen = json!([]);
    for (name, path) in stage.screens() {
        site.open(&path);
        let told = site.browser.run_async(
            SEND,
            &[json!(all), json!(SHORT_CHARS), json!(LONG_CHARS), seen],
        );
        seen = told["seen"].clone();
        assert_eq!(told["failed"], Value::Null, "{name}: {told}");
        let none = Vec::new();
        let bad = told["bad"].as_array().unwrap_or(&none);
        assert!(bad.is_empty(), "{name}: {bad:#?}");
        let count = |what: &str| told[what].as_u64().unwrap_or(0);
        forms += count("forms");
        fields += count("fields");
        sent += count("sent");
        // What is refused is not kept, and so shown nowhere: it would try nothing.
        let sent_away = told["refused"].as_object().cloned().unwrap_or_default();
        refused.extend(
            sent_away
                .iter()
                .map(|(at, why)| format!("{name}: {at}: {why}")),
        );
    }
    assert!(refused.is_empty(), "{refused:#?}");
    // And what is kept now, in the real window, where it would run.
    for (name, path) in stage.screens() {
        site.open(&path);
        site.browser.run(
            "document.querySelectorAll('details').forEach((one) => one.open = true)",
            &[],
        );
        let ran = site
            .browser
            .run("return typeof window.ran + window.length", &[]);
        assert_eq!(ran, "undefined0", "{name}");
        // A script that was kept out by the policy alone stands in the console.
        site.is_quiet(&name);
    }
    eprintln!("{fields} text fields of {forms} forms, {sent} times sent, 300 payloads each");
    assert!(fields > 80, "{fields} fields of {forms} forms");
}
