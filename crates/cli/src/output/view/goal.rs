//! Goals.

use serde_json::Value;

use super::{check_box, comments, due, history, joined, names, provenance};
use crate::output::fields::{Fields, number};
use crate::output::page::Page;
use crate::output::spark;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// `goal list`: `goals[]`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let goals = data.list("goals");
    if goals.is_empty() {
        page.line("There is no goal yet.");
        page.next("hearth goal add {} TITLE", data.at("notebook").text("id"));
        return;
    }
    let mut table = Table::default();
    for goal in goals {
        table.row([
            status(goal.text("status")),
            Cell::new(goal.text("title")),
            Cell::new(owners(goal)),
            Cell::new(measure(goal.at("measure"))),
            Cell::new(chart(goal)),
            due(page, goal.text("due"), is_open(goal)),
            Cell::quiet(page.short(goal.text("id"))),
        ]);
    }
    page.table(&table, 0);
    page.next(
        "hearth goal show {}",
        goals
            .first()
            .map(|goal| goal.text("id"))
            .unwrap_or_default(),
    );
}

/// Every other verb of `goal`: `goal`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let goal = data.at("goal");
    page.title(goal.text("title"));
    let id = format!("goal {}", page.short(goal.text("id")));
    page.quiet(joined([id.as_str(), goal.text("status"), kind(goal)]));
    let woop = goal.at("woop");
    let day = match goal.text("due") {
        "" => String::new(),
        date => page.clock().day(date),
    };
    page.facts([
        ("reason", goal.text("reason").to_owned()),
        ("why", goal.text("why").to_owned()),
        ("owner", owners(goal)),
        ("due", day),
        ("measure", measure(goal.at("measure"))),
        ("wish", woop.text("wish").to_owned()),
        ("outcome", woop.text("outcome").to_owned()),
        ("obstacle", woop.text("obstacle").to_owned()),
        ("plan", woop.text("plan").to_owned()),
    ]);
    key_results(goal, page);
    milestones(goal, page);
    progress(goal, page);
    history::disputed(goal, page);
    comments(goal, page);
    provenance(goal, page);
    let next = match goal.text("status") {
        "proposed" => "hearth goal status {} active",
        "active" if !goal.at("measure").is_null() => "hearth goal progress {} VALUE",
        "active" => "hearth goal milestone {} TITLE",
        _ => "hearth comment {}",
    };
    page.next(next, goal.text("id"));
}

fn kind(goal: &Value) -> &str {
    match goal.text("kind") {
        "plain" => "",
        kind => kind,
    }
}

fn owners(goal: &Value) -> String {
    match goal.list("owners") {
        [] => goal.called("owner").to_owned(),
        owners => names(owners),
    }
}

fn is_open(goal: &Value) -> bool {
    matches!(goal.text("status"), "proposed" | "active" | "paused")
}

fn status(status: &str) -> Cell {
    Cell::styled(
        status,
        match status {
            "achieved" => Style::Good,
            "paused" | "dropped" => Style::Quiet,
            _ => Style::Plain,
        },
    )
}

/// Says where a measure stands: `3 → 10 km, now 7.5`.
fn measure(measure: &Value) -> String {
    let end = |key| measure.number(key).map(number);
    let range = match (end("baseline"), end("target")) {
        (Some(baseline), Some(target)) => format!("{baseline} → {target}"),
        (None, Some(target)) => format!("→ {target}"),
        (Some(baseline), None) => format!("from {baseline}"),
        (None, None) => String::new(),
    };
    let range = [range.as_str(), measure.text("unit")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    match end("current") {
        Some(current) if range.is_empty() => format!("now {current}"),
        Some(current) => format!("{range}, now {current}"),
        None => range,
    }
}

fn key_results(goal: &Value, page: &mut Page) {
    let results = goal.list("key_results");
    if results.is_empty() {
        return;
    }
    page.part("Key results");
    let mut table = Table::default();
    for result in results {
        let figure = |key| result.number(key).map(number).unwrap_or_default();
        table.row([
            Cell::new(result.text("title")),
            Cell::right(figure("start")),
            Cell::new("→"),
            Cell::right(figure("target")),
            Cell::new(match figure("current").as_str() {
                "" => String::new(),
                current => format!("now {current}"),
            }),
            Cell::quiet(page.short(result.text("id"))),
        ]);
    }
    page.table(&table, 2);
}

fn milestones(goal: &Value, page: &mut Page) {
    let milestones = goal.list("milestones");
    if milestones.is_empty() {
        return;
    }
    page.part("Milestones");
    let mut table = Table::default();
    for milestone in milestones {
        let done = milestone.flag("done");
        table.row([
            check_box(done),
            Cell::new(milestone.text("title")),
            due(page, milestone.text("due"), !done),
            Cell::quiet(page.short(milestone.text("id"))),
        ]);
    }
    page.table(&table, 2);
}

fn progress(goal: &Value, page: &mut Page) {
    let progress = goal.list("progress");
    if progress.is_empty() {
        return;
    }
    page.part("Progress");
    let unit = goal.at("measure").text("unit");
    let chart = chart(goal);
    if !chart.is_empty() {
        page.line(format!("  {chart}"));
    }
    let mut table = Table::default();
    for entry in progress {
        let value = entry.number("value").map(number).unwrap_or_default();
        table.row([
            Cell::quiet(page.clock().time(entry.text("at"))),
            Cell::right(value),
            Cell::new(unit),
            Cell::new(entry.text("note")),
        ]);
    }
    page.table(&table, 2);
}

/// The values of a measure as bars, from where it started to where it is to come.
fn chart(goal: &Value) -> String {
    let progress = goal.list("progress").iter();
    let values: Vec<f64> = progress.filter_map(|entry| entry.number("value")).collect();
    let measure = goal.at("measure");
    let ends = ["baseline", "target"].map(|end| measure.number(end));
    spark::fitted(&values, ends.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    const ID: &str = "01JD8GNSQ4W5T3V7PXRK2QF7MZ";

    fn goal() -> Value {
        json!({
            "id": ID, "title": "Run 10 km", "why": "To sleep better", "kind": "smart",
            "status": "active", "owner": {"person": "x", "name": "Ben"}, "due": "2026-12-01",
            "measure": {"unit": "km", "baseline": 3.0, "target": 10.0, "current": 7.5},
            "milestones": [
                {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AA", "title": "5 km", "due": "2026-11-20", "done": true},
                {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AB", "title": "8 km", "due": "2026-11-22", "done": false},
            ],
            "progress": [
                {"value": 5.0, "note": "", "at": "2026-11-15"},
                {"value": 7.5, "note": "Slow, but all the way", "at": "2026-11-22"},
            ],
            "comments": [{"text": "Well done.\nKeep going.", "created_at": "2026-11-22T18:00:00Z",
                "created_by": {"person": "y", "name": "Ada", "device": "laptop"}}],
            "created_by": {"person": "x", "name": "Ben", "device": "laptop"},
            "created_at": "2026-11-01T09:00:00Z",
            "updated_by": {"person": "x", "name": "Ben", "device": "phone"},
            "updated_at": "2026-11-23T14:35:00Z",
        })
    }

    #[test]
    fn a_goal_shows_words_then_facts_then_what_to_do_next() {
        insta::assert_snapshot!(testing::page(&json!({"goal": goal()}), show), @r"
        Run 10 km
        goal RK2QF7MZ · active · smart
          why      To sleep better
          owner    Ben
          due      2026-12-01 (in 8 days)
          measure  3 → 10 km, now 7.5

        Milestones
          [x]  5 km  2026-11-20 (3 days ago)  RK2QF8AA
          [ ]  8 km  2026-11-22 (yesterday)   RK2QF8AB

        Progress
          ▃▆
          2026-11-15    5  km
          2026-11-22  7.5  km  Slow, but all the way

        Comments
          Ada's laptop · Sun 22 Nov 19:00
            Well done.
            Keep going.

        written by Ben's laptop Sun 1 Nov 10:00 · last changed by Ben's phone 15:35

        Next: hearth goal progress RK2QF7MZ VALUE
        ");
    }

    #[test]
    fn goals_line_up() {
        let other = json!({"id": "01JD8GNSQ4W5T3V7PXRK2QF8AC", "title": "Lead a design review",
            "status": "proposed", "owners": [{"name": "Ada"}, {"name": "Ben"}]});
        insta::assert_snapshot!(testing::page(&json!({"goals": [goal(), other]}), list), @r"
        active    Run 10 km             Ben       3 → 10 km, now 7.5  ▃▆  2026-12-01 (in 8 days)  RK2QF7MZ
        proposed  Lead a design review  Ada, Ben                                                  RK2QF8AC

        Next: hearth goal show RK2QF7MZ
        ");
        insta::assert_snapshot!(testing::page(&json!({"goals": [], "notebook": {"id": "nbq7x2klmn4pabcd"}}), list), @r"
        There is no goal yet.

        Next: hearth goal add nbq7x2kl TITLE
        ");
    }

    #[test]
    fn the_other_kinds_show_what_they_have() {
        let okr = json!({"goal": {"id": ID, "title": "Better talks", "kind": "okr", "status": "active",
        "key_results": [
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AD", "title": "talks given", "start": 0, "target": 4, "current": 1},
            {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AE", "title": "rehearsals", "start": 0, "target": 12},
        ]}});
        insta::assert_snapshot!(testing::page(&okr, show), @r"
        Better talks
        goal RK2QF7MZ · active · okr

        Key results
          talks given  0  →   4  now 1  RK2QF8AD
          rehearsals   0  →  12         RK2QF8AE

        Next: hearth goal milestone RK2QF7MZ TITLE
        ");
        let woop = json!({"goal": {"id": ID, "title": "Speak up", "kind": "woop", "status": "proposed",
            "woop": {"wish": "Speak in each meeting", "outcome": "Heard", "obstacle": "Doubt", "plan": "If I doubt, I ask"}}});
        insta::assert_snapshot!(testing::page(&woop, show), @r"
        Speak up
        goal RK2QF7MZ · proposed · woop
          wish      Speak in each meeting
          outcome   Heard
          obstacle  Doubt
          plan      If I doubt, I ask

        Next: hearth goal status RK2QF7MZ active
        ");
    }

    #[test]
    fn odd_data_leaves_gaps_not_errors() {
        for odd in [
            json!(null),
            json!({"goal": 3}),
            json!({"goal": {"milestones": [1, {"title": []}]}}),
        ] {
            testing::page(&odd, show);
            testing::page(&odd, list);
        }
    }
}
