//! Taking back the times that a calendar program gave sessions.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::UID_HOST;
use super::out::sequence;
use super::text::{Property, lines};
use crate::Writer;
use crate::documents::Documents;
use crate::id::ObjectId;
use crate::json::{ImportError, ImportReport};
use crate::limits::{IMPORT_BYTES_MAX, IMPORT_OBJECTS_MAX, MINUTES_MAX};
use crate::people::StaticPeople;
use crate::session::{SessionEdit, SessionHeader, edit, list};
use crate::when;

/// Gives sessions the times and lengths that a calendar file has for them. Events that are no session of this
/// notebook are left out, and so are those that are older than what is here.
///
/// # Errors
/// [`ImportError`]; but for a document that fails in the middle, nothing is changed then.
pub fn import_ics(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    text: &str,
) -> Result<ImportReport, ImportError> {
    if text.len() > IMPORT_BYTES_MAX {
        return Err(ImportError::TooLarge {
            max: IMPORT_BYTES_MAX,
            unit: "bytes",
        });
    }
    let lines = lines(text);
    let is_calendar = lines
        .iter()
        .any(|line| line.trim().eq_ignore_ascii_case("BEGIN:VCALENDAR"));
    if !is_calendar {
        return Err(ImportError::Calendar);
    }
    let sessions = list(docs, &StaticPeople::default())?;
    let mut report = ImportReport::default();
    let mut edits: Vec<(ObjectId, SessionEdit)> = Vec::new();
    for event in events(&lines)? {
        let session = event
            .session()
            .and_then(|id| sessions.iter().find(|one| one.id == id));
        let Some(session) = session else {
            report.skipped += 1;
            continue;
        };
        match event.change(session)? {
            Change::Same => report.unchanged += 1,
            Change::Skipped => report.skipped += 1,
            Change::To(edit) => {
                report.updated += 1;
                edits.push((session.id, edit));
            }
        }
    }
    for (id, change) in edits {
        edit(docs, writer, id, &change)?;
    }
    Ok(report)
}

/// One event as far as it matters here.
#[derive(Default)]
struct Event {
    uid: String,
    start: Option<Time>,
    end: Option<Time>,
    duration: Option<String>,
    recurrence: Option<Time>,
    sequence: i64,
    is_cancelled: bool,
}

/// A time with what the file says of its zone.
struct Time {
    value: String,
    zone: Option<String>,
}

enum Change {
    Same,
    Skipped,
    To(SessionEdit),
}

fn events(lines: &[String]) -> Result<Vec<Event>, ImportError> {
    let mut events = Vec::new();
    let mut open: Option<Event> = None;
    // What lies within an event, an alarm, has lines of the same names.
    let mut depth = 0;
    for line in lines {
        let Some(property) = Property::parse(line) else {
            continue;
        };
        let value = property.value.trim();
        match (property.name.as_str(), &mut open) {
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => {
                open = Some(Event::default())
            }
            ("BEGIN", Some(_)) => depth += 1,
            ("END", Some(_)) if depth > 0 => depth -= 1,
            ("END", Some(_)) => events.extend(open.take()),
            (name, Some(event)) if depth == 0 => event.take(name, &property, value),
            _ => {}
        }
        if events.len() > IMPORT_OBJECTS_MAX {
            return Err(ImportError::TooLarge {
                max: IMPORT_OBJECTS_MAX,
                unit: "events",
            });
        }
    }
    Ok(events)
}

impl Event {
    fn take(&mut self, name: &str, property: &Property<'_>, value: &str) {
        let time = || Time {
            value: value.to_owned(),
            zone: property.parameter("TZID").map(str::to_owned),
        };
        match name {
            "UID" => value.clone_into(&mut self.uid),
            "DTSTART" => self.start = Some(time()),
            "DTEND" => self.end = Some(time()),
            "DURATION" => self.duration = Some(value.to_owned()),
            "RECURRENCE-ID" => self.recurrence = Some(time()),
            "SEQUENCE" => self.sequence = value.parse().unwrap_or(0),
            "STATUS" => self.is_cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            _ => {}
        }
    }

    fn session(&self) -> Option<ObjectId> {
        self.uid.strip_suffix(UID_HOST)?.parse().ok()
    }

    fn change(&self, session: &SessionHeader) -> Result<Change, ImportError> {
        let (Some(start), Some(at)) = (&self.start, &session.at) else {
            return Ok(Change::Skipped);
        };
        let wrong = |what: &str| ImportError::Malformed {
            path: format!("session {}", session.id),
            reason: what.to_owned(),
        };
        // A calendar that was written before the session last changed says nothing new.
        if self.is_cancelled || self.sequence < sequence(session) {
            return Ok(Change::Skipped);
        }
        if let Some(recurrence) = &self.recurrence {
            // Of a series only the meeting that is a session here can be moved; those to come are none yet.
            let moved = recurrence
                .read(at.zone())
                .ok_or_else(|| wrong("its time cannot be read"))?;
            if moved.1 != at.timestamp() {
                return Ok(Change::Skipped);
            }
        }
        let (begins, instant) = start
            .read(at.zone())
            .ok_or_else(|| wrong("its time or its time zone cannot be read"))?;
        let minutes = self.minutes(instant, at.zone());
        let (local, zone) = begins;
        let edit = SessionEdit {
            at: (instant != at.timestamp() || local != at.local()).then_some(local),
            zone: (zone != at.zone()).then_some(zone),
            minutes: minutes.filter(|minutes| session.minutes != Some(*minutes)),
            ..SessionEdit::default()
        };
        let is_same = edit.at.is_none() && edit.zone.is_none() && edit.minutes.is_none();
        Ok(if is_same {
            Change::Same
        } else {
            Change::To(edit)
        })
    }

    fn minutes(&self, begins: Timestamp, zone: &str) -> Option<u32> {
        let seconds = match (&self.end, &self.duration) {
            (Some(end), _) => end.read(zone)?.1.as_second() - begins.as_second(),
            (None, Some(duration)) => {
                let span: Span = duration.parse().ok()?;
                let day = jiff::SpanRelativeTo::days_are_24_hours();
                span.to_duration(day).ok()?.as_secs()
            }
            (None, None) => return None,
        };
        u32::try_from(seconds / 60)
            .ok()
            .filter(|minutes| (1..=MINUTES_MAX).contains(minutes))
    }
}

impl Time {
    /// The local time with its zone, and the instant. A time in UTC is told in the session's own zone, since many
    /// programs know no other.
    fn read(&self, own: &str) -> Option<((String, String), Timestamp)> {
        let own_zone = when::zone(own).unwrap_or(TimeZone::UTC);
        if let Some(value) = self.value.strip_suffix('Z') {
            let civil = DateTime::strptime("%Y%m%dT%H%M%S", value).ok()?;
            let at = civil.to_zoned(TimeZone::UTC).ok()?.with_time_zone(own_zone);
            return Some(((at.datetime().to_string(), own.to_owned()), at.timestamp()));
        }
        let civil = DateTime::strptime("%Y%m%dT%H%M%S", &self.value).ok()?;
        let (zone, name) = match &self.zone {
            None => (own_zone, own.to_owned()),
            Some(given) => known(given)?,
        };
        let at = civil.to_zoned(zone).ok()?;
        Some(((civil.to_string(), name), at.timestamp()))
    }
}

/// The zone that a calendar program means: an IANA name, which some put behind a prefix of theirs.
fn known(given: &str) -> Option<(TimeZone, String)> {
    let mut name = given;
    loop {
        if let Some(zone) = when::zone(name) {
            let iana = zone.iana_name().unwrap_or(name).to_owned();
            return Some((zone, iana));
        }
        name = name.split_once('/')?.1;
    }
}
