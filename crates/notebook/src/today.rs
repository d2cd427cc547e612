//! What is to do: the next sessions, actions that are due, questions that are open.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::Serialize;

use crate::action::ActionView;
use crate::documents::{Documents, Unavailable};
use crate::goal::GoalView;
use crate::id::{DocumentId, ObjectId};
use crate::limits::TODAY_ITEMS_MAX;
use crate::people::{People, PersonRef};
use crate::question::QuestionView;
use crate::record::Glance;
use crate::session::{self, Current, SessionHeader};
use crate::shown;
use crate::when::{self, Moment};
use crate::word::GoalStatus;

/// Days ahead that count as due soon.
const SOON_DAYS: i64 = 7;

/// What one notebook asks for today.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Today {
    /// Planned sessions that are not over, the next one first.
    pub sessions: Vec<SessionHeader>,
    /// Planned sessions whose time is over and that nobody has wrapped up.
    pub unwrapped: Vec<SessionHeader>,
    /// Next dates that were agreed or recur, and that nobody has planned.
    pub unplanned: Vec<NextDate>,
    /// Open actions past their due date, the longest first.
    pub overdue: Vec<DueAction>,
    /// Open actions due today or within a week.
    pub due: Vec<DueAction>,
    /// Goals that are not at an end and whose due date is past or within a week.
    pub goals: Vec<GoalView>,
    /// Questions that are not settled, oldest first.
    pub questions: Vec<QuestionView>,
}

/// A date for which no session is planned yet.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct NextDate {
    /// The session that it follows.
    pub after: ObjectId,
    /// The title of that session.
    pub title: String,
    /// When.
    pub at: Moment,
}

/// An action with a due date.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DueAction {
    /// Whether the person who asks is to do it.
    pub mine: bool,
    /// The action.
    #[serde(flatten)]
    pub action: ActionView,
}

/// Collects what is to do. The zone says which day it is; one that is not known counts as UTC.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn today(
    docs: &mut dyn Documents,
    people: &dyn People,
    me: &PersonRef,
    now: Timestamp,
    zone: &str,
) -> Result<Today, Unavailable> {
    let current = session::current(docs, people, now, TODAY_ITEMS_MAX)?;
    let register = docs.register()?;
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Today::default());
    };
    let zone = when::zone(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let date = now.to_zoned(zone).date();
    let soon = date
        .checked_add(Span::new().days(SOON_DAYS))
        .unwrap_or(Date::MAX);
    let is_due_soon =
        |one: &Glance<'_>| day(one.str("due").as_deref()).is_some_and(|due| due <= soon);
    let dated = register.actions().iter();
    let dated = dated.filter(|one| one.is_open && one.due.is_some_and(|due| due <= soon));
    let dated = shown::of_ids(index, people, dated.map(|one| one.id));
    let (overdue, due) = actions(dated, me, date, soon);
    let ended = |status: GoalStatus| matches!(status, GoalStatus::Achieved | GoalStatus::Dropped);
    let mut found = Today {
        unplanned: unplanned(&current, now).into_iter().collect(),
        sessions: current.sessions,
        unwrapped: current.unwrapped,
        overdue,
        due,
        goals: shown::all_where::<GoalView>(index, people, is_due_soon)
            .into_iter()
            .filter(|goal| !ended(goal.status))
            .collect(),
        questions: shown::all_where::<QuestionView>(index, people, |one| !one.flag("resolved")),
    };
    found.shorten();
    Ok(found)
}

impl Today {
    fn shorten(&mut self) {
        self.sessions.truncate(TODAY_ITEMS_MAX);
        self.unwrapped.truncate(TODAY_ITEMS_MAX);
        self.overdue.truncate(TODAY_ITEMS_MAX);
        self.due.truncate(TODAY_ITEMS_MAX);
        self.goals.truncate(TODAY_ITEMS_MAX);
        self.questions.truncate(TODAY_ITEMS_MAX);
    }
}

/// The next date after the last held session, where it is still to come and nothing is planned since.
fn unplanned(current: &Current, now: Timestamp) -> Option<NextDate> {
    let last = current.last_held.as_ref()?;
    let at = last.next.clone().filter(|at| at.timestamp() > now)?;
    (!current.is_later_planned).then(|| NextDate {
        after: last.id,
        title: last.title.clone(),
        at,
    })
}

fn actions(
    all: Vec<ActionView>,
    me: &PersonRef,
    date: Date,
    soon: Date,
) -> (Vec<DueAction>, Vec<DueAction>) {
    let mut dated: Vec<_> = all
        .into_iter()
        .filter(|action| action.status.is_open())
        .filter_map(|action| Some((day(action.due.as_deref())?, action)))
        .filter(|(due, _)| *due <= soon)
        .map(|(due, action)| {
            let mine = action
                .owner
                .as_ref()
                .is_some_and(|owner| owner.person == me.as_str());
            (due, DueAction { mine, action })
        })
        .collect();
    dated.sort_by_key(|(due, action)| (*due, action.action.id));
    let (overdue, due): (Vec<_>, Vec<_>) = dated.into_iter().partition(|(due, _)| *due < date);
    let strip = |list: Vec<(Date, DueAction)>| list.into_iter().map(|(_, action)| action).collect();
    (strip(overdue), strip(due))
}

fn day(text: Option<&str>) -> Option<Date> {
    when::date(text?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::action::{self, NewAction};
    use crate::session::{NewSession, Wrap};
    use crate::testing::{Bench, bench};

    #[test]
    fn the_day_is_that_of_the_zone() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        for (title, due) in [
            ("past", Some("2026-11-22")),
            ("today", Some("2026-11-23")),
            ("in a week", Some("2026-11-30")),
            ("later", Some("2026-12-24")),
            ("some day", None),
        ] {
            let due = due.map(str::to_owned);
            let new = NewAction {
                title: title.to_owned(),
                due,
                ..NewAction::default()
            };
            action::add(&mut docs, &mut writer, &new).unwrap();
        }
        let me = writer.me.clone();
        let mut titles = |zone: &str, now: &str| {
            let found = today(&mut docs, &people, &me, now.parse().unwrap(), zone).unwrap();
            let names = |list: &[DueAction]| -> Vec<String> {
                list.iter().map(|due| due.action.title.clone()).collect()
            };
            assert!(found.due.iter().all(|due| due.mine));
            (names(&found.overdue), names(&found.due))
        };
        let noon = titles("Europe/Berlin", "2026-11-23T12:00:00Z");
        assert_eq!(
            noon,
            (
                vec!["past".to_owned()],
                vec!["today".to_owned(), "in a week".to_owned()]
            )
        );
        // Half past eleven at night in UTC is the next day in Berlin.
        let night = titles("Europe/Berlin", "2026-11-23T23:30:00Z");
        assert_eq!(night.0, ["past", "today"]);
        assert_eq!(titles("UTC", "2026-11-23T23:30:00Z").0, ["past"]);
    }

    #[test]
    fn sessions_to_come_to_wrap_up_and_to_plan_are_told_apart() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let me = writer.me.clone();
        let new = |at: &str| NewSession {
            at: at.to_owned(),
            zone: "UTC".to_owned(),
            every: Some("2w".to_owned()),
            ..NewSession::default()
        };
        let held = session::plan(&mut docs, &mut writer, &new("2026-11-16 15:00")).unwrap();
        session::wrap(&mut docs, &mut writer, held, &Wrap::default()).unwrap();
        let found = today(&mut docs, &people, &me, now, "UTC").unwrap();
        assert_eq!(found.unplanned.len(), 1);
        assert_eq!(found.unplanned[0].at.local(), "2026-11-30T15:00:00");

        let running = session::plan(&mut docs, &mut writer, &new("2026-11-23 08:30")).unwrap();
        let over = session::plan(&mut docs, &mut writer, &new("2026-11-20 08:30")).unwrap();
        let found = today(&mut docs, &people, &me, now, "UTC").unwrap();
        assert_eq!(
            found.sessions.iter().map(|s| s.id).collect::<Vec<_>>(),
            [running]
        );
        assert_eq!(
            found.unwrapped.iter().map(|s| s.id).collect::<Vec<_>>(),
            [over]
        );
        assert!(found.unplanned.is_empty());
    }

    #[test]
    fn a_notebook_that_has_not_arrived_asks_for_nothing() {
        let Bench {
            mut docs,
            people,
            now,
            ..
        } = bench();
        let me = PersonRef::new("person-mia").unwrap();
        assert_eq!(
            today(&mut docs, &people, &me, now, "UTC").unwrap(),
            Today::default()
        );
    }
}
