//! Notes that several windows write at once, keystroke by keystroke.
//!
//! A window names the version that it was shown last and what was typed on top of it. Its edits are read in exactly
//! that version, and crossed with what others wrote since; what they come to in the text of now is then written as an
//! edit like any other, since a change of the document itself always has the writer's last one before it. The answer
//! holds what others wrote meanwhile, as it applies to the window's own text.
//!
//! Places and lengths are in UTF-16 units, as a browser counts. A place within a surrogate pair is refused.

mod caret;
mod cross;
mod patch;
#[cfg(test)]
mod tests;

use automerge::{ActorId, Automerge, ChangeHash, ObjId, ReadDoc};

pub use caret::{Caret, CaretError, caret_at, place_of};
pub use patch::{Patch, moved, sum};

use crate::Writer;
use crate::diff::{Piece, pieces, replacements};
use crate::documents::Documents;
use crate::error::{EditError, Invalid};
use crate::id::ObjectId;
use crate::limits::{LIVE_EDITS_MAX, LIVE_OWN_CHANGES_MAX};
use crate::session::{Splice, document, notes_object, type_notes};
use crate::text::heads;
use cross::cross;
use patch::{Coded, of_document, of_texts};

/// The notes as a window is shown them first.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize)]
pub struct Whole {
    /// The version.
    pub heads: Vec<String>,
    /// The text.
    pub text: String,
    /// The [`sum`] of the text.
    pub sum: u32,
}

/// What brings a window from a version that it knows to that of now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// The version of now.
    pub heads: Vec<String>,
    /// What to replace, one after the other.
    pub patches: Vec<Patch>,
    /// The [`sum`] of the text of now.
    pub sum: u32,
}

/// Reads the notes of a session for a window.
///
/// # Errors
/// [`EditError::NotFound`] where the session is not, [`EditError::Unavailable`].
pub fn whole(docs: &mut dyn Documents, id: ObjectId) -> Result<Whole, EditError> {
    let Some(doc) = document(docs, id)? else {
        return Ok(Whole {
            sum: sum(""),
            ..Whole::default()
        });
    };
    let text = text(doc);
    Ok(Whole {
        heads: names(&doc.get_heads()),
        sum: sum(&text),
        text,
    })
}

/// Returns the version of the notes of now.
///
/// # Errors
/// As [`whole`].
pub fn version(docs: &mut dyn Documents, id: ObjectId) -> Result<Vec<String>, EditError> {
    let doc = document(docs, id)?;
    Ok(doc.map(|doc| names(&doc.get_heads())).unwrap_or_default())
}

/// Says what brings a window from a version to that of now.
///
/// # Errors
/// [`EditError::BaseUnknown`] where the version is no part of the document, and as [`whole`].
pub fn since(docs: &mut dyn Documents, id: ObjectId, base: &[String]) -> Result<Step, EditError> {
    let Some(doc) = document(docs, id)? else {
        return match base {
            [] => Ok(Step {
                heads: Vec::new(),
                patches: Vec::new(),
                sum: sum(""),
            }),
            _ => Err(EditError::BaseUnknown),
        };
    };
    let (base, now) = (heads(doc, base)?, doc.get_heads());
    let patches = match notes_object(doc) {
        Some(notes) if !is_same(&base, &now) => {
            let Since { text, splices } = Since::of(doc, &notes, &base, None)?;
            text.patches(&splices)
        }
        _ => Vec::new(),
    };
    Ok(Step {
        heads: names(&now),
        patches,
        sum: sum(&text(doc)),
    })
}

/// Returns what became of the notes from a version to a later one, in pieces: the later text, with what went of the other
/// in its place.
///
/// # Errors
/// [`EditError::BaseUnknown`] where one of the versions is no part of the document, and as [`whole`].
pub fn between(
    docs: &mut dyn Documents,
    id: ObjectId,
    before: &[String],
    after: &[String],
) -> Result<Vec<Piece>, EditError> {
    let Some(doc) = document(docs, id)? else {
        return Err(EditError::BaseUnknown);
    };
    let (before, after) = (heads(doc, before)?, heads(doc, after)?);
    let Some(notes) = notes_object(doc) else {
        return Ok(Vec::new());
    };
    // A version from before there were notes has none.
    let text = |heads: &[ChangeHash]| doc.text_at(&notes, heads).unwrap_or_default();
    Ok(pieces(&text(&before), &text(&after)))
}

/// Writes what a window typed on top of a version, in one change. Returns what others wrote since, as it applies to
/// the window's text with its own edits.
///
/// # Errors
/// [`EditError::BaseUnknown`]; [`EditError::Invalid`] for too many edits, one that passes the end or splits a pair of
/// surrogates, and notes that would become too long. Nothing is written then.
pub fn type_at(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    base: &[String],
    edits: &[Patch],
) -> Result<Vec<Patch>, EditError> {
    check_count(edits)?;
    let doc = document(docs, id)?;
    let Some((doc, notes)) = doc.and_then(|doc| Some((doc, notes_object(doc)?))) else {
        if doc.is_none() && !base.is_empty() {
            return Err(EditError::BaseUnknown);
        }
        let splices = Coded::of("").splices(edits)?;
        type_notes(docs, writer, id, &splices)?;
        return Ok(Vec::new());
    };
    let (base, now) = (heads(doc, base)?, doc.get_heads());
    if is_same(&base, &now) {
        let splices = splices_on(doc, &notes, edits)?;
        type_notes(docs, writer, id, &splices)?;
        return Ok(Vec::new());
    }
    let (on_now, others) = Since::of(doc, &notes, &base, None)?.with(edits)?;
    type_notes(docs, writer, id, &on_now)?;
    Ok(others)
}

/// Says whether what a window typed on top of a version was written already by one of the devices that `is_own`
/// names: it may have been asked for by a window whose answer got lost. Returns what brings its text to that of now.
///
/// # Errors
/// As [`type_at`].
pub fn typed_before(
    docs: &mut dyn Documents,
    id: ObjectId,
    base: &[String],
    edits: &[Patch],
    is_own: &dyn Fn(&ActorId) -> bool,
) -> Result<Option<Vec<Patch>>, EditError> {
    check_count(edits)?;
    let doc = document(docs, id)?;
    let Some((doc, notes)) = doc.and_then(|doc| Some((doc, notes_object(doc)?))) else {
        return Ok(None);
    };
    let base = heads(doc, base)?;
    let mut own = doc
        .get_changes_meta(&base)
        .into_iter()
        .filter(|change| is_own(&change.actor))
        .take(LIVE_OWN_CHANGES_MAX);
    let is_this = own.try_fold(false, |found, change| {
        Ok::<bool, EditError>(
            found || {
                let before = Since::of(doc, &notes, &base, Some(&change.deps))?;
                let (wanted, _) = before.with(edits)?;
                let mut text = Coded::of(&doc.text_at(&notes, &change.deps)?);
                text.apply(&wanted);
                !wanted.is_empty() && text.text() == doc.text_at(&notes, &[change.hash])?
            },
        )
    })?;
    match is_this {
        true => Ok(Some(rest_after(doc, &notes, &base, edits)?)),
        false => Ok(None),
    }
}

/// Returns what brings the text of a window whose edits were written already to the text of now.
///
/// # Errors
/// As [`type_at`].
pub fn after_typed(
    docs: &mut dyn Documents,
    id: ObjectId,
    base: &[String],
    edits: &[Patch],
) -> Result<Vec<Patch>, EditError> {
    check_count(edits)?;
    let doc = document(docs, id)?;
    match doc.and_then(|doc| Some((doc, notes_object(doc)?))) {
        Some((doc, notes)) => rest_after(doc, &notes, &heads(doc, base)?, edits),
        None => Err(EditError::BaseUnknown),
    }
}

fn rest_after(
    doc: &Automerge,
    notes: &ObjId,
    base: &[ChangeHash],
    edits: &[Patch],
) -> Result<Vec<Patch>, EditError> {
    let before = doc.text_at(notes, base).unwrap_or_default();
    let mut shown = Coded::of(&before);
    let splices = shown.splices(edits)?;
    shown.apply(&splices);
    Ok(of_texts(&shown.text(), &text(doc)))
}

/// What leads from an older version of the notes to a later one.
struct Since {
    /// The text of the older version.
    text: Coded,
    splices: Vec<Splice>,
}

impl Since {
    /// Compares two versions; the later one is that of now where none is named.
    fn of(
        doc: &Automerge,
        notes: &ObjId,
        base: &[ChangeHash],
        later: Option<&[ChangeHash]>,
    ) -> Result<Self, EditError> {
        let after = match later {
            Some(later) => doc.text_at(notes, later)?,
            None => doc.text(notes)?,
        };
        let now = doc.get_heads();
        let splices = of_document(doc, notes, base, later.unwrap_or(&now));
        // To read an older text takes longer than all the rest. Where nothing went, it is the later one without what came.
        if let Some(splices) = &splices
            && splices.iter().all(|splice| splice.delete == 0)
        {
            let mut text = Coded::of(&after);
            text.take_back(splices);
            return Ok(Self {
                text,
                splices: splices.clone(),
            });
        }
        let before = doc.text_at(notes, base).unwrap_or_default();
        Ok(Self {
            text: Coded::of(&before),
            // Somebody put into the text what is no text: the difference of the texts is as good then.
            splices: splices.unwrap_or_else(|| replaced(&before, &after)),
        })
    }

    /// Returns what edits of the older version come to in the later one, and what others wrote since in the text with
    /// the edits.
    fn with(mut self, edits: &[Patch]) -> Result<(Vec<Splice>, Vec<Patch>), EditError> {
        let typed = self.text.splices(edits)?;
        let (others, on_later) = cross(&self.splices, &typed);
        self.text.apply(&typed);
        Ok((on_later, self.text.patches(&others)))
    }
}

/// The replacements that make one text another, one after the other.
fn replaced(old: &str, new: &str) -> Vec<Splice> {
    let found = replacements(old, new).into_iter().rev();
    found
        .map(|one| Splice {
            position: one.position,
            delete: one.delete,
            insert: one.insert,
        })
        .collect()
}

fn splices_on(doc: &Automerge, notes: &ObjId, edits: &[Patch]) -> Result<Vec<Splice>, EditError> {
    if edits.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Coded::of(&doc.text(notes)?).splices(edits)?)
}

fn text(doc: &Automerge) -> String {
    crate::session::notes_text(doc)
}

fn names(heads: &[ChangeHash]) -> Vec<String> {
    heads.iter().map(ToString::to_string).collect()
}

fn is_same(base: &[ChangeHash], now: &[ChangeHash]) -> bool {
    base.len() == now.len() && base.iter().all(|head| now.contains(head))
}

fn check_count(edits: &[Patch]) -> Result<(), Invalid> {
    match edits.len() > LIVE_EDITS_MAX {
        true => Err(Invalid::TooLong {
            field: "list of edits",
            max: LIVE_EDITS_MAX,
            unit: "edits",
        }),
        false => Ok(()),
    }
}
