//! Questions and their answers. A question is a map in the index under `question/ID`; its answers are maps
//! within it under `answer/ID`.

use serde::Serialize;

use crate::Writer;
use crate::check;
use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::{EditError, ReadError};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::{Named, People};
use crate::plan::{Plan, commit};
use crate::record::{Provenance, Record, Stamp, signed};
use crate::session::marked_by;
use crate::shown::{self, Shown};
use crate::word::Sharing;

/// A question as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct QuestionView {
    /// The id.
    pub id: ObjectId,
    /// What is asked.
    pub text: String,
    /// Who asks.
    pub asked_by: Named,
    /// Whether it is settled.
    pub resolved: bool,
    /// Who may hear of it.
    pub sharing: Sharing,
    /// Who said so last; none where nobody has said anything but the usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharing_by: Option<Named>,
    /// Answers, oldest first.
    pub answers: Vec<AnswerView>,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// An answer as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AnswerView {
    /// The id.
    pub id: ObjectId,
    /// What is answered.
    pub text: String,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// Asks a question.
///
/// # Errors
/// [`EditError::Invalid`] for an empty or long text.
pub fn ask(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    text: &str,
) -> Result<ObjectId, EditError> {
    let text = check::words("question", text)?;
    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let question = plan.map(root, Kind::Question.key(id));
    plan.put(question, "text", text);
    plan.put(question, "resolved", false);
    plan.put(question, "sharing", Sharing::default().word());
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Answers a question.
///
/// # Errors
/// [`EditError::Invalid`] for an empty or long text, [`EditError::NotFound`].
pub fn answer(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    text: &str,
) -> Result<ObjectId, EditError> {
    let text = check::words("answer", text)?;
    let answer = writer.new_id();
    let mut plan = Plan::default();
    let question = plan.at(read(docs, id)?.obj);
    let entry = plan.map(question, Kind::Answer.key(answer));
    plan.put(entry, "text", text);
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(answer)
}

/// Marks a question as settled or open.
///
/// # Errors
/// [`EditError::NotFound`].
pub fn set_resolved(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    resolved: bool,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    plan.set(&read(docs, id)?, "resolved", resolved);
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Says who may hear of a question and its answers.
///
/// # Errors
/// [`EditError::Invalid`] for an unknown mark, [`EditError::NotFound`].
pub fn set_sharing(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    mark: &str,
) -> Result<(), EditError> {
    let mark = Sharing::parse(mark)?;
    let mut plan = Plan::default();
    plan.set(&read(docs, id)?, "sharing", mark.word());
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

fn read(docs: &mut dyn Documents, id: ObjectId) -> Result<Record<'_>, EditError> {
    docs.read(DocumentId::INDEX)?
        .and_then(|index| Record::keyed(index, &Kind::Question.key(id)))
        .ok_or(EditError::NotFound {
            kind: Kind::Question,
            id,
        })
}

/// Lists every question, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<QuestionView>, Unavailable> {
    shown::list(docs, people)
}

/// Shows one question.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<QuestionView, ReadError> {
    shown::show(docs, people, id)
}

impl Shown for QuestionView {
    const KIND: Kind = Kind::Question;

    fn read(
        id: ObjectId,
        record: &Record<'_>,
        comments: &[CommentView],
        people: &dyn People,
    ) -> Self {
        let (author, _) = signed(record.doc, &record.obj, people);
        let answer = |(id, entry): (ObjectId, Record<'_>)| AnswerView {
            id,
            text: entry.str_or_empty("text"),
            stamp: entry.stamp(people),
        };
        let sharing = record
            .str("sharing")
            .and_then(|word| Sharing::from_word(&word))
            .unwrap_or_default();
        Self {
            id,
            sharing,
            sharing_by: marked_by(record, sharing, people),
            text: record.str_or_empty("text"),
            asked_by: Named {
                person: author.person,
                name: author.name,
            },
            resolved: record.flag("resolved"),
            answers: record
                .children(Kind::Answer)
                .into_iter()
                .map(answer)
                .collect(),
            comments: comment::within(comments, id, record, &[Kind::Answer]),
            provenance: record.provenance(people),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Bench, ben, bench};

    #[test]
    fn two_answers_given_at_once_are_both_there() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let id = ask(&mut docs, &mut writer, "How do I begin?").unwrap();
        let mut theirs = docs.fork(ben());
        answer(&mut docs, &mut writer, id, "With the end").unwrap();
        answer(&mut theirs, &mut writer, id, "Small").unwrap();
        docs.merge(&theirs).unwrap();
        let shown = show(&mut docs, &people, id).unwrap();
        let by: Vec<_> = shown
            .answers
            .iter()
            .map(|a| a.stamp.created_by.name.as_str())
            .collect();
        assert_eq!(by, ["Mia", "Ben"]);
        assert_eq!(shown.asked_by.name, "Mia");
        assert!(!shown.resolved);
        set_resolved(&mut docs, &mut writer, id, true).unwrap();
        assert!(show(&mut docs, &people, id).unwrap().resolved);
    }
}
