//! Writing what a notebook ends with.

use automerge::ReadDoc;

use crate::Writer;
use crate::check;
use crate::closure::{CLOSED, OF, REOPEN, REOPENED, STATEMENT};
use crate::documents::{Documents, Unavailable};
use crate::error::EditError;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::STATEMENT_BYTES_MAX;
use crate::people::{Named, People, PersonRef};
use crate::plan::{Plan, Slot, commit};
use crate::record::Record;
use crate::word::{ClosureTopic, Phase};

/// What one person says about a topic; an empty text takes it back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The topic.
    pub topic: ClosureTopic,
    /// The words.
    pub text: String,
}

/// What became of the wish to open a notebook again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reopening {
    /// Whether it is open.
    pub is_open: bool,
    /// Whose word it still takes.
    pub lacks: Vec<Named>,
}

/// Says whether the notebook is closed: somebody closed it, and not everybody who writes has said since that they want to
/// go on.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn is_closed(docs: &mut dyn Documents, people: &dyn People) -> Result<bool, Unavailable> {
    let index = docs.read(DocumentId::INDEX)?;
    Ok(index.is_some_and(|index| {
        let closings = marked_ones(index);
        closings
            .iter()
            .any(|(_, record)| !is_undone(record, people))
    }))
}

/// Refuses to go on in a notebook that somebody closed and nobody's program has opened again: see [`reopen_if_wanted`].
///
/// # Errors
/// [`EditError::Closed`].
pub fn refuse_if_closed(docs: &mut dyn Documents) -> Result<(), EditError> {
    match is_marked(docs)? {
        true => Err(EditError::Closed),
        false => Ok(()),
    }
}

/// Says whether the notebook is marked as closed, without looking who wants to go on.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn is_marked(docs: &mut dyn Documents) -> Result<bool, Unavailable> {
    let index = docs.read(DocumentId::INDEX)?;
    Ok(index.is_some_and(|index| !marked_ones(index).is_empty()))
}

/// Opens the notebook again where everybody who writes has said so, and no program has seen that yet: they may have said it at the
/// same time, or somebody who had not said it may be gone.
///
/// # Errors
/// [`EditError`] where the document refuses it.
pub fn reopen_if_wanted(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    people: &dyn People,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        let (undone, standing): (Vec<_>, Vec<_>) = marked_ones(index)
            .into_iter()
            .partition(|(_, record)| is_undone(record, people));
        for (_, record) in &undone {
            plan.set(record, REOPENED, true);
        }
        if standing.is_empty() && !undone.is_empty() {
            open_phase(&mut plan, index);
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// The phase is a word about the relationship, and stops nobody; it only should not say that all is over.
fn open_phase(plan: &mut Plan, index: &automerge::Automerge) {
    let phase = index.get(automerge::ROOT, "phase").ok().flatten();
    if phase.is_some_and(|(phase, _)| phase.as_str() == Some(Phase::Closed.word())) {
        plan.set(&Record::root(index), "phase", Phase::WindingDown.word());
    }
}

/// Writes what the writer says about the end. It can be said before and after the notebook is closed.
///
/// # Errors
/// [`EditError::Invalid`] for a long text.
pub fn answer(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    answers: &[Answer],
) -> Result<(), EditError> {
    for answer in answers {
        check::text("answer", &answer.text)?;
    }
    let mut plan = Plan::default();
    match current(docs)? {
        Some((_, record)) => {
            for Answer { topic, text } in answers {
                plan.set(&record, topic.answer_key(writer.me.as_str()), text.trim());
            }
        }
        None if answers.iter().all(|one| one.text.trim().is_empty()) => {}
        None => {
            let closing = begin(&mut plan, writer);
            for Answer { topic, text } in answers {
                let text = Some(text.trim()).filter(|text| !text.is_empty());
                plan.put_some(closing, topic.answer_key(writer.me.as_str()), text);
            }
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Closes the notebook: from here on it is an archive. One that is closed stays as it is.
///
/// # Errors
/// [`EditError`] where the document refuses it.
pub fn close(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    people: &dyn People,
) -> Result<(), EditError> {
    // What was said about going on the last time counts no longer.
    reopen_if_wanted(docs, writer, people)?;
    if is_marked(docs)? {
        return Ok(());
    }
    let mut plan = Plan::default();
    match current(docs)? {
        Some((_, record)) => plan.set(&record, CLOSED, true),
        None => {
            let closing = begin(&mut plan, writer);
            plan.put(closing, CLOSED, true);
        }
    }
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        plan.set(&Record::root(index), "phase", Phase::Closed.word());
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Notes that the writer wants to go on, and opens the notebook again once everybody who writes has said so.
///
/// # Errors
/// [`EditError::NotClosed`].
pub fn reopen(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    people: &dyn People,
) -> Result<Reopening, EditError> {
    if !is_closed(docs, people)? {
        // Where no program has noted yet that all have said so, this one does.
        return match is_marked(docs)? {
            true => reopen_if_wanted(docs, writer, people).map(|()| Reopening {
                is_open: true,
                lacks: Vec::new(),
            }),
            false => Err(EditError::NotClosed),
        };
    }
    let me = writer.me.as_str().to_owned();
    let mut plan = Plan::default();
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        // Two who closed it at the same time have made a closing each.
        for (_, record) in marked_ones(index) {
            let key = reopen_key(&me);
            if has_said(&record, &me, people) {
                continue;
            }
            // What somebody else wrote in this one's place is their word, whatever it says; and the document takes no
            // value that stands there already as anybody's own.
            let slot = plan.at(record.obj.clone());
            if record.flag(&key) {
                plan.put(slot, key.clone(), false);
            }
            plan.put(slot, key, true);
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    reopen_if_wanted(docs, writer, people)?;
    let mut lacks: Vec<Named> = Vec::new();
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        for (_, record) in marked_ones(index) {
            lacks.extend(lacking(&record, people));
        }
    }
    lacks.sort_by(|one, other| one.person.cmp(&other.person));
    lacks.dedup();
    Ok(Reopening {
        is_open: lacks.is_empty(),
        lacks,
    })
}

fn reopen_key(person: &str) -> String {
    format!("{REOPEN}/{person}")
}

/// Says whether a person said of a closing that they want to go on: nobody can say it for somebody else.
pub(super) fn has_said(record: &Record<'_>, person: &str, people: &dyn People) -> bool {
    let key = reopen_key(person);
    record.flag(&key) && record.writer_of(&key, people) == person
}

/// Returns those who write and have not said that they want to go on.
fn lacking(record: &Record<'_>, people: &dyn People) -> Vec<Named> {
    let mut writers = people.writers();
    writers.retain(|one| !has_said(record, &one.person, people));
    writers
}

/// Says whether everybody who writes has gone back on a closing.
pub(super) fn is_undone(record: &Record<'_>, people: &dyn People) -> bool {
    !people.writers().is_empty() && lacking(record, people).is_empty()
}

/// Has a notebook go on that begins with the history of another one: what ended was that one.
///
/// # Errors
/// [`EditError`] where the document refuses it.
pub fn go_on(docs: &mut dyn Documents, writer: &mut Writer<'_>) -> Result<(), EditError> {
    let mut plan = Plan::default();
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        for (_, record) in marked_ones(index) {
            plan.set(&record, REOPENED, true);
        }
        open_phase(&mut plan, index);
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Keeps a certificate that the writer signed for somebody.
///
/// # Errors
/// [`EditError::Invalid`] for a statement that is too long.
pub fn add_certificate(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    of: &PersonRef,
    statement: &str,
) -> Result<ObjectId, EditError> {
    let mut plan = Plan::default();
    let (id, slot) = keep(&mut plan, writer, Kind::Certificate, statement)?;
    plan.put(slot, OF, of.as_str());
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Keeps what a device says of destroying its keys of a notebook. In a journal it also names the notebook.
///
/// # Errors
/// [`EditError::Invalid`] for a statement that is too long.
pub fn add_receipt(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    notebook: &str,
    title: &str,
    statement: &str,
) -> Result<ObjectId, EditError> {
    let mut plan = Plan::default();
    let (id, slot) = keep(&mut plan, writer, Kind::Receipt, statement)?;
    plan.put(slot, "about", notebook);
    plan.put(slot, "title", title);
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

fn keep(
    plan: &mut Plan,
    writer: &mut Writer<'_>,
    kind: Kind,
    statement: &str,
) -> Result<(ObjectId, Slot), EditError> {
    if statement.len() > STATEMENT_BYTES_MAX {
        return Err(EditError::Invalid(crate::error::Invalid::TooLong {
            field: "signed text",
            max: STATEMENT_BYTES_MAX,
            unit: "bytes",
        }));
    }
    let id = writer.new_id();
    let root = plan.root();
    let slot = plan.map(root, kind.key(id));
    plan.put(slot, STATEMENT, statement);
    Ok((id, slot))
}

fn begin(plan: &mut Plan, writer: &mut Writer<'_>) -> Slot {
    let root = plan.root();
    plan.map(root, Kind::Closing.key(writer.new_id()))
}

/// The closing that is written to: the first that nobody has gone back on.
fn current(docs: &mut dyn Documents) -> Result<Option<(ObjectId, Record<'_>)>, Unavailable> {
    let index = docs.read(DocumentId::INDEX)?;
    Ok(index.and_then(|index| open_ones(index).into_iter().next()))
}

/// The closings that nobody has gone back on, oldest first.
pub(super) fn open_ones(index: &automerge::Automerge) -> Vec<(ObjectId, Record<'_>)> {
    let mut all = Record::all(index, Kind::Closing);
    all.retain(|(_, record)| !record.flag(REOPENED));
    all
}

/// The closings with which somebody closed the notebook, and that no program has gone back on, oldest first.
fn marked_ones(index: &automerge::Automerge) -> Vec<(ObjectId, Record<'_>)> {
    let mut all = open_ones(index);
    all.retain(|(_, record)| record.flag(CLOSED));
    all
}
