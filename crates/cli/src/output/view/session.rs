//! Sessions.

use serde_json::Value;

use super::notebook::suggested;
use super::{actions, check_box, comments, counted, history, joined, names};
use crate::output::fields::{Fields, name};
use crate::output::page::Page;
use crate::output::table::{Cell, Table};

/// `session list`: `sessions[]`.
pub(crate) fn list(data: &Value, page: &mut Page) {
    let sessions = data.list("sessions");
    if sessions.is_empty() {
        page.line("There is no session yet.");
        page.next(
            "hearth session plan {} --at \"fri 15:00\"",
            data.at("notebook").text("id"),
        );
        return;
    }
    let mut table = Table::default();
    for session in sessions {
        table.row([
            Cell::new(start(session, page)),
            Cell::new(session.text("title")),
            Cell::new(session.text("status")),
            Cell::quiet(page.short(session.text("id"))),
        ]);
    }
    page.table(&table, 0);
    let next = sessions
        .iter()
        .find(|session| session.text("status") == "planned");
    let next = next
        .or(sessions.last())
        .map(|session| session.text("id"))
        .unwrap_or_default();
    page.next("hearth session show {}", next);
}

/// `session plan`: `session`.
pub(crate) fn planned(data: &Value, page: &mut Page) {
    let session = data.at("session");
    head(session, page);
    agenda_items(session, page);
    let fits = data.at("suggested_template");
    if !fits.is_null() {
        page.gap();
        page.quiet(suggested(fits));
    }
    let next = match session.text("status") {
        "cancelled" => "hearth session cancel {} --undo",
        "held" => "hearth session show {}",
        _ => "hearth session agenda {} TITLE",
    };
    page.next(next, session.text("id"));
}

/// `session agenda`: `session`.
pub(crate) fn agenda(data: &Value, page: &mut Page) {
    planned(data, page);
}

/// `session wrap`: `session`, and `planned`, the one that follows.
pub(crate) fn wrapped(data: &Value, page: &mut Page) {
    let planned = data.at("planned");
    if !planned.is_null() {
        let at = start(planned, page);
        let id = page.short(planned.text("id"));
        let line = format!("Planned: {}, {at} ({id})", planned.text("title"));
        page.line(line);
        page.gap();
    }
    show(data, page);
}

/// `session show`: `session`.
pub(crate) fn show(data: &Value, page: &mut Page) {
    let session = data.at("session");
    head(session, page);
    agenda_items(session, page);
    prompts(session, page);
    if !session.text("notes").is_empty() {
        page.part("Notes");
        page.prose(session.text("notes"), 2);
    }
    texts("Decisions", session.list("decisions"), page);
    texts("Insights", session.list("insights"), page);
    by_person("Learned", session.list("learned"), page);
    moods(session.list("mood"), page);
    let all = session.list("actions");
    if !all.is_empty() {
        page.part("Actions");
        actions(all, page);
    }
    history::disputed(session, page);
    comments(session, page);
    let next = match session.text("status") {
        "held" => "hearth session attend {}",
        _ => "hearth session notes {}",
    };
    page.next(next, session.text("id"));
}

/// `session attend`: `session`.
pub(crate) fn attended(data: &Value, page: &mut Page) {
    let session = data.at("session");
    page.line(format!("Recorded: you were at {}.", session.text("title")));
    let confirmed = names(session.list("attendance"));
    if !confirmed.is_empty() {
        page.quiet(format!("Confirmed by {confirmed}"));
    }
}

/// `session notes` after a change: `session`.
pub(crate) fn notes_saved(data: &Value, page: &mut Page) {
    let session = data.at("session");
    let characters = session.text("notes").chars().count() as u64;
    page.line(format!(
        "Saved on this device: {} of notes.",
        counted(characters, "character", "characters")
    ));
    page.next("hearth session show {}", session.text("id"));
}

/// `session notes` where the editor left the text as it was.
pub(crate) fn notes_unchanged(_: &Value, page: &mut Page) {
    page.line("The notes are as they were.");
}

fn start(session: &Value, page: &Page) -> String {
    match session.text("local") {
        "" => page.clock().planned(session.text("at")),
        local => page.clock().planned(local),
    }
}

fn head(session: &Value, page: &mut Page) {
    page.title(session.text("title"));
    let id = format!("session {}", page.short(session.text("id")));
    let minutes = session
        .number("minutes")
        .map(|minutes| format!("{minutes} min"));
    let start = joined([
        start(session, page).as_str(),
        session.text("zone"),
        minutes.unwrap_or_default().as_str(),
    ]);
    page.quiet(joined([id.as_str(), session.text("status")]));
    let next = match session.text("next") {
        "" => String::new(),
        next => page.clock().planned(next),
    };
    page.facts([
        ("when", start),
        ("place", session.text("place").to_owned()),
        ("every", every(session)),
        ("with", names(session.list("attendees"))),
        ("were there", names(session.list("attendance"))),
        ("next", next),
        ("why", session.text("reason").to_owned()),
        ("sharing", sharing(session)),
    ]);
}

/// How often a session comes again: `2w`, with what is no more or was moved.
fn every(session: &Value) -> String {
    let series = session.at("series");
    let moved = !series.is_null() && series.text("slot") != session.text("local");
    let ended = if series.flag("ended") { "ended" } else { "" };
    let moved = if moved { "this one moved" } else { "" };
    match session.text("every") {
        "" => String::new(),
        every => joined([every, ended, moved]),
    }
}

/// Who may hear of something beyond the notebook, and who said so.
pub(crate) fn sharing(object: &Value) -> String {
    match object.called("sharing_by") {
        "" => object.text("sharing").to_owned(),
        by => joined([object.text("sharing"), format!("says {by}").as_str()]),
    }
}

fn agenda_items(session: &Value, page: &mut Page) {
    let items = session.list("agenda");
    if items.is_empty() {
        return;
    }
    page.part("Agenda");
    let mut table = Table::default();
    for item in items {
        let minutes = item
            .number("minutes")
            .map(|minutes| format!("{minutes} min"));
        let carried = if item.text("carried_from").is_empty() {
            ""
        } else {
            "carried over"
        };
        table.row([
            check_box(item.flag("done")),
            Cell::new(item.text("title")),
            Cell::right(minutes.unwrap_or_default()),
            Cell::quiet(joined([item.called("brought_by"), carried])),
            Cell::quiet(page.short(item.text("id"))),
        ]);
    }
    page.table(&table, 2);
}

/// The prompts of what is still to be talked about.
fn prompts(session: &Value, page: &mut Page) {
    let is_open = |item: &&Value| !item.flag("done") && !item.list("prompts").is_empty();
    if session.text("status") == "held" || !session.list("agenda").iter().any(|item| is_open(&item))
    {
        return;
    }
    page.part("Prompts");
    for item in session.list("agenda").iter().filter(is_open) {
        page.line(format!("  {}", item.text("title")));
        super::template::prompts(item, page);
    }
}

fn texts(part: &str, texts: &[Value], page: &mut Page) {
    if texts.is_empty() {
        return;
    }
    page.part(part);
    for text in texts {
        let words = text.as_str().unwrap_or_else(|| text.text("text"));
        page.line(format!("  - {words}"));
    }
}

fn by_person(part: &str, entries: &[Value], page: &mut Page) {
    if entries.is_empty() {
        return;
    }
    page.part(part);
    let mut table = Table::default();
    for entry in entries {
        table.row([Cell::quiet(name(entry)), Cell::new(entry.text("text"))]);
    }
    page.table(&table, 2);
}

fn moods(moods: &[Value], page: &mut Page) {
    if moods.is_empty() {
        return;
    }
    page.part("Mood");
    let mut table = Table::default();
    for mood in moods {
        let value = mood
            .number("value")
            .map(|value| format!("{value} of 5"))
            .unwrap_or_default();
        table.row([
            Cell::quiet(name(mood)),
            Cell::new(value),
            Cell::new(mood.text("text")),
        ]);
    }
    page.table(&table, 2);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::testing;

    fn session() -> Value {
        json!({
            "id": "01JD8GNSQ4W5T3V7PXRK2QF7MZ", "title": "Regular session", "status": "planned",
            "at": "2026-12-01T15:00:00+01:00", "local": "2026-12-01T15:00:00", "zone": "Europe/Berlin",
            "minutes": 60, "place": "https://meet.example/ada", "every": "2w",
            "attendees": [{"person": "x", "name": "Ada"}, {"person": "y", "name": "Ben"}],
            "agenda": [
                {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AA", "title": "Check-in", "minutes": 5, "done": true,
                 "brought_by": {"name": "Ada"}},
                {"id": "01JD8GNSQ4W5T3V7PXRK2QF8AB", "title": "The draft", "minutes": 15, "done": false,
                 "brought_by": {"name": "Ben"}, "carried_from": "01JD8GNSQ4W5T3V7PXRK2QF8AC"},
            ],
            "notes": "# Draft\n\n- good start\u{1b}[31m\n", "notes_heads": ["ab"],
            "decisions": [{"text": "Ship it"}], "insights": [{"text": "Start small"}],
            "learned": [{"person": "x", "name": "Ada", "text": "Ask earlier"}],
            "mood": [{"person": "y", "name": "Ben", "value": 4, "text": "tired"}],
            "actions": [{"id": "01JD8GNSQ4W5T3V7PXRK2QF8AD", "title": "Send it", "status": "open",
                "carried": true, "owner": {"name": "Ben"}}],
        })
    }

    #[test]
    fn a_session_shows_agenda_notes_and_what_came_of_it() {
        insta::assert_snapshot!(testing::page(&json!({"session": session()}), show), @r"
        Regular session
        session RK2QF7MZ · planned
          when   Tue 1 Dec 2026 15:00 · Europe/Berlin · 60 min
          place  https://meet.example/ada
          every  2w
          with   Ada, Ben

        Agenda
          [x]  Check-in    5 min  Ada                 RK2QF8AA
          [ ]  The draft  15 min  Ben · carried over  RK2QF8AB

        Notes
          # Draft

          - good start␛[31m

        Decisions
          - Ship it

        Insights
          - Start small

        Learned
          Ada  Ask earlier

        Mood
          Ben  4 of 5  tired

        Actions
          [ ]  Send it  Ben  carried over  RK2QF8AD

        Next: hearth session notes RK2QF7MZ
        ");
    }

    #[test]
    fn sessions_line_up_by_their_local_start() {
        let held = json!({"id": "01JD8GNSQ4W5T3V7PXRK2QF8AE", "title": "First session", "status": "held",
            "at": "2026-11-17T15:00:00+01:00"});
        insta::assert_snapshot!(testing::page(&json!({"sessions": [held, session()]}), list), @r"
        Tue 17 Nov 2026 15:00  First session    held     RK2QF8AE
        Tue 1 Dec 2026 15:00   Regular session  planned  RK2QF7MZ

        Next: hearth session show RK2QF7MZ
        ");
    }

    #[test]
    fn saving_and_attending_say_what_is_recorded() {
        let mut data = json!({"session": session()});
        insta::assert_snapshot!(testing::page(&data, notes_saved), @r"
        Saved on this device: 27 characters of notes.

        Next: hearth session show RK2QF7MZ
        ");
        data["session"]["attendance"] = json!([{"person": "x", "name": "Ada"}]);
        insta::assert_snapshot!(testing::page(&data, attended), @r"
        Recorded: you were at Regular session.
        Confirmed by Ada
        ");
    }
}
