//! Sessions: when people meet, what they talk about, and what comes of it.
//!
//! The header (time, place, status, attendance) is a map in the index under `session/ID`. What is said
//! lives in the session's own document: the notes, one Text that is made together with the plan and never
//! again, and `agenda/ID`, `decision/ID`, `insight/ID`, `learned/ID`, `mood/ID` at its root.
//!
//! Carry-over is derived, never copied: a planned session shows the open actions and the unfinished agenda
//! items of the sessions that were held before it, wherever they are kept.

mod agenda;
mod carry;
mod near;
mod notes;
mod plan;
mod series;
mod view;
mod wrap;

pub use agenda::{NewAgendaItem, add_agenda_item, set_agenda_done};
pub(crate) use near::{Current, current, held};
pub use near::{Near, Window, ids, near};
pub use notes::{Splice, append_notes, edit_notes, notes, set_notes, splice_notes, type_notes};
pub(crate) use notes::{object as notes_object, rewrite as rewrite_notes, text as notes_text};
pub use plan::{NewSession, SessionEdit, cancel, edit, plan, set_sharing};
pub(crate) use series::occurrence_of;
pub use series::{Turn, is_due, keep_up};
pub use view::{
    AgendaView, Attendance, CarriedAction, LearnedView, MoodView, NotesView, SeriesView,
    SessionHeader, SessionView, TextView, held_templates, learned, list, show,
};
pub(crate) use view::{attended, marked_by, person, planned};
pub use wrap::{Learned, Mood, Wrap, add_decision, add_insight, attend, wrap};

#[cfg(test)]
mod tests;

use automerge::Automerge;

use crate::documents::Documents;
use crate::error::EditError;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::record::Record;

/// Where an agenda item says that a template brought it: it comes again with the next session, and is carried to none.
pub(crate) const OF_TEMPLATE: &str = "standing";

/// The header of a session that is going to be changed.
pub(crate) fn header(docs: &mut dyn Documents, id: ObjectId) -> Result<Record<'_>, EditError> {
    docs.read(DocumentId::INDEX)?
        .and_then(|index| Record::keyed(index, &Kind::Session.key(id)))
        .ok_or(EditError::NotFound {
            kind: Kind::Session,
            id,
        })
}

/// The document of a session that is in the index; an empty one where it has not arrived.
pub(crate) fn document(
    docs: &mut dyn Documents,
    id: ObjectId,
) -> Result<Option<&Automerge>, EditError> {
    let key = Kind::Session.key(id);
    // A keystroke comes this way, and of the header it wants to know no more than this.
    let index = docs.read(DocumentId::INDEX)?;
    if !index.is_some_and(|index| Record::is_there(index, &key)) {
        return Err(EditError::NotFound {
            kind: Kind::Session,
            id,
        });
    }
    Ok(docs.read(id.document())?)
}
