//! Carry-over: what was left unfinished shows in the sessions that follow.
//!
//! Nothing is copied. Two people who plan the next session at the same time therefore carry every item
//! once, and an item that is finished in one place is finished everywhere.

use crate::documents::{Documents, Unavailable};
use crate::id::{Kind, ObjectId};
use crate::limits::CARRY_SESSIONS_MAX;
use crate::people::People;
use crate::record::Record;
use crate::register::SessionLine;
use crate::session::OF_TEMPLATE;
use crate::session::view::{self, AgendaView};
use crate::word::SessionStatus;

/// The held sessions that one may carry from: those that began before it, the latest first.
pub(super) fn sources(
    docs: &mut dyn Documents,
    session: ObjectId,
) -> Result<Vec<ObjectId>, Unavailable> {
    let register = docs.register()?;
    let all = register.sessions();
    let own = all.iter().find(|one| one.id == session);
    let own = own.map(SessionLine::order);
    // What was on the agenda of a session that was called off is still to be talked about.
    let is_source =
        |one: &&SessionLine| one.status != SessionStatus::Planned && Some(one.order()) < own;
    let mut held: Vec<_> = all
        .iter()
        .filter(is_source)
        .map(SessionLine::order)
        .collect();
    held.sort_unstable_by(|left, right| right.cmp(left));
    let latest = held.into_iter().take(CARRY_SESSIONS_MAX);
    Ok(latest.map(|(_, id)| id).collect())
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
