//! The notes of a session: one Markdown text that several people write at once.

use automerge::{Automerge, ObjId, ObjType, ReadDoc, ValueRef};

use crate::Writer;
use crate::documents::Documents;
use crate::error::{EditError, Invalid, ReadError};
use crate::id::{Kind, ObjectId};
use crate::limits::NOTES_BYTES_MAX;
use crate::plan::{Plan, commit};
use crate::record::one_key;
use crate::session::view::NotesView;
use crate::session::{document, header};
use crate::text::{heads, merged, rewrite as rewrite_text};

/// Reads the notes, with the heads that [`edit_notes`] takes as the base of an edit.
///
/// # Errors
/// [`ReadError::NotFound`] where the session is not.
pub fn notes(docs: &mut dyn Documents, id: ObjectId) -> Result<NotesView, ReadError> {
    header(docs, id).map_err(|error| match error {
        EditError::Unavailable(unavailable) => ReadError::Unavailable(unavailable),
        _ => ReadError::NotFound {
            kind: Kind::Session,
            id,
        },
    })?;
    Ok(docs.read(id.document())?.map(view).unwrap_or_default())
}

/// The text of the notes in a session's document.
pub(crate) fn text(doc: &Automerge) -> String {
    object(doc)
        .and_then(|notes| doc.text(&notes).ok())
        .unwrap_or_default()
}

/// The notes in a session's document.
pub(super) fn view(doc: &Automerge) -> NotesView {
    let text = text(doc);
    let heads = doc.get_heads().iter().map(ToString::to_string).collect();
    NotesView { text, heads }
}

/// The Text that the notes of a session's document are.
pub(crate) fn object(doc: &Automerge) -> Option<ObjId> {
    let notes = one_key(doc, &automerge::ROOT, "notes")?;
    matches!(notes.value, ValueRef::Object(ObjType::Text)).then(|| notes.id())
}

/// Makes the notes this text, by as few replacements as there are differences.
///
/// # Errors
/// [`EditError::Invalid`] for a text beyond [`NOTES_BYTES_MAX`], [`EditError::NotFound`].
pub fn set_notes(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    text: &str,
) -> Result<(), EditError> {
    check_size(text.len())?;
    let plan = rewrite(document(docs, id)?, text);
    commit(docs, id.document(), plan, writer.now)
}

/// Adds a text at the end of the notes, on a line of its own.
///
/// # Errors
/// [`EditError::Invalid`] where the notes would pass [`NOTES_BYTES_MAX`], [`EditError::NotFound`].
pub fn append_notes(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    text: &str,
) -> Result<(), EditError> {
    let now = document(docs, id)?.map(view).unwrap_or_default().text;
    let gap = if now.is_empty() || now.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    set_notes(docs, writer, id, &format!("{now}{gap}{text}"))
}

/// Applies an edit that was made to an older version: the difference between the notes at `base` and
/// `text` is merged into the notes of now, so that what others wrote meanwhile stays.
///
/// `base` is [`NotesView::heads`] as they were when the text was read.
///
/// # Errors
/// [`EditError::BaseUnknown`] where the base is not part of this document's history,
/// [`EditError::Invalid`] where the notes would pass [`NOTES_BYTES_MAX`], [`EditError::NotFound`].
pub fn edit_notes(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    base: &[String],
    text: &str,
) -> Result<(), EditError> {
    check_size(text.len())?;
    let doc = document(docs, id)?;
    let plan = match doc.and_then(|doc| Some((doc, object(doc)?))) {
        // Without notes there is nothing to merge with, and a base can only be empty.
        None if base.is_empty() => rewrite(doc, text),
        None => return Err(EditError::BaseUnknown),
        Some((doc, notes)) => {
            let merged = merged(doc, &notes, &heads(doc, base)?, text)?;
            check_size(merged.len())?;
            rewrite(Some(doc), &merged)
        }
    };
    commit(docs, id.document(), plan, writer.now)
}

/// One edit of live typing: `delete` characters at `position` are replaced by a text. Both count Unicode
/// scalar values of the notes as the edits before it left them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Splice {
    /// Where the edit begins.
    pub position: usize,
    /// How many characters go.
    pub delete: usize,
    /// What comes in their place.
    pub insert: String,
}

/// Replaces `delete` characters at `position` by a text: one edit of live typing, see [`Splice`].
///
/// # Errors
/// As [`type_notes`].
pub fn splice_notes(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    position: usize,
    delete: usize,
    text: &str,
) -> Result<(), EditError> {
    let splice = Splice {
        position,
        delete,
        insert: text.to_owned(),
    };
    type_notes(docs, writer, id, &[splice])
}

/// Makes several edits of live typing in one change: keystrokes that gathered while the last ones were on
/// their way cost a tenth of what they cost one by one.
///
/// # Errors
/// [`EditError::Invalid`] where an edit passes the end or the notes would pass [`NOTES_BYTES_MAX`], and
/// none is made then; [`EditError::NotFound`].
pub fn type_notes(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    splices: &[Splice],
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    let doc = document(docs, id)?;
    let notes = doc.and_then(|doc| Some((doc, object(doc)?)));
    let mut length = notes.as_ref().map_or(0, |(doc, notes)| doc.length(notes));
    let more: usize = splices.iter().map(|splice| splice.insert.len()).sum();
    // Only near the limit are the bytes worth counting: a character has at most four.
    if length.saturating_mul(4).saturating_add(more) > NOTES_BYTES_MAX {
        check_size(doc.map(text).unwrap_or_default().len() + more)?;
    }
    let slot = match notes {
        Some((_, notes)) => plan.at(notes),
        None => {
            let root = plan.root();
            plan.text(root, "notes", "")
        }
    };
    for Splice {
        position,
        delete,
        insert,
    } in splices
    {
        if position.checked_add(*delete).is_none_or(|end| end > length) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "the length of a text is far below 2^52"
            )]
            let max = length as f64;
            return Err(Invalid::Range {
                field: "position in the notes",
                min: 0.0,
                max,
            }
            .into());
        }
        plan.splice(slot, *position, *delete, insert);
        length = length - delete + insert.chars().count();
    }
    commit(docs, id.document(), plan, writer.now)
}

fn check_size(bytes: usize) -> Result<(), Invalid> {
    if bytes > NOTES_BYTES_MAX {
        return Err(Invalid::TooLong {
            field: "notes",
            max: NOTES_BYTES_MAX,
            unit: "bytes",
        });
    }
    Ok(())
}

/// Plans the replacements that make the notes this text.
pub(crate) fn rewrite(doc: Option<&Automerge>, text: &str) -> Plan {
    let mut plan = Plan::default();
    let Some((doc, notes)) = doc.and_then(|doc| Some((doc, object(doc)?))) else {
        let root = plan.root();
        plan.text(root, "notes", text);
        return plan;
    };
    rewrite_text(&mut plan, doc, &notes, text);
    plan
}
