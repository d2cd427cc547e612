#![allow(clippy::unwrap_used)]
use jiff::Timestamp;

use super::*;
use crate::documents::MemoryDocuments;
use crate::id::ObjectId;
use crate::people::StaticPeople;
use crate::session::{self, NewSession, SessionEdit};
use crate::testing::{Bench, bench};

fn with(
    new: &NewSession,
) -> (
    MemoryDocuments,
    StaticPeople,
    rand_chacha::ChaCha8Rng,
    Timestamp,
    ObjectId,
) {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let id = session::plan(&mut docs, &mut Bench::writer(&mut rng, now), new).unwrap();
    (docs, people, rng, now, id)
}

fn weekly() -> NewSession {
    NewSession {
        at: "2026-10-19 15:00".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        title: Some("Doubts about, \\ the; job".to_owned()),
        place: Some("https://meet.example/secret".to_owned()),
        every: Some("1w".to_owned()),
        ..NewSession::default()
    }
}

#[test]
fn a_session_is_a_neutral_event_unless_titles_are_asked_for() {
    let (mut docs, people, _, _, id) = with(&weekly());
    let neutral = export_ics(&mut docs, &people, false, false).unwrap();
    assert!(neutral.contains("SUMMARY:Meeting\r\n"));
    for secret in ["Doubts", "secret", "Mia"] {
        assert!(!neutral.contains(secret), "{secret}");
    }
    let titled = export_ics(&mut docs, &people, true, false).unwrap();
    assert!(
        titled.contains("SUMMARY:Doubts about\\, \\\\ the\\; job\r\n"),
        "{titled}"
    );
    assert!(titled.contains("LOCATION:https://meet.example/secret\r\n"));
    for part in [
        &format!("UID:{id}@hearthside"),
        "DTSTART;TZID=Europe/Berlin:20261019T150000",
        "RRULE:FREQ=WEEKLY;INTERVAL=1",
        "BEGIN:VTIMEZONE",
        "BEGIN:VALARM",
        "SEQUENCE:0",
        "DTSTART:20261025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100",
    ] {
        assert!(neutral.contains(part), "{part} in {neutral}");
    }
}

#[test]
fn a_notebook_and_one_that_was_forked_off_it_stand_in_one_calendar() {
    let (mut docs, people, _, _, id) = with(&weekly());
    let of = |docs: &mut MemoryDocuments, notebook: &str| {
        let found = entries(docs, &people, &Whose::Nobody).unwrap();
        found.of(notebook.to_owned())
    };
    let all = [
        of(&mut docs, "one"),
        of(&mut docs, "two"),
        of(&mut docs, "two"),
    ];
    let file = write_ics(&all, false);
    let uids: Vec<&str> = file
        .split("\r\n")
        .filter(|line| line.starts_with("UID:"))
        .collect();
    let plain = format!("UID:{id}@hearthside");
    assert_eq!(uids, [plain, format!("UID:{id}-two@hearthside")]);
}

#[test]
fn lines_are_folded_by_octets_and_end_as_they_should() {
    let title = "Äöü 世界 👩‍👩‍👧‍👦 ".repeat(12);
    let new = NewSession {
        title: Some(title.clone()),
        ..weekly()
    };
    let (mut docs, people, ..) = with(&new);
    let file = export_ics(&mut docs, &people, true, false).unwrap();
    for line in file.split_terminator("\r\n") {
        assert!(line.len() <= 75, "{} octets", line.len());
        assert!(!line.contains(['\r', '\n']));
    }
    let unfolded = text::lines(&file);
    assert!(unfolded.contains(&format!("SUMMARY:{}", title.trim())));
}

#[test]
fn a_time_that_was_moved_comes_back_and_nothing_else_does() {
    let (mut docs, people, mut rng, now, id) = with(&weekly());
    let file = export_ics(&mut docs, &people, false, false).unwrap();
    let later = now + jiff::Span::new().hours(1);
    let mut import = |docs: &mut MemoryDocuments, text: &str| {
        let report = import_ics(docs, &mut Bench::writer(&mut rng, later), text).unwrap();
        (report.updated, report.unchanged, report.skipped)
    };
    assert_eq!(import(&mut docs, &file), (0, 1, 0));
    let moved = file
        .replace("T150000", "T163000")
        .replace("PT60M", "PT1H30M")
        .replace("SUMMARY:Meeting", "SUMMARY:Other")
        .replace(
            "Europe/Berlin:2",
            "/freeassociation.sourceforge.net/Europe/Berlin:2",
        );
    assert_eq!(import(&mut docs, &moved), (1, 0, 0));
    let view = session::show(&mut docs, &people, id).unwrap().header;
    assert_eq!(view.local.as_deref(), Some("2026-10-19T16:30:00"));
    assert_eq!(
        (view.minutes, view.title.starts_with("Doubts")),
        (Some(90), true)
    );
    // What is older than the session now is left alone.
    assert_eq!(import(&mut docs, &file), (0, 0, 1));
    // In UTC, as many programs write it: two hours before summer time in Berlin.
    let fresh = export_ics(&mut docs, &people, false, false).unwrap();
    let in_utc = fresh.replace(
        "DTSTART;TZID=Europe/Berlin:20261019T163000",
        "DTSTART:20261020T070000Z",
    );
    assert_eq!(import(&mut docs, &in_utc), (1, 0, 0));
    let view = session::show(&mut docs, &people, id).unwrap().header;
    assert_eq!(view.local.as_deref(), Some("2026-10-20T09:00:00"));
    assert_eq!(view.zone, "Europe/Berlin");
    let foreign = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x@y\r\nDTSTART:20261020T070000Z\r\nEND:VEVENT\r\nEND:VCALENDAR";
    assert_eq!(import(&mut docs, foreign), (0, 0, 1));
}

#[test]
fn what_cannot_be_read_changes_nothing_and_is_named() {
    let (mut docs, people, mut rng, now, id) = with(&weekly());
    let file = export_ics(&mut docs, &people, false, false).unwrap();
    for (bad, named) in [
        (String::new(), "no calendar"),
        (
            file.replace("Europe/Berlin", "Mars/Olympus"),
            &*id.to_string(),
        ),
        (
            file.replace("20261019T150000", "19 October"),
            &*id.to_string(),
        ),
    ] {
        let before = docs.clone();
        let error = import_ics(&mut docs, &mut Bench::writer(&mut rng, now), &bad).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
        let header = |docs: &mut MemoryDocuments| session::list(docs, &people).unwrap();
        assert_eq!(header(&mut docs), header(&mut before.clone()));
    }
}

#[test]
fn a_monthly_session_on_the_31st_is_on_the_last_day_and_only_the_last_one_goes_on() {
    let new = NewSession {
        at: "2026-10-31 10:00".to_owned(),
        every: Some("1m".to_owned()),
        ..weekly()
    };
    let (mut docs, people, mut rng, now, id) = with(&new);
    let file = export_ics(&mut docs, &people, false, false).unwrap();
    assert!(
        file.contains("RRULE:FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"),
        "{file}"
    );
    let next = NewSession {
        at: "2026-11-30 10:00".to_owned(),
        ..new
    };
    session::plan(&mut docs, &mut Bench::writer(&mut rng, now), &next).unwrap();
    let file = export_ics(&mut docs, &people, false, false).unwrap();
    assert_eq!(file.matches("RRULE").count(), 1);
    let edit = SessionEdit {
        every: Some(String::new()),
        ..SessionEdit::default()
    };
    session::edit(&mut docs, &mut Bench::writer(&mut rng, now), id, &edit).unwrap();
}

#[test]
fn what_was_called_off_ended_or_moved_promises_nothing_that_does_not_come() {
    let (mut docs, people, mut rng, now, id) = with(&weekly());
    let mut writer = Bench::writer(&mut rng, now);
    let rules = |docs: &mut MemoryDocuments| {
        let file = export_ics(docs, &people, false, false).unwrap();
        (
            file.matches("RRULE").count(),
            file.contains("STATUS:CANCELLED"),
        )
    };
    assert_eq!(rules(&mut docs), (1, false));
    let moved = SessionEdit {
        at: Some("2026-12-24 09:00".to_owned()),
        ..SessionEdit::default()
    };
    let mut other = docs.clone();
    session::edit(&mut other, &mut writer, id, &moved).unwrap();
    assert_eq!(rules(&mut other), (0, false));
    let ended = SessionEdit {
        every: Some(String::new()),
        ..SessionEdit::default()
    };
    let mut other = docs.clone();
    session::edit(&mut other, &mut writer, id, &ended).unwrap();
    assert_eq!(rules(&mut other), (0, false));
    session::cancel(&mut docs, &mut writer, id, true, None).unwrap();
    assert_eq!(rules(&mut docs), (0, true));
}

#[test]
fn due_dates_are_days_of_their_own_and_only_of_what_is_still_to_do() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let me = writer.me.clone();
    let other = crate::PersonRef::new("person-other").unwrap();
    let add = |docs: &mut MemoryDocuments,
               writer: &mut crate::Writer<'_>,
               title: &str,
               owner: &crate::PersonRef| {
        let new = crate::action::NewAction {
            title: title.to_owned(),
            owner: Some(owner.clone()),
            due: Some("2026-12-01".to_owned()),
            ..crate::action::NewAction::default()
        };
        crate::action::add(docs, writer, &new).unwrap()
    };
    let mine = add(&mut docs, &mut writer, "Mine; and, more", &me);
    let theirs = add(&mut docs, &mut writer, "Theirs", &other);
    let done = add(&mut docs, &mut writer, "Done", &me);
    crate::action::done(&mut docs, &mut writer, done).unwrap();
    let goal = crate::goal::NewGoal {
        title: "Speak".to_owned(),
        due: Some("2027-01-31".to_owned()),
        ..crate::goal::NewGoal::default()
    };
    let goal = crate::goal::add(&mut docs, &mut writer, &goal).unwrap();

    let own = entries(&mut docs, &people, &Whose::Person(me)).unwrap();
    let neutral = write_ics(std::slice::from_ref(&own), false);
    assert!(neutral.contains("DTSTART;VALUE=DATE:20261201\r\nSUMMARY:Action due\r\n"));
    assert!(neutral.contains("DTSTART;VALUE=DATE:20270131\r\nSUMMARY:Goal due\r\n"));
    let has = |file: &str, id: ObjectId| file.contains(&format!("UID:{id}@hearthside"));
    assert!(has(&neutral, mine) && has(&neutral, goal));
    assert!(!has(&neutral, theirs) && !has(&neutral, done));
    assert!(write_ics(&[own], true).contains("SUMMARY:Action due: Mine\\; and\\, more\r\n"));
    let all = export_ics(&mut docs, &people, false, true).unwrap();
    assert!(has(&all, theirs));
    // A calendar program that gives them back changes nothing.
    let report = import_ics(&mut docs, &mut writer, &all).unwrap();
    assert_eq!((report.updated, report.skipped), (0, 3));
}

#[test]
fn a_session_of_others_stands_in_nobody_elses_calendar() {
    let Bench {
        mut docs,
        people,
        mut rng,
        now,
    } = bench();
    let mut writer = Bench::writer(&mut rng, now);
    let me = writer.me.clone();
    let other = crate::PersonRef::new("person-other").unwrap();
    let mut plan = |attendees: &[&crate::PersonRef]| {
        let new = NewSession {
            attendees: attendees.iter().map(|one| (*one).clone()).collect(),
            ..weekly()
        };
        session::plan(&mut docs, &mut writer, &new).unwrap()
    };
    let (all, both, theirs) = (plan(&[]), plan(&[&me, &other]), plan(&[&other]));
    let own = entries(&mut docs, &people, &Whose::Person(me)).unwrap();
    let own = write_ics(&[own], false);
    let everybody = export_ics(&mut docs, &people, false, false).unwrap();
    let has = |file: &str, id: ObjectId| file.contains(&format!("UID:{id}@hearthside"));
    assert!(has(&own, all) && has(&own, both) && !has(&own, theirs));
    assert!(has(&everybody, theirs));
}
