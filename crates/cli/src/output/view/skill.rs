//! Skills.

use serde_json::Value;

use super::{comments, history, joined, names, provenance};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::spark;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// `skill list`: `skills[]` with `people[]`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let skills = data.list("skills");
    let notebook = data.at("notebook").text("id");
    let Some(first) = skills.first() else {
        page.line("There is no skill yet.");
        page.next("hearth skill rate {} SKILL 1..5", notebook);
        return;
    };
    let mut table = Table::default();
    for skill in skills {
        let title = Cell::new(skill.text("title"));
        let id = Cell::quiet(page.short(skill.text("id")));
        let people = skill.list("people");
        if people.is_empty() {
            table.row([title.clone(), Cell::quiet("nobody yet"), id.clone()]);
        }
        for person in people {
            table.row([
                title.clone(),
                Cell::new(person.text("name")),
                Cell::new(figures("own", person.at("own"))),
                Cell::new(others(person)),
                Cell::styled(endorsed(person), Style::Good),
                id.clone(),
            ]);
        }
    }
    page.table(&table, 0);
    page.next("hearth skill show {}", first.text("id"));
}

/// `skill rate`: `skill` and `created`.
pub(crate) fn rated(data: &Value, page: &mut Page) {
    if data.flag("created") {
        page.line("A new skill in this notebook. If it goes by another name already, rename this one with `hearth skill edit`.");
        page.gap();
    }
    show(data, page);
}

/// `skill show`, `add`, `edit` and `evidence`: `skill`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let skill = data.at("skill");
    page.title(skill.text("title"));
    let id = format!("skill {}", page.short(skill.text("id")));
    page.quiet(joined([id.as_str(), skill.text("uri")]));
    if !skill.text("about").is_empty() {
        page.prose(skill.text("about"), 2);
    }
    let mut table = Table::default();
    for anchor in skill.list("anchors") {
        let value = anchor.count("value").to_string();
        table.row([Cell::right(value), Cell::quiet(anchor.text("text"))]);
    }
    page.gap();
    page.table(&table, 2);
    for person in skill.list("people") {
        one_person(skill, person, page);
    }
    history::disputed(skill, page);
    comments(skill, page);
    provenance(skill, page);
    let notebook = data.at("notebook").text("id");
    match skill.list("people") {
        [] => page.next("hearth skill rate {} SKILL 1..5", notebook),
        _ => page.next("hearth skill evidence {} TEXT", skill.text("id")),
    }
}

fn one_person(skill: &Value, person: &Value, page: &mut Page) {
    page.part(person.text("name"));
    let mut table = Table::default();
    let own = person.at("own");
    if !own.is_null() {
        table.row(row("own view", own, page));
    }
    for other in person.list("others") {
        let label = format!("{} says", other.called("by"));
        table.row(row(&label, other, page));
    }
    page.table(&table, 2);
    let is_theirs = |part: &&Value| part.at("of").text("person") == person.text("person");
    for rating in skill.list("ratings").iter().filter(is_theirs) {
        if !rating.text("note").is_empty() {
            let gave = format!("{} gave {}", author_of(rating), rating.count("value"));
            page.quiet(format!("  {}", joined([gave.as_str(), rating.text("at")])));
            page.prose(rating.text("note"), 4);
        }
    }
    for evidence in skill.list("evidence").iter().filter(is_theirs) {
        page.quiet(format!("  {}", joined(["evidence", evidence.text("link")])));
        page.prose(evidence.text("text"), 4);
    }
    for endorsement in skill.list("endorsements").iter().filter(is_theirs) {
        one_endorsement(endorsement, page);
    }
}

fn one_endorsement(endorsement: &Value, page: &mut Page) {
    let (words, style) = match endorsement.text("state") {
        "signed" => ("endorsed and signed", Style::Good),
        "changed" => (
            "endorsed, unsigned: the skill was named or described otherwise when it was signed",
            Style::Now,
        ),
        "withdrawn" => ("endorsement taken back", Style::Quiet),
        _ => ("endorsed, unsigned", Style::Now),
    };
    let by = author_of(endorsement);
    let entry = match endorsement.text("entry") {
        "" => String::new(),
        entry => format!("entry {}", page.short(entry)),
    };
    page.styled(
        format!("  {}", joined([words, by.as_str(), entry.as_str()])),
        style,
    );
    page.prose(endorsement.text("note"), 4);
}

/// Who wrote a part, and who brought it here where that was an import.
fn author_of(part: &Value) -> String {
    let by = part.called("by");
    let here = part.at("created_by").text("name");
    if part.at("imported_from").is_null() || here.is_empty() || here == by {
        return by.to_owned();
    }
    format!("{by}, imported by {here}")
}

/// Then and now, in a row.
fn row(label: &str, figures: &Value, page: &Page) -> [Cell; 4] {
    let since = match (figures.text("since"), figures.list("values")) {
        ("", _) => String::new(),
        (day, [_]) => format!("on {}", page.clock().day(day)),
        (day, _) => format!("since {}", page.clock().day(day)),
    };
    [
        Cell::quiet(label),
        Cell::new(then_and_now(figures)),
        Cell::new(bars(figures)),
        Cell::quiet(since),
    ]
}

fn figures(label: &str, figures: &Value) -> String {
    if figures.is_null() {
        return String::new();
    }
    let words = [then_and_now(figures), bars(figures)];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    format!("{label} {}", words.join(" ").trim_end())
}

fn others(person: &Value) -> String {
    let others = person.list("others").iter();
    let told: Vec<String> = others
        .map(|other| figures(other.called("by"), other))
        .collect();
    told.join(", ")
}

fn endorsed(person: &Value) -> String {
    match person.list("endorsed_by") {
        [] => String::new(),
        by => format!("endorsed by {}", names(by)),
    }
}

/// `2 → 4`, or one number where there is no more.
fn then_and_now(figures: &Value) -> String {
    let now = figures.count("now");
    match figures.list("values") {
        [] | [_] => now.to_string(),
        _ => format!("{} → {now}", figures.count("then")),
    }
}

fn bars(figures: &Value) -> String {
    let values = figures.list("values").iter();
    let values: Vec<f64> = values.filter_map(Value::as_f64).collect();
    spark::line(&values, 1.0, 5.0)
}

/// `skill endorse`: `skill`, with the text that was signed or `withdrawn`.
pub(crate) fn endorsement(data: &Value, page: &mut Page) {
    if data.flag("withdrawn") {
        page.line("Taken back. That you had given it stays in the history of everybody here.");
    } else {
        page.line("You have signed exactly this text:");
        page.gap();
        page.prose(data.text("signed_text"), 2);
        let person = data.at("signed_for");
        if !person.text("name").is_empty() {
            page.gap();
            page.quiet(format!(
                "The person is {}: the text names them by the id, which stays whatever anybody is called.",
                person.text("name")
            ));
        }
    }
    page.next("hearth skill show {}", data.at("skill").text("id"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    fn skill() -> Value {
        let ben = json!({"person": "y", "name": "Ben"});
        let ada = json!({"person": "x", "name": "Ada"});
        json!({"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Listening", "uri": "http://data.europa.eu/esco/skill/1",
            "anchors": [{"value": 1, "text": "New to it"}, {"value": 5, "text": "Teaching"}],
            "people": [{"person": "y", "name": "Ben",
                "own": {"by": ben, "then": 2, "now": 4, "since": "2026-01-10", "values": [2, 3, 4]},
                "others": [{"by": ada, "then": 3, "now": 3, "since": "2026-11-20", "values": [3]}],
                "endorsed_by": [ada]}],
            "ratings": [{"of": ben, "by": ada, "value": 3, "at": "2026-11-20", "note": "Asks back now"}],
            "evidence": [{"of": ben, "text": "Three interviews", "link": "https://example.org/x"}],
            "endorsements": [
                {"of": ben, "by": ada, "state": "signed", "note": "I sat in", "entry": "aaaabbbbccccdddd"},
                {"of": ben, "by": {"person": "z", "name": "Cy"}, "state": "changed"}]})
    }

    #[test]
    fn a_skill_shows_then_and_now_from_both_sides() {
        let data = json!({"skill": skill(), "notebook": {"id": "mfzwizjomvzxg2lp"}});
        insta::assert_snapshot!(testing::page(&data, show), @r"
        Listening
        skill RK2QF7MZ · http://data.europa.eu/esco/skill/1

          1  New to it
          5  Teaching

        Ben
          own view  2 → 4  ▃▅▆  since 2026-01-10 (317 days ago)
          Ada says  3           on 2026-11-20 (3 days ago)
          Ada gave 3 · 2026-11-20
            Asks back now
          evidence · https://example.org/x
            Three interviews
          endorsed and signed · Ada · entry aaaabbbb
            I sat in
          endorsed, unsigned: the skill was named or described otherwise when it was signed · Cy

        Next: hearth skill evidence RK2QF7MZ TEXT
        ");
        insta::assert_snapshot!(testing::page(&json!({"skills": [skill()]}), list), @r"
        Listening  Ben  own 2 → 4 ▃▅▆  Ada 3  endorsed by Ada  RK2QF7MZ

        Next: hearth skill show RK2QF7MZ
        ");
    }

    #[test]
    fn what_was_signed_is_shown_and_what_was_taken_back_is_said() {
        let signed = json!({"skill": skill(), "signed_text": "Endorsement\n\nSkill: Listening\n"});
        insta::assert_snapshot!(testing::page(&signed, endorsement), @r"
        You have signed exactly this text:

          Endorsement

          Skill: Listening

        Next: hearth skill show RK2QF7MZ
        ");
        let data = json!({"skill": skill(), "withdrawn": true});
        insta::assert_snapshot!(testing::page(&data, endorsement), @r"
        Taken back. That you had given it stays in the history of everybody here.

        Next: hearth skill show RK2QF7MZ
        ");
    }

    #[test]
    fn odd_data_leaves_gaps_not_errors() {
        for odd in [
            json!(null),
            json!({"skill": 3}),
            json!({"skill": {"people": [1, {"own": []}]}}),
        ] {
            testing::page(&odd, show);
            testing::page(&odd, list);
            testing::page(&odd, endorsement);
        }
    }
}
