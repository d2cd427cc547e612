//! Finding objects by id, by the start or end of an id, or by title.

use automerge::Automerge;
use serde::Serialize;

use crate::documents::{Documents, Unavailable};
use crate::id::{DocumentId, Kind, ObjectId, Place};
use crate::record::Record;

/// The fewest characters of an id that serve to name it.
pub const ID_CHARS_MIN: usize = 4;

/// One object: what it is, what it is called, and where it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Entry {
    /// The id.
    pub id: ObjectId,
    /// The kind.
    pub kind: Kind,
    /// The title, or the text where there is no title.
    pub title: String,
    /// The object that holds it: the goal of a milestone, the session of an agenda item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<ObjectId>,
}

/// No single object was meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Nothing has this id or title.
    #[error("nothing here has the id or title “{0}”")]
    NotFound(String),
    /// Several do; the first of them are listed.
    #[error("“{text}” could be several: {}", list(.candidates))]
    Ambiguous {
        /// What was typed.
        text: String,
        /// What it could mean.
        candidates: Vec<Entry>,
    },
    /// A document could not be opened.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Candidates that an ambiguous name lists.
const CANDIDATES_MAX: usize = 5;

fn list(candidates: &[Entry]) -> String {
    let name = |entry: &Entry| format!("{} ({})", crate::check::quote(&entry.title), entry.id);
    let names: Vec<_> = candidates.iter().take(CANDIDATES_MAX).map(name).collect();
    names.join(", ")
}

/// Every object of the notebook. Opens every session's document.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn all(docs: &mut dyn Documents) -> Result<Vec<Entry>, Unavailable> {
    let mut entries = docs
        .read(DocumentId::INDEX)?
        .map(index_entries)
        .unwrap_or_default();
    for session in sessions(&entries) {
        if let Some(doc) = docs.read(session.document())? {
            entries.extend(session_entries(doc, session));
        }
    }
    Ok(entries)
}

/// The object with this id; `None` where there is none.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn find(docs: &mut dyn Documents, id: ObjectId) -> Result<Option<Entry>, Unavailable> {
    if let Some(index) = docs.read(DocumentId::INDEX)?
        && let Some(entry) = keyed(index, id)
    {
        return Ok(Some(entry));
    }
    let entries = docs
        .read(DocumentId::INDEX)?
        .map(index_entries)
        .unwrap_or_default();
    if let Some(entry) = entries.iter().find(|entry| entry.id == id) {
        return Ok(Some(entry.clone()));
    }
    for session in sessions(&entries) {
        let Some(doc) = docs.read(session.document())? else {
            continue;
        };
        if let Some(entry) = session_entries(doc, session)
            .into_iter()
            .find(|e| e.id == id)
        {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// Finds what a person means: an id, its first or last characters (at least [`ID_CHARS_MIN`]), or a
/// title, among the objects of these kinds; all kinds where the list is empty.
///
/// # Errors
/// [`ResolveError`] when none or several fit.
pub fn resolve(
    docs: &mut dyn Documents,
    text: &str,
    kinds: &[Kind],
) -> Result<Entry, ResolveError> {
    let wanted = |entry: &Entry| kinds.is_empty() || kinds.contains(&entry.kind);
    // A full id beats every other match, and most commands of scripts and pages bring one.
    if let Ok(id) = text.trim().to_ascii_uppercase().parse::<ObjectId>()
        && let Some(index) = docs.read(DocumentId::INDEX)?
        && let Some(entry) = keyed(index, id).filter(wanted)
    {
        return Ok(entry);
    }
    // Session documents are opened only where something in them may be meant.
    let in_index = |kind: &Kind| kind.place() != Place::SessionDocument;
    let entries = if !kinds.is_empty() && kinds.iter().all(in_index) {
        docs.read(DocumentId::INDEX)?
            .map(index_entries)
            .unwrap_or_default()
    } else {
        all(docs)?
    };
    choose(text, entries.into_iter().filter(wanted).collect())
}

pub(crate) fn choose(text: &str, entries: Vec<Entry>) -> Result<Entry, ResolveError> {
    let text = text.trim();
    let typed_id = text.to_ascii_uppercase();
    let long_enough = typed_id.len() >= ID_CHARS_MIN;
    let by_id = |entry: &&Entry| {
        let id = entry.id.to_string();
        long_enough && (id.starts_with(&typed_id) || id.ends_with(&typed_id))
    };
    let lower = text.to_lowercase();
    let tests: [&dyn Fn(&&Entry) -> bool; 4] = [
        &|entry| entry.id.to_string() == typed_id,
        &|entry| entry.title == text,
        &by_id,
        &|entry| entry.title.to_lowercase() == lower,
    ];
    for test in tests {
        let mut found: Vec<Entry> = entries.iter().filter(test).cloned().collect();
        if found.len() > 1 {
            let text = crate::check::quote(text);
            found.truncate(CANDIDATES_MAX);
            return Err(ResolveError::Ambiguous {
                text,
                candidates: found,
            });
        }
        if let Some(entry) = found.pop() {
            return Ok(entry);
        }
    }
    Err(ResolveError::NotFound(crate::check::quote(text)))
}

/// The object with this id at the root of the index.
fn keyed(index: &Automerge, id: ObjectId) -> Option<Entry> {
    Kind::KEYED
        .into_iter()
        .filter(|kind| kind.place() == Place::Index)
        .find_map(|kind| {
            let record = Record::keyed(index, &kind.key(id))?;
            Some(entry(id, kind, &record, None))
        })
}

fn sessions(entries: &[Entry]) -> Vec<ObjectId> {
    entries
        .iter()
        .filter(|e| e.kind == Kind::Session)
        .map(|e| e.id)
        .collect()
}

fn index_entries(index: &Automerge) -> Vec<Entry> {
    let mut entries = Vec::new();
    for kind in Kind::KEYED
        .into_iter()
        .filter(|kind| kind.place() == Place::Index)
    {
        for (id, record) in Record::all(index, kind) {
            entries.push(entry(id, kind, &record, None));
            for within in Kind::KEYED
                .into_iter()
                .filter(|k| k.place() == Place::Within(kind))
            {
                let children = record.children(within);
                entries.extend(children.iter().map(|(c, r)| entry(*c, within, r, Some(id))));
            }
        }
    }
    entries
}

fn session_entries(doc: &Automerge, session: ObjectId) -> Vec<Entry> {
    Kind::KEYED
        .into_iter()
        .filter(|kind| kind.place() == Place::SessionDocument)
        .flat_map(|kind| {
            let records = Record::all(doc, kind);
            records
                .into_iter()
                .map(move |(id, r)| entry(id, kind, &r, Some(session)))
        })
        .collect()
}

fn entry(id: ObjectId, kind: Kind, record: &Record<'_>, parent: Option<ObjectId>) -> Entry {
    let title = record
        .str("title")
        .or_else(|| record.str("text"))
        .or_else(|| record.str("behaviour"))
        .or_else(|| record.str("situation"))
        .unwrap_or_default();
    Entry {
        id,
        kind,
        title,
        parent,
    }
}
