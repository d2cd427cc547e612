//! Writing the calendar.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::text::{escaped, push};
use super::{NEUTRAL_TITLE, UID_HOST, zone};
use crate::documents::{Documents, Unavailable};
use crate::people::People;
use crate::session::{SessionHeader, list};
use crate::when::{self, Moment};
use crate::word::SessionStatus;

/// Minutes before a session at which a calendar reminds of it.
const REMINDER_MINUTES: u32 = 15;
/// The last day that every month has.
const DAY_OF_EVERY_MONTH: i8 = 28;

/// The sessions as a calendar file. Titles and places are in it where `titles` says so; otherwise every session
/// is called alike.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn export_ics(
    docs: &mut dyn Documents,
    people: &dyn People,
    titles: bool,
) -> Result<String, Unavailable> {
    let sessions = list(docs, people)?;
    let mut out = String::new();
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Hearthside//hearth//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ] {
        push(&mut out, line);
    }
    zones(&mut out, &sessions);
    for session in &sessions {
        if let Some(at) = &session.at {
            event(&mut out, session, at, &sessions, titles);
        }
    }
    push(&mut out, "END:VCALENDAR");
    Ok(out)
}

fn zones(out: &mut String, sessions: &[SessionHeader]) {
    let mut spans: BTreeMap<&str, (Timestamp, Timestamp)> = BTreeMap::new();
    for at in sessions.iter().filter_map(|session| session.at.as_ref()) {
        let time = at.timestamp();
        let span = spans.entry(at.zone()).or_insert((time, time));
        *span = (span.0.min(time), span.1.max(time));
    }
    for (name, (first, last)) in spans {
        if let Some(rules) = when::zone(name).filter(|_| name != "UTC") {
            zone::push_zone(out, &rules, name, first, last);
        }
    }
}

fn event(
    out: &mut String,
    session: &SessionHeader,
    at: &Moment,
    all: &[SessionHeader],
    titles: bool,
) {
    let stamp = &session.provenance.stamp;
    let changed = stamp.updated_at.or(stamp.created_at).unwrap_or_default();
    push(out, "BEGIN:VEVENT");
    push(out, &format!("UID:{}{UID_HOST}", session.id));
    push(out, &format!("DTSTAMP:{}", utc(changed)));
    push(out, &format!("LAST-MODIFIED:{}", utc(changed)));
    push(out, &format!("SEQUENCE:{}", sequence(session)));
    push(out, &format!("DTSTART{}", local(at)));
    push(
        out,
        &format!("DURATION:PT{}M", session.minutes.unwrap_or(60)),
    );
    if let Some(rule) = rule(session, at, all) {
        push(out, &rule);
    }
    let title = match titles {
        true if !session.title.is_empty() => escaped(&session.title),
        _ => NEUTRAL_TITLE.to_owned(),
    };
    push(out, &format!("SUMMARY:{title}"));
    if titles && !session.place.trim().is_empty() {
        push(out, &format!("LOCATION:{}", escaped(&session.place)));
    }
    push(
        out,
        match session.status {
            SessionStatus::Cancelled => "STATUS:CANCELLED",
            _ => "STATUS:CONFIRMED",
        },
    );
    push(out, "CLASS:PRIVATE");
    if session.status == SessionStatus::Planned {
        push(out, "BEGIN:VALARM");
        push(out, "ACTION:DISPLAY");
        push(out, &format!("DESCRIPTION:{title}"));
        push(out, &format!("TRIGGER:-PT{REMINDER_MINUTES}M"));
        push(out, "END:VALARM");
    }
    push(out, "END:VEVENT");
}

/// A number that grows with every change: the seconds between the first and the last.
pub(super) fn sequence(session: &SessionHeader) -> i64 {
    let stamp = &session.provenance.stamp;
    match (stamp.created_at, stamp.updated_at) {
        (Some(made), Some(changed)) => {
            (changed.as_second() - made.as_second()).clamp(0, i64::from(i32::MAX))
        }
        _ => 0,
    }
}

/// The recurrence: only the last session that is planned goes on, since each one that follows is a session of
/// its own once the one before it was held. One that was moved says nothing of those that follow, and a series
/// that was ended has none.
fn rule(session: &SessionHeader, at: &Moment, all: &[SessionHeader]) -> Option<String> {
    let every = session.every?;
    let series = session.series.as_ref();
    if series.is_some_and(|series| series.ended || series.slot != at.local()) {
        return None;
    }
    let is_planned = session.status == SessionStatus::Planned;
    let is_last = all
        .iter()
        .filter(|other| {
            let both = series.zip(other.series.as_ref());
            both.is_some_and(|(series, other)| series.id == other.id)
                || (other.every == Some(every) && other.title == session.title)
        })
        .filter_map(|other| other.at.as_ref())
        .all(|other| other.timestamp() <= at.timestamp());
    if !is_planned || !is_last {
        return None;
    }
    let (frequency, count) = every.frequency();
    // A day that not every month has counts as its last one.
    let day = at.day();
    let days = match frequency {
        "MONTHLY" if day > DAY_OF_EVERY_MONTH => {
            let days: Vec<String> = (DAY_OF_EVERY_MONTH..=day)
                .map(|day| day.to_string())
                .collect();
            format!(";BYMONTHDAY={};BYSETPOS=-1", days.join(","))
        }
        _ => String::new(),
    };
    Some(format!("RRULE:FREQ={frequency};INTERVAL={count}{days}"))
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn local(at: &Moment) -> String {
    match at.zone() {
        "UTC" => format!(":{}", utc(at.timestamp())),
        zone => format!(";TZID={zone}:{}", at.compact()),
    }
}
