//! What was written at once, and what was written before.

use serde_json::Value;

use super::{author, counted, joined};
use crate::output::fields::Fields;
use crate::output::page::Page;

/// `conflict list`: `conflicts[]`.
pub(crate) fn conflicts(data: &Value, page: &mut Page) {
    let conflicts = data.list("conflicts");
    for conflict in conflicts {
        page.gap();
        let (kind, id) = (conflict.text("kind"), conflict.text("object_id"));
        page.title(match conflict.text("title") {
            "" => kind,
            title => title,
        });
        let named = format!("{kind} {}", page.short(id));
        let count = conflict.list("values").len() as u64;
        let what = format!(
            "{} has {}",
            conflict.text("name"),
            counted(count, "value", "values")
        );
        page.quiet(joined([named.as_str(), what.as_str()]));
        values(conflict, page);
    }
    match conflicts.first() {
        Some(first) => choose(first.text("object_id"), first.text("field"), page),
        None => page.line("Nothing is disputed."),
    }
}

/// `conflict choose`: `conflict` with `shown` and `passed_over[]`.
pub(crate) fn chosen(data: &Value, page: &mut Page) {
    let conflict = data.at("conflict");
    page.title(match conflict.text("title") {
        "" => conflict.text("kind"),
        title => title,
    });
    page.line(format!("{} is now:", conflict.text("name")));
    prose(conflict.text("shown"), page);
    page.quiet("The other value stays in the history.");
    page.next("hearth log {}", data.at("notebook").text("id"));
}

/// `restore`: `restored`, `object`, `at[]`, `way_back`.
pub(crate) fn restored(data: &Value, page: &mut Page) {
    let object = data.at("object");
    let title = joined([object.text("kind"), object.text("title")]);
    let at: Vec<&str> = data
        .list("at")
        .iter()
        .filter_map(Value::as_str)
        .map(|change| page.short(change))
        .collect();
    let at = at.join(", ");
    if !data.flag("restored") {
        page.line(format!(
            "{title}: it is as it was at change {at}. Nothing was changed."
        ));
        return;
    }
    page.line(format!("{title}: back to how it was at change {at}."));
    page.quiet("What it was before this stays in the history. To undo this:");
    page.quiet(format!("  {}", data.at("way_back").text("command")));
}

/// The disputed fields of an object that is shown: its `conflicts[]`.
pub(crate) fn disputed(data: &Value, page: &mut Page) {
    let conflicts = data.list("conflicts");
    if conflicts.is_empty() {
        return;
    }
    page.part("Written at once, to be chosen");
    for conflict in conflicts {
        let part = conflict.at("part");
        let of = joined([part.text("kind"), part.text("title")]);
        page.quiet(format!(
            "  {}",
            joined([of.as_str(), conflict.text("name")])
        ));
        values(conflict, page);
    }
    let first = conflicts.first().unwrap_or(&Value::Null);
    let id = match first.at("part").text("id") {
        "" => data.text("id"),
        part => part,
    };
    choose(id, first.text("field"), page);
}

fn values(conflict: &Value, page: &mut Page) {
    let values = conflict.list("values");
    for (place, value) in values.iter().enumerate() {
        let nth = format!("{}", place + 1);
        let at = page.clock().time(value.text("at"));
        let shows = if place + 1 == values.len() {
            "shows now"
        } else {
            ""
        };
        let by = author(value.at("by"));
        let facts = joined([nth.as_str(), by.as_str(), at.as_str(), shows]);
        page.quiet(format!("  {facts}"));
        prose(value.text("shown"), page);
    }
}

fn prose(shown: &str, page: &mut Page) {
    page.prose(if shown.is_empty() { "(nothing)" } else { shown }, 6);
}

fn choose(id: &str, field: &str, page: &mut Page) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_/".contains(&byte);
    if field.bytes().all(plain) {
        page.next(&format!("hearth conflict choose {{}}.{field} --nth N"), id);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    const ID: &str = "01JD8GNSQ4W5T3V7PXRK2QF7MZ";

    fn two() -> Value {
        json!([
            {"value": "2026-12-01", "shown": "2026-12-01", "by": {"name": "Ada", "device": "laptop"},
             "at": "2026-11-23T14:35:00Z"},
            {"value": null, "shown": "", "by": {"name": "Ben", "device": "phone"},
             "at": "2026-11-23T14:36:00Z"},
        ])
    }

    #[test]
    fn both_values_show_with_who_and_when() {
        let data = json!({"conflicts": [{"id": format!("{ID}.due"), "object_id": ID, "kind": "goal",
            "title": "Run 10 km", "field": "due", "name": "due", "values": two()}]});
        insta::assert_snapshot!(testing::page(&data, conflicts), @r"
        Run 10 km
        goal RK2QF7MZ · due has 2 values
          1 · Ada's laptop · 15:35
              2026-12-01
          2 · Ben's phone · 15:36 · shows now
              (nothing)

        Next: hearth conflict choose RK2QF7MZ.due --nth N
        ");
        insta::assert_snapshot!(testing::page(&json!({}), conflicts), @"Nothing is disputed.");
    }

    #[test]
    fn an_object_that_is_shown_says_what_is_disputed_about_it() {
        let part = json!({"id": ID, "kind": "milestone", "title": "5 km"});
        let goal = json!({"id": "01JD8GNSQ4W5T3V7PXRK2QF8AB", "conflicts": [
            {"field": "due", "name": "due", "part": part, "values": two()}]});
        insta::assert_snapshot!(testing::page(&goal, disputed), @r"
        Written at once, to be chosen
          milestone · 5 km · due
          1 · Ada's laptop · 15:35
              2026-12-01
          2 · Ben's phone · 15:36 · shows now
              (nothing)

        Next: hearth conflict choose RK2QF7MZ.due --nth N
        ");
    }

    #[test]
    fn a_restore_says_how_it_is_undone() {
        let data = json!({"restored": true, "object": {"id": ID, "kind": "goal", "title": "Run"},
            "at": ["3f2a9c1b44aa5566778899aabbccddeeff00112233445566778899aabbccddee"],
            "way_back": {"command": "hearth restore X --at 0123456789ab"}});
        insta::assert_snapshot!(testing::page(&data, restored), @r"
        goal · Run: back to how it was at change 3f2a9c1b.
        What it was before this stays in the history. To undo this:
          hearth restore X --at 0123456789ab
        ");
    }
}
