//! Feedback and sealed exchanges.

use serde_json::Value;

use super::{comments, history, joined, names};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// `feedback give`: `feedback`.
pub(crate) fn given(data: &Value, page: &mut Page) {
    let feedback = data.at("feedback");
    page.line("Saved on this device. Everybody in the notebook can read it.");
    page.gap();
    piece(feedback, page);
    page.next("hearth comment {} TEXT", feedback.text("id"));
}

/// `feedback list`: `feedback[]` and `sealed[]`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    for feedback in data.list("feedback") {
        page.gap();
        piece(feedback, page);
        history::disputed(feedback, page);
        comments(feedback, page);
    }
    if !data.list("sealed").is_empty() {
        page.part("Sealed");
        rows(data.list("sealed"), page);
    }
    page.line_if_empty("There is no feedback yet.");
    page.next(
        "hearth feedback give {} --behaviour TEXT",
        data.at("notebook").text("id"),
    );
}

fn piece(feedback: &Value, page: &mut Page) {
    let to = match feedback.called("to") {
        "" => String::new(),
        name => format!("to {name}"),
    };
    let at = page.clock().time(feedback.text("created_at"));
    page.title(joined([
        format!("From {}", feedback.called("by")).as_str(),
        to.as_str(),
    ]));
    let id = format!("feedback {}", page.short(feedback.text("id")));
    page.quiet(joined([id.as_str(), at.as_str()]));
    if !feedback.text("text").is_empty() {
        page.prose(feedback.text("text"), 2);
    }
    page.facts(
        ["situation", "behaviour", "impact", "request"]
            .map(|part| (part, feedback.text(part).to_owned())),
    );
}

/// `sealed list`: `sealed[]`.
pub(crate) fn exchanges(data: &Value, page: &mut Page) {
    rows(data.list("sealed"), page);
    page.line_if_empty("There is no sealed exchange yet.");
    let mine = data.list("sealed").iter().find(|one| is_mine(one));
    match mine {
        Some(exchange) => next(exchange, page),
        None => page.next(
            "hearth sealed start {} --kind expectations",
            data.at("notebook").text("id"),
        ),
    }
}

fn is_mine(exchange: &Value) -> bool {
    matches!(exchange.text("next"), "commit" | "open")
}

/// Writes exchanges, one a line, with what the reader can do.
pub(crate) fn rows(exchanges: &[Value], page: &mut Page) {
    let mut table = Table::default();
    for exchange in exchanges {
        let (words, style) = match (exchange.text("next"), exchange.text("state")) {
            ("commit", _) => ("yours to write", Style::Now),
            ("open", _) => ("yours to open", Style::Now),
            (_, "committing") => ("waits for others to write", Style::Plain),
            (_, "opening") => ("waits for others to open", Style::Plain),
            (_, "open") => ("open", Style::Good),
            (_, other) => (other, Style::Quiet),
        };
        table.row([
            Cell::new(exchange.text("title")),
            Cell::quiet(exchange.text("kind")),
            Cell::styled(words, style),
            Cell::quiet(exchange.called("notebook")),
            Cell::quiet(page.short(exchange.text("id"))),
        ]);
    }
    page.table(&table, 2);
}

/// `sealed start` and `show`: `sealed` with `participants[]`.
pub(crate) fn exchange(data: &Value, page: &mut Page) {
    let exchange = data.at("sealed");
    one(exchange, page);
    next(exchange, page);
}

/// `sealed commit`.
pub(crate) fn committed(data: &Value, page: &mut Page) {
    page.line("Sealed. Your text is in your journal, on your own devices only; the notebook has a hash of it.");
    page.gap();
    exchange(data, page);
}

/// `sealed open`.
pub(crate) fn opened(data: &Value, page: &mut Page) {
    let exchange = data.at("sealed");
    one(exchange, page);
    let others: Vec<Value> = exchange
        .list("participants")
        .iter()
        .filter(|one| !one.flag("opened"))
        .cloned()
        .collect();
    if !others.is_empty() {
        page.gap();
        page.line(format!(
            "Yours is open. {} can read it now and has still to open; nothing can force that.",
            names(&others)
        ));
    }
    next(exchange, page);
}

/// `sealed withdraw`: `withdrawn`, which is `exchange` or `commitment`.
pub(crate) fn withdrawn(data: &Value, page: &mut Page) {
    page.line(match data.text("withdrawn") {
        "commitment" => {
            "Your text is withdrawn; it stays in your journal. You can write another one."
        }
        _ => "The exchange is withdrawn. What each has written stays in their own journal.",
    });
    page.gap();
    exchange(data, page);
}

fn one(exchange: &Value, page: &mut Page) {
    page.title(exchange.text("title"));
    let id = format!(
        "sealed {} {}",
        exchange.text("kind"),
        page.short(exchange.text("id"))
    );
    let by = match exchange.called("started_by") {
        "" => String::new(),
        name => format!("started by {name}"),
    };
    let state = match exchange.text("state") {
        "committing" => "nobody can open before all have committed",
        "opening" => "all have committed",
        other => other,
    };
    page.quiet(joined([id.as_str(), by.as_str(), state]));
    for one in exchange.list("participants") {
        let state = match (
            one.flag("committed"),
            one.flag("opened"),
            one.flag("claimed"),
        ) {
            (_, _, true) => "as the imported file says",
            (_, true, _) => "open",
            (true, false, _) => "committed, not open",
            (false, false, _) => "has not committed",
        };
        let rating = one.number("rating").map(|rating| format!("{rating} of 5"));
        let name = one.text("name");
        page.line(format!(
            "  {}",
            joined([name, state, rating.as_deref().unwrap_or_default()])
        ));
        if !one.text("problem").is_empty() {
            page.styled(format!("    {}", one.text("problem")), Style::Danger);
        }
        if !one.text("text").is_empty() {
            page.prose(one.text("text"), 4);
        }
    }
    history::disputed(exchange, page);
    comments(exchange, page);
}

fn next(exchange: &Value, page: &mut Page) {
    let id = exchange.text("id");
    match exchange.text("next") {
        "commit" if exchange.text("kind") == "rating" => {
            page.next("hearth sealed commit {} --rating 1..5", id);
        }
        "commit" => page.next("hearth sealed commit {}", id),
        "open" => page.next("hearth sealed open {}", id),
        "wait" => page.next("hearth sealed show {}", id),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    fn sealed(state: &str, next: &str) -> Value {
        json!({"sealed": {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Half-time", "kind": "rating",
            "state": state, "next": next, "started_by": {"name": "Ada"}, "participants": [
                {"name": "Ada", "committed": true, "opened": state == "opening",
                 "rating": if state == "opening" { json!(4) } else { json!(null) },
                 "text": if state == "opening" { "More challenge" } else { "" }},
                {"name": "Ben", "committed": state == "opening", "opened": false}]}})
    }

    #[test]
    fn an_exchange_says_who_is_to_do_what() {
        insta::assert_snapshot!(testing::page(&sealed("committing", "wait"), committed), @r"
        Sealed. Your text is in your journal, on your own devices only; the notebook has a hash of it.

        Half-time
        sealed rating RK2QF7MZ · started by Ada · nobody can open before all have committed
          Ada · committed, not open
          Ben · has not committed

        Next: hearth sealed show RK2QF7MZ
        ");
        insta::assert_snapshot!(testing::page(&sealed("opening", "wait"), opened), @r"
        Half-time
        sealed rating RK2QF7MZ · started by Ada · all have committed
          Ada · open · 4 of 5
            More challenge
          Ben · committed, not open

        Yours is open. Ben can read it now and has still to open; nothing can force that.

        Next: hearth sealed show RK2QF7MZ
        ");
    }

    #[test]
    fn feedback_lists_what_is_open_and_what_is_sealed() {
        let data = json!({"feedback": [{"id": "01JD8GNSQ4W5T3V7PXRK2QF8AA", "by": {"name": "Ada"},
            "to": {"name": "Ben"}, "behaviour": "You let me finish", "request": "Keep doing that",
            "created_at": "2026-11-23T14:35:00Z"}],
            "sealed": [sealed("committing", "commit")["sealed"]],
            "notebook": {"id": "nbq7x2klmn4pabcd", "title": "Ada and Ben"}});
        insta::assert_snapshot!(testing::page(&data, list), @r"
        From Ada · to Ben
        feedback RK2QF8AA · 15:35
          behaviour  You let me finish
          request    Keep doing that

        Sealed
          Half-time  rating  yours to write  RK2QF7MZ

        Next: hearth feedback give nbq7x2kl --behaviour TEXT
        ");
    }
}
