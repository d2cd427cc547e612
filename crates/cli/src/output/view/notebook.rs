//! Notebooks.

use serde_json::Value;

use super::{history, joined, people};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// `notebook create`: `notebook`.
pub(crate) fn created(data: &Value, page: &mut Page) {
    let notebook = data.at("notebook");
    head(notebook, page);
    page.next("hearth invite create {} --as ROLE", notebook.text("id"));
}

/// `notebook phase` and `rename`: `notebook`.
pub(crate) fn changed(data: &Value, page: &mut Page) {
    let notebook = data.at("notebook");
    head(notebook, page);
    page.next("hearth notebook show {}", notebook.text("id"));
}

/// `notebook fork`: `notebook`, and `tickets[]` with `name`, `role`, `ticket`, `expires`.
pub(crate) fn forked(data: &Value, page: &mut Page) {
    let notebook = data.at("notebook");
    head(notebook, page);
    page.gap();
    page.quiet(data.text("notice"));
    let tickets = data.list("tickets");
    for ticket in tickets {
        page.gap();
        let until = page.clock().time(ticket.text("expires"));
        page.line(format!(
            "For {}, as {}, until {until}:",
            ticket.text("name"),
            ticket.text("role")
        ));
        page.line(ticket.text("ticket"));
    }
    if !tickets.is_empty() {
        page.gap();
        page.quiet(
            "Send each over a channel that you trust, and keep `hearth up` running meanwhile.",
        );
        page.quiet("They run: hearth join TICKET");
    }
    page.next("hearth notebook show {}", notebook.text("id"));
}

/// `notebook rekey`: `notebook`.
pub(crate) fn rekeyed(data: &Value, page: &mut Page) {
    page.line("What is written from now on has a new key. Whoever had the old one reads on what was written before.");
    page.next("hearth readers {}", data.at("notebook").text("id"));
}

/// `notebook list`: `notebooks[]`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let notebooks = data.list("notebooks");
    let mut table = Table::default();
    for notebook in notebooks {
        table.row([
            Cell::new(notebook.text("title")),
            Cell::new(notebook.text("form")),
            Cell::new(notebook.text("phase")),
            Cell::new(place_in(notebook)),
            Cell::quiet(page.short(notebook.text("id"))),
        ]);
    }
    page.table(&table, 0);
    match notebooks.first() {
        Some(first) => page.next("hearth notebook show {}", first.text("id")),
        None => {
            page.line("There is no notebook here yet.");
            page.next("hearth notebook create TITLE --form one-on-one", "");
        }
    }
}

/// `notebook show`: `notebook` with `members[]`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let notebook = data.at("notebook");
    head(notebook, page);
    let departed = notebook.at("departed").text("message");
    if !departed.is_empty() {
        page.styled(departed, Style::Now);
    }
    let from = notebook.text("forked_from");
    if !from.is_empty() {
        page.quiet(format!(
            "goes on from notebook {}, with its signed history",
            page.short(from)
        ));
    }
    page.part("Members");
    people::member_rows(notebook.list("members"), page);
    history::disputed(notebook, page);
    let fits = notebook.at("suggested_template");
    if !fits.is_null() {
        page.gap();
        page.quiet(suggested(fits));
    }
    page.next("hearth goal list {}", notebook.text("id"));
}

/// Says which template fits the phase: `the phase winding-down fits --template closure (End well)`.
pub(crate) fn suggested(fits: &Value) -> String {
    format!(
        "In the phase {}, sessions fit that begin with --template {}: {}",
        fits.text("phase"),
        fits.text("name"),
        fits.text("about")
    )
}

/// The role, or how this device came to have none.
fn place_in(notebook: &Value) -> &str {
    match notebook.at("departed").text("kind") {
        "" => notebook.text("role"),
        "voided" => "not let in",
        kind => kind,
    }
}

fn head(notebook: &Value, page: &mut Page) {
    page.title(notebook.text("title"));
    let id = page.short(notebook.text("id")).to_owned();
    page.quiet(joined([
        format!("notebook {id}").as_str(),
        notebook.text("form"),
        notebook.text("phase"),
    ]));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    const ID: &str = "01JD8GNSQ4W5T3V7PXRK2QF7MZ";

    #[test]
    fn notebooks_line_up() {
        let data = json!({"notebooks": [
            {"id": ID, "title": "Ada and Ben", "form": "one-on-one", "phase": "rapport"},
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AB", "title": "Circle", "form": "peer", "phase": "progress"},
        ]});
        insta::assert_snapshot!(testing::page(&data, list), @r"
        Ada and Ben  one-on-one  rapport   RK2QF7MZ
        Circle       peer        progress  RK2QF8AB

        Next: hearth notebook show RK2QF7MZ
        ");
        insta::assert_snapshot!(testing::page(&json!({"notebooks": []}), list), @r"
        There is no notebook here yet.

        Next: hearth notebook create TITLE --form one-on-one
        ");
    }

    #[test]
    fn a_notebook_is_shown_with_its_members() {
        let data = json!({"notebook": {"id": ID, "title": "Ada and Ben", "form": "one-on-one",
        "phase": "rapport", "members": [
            {"person": "mfzwizjomvzxg2lp", "name": "Ada", "role": "mentor", "admin": true,
             "verified": true, "devices": [{"id": "x", "label": "laptop"}]},
            {"person": "nzqw4zdfmqmfzwiz", "name": "Ben", "role": "mentee", "admin": false,
             "verified": false, "devices": [{"id": "y", "label": "laptop"}, {"id": "z", "label": "desk PC"}]},
            {"person": "pzqw4zdfmqmfzwiz", "name": "Cy", "role": "peer", "verified": false,
             "verification": "differ", "devices": [{"id": "v", "label": "phone"}]},
            {"person": "qzqw4zdfmqmfzwiz", "name": "Di", "role": "observer", "verified": false,
             "verification": "none", "added_by": {"name": "Ben"}, "devices": [{"id": "w", "label": "tablet"}]},
        ]}});
        insta::assert_snapshot!(testing::page(&data, show), @r"
        Ada and Ben
        notebook RK2QF7MZ · one-on-one · rapport

        Members
          Ada  mentor · admin  laptop           words compared      mfzwizjo
          Ben  mentee          laptop, desk PC  words not compared  nzqw4zdf
          Cy   peer            phone            words differ        pzqw4zdf
          Di   observer        tablet           let in by Ben       qzqw4zdf

        Next: hearth goal list RK2QF7MZ
        ");
    }

    #[test]
    fn a_title_cannot_reach_the_terminal_or_the_command_to_paste() {
        let data = json!({"notebook": {"id": "$(rm -rf ~)", "title": "x\u{1b}[2J\n$ evil", "form": "peer"}});
        let page = testing::page(&data, created);
        assert!(!page.contains('\u{1b}') && !page.contains("\n$ evil"));
        assert!(!page.contains("Next:"));
    }
}
