//! Writing what a notebook ends with.

use automerge::ReadDoc;

use crate::Writer;
use crate::check;
use crate::closure::{CLOSED, OF, REOPEN, REOPENED, STATEMENT};
use crate::documents::{Documents, Unavailable};
use crate::error::EditError;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::STATEMENT_BYTES_MAX;
use crate::people::{Named, PersonRef};
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

/// Says whether the notebook is closed.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn is_closed(docs: &mut dyn Documents) -> Result<bool, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(false);
    };
    let phase = index.get(automerge::ROOT, "phase").ok().flatten();
    let is_over = phase.is_some_and(|(phase, _)| phase.as_str() == Some(Phase::Closed.word()));
    // The phase alone is a word about the relationship, and stops nobody.
    Ok(is_over
        && open_ones(index)
            .iter()
            .any(|(_, record)| record.flag(CLOSED)))
}

/// Refuses to go on in a notebook that is closed.
///
/// # Errors
/// [`EditError::Closed`].
pub fn refuse_if_closed(docs: &mut dyn Documents) -> Result<(), EditError> {
    match is_closed(docs)? {
        true => Err(EditError::Closed),
        false => Ok(()),
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
pub fn close(docs: &mut dyn Documents, writer: &mut Writer<'_>) -> Result<(), EditError> {
    let mut plan = Plan::default();
    if is_closed(docs)? {
        return Ok(());
    }
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

/// Notes that the writer wants to go on, and opens the notebook again once each of `writers` has said so.
///
/// # Errors
/// [`EditError::NotClosed`].
pub fn reopen(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    writers: &[Named],
) -> Result<Reopening, EditError> {
    if !is_closed(docs)? {
        return Err(EditError::NotClosed);
    }
    let mut plan = Plan::default();
    let index = docs.read(DocumentId::INDEX)?;
    let mut lacks: Vec<Named> = Vec::new();
    // Two who closed it at the same time have made a closing each.
    let closings: Vec<_> = index
        .map(open_ones)
        .unwrap_or_default()
        .into_iter()
        .filter(|(_, record)| record.flag(CLOSED))
        .collect();
    for (_, record) in &closings {
        let key = |person: &str| format!("{REOPEN}/{person}");
        plan.set(record, key(writer.me.as_str()), true);
        for one in writers {
            let has_said = one.person == writer.me.as_str() || record.flag(&key(&one.person));
            if !has_said && !lacks.contains(one) {
                lacks.push(one.clone());
            }
        }
    }
    let is_open = lacks.is_empty();
    if let Some(index) = index.filter(|_| is_open) {
        for (_, record) in &closings {
            plan.set(record, REOPENED, true);
        }
        plan.set(&Record::root(index), "phase", Phase::WindingDown.word());
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(Reopening { is_open, lacks })
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
