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
    let neutral = export_ics(&mut docs, &people, false).unwrap();
    assert!(neutral.contains("SUMMARY:Meeting\r\n"));
    for secret in ["Doubts", "secret", "Mia"] {
        assert!(!neutral.contains(secret), "{secret}");
    }
    let titled = export_ics(&mut docs, &people, true).unwrap();
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
fn lines_are_folded_by_octets_and_end_as_they_should() {
    let title = "Äöü 世界 👩‍👩‍👧‍👦 ".repeat(12);
    let new = NewSession {
        title: Some(title.clone()),
        ..weekly()
    };
    let (mut docs, people, ..) = with(&new);
    let file = export_ics(&mut docs, &people, true).unwrap();
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
    let file = export_ics(&mut docs, &people, false).unwrap();
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
    let fresh = export_ics(&mut docs, &people, false).unwrap();
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
    let file = export_ics(&mut docs, &people, false).unwrap();
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
    let file = export_ics(&mut docs, &people, false).unwrap();
    assert!(
        file.contains("RRULE:FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"),
        "{file}"
    );
    let next = NewSession {
        at: "2026-11-30 10:00".to_owned(),
        ..new
    };
    session::plan(&mut docs, &mut Bench::writer(&mut rng, now), &next).unwrap();
    let file = export_ics(&mut docs, &people, false).unwrap();
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
        let file = export_ics(docs, &people, false).unwrap();
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
