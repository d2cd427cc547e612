//! Documents ahead of their entries: what somebody who lacks years of a notebook is shown first.
//!
//! It holds all changes of a few documents, and of each log the last entry, which is signed and names the root over
//! the log's last change in every document. An Automerge change names those it builds on by their hashes, so the last
//! change of each log in a document proves all before it: that it is the one that its author signed is shown by the
//! buckets of the root. Nothing of it is believed for who sent it, and nothing of it is kept, acknowledged or built
//! upon: the entries come as well, and what they say is what counts.
//!
//! Layout: `version u8 ‖ logs: list of (entry bytes ‖ proof) ‖ changes (bytes)`, the changes as
//! [`document::pack`](crate::document) packs them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{EntryError, RawEntry, TipsProof, actor_of};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::Secret;
use crate::document::pack::{self, Section, UnpackError};
use crate::document::{Change, DocumentId, ScanError};
use crate::epoch::EpochKeys;
use crate::ids::{ActorId, EpochId, LogId, NotebookId};
use crate::limits::{
    AHEAD_DOCUMENTS_MAX, AHEAD_OPERATIONS_MAX, ENTRY_BYTES_MAX, LOGS_MAX, PACK_BYTES_MAX,
};

const VERSION: u8 = 1;

/// Why documents that came ahead are not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AheadError {
    /// The bytes do not follow the layout.
    #[error("the documents ahead are malformed: {0}")]
    Layout(#[from] DecodeError),
    /// The changes do not unpack.
    #[error(transparent)]
    Changes(#[from] UnpackError),
    /// The last entry of a log is malformed or does not open.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The key of an epoch is not here.
    #[error("the key of epoch {0:?} is not here")]
    KeyMissing(EpochId),
    /// The root that an entry signs is another one.
    #[error("the proof of device {} does not fit what it signed", .0.device)]
    Root(LogId),
    /// A change is proven by no signed entry.
    #[error("a change of document {0:?} is proven by no signed entry")]
    Unproven(DocumentId),
}

/// The last entry of a log, and what shows the documents in its root.
#[derive(Debug, Clone)]
pub struct AheadLog {
    /// The entry, signed.
    pub entry: Arc<RawEntry>,
    /// The buckets of its root.
    pub proof: TipsProof,
}

/// Documents ahead of their entries.
#[derive(Debug)]
pub struct Ahead {
    logs: Vec<AheadLog>,
    changes: Vec<u8>,
}

impl Ahead {
    /// Writes documents with what proves them.
    ///
    /// # Errors
    /// [`ScanError`] where a change is not one that went through the scan, which its type rules out.
    pub fn write(logs: &[AheadLog], sections: &[Section]) -> Result<Vec<u8>, ScanError> {
        let mut writer = Writer::new();
        writer.u8(VERSION).varint(logs.len() as u64);
        for log in logs {
            writer.bytes(log.entry.as_bytes());
            log.proof.write(&mut writer);
        }
        writer.bytes(&pack::pack(sections, &mut pack::Histories::new())?);
        Ok(writer.into_bytes())
    }

    /// Reads the layout.
    ///
    /// # Errors
    /// [`AheadError`] says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, AheadError> {
        let mut reader = Reader::new(bytes);
        reader.known("version of documents ahead", VERSION)?;
        let mut logs = Vec::new();
        let mut known: BTreeSet<LogId> = BTreeSet::new();
        for _ in 0..reader.count("logs", LOGS_MAX)? {
            let entry = reader.bytes("entry", ENTRY_BYTES_MAX)?.to_vec();
            let entry = Arc::new(RawEntry::parse(entry)?);
            if !known.insert(entry.header().log) {
                return Err(DecodeError::Invalid("a log twice").into());
            }
            let proof = TipsProof::read(&mut reader)?;
            logs.push(AheadLog { entry, proof });
        }
        let changes = reader.bytes("changes", PACK_BYTES_MAX)?.to_vec();
        reader.finish()?;
        Ok(Self { logs, changes })
    }

    /// Returns the last entry of each log. That each is signed by its device, and counts, is for the caller to
    /// check.
    pub fn entries(&self) -> impl Iterator<Item = &RawEntry> {
        self.logs.iter().map(|log| &*log.entry)
    }

    /// Returns the changes of each document, once all of them are shown to be what the entries signed.
    ///
    /// # Errors
    /// [`AheadError`] where any is not.
    pub fn sections(
        &self,
        notebook: NotebookId,
        keys: &EpochKeys,
    ) -> Result<Vec<Section>, AheadError> {
        let mut authors: BTreeMap<ActorId, &TipsProof> = BTreeMap::new();
        for AheadLog { entry, proof } in &self.logs {
            let header = entry.header();
            let missing = AheadError::KeyMissing(header.epoch);
            let key = keys.get(&header.epoch).ok_or(missing)?;
            let body = RawEntry::clone(entry).trusted(notebook).open_alone(key)?;
            if body.root != proof.root() {
                return Err(AheadError::Root(header.log));
            }
            authors.insert(actor_of(notebook, header.log), proof);
        }
        let sections = pack::unpack(&self.changes, &mut pack::Histories::new())?;
        if sections.len() > AHEAD_DOCUMENTS_MAX {
            return Err(DecodeError::Invalid("number of documents").into());
        }
        let changes = sections.iter().flat_map(|(_, changes)| changes);
        let operations: u64 = changes.map(|change| change.facts().op_count).sum();
        if operations > AHEAD_OPERATIONS_MAX {
            return Err(DecodeError::TooMany {
                what: "operations of documents ahead",
                found: operations,
                limit: AHEAD_OPERATIONS_MAX,
            }
            .into());
        }
        let mut seen: BTreeSet<DocumentId> = BTreeSet::new();
        for (document, changes) in &sections {
            if !seen.insert(*document) || !are_proven(document, changes, &authors) {
                return Err(AheadError::Unproven(*document));
            }
        }
        Ok(sections)
    }
}

/// Says whether the changes of a document are those that each author's last one, which is signed, stands on: each
/// behind all that it depends on, among them its author's one before.
fn are_proven(
    document: &DocumentId,
    changes: &[Change],
    authors: &BTreeMap<ActorId, &TipsProof>,
) -> bool {
    let mut known = BTreeSet::new();
    let mut last = BTreeMap::new();
    for change in changes {
        let facts = change.facts();
        let is_behind = facts.deps.iter().all(|dep| known.contains(dep));
        let follows = match last.get(&facts.actor) {
            None => facts.seq == 1,
            Some((seq, hash)) => facts.seq == seq + 1 && facts.deps.binary_search(hash).is_ok(),
        };
        if !is_behind || !follows {
            return false;
        }
        known.insert(facts.hash);
        last.insert(facts.actor, (facts.seq, facts.hash));
    }
    last.keys().all(|actor| authors.contains_key(actor))
        && authors.iter().all(|(actor, proof)| {
            let here = last.get(actor).map(|(_, hash)| *hash);
            proof.tip(document) == Some(here)
        })
}

/// Returns the documents of which an entry has changes, as they come up; none where it does not open.
pub fn documents_of(notebook: NotebookId, entry: &RawEntry, key: &Secret) -> Vec<DocumentId> {
    let opened = entry.clone().trusted(notebook).open_alone(key);
    opened.map(|body| body.documents).unwrap_or_default()
}
