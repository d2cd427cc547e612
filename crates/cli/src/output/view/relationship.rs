//! A relationship as a whole: what became of it, and what goes both ways.

use serde_json::Value;

use super::{joined, names};
use crate::output::fields::{Fields, name};
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// People who have a column each; of more, each has a paragraph.
const COLUMNS_MAX: usize = 6;

/// What is counted, in the order in which it is told: the key, and its words.
const COUNTED: [(&str, &str); 13] = [
    ("learned", "learned"),
    ("brought", "brought to the agenda"),
    ("attended", "sessions attended"),
    ("feedback_given", "feedback given"),
    ("feedback_received", "feedback received"),
    ("asked", "questions asked"),
    ("answered", "questions answered"),
    ("actions_done", "actions done"),
    ("actions_open", "actions open"),
    ("resources", "resources shared"),
    ("skills_seen", "others' skills rated or endorsed"),
    ("comments", "comments"),
    ("check_ins", "check-ins"),
];

/// `notebook timeline`: `timeline[]`, and `notebook`.
pub(crate) fn timeline(data: &Value, page: &mut Page) {
    let mut table = Table::default();
    let mut last = "";
    for happened in data.list("timeline") {
        let date = happened.text("date");
        let day = if date == last { "" } else { date };
        last = date;
        table.row([
            Cell::quiet(day),
            Cell::styled(event(happened.text("event")), Style::Quiet),
            Cell::new(what(happened)),
            Cell::new(happened.called("by")),
            Cell::quiet(page.short(happened.text("id"))),
        ]);
    }
    page.table(&table, 0);
    page.line_if_empty("Nothing has happened yet.");
    page.next(
        "hearth notebook reciprocity {}",
        data.at("notebook").text("id"),
    );
}

/// What happened, in words.
fn event(word: &str) -> &str {
    match word {
        "begun" => "began",
        "goal-set" => "goal set",
        "goal-achieved" => "goal achieved",
        "goal-dropped" => "goal dropped",
        "session" => "session held",
        "certified" => "certificate",
        word => word,
    }
}

fn what(happened: &Value) -> String {
    let title = happened.text("title");
    let of = happened.text("of");
    let title = match happened.text("event") {
        "signed" => format!("{title}, version {of}"),
        "certified" | "endorsed" => joined([title, format!("for {of}").as_str()]),
        "closed" => String::new(),
        _ => joined([title, of]),
    };
    match happened.text("reason") {
        "" => title,
        reason => format!("{title}: {reason}"),
    }
}

/// `notebook reciprocity`: `people[]`, and `notebook`.
pub(crate) fn reciprocity(data: &Value, page: &mut Page) {
    let people = data.list("people");
    page.title(data.called("notebook"));
    if people.len() <= COLUMNS_MAX {
        side_by_side(people, page);
    } else {
        one_by_one(people, page);
    }
    let silent: Vec<Value> = people
        .iter()
        .filter(|person| person.flag("member") && person.text("role") != "observer")
        .filter(|person| person.count("learned") == 0)
        .cloned()
        .collect();
    let notebook = data.at("notebook").text("id");
    if silent.is_empty() || people.len() < 2 {
        page.next("hearth notebook timeline {}", notebook);
    } else {
        page.gap();
        page.quiet(format!(
            "Nothing is noted yet of what was learned by {}; a session's wrap-up has a place for each.",
            names(&silent)
        ));
        page.next("hearth session list {}", notebook);
    }
}

fn side_by_side(people: &[Value], page: &mut Page) {
    let mut table = Table::default();
    let heads = people.iter().map(|person| Cell::right(name(person)));
    table.row(std::iter::once(Cell::default()).chain(heads));
    let roles = people.iter().map(|person| Cell::right(role(person)));
    table.row(std::iter::once(Cell::default()).chain(roles));
    for (key, words) in COUNTED {
        if people.iter().all(|person| person.count(key) == 0) && key != "learned" {
            continue;
        }
        let counts = people
            .iter()
            .map(|person| Cell::right(person.count(key).to_string()));
        table.row(std::iter::once(Cell::quiet(words)).chain(counts));
    }
    page.table(&table, 2);
}

fn one_by_one(people: &[Value], page: &mut Page) {
    for person in people {
        page.gap();
        page.line(joined([name(person), role(person)]));
        let counts: Vec<String> = COUNTED
            .iter()
            .filter(|(key, _)| person.count(key) > 0 || *key == "learned")
            .map(|(key, words)| format!("{words} {}", person.count(key)))
            .collect();
        page.quiet(format!("  {}", counts.join(" · ")));
    }
}

/// The role of a member; of whoever is none any more, that.
fn role(person: &Value) -> &str {
    match person.flag("member") {
        true => person.text("role"),
        false => "no member now",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    const ID: &str = "01JD8GNSQ4W5T3V7PXRK2QF7MZ";

    #[test]
    fn what_happened_stands_by_its_days() {
        let data = json!({"notebook": {"id": ID, "title": "Ada and Ben"}, "timeline": [
            {"date": "2026-11-23", "event": "begun", "title": "Ada and Ben", "by": {"name": "Ada"}},
            {"date": "2026-11-23", "event": "goal-set", "title": "Give a talk", "by": {"name": "Ben"},
             "id": "01JD8GNSQ4W5T3V7PXRK2QF8AA"},
            {"date": "2026-11-24", "event": "signed", "title": "Agreement", "of": "1", "by": {"name": "Ben"}},
            {"date": "2026-12-01", "event": "session", "title": "First session", "by": null},
            {"date": "2026-12-02", "event": "phase", "title": "direction", "by": {"name": "Ada"}},
            {"date": "2026-12-09", "event": "milestone", "title": "Draft", "of": "Give a talk", "by": {"name": "Ben"}},
            {"date": "2027-02-01", "event": "goal-achieved", "title": "Give a talk", "reason": "In Lisbon",
             "by": {"name": "Ben"}},
            {"date": "2027-03-01", "event": "certified", "title": "Certificate", "of": "Ben", "by": {"name": "Ada"}},
        ]});
        insta::assert_snapshot!(testing::page(&data, timeline), @r"
        2026-11-23  began          Ada and Ben             Ada
                    goal set       Give a talk             Ben  RK2QF8AA
        2026-11-24  signed         Agreement, version 1    Ben
        2026-12-01  session held   First session
        2026-12-02  phase          direction               Ada
        2026-12-09  milestone      Draft · Give a talk     Ben
        2027-02-01  goal achieved  Give a talk: In Lisbon  Ben
        2027-03-01  certificate    Certificate · for Ben   Ada

        Next: hearth notebook reciprocity RK2QF7MZ
        ");
    }

    #[test]
    fn two_stand_side_by_side_and_it_is_said_who_is_not_heard_of() {
        let ben = json!({"name": "Ben", "role": "mentee", "member": true, "learned": 4, "brought": 12, "asked": 3});
        let ada = json!({"name": "Ada", "role": "mentor", "member": true, "learned": 0, "brought": 2, "answered": 3});
        let notebook = json!({"id": ID, "title": "Ada and Ben"});
        let data = json!({"notebook": notebook, "people": [ada, ben]});
        insta::assert_snapshot!(testing::page(&data, reciprocity), @r"
        Ada and Ben
                                    Ada     Ben
                                 mentor  mentee
          learned                     0       4
          brought to the agenda       2      12
          questions asked             0       3
          questions answered          3       0

        Nothing is noted yet of what was learned by Ada; a session's wrap-up has a place for each.

        Next: hearth session list RK2QF7MZ
        ");
        let people: Vec<Value> = (1..8)
            .map(|count| json!({"name": format!("P{count}"), "role": "peer", "member": true, "learned": count}))
            .collect();
        let page = testing::page(
            &json!({"notebook": notebook, "people": people}),
            reciprocity,
        );
        assert!(page.contains("P7 · peer\n  learned 7\n"), "{page}");
    }
}
