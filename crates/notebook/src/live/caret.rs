//! Where somebody is in the notes, in a way that holds while others write.

use automerge::{Automerge, CursorPosition, ObjId as ExId, ReadDoc};

use super::patch::Coded;
use crate::session::notes_object;

/// A place in the notes: before a letter, which is named as the operation that wrote it, or at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caret {
    /// Behind everything.
    End,
    /// Before a letter.
    Before {
        /// The actor who wrote it.
        actor: Vec<u8>,
        /// The operation's counter.
        counter: u64,
    },
}

/// A place could not be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such place in the notes")]
pub struct CaretError;

/// Names a place that is given in UTF-16 units of the text of now.
///
/// # Errors
/// [`CaretError`] where it is beyond the end or within a pair.
pub fn caret_at(doc: &Automerge, units: usize) -> Result<Caret, CaretError> {
    let Some(notes) = notes_object(doc) else {
        return if units == 0 {
            Ok(Caret::End)
        } else {
            Err(CaretError)
        };
    };
    let text = doc.text(&notes).map_err(|_| CaretError)?;
    let place = Coded::of(&text).letters_before(units).ok_or(CaretError)?;
    if place >= doc.length(&notes) {
        return Ok(Caret::End);
    }
    let cursor = doc
        .get_cursor(&notes, CursorPosition::Index(place), None)
        .map_err(|_| CaretError)?;
    // Its text is the counter, `@`, and the actor in hexadecimal.
    let name = cursor.to_string();
    let (counter, actor) = name.split_once('@').ok_or(CaretError)?;
    let actor = data_encoding::HEXLOWER_PERMISSIVE
        .decode(actor.as_bytes())
        .map_err(|_| CaretError)?;
    let counter = counter.parse().map_err(|_| CaretError)?;
    Ok(Caret::Before { actor, counter })
}

/// Finds a place in the text of now, in UTF-16 units; nothing where the letter that it names is not here.
#[must_use]
pub fn place_of(doc: &Automerge, caret: &Caret) -> Option<usize> {
    let notes = notes_object(doc)?;
    let letters = match caret {
        Caret::End => doc.length(&notes),
        // Asked for the place of an operation that is no letter of the notes, the library panics. So the letters are
        // looked through; one that is gone has no place any more.
        Caret::Before { actor, counter } => doc
            .list_range(&notes, ..)
            .find(|letter| {
                matches!(letter.id(), ExId::Id(known, by, _) if known == *counter && by.to_bytes() == *actor)
            })?
            .index,
    };
    let text = doc.text(&notes).ok()?;
    Some(Coded::of(&text).units_before(letters))
}
