//! What a person is reminded of, and when: sessions that begin and actions that are due.
//!
//! Invariant: [`upcoming`] reads a notebook and knows no clock but the one it is given; [`due`] decides by nothing but
//! its arguments. Where neither names nor titles are wanted, [`Reminder::neutral`] has none in it.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use crate::action::{self, ActionView};
use crate::documents::{Documents, Unavailable};
use crate::id::{DocumentId, ObjectId};
use crate::limits::REMINDERS_MAX;
use crate::people::{People, PersonRef};
use crate::record::Glance;
use crate::session::{self, SessionHeader};
use crate::shown;
use crate::when::{self, Moment};
use crate::word::SessionStatus;

/// How far ahead [`upcoming`] looks; whoever keeps what it found looks again within this time.
const HORIZON: SignedDuration = SignedDuration::from_hours(24);

/// When a person wants to be reminded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Minutes before a session.
    pub session_minutes: Vec<u32>,
    /// Days before an action is due; 0 is the day itself.
    pub action_days: Vec<u32>,
    /// The time of day at which actions are told.
    pub day_begins: Time,
    /// The person's zone; one that is not known counts as UTC.
    pub zone: String,
}

/// Hours in which nothing is shown: from one time of day to another, over midnight where the second is the earlier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quiet {
    /// When they begin.
    pub from: Time,
    /// When they are over.
    pub until: Time,
}

impl Quiet {
    /// Says whether a time of day lies in them.
    #[must_use]
    pub fn holds(self, time: Time) -> bool {
        if self.from <= self.until {
            (self.from..self.until).contains(&time)
        } else {
            time >= self.from || time < self.until
        }
    }
}

/// What a reminder is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A session that begins.
    Session {
        /// Its title.
        title: String,
        /// When.
        at: Moment,
    },
    /// An action that is due.
    Action {
        /// Its title.
        title: String,
        /// When.
        due: Date,
    },
}

/// Something to be reminded of once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reminder {
    /// The object.
    pub object: ObjectId,
    /// What it is about.
    pub subject: Subject,
    /// When it is to be shown.
    pub from: Timestamp,
    /// When it is of no use any more.
    pub until: Timestamp,
}

impl Reminder {
    /// What tells it from every other one: a session that was moved is reminded of again.
    #[must_use]
    pub fn key(&self) -> String {
        let due = match &self.subject {
            Subject::Session { at, .. } => at.timestamp().to_string(),
            Subject::Action { due, .. } => due.to_string(),
        };
        format!("{} {due} {}", self.object, self.from)
    }

    /// Says it in words that hold nothing of the notebook.
    #[must_use]
    pub fn neutral(&self, now: Timestamp, zone: &TimeZone) -> String {
        match &self.subject {
            Subject::Session { at, .. } => format!("A session begins {}", start(at, now, zone)),
            Subject::Action { due, .. } => format!("An action is due {}", day(*due, now, zone)),
        }
    }

    /// Says it with the title, and what the notebook is called.
    #[must_use]
    pub fn worded(&self, notebook: &str, now: Timestamp, zone: &TimeZone) -> String {
        let (title, when) = match &self.subject {
            Subject::Session { title, at } => (title, format!("begins {}", start(at, now, zone))),
            Subject::Action { title, due } => (title, format!("is due {}", day(*due, now, zone))),
        };
        match notebook {
            "" => format!("{title} {when}"),
            notebook => format!("{title} {when} · {notebook}"),
        }
    }
}

fn start(at: &Moment, now: Timestamp, zone: &TimeZone) -> String {
    let local = at.timestamp().to_zoned(zone.clone());
    let time = local.strftime("%H:%M");
    if local.date() == now.to_zoned(zone.clone()).date() {
        format!("at {time}")
    } else {
        format!("{} at {time}", day(local.date(), now, zone))
    }
}

fn day(date: Date, now: Timestamp, zone: &TimeZone) -> String {
    let today = now.to_zoned(zone.clone()).date();
    if date == today {
        "today".to_owned()
    } else if today.tomorrow().is_ok_and(|tomorrow| tomorrow == date) {
        "tomorrow".to_owned()
    } else {
        date.strftime("on %-d %B").to_string()
    }
}

/// Collects what one notebook will remind this person of within a day: sessions that they are to come to, and open
/// actions that are theirs.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn upcoming(
    docs: &mut dyn Documents,
    people: &dyn People,
    me: &PersonRef,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Reminder>, Unavailable> {
    let headers = session::planned(docs, people)?;
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let zone = when::zone(&rules.zone).unwrap_or(TimeZone::UTC);
    let mut found: Vec<Reminder> = headers
        .iter()
        .filter(|header| header.status == SessionStatus::Planned && is_to_come(header, me))
        .flat_map(|header| of_session(header, rules))
        .collect();
    let is_mine = |one: &Glance<'_>| {
        action::is_open(one)
            && one.str("due").is_some()
            && one.str("owner").as_deref() == Some(me.as_str())
    };
    for action in shown::all_where::<ActionView>(index, people, is_mine) {
        found.extend(of_action(&action, rules, &zone));
    }
    let end = now.saturating_add(HORIZON).unwrap_or(Timestamp::MAX);
    found.retain(|one| one.until > now && one.from < end);
    Ok(limited(found, now))
}

/// Of each object leaves the last reminder whose time has come, and the others that are to come; then [`REMINDERS_MAX`]
/// of each kind whose time came last, and as many that come next, so that none keeps others from being told.
fn limited(mut found: Vec<Reminder>, now: Timestamp) -> Vec<Reminder> {
    let is_session = |one: &Reminder| matches!(one.subject, Subject::Session { .. });
    found.sort_by_key(|one| (one.from, one.object));
    let (mut come, next): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.from <= now);
    come.reverse();
    let mut objects = BTreeSet::new();
    come.retain(|one| objects.insert(one.object));
    let mut left = Vec::new();
    for all in [come, next] {
        let (sessions, actions): (Vec<_>, Vec<_>) = all.into_iter().partition(is_session);
        for kind in [sessions, actions] {
            left.extend(kind.into_iter().take(REMINDERS_MAX));
        }
    }
    left.sort_by_key(|one| (one.from, one.object));
    left
}

fn is_to_come(header: &SessionHeader, me: &PersonRef) -> bool {
    let is_me = |person: &crate::people::Named| person.person == me.as_str();
    header.attendees.is_empty() || header.attendees.iter().any(is_me)
}

fn of_session(header: &SessionHeader, rules: &Rules) -> Vec<Reminder> {
    let Some(at) = &header.at else {
        return Vec::new();
    };
    let begins = at.timestamp();
    let before = rules.session_minutes.iter().filter_map(|minutes| {
        let from = begins
            .checked_sub(SignedDuration::from_mins(i64::from(*minutes)))
            .ok()?;
        Some(Reminder {
            object: header.id,
            subject: Subject::Session {
                title: header.title.clone(),
                at: at.clone(),
            },
            from,
            // With no time ahead, it is still told that it begins.
            until: begins.max(from.checked_add(SignedDuration::from_mins(1)).ok()?),
        })
    });
    before.collect()
}

fn of_action(action: &ActionView, rules: &Rules, zone: &TimeZone) -> Vec<Reminder> {
    let Some(due) = action.due.as_deref().and_then(|due| when::date(due).ok()) else {
        return Vec::new();
    };
    let at = |date: Date, time: Time| {
        let local = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
        Some(local.timestamp())
    };
    let before = rules.action_days.iter().filter_map(|days| {
        let told = due
            .checked_sub(Span::new().try_days(i64::from(*days)).ok()?)
            .ok()?;
        Some(Reminder {
            object: action.id,
            subject: Subject::Action {
                title: action.title.clone(),
                due,
            },
            from: at(told, rules.day_begins)?,
            until: at(due.tomorrow().ok()?, Time::midnight())?,
        })
    });
    before.collect()
}

/// What is to be shown now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Due<'a> {
    /// Of each object the last one whose time has come.
    pub shown: Vec<&'a Reminder>,
    /// Earlier ones of the same objects, which need not be shown any more.
    pub passed: Vec<&'a Reminder>,
}

/// Chooses what is to be shown now: nothing in quiet hours, nothing twice, of several about one object the last.
#[must_use]
pub fn due<'a>(
    upcoming: &'a [Reminder],
    quiet: Option<Quiet>,
    zone: &TimeZone,
    now: Timestamp,
    already: impl Fn(&Reminder) -> bool,
) -> Due<'a> {
    if quiet.is_some_and(|quiet| quiet.holds(now.to_zoned(zone.clone()).time())) {
        return Due::default();
    }
    let mut due = Due::default();
    let mut objects = BTreeSet::new();
    let mut come: Vec<&Reminder> = upcoming
        .iter()
        .filter(|one| one.from <= now && now < one.until)
        .collect();
    come.sort_by_key(|one| (std::cmp::Reverse(one.from), one.object));
    for one in come {
        let is_last = objects.insert(one.object);
        if already(one) {
            continue;
        }
        if is_last {
            due.shown.push(one);
        } else {
            due.passed.push(one);
        }
    }
    due.shown.reverse();
    due
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::action::NewAction;
    use crate::session::NewSession;
    use crate::testing::{Bench, bench};

    fn rules() -> Rules {
        Rules {
            session_minutes: vec![1440, 15],
            action_days: vec![0, 1],
            day_begins: Time::constant(9, 0, 0, 0),
            zone: "Europe/Berlin".to_owned(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A session at three in Berlin and two actions that are due on the same day, one of somebody else.
    fn planned(day: &str, now: &str) -> Vec<Reminder> {
        let Bench {
            mut docs,
            people,
            mut rng,
            now: written,
        } = bench();
        let mut writer = Bench::writer(&mut rng, written);
        let me = writer.me.clone();
        let new = NewSession {
            at: format!("{day} 15:00"),
            zone: "Europe/Berlin".to_owned(),
            title: Some("Mid-point".to_owned()),
            ..NewSession::default()
        };
        session::plan(&mut docs, &mut writer, &new).unwrap();
        for (title, owner) in [
            ("Mine", None),
            ("Theirs", PersonRef::new("person-other").ok()),
        ] {
            let new = NewAction {
                title: title.to_owned(),
                due: Some(day.to_owned()),
                owner,
                ..NewAction::default()
            };
            action::add(&mut docs, &mut writer, &new).unwrap();
        }
        upcoming(&mut docs, &people, &me, &rules(), at(now)).unwrap()
    }

    fn lines(all: &[Reminder], quiet: Option<Quiet>, now: &str) -> Vec<String> {
        let zone = when::zone("Europe/Berlin").unwrap();
        due(all, quiet, &zone, at(now), |_| false)
            .shown
            .iter()
            .map(|one| one.neutral(at(now), &zone))
            .collect()
    }

    #[test]
    fn a_session_and_the_own_action_are_told_in_their_time() {
        let all = planned("2027-03-28", "2027-03-28T00:30:00Z");
        // The clocks went forward in the night: three in the afternoon is 13:00 in UTC.
        // Whoever was not there yesterday hears now of what was to be told then.
        assert_eq!(
            lines(&all, None, "2027-03-28T06:59:00Z"),
            ["An action is due today", "A session begins at 15:00"]
        );
        assert_eq!(
            lines(&all, None, "2027-03-28T07:00:00Z"),
            ["A session begins at 15:00", "An action is due today"]
        );
        let before = lines(&all, None, "2027-03-27T13:05:00Z");
        assert_eq!(
            before,
            [
                "An action is due tomorrow",
                "A session begins tomorrow at 15:00"
            ]
        );
        assert_eq!(
            lines(&all, None, "2027-03-28T13:00:00Z"),
            ["An action is due today"]
        );
        assert_eq!(lines(&all, None, "2027-03-28T22:00:00Z"), [""; 0]);
    }

    #[test]
    fn a_day_full_of_what_is_due_keeps_no_session_from_being_told() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now: written,
        } = bench();
        let mut writer = Bench::writer(&mut rng, written);
        let me = writer.me.clone();
        for number in 0..=REMINDERS_MAX {
            let new = NewAction {
                title: format!("Action {number}"),
                due: Some("2026-12-01".to_owned()),
                ..NewAction::default()
            };
            action::add(&mut docs, &mut writer, &new).unwrap();
        }
        // One on each quarter of an hour: more than are told at once have begun to be told a day ahead.
        for number in 0..=REMINDERS_MAX {
            let (hour, minute) = (10 + number / 4, number % 4 * 15);
            let new = NewSession {
                at: format!("2026-12-01 {hour}:{minute:02}"),
                zone: "Europe/Berlin".to_owned(),
                title: Some(format!("Session {number}")),
                ..NewSession::default()
            };
            session::plan(&mut docs, &mut writer, &new).unwrap();
        }
        let now = at("2026-12-01T08:30:00Z");
        let all = upcoming(&mut docs, &people, &me, &rules(), now).unwrap();
        let counted = |is_session: bool, has_come: bool| {
            let matching = all.iter().filter(|one| {
                matches!(one.subject, Subject::Session { .. }) == is_session
                    && (one.from <= now) == has_come
            });
            matching.count()
        };
        assert_eq!(counted(false, true), REMINDERS_MAX);
        assert_eq!(counted(true, true), REMINDERS_MAX);
        assert_eq!(counted(true, false), REMINDERS_MAX);
        // The next session is told in its time, although as much was told before.
        let zone = when::zone("Europe/Berlin").unwrap();
        let later = at("2026-12-01T08:46:00Z");
        let told = due(&all, None, &zone, later, |one| one.from <= now);
        let titles: Vec<&str> = told
            .shown
            .iter()
            .filter_map(|one| match &one.subject {
                Subject::Session { title, .. } => Some(title.as_str()),
                Subject::Action { .. } => None,
            })
            .collect();
        assert!(titles.contains(&"Session 0"), "{titles:?}");
    }

    #[test]
    fn nothing_is_told_twice_in_quiet_hours_or_beside_a_later_one() {
        let zone = when::zone("Europe/Berlin").unwrap();
        let now = at("2026-12-01T13:50:00Z");
        let all = planned("2026-12-01", "2026-12-01T08:00:00Z");
        let found = due(&all, None, &zone, now, |_| false);
        assert_eq!((found.shown.len(), found.passed.len()), (2, 1));
        let keys: BTreeSet<String> = found
            .shown
            .iter()
            .chain(&found.passed)
            .map(|one| one.key())
            .collect();
        let again = due(&all, None, &zone, now, |one| keys.contains(&one.key()));
        assert_eq!(again, Due::default());
        let quiet = |from, until| {
            Some(Quiet {
                from: Time::constant(from, 0, 0, 0),
                until: Time::constant(until, 0, 0, 0),
            })
        };
        let shown = |quiet| lines(&all, quiet, "2026-12-01T13:50:00Z").len();
        assert_eq!(
            (
                shown(quiet(22, 7)),
                shown(quiet(14, 15)),
                shown(quiet(20, 15))
            ),
            (2, 0, 0)
        );
        assert_eq!(shown(quiet(8, 8)), 2);
    }

    #[test]
    fn neutral_words_hold_nothing_of_the_notebook() {
        let zone = when::zone("Europe/Berlin").unwrap();
        let now = at("2026-12-01T13:50:00Z");
        let all = planned("2026-12-01", "2026-12-01T08:00:00Z");
        let shown = due(&all, None, &zone, now, |_| false).shown;
        let worded: Vec<String> = shown
            .iter()
            .map(|one| one.worded("Ana and Ben", now, &zone))
            .collect();
        assert_eq!(
            worded,
            [
                "Mine is due today · Ana and Ben",
                "Mid-point begins at 15:00 · Ana and Ben"
            ]
        );
        for one in shown {
            let neutral = one.neutral(now, &zone);
            assert!(
                !neutral.contains("Mi") && !neutral.contains("Ana"),
                "{neutral}"
            );
        }
    }
}
