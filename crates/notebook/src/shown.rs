//! Objects of the index that people comment on: listed and shown alike, whatever their kind.

use automerge::Automerge;

use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::ReadError;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::People;
use crate::record::{Glance, Record};

/// An object as shown, read off its record in the index.
pub(crate) trait Shown: Sized {
    /// What it is.
    const KIND: Kind;

    /// Reads it; `comments` are those of the whole index.
    fn read(
        id: ObjectId,
        record: &Record<'_>,
        comments: &[CommentView],
        people: &dyn People,
    ) -> Self;
}

/// Every object of a kind, oldest first.
pub(crate) fn all<V: Shown>(index: &Automerge, people: &dyn People) -> Vec<V> {
    all_where(index, people, |_| true)
}

/// The objects of a kind that a glance at some of their fields chooses, oldest first.
pub(crate) fn all_where<V: Shown>(
    index: &Automerge,
    people: &dyn People,
    keep: impl Fn(&Glance<'_>) -> bool,
) -> Vec<V> {
    let found = Record::all_where(index, V::KIND, keep);
    if found.is_empty() {
        return Vec::new();
    }
    let comments = comment::all(index, people);
    found
        .into_iter()
        .map(|(id, record)| V::read(id, &record, &comments, people))
        .collect()
}

/// The same, of a notebook: none where nothing was written yet.
pub(crate) fn list<V: Shown>(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<V>, Unavailable> {
    Ok(docs
        .read(DocumentId::INDEX)?
        .map(|index| all(index, people))
        .unwrap_or_default())
}

/// One object.
pub(crate) fn show<V: Shown>(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<V, ReadError> {
    docs.read(DocumentId::INDEX)?
        .and_then(|index| {
            let record = Record::keyed(index, &V::KIND.key(id))?;
            Some(V::read(id, &record, &comment::all(index, people), people))
        })
        .ok_or(ReadError::NotFound { kind: V::KIND, id })
}
