//! Writes the work into the peer's documents: one for the whole notebook.

use anyhow::{Context, Result};
use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, ObjId, ObjType, ROOT, ReadDoc, Value};

use crate::workload::{Chapter, Commit, Person, Step};

/// The time of every change, in seconds since 1970: 2026-11-23.
const TIME: i64 = 1_795_392_000;

/// The two people's copies of one document.
#[derive(Debug, Clone)]
pub(crate) struct Copies {
    pub(crate) first: Automerge,
    pub(crate) second: Automerge,
}

impl Copies {
    /// Gives both people the same document.
    pub(crate) fn of(document: &Automerge) -> Self {
        let copy = |person| document.clone().with_actor(actor(person));
        Self {
            first: copy(Person::First),
            second: copy(Person::Second),
        }
    }

    /// Gives each side what the other has.
    pub(crate) fn merge(&mut self) -> Result<()> {
        self.second.merge(&mut self.first)?;
        self.first.merge(&mut self.second)?;
        Ok(())
    }
}

fn actor(person: Person) -> ActorId {
    ActorId::from([person as u8 + 1; 16])
}

/// Writes chapters as two people who sync after each.
///
/// One document serves for both while one of them writes, which comes to the same and saves taking
/// over each other's changes; they only part where both write at once.
pub(crate) fn write(document: &mut Automerge, chapters: &[Chapter]) -> Result<()> {
    for chapter in chapters {
        let mut other: Option<Automerge> = None;
        let first = chapter.first().map(|commit| commit.author);
        for step in chapter {
            let copy = if Some(step.author) == first {
                &mut *document
            } else {
                other.get_or_insert_with(|| document.clone())
            };
            copy.set_actor(actor(step.author));
            commit(copy, step)?;
        }
        if let Some(mut other) = other {
            document.merge(&mut other)?;
        }
    }
    Ok(())
}

/// Writes one commit: one change.
pub(crate) fn commit(document: &mut Automerge, commit: &Commit) -> Result<()> {
    let mut transaction = document.transaction();
    edit(&mut transaction, commit).with_context(|| format!("writing commit {}", commit.serial))?;
    transaction.commit_with(CommitOptions::default().with_time(TIME));
    Ok(())
}

fn edit(tx: &mut Transaction<'_>, commit: &Commit) -> Result<()> {
    match &commit.step {
        Step::Title(title) => tx.put(ROOT, "title", title.as_str())?,
        Step::Goal(title) => {
            // Goals are numbered as they are added, one after the other.
            let count = tx.keys(ROOT).filter(|key| key.starts_with("goal/")).count();
            let goal = tx.put_object(ROOT, key("goal", count), ObjType::Map)?;
            tx.put(&goal, "title", title.as_str())?;
            tx.put(&goal, "kind", "plain")?;
            tx.put(&goal, "status", "proposed")?;
        }
        Step::Milestone(number, title) => {
            let goal = child(tx, &ROOT, &key("goal", *number))?;
            let milestone = tx.put_object(&goal, key("milestone", commit.serial), ObjType::Map)?;
            tx.put(&milestone, "title", title.as_str())?;
            tx.put(&milestone, "done", false)?;
        }
        Step::Plan(title) => {
            let session = tx.put_object(ROOT, key("session", commit.session), ObjType::Map)?;
            tx.put(&session, "title", title.as_str())?;
            tx.put(&session, "at", "2026-12-01T15:00")?;
            tx.put(&session, "zone", "Europe/Berlin")?;
            tx.put(&session, "minutes", 60)?;
            tx.put(&session, "status", "planned")?;
            tx.put_object(&session, "notes", ObjType::Text)?;
        }
        Step::Agenda(first, second) => {
            let session = session(tx, commit)?;
            for (place, title) in [first, second].into_iter().enumerate() {
                let item = key("agenda", commit.serial * 2 + place);
                let item = tx.put_object(&session, item, ObjType::Map)?;
                tx.put(&item, "title", title.as_str())?;
                tx.put(&item, "done", false)?;
            }
        }
        Step::Type(place, text) => {
            let session = session(tx, commit)?;
            let notes = child(tx, &session, "notes")?;
            tx.splice_text(&notes, tx.length(&notes) * place / 1_000, 0, text)?;
        }
        Step::Action(title) => {
            let action = tx.put_object(ROOT, key("action", commit.serial), ObjType::Map)?;
            tx.put(&action, "title", title.as_str())?;
            tx.put(&action, "owner", "first")?;
            tx.put(&action, "status", "open")?;
            tx.put(&action, "session", key("session", commit.session))?;
        }
        Step::Close(decision) => {
            let session = session(tx, commit)?;
            tx.put(&session, "status", "held")?;
            let kept = tx.put_object(&session, key("decision", commit.serial), ObjType::Map)?;
            tx.put(&kept, "text", decision.as_str())?;
        }
    }
    Ok(())
}

/// Returns the notes of a session.
pub(crate) fn notes(document: &Automerge, session: usize) -> Result<ObjId> {
    let session = child(document, &ROOT, &key("session", session))?;
    child(document, &session, "notes")
}

/// Adds an action to a small notebook: one change.
pub(crate) fn add_action(document: &mut Automerge, number: usize, title: &str) -> Result<()> {
    let mut transaction = document.transaction();
    let action = transaction.put_object(ROOT, key("action", number), ObjType::Map)?;
    transaction.put(&action, "title", title)?;
    transaction.put(&action, "owner", "first")?;
    transaction.put(&action, "status", "open")?;
    transaction.commit_with(CommitOptions::default().with_time(TIME));
    Ok(())
}

fn session(tx: &Transaction<'_>, commit: &Commit) -> Result<ObjId> {
    child(tx, &ROOT, &key("session", commit.session))
}

fn child(document: &impl ReadDoc, parent: &ObjId, key: &str) -> Result<ObjId> {
    match document.get(parent, key)? {
        Some((Value::Object(_), id)) => Ok(id),
        _ => anyhow::bail!("there is no {key}"),
    }
}

/// A key as long as the product's: a kind and 26 characters.
fn key(kind: &str, number: usize) -> String {
    format!("{kind}/{number:026}")
}
