//! The agenda: what somebody wants to talk about.

use crate::Writer;
use crate::check;
use crate::documents::Documents;
use crate::error::EditError;
use crate::id::{Kind, ObjectId};
use crate::people::PersonRef;
use crate::plan::{Plan, commit};
use crate::record::Record;
use crate::session::{carry, header};

/// An agenda item to add.
#[derive(Clone, Default, Debug)]
pub struct NewAgendaItem {
    /// The title.
    pub title: String,
    /// How long it may take.
    pub minutes: Option<u32>,
    /// Who brought it; the writer where there is none.
    pub brought_by: Option<PersonRef>,
}

/// Adds an item to the agenda of a session.
///
/// # Errors
/// [`EditError::Invalid`] for a blank title or odd minutes, [`EditError::NotFound`].
pub fn add_agenda_item(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    session: ObjectId,
    new: &NewAgendaItem,
) -> Result<ObjectId, EditError> {
    let title = check::title("title", &new.title)?;
    let minutes = new.minutes.map(check::minutes).transpose()?;
    header(docs, session)?;
    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let item = plan.map(root, Kind::Agenda.key(id));
    plan.put(item, "title", title);
    plan.put_some(item, "minutes", minutes);
    plan.put(item, "done", false);
    // Who brought it is stored only where it is not the author of the entry.
    plan.put_some(
        item,
        "brought_by",
        new.brought_by.as_ref().map(PersonRef::as_str),
    );
    commit(docs, session.document(), plan, writer.now)?;
    Ok(id)
}

/// Marks an agenda item as dealt with or not: one of this session, or one that it carries over. The
/// latter stays where it is kept and remembers the session in which it was dealt with.
///
/// # Errors
/// [`EditError::NotFound`] where the session or the item is not.
pub fn set_agenda_done(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    session: ObjectId,
    item: ObjectId,
    done: bool,
) -> Result<(), EditError> {
    header(docs, session)?;
    let mut places = vec![session];
    places.extend(carry::sources(docs, session)?);
    for place in places {
        let mut plan = Plan::default();
        let record = match docs.read(place.document())? {
            Some(doc) => Record::keyed(doc, &Kind::Agenda.key(item)),
            None => None,
        };
        let Some(record) = record else { continue };
        plan.set(&record, "done", done);
        if place != session {
            plan.set(
                &record,
                "done_in",
                if done {
                    session.to_string()
                } else {
                    String::new()
                },
            );
        }
        return commit(docs, place.document(), plan, writer.now);
    }
    Err(EditError::NotFound {
        kind: Kind::Agenda,
        id: item,
    })
}
