//! How people read each command's data. The data's keys stand in the command contract; what a
//! view needs beyond it is named in its comment. Missing keys leave gaps, never errors.

pub(crate) mod action;
pub(crate) mod agreement;
pub(crate) mod backup;
pub(crate) mod bundle;
pub(crate) mod checkin;
pub(crate) mod circle;
pub(crate) mod device;
pub(crate) mod feedback;
pub(crate) mod goal;
pub(crate) mod graduate;
pub(crate) mod history;
pub(crate) mod journal;
pub(crate) mod mirror;
pub(crate) mod notebook;
pub(crate) mod overview;
mod peers;
pub(crate) mod people;
pub(crate) mod question;
pub(crate) mod relationship;
pub(crate) mod resource;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod skill;
pub(crate) mod status;
pub(crate) mod template;

use serde_json::Value;

use super::fields::Fields;
use super::page::Page;
use super::style::Style;
use super::table::{Cell, Table};

/// What separates facts on a line.
const DOT: &str = " · ";

/// Puts facts on one line, leaving out those that are empty.
fn joined<'a>(facts: impl IntoIterator<Item = &'a str>) -> String {
    let facts: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    facts.join(DOT)
}

/// Says how many there are of something.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Says whose device something is: `Ben's laptop`, also where the device is called that itself.
fn whose(person: &str, device: &str) -> String {
    match (person.is_empty(), device.is_empty()) {
        (false, false) if device.to_lowercase().contains(&person.to_lowercase()) => {
            device.to_owned()
        }
        (false, false) => format!("{person}'s {device}"),
        (false, true) => person.to_owned(),
        (true, false) => device.to_owned(),
        (true, true) => "somebody".to_owned(),
    }
}

/// Says which device a row is about: `name` and `device_label` where they are known, else the ids.
fn device(row: &Value) -> String {
    whose(
        or_id(row, "name", "person"),
        or_id(row, "device_label", "device"),
    )
}

/// Reads what something is called, its id where that is not known.
fn or_id<'a>(row: &'a Value, text: &str, id: &str) -> &'a str {
    match row.text(text) {
        "" => row.called(id),
        known => known,
    }
}

/// Says who wrote something (`{person,name,device}`) and from which device.
fn author(author: &Value) -> String {
    if author.is_string() {
        return super::fields::name(author).to_owned();
    }
    let name = author.text("name");
    let name = if name.is_empty() {
        author.called("person")
    } else {
        name
    };
    whose(name, author.called("device"))
}

/// Says who wrote something, and who brought it here where that was an import: its author is a claim then.
fn written_by(item: &Value) -> String {
    let here = author(item.at("created_by"));
    let original = item.at("imported_from").at("created_by");
    if original.is_null() {
        return here;
    }
    match author(original) {
        original if original == here => here,
        original => format!("{original}, imported by {here}"),
    }
}

/// When something was written, for an import the original.
fn written_at(item: &Value) -> &str {
    match item.at("imported_from").text("created_at") {
        "" => item.text("created_at"),
        original => original,
    }
}

/// The names of a list of people, in order.
fn names(people: &[Value]) -> String {
    people
        .iter()
        .map(super::fields::name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A size as people read it.
fn size(bytes: u64) -> String {
    const STEP: u64 = 1024;
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut rest, mut unit) = (bytes, 0, 0);
    while whole >= STEP && unit + 1 < units.len() {
        (whole, rest) = (whole / STEP, whole % STEP);
        unit += 1;
    }
    let unit = units.get(unit).copied().unwrap_or_default();
    let tenth = rest * 10 / STEP;
    if tenth == 0 || whole >= 100 {
        format!("{whole} {unit}")
    } else {
        format!("{whole}.{tenth} {unit}")
    }
}

/// Where a node is reached: `addrs[]`.
fn addresses(node: &Value) -> String {
    let addresses = node.list("addrs").iter();
    let addresses: Vec<&str> = addresses.filter_map(Value::as_str).collect();
    addresses.join(", ")
}

/// The box before something that can be done.
fn check_box(done: bool) -> Cell {
    if done {
        Cell::styled("[x]", Style::Good)
    } else {
        Cell::new("[ ]")
    }
}

/// A due date, set apart where it has come and the thing is still open.
fn due(page: &Page, date: &str, open: bool) -> Cell {
    let here = open && page.clock().days_until(date).is_some_and(|days| days <= 0);
    let text = if date.is_empty() {
        String::new()
    } else {
        page.clock().day(date)
    };
    if here {
        Cell::styled(text, Style::Now)
    } else {
        Cell::quiet(text)
    }
}

/// Writes the comments on something.
fn comments(data: &Value, page: &mut Page) {
    let comments = data.list("comments");
    if comments.is_empty() {
        return;
    }
    page.part("Comments");
    for comment in comments {
        let at = page.clock().time(written_at(comment));
        // One that is on a part, or on another comment, says on which.
        let on = match comment.text("on") {
            on if on.is_empty() || on == data.text("id") => String::new(),
            on => format!("on {}", page.short(on)),
        };
        let id = page.short(comment.text("id")).to_owned();
        page.quiet(format!(
            "  {}",
            joined([written_by(comment).as_str(), at.as_str(), on.as_str(), &id])
        ));
        page.prose(comment.text("text"), 4);
    }
}

/// Writes who made something and who changed it last.
fn provenance(data: &Value, page: &mut Page) {
    let line = |verb: &str, by: String, at: &str, page: &Page| {
        format!("{verb} {by} {}", page.clock().time(at))
    };
    let made = if data.at("created_by").is_null() {
        String::new()
    } else {
        line("written by", written_by(data), written_at(data), page)
    };
    let by = data.at("updated_by");
    let changed = if by.is_null() || data.text("updated_at") == data.text("created_at") {
        String::new()
    } else {
        line("last changed by", author(by), data.text("updated_at"), page)
    };
    let facts = joined([made.trim_end(), changed.trim_end()]);
    if !facts.is_empty() {
        page.gap();
        page.quiet(facts);
    }
}

/// Writes the actions of a list, one a line.
fn actions(actions: &[Value], page: &mut Page) {
    let mut table = Table::default();
    for action in actions {
        let open = action.text("status") == "open" || action.text("status") == "moved";
        let status = if matches!(action.text("status"), "open" | "done") {
            ""
        } else {
            action.text("status")
        };
        let carried = if action.flag("carried") {
            "carried over"
        } else {
            ""
        };
        table.row([
            check_box(action.text("status") == "done"),
            Cell::new(action.text("title")),
            Cell::new(action.called("owner")),
            due(page, action.text("due"), open),
            Cell::quiet(joined([status, carried])),
            Cell::quiet(page.short(action.text("id"))),
        ]);
    }
    page.table(&table, 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_and_never_larger_than_they_are() {
        let sizes = [0, 1023, 1024, 1536, 10 << 20, (10 << 30) - 1, 5 << 40].map(size);
        assert_eq!(
            sizes,
            [
                "0 B", "1023 B", "1 KiB", "1.5 KiB", "10 MiB", "9.9 GiB", "5 TiB"
            ]
        );
    }
}
