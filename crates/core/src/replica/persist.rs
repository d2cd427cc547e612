//! Saves the state of the logs and the open documents, so that opening a notebook reads a cache and
//! the entries that came after it, not ten years of them.
//!
//! Held value: `version u8 ‖ device 32 ‖ incarnation 16 ‖ branch varint ‖ seq varint ‖ order varint ‖ why u8 ‖ changes
//! (count; document 16, bytes)`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fork::Fork;
use super::held::{HeldEntry, Why};
use super::state::{State, read_branch};
use super::{OpenReplicaError, Replica, SetAside};
use crate::codec::{DecodeError, Reader, Writer};
use crate::document::limits::CHANGE_BYTES_MAX;
use crate::document::{DocumentId, scan};
use crate::frontier::LogTip;
use crate::ids::{DeviceId, EntryHash, Incarnation, LogId, PersonId, Seq};
use crate::limits::{
    CHANGES_PER_ENTRY_MAX, DOCUMENTS_DIRTY_MAX, LOGS_MAX, SET_ASIDE_REASON_BYTES_MAX,
};
use crate::storage::{Space, Storage, Write};

const VERSION: u8 = 1;
const STALE_COPY_VERSION: u8 = 2;
/// Entries after which the saved state is brought up to date: replaying this many is quick.
const SNAPSHOT_ENTRIES: u64 = 512;

impl SetAside {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .raw(self.person.unwrap_or(PersonId::ZERO).as_bytes())
            .raw(self.device.as_bytes())
            .varint(self.seq.get())
            .bytes(truncated(&self.reason).as_bytes());
        writer.into_bytes()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        read_version(&mut reader)?;
        let person = PersonId::from_bytes(reader.array("person")?);
        let set_aside = Self {
            person: (!person.is_zero()).then_some(person),
            device: DeviceId::from_bytes(reader.array("device")?),
            seq: Seq::new(reader.varint("seq")?),
            reason: reader
                .text("reason", SET_ASIDE_REASON_BYTES_MAX)?
                .to_owned(),
        };
        reader.finish()?;
        Ok(set_aside)
    }
}

/// Returns as much of a reason as is kept.
pub(super) fn truncated(reason: &str) -> &str {
    reason
        .get(..reason.floor_char_boundary(SET_ASIDE_REASON_BYTES_MAX))
        .unwrap_or_default()
}

impl Replica {
    /// Reads what was held as of the saved state.
    pub(super) fn restore_held(&mut self, storage: &dyn Storage) -> Result<(), OpenReplicaError> {
        for (key, value) in storage.scan(self.notebook, Space::Held)? {
            let damaged = |reason: String| OpenReplicaError::Damaged {
                notebook: self.notebook,
                reason,
            };
            let hash = key
                .try_into()
                .map_err(|_| damaged("a held entry's hash".to_owned()))?;
            let entry = read_held(&value).map_err(|error| damaged(error.to_string()))?;
            self.held.restore(EntryHash::from_bytes(hash), entry);
        }
        Ok(())
    }

    /// Notes again which logs of the saved state are forked.
    pub(super) fn restore_forks(&mut self) {
        let forked = self.logs.keys().filter(|id| id.number > 0);
        self.forks = forked.map(|id| (id.log, Fork::new())).collect();
    }

    /// Reads whether this home is an older copy, and what it or one of an earlier device wrote as one.
    pub(super) fn restore_stale_copy(
        &mut self,
        storage: &dyn Storage,
    ) -> Result<(), OpenReplicaError> {
        for (_, value) in storage.scan(self.notebook, Space::StaleCopy)? {
            let (device, written) =
                read_stale_copy(&value).map_err(|error| OpenReplicaError::Damaged {
                    notebook: self.notebook,
                    reason: error.to_string(),
                })?;
            let own = self.device.id();
            self.stale_copy |= device.is_none_or(|device| device == own);
            self.written.extend(written);
        }
        Ok(())
    }

    /// Reads which entries were written again.
    pub(super) fn restore_rewritten(
        &mut self,
        storage: &dyn Storage,
    ) -> Result<(), OpenReplicaError> {
        for (key, value) in storage.scan(self.notebook, Space::Rewritten)? {
            let damaged = |reason: String| OpenReplicaError::Damaged {
                notebook: self.notebook,
                reason,
            };
            let source = key
                .try_into()
                .map_err(|_| damaged("a rewritten entry's hash".to_owned()))?;
            let written = read_rewritten(&value).map_err(|error| damaged(error.to_string()))?;
            self.rewritten
                .insert(EntryHash::from_bytes(source), written);
        }
        Ok(())
    }

    /// Says whether the saved state lags far enough behind to be worth saving again. While much is placed that
    /// was put off, that is so once many documents have changed: they are open until they are saved.
    pub fn wants_snapshot(&self) -> bool {
        if self.is_behind() {
            self.dirty.len() >= DOCUMENTS_DIRTY_MAX
        } else {
            self.entries_since_snapshot >= SNAPSHOT_ENTRIES
        }
    }

    /// Says whether the saved state lags far enough behind to be saved again while nobody waits.
    pub const fn may_snapshot(&self) -> bool {
        self.entries_since_snapshot >= SNAPSHOT_ENTRIES / 2 && !self.is_behind()
    }

    /// Has the state saved with the next commit.
    pub(super) const fn lag_behind_saved(&mut self) {
        self.entries_since_snapshot = SNAPSHOT_ENTRIES;
    }

    /// Says whether anything came since the state was saved.
    pub const fn is_snapshot_current(&self) -> bool {
        self.entries_since_snapshot == 0
    }

    /// Notes that more was placed than the saved state says, although it came before that was saved.
    pub(super) fn note_placed(&mut self) {
        self.entries_since_snapshot = self.entries_since_snapshot.max(SNAPSHOT_ENTRIES);
    }

    /// Adds the state of the logs and every changed document to the unsaved writes.
    pub fn snapshot(&mut self) {
        for id in std::mem::take(&mut self.dirty) {
            let (space, key) = (Space::Document, id.as_bytes().to_vec());
            self.unsaved.push(match self.documents.document(&id) {
                Some(document) => Write::Put {
                    space,
                    key,
                    value: document.save(),
                },
                // Nothing in it counts any more.
                None => Write::Delete { space, key },
            });
        }
        for (hash, entry) in self.held.take_changed() {
            let (space, key) = (Space::Held, hash.as_bytes().to_vec());
            self.unsaved.push(match entry {
                Some(entry) => Write::Put {
                    space,
                    key,
                    value: held_bytes(entry),
                },
                None => Write::Delete { space, key },
            });
        }
        self.unsaved.push(Write::Put {
            space: Space::State,
            key: Vec::new(),
            value: State::to_bytes(self.next_position, &self.logs),
        });
        self.entries_since_snapshot = 0;
    }
}

impl Replica {
    /// Takes a saved state back that could not be kept: nothing is lost, and it is tried again after
    /// as many entries as always.
    pub fn snapshot_failed(&mut self) {
        for write in std::mem::take(&mut self.unsaved) {
            match write {
                Write::Put {
                    space: Space::Document,
                    key,
                    ..
                }
                | Write::Delete {
                    space: Space::Document,
                    key,
                } => {
                    let id = key.try_into().map(DocumentId::from_bytes);
                    self.dirty.extend(id);
                }
                Write::Put {
                    space: Space::Held,
                    key,
                    ..
                }
                | Write::Delete {
                    space: Space::Held,
                    key,
                } => {
                    if let Ok(hash) = key.try_into() {
                        self.held.note_changed(EntryHash::from_bytes(hash));
                    }
                }
                Write::Put {
                    space: Space::State,
                    ..
                } => {}
                other => self.unsaved.push(other),
            }
        }
        // Not none, since the state on disk is not the current one.
        self.entries_since_snapshot = 1;
    }
}

/// Returns the mark that an entry was written again, with the entries that stand for it.
pub(super) fn rewritten(source: &EntryHash, written: &BTreeSet<EntryHash>) -> Write {
    let mut writer = Writer::new();
    writer.u8(VERSION).varint(written.len() as u64);
    for entry in written {
        writer.raw(entry.as_bytes());
    }
    Write::Put {
        space: Space::Rewritten,
        key: source.as_bytes().to_vec(),
        value: writer.into_bytes(),
    }
}

fn read_rewritten(bytes: &[u8]) -> Result<BTreeSet<EntryHash>, DecodeError> {
    let mut reader = Reader::new(bytes);
    read_version(&mut reader)?;
    let mut written = BTreeSet::new();
    for _ in 0..reader.count("entries", reader.remaining())? {
        written.insert(EntryHash::from_bytes(reader.array("entry")?));
    }
    reader.finish()?;
    Ok(written)
}

pub(super) fn read_log_id(reader: &mut Reader<'_>) -> Result<LogId, DecodeError> {
    Ok(LogId {
        device: DeviceId::from_bytes(reader.array("device")?),
        incarnation: Incarnation::from_bytes(reader.array("incarnation")?),
    })
}

pub(super) fn read_number(reader: &mut Reader<'_>) -> Result<u16, DecodeError> {
    let number = reader.varint("branch")?;
    u16::try_from(number).map_err(|_| DecodeError::Invalid("branch"))
}

/// How far somebody wrote in which logs.
type Written = Vec<(LogId, LogTip)>;

/// Returns the mark of an older copy of a device: what that one had written until then.
pub(super) fn stale_copy(device: DeviceId, written: &[(LogId, LogTip)]) -> Write {
    let mut writer = Writer::new();
    writer
        .u8(STALE_COPY_VERSION)
        .raw(device.as_bytes())
        .varint(written.len() as u64);
    for (log, (seq, hash)) in written {
        writer
            .raw(log.device.as_bytes())
            .raw(log.incarnation.as_bytes())
            .varint(seq.get())
            .raw(hash.as_bytes());
    }
    Write::Put {
        space: Space::StaleCopy,
        key: device.as_bytes().to_vec(),
        value: writer.into_bytes(),
    }
}

/// Reads a mark; one of the first version names no device, and so whichever it was.
fn read_stale_copy(bytes: &[u8]) -> Result<(Option<DeviceId>, Written), DecodeError> {
    let mut reader = Reader::new(bytes);
    if reader.u8("version")? == 1 {
        return Ok((None, Vec::new()));
    }
    let device = DeviceId::from_bytes(reader.array("device")?);
    let mut written = Vec::new();
    for _ in 0..reader.count("logs", LOGS_MAX)? {
        let log = read_log_id(&mut reader)?;
        let seq = Seq::new(reader.varint("seq")?);
        written.push((log, (seq, EntryHash::from_bytes(reader.array("entry")?))));
    }
    reader.finish()?;
    Ok((Some(device), written))
}

fn held_bytes(entry: &HeldEntry) -> Vec<u8> {
    let mut writer = Writer::new();
    writer
        .u8(VERSION)
        .raw(entry.branch.log.device.as_bytes())
        .raw(entry.branch.log.incarnation.as_bytes())
        .varint(entry.branch.number.into())
        .varint(entry.seq.get())
        .varint(entry.order)
        .u8(entry.why.code())
        .varint(entry.changes.len() as u64);
    for (document, change) in entry.changes.iter() {
        writer.raw(document.as_bytes()).bytes(change.bytes());
    }
    writer.into_bytes()
}

fn read_held(bytes: &[u8]) -> Result<HeldEntry, DecodeError> {
    let mut reader = Reader::new(bytes);
    read_version(&mut reader)?;
    let branch = read_branch(&mut reader)?;
    let seq = Seq::new(reader.varint("seq")?);
    let order = reader.varint("order")?;
    let why = Why::of(reader.u8("why")?).ok_or(DecodeError::Invalid("why"))?;
    let mut changes = Vec::new();
    for _ in 0..reader.count("changes", CHANGES_PER_ENTRY_MAX)? {
        let document = DocumentId::from_bytes(reader.array("document")?);
        let change = scan(reader.bytes("change", CHANGE_BYTES_MAX)?)
            .map_err(|_| DecodeError::Invalid("change"))?;
        changes.push((document, change));
    }
    reader.finish()?;
    Ok(HeldEntry {
        branch,
        seq,
        order,
        why,
        changes: Arc::new(changes),
    })
}

pub(super) fn read_version(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    read_version_of(reader, VERSION)
}

pub(super) fn read_version_of(reader: &mut Reader<'_>, wanted: u8) -> Result<(), DecodeError> {
    reader.known("record version", wanted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_any_length_is_kept_as_far_as_it_can_be_read_again() {
        for len in [0, 1, 511, 512, 513, 9_000] {
            // Two bytes each, behind one, so that the limit falls inside a character.
            let reason = format!("x{}", "ü".repeat(len));
            let set_aside = SetAside {
                person: None,
                device: DeviceId::from_bytes([1; 32]),
                seq: Seq::new(3),
                reason: reason.clone(),
            };
            let read = SetAside::parse(&set_aside.to_bytes()).unwrap();
            assert!(reason.starts_with(&read.reason));
            assert!(read.reason.len() >= reason.len().min(SET_ASIDE_REASON_BYTES_MAX - 1));
        }
    }
}
