//! Carry-over: what was left unfinished shows in the sessions that follow.
//!
//! Nothing is copied. Two people who plan the next session at the same time therefore carry every item
//! once, and an item that is finished in one place is finished everywhere.

use automerge::Automerge;

use crate::documents::{Documents, Unavailable};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::CARRY_SESSIONS_MAX;
use crate::people::People;
use crate::record::{Glance, Record};
use crate::session::OF_TEMPLATE;
use crate::session::view::{self, AgendaView};
use crate::word::SessionStatus;

/// The held sessions that one may carry from: those that began before it, the latest first.
pub(super) fn sources(
    docs: &mut dyn Documents,
    session: ObjectId,
) -> Result<Vec<ObjectId>, Unavailable> {
    Ok(docs
        .read(DocumentId::INDEX)?
        .map(|index| before(index, session))
        .unwrap_or_default())
}

fn before(index: &Automerge, session: ObjectId) -> Vec<ObjectId> {
    let mut held: Vec<_> = Vec::new();
    let mut own = None;
    for one in Glance::all(index, Kind::Session) {
        let is_source = one.str("status").is_some_and(|status| {
            // What was on the agenda of a session that was called off is still to be talked about.
            status == SessionStatus::Held.word() || status == SessionStatus::Cancelled.word()
        });
        if one.id == session {
            own = Some(view::order(&one));
        } else if is_source {
            held.push(view::order(&one));
        }
    }
    held.retain(|order| Some(*order) < own);
    held.sort_unstable_by(|left, right| right.cmp(left));
    held.into_iter()
        .take(CARRY_SESSIONS_MAX)
        .map(|(_, id)| id)
        .collect()
}

/// The agenda items of earlier sessions that this one carries: while it is planned, those that are not
/// dealt with; once it was held, those that were dealt with in it. The oldest come first.
pub(super) fn agenda(
    docs: &mut dyn Documents,
    people: &dyn People,
    session: ObjectId,
    status: SessionStatus,
) -> Result<Vec<AgendaView>, Unavailable> {
    let mut carried = Vec::new();
    for source in sources(docs, session)?.into_iter().rev() {
        let Some(doc) = docs.read(source.document())? else {
            continue;
        };
        for (id, record) in Record::all(doc, Kind::Agenda) {
            let done = record.flag("done");
            let here = done && record.id("done_in") == Some(session);
            let is_left = !done && !record.flag(OF_TEMPLATE);
            if here || (status == SessionStatus::Planned && is_left) {
                carried.push(view::agenda_item(id, &record, Some(source), people));
            }
        }
    }
    Ok(carried)
}
