//! Notes: texts that somebody copied from their journal into a notebook, on purpose. A note is a map in the
//! index under `note/ID`, and holds nothing of the entry that it was copied from but its text.

use serde::Serialize;

use crate::Writer;
use crate::check;
use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::{EditError, ReadError};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::People;
use crate::plan::{Plan, commit};
use crate::record::{Provenance, Record};
use crate::shown::{self, Shown};

/// What `shared_from` says: that there was a journal entry, and not which.
const JOURNAL: &str = "journal";

/// A note as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct NoteView {
    /// The id.
    pub id: ObjectId,
    /// What it says.
    pub text: String,
    /// Where it was copied from.
    pub shared_from: String,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Puts a text from a journal into a notebook.
///
/// # Errors
/// [`EditError::Invalid`] for an empty or long text.
pub fn add(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    text: &str,
) -> Result<ObjectId, EditError> {
    let text = check::words("note", text)?;
    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let note = plan.map(root, Kind::Note.key(id));
    plan.put(note, "text", text);
    plan.put(note, "shared_from", JOURNAL);
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Lists every note, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(docs: &mut dyn Documents, people: &dyn People) -> Result<Vec<NoteView>, Unavailable> {
    shown::list(docs, people)
}

/// Shows one note.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<NoteView, ReadError> {
    shown::show(docs, people, id)
}

impl Shown for NoteView {
    const KIND: Kind = Kind::Note;

    fn read(
        id: ObjectId,
        record: &Record<'_>,
        comments: &[CommentView],
        people: &dyn People,
    ) -> Self {
        Self {
            id,
            text: record.str_or_empty("text"),
            shared_from: record.str_or_empty("shared_from"),
            comments: comment::of(comments, id),
            provenance: record.provenance(people),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use automerge::{ROOT, ReadDoc};

    use super::*;
    use crate::testing::{Bench, bench};

    #[test]
    fn a_note_holds_nothing_but_the_text_and_that_it_was_private() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let id = add(&mut docs, &mut writer, "I was afraid of it.").unwrap();
        assert_eq!(
            show(&mut docs, &people, id).unwrap().text,
            "I was afraid of it."
        );
        let index = docs.read(DocumentId::INDEX).unwrap().unwrap();
        let (_, note) = index.get(ROOT, Kind::Note.key(id)).unwrap().unwrap();
        let keys: Vec<String> = index.keys(&note).collect();
        assert_eq!(keys, ["shared_from", "text"]);
    }
}
