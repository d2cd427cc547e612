//! What is known of a session's document without opening it: when it changed last, whether two values stand beside
//! each other in it, and what part each person has in it.
//!
//! A cache: for each document it remembers what it was read from, and what differs is read anew. It stays in memory while
//! the process runs, and in the sealed store for the next one.

use std::collections::BTreeMap;

use hearth_core::codec::{DecodeError, Reader, Writer};
use hearth_core::document::DocumentId as CoreDocumentId;
use hearth_core::ids::NotebookId;
use hearth_notebook::reciprocity::{InSession, in_session};
use hearth_notebook::{DocumentId, Documents, People, conflict, session};

use super::answer::unavailable;
use crate::api::Failure;
use crate::host::Host;

const KEPT_AS: &str = "document facts";
const VERSION: u8 = 2;
/// Most notebooks that kept facts may name; a guard against damaged counts.
const NOTEBOOKS_MAX: usize = 1 << 16;
/// Most people of whom one document's facts may tell, and bytes of the id of one; a guard against damaged counts.
const PEOPLE_MAX: usize = 1 << 12;
const PERSON_BYTES_MAX: usize = 256;
/// Documents that are read anew each time rather than that all facts are sealed again.
const UNSAVED_MAX: usize = 8;

/// What is known of the documents of a home.
#[derive(Debug, Default)]
pub(crate) struct FactsCache {
    notebooks: BTreeMap<NotebookId, Known>,
    is_loaded: bool,
    /// How many documents the kept facts lack or have otherwise.
    unsaved: usize,
}

/// What is known of the documents of a notebook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    /// What decides which entries count.
    counting: [u8; 32],
    /// Each document's facts, with the digest of the changes that they were read from.
    documents: BTreeMap<DocumentId, ([u8; 32], DocumentFacts)>,
}

/// What is known of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DocumentFacts {
    /// When its newest change was made, in seconds since 1970 UTC by its author's clock.
    pub(super) newest: i64,
    /// Whether any field in it has more than one value; whether that is a dispute takes a closer look.
    pub(super) is_concurrent: bool,
    /// What part each person has in it, by the id of the person.
    pub(super) parts: BTreeMap<String, InSession>,
}

impl DocumentFacts {
    fn read(
        docs: &mut dyn Documents,
        people: &dyn People,
        id: DocumentId,
    ) -> Result<Self, Failure> {
        let Some(doc) = docs.read(id).map_err(unavailable)? else {
            return Ok(Self {
                newest: i64::MIN,
                is_concurrent: false,
                parts: BTreeMap::new(),
            });
        };
        let times = doc.get_changes_meta(&[]).into_iter();
        Ok(Self {
            newest: times
                .map(|change| change.timestamp)
                .max()
                .unwrap_or(i64::MIN),
            is_concurrent: conflict::is_concurrent(doc, id),
            parts: in_session(doc, people),
        })
    }
}

/// Returns what is known of the document of every session, after reading those that changed since.
pub(super) fn of_sessions(
    host: &mut Host,
    notebook: NotebookId,
) -> Result<BTreeMap<DocumentId, DocumentFacts>, Failure> {
    let sessions = host.read(notebook, |docs, _| session::ids(docs).map_err(unavailable))?;
    // What is shown ahead of its entries is not what the marks speak of.
    let is_ahead = host.is_ahead(notebook);
    let mut cache = std::mem::take(&mut host.facts);
    if !cache.is_loaded {
        cache = load(host);
    }
    let read = bring_up_to_date(host, &mut cache, notebook, &sessions, is_ahead);
    host.facts = cache;
    read
}

fn bring_up_to_date(
    host: &mut Host,
    cache: &mut FactsCache,
    notebook: NotebookId,
    sessions: &[DocumentId],
    is_ahead: bool,
) -> Result<BTreeMap<DocumentId, DocumentFacts>, Failure> {
    let replica = host.engine.replica(notebook);
    let marks = replica.map(hearth_core::replica::Replica::document_marks);
    let counting = replica.map(hearth_core::replica::Replica::counting_mark);
    let (marks, counting) = (marks.unwrap_or_default(), counting.unwrap_or_default());
    let known = cache.notebooks.entry(notebook).or_default();
    if known.counting != counting {
        *known = Known {
            counting,
            documents: BTreeMap::new(),
        };
    }
    let mut facts = BTreeMap::new();
    for id in sessions {
        let mark = marks.get(&CoreDocumentId::from_bytes(id.0));
        let mark = mark.copied().unwrap_or_default();
        let found = match known.documents.get(id) {
            Some((of, found)) if *of == mark && !is_ahead => found.clone(),
            _ => {
                let found = host.read(notebook, |docs, people| {
                    DocumentFacts::read(docs, people, *id)
                })?;
                if !is_ahead {
                    known.documents.insert(*id, (mark, found.clone()));
                    cache.unsaved += 1;
                }
                found
            }
        };
        facts.insert(*id, found);
    }
    Ok(facts)
}

/// Keeps in the sealed store what is known, where much of it is new. A node does so before it ends.
///
/// # Errors
/// A [`Failure`] where the disk fails; nothing is lost then but the time to read it again.
pub fn keep_document_facts(host: &mut Host) -> Result<(), Failure> {
    if host.facts.unsaved <= UNSAVED_MAX {
        return Ok(());
    }
    let Host { facts, engine, .. } = &mut *host;
    // Of what is gone nothing is kept.
    facts
        .notebooks
        .retain(|notebook, _| engine.replica(*notebook).is_some());
    let bytes = to_bytes(&facts.notebooks);
    host.put_own(KEPT_AS, &bytes)?;
    host.facts.unsaved = 0;
    Ok(())
}

/// Forgets what is known, in memory and on the disk.
pub(super) fn forget_document_facts(host: &mut Host) -> Result<(), Failure> {
    host.facts = FactsCache::default();
    host.storage
        .forget_own(KEPT_AS)
        .map_err(crate::host::storage_failed)
}

fn to_bytes(notebooks: &BTreeMap<NotebookId, Known>) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(VERSION).varint(notebooks.len() as u64);
    for (notebook, known) in notebooks {
        writer
            .raw(notebook.as_bytes())
            .raw(&known.counting)
            .varint(known.documents.len() as u64);
        for (document, (mark, facts)) in &known.documents {
            writer
                .raw(&document.0)
                .raw(mark)
                .raw(&facts.newest.to_le_bytes())
                .u8(u8::from(facts.is_concurrent))
                .varint(facts.parts.len() as u64);
            for (person, part) in &facts.parts {
                writer
                    .bytes(person.as_bytes())
                    .varint(part.learned.into())
                    .varint(part.brought.into());
            }
        }
    }
    writer.into_bytes()
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<NotebookId, Known>, DecodeError> {
    let mut reader = Reader::new(bytes);
    reader.known("record version", VERSION)?;
    let mut notebooks = BTreeMap::new();
    for _ in 0..reader.count("notebooks", NOTEBOOKS_MAX)? {
        let notebook = NotebookId::from_bytes(reader.array("notebook")?);
        let mut known = Known {
            counting: reader.array("counting")?,
            documents: BTreeMap::new(),
        };
        for _ in 0..reader.count("documents", reader.remaining())? {
            let document = DocumentId(reader.array("document")?);
            let mark = reader.array("mark")?;
            let newest = i64::from_le_bytes(reader.array("newest")?);
            let is_concurrent = reader.u8("concurrent")? != 0;
            let facts = DocumentFacts {
                newest,
                is_concurrent,
                parts: parse_parts(&mut reader)?,
            };
            known.documents.insert(document, (mark, facts));
        }
        notebooks.insert(notebook, known);
    }
    reader.finish()?;
    Ok(notebooks)
}

fn parse_parts(reader: &mut Reader<'_>) -> Result<BTreeMap<String, InSession>, DecodeError> {
    let mut parts = BTreeMap::new();
    for _ in 0..reader.count("people", PEOPLE_MAX)? {
        let person = reader.text("person", PERSON_BYTES_MAX)?;
        let mut count = |what| {
            reader
                .varint(what)
                .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
        };
        let part = InSession {
            learned: count("learned")?,
            brought: count("brought")?,
        };
        parts.insert(person.to_owned(), part);
    }
    Ok(parts)
}

/// Takes up what was kept, or begins with nothing where there is none that serves.
fn load(host: &Host) -> FactsCache {
    let kept = host.get_own(KEPT_AS).ok().flatten();
    let notebooks = kept.and_then(|bytes| parse(&bytes).ok());
    FactsCache {
        notebooks: notebooks.unwrap_or_default(),
        is_loaded: true,
        unsaved: 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_kept_is_read_as_it_was_and_nothing_else_is() {
        let facts = DocumentFacts {
            newest: -7,
            is_concurrent: true,
            parts: BTreeMap::from([(
                "person".to_owned(),
                InSession {
                    learned: 2,
                    brought: 300,
                },
            )]),
        };
        let known = Known {
            counting: [3; 32],
            documents: BTreeMap::from([(DocumentId([4; 16]), ([5; 32], facts))]),
        };
        let notebooks = BTreeMap::from([(NotebookId::from_bytes([1; 32]), known)]);
        let bytes = to_bytes(&notebooks);
        assert_eq!(parse(&bytes).unwrap(), notebooks);
        crate::testing::nothing_else_is_read(&bytes, |bytes| parse(bytes).is_ok());
    }
}
