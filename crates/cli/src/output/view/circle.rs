//! Circles.

use serde_json::Value;

use super::{joined, names};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// `circle next`: `circle`, and `advanced`.
pub(crate) fn gone(data: &Value, page: &mut Page) {
    if data.text("advanced") == "already" {
        page.line("Somebody else went on a moment ago, so nothing was done.");
        page.gap();
    }
    show(data, page);
}

/// `circle start`, `again`, `end` and `show`: `circle`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let circle = data.at("circle");
    let notebook = data.at("notebook").text("id");
    if circle.text("id").is_empty() {
        page.line("No circle has met here yet.");
        next_roles(circle, page);
        page.next("hearth circle start {}", notebook);
        return;
    }
    page.title(circle.text("title"));
    let stages = circle.list("stages");
    let state = match (circle.flag("running"), circle.text("ended")) {
        (true, _) => format!("stage {} of {}", circle.count("stage") + 1, stages.len()),
        (false, "") => String::new(),
        (false, at) => format!("ended {}", page.clock().time(at)),
    };
    let id = format!("session {}", page.short(circle.text("id")));
    page.quiet(joined([id.as_str(), state.as_str()]));
    roles(circle.list("roles"), circle.list("absent"), page);
    page.gap();
    for stage in stages {
        one_stage(stage, circle, page);
    }
    if circle.flag("running") {
        page.next("hearth circle next {}", notebook);
    } else {
        next_roles(circle, page);
        page.next("hearth session notes {}", circle.text("id"));
    }
}

fn one_stage(stage: &Value, circle: &Value, page: &mut Page) {
    let minutes = format!("{} min", stage.count("minutes"));
    match stage.text("state") {
        "done" => page.quiet(format!("  [x]  {}", stage.text("title"))),
        "now" => {
            let (left, style) = left(circle, page);
            let line = joined([stage.text("title"), minutes.as_str(), left.as_str()]);
            page.styled(format!("  >>>  {line}"), style);
            super::template::prompts(stage, page);
        }
        _ => page.line(format!(
            "  [ ]  {}",
            joined([stage.text("title"), minutes.as_str()])
        )),
    }
}

/// How much of the stage's time is left, or how much it is over.
fn left(circle: &Value, page: &Page) -> (String, Style) {
    let Some(seconds) = page.clock().seconds_until(circle.text("until")) else {
        return (String::new(), Style::Strong);
    };
    let time = format!("{}:{:02}", seconds.abs() / 60, seconds.abs() % 60);
    if seconds < 0 {
        (format!("{time} over"), Style::Danger)
    } else {
        (format!("{time} left"), Style::Strong)
    }
}

fn roles(roles: &[Value], absent: &[Value], page: &mut Page) {
    let mut table = Table::default();
    for role in roles {
        table.row([Cell::quiet(role.text("role")), Cell::new(role.text("name"))]);
    }
    if !absent.is_empty() {
        table.row([Cell::quiet("absent"), Cell::new(names(absent))]);
    }
    page.table(&table, 2);
}

fn next_roles(circle: &Value, page: &mut Page) {
    if circle.list("next_roles").is_empty() {
        return;
    }
    page.part("Next time, if everybody comes");
    roles(circle.list("next_roles"), &[], page);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    fn running() -> Value {
        let stage = |title: &str, minutes: u32, state: &str| {
            json!({"title": title, "minutes": minutes, "state": state,
            "prompts": ["One question at a time."]})
        };
        json!({"notebook": {"id": "mfzwizjomvzxg2lp"}, "circle": {
            "id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Action-learning set", "running": true,
            "stage": 1, "until": "2026-11-23T15:12:34Z",
            "roles": [{"role": "presenter", "name": "Ana"}, {"role": "facilitator", "name": "Ben"}],
            "absent": [{"name": "Cy"}],
            "next_roles": [{"role": "presenter", "name": "Ben"}],
            "stages": [stage("Arrive", 5, "done"), stage("Open questions", 25, "now"),
                stage("Actions", 10, "to-come")]}})
    }

    #[test]
    fn a_meeting_shows_roles_stages_and_the_time_that_is_left() {
        let mut data = running();
        insta::assert_snapshot!(testing::page(&data, show), @r"
        Action-learning set
        session RK2QF7MZ · stage 2 of 3
          presenter    Ana
          facilitator  Ben
          absent       Cy

          [x]  Arrive
          >>>  Open questions · 25 min · 12:34 left
              One question at a time.
          [ ]  Actions · 10 min

        Next: hearth circle next mfzwizjo
        ");
        data["circle"]["until"] = json!("2026-11-23T14:58:00Z");
        data["advanced"] = json!("already");
        let page = testing::page(&data, gone);
        assert!(page.starts_with("Somebody else"), "{page}");
        assert!(page.contains("2:00 over"), "{page}");
        data["circle"]["running"] = json!(false);
        data["circle"]["ended"] = json!("2026-11-23T14:59:00Z");
        data["circle"]["stages"] = json!([]);
        insta::assert_snapshot!(testing::page(&data, show), @r"
        Action-learning set
        session RK2QF7MZ · ended 15:59
          presenter    Ana
          facilitator  Ben
          absent       Cy

        Next time, if everybody comes
          presenter  Ben

        Next: hearth session notes RK2QF7MZ
        ");
    }

    #[test]
    fn before_the_first_meeting_it_says_whose_turn_it_is() {
        let data = json!({"notebook": {"id": "mfzwizjomvzxg2lp"},
            "circle": {"next_roles": [{"role": "presenter", "name": "Ben"}]}});
        insta::assert_snapshot!(testing::page(&data, show), @r"
        No circle has met here yet.

        Next time, if everybody comes
          presenter  Ben

        Next: hearth circle start mfzwizjo
        ");
    }

    #[test]
    fn odd_data_leaves_gaps_not_errors() {
        for odd in [
            json!(null),
            json!({"circle": {"id": "x", "stages": [1, {"state": []}], "until": 3}}),
        ] {
            testing::page(&odd, show);
            testing::page(&odd, gone);
        }
    }
}
