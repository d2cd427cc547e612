//! The sessions around a time, a few at a time: of five hundred headers few are wanted, and reading one costs ten
//! glances.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::series;
use super::view::{SessionHeader, headers_where, last_of, order, status_of};
use crate::documents::{Documents, Unavailable};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::People;
use crate::record::Glance;
use crate::when::Moment;
use crate::word::SessionStatus;

/// The documents of all sessions, in the order of their ids.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn ids(docs: &mut dyn Documents) -> Result<Vec<DocumentId>, Unavailable> {
    let index = docs.read(DocumentId::INDEX)?;
    Ok(index.map_or_else(Vec::new, |index| {
        Glance::all(index, Kind::Session)
            .map(|one| one.id.document())
            .collect()
    }))
}

/// Sessions around a time.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Near {
    /// Planned sessions that are not over, the next one first.
    pub ahead: Vec<SessionHeader>,
    /// All others, the newest first, from the one that was asked for on.
    pub past: Vec<SessionHeader>,
    /// How many are ahead, and how many are not.
    pub ahead_count: usize,
    /// How many are not ahead.
    pub past_count: usize,
    /// The last one that was held.
    pub last_held: Option<SessionHeader>,
}

/// Which of them are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// What is ahead of this is to come.
    pub now: Timestamp,
    /// At most this many that are ahead.
    pub ahead_max: usize,
    /// How many of the others are passed over.
    pub past_skip: usize,
    /// At most this many of the others.
    pub past_max: usize,
}

/// Reads the sessions around a time.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn near(
    docs: &mut dyn Documents,
    people: &dyn People,
    window: Window,
) -> Result<Near, Unavailable> {
    let spare = series::spare(docs)?;
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Near::default());
    };
    let (mut ahead, mut past, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for one in Glance::all(index, Kind::Session).filter(|one| !spare.contains(&one.id)) {
        let status = status_of(&one);
        let at = order(&one);
        match status {
            SessionStatus::Planned if !is_over(&one, at.0, window.now) => ahead.push(at),
            _ => past.push(at),
        }
        if status == SessionStatus::Held {
            held.push(one);
        }
    }
    ahead.sort_unstable();
    past.sort_unstable();
    let (ahead_count, past_count) = (ahead.len(), past.len());
    let last_held = last_of(held);
    let ahead: Vec<ObjectId> = ahead.into_iter().take(window.ahead_max).map(id).collect();
    let older = past.into_iter().rev().skip(window.past_skip);
    let past: Vec<ObjectId> = older.take(window.past_max).map(id).collect();
    let wanted = |one: &Glance<'_>| {
        ahead.contains(&one.id) || past.contains(&one.id) || last_held == Some(one.id)
    };
    let read: BTreeMap<ObjectId, SessionHeader> = headers_where(index, people, wanted)
        .into_iter()
        .map(|header| (header.id, header))
        .collect();
    let of = |ids: &[ObjectId]| ids.iter().filter_map(|id| read.get(id).cloned()).collect();
    Ok(Near {
        ahead: of(&ahead),
        past: of(&past),
        ahead_count,
        past_count,
        last_held: last_held.and_then(|id| read.get(&id).cloned()),
    })
}

/// The sessions that are planned, apart by whether they are over, each list in the order of their times and not longer
/// than asked for; and the last one that was held.
pub(crate) struct Current {
    pub(crate) sessions: Vec<SessionHeader>,
    pub(crate) unwrapped: Vec<SessionHeader>,
    pub(crate) last_held: Option<SessionHeader>,
    /// Whether anything is planned for later than the last one that was held.
    pub(crate) is_later_planned: bool,
}

/// Reads what is planned and the last one that was held.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub(crate) fn current(
    docs: &mut dyn Documents,
    people: &dyn People,
    now: Timestamp,
    most: usize,
) -> Result<Current, Unavailable> {
    let spare = series::spare(docs)?;
    let nothing = Current {
        sessions: Vec::new(),
        unwrapped: Vec::new(),
        last_held: None,
        is_later_planned: false,
    };
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(nothing);
    };
    let (mut ahead, mut over, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for one in Glance::all(index, Kind::Session) {
        match status_of(&one) {
            SessionStatus::Planned if spare.contains(&one.id) => {}
            SessionStatus::Planned => {
                let at = order(&one);
                let is_over = is_over(&one, at.0, now);
                if is_over { &mut over } else { &mut ahead }.push(at);
            }
            SessionStatus::Held => held.push(one),
            SessionStatus::Cancelled => {}
        }
    }
    ahead.sort_unstable();
    over.sort_unstable();
    let latest = ahead.last().max(over.last()).and_then(|(at, _)| *at);
    let last_held = last_of(held);
    ahead.truncate(most);
    over.truncate(most);
    let ids = |list: &[(Option<Timestamp>, ObjectId)]| -> Vec<ObjectId> {
        list.iter().copied().map(id).collect()
    };
    let (ahead, over) = (ids(&ahead), ids(&over));
    let wanted = |one: &Glance<'_>| {
        ahead.contains(&one.id) || over.contains(&one.id) || last_held == Some(one.id)
    };
    let mut current = nothing;
    for header in headers_where(index, people, wanted) {
        if Some(header.id) == last_held {
            let at = header.at.as_ref().map(Moment::timestamp);
            current.is_later_planned = latest > at;
            current.last_held = Some(header);
        } else if over.contains(&header.id) {
            current.unwrapped.push(header);
        } else {
            current.sessions.push(header);
        }
    }
    Ok(current)
}

/// A session that was held, as far as counting them needs it.
pub(crate) struct HeldSession {
    /// Who was to come; empty for everybody.
    pub(crate) attendees: Vec<String>,
    /// The local date and time as planned.
    pub(crate) local: Option<String>,
}

/// Every session that was held, in the order of their ids.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub(crate) fn held(docs: &mut dyn Documents) -> Result<Vec<HeldSession>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let held =
        Glance::all(index, Kind::Session).filter(|one| status_of(one) == SessionStatus::Held);
    let read = held.map(|one| {
        let zone = one.str("zone").unwrap_or_default();
        let at = one.str("at").and_then(|at| Moment::stored(&at, &zone));
        HeldSession {
            attendees: one.set_of("attendee"),
            local: at.as_ref().map(Moment::local),
        }
    });
    Ok(read.collect())
}

fn id((_, id): (Option<Timestamp>, ObjectId)) -> ObjectId {
    id
}

/// Says whether a session has ended. One without a readable time is not known to.
fn is_over(one: &Glance<'_>, at: Option<Timestamp>, now: Timestamp) -> bool {
    let minutes = one.count("minutes").unwrap_or(0);
    let length = SignedDuration::from_mins(i64::from(minutes));
    at.is_some_and(|at| at.checked_add(length).unwrap_or(Timestamp::MAX) < now)
}
