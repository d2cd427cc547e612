//! What is found out about a base once, and kept: who wrote in it, and what was signed in it.

use std::collections::BTreeMap;

use automerge::ChangeHash;

use crate::codec::{DecodeError, Reader, Writer};
use crate::control::TextSignature;
use crate::document::DocumentId;
use crate::ids::{ActorId, ControlHash, DeviceId, NotebookId, PersonId};
use crate::limits::{
    BASE_DEPTH_MAX, CONTROL_ENTRIES_MAX, LOGS_MAX, NAME_BYTES_MAX, SET_ASIDE_REASON_BYTES_MAX,
    SIGNED_HEADS_MAX,
};
use crate::log::actor_of;
use crate::replica::{ProfileSource, Replica};
use crate::storage::{Storage, StorageError};

use super::BaseStanding;

/// Whose device wrote the changes of an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseAuthor {
    /// The actor, in documents.
    pub actor: ActorId,
    /// The person.
    pub person: PersonId,
    /// The device.
    pub device: DeviceId,
    /// How many changes of theirs the documents show.
    pub changes: u64,
}

/// A change that did not count by itself in the old notebook, and was shown since others built on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseAdopted {
    /// The document.
    pub document: DocumentId,
    /// The change.
    pub change: ChangeHash,
    /// Why it did not count, in words for a person.
    pub reason: String,
    /// Who built on it.
    pub built_on_by: Vec<PersonId>,
}

/// What a base says, once it was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BaseFacts {
    /// The notebook that was forked, then the one that that was forked from, and so on.
    pub notebooks: Vec<NotebookId>,
    /// How many entries are in it, those of the ones below included.
    pub entries: u64,
    /// When the first and the last of the changes were written, by the clocks of their authors, in seconds since 1970.
    pub written: (i64, i64),
    /// Who wrote in it, by actor.
    pub authors: Vec<BaseAuthor>,
    /// What people called themselves there.
    pub names: BTreeMap<PersonId, String>,
    /// What devices were called there.
    pub labels: BTreeMap<DeviceId, String>,
    /// What was signed there, and whether that counted.
    pub signatures: Vec<TextSignature>,
    /// What was shown there although it did not count by itself.
    pub adopted: Vec<BaseAdopted>,
}

impl BaseFacts {
    /// Finds out what a replica says that only reads a base.
    pub(super) fn of(replica: &mut Replica, storage: &dyn Storage) -> Result<Self, StorageError> {
        let mut facts = match replica.base() {
            BaseStanding::Sound(below) => below.clone(),
            _ => Self::default(),
        };
        facts.notebooks.insert(0, replica.notebook());
        facts.entries += replica.next_position();
        let notebook = replica.notebook();
        let logs: Vec<_> = replica.tips().map(|(log, _)| log).collect();
        let people: Vec<(PersonId, DeviceId)> = replica
            .controls()
            .devices()
            .map(|(person, card)| (person, card.id()))
            .collect();
        for log in logs {
            if let Some((person, _)) = replica.controls().device(&log.device) {
                facts.authors.push(BaseAuthor {
                    actor: actor_of(notebook, log),
                    person,
                    device: log.device,
                    changes: 0,
                });
            }
        }
        facts.authors.sort_by_key(|author| author.actor);
        facts.authors.dedup_by_key(|author| author.actor);
        facts.count_changes(replica);
        for (person, device) in people {
            let profile = replica.profile(person);
            if profile.source == ProfileSource::Admission {
                facts.names.insert(person, profile.name);
            }
            if let Some(label) = replica.device_label(device) {
                facts.labels.insert(device, label);
            }
        }
        facts.signatures.extend(replica.text_signatures());
        for shown in replica.adopted(usize::MAX, storage)?.into_values() {
            let people: Vec<PersonId> = shown.built_on_by.iter().copied().collect();
            let changes = shown.changes.into_iter();
            facts
                .adopted
                .extend(changes.map(|(document, change)| BaseAdopted {
                    document,
                    change,
                    reason: shown.reason.to_owned(),
                    built_on_by: people.clone(),
                }));
        }
        Ok(facts)
    }

    fn count_changes(&mut self, replica: &Replica) {
        let mut counts: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        for id in replica.documents().ids() {
            let document = replica.documents().get(&id);
            for change in document.into_iter().flat_map(|it| it.get_changes_meta(&[])) {
                *counts.entry(change.actor.to_bytes().to_vec()).or_default() += 1;
                first = first.min(change.timestamp);
                last = last.max(change.timestamp);
            }
        }
        self.written = (first, last);
        for author in &mut self.authors {
            let count = counts.get(&author.actor.as_bytes()[..]);
            author.changes = count.copied().unwrap_or_default();
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.varint(self.notebooks.len() as u64);
        for notebook in &self.notebooks {
            writer.raw(notebook.as_bytes());
        }
        writer
            .varint(self.entries)
            .raw(&self.written.0.to_le_bytes())
            .raw(&self.written.1.to_le_bytes())
            .varint(self.authors.len() as u64);
        for author in &self.authors {
            writer
                .raw(author.actor.as_bytes())
                .raw(author.person.as_bytes())
                .raw(author.device.as_bytes())
                .varint(author.changes);
        }
        writer.varint(self.names.len() as u64);
        for (person, name) in &self.names {
            writer.raw(person.as_bytes()).bytes(name.as_bytes());
        }
        writer.varint(self.labels.len() as u64);
        for (device, label) in &self.labels {
            writer.raw(device.as_bytes()).bytes(label.as_bytes());
        }
        writer.varint(self.signatures.len() as u64);
        for signature in &self.signatures {
            write_signature(signature, writer);
        }
        writer.varint(self.adopted.len() as u64);
        for adopted in &self.adopted {
            writer
                .raw(adopted.document.as_bytes())
                .raw(&adopted.change.0)
                .bytes(adopted.reason.as_bytes())
                .varint(adopted.built_on_by.len() as u64);
            for person in &adopted.built_on_by {
                writer.raw(person.as_bytes());
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut facts = Self::default();
        for _ in 0..reader.count("notebooks", BASE_DEPTH_MAX)? {
            let notebook = NotebookId::from_bytes(reader.array("notebook")?);
            facts.notebooks.push(notebook);
        }
        facts.entries = reader.varint("entries")?;
        facts.written = (
            i64::from_le_bytes(reader.array("first time")?),
            i64::from_le_bytes(reader.array("last time")?),
        );
        for _ in 0..reader.count("authors", LOGS_MAX * BASE_DEPTH_MAX)? {
            facts.authors.push(BaseAuthor {
                actor: ActorId::from_bytes(reader.array("actor")?),
                person: PersonId::from_bytes(reader.array("person")?),
                device: DeviceId::from_bytes(reader.array("device")?),
                changes: reader.varint("changes")?,
            });
        }
        let most = CONTROL_ENTRIES_MAX * BASE_DEPTH_MAX;
        for _ in 0..reader.count("names", most)? {
            let person = PersonId::from_bytes(reader.array("person")?);
            let name = reader.text("name", NAME_BYTES_MAX)?.to_owned();
            facts.names.insert(person, name);
        }
        for _ in 0..reader.count("labels", most)? {
            let device = DeviceId::from_bytes(reader.array("device")?);
            let label = reader.text("label", NAME_BYTES_MAX)?.to_owned();
            facts.labels.insert(device, label);
        }
        for _ in 0..reader.count("signatures", most)? {
            facts.signatures.push(read_signature(reader)?);
        }
        for _ in 0..reader.count("adopted changes", reader.remaining())? {
            let mut adopted = BaseAdopted {
                document: DocumentId::from_bytes(reader.array("document")?),
                change: ChangeHash(reader.array("change")?),
                reason: reader
                    .text("reason", SET_ASIDE_REASON_BYTES_MAX)?
                    .to_owned(),
                built_on_by: Vec::new(),
            };
            for _ in 0..reader.count("people", reader.remaining())? {
                let person = PersonId::from_bytes(reader.array("person")?);
                adopted.built_on_by.push(person);
            }
            facts.adopted.push(adopted);
        }
        Ok(facts)
    }
}

fn write_signature(signature: &TextSignature, writer: &mut Writer) {
    writer
        .raw(signature.entry.as_bytes())
        .raw(signature.person.as_bytes())
        .raw(signature.device.as_bytes())
        .raw(&signature.text_hash)
        .raw(signature.document.as_bytes())
        .varint(signature.document_heads.len() as u64);
    for head in &signature.document_heads {
        writer.raw(&head.0);
    }
    writer.u8(signature.counts.into());
}

fn read_signature(reader: &mut Reader<'_>) -> Result<TextSignature, DecodeError> {
    let mut signature = TextSignature {
        entry: ControlHash::from_bytes(reader.array("control entry")?),
        person: PersonId::from_bytes(reader.array("person")?),
        device: DeviceId::from_bytes(reader.array("device")?),
        text_hash: reader.array("text hash")?,
        document: DocumentId::from_bytes(reader.array("document")?),
        document_heads: Vec::new(),
        counts: false,
    };
    for _ in 0..reader.count("heads", SIGNED_HEADS_MAX)? {
        signature
            .document_heads
            .push(ChangeHash(reader.array("head")?));
    }
    signature.counts = reader.u8("counts")? == 1;
    Ok(signature)
}
