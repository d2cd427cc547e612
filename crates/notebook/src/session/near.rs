//! The sessions around a time, a few at a time: of five hundred headers few are wanted, and reading one costs ten
//! glances.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::series;
use super::view::{SessionHeader, headers_of};
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
    let register = docs.register()?;
    let all = register.sessions().iter();
    Ok(all.map(|one| one.id.document()).collect())
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
    let register = docs.register()?;
    let (mut ahead, mut past) = (Vec::new(), Vec::new());
    for one in register.sessions() {
        if spare.contains(&one.id) {
            continue;
        }
        match one.status {
            SessionStatus::Planned if !one.is_over(window.now) => ahead.push(one.order()),
            _ => past.push(one.order()),
        }
    }
    ahead.sort_unstable();
    past.sort_unstable();
    let (ahead_count, past_count) = (ahead.len(), past.len());
    let last_held = register.last_held();
    let ahead: Vec<ObjectId> = ahead.into_iter().take(window.ahead_max).map(id).collect();
    let older = past.into_iter().rev().skip(window.past_skip);
    let past: Vec<ObjectId> = older.take(window.past_max).map(id).collect();
    let wanted: BTreeSet<ObjectId> = ahead
        .iter()
        .chain(&past)
        .copied()
        .chain(last_held)
        .collect();
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Near::default());
    };
    let read: BTreeMap<ObjectId, SessionHeader> = headers_of(index, people, wanted)
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
    let register = docs.register()?;
    let (mut ahead, mut over) = (Vec::new(), Vec::new());
    for one in register.sessions() {
        if one.status == SessionStatus::Planned && !spare.contains(&one.id) {
            let of = if one.is_over(now) {
                &mut over
            } else {
                &mut ahead
            };
            of.push(one.order());
        }
    }
    ahead.sort_unstable();
    over.sort_unstable();
    let latest = ahead.last().max(over.last()).and_then(|(at, _)| *at);
    let last_held = register.last_held();
    ahead.truncate(most);
    over.truncate(most);
    let over: BTreeSet<ObjectId> = over.into_iter().map(id).collect();
    let wanted = ahead.into_iter().map(id).chain(over.iter().copied());
    let wanted: BTreeSet<ObjectId> = wanted.chain(last_held).collect();
    let mut current = Current {
        sessions: Vec::new(),
        unwrapped: Vec::new(),
        last_held: None,
        is_later_planned: false,
    };
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(current);
    };
    for header in headers_of(index, people, wanted) {
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
    let held = Glance::all(index, Kind::Session)
        .filter(|one| one.str("status").as_deref() == Some(SessionStatus::Held.word()));
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
