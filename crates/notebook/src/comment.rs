//! Comments on any object, kept in the index under `comment/ID`.

use std::collections::BTreeSet;

use automerge::Automerge;
use serde::Serialize;

use crate::Writer;
use crate::check;
use crate::documents::Documents;
use crate::error::{EditError, ReadError};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::lookup;
use crate::people::People;
use crate::plan::{Plan, commit};
use crate::record::{Provenance, Record};

/// A comment as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CommentView {
    /// The id.
    pub id: ObjectId,
    /// The object that it is about; none where the field is unreadable.
    pub on: Option<ObjectId>,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Adds a comment on an object of any kind.
///
/// # Errors
/// [`EditError::Invalid`] for an empty or long text, [`EditError::NothingThere`] where the object
/// is not.
pub fn add(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    on: ObjectId,
    text: &str,
) -> Result<ObjectId, EditError> {
    let text = check::words("comment", text)?;
    if lookup::find(docs, on)?.is_none() {
        return Err(EditError::NothingThere { id: on });
    }
    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let comment = plan.map(root, Kind::Comment.key(id));
    plan.put(comment, "on", on.to_string());
    plan.put(comment, "text", text);
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Shows one comment.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<CommentView, ReadError> {
    docs.read(DocumentId::INDEX)?
        .and_then(|doc| Record::keyed(doc, &Kind::Comment.key(id)))
        .map(|record| view(id, &record, people))
        .ok_or(ReadError::NotFound {
            kind: Kind::Comment,
            id,
        })
}

/// Every comment of the notebook, oldest first.
pub(crate) fn all(index: &Automerge, people: &dyn People) -> Vec<CommentView> {
    Record::all(index, Kind::Comment)
        .into_iter()
        .map(|(id, record)| view(id, &record, people))
        .collect()
}

/// The comments on one object, on the parts of it and on these comments, oldest first.
pub(crate) fn under(
    comments: &[CommentView],
    id: ObjectId,
    parts: impl IntoIterator<Item = ObjectId>,
) -> Vec<CommentView> {
    let mut about: BTreeSet<ObjectId> = parts.into_iter().chain([id]).collect();
    // A comment has a later id than what it is on, wherever clocks are right; elsewhere it takes a round more.
    for _ in 0..ROUNDS_MAX {
        let before = about.len();
        for comment in comments {
            if comment.on.is_some_and(|on| about.contains(&on)) {
                about.insert(comment.id);
            }
        }
        if about.len() == before {
            break;
        }
    }
    let is_about = |comment: &&CommentView| comment.on.is_some_and(|on| about.contains(&on));
    comments.iter().filter(is_about).cloned().collect()
}

/// Rounds of looking for comments on comments whose ids are out of order.
const ROUNDS_MAX: usize = 8;

/// The comments on one object and on these comments, oldest first.
pub(crate) fn of(comments: &[CommentView], id: ObjectId) -> Vec<CommentView> {
    under(comments, id, [])
}

/// The same, with those on the parts of these kinds that lie within the object.
pub(crate) fn within(
    comments: &[CommentView],
    id: ObjectId,
    record: &Record<'_>,
    kinds: &[Kind],
) -> Vec<CommentView> {
    let parts = kinds.iter().flat_map(|kind| record.children(*kind));
    under(comments, id, parts.map(|(part, _)| part))
}

fn view(id: ObjectId, record: &Record<'_>, people: &dyn People) -> CommentView {
    CommentView {
        id,
        on: record.id("on"),
        text: record.str_or_empty("text"),
        provenance: record.provenance(people),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::goal::{self, NewGoal};
    use crate::testing::{Bench, bench};

    #[test]
    fn a_comment_shows_at_its_object_with_its_author() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let new = NewGoal {
            title: "Talk".to_owned(),
            ..NewGoal::default()
        };
        let goal = goal::add(&mut docs, &mut writer, &new).unwrap();
        let id = add(&mut docs, &mut writer, goal, "Well done").unwrap();
        let shown = goal::show(&mut docs, &people, goal).unwrap();
        assert_eq!(shown.comments.len(), 1);
        assert_eq!(shown.comments, [show(&mut docs, &people, id).unwrap()]);
        assert_eq!(shown.comments[0].provenance.stamp.created_by.name, "Mia");
    }

    #[test]
    fn a_comment_needs_words_and_an_object() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let nowhere = writer.new_id();
        assert!(matches!(
            add(&mut docs, &mut writer, nowhere, "hello"),
            Err(EditError::NothingThere { .. })
        ));
        assert!(matches!(
            add(&mut docs, &mut writer, nowhere, " "),
            Err(EditError::Invalid(_))
        ));
    }
}
