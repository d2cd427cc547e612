//! Check-ins.

use serde_json::Value;

use super::{comments, joined};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::spark;
use crate::output::table::{Cell, Table};

/// `checkin`: `checkin`.
pub(crate) fn added(data: &Value, page: &mut Page) {
    let checkin = data.at("checkin");
    page.line(format!(
        "Saved on this device: {} of 5. Everybody in the notebook can see it.",
        checkin.count("value")
    ));
    page.next("hearth checkin list {}", data.at("notebook").text("id"));
}

/// `checkin list`: `checkins[]`, and `people[]` with how it has been going for each.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let checkins = data.list("checkins");
    let notebook = data.at("notebook").text("id");
    if checkins.is_empty() {
        page.line("Nobody has checked in yet.");
        page.next("hearth checkin {} 1..5", notebook);
        return;
    }
    let mut table = Table::default();
    for person in data.list("people") {
        let values = person.list("values").iter();
        let values: Vec<f64> = values.filter_map(Value::as_f64).collect();
        let since = match person.text("since") {
            "" => String::new(),
            day => format!("since {}", page.clock().day(day)),
        };
        table.row([
            Cell::new(person.called("by")),
            Cell::new(format!("now {}", person.count("now"))),
            Cell::new(spark::line(&values, 1.0, 5.0)),
            Cell::quiet(since),
        ]);
    }
    page.table(&table, 0);
    page.gap();
    for checkin in checkins {
        let value = format!("{} of 5", checkin.count("value"));
        let at = page.clock().day(checkin.text("at"));
        let id = page.short(checkin.text("id")).to_owned();
        let facts = [at.as_str(), checkin.called("by"), value.as_str(), &id];
        page.quiet(joined(facts));
        page.prose(checkin.text("text"), 2);
        comments(checkin, page);
    }
    page.next("hearth checkin {} 1..5", notebook);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn each_is_shown_over_time() {
        let ben = json!({"person": "y", "name": "Ben"});
        let one = json!({"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "by": ben, "value": 2, "at": "2026-11-16",
            "text": "Slow start"});
        let two =
            json!({"id": "01JD8GNSQ4W5T3V7PXRK2QF8AA", "by": ben, "value": 4, "at": "2026-11-23"});
        let data = json!({"checkins": [one, two], "notebook": {"id": "mfzwizjomvzxg2lp"},
            "people": [{"by": ben, "now": 4, "then": 2, "since": "2026-11-16", "values": [2, 4]}]});
        insta::assert_snapshot!(testing::page(&data, list), @r"
        Ben  now 4  ▃▆  since 2026-11-16 (7 days ago)

        2026-11-16 (7 days ago) · Ben · 2 of 5 · RK2QF7MZ
          Slow start
        2026-11-23 (today) · Ben · 4 of 5 · RK2QF8AA

        Next: hearth checkin mfzwizjo 1..5
        ");
        let data = json!({"checkin": one, "notebook": {"id": "mfzwizjomvzxg2lp"}});
        insta::assert_snapshot!(testing::page(&data, added), @r"
        Saved on this device: 2 of 5. Everybody in the notebook can see it.

        Next: hearth checkin list mfzwizjo
        ");
    }

    #[test]
    fn odd_data_leaves_gaps_not_errors() {
        for odd in [json!(null), json!({"checkins": [1], "people": [[]]})] {
            testing::page(&odd, list);
            testing::page(&odd, added);
        }
    }
}
