//! Writing the calendar.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::text::{escaped, push};
use super::{NEUTRAL_TITLE, UID_HOST, zone};
use crate::action::ActionView;
use crate::documents::{Documents, Unavailable};
use crate::goal::GoalView;
use crate::id::{DocumentId, ObjectId};
use crate::people::{Named, People, PersonRef};
use crate::record::{Glance, Stamp};
use crate::session::{SessionHeader, list};
use crate::shown;
use crate::when::{self, Moment};
use crate::word::{GoalStatus, SessionStatus};

/// Minutes before a session at which a calendar reminds of it.
const REMINDER_MINUTES: u32 = 15;
/// The last day that every month has.
const DAY_OF_EVERY_MONTH: i8 = 28;

/// What of a notebook stands in a calendar.
#[derive(Debug, Clone, Default)]
pub struct Entries {
    notebook: String,
    sessions: Vec<SessionHeader>,
    due: Vec<DueDate>,
}

impl Entries {
    /// Names the notebook that they are of, so that one that was forked off it can stand beside it.
    #[must_use]
    pub fn of(self, notebook: String) -> Self {
        Self { notebook, ..self }
    }
}

/// The UIDs that stand in a calendar: no two events have the same.
#[derive(Default)]
struct Uids(BTreeSet<String>);

impl Uids {
    /// Gives an object its UID, which is its id; where another notebook has the same object, with the notebook behind it.
    /// None where that is taken, too.
    fn give(&mut self, notebook: &str, id: ObjectId) -> Option<String> {
        let plain = format!("{id}{UID_HOST}");
        if self.0.insert(plain.clone()) {
            return Some(plain);
        }
        let apart = format!("{id}-{notebook}{UID_HOST}");
        self.0.insert(apart.clone()).then_some(apart)
    }
}

/// Whose due dates stand in a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Nobody's.
    Nobody,
    /// Everybody's.
    Everybody,
    /// One person's.
    Person(PersonRef),
}

/// An action or a goal with the day on which it is due.
#[derive(Debug, Clone)]
struct DueDate {
    id: ObjectId,
    kind: &'static str,
    title: String,
    day: Date,
    stamp: Stamp,
}

/// The sessions of a notebook as a calendar file; where `due` says so, with the days on which open actions and goals are
/// due. Titles and places are in it where `titles` says so; otherwise every session is called alike.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn export_ics(
    docs: &mut dyn Documents,
    people: &dyn People,
    titles: bool,
    due: bool,
) -> Result<String, Unavailable> {
    let whose = if due { Whose::Everybody } else { Whose::Nobody };
    Ok(write_ics(&[entries(docs, people, &whose)?], titles))
}

/// Collects what of a notebook stands in a calendar: for one person the sessions to which they come, or everybody does.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn entries(
    docs: &mut dyn Documents,
    people: &dyn People,
    whose: &Whose,
) -> Result<Entries, Unavailable> {
    let mut sessions = list(docs, people)?;
    if let Whose::Person(person) = whose {
        sessions.retain(|session| {
            let mut attendees = session.attendees.iter();
            session.attendees.is_empty() || attendees.any(|one| one.person == person.as_str())
        });
    }
    let Some(index) = docs
        .read(DocumentId::INDEX)?
        .filter(|_| *whose != Whose::Nobody)
    else {
        return Ok(Entries {
            sessions,
            ..Entries::default()
        });
    };
    let is_theirs = |owners: &[&Named]| match whose {
        Whose::Nobody => false,
        Whose::Everybody => true,
        Whose::Person(person) => owners.iter().any(|owner| owner.person == person.as_str()),
    };
    let day = |due: Option<&str>| when::date(due?).ok();
    let is_dated = |one: &Glance<'_>| one.str("due").is_some();
    let actions = shown::all_where::<ActionView>(index, people, is_dated).into_iter();
    let actions = actions.filter_map(|action| {
        let owners: Vec<&Named> = action.owner.iter().collect();
        (action.status.is_open() && is_theirs(&owners)).then_some(())?;
        Some(DueDate {
            id: action.id,
            kind: "Action due",
            day: day(action.due.as_deref())?,
            title: action.title,
            stamp: action.provenance.stamp,
        })
    });
    let goals = shown::all_where::<GoalView>(index, people, is_dated).into_iter();
    let goals = goals.filter_map(|goal| {
        let owners: Vec<&Named> = goal.owners.iter().collect();
        let is_over = matches!(goal.status, GoalStatus::Achieved | GoalStatus::Dropped);
        (!is_over && is_theirs(&owners)).then_some(())?;
        Some(DueDate {
            id: goal.id,
            kind: "Goal due",
            day: day(goal.due.as_deref())?,
            title: goal.title,
            stamp: goal.provenance.stamp,
        })
    });
    let due = actions.chain(goals).collect();
    Ok(Entries {
        sessions,
        due,
        ..Entries::default()
    })
}

/// Writes one calendar of several notebooks.
#[must_use]
pub fn write_ics(notebooks: &[Entries], titles: bool) -> String {
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
    zones(&mut out, notebooks.iter().flat_map(|one| &one.sessions));
    let mut uids = Uids::default();
    for one in notebooks {
        for session in &one.sessions {
            if let Some(at) = &session.at
                && let Some(uid) = uids.give(&one.notebook, session.id)
            {
                event(&mut out, &uid, (session, at), &one.sessions, titles);
            }
        }
        for due in &one.due {
            if let Some(uid) = uids.give(&one.notebook, due.id) {
                day(&mut out, &uid, due, titles);
            }
        }
    }
    push(&mut out, "END:VCALENDAR");
    out
}

/// An event of a whole day, since few calendar programs show tasks, and those that subscribe to a calendar none.
fn day(out: &mut String, uid: &str, due: &DueDate, titles: bool) {
    head(out, uid, &due.stamp);
    push(
        out,
        &format!("DTSTART;VALUE=DATE:{}", due.day.strftime("%Y%m%d")),
    );
    let title = match titles {
        true if !due.title.is_empty() => format!("{}: {}", due.kind, escaped(&due.title)),
        _ => due.kind.to_owned(),
    };
    push(out, &format!("SUMMARY:{title}"));
    // Nobody is busy for it.
    push(out, "TRANSP:TRANSPARENT");
    push(out, "CLASS:PRIVATE");
    push(out, "END:VEVENT");
}

/// What every event begins with.
fn head(out: &mut String, uid: &str, stamp: &Stamp) {
    let changed = stamp.updated_at.or(stamp.created_at).unwrap_or_default();
    push(out, "BEGIN:VEVENT");
    push(out, &format!("UID:{uid}"));
    push(out, &format!("DTSTAMP:{}", utc(changed)));
    push(out, &format!("LAST-MODIFIED:{}", utc(changed)));
    push(out, &format!("SEQUENCE:{}", since_made(stamp)));
}

fn zones<'a>(out: &mut String, sessions: impl Iterator<Item = &'a SessionHeader>) {
    let mut spans: BTreeMap<&str, (Timestamp, Timestamp)> = BTreeMap::new();
    for at in sessions.filter_map(|session| session.at.as_ref()) {
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
    uid: &str,
    (session, at): (&SessionHeader, &Moment),
    all: &[SessionHeader],
    titles: bool,
) {
    head(out, uid, &session.provenance.stamp);
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

/// A number that grows with every change of a session.
pub(super) fn sequence(session: &SessionHeader) -> i64 {
    since_made(&session.provenance.stamp)
}

/// The seconds between the first change and the last.
fn since_made(stamp: &Stamp) -> i64 {
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
