//! Sessions that come again.
//!
//! A session with a recurrence begins a series: it is its `series` itself, and its `slot` is the local time
//! that it stands for. Once the last of a series is over or was held, the next one is made, in the first slot
//! that is still to come. Slots are counted from the first session in local time, so the clocks may change
//! and a session may be moved without moving any other.
//!
//! Two members who make the next one before they hear of each other make two of the same slot. What nobody
//! has written into is left out of lists then, so that one remains, and nothing that somebody wrote is lost.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::Writer;
use crate::documents::{Documents, Unavailable};
use crate::error::EditError;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::{SERIES_GRACE_HOURS, SERIES_STEPS_MAX};
use crate::people::{People, PersonRef};
use crate::plan::{Plan, commit};
use crate::record::{Glance, Record, signed};
use crate::session::plan;
use crate::template::Template;
use crate::when::{Every, Moment};
use crate::word::{Phase, SessionStatus, Sharing};

/// The key of the session that a series began with.
pub(super) const SERIES: &str = "series";
/// The key of the local time that a session of a series stands for.
pub(super) const SLOT: &str = "slot";
/// The key under which the first session of a series says that no more are made.
pub(super) const ENDED: &str = "series_ended";

/// A session of a series, as its header says.
struct Occurrence<'a> {
    id: ObjectId,
    record: Record<'a>,
    slot: DateTime,
    status: SessionStatus,
    /// When it is over; none where its time is unreadable.
    end: Option<Timestamp>,
}

/// A session that is to be made.
struct Next {
    series: ObjectId,
    slot: String,
    at: String,
    /// The first session, which says what the next is like.
    like: ObjectId,
    template: Option<String>,
}

/// Whose turn it is to make the next session of a series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Of whoever made the last one at once, and of everybody else after a day.
    Mine,
    /// Of whoever asks, because they have just ended the last one.
    Now,
}

/// Makes the next session of every series whose last one is over, where that is the writer's turn. The
/// templates of a person are found by `template`; a session whose template is not here begins without one.
///
/// # Errors
/// [`EditError`] where a document fails.
pub fn keep_up(
    docs: &mut dyn Documents,
    people: &dyn People,
    writer: &mut Writer<'_>,
    turn: Turn,
    template: &dyn Fn(&str) -> Option<Template>,
) -> Result<Vec<ObjectId>, EditError> {
    let me = writer.me.clone();
    let due = match docs.read(DocumentId::INDEX)? {
        Some(index) => due(index, people, &me, writer.now, turn),
        None => Vec::new(),
    };
    let mut made = Vec::new();
    for next in due {
        let template = next.template.as_deref().and_then(template);
        made.push(make(docs, writer, &next, template.as_ref())?);
    }
    Ok(made)
}

/// Whether there is anything for [`keep_up`] to make.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn is_due(
    docs: &mut dyn Documents,
    people: &dyn People,
    me: &PersonRef,
    now: Timestamp,
    turn: Turn,
) -> Result<bool, Unavailable> {
    Ok(docs
        .read(DocumentId::INDEX)?
        .is_some_and(|index| !due(index, people, me, now, turn).is_empty()))
}

fn due(
    index: &Automerge,
    people: &dyn People,
    me: &PersonRef,
    now: Timestamp,
    turn: Turn,
) -> Vec<Next> {
    let mut due = Vec::new();
    let phase = Record::root_with(index, &["phase"]).str("phase");
    if phase.as_deref() == Some(Phase::Closed.word()) {
        return due;
    }
    for (series, occurrences) in all(index) {
        let Some(last) = last_of(&occurrences) else {
            continue;
        };
        // Who planned each of them by hand has planned the next one by hand, too.
        if is_before_series(&last.record) && is_followed(index, last) {
            continue;
        }
        let is_over = last.end.is_none_or(|end| end <= now);
        if last.status == SessionStatus::Planned && !is_over {
            continue;
        }
        let grace = jiff::SignedDuration::from_hours(SERIES_GRACE_HOURS);
        let late = last.end.and_then(|end| end.checked_add(grace).ok());
        let (author, _) = signed(index, &last.record.obj, people);
        let is_mine = author.person == me.as_str() || late.is_none_or(|late| late <= now);
        if turn == Turn::Now || is_mine {
            due.extend(next(index, series, last, now));
        }
    }
    due
}

/// The session of the last slot that says how the series goes on. Where two members made one each, it is the one that
/// somebody changed, and of what nobody changed the one that was held or called off: the other is left out of lists.
fn last_of<'a, 'b>(occurrences: &'a [Occurrence<'b>]) -> Option<&'a Occurrence<'b>> {
    let slot = occurrences.last()?.slot;
    let of_slot = || occurrences.iter().filter(|one| one.slot == slot);
    let is_planned = |one: &&Occurrence<'_>| one.status == SessionStatus::Planned;
    let changed = of_slot()
        .filter(is_planned)
        .find(|one| !one.record.is_as_made());
    changed
        .or_else(|| of_slot().find(|one| !is_planned(one)))
        .or_else(|| of_slot().next())
}

/// Whether any session ends after this one.
fn is_followed(index: &Automerge, last: &Occurrence<'_>) -> bool {
    Record::all(index, Kind::Session)
        .into_iter()
        .any(|(id, record)| id != last.id && end_of(&record) > last.end)
}

/// When a session is over; none where its time is unreadable.
fn end_of(record: &Record<'_>) -> Option<Timestamp> {
    let zone = record.str_or_empty("zone");
    let at = record.str("at").and_then(|at| Moment::stored(&at, &zone))?;
    let minutes = i64::from(record.count("minutes").unwrap_or_default());
    let length = jiff::SignedDuration::from_mins(minutes);
    at.timestamp().checked_add(length).ok()
}

/// Every series with its sessions, in the order of their slots.
fn all(index: &Automerge) -> BTreeMap<ObjectId, Vec<Occurrence<'_>>> {
    let mut all: BTreeMap<ObjectId, Vec<Occurrence<'_>>> = BTreeMap::new();
    let may_recur = |one: &Glance<'_>| one.has(SLOT) || one.has("every");
    for (id, record) in Record::all_where(index, Kind::Session, may_recur) {
        let Some((series, slot)) = place(id, &record) else {
            continue;
        };
        let end = end_of(&record);
        let status = record
            .str("status")
            .and_then(|word| SessionStatus::from_word(&word))
            .unwrap_or_default();
        all.entry(series).or_default().push(Occurrence {
            id,
            record,
            slot,
            status,
            end,
        });
    }
    for occurrences in all.values_mut() {
        occurrences.sort_by_key(|one| (one.slot, one.id));
    }
    all
}

/// Which series a session belongs to, and the local time that it stands for. One that recurs and was made before
/// there were series is the first of its own.
fn place(id: ObjectId, record: &Record<'_>) -> Option<(ObjectId, DateTime)> {
    place_in(id, |key| record.str(key))
}

/// The same of a session of which nothing else was read.
pub(crate) fn occurrence_of(one: &Glance<'_>) -> Option<(ObjectId, DateTime)> {
    place_in(one.id, |key| one.str(key))
}

fn place_in(id: ObjectId, field: impl Fn(&str) -> Option<String>) -> Option<(ObjectId, DateTime)> {
    if recurs_alone(&field) {
        return Some((id, field("at")?.parse().ok()?));
    }
    let slot: DateTime = field(SLOT)?.parse().ok()?;
    Some((field(SERIES)?.parse().ok()?, slot))
}

/// Whether a session recurs and was made before there were series.
fn is_before_series(record: &Record<'_>) -> bool {
    recurs_alone(|key| record.str(key))
}

fn recurs_alone(field: impl Fn(&str) -> Option<String>) -> bool {
    let recurs = field("every").is_some_and(|every| !every.is_empty());
    recurs && field(SERIES).is_none()
}

/// The next session of a series after its last one; none where the series is ended or cannot be read.
fn next(
    index: &Automerge,
    series: ObjectId,
    last: &Occurrence<'_>,
    now: Timestamp,
) -> Option<Next> {
    let first = Record::keyed(index, &Kind::Session.key(series))?;
    if first.flag(ENDED) {
        return None;
    }
    let every = first
        .str("every")
        .and_then(|text| Every::parse(&text).ok())?;
    let (_, start) = place(series, &first)?;
    let zone = first.str_or_empty("zone");
    let minutes = i64::from(first.count("minutes").unwrap_or_default());
    let length = jiff::SignedDuration::from_mins(minutes);
    // Slots that went by with nobody there are not caught up with.
    let to_come = |slot: &DateTime| {
        let at = Moment::stored(&slot.to_string(), &zone)?;
        let end = at.timestamp().checked_add(length).ok()?;
        (end > now).then_some(at)
    };
    let mut count = every.count_until(start, last.slot);
    for _ in 0..SERIES_STEPS_MAX {
        let slot = every.times(count, start)?;
        if slot > last.slot
            && let Some(at) = to_come(&slot)
        {
            let agreed = last.record.str("next");
            let agreed = agreed.and_then(|agreed| Moment::stored(&agreed, &zone));
            let agreed = agreed.filter(|agreed| agreed.timestamp() > now);
            return Some(Next {
                series,
                slot: slot.to_string(),
                at: agreed.unwrap_or(at).local(),
                like: series,
                template: first.str("template"),
            });
        }
        count = count.checked_add(1)?;
        // A series that nobody kept up with for years begins again near now.
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        count = count.max(every.count_until(start, today).saturating_sub(2));
    }
    None
}

fn make(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    next: &Next,
    template: Option<&Template>,
) -> Result<ObjectId, EditError> {
    let id = writer.new_id();
    let mut index = Plan::default();
    {
        let like = super::header(docs, next.like)?;
        let root = index.root();
        let session = index.map(root, Kind::Session.key(id));
        for key in ["title", "zone", "place", "every", "template"] {
            index.put_some(session, key, like.str(key));
        }
        let minutes = like.count("minutes").map(i64::from);
        index.put_some(session, "minutes", minutes);
        index.put(session, "at", next.at.as_str());
        index.put(session, "status", SessionStatus::default().word());
        index.put(session, "sharing", Sharing::default().word());
        index.put(session, SERIES, next.series.to_string());
        index.put(session, SLOT, next.slot.as_str());
        for key in like
            .fields
            .keys()
            .filter(|key| key.starts_with("attendee/"))
        {
            if like.flag(key) {
                index.put(session, key.clone(), true);
            }
        }
    }
    commit(
        docs,
        id.document(),
        plan::content(writer, template),
        writer.now,
    )?;
    commit(docs, DocumentId::INDEX, index, writer.now)?;
    Ok(id)
}

/// Sessions that stand for the same slot of a series as another and that nobody has written into, so that
/// of each slot one remains at least.
pub(super) fn spare(docs: &mut dyn Documents) -> Result<BTreeSet<ObjectId>, Unavailable> {
    let mut slots: BTreeMap<(ObjectId, DateTime), Slot> = BTreeMap::new();
    for one in docs.register()?.sessions() {
        let Some(occurrence) = one.occurrence else {
            continue;
        };
        let slot = slots.entry(occurrence).or_default();
        match one.status {
            SessionStatus::Planned => slot.planned.push(one.id),
            _ => slot.is_dealt_with = true,
        }
    }
    let mut spare = BTreeSet::new();
    for slot in slots.into_values() {
        if slot.planned.len() + usize::from(slot.is_dealt_with) < 2 {
            continue;
        }
        let all = slot.planned.len();
        let mut untouched = Vec::new();
        for id in slot.planned {
            if is_as_made(docs, id)? {
                untouched.push(id);
            }
        }
        // The first of them stays where there is nothing else of that slot.
        let kept = usize::from(untouched.len() == all && !slot.is_dealt_with);
        spare.extend(untouched.into_iter().skip(kept));
    }
    Ok(spare)
}

/// Says whether nobody has written into a session since it was made.
fn is_as_made(docs: &mut dyn Documents, id: ObjectId) -> Result<bool, Unavailable> {
    let index = docs.read(DocumentId::INDEX)?;
    let header = index.and_then(|index| Record::keyed(index, &Kind::Session.key(id)));
    if !header.is_some_and(|header| header.is_as_made()) {
        return Ok(false);
    }
    let doc = docs.read(id.document())?;
    Ok(doc.is_none_or(|doc| doc.get_changes_meta(&[]).len() <= 1))
}

/// The sessions that stand for one slot.
#[derive(Default)]
struct Slot {
    /// Those that are planned.
    planned: Vec<ObjectId>,
    /// Whether one was held or called off.
    is_dealt_with: bool,
}
