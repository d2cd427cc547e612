//! What the engine tells in parts, put together in the reader's language: what changed, fields, values, titles.

use crate::data::Data;
use crate::visit::Visit;

/// Says what changed of an object of a `kind`, in the history; as the engine `said` it where this page is older than that.
pub(crate) fn change(visit: &Visit, kind: &str, told: Data<'_>, said: &str) -> String {
    let key = format!("told-{}", told.text("did"));
    if visit.words.maybe(&key).is_none() {
        return said.to_owned();
    }
    let of = |name: &str| value(visit, kind, told.text("field"), told.text(name));
    let mut counts = String::new();
    for (sign, name) in [('+', "inserted"), ('−', "deleted")] {
        if told.count(name) > 0 {
            counts.push_str(&format!(" {sign}{}", told.count(name)));
        }
    }
    visit.words.with(
        &key,
        &[
            ("field", field(visit, told.text("field")).into()),
            ("value", of("value").into()),
            ("from", of("from").into()),
            ("to", of("to").into()),
            ("stage", told.text("stage").into()),
            ("tag", told.text("tag").into()),
            ("counts", counts.trim_start().into()),
        ],
    )
}

/// What a field is called, by its key.
pub(crate) fn field(visit: &Visit, key: &str) -> String {
    for (start, words) in [
        ("consensus_", "field-consensus"),
        ("answer_", "field-answer"),
    ] {
        if let Some(topic) = key.strip_prefix(start) {
            let topic = visit.words.of("topic", topic);
            return visit.words.with(words, &[("topic", topic.into())]);
        }
    }
    let known = visit
        .words
        .maybe(&format!("field-{}", key.replace('_', "-")));
    known.unwrap_or_else(|| key.replace('_', " "))
}

/// A value of a field, in words where it is one of those that the program itself writes.
pub(crate) fn value(visit: &Visit, kind: &str, field: &str, text: &str) -> String {
    let list = match (kind, field) {
        ("goal", "status") => "goal-status",
        ("goal", "kind") => "goal-kind",
        ("session", "status") => "session-status",
        ("session", "every") => "every",
        ("action", "status") => "status",
        ("exchange", "kind") => "sealed-kind",
        (_, "phase") => "phase",
        (_, "form") => "form",
        (_, "sharing") => "sharing",
        (_, "done" | "resolved" | "withdrawn" | "removed" | "closed" | "reopened" | "standing") => {
            "told-is"
        }
        _ => return text.to_owned(),
    };
    visit.words.of(list, text)
}

/// What the engine calls an exchange that nobody gave a title: its kind in English, with the words of the page for it.
const UNTITLED: [(&str, &str); 3] = [
    ("Feedback for each other", "feedback"),
    ("What we expect", "expectations"),
    ("How it is going", "rating"),
];

/// What an object is called: the agreement has no title but what it is, and an exchange may have none either.
pub(crate) fn title(visit: &Visit, kind: &str, title: &str) -> String {
    let untitled = UNTITLED.iter().find(|(usual, _)| *usual == title);
    match (kind, untitled) {
        ("agreement", _) => visit.words.of("object", kind),
        ("exchange", Some((_, kind))) => visit.words.of("sealed-kind", kind),
        _ if title.is_empty() => visit.words.of("object", kind),
        _ => title.to_owned(),
    }
}

/// A template in the reader's language, where it comes with the program: its `name`, `title` and `about`.
pub(crate) fn template<'a>(visit: &Visit, template: Data<'a>) -> Data<'a> {
    let mut others = template.list("languages").into_iter();
    let found = others.find(|one| one.text("language") == visit.words.tag());
    found.unwrap_or(template)
}
