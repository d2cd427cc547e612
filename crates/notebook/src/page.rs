//! The notebook as one page to read and to print.
//!
//! Invariant: nothing that somebody wrote is markup. Every text is escaped, shown in the direction of its own
//! script, and there is no script, no link and nothing to load on the page.

use serde_json::{Map, Value as Json};

use crate::documents::{Documents, Unavailable};
use crate::history::field_name;
use crate::json::{dump, lists_within};
use crate::people::People;

/// What a page looks like: by day, by night and on paper.
const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  color: #1d1d1f; background: #fff; }
h1, h2, h3 { line-height: 1.25; } h2 { border-bottom: 1px solid #ccc; margin-top: 2.5rem; }
article { margin: 1.5rem 0; break-inside: avoid; } article article { margin-left: 1.5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0.25rem 0; }
dt { color: #666; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; } .by { color: #666; font-size: 0.85rem; }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #17181a; } dt, .by { color: #9a9a9a; }
  h2 { border-color: #444; } }
@media print { body { max-width: none; margin: 0; color: #000; background: #fff; } h2 { break-after: avoid; } }
";
/// Fields that are the body of an object, in the order in which they are looked for.
const BODY: [&str; 3] = ["notes", "text", "answer"];
/// Fields that are not told: they serve programs.
const UNTOLD: [&str; 7] = [
    "id",
    "title",
    "created_by",
    "created_at",
    "updated_by",
    "updated_at",
    "salt",
];

/// The notebook as one page of HTML.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn export_html(docs: &mut dyn Documents, people: &dyn People) -> Result<String, Unavailable> {
    let dump = dump(docs, people)?;
    let title = dump.pointer("/notebook/title").and_then(Json::as_str);
    let title = escaped(title.unwrap_or("Notebook"));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"referrer\" \
         content=\"no-referrer\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1 \
         dir=\"auto\">{title}</h1>\n"
    );
    if let Some(Json::Object(notebook)) = dump.get("notebook") {
        facts(notebook, people, &mut page);
    }
    if let Json::Object(top) = &dump {
        for (name, list) in top {
            if let Json::Array(list) = list
                && !list.is_empty()
            {
                page.push_str(&format!("<section>\n<h2>{}</h2>\n", heading(name)));
                for object in list.iter().filter_map(Json::as_object) {
                    article(object, 3, people, &mut page);
                }
                page.push_str("</section>\n");
            }
        }
    }
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

fn article(object: &Map<String, Json>, level: usize, people: &dyn People, page: &mut String) {
    let text = |key: &str| object.get(key).and_then(Json::as_str).unwrap_or_default();
    page.push_str("<article>\n");
    if !text("title").is_empty() {
        let title = escaped(text("title"));
        page.push_str(&format!("<h{level} dir=\"auto\">{title}</h{level}>\n"));
    }
    facts(object, people, page);
    for key in BODY {
        let body = object.get(key).and_then(written);
        if let Some(body) = body.filter(|body| !body.trim().is_empty()) {
            page.push_str(&format!(
                "<div class=\"text\" dir=\"auto\">{}</div>\n",
                escaped(body)
            ));
        }
    }
    for (name, list) in object {
        let Json::Array(list) = list else { continue };
        if list.is_empty() || !lists_within().contains(&name.as_str()) {
            continue;
        }
        let inner = (level + 1).min(6);
        page.push_str(&format!("<h{inner}>{}</h{inner}>\n", heading(name)));
        for part in list.iter().filter_map(Json::as_object) {
            article(part, inner, people, page);
        }
    }
    let by = object.pointer_text(&["created_by", "name"]);
    if !by.is_empty() {
        let at = text("created_at")
            .get(.."YYYY-MM-DD".len())
            .unwrap_or_default();
        page.push_str(&format!(
            "<p class=\"by\"><bdi>{}</bdi>, {}</p>\n",
            escaped(&by),
            escaped(at)
        ));
    }
    page.push_str("</article>\n");
}

/// The fields of an object that are neither its body nor lists of parts.
fn facts(object: &Map<String, Json>, people: &dyn People, page: &mut String) {
    let mut told = String::new();
    for (key, value) in object {
        let is_untold = UNTOLD.contains(&key.as_str()) || BODY.contains(&key.as_str());
        if is_untold || lists_within().contains(&key.as_str()) {
            continue;
        }
        let words = words(value, people);
        if !words.trim().is_empty() {
            told.push_str(&format!(
                "<dt>{}</dt><dd dir=\"auto\">{}</dd>\n",
                escaped(&field_name(key)),
                escaped(&words)
            ));
        }
    }
    if !told.is_empty() {
        page.push_str(&format!("<dl>\n{told}</dl>\n"));
    }
}

fn words(value: &Json, people: &dyn People) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(true) => "yes".to_owned(),
        Json::Bool(false) => "no".to_owned(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => people.named(text).name,
        Json::Array(items) => {
            let words: Vec<String> = items.iter().map(|item| words_of(item, people)).collect();
            words.join(", ")
        }
        Json::Object(_) => words_of(value, people),
    }
}

fn words_of(value: &Json, people: &dyn People) -> String {
    match value {
        Json::Object(map) if map.contains_key("$bytes") => String::new(),
        Json::Object(map) => match written(value) {
            Some(text) => text.to_owned(),
            None => {
                let facts: Vec<String> = map
                    .iter()
                    .map(|(key, value)| (field_name(key), words(value, people)))
                    .filter(|(_, words)| !words.is_empty())
                    .map(|(key, words)| format!("{key}: {words}"))
                    .collect();
                facts.join(", ")
            }
        },
        Json::Array(_) => value.to_string(),
        scalar => words(scalar, people),
    }
}

/// A text, whether one or many people write in it.
fn written(value: &Json) -> Option<&str> {
    value.as_str().or_else(|| value.get("$text")?.as_str())
}

fn heading(name: &str) -> String {
    let words = field_name(name);
    let mut letters = words.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    escaped(&format!("{first}{}", letters.as_str()))
}

trait Pointer {
    fn pointer_text(&self, path: &[&str; 2]) -> String;
}

impl Pointer for Map<String, Json> {
    fn pointer_text(&self, [first, second]: &[&str; 2]) -> String {
        let found = self.get(*first).and_then(|inner| inner.get(*second));
        found.and_then(Json::as_str).unwrap_or_default().to_owned()
    }
}

/// A text as it stands in the page: no character of it is markup, and none turns the rest of the page around.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(letter),
            // An override lasts until the end of the paragraph, whatever comes.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            letter if letter.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Bench, bench, fill};

    #[test]
    fn everything_is_on_the_page_and_nothing_that_was_written_is_markup() {
        for text in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "</style><b>",
            "&lt;b&gt;",
            "\u{202e}esrever\u{0}",
        ] {
            let Bench {
                mut docs,
                people,
                mut rng,
                now,
            } = bench();
            fill(&mut docs, &mut Bench::writer(&mut rng, now), text);
            let page = export_html(&mut docs, &people).unwrap();
            for tag in [
                "<script", "<img", "<b>", "<a ", "<link", "\u{202e}", "\u{0}",
            ] {
                assert!(!page.contains(tag), "{text}: {tag}");
            }
            assert_eq!(page.matches("</style>").count(), 1);
            assert!(page.contains(&escaped(text)));
            assert!(page.contains("Mia"));
            for heading in ["Goals", "Sessions", "Milestones", "Decisions", "Comments"] {
                assert!(page.contains(&format!(">{heading}</h")), "{heading}");
            }
        }
    }
}
