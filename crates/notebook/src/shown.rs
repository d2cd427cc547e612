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
    read(index, people, Record::all_where(index, V::KIND, keep))
}

/// Those of a kind that have one of some ids, in the order of these.
pub(crate) fn of_ids<V: Shown>(
    index: &Automerge,
    people: &dyn People,
    ids: impl IntoIterator<Item = ObjectId>,
) -> Vec<V> {
    let record = |id: ObjectId| Some((id, Record::keyed(index, &V::KIND.key(id))?));
    let found = ids.into_iter().filter_map(record).collect();
    read(index, people, found)
}

fn read<V: Shown>(
    index: &Automerge,
    people: &dyn People,
    found: Vec<(ObjectId, Record<'_>)>,
) -> Vec<V> {
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
