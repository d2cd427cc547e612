//! Resources.

use serde_json::Value;

use super::{comments, joined, provenance, size};
use crate::output::fields::Fields;
use crate::output::page::Page;
use crate::output::table::{Cell, Table};

/// `resource list`: `resources[]`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let resources = data.list("resources");
    let Some(first) = resources.first() else {
        page.line(match (data.list("tags"), data.flag("removed")) {
            (_, true) => "Nothing was put away.",
            ([], _) => "There is no resource yet.",
            _ => "No resource has these tags.",
        });
        page.next(
            "hearth resource add {} TITLE --link URL",
            data.at("notebook").text("id"),
        );
        return;
    };
    let mut table = Table::default();
    for resource in resources {
        table.row([
            Cell::new(resource.text("title")),
            Cell::new(place(resource)),
            Cell::quiet(tags(resource)),
            Cell::quiet(page.short(resource.text("id"))),
        ]);
    }
    page.table(&table, 0);
    page.next("hearth resource show {}", first.text("id"));
}

/// `resource show`, `add` and `edit`: `resource`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let resource = data.at("resource");
    page.title(resource.text("title"));
    let id = format!("resource {}", page.short(resource.text("id")));
    let away = if resource.flag("removed") {
        "put away"
    } else {
        ""
    };
    page.quiet(joined([id.as_str(), away]));
    page.facts([
        ("link", resource.text("link").to_owned()),
        ("file", file(resource)),
        ("tags", tags(resource)),
        ("why", resource.text("why").to_owned()),
    ]);
    comments(resource, page);
    provenance(resource, page);
    let next = if resource.flag("removed") {
        "hearth resource remove {} --undo"
    } else if resource.at("file").is_object() {
        "hearth resource get {}"
    } else {
        "hearth comment {} TEXT"
    };
    page.next(next, resource.text("id"));
}

/// `resource get`: `resource`, `out`, `parts_fetched`, `wrong[]`.
pub(crate) fn got(data: &Value, page: &mut Page) {
    let name = data.at("resource").at("file").text("name");
    match data.text("out") {
        "" => page.line(format!("{name} is whole.")),
        out => page.line(format!("{name} is in {out}.")),
    }
    for device in data.list("wrong") {
        page.quiet(format!(
            "{} sent something else, which was not taken.",
            joined([device.text("name"), device.text("device_label")])
        ));
    }
}

/// `resource remove`: `resource`.
pub(crate) fn removed(data: &Value, page: &mut Page) {
    let resource = data.at("resource");
    let title = resource.text("title");
    if resource.flag("removed") {
        page.line(format!(
            "Put away: {title}. It stays in the history and in exports."
        ));
        page.next("hearth resource remove {} --undo", resource.text("id"));
    } else {
        page.line(format!("Back in the list: {title}."));
        page.next("hearth resource show {}", resource.text("id"));
    }
}

/// Where a resource is: its address, or its file with how large it is and whether it is here.
fn place(resource: &Value) -> String {
    match file(resource) {
        file if file.is_empty() => resource.text("link").to_owned(),
        file => file,
    }
}

fn file(resource: &Value) -> String {
    let file = resource.at("file");
    if !file.is_object() {
        return String::new();
    }
    let bytes = size(file.count("bytes"));
    let here = match (
        file.flag("here"),
        file.count("parts_here"),
        file.count("parts"),
    ) {
        (true, _, _) => "here".to_owned(),
        (false, 0, _) => "not fetched yet".to_owned(),
        (false, here, parts) => format!("{here} of {parts} parts here"),
    };
    joined([file.text("name"), bytes.as_str(), here.as_str()])
}

fn tags(resource: &Value) -> String {
    let tags = resource.list("tags").iter().filter_map(Value::as_str);
    tags.map(|tag| format!("#{tag}"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn a_resource_says_where_it_is_and_why() {
        let resource = json!({"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "The Coaching Habit",
            "link": "https://example.org/", "why": "Seven questions", "tags": ["books", "short"]});
        insta::assert_snapshot!(testing::page(&json!({"resource": resource}), show), @r"
        The Coaching Habit
        resource RK2QF7MZ
          link  https://example.org/
          tags  #books #short
          why   Seven questions

        Next: hearth comment RK2QF7MZ TEXT
        ");
        let listed = json!({"resources": [resource], "notebook": {"id": "mfzwizjomvzxg2lp"}});
        insta::assert_snapshot!(testing::page(&listed, list), @r"
        The Coaching Habit  https://example.org/  #books #short  RK2QF7MZ

        Next: hearth resource show RK2QF7MZ
        ");
        let none = json!({"resources": [], "tags": ["x"], "notebook": {"id": "mfzwizjomvzxg2lp"}});
        insta::assert_snapshot!(testing::page(&none, list), @r"
        No resource has these tags.

        Next: hearth resource add mfzwizjo TITLE --link URL
        ");
        let mut away = json!({"resource": resource});
        away["resource"]["removed"] = json!(true);
        insta::assert_snapshot!(testing::page(&away, removed), @r"
        Put away: The Coaching Habit. It stays in the history and in exports.

        Next: hearth resource remove RK2QF7MZ --undo
        ");
    }

    #[test]
    fn odd_data_leaves_gaps_not_errors() {
        for odd in [
            json!(null),
            json!({"resource": 3}),
            json!({"resources": [1]}),
        ] {
            testing::page(&odd, show);
            testing::page(&odd, list);
            testing::page(&odd, removed);
        }
    }
}
