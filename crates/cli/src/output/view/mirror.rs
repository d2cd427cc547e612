//! Mirrors: what one is, and what a notebook's mirrors hold.

use serde_json::Value;

use super::counted;
use super::peers::{confirmed, heard};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// `mirror init`: `mirror`, `ticket`, `quota`.
pub(crate) fn init(data: &Value, page: &mut Page) {
    page.title(format!("The mirror {} is made.", data.called("mirror")));
    page.line(data.text("ticket"));
    page.gap();
    page.quiet(
        "The ticket is good for any number of notebooks. Whoever has it can have theirs held here.",
    );
    page.quiet("Nothing in this folder opens what it holds.");
    page.next("hearth mirror up", "");
    page.quiet("  An admin of a notebook then runs: hearth mirror add NOTEBOOK TICKET");
}

/// The ready line of `mirror up`: `mirror`, `addrs[]`, `ticket`, `notebooks`.
pub(crate) fn ready(data: &Value, page: &mut Page) {
    let addresses: Vec<&str> = data
        .list("addrs")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    page.line(format!(
        "The mirror {} is ready on {} with {}. Stop with Ctrl-C.",
        data.called("mirror"),
        addresses.join(", "),
        counted(data.count("notebooks"), "notebook", "notebooks")
    ));
    page.line(data.text("ticket"));
}

/// `mirror add`: `mirror`, `notebook`.
pub(crate) fn added(data: &Value, page: &mut Page) {
    page.line(format!(
        "The mirror {} holds {} as soon as a node of a member reaches it.",
        data.called("mirror"),
        data.called("notebook")
    ));
    page.next("hearth sync", "");
}

/// `mirror remove`: `mirror`, `notebook`.
pub(crate) fn removed(data: &Value, page: &mut Page) {
    page.line(format!(
        "The mirror {} gets nothing more of {}. What it has, it may keep; it cannot read it.",
        data.called("mirror"),
        data.called("notebook")
    ));
}

/// `mirror list`: `mirrors[]`.
pub(crate) fn mirrors(data: &Value, page: &mut Page) {
    if data.list("mirrors").is_empty() {
        page.line("This notebook has no mirror.");
        page.quiet("  hearth mirror add NOTEBOOK TICKET");
        return;
    }
    rows(data.list("mirrors"), 0, page);
}

/// One line for each mirror, with what it was caught at.
pub(super) fn rows(mirrors: &[Value], indent: usize, page: &mut Page) {
    let mut table = Table::default();
    for mirror in mirrors {
        table.row([
            Cell::new(format!("mirror {}", name(mirror, page))),
            heard(mirror, page),
            Cell::new(confirmed(mirror, page)),
        ]);
    }
    page.table(&table, indent);
    for mirror in mirrors {
        let warning = mirror.text("warning");
        if !warning.is_empty() {
            let line = format!(
                "{:indent$}The mirror {}: {warning}.",
                "",
                name(mirror, page)
            );
            page.styled(line, Style::Danger);
        }
    }
}

fn name(mirror: &Value, page: &Page) -> String {
    match mirror.text("name") {
        "" => page.short(mirror.text("id")).to_owned(),
        name => name.to_owned(),
    }
}
