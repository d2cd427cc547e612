//! What goes across objects: today, search, history, sync, files and checks.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{actions, author, counted, device, due, joined, names, or_id};
use crate::output::fields::{Fields, name};
use crate::output::page::Page;
use crate::output::style::Style;
use crate::output::table::{Cell, Table};

/// `today`: `sessions[]`, `unwrapped[]` (begun, not wrapped up), `unplanned[]` (agreed dates without
/// a session), `overdue[]`, `due[]`, `goals[]`, `questions[]`; each may name its `notebook`.
pub(crate) fn today(data: &Value, page: &mut Page) {
    let parts = [
        ("Next sessions", "sessions"),
        ("To wrap up", "unwrapped"),
        ("Agreed, not planned yet", "unplanned"),
    ];
    for (part, key) in parts {
        meetings(part, data.list(key), page);
    }
    for (part, key) in [("Overdue", "overdue"), ("Due soon", "due")] {
        if !data.list(key).is_empty() {
            page.part(part);
            actions(data.list(key), page);
        }
    }
    goals(data.list("goals"), page);
    questions(data.list("questions"), page);
    agreements(data.list("agreements"), page);
    if !data.list("sealed").is_empty() {
        page.part("Sealed exchanges");
        super::feedback::rows(data.list("sealed"), page);
    }
    page.line_if_empty("Nothing is planned, due or open.");
    suggestions(data.list("suggestions"), page);
    let first = |key| data.list(key).first().map(|object| object.text("id"));
    if let Some(session) = first("unwrapped") {
        page.next("hearth session wrap {}", session);
    } else if let Some(session) = first("sessions") {
        page.next("hearth session show {}", session);
    } else if let Some(action) = first("overdue").or(first("due")) {
        page.next("hearth action done {}", action);
    } else if let Some(question) = first("questions") {
        page.next("hearth answer {}", question);
    } else if let Some(agreement) = data.list("agreements").iter().find(|one| one.flag("mine")) {
        page.next(
            "hearth agreement sign {}",
            agreement.at("notebook").text("id"),
        );
    } else if let Some(exchange) = first("sealed") {
        page.next("hearth sealed show {}", exchange);
    } else if let Some(one) = data.list("suggestions").first() {
        page.next(
            "hearth session plan {} --at \"DATE TIME\"",
            one.at("notebook").text("id"),
        );
    }
}

/// Notebooks without a planned session, each with the template that fits its phase.
fn suggestions(suggestions: &[Value], page: &mut Page) {
    if suggestions.is_empty() {
        return;
    }
    page.part("No session planned");
    let mut table = Table::default();
    for one in suggestions {
        let template = one.at("template");
        let fits = format!("--template {}", template.text("name"));
        table.row([
            Cell::new(one.called("notebook")),
            Cell::quiet(template.text("phase")),
            Cell::new(fits),
            Cell::quiet(template.text("about")),
            Cell::quiet(page.short(one.at("notebook").text("id"))),
        ]);
    }
    page.table(&table, 2);
}

fn agreements(agreements: &[Value], page: &mut Page) {
    if agreements.is_empty() {
        return;
    }
    page.part("Unsigned agreements");
    let mut table = Table::default();
    for agreement in agreements {
        let waits = format!("to be signed by {}", names(agreement.list("missing")));
        table.row([
            Cell::new(agreement.text("title")),
            Cell::new(waits),
            Cell::quiet(agreement.called("notebook")),
        ]);
    }
    page.table(&table, 2);
}

fn meetings(part: &str, meetings: &[Value], page: &mut Page) {
    if meetings.is_empty() {
        return;
    }
    page.part(part);
    let mut table = Table::default();
    for meeting in meetings {
        let start = match meeting.text("local") {
            "" => meeting.text("at"),
            local => local,
        };
        table.row([
            Cell::new(page.clock().planned(start)),
            Cell::new(meeting.text("title")),
            Cell::quiet(meeting.called("notebook")),
            Cell::quiet(page.short(meeting.text("id"))),
        ]);
    }
    page.table(&table, 2);
}

fn goals(goals: &[Value], page: &mut Page) {
    if goals.is_empty() {
        return;
    }
    page.part("Goals that are due");
    let mut table = Table::default();
    for goal in goals {
        table.row([
            Cell::new(goal.text("title")),
            due(page, goal.text("due"), true),
            Cell::quiet(goal.called("notebook")),
            Cell::quiet(page.short(goal.text("id"))),
        ]);
    }
    page.table(&table, 2);
}

fn questions(questions: &[Value], page: &mut Page) {
    if questions.is_empty() {
        return;
    }
    page.part("Open questions");
    let mut table = Table::default();
    for question in questions {
        table.row([
            Cell::new(question.text("text")),
            Cell::quiet(question.called("asked_by")),
            Cell::quiet(question.called("notebook")),
            Cell::quiet(page.short(question.text("id"))),
        ]);
    }
    page.table(&table, 2);
}

/// `search`: `hits[]` with `id`, `kind`, `title`, `snippet`, `marks[]`.
pub(crate) fn search(data: &Value, page: &mut Page) {
    let hits = data.list("hits");
    for hit in hits {
        page.gap();
        page.title(hit.text("title"));
        let id = format!("{} {}", hit.text("kind"), page.short(hit.text("id")));
        page.quiet(joined([id.as_str(), name(hit.at("notebook"))]));
        page.marked(hit.text("snippet"), &marks(hit), 2);
    }
    match hits.first().map(|hit| (hit.text("kind"), hit.text("id"))) {
        Some(("goal", id)) => page.next("hearth goal show {}", id),
        Some(("session", id)) => page.next("hearth session show {}", id),
        Some(_) => {}
        None => page.line("Nothing was found."),
    }
}

/// Where the words stand in a snippet that were looked for, in characters.
fn marks(hit: &Value) -> Vec<(usize, usize)> {
    let number = |value: Option<&Value>| usize::try_from(value?.as_u64()?).ok();
    hit.list("marks")
        .iter()
        .filter_map(|mark| Some((number(mark.get(0))?, number(mark.get(1))?)))
        .collect()
}

/// `log`: `changes[]`, newest first; see [`change`].
pub(crate) fn log(data: &Value, page: &mut Page) {
    for each in data.list("changes") {
        change(each, page);
    }
    page.line_if_empty("Nothing has changed yet.");
    match data.text("next") {
        "" if data.flag("more") => page.quiet("There is more: see further back with --limit N."),
        "" => {}
        next => page.quiet(format!(
            "There is more: go on with --from {next}, or see more at once with --limit N."
        )),
    }
}

/// One change of `log` and `watch`: `at`, `by`, and `kind`, `title`, `what`, `object`; or several of
/// these in `lines[]`.
pub(crate) fn change(data: &Value, page: &mut Page) {
    let one = std::slice::from_ref(data);
    let lines = match data.list("lines") {
        [] => one,
        lines => lines,
    };
    let at = page.clock().time(data.text("at"));
    let mut by = author(data.at("by"));
    for other in data.list("also") {
        by = format!("{by} and {}", author(other));
    }
    for line in lines {
        let object = match line.text("object") {
            "" => line.text("object_id"),
            object => object,
        };
        let subject = format!("{} {}", line.text("kind"), line.text("title"));
        let words = joined([at.as_str(), by.as_str(), subject.trim(), line.text("what")]);
        let change = match data.text("change") {
            "" => String::new(),
            change => format!("change {}", page.short(change)),
        };
        page.line(joined([
            words.as_str(),
            page.short(object),
            change.as_str(),
        ]));
    }
    let adopted = data.at("adopted");
    if !adopted.is_null() {
        let names: Vec<&str> = adopted
            .list("built_on_by")
            .iter()
            .map(|person| or_id(person, "name", "person"))
            .collect();
        page.styled(
            format!(
                "  {}; shown, since {} built on it",
                adopted.text("reason"),
                names.join(", ")
            ),
            Style::Quiet,
        );
    }
}

/// `sync`: `peers[]` with `person`, `device`, `result`.
pub(crate) fn sync(data: &Value, page: &mut Page) {
    let mut table = Table::default();
    for peer in data.list("peers") {
        let (words, style) = match peer.text("result") {
            "acknowledged" | "confirmed" | "ok" => ("has confirmed everything", Style::Good),
            "full" => ("has no room for the rest", Style::Danger),
            "unreachable" | "no-answer" => ("did not answer", Style::Quiet),
            other => (other, Style::Plain),
        };
        table.row([
            Cell::new(device(peer)),
            Cell::styled(words, style),
            Cell::quiet(peer.text("reason")),
        ]);
    }
    page.table(&table, 0);
    page.line_if_empty("Nobody else has a notebook of yours yet.");
    for departed in data.list("departed") {
        page.styled(departed.text("what"), Style::Now);
    }
}

/// `export`: `out` and `files[]`.
pub(crate) fn exported(data: &Value, page: &mut Page) {
    let files = data.list("files").len() as u64;
    page.line(format!(
        "Wrote {} to {}.",
        counted(files, "file", "files"),
        data.text("out")
    ));
    page.quiet(if files == 1 {
        "It is not encrypted: whoever has it can read it."
    } else {
        "They are not encrypted: whoever has them can read them."
    });
}

/// `import`: `added`, `updated`, `unchanged`.
pub(crate) fn imported(data: &Value, page: &mut Page) {
    page.line(format!(
        "Saved on this device: {} added, {} updated.",
        data.count("added"),
        data.count("updated")
    ));
    if data.count("skipped") > 0 {
        let skipped = counted(data.count("skipped"), "event was", "events were");
        page.quiet(format!(
            "{skipped} left out: no session of this notebook, cancelled, or older than what is here."
        ));
    }
}

/// `verify`: `records`, `entries`, `enrolled_anew`, `bases[]` with `people[]`, `set_aside[]`.
pub(crate) fn verified(data: &Value, page: &mut Page) {
    page.styled(
        format!(
            "Opened {} and checked {}: no damage found.",
            counted(data.count("records"), "record", "records"),
            counted(data.count("entries"), "entry", "entries")
        ),
        Style::Good,
    );
    let anew = data.at("enrolled_anew");
    if !anew.is_null() {
        page.styled(super::device::anew(anew, page.clock()), Style::Now);
    }
    bases(data, page);
    let set_aside = data.list("set_aside");
    if set_aside.is_empty() {
        return;
    }
    page.part("Set aside: kept, and shown nowhere unless the reason says so");
    let mut table = Table::default();
    for (entry, count) in alike(set_aside) {
        let first = page.short(entry.text("entry"));
        let which = match count {
            1 => first.to_owned(),
            count => format!("{count} entries, first {first}"),
        };
        // The signer chose what the device is called, so it never stands for the name.
        table.row([
            Cell::new(or_id(entry, "name", "person")),
            Cell::new(or_id(entry, "device_label", "device")),
            Cell::new(entry.called("notebook")),
            Cell::new(entry.text("reason")),
            Cell::quiet(which),
        ]);
    }
    page.table(&table, 2);
}

/// What forked notebooks go on from, checked from its signatures up.
pub(crate) fn bases(data: &Value, page: &mut Page) {
    for base in data.list("bases") {
        let from = base.list("from").first().and_then(Value::as_str);
        page.line(format!(
            "Notebook {} goes on from {}: checked {} that were signed there, by {}.",
            page.short(base.text("notebook")),
            page.short(from.unwrap_or_default()),
            counted(base.count("entries"), "entry", "entries"),
            base.list("people")
                .iter()
                .map(|person| or_id(person, "name", "person"))
                .collect::<Vec<_>>()
                .join(", "),
        ));
    }
}

/// `verify` where damage was found: `damaged[]` with `place` and `fault`, and `damaged_count`.
pub(crate) fn damaged(data: &Value, page: &mut Page) {
    page.part("Damaged");
    let listed = data.list("damaged");
    let mut table = Table::default();
    for damage in listed {
        table.row([
            Cell::new(damage.text("place")),
            Cell::new(damage.text("fault")),
        ]);
    }
    page.table(&table, 2);
    let more = data
        .count("damaged_count")
        .saturating_sub(listed.len() as u64);
    if more > 0 {
        page.quiet(format!("and {more} more."));
    }
}

/// Gathers what one device signed in one notebook and was refused for one reason: the first of each and
/// how many they are. A flood is a line.
fn alike(entries: &[Value]) -> Vec<(&Value, u64)> {
    let mut places = BTreeMap::new();
    let mut gathered: Vec<(&Value, u64)> = Vec::new();
    for entry in entries {
        let notebook = entry.at("notebook").text("id");
        let key = (entry.text("device"), notebook, entry.text("reason"));
        let place = *places.entry(key).or_insert(gathered.len());
        match gathered.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => gathered.push((entry, 1)),
        }
    }
    gathered
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    #[test]
    fn today_tells_what_is_next_due_and_open() {
        let data = json!({
            "sessions": [{"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Regular session",
                "at": "2026-12-01T15:00:00+01:00", "notebook": {"id": "n", "title": "Ada and Ben"}}],
            "overdue": [{"id": "01JD8GNSQ4W5T3V7PXRK2QF8AA", "title": "Send it", "status": "open",
                "due": "2026-11-20", "owner": {"name": "Ada"}}],
            "unwrapped": [{"id": "01JD8GNSQ4W5T3V7PXRK2QF8AC", "title": "Last session",
                "local": "2026-11-20T15:00:00"}],
            "unplanned": [{"after": "x", "title": "Circle", "at": "2026-12-03T18:00:00+01:00"}],
            "goals": [{"id": "01JD8GNSQ4W5T3V7PXRK2QF8AD", "title": "Run 10 km", "due": "2026-11-24"}],
            "due": [], "questions": [{"id": "01JD8GNSQ4W5T3V7PXRK2QF8AB", "text": "How?", "asked_by": {"name": "Ben"}}],
        });
        insta::assert_snapshot!(testing::page(&data, today), @r"
        Next sessions
          Tue 1 Dec 2026 15:00  Regular session  Ada and Ben  RK2QF7MZ

        To wrap up
          Fri 20 Nov 2026 15:00  Last session  RK2QF8AC

        Agreed, not planned yet
          Thu 3 Dec 2026 18:00  Circle

        Overdue
          [ ]  Send it  Ada  2026-11-20 (3 days ago)  RK2QF8AA

        Goals that are due
          Run 10 km  2026-11-24 (tomorrow)  RK2QF8AD

        Open questions
          How?  Ben  RK2QF8AB

        Next: hearth session wrap RK2QF8AC
        ");
        insta::assert_snapshot!(testing::page(&json!({}), today), @"Nothing is planned, due or open.");
    }

    #[test]
    fn hits_say_what_they_are() {
        let data = json!({"hits": [{"id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "kind": "goal", "title": "Run",
            "snippet": "… ten km …"}]});
        insta::assert_snapshot!(testing::page(&data, search), @r"
        Run
        goal RK2QF7MZ
          … ten km …

        Next: hearth goal show RK2QF7MZ
        ");
        insta::assert_snapshot!(testing::page(&json!({"hits": []}), search), @"Nothing was found.");
    }

    #[test]
    fn a_change_is_a_line_whatever_its_title_holds() {
        let data = json!({"changes": [
            {"at": "2026-11-23T14:35:00Z", "by": {"name": "Ben", "device": "laptop"}, "kind": "goal",
             "title": "Run\u{1b}[2J\n", "what": "status proposed -> active", "object": "01JD8GNSQ4W5T3V7PXRK2QF7MZ"},
            {"at": "2026-11-22T14:35:00Z", "by": {"name": "Ada", "device": "phone"}, "lines": [
                {"kind": "session", "title": "First", "what": "notes +12 -3", "object_id": "01JD8GNSQ4W5T3V7PXRK2QF8AA"}]},
        ]});
        insta::assert_snapshot!(testing::page(&data, log), @r"
        15:35 · Ben's laptop · goal Run␛[2J · status proposed -> active · RK2QF7MZ
        Sun 22 Nov 15:35 · Ada's phone · session First · notes +12 -3 · RK2QF8AA
        ");
    }

    #[test]
    fn sync_names_who_confirmed_and_who_did_not_answer() {
        let data = json!({"peers": [
            {"person": "Ben", "device": "laptop", "result": "acknowledged"},
            {"person": "Ben", "device": "desk PC", "result": "unreachable", "reason": "timed out"},
        ]});
        insta::assert_snapshot!(testing::page(&data, sync), @r"
        Ben's laptop   has confirmed everything
        Ben's desk PC  did not answer            timed out
        ");
    }

    #[test]
    fn files_and_checks_say_what_was_done() {
        insta::assert_snapshot!(testing::page(&json!({"out": "/tmp/x", "files": ["a"]}), exported), @r"
        Wrote 1 file to /tmp/x.
        It is not encrypted: whoever has it can read it.
        ");
        insta::assert_snapshot!(testing::page(&json!({"added": 3, "updated": 1}), imported), @"Saved on this device: 3 added, 1 updated.");
        let forged = |entry: &str| {
            json!({"name": "Ben", "device": "q3f2", "device_label": "Ben and Ada's laptop",
            "notebook": {"id": "n", "title": "Ada and Ben"}, "entry": entry, "reason": "forged actor id"})
        };
        let data = json!({"records": 120, "entries": 3, "set_aside": [
            forged("mfzwizjomvzxg2lp"), forged("nfzwizjomvzxg2lp"),
            {"person": "5kdhq2pz", "device": "w7c2kq4n", "entry": "ofzwizjomvzxg2lp", "reason": "does not open"}]});
        insta::assert_snapshot!(testing::page(&data, verified), @r"
        Opened 120 records and checked 3 entries: no damage found.

        Set aside: kept, and shown nowhere unless the reason says so
          Ben       Ben and Ada's laptop  Ada and Ben  forged actor id  2 entries, first mfzwizjo
          5kdhq2pz  w7c2kq4n                           does not open    ofzwizjo
        ");
    }
}
