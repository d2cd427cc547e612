//! A closure as shown.

use jiff::Timestamp;
use serde::Serialize;

use crate::closure::edit::open_ones;
use crate::closure::{CLOSED, OF, REOPEN, STATEMENT, edit};
use crate::documents::{Documents, Unavailable};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::{Author, Named, People};
use crate::record::{Provenance, Record, signed};
use crate::word::ClosureTopic;

/// What a notebook ends with.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ClosureView {
    /// The closing; none where nobody has begun with it.
    pub id: Option<ObjectId>,
    /// Whether the notebook is closed.
    pub frozen: bool,
    /// When it was closed, and by whom; none where it is not, or where nobody said so in words.
    pub closed: Option<Closed>,
    /// The topics, each with what everybody says.
    pub topics: Vec<TopicView>,
    /// Who wants to open it again.
    pub reopening: Vec<Named>,
}

/// Who closed a notebook, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Closed {
    /// When that author's clock said it was.
    pub at: Option<Timestamp>,
    /// Who.
    pub by: Author,
}

/// A topic of a closure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TopicView {
    /// Its word.
    pub topic: ClosureTopic,
    /// Its heading.
    pub title: &'static str,
    /// What it asks.
    pub about: &'static str,
    /// What each says.
    pub answers: Vec<AnswerView>,
}

/// What one person says about a topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AnswerView {
    /// Who.
    #[serde(flatten)]
    pub person: Named,
    /// The words.
    pub text: String,
}

/// A certificate or a receipt: a signed statement that is kept.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StatementView {
    /// The id.
    pub id: ObjectId,
    /// Whom a certificate is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<Named>,
    /// Which notebook a receipt is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What that notebook is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The statement, as it stands.
    pub statement: String,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Shows what the notebook ends with.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn show(docs: &mut dyn Documents, people: &dyn People) -> Result<ClosureView, Unavailable> {
    let frozen = edit::is_closed(docs, people)?;
    let index = docs.read(DocumentId::INDEX)?;
    let mut closings = index.map(open_ones).unwrap_or_default();
    closings.retain(|(_, record)| !record.flag(CLOSED) || !edit::is_undone(record, people));
    let mut closed = None;
    let mut reopening = Vec::new();
    for (_, record) in &closings {
        if let Some(field) = record.fields.get(CLOSED).filter(|_| record.flag(CLOSED)) {
            let (by, at) = signed(record.doc, &field.op, people);
            closed = closed.filter(|_| frozen).or(Some(Closed { at, by }));
        }
        for person in record.people(REOPEN, people) {
            let is_own = edit::has_said(record, &person.person, people);
            if is_own && !reopening.contains(&person) {
                reopening.push(person);
            }
        }
    }
    Ok(ClosureView {
        id: closings.first().map(|(id, _)| *id),
        frozen,
        closed: closed.filter(|_| frozen),
        topics: ClosureTopic::ALL
            .iter()
            .map(|topic| TopicView {
                topic: *topic,
                title: topic.title(),
                about: topic.about(),
                answers: answers(&closings, *topic, people),
            })
            .collect(),
        reopening,
    })
}

/// What everybody says about a topic: the first closing in which they say anything about it counts.
fn answers(
    closings: &[(ObjectId, Record<'_>)],
    topic: ClosureTopic,
    people: &dyn People,
) -> Vec<AnswerView> {
    let mut answers: Vec<AnswerView> = Vec::new();
    for (_, record) in closings {
        for key in record.fields.keys() {
            let of_topic = ClosureTopic::from_answer_key(key).filter(|(found, _)| *found == topic);
            let (Some((_, person)), Some(text)) = (of_topic, record.str(key)) else {
                continue;
            };
            // Nobody can answer for somebody else.
            let is_own = record.writer_of(key, people) == person;
            let is_new = answers.iter().all(|one| one.person.person != person);
            if is_own && is_new && !text.trim().is_empty() {
                answers.push(AnswerView {
                    person: people.named(person),
                    text,
                });
            }
        }
    }
    answers
}

/// The certificates, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn certificates(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<StatementView>, Unavailable> {
    statements(docs, people, Kind::Certificate)
}

/// The receipts, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn receipts(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<Vec<StatementView>, Unavailable> {
    statements(docs, people, Kind::Receipt)
}

fn statements(
    docs: &mut dyn Documents,
    people: &dyn People,
    kind: Kind,
) -> Result<Vec<StatementView>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let view = |(id, record): (ObjectId, Record<'_>)| {
        Some(StatementView {
            id,
            of: record.str(OF).map(|person| people.named(&person)),
            about: record.str("about"),
            title: record.str("title"),
            statement: record.str(STATEMENT)?,
            provenance: record.provenance(people),
        })
    };
    Ok(Record::all(index, kind)
        .into_iter()
        .filter_map(view)
        .collect())
}
