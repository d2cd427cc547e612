//! The journal.

use serde_json::Value;

use super::{author, comments, history, joined};
use crate::output::fields::{Fields, name};
use crate::output::page::Page;

/// `journal add`: `entry`.
pub(crate) fn added(data: &Value, page: &mut Page) {
    let entry = data.at("entry");
    page.line("Saved on this device, for your own devices only.");
    page.gap();
    one(entry, page);
    let command = format!("hearth journal share {} {{}}", page.short(entry.text("id")));
    page.next(&command, data.at("notebook").text("id"));
}

/// `journal list`: `entries[]`, and for one notebook the `notes[]` that were shared there.
pub(crate) fn list(data: &Value, page: &mut Page) {
    for entry in data.list("entries") {
        page.gap();
        one(entry, page);
    }
    if !data.list("notes").is_empty() {
        page.part(format!("Shared in {}", data.called("notebook")));
        for note in data.list("notes") {
            shared_one(note, page);
        }
    }
    page.line_if_empty("There is no entry yet.");
    match data.list("entries").first() {
        Some(entry) => page.next("hearth journal show {}", entry.text("id")),
        None => page.next("hearth journal add", ""),
    }
}

/// `journal show`: `entry`, or `note` for one that was shared.
pub(crate) fn show(data: &Value, page: &mut Page) {
    if data.at("note").is_null() {
        one(data.at("entry"), page);
        history::disputed(data.at("entry"), page);
        comments(data.at("entry"), page);
        page.next("hearth comment {} TEXT", data.at("entry").text("id"));
        return;
    }
    shared_one(data.at("note"), page);
    history::disputed(data.at("note"), page);
    comments(data.at("note"), page);
}

/// `journal share`: `note` and `notebook`.
pub(crate) fn shared(data: &Value, page: &mut Page) {
    page.line(format!(
        "Copied into {}. It cannot be taken back from who has read it.",
        data.called("notebook")
    ));
    page.gap();
    shared_one(data.at("note"), page);
    page.next("hearth comment {} TEXT", data.at("note").text("id"));
}

/// Who can read a notebook, in words.
pub(crate) fn readers(data: &Value) -> String {
    let mut names: Vec<&str> = data
        .list("readers")
        .iter()
        .map(|reader| match reader.text("name") {
            "" => name(reader),
            name => name,
        })
        .collect();
    names.sort_unstable();
    if names.is_empty() {
        "everybody".to_owned()
    } else {
        names.join(", ")
    }
}

fn one(entry: &Value, page: &mut Page) {
    let at = page.clock().time(entry.text("created_at"));
    let id = format!("entry {}", page.short(entry.text("id")));
    let about = match entry.called("about") {
        "" => String::new(),
        title => format!("about {title}"),
    };
    let session = match entry.text("session") {
        "" => String::new(),
        session => format!("for session {}", page.short(session)),
    };
    let sealed = match entry.text("exchange") {
        "" => String::new(),
        exchange => format!("sealed for {}", page.short(exchange)),
    };
    page.quiet(joined([
        id.as_str(),
        at.as_str(),
        about.as_str(),
        session.as_str(),
        sealed.as_str(),
    ]));
    page.prose(entry.text("text"), 2);
}

fn shared_one(note: &Value, page: &mut Page) {
    let at = page.clock().time(note.text("created_at"));
    let id = format!("note {}", page.short(note.text("id")));
    let by = author(note.at("created_by"));
    page.quiet(joined([id.as_str(), by.as_str(), at.as_str()]));
    page.prose(note.text("text"), 2);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn entries_say_what_they_are_for() {
        let data = json!({"notebook": {"title": "Ada and Ben"}, "entries": [
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "text": "Ask.", "created_at": "2026-11-23T14:35:00Z",
             "about": {"id": "n", "title": "Ada and Ben"}, "session": "01JD8GNSQ4W5T3V7PXRK2QF8AA"},
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AB", "text": "4\n", "exchange": "01JD8GNSQ4W5T3V7PXRK2QF8AC"}],
            "notes": [{"id": "01JD8GNSQ4W5T3V7PXRK2QF8AD", "text": "Shared.",
             "created_by": {"name": "Ben", "device": "phone"}}]});
        insta::assert_snapshot!(testing::page(&data, list), @r"
        entry RK2QF7MZ · 15:35 · about Ada and Ben · for session RK2QF8AA
          Ask.

        entry RK2QF8AB · sealed for RK2QF8AC
          4

        Shared in Ada and Ben
        note RK2QF8AD · Ben's phone
          Shared.

        Next: hearth journal show RK2QF7MZ
        ");
        assert_eq!(
            readers(&json!({"readers": [{"name": "Ben"}, {"name": "Ada"}]})),
            "Ada, Ben"
        );
    }
}
