//! Templates.

use serde_json::Value;

use super::joined;
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// `template list`: `templates[]`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let mut table = Table::default();
    for template in data.list("templates") {
        let own = match (template.flag("own"), template.flag("in_place")) {
            (true, true) => "yours, in place of the built-in one",
            (true, false) => "yours",
            (false, _) => "",
        };
        let private = if template.flag("private") {
            "for your journal"
        } else {
            ""
        };
        table.row([
            Cell::styled(template.text("name"), Style::Strong),
            Cell::right(minutes(template)),
            Cell::new(template.text("about")),
            Cell::quiet(joined([private, own])),
        ]);
    }
    page.table(&table, 0);
    page.gap();
    page.quiet("Next: hearth template show NAME");
}

/// `template show`: `template`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    one(data.at("template"), page);
    page.gap();
    if data.at("template").flag("private") {
        page.quiet("Next: hearth journal add --template NAME");
    } else {
        page.quiet("Next: hearth session plan NB --at \"DATE TIME\" --template NAME");
    }
}

fn one(template: &Value, page: &mut Page) {
    page.title(template.text("title"));
    let name = format!("template {}", template.text("name"));
    let private = if template.flag("private") {
        "for your journal, and nobody else's eyes"
    } else {
        ""
    };
    page.quiet(joined([
        name.as_str(),
        minutes(template).as_str(),
        words(template.list("forms")).as_str(),
        words(template.list("phases")).as_str(),
        private,
    ]));
    page.prose(template.text("about"), 2);
    page.part("Agenda");
    for item in template.list("agenda") {
        page.line(format!(
            "  {}",
            joined([item.text("title"), minutes(item).as_str()])
        ));
        prompts(item, page);
    }
    if !template.text("notes").trim().is_empty() {
        page.part("Notes begin with");
        page.prose(template.text("notes"), 2);
    }
}

/// Writes the questions and hints of an agenda item.
pub(crate) fn prompts(item: &Value, page: &mut Page) {
    for prompt in item.list("prompts").iter().filter_map(Value::as_str) {
        page.quiet(format!("      {prompt}"));
    }
}

/// `template add`: `template`, and whether it stands in the place of one that comes with hearth.
pub(crate) fn added(data: &Value, page: &mut Page) {
    let place = if data.flag("in_place") {
        ", in the place of the one that comes with hearth"
    } else {
        ""
    };
    page.line(format!("Kept in this home{place}."));
    page.gap();
    show(data, page);
}

/// `template remove`: `template`.
pub(crate) fn removed(data: &Value, page: &mut Page) {
    page.line(if data.flag("in_place") {
        "Removed. The one that comes with hearth serves again."
    } else {
        "Removed. Sessions that were made from it stay as they are."
    });
}

fn minutes(of: &Value) -> String {
    of.number("minutes")
        .map(|minutes| format!("{minutes} min"))
        .unwrap_or_default()
}

fn words(list: &[Value]) -> String {
    let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn a_template_shows_agenda_prompts_and_notes() {
        let template = json!({"name": "grow", "title": "GROW session", "about": "One question.", "minutes": 60,
            "forms": ["one-on-one"], "phases": ["direction"],
            "agenda": [{"title": "Goal", "minutes": 10, "prompts": ["What should be different?"]}],
            "notes": "## Goal\n\n"});
        insta::assert_snapshot!(testing::page(&json!({"template": template}), show), @r#"
        GROW session
        template grow · 60 min · one-on-one · direction
          One question.

        Agenda
          Goal · 10 min
              What should be different?

        Notes begin with
          ## Goal

        Next: hearth session plan NB --at "DATE TIME" --template NAME
        "#);
        let mut own = template.clone();
        own["own"] = json!(true);
        let data = json!({"templates": [template, own]});
        insta::assert_snapshot!(testing::page(&data, list), @r"
        grow  60 min  One question.
        grow  60 min  One question.  yours

        Next: hearth template show NAME
        ");
    }

    #[test]
    fn odd_data_leaves_gaps_not_errors() {
        for odd in [
            json!(null),
            json!({"template": {"agenda": [1], "forms": 3}}),
        ] {
            testing::page(&odd, show);
            testing::page(&odd, list);
            testing::page(&odd, added);
            testing::page(&odd, removed);
        }
    }
}
