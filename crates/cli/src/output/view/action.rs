//! Actions.

use serde_json::Value;

use super::{actions, comments, history, joined, provenance};
use crate::output::fields::Fields;
use crate::output::page::Page;

/// `action list`: `actions[]`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let all = data.list("actions");
    if all.is_empty() {
        page.line("There is no action here.");
        page.next("hearth action add {} TITLE", data.at("notebook").text("id"));
        return;
    }
    actions(all, page);
    if let Some(open) = all.iter().find(|action| is_open(action)) {
        page.next("hearth action done {}", open.text("id"));
    }
}

/// Every other verb of `action`: `action`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let action = data.at("action");
    page.title(action.text("title"));
    let id = format!("action {}", page.short(action.text("id")));
    page.quiet(joined([id.as_str(), action.text("status")]));
    let day = match action.text("due") {
        "" => String::new(),
        date => page.clock().day(date),
    };
    let goal = page.short(action.text("goal")).to_owned();
    let session = page.short(action.text("session")).to_owned();
    page.facts([
        ("reason", action.text("reason").to_owned()),
        ("owner", action.called("owner").to_owned()),
        ("due", day),
        ("goal", goal),
        ("session", session),
    ]);
    history::disputed(action, page);
    comments(action, page);
    provenance(action, page);
    if is_open(action) {
        page.next("hearth action done {}", action.text("id"));
    }
}

fn is_open(action: &Value) -> bool {
    matches!(action.text("status"), "open" | "moved")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn actions_line_up_and_what_is_due_is_told() {
        let data = json!({"actions": [
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Send the reading list", "status": "open",
             "owner": {"name": "Ada"}, "due": "2026-11-23"},
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AA", "title": "Try it", "status": "done", "owner": {"name": "Ben"}},
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AB", "title": "Ask Cy", "status": "dropped", "due": "2026-11-01"},
        ]});
        insta::assert_snapshot!(testing::page(&data, list), @r"
          [ ]  Send the reading list  Ada  2026-11-23 (today)                 RK2QF7MZ
          [x]  Try it                 Ben                                     RK2QF8AA
          [ ]  Ask Cy                      2026-11-01 (22 days ago)  dropped  RK2QF8AB

        Next: hearth action done RK2QF7MZ
        ");
    }

    #[test]
    fn an_action_shows_what_it_belongs_to() {
        let data = json!({"action": {"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Send the list",
            "status": "moved", "reason": "Waiting", "due": "2026-11-30", "owner": {"name": "Ada"},
            "goal": "01JD8GNSQ4W5T3V7PXRK2QF8AA", "session": null}});
        insta::assert_snapshot!(testing::page(&data, show), @r"
        Send the list
        action RK2QF7MZ · moved
          reason  Waiting
          owner   Ada
          due     2026-11-30 (in 7 days)
          goal    RK2QF8AA

        Next: hearth action done RK2QF7MZ
        ");
    }
}
