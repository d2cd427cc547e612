//! What a forked notebook goes on from, as a replica gathers it, checks it and keeps what it found; and the archive
//! that a fork of this one begins with.
//!
//! Invariant: of a notebook that names a base nothing is placed before the base is here whole and was checked. So the
//! documents are the same whatever came first. Parts of it are taken whatever becomes of whoever made the fork, since
//! the notebook's first entry names them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::log::BranchId;
use super::packs::PackBase;
use super::persist::{read_version, truncated};
use super::{OpenReplicaError, Replica};
use crate::base::{self, Archive, BaseError, BaseFacts, BaseStanding, Stretch};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::Secret;
use crate::document::{Document, DocumentId};
use crate::epoch::RekeyError;
use crate::ids::{EpochId, Incarnation, LogId, Seq};
use crate::limits::SET_ASIDE_REASON_BYTES_MAX;
use crate::log::{EntryError, EntryKeys, EntryKind, RawEntry, VerifiedEntry};
use crate::storage::{Position, Space, Storage, StorageError, Write};

const VERSION: u8 = 1;
const SOUND: u8 = 1;
const REFUSED: u8 = 2;
/// Bytes of history that are read at once for an archive.
const READ_BYTES_AIM: usize = 1024 * 1024;

/// Where a notebook stands with its base.
#[derive(Debug, Clone)]
pub(super) enum BaseState {
    None,
    Awaited,
    Sound(Arc<BaseFacts>),
    Refused(String),
}

impl BaseState {
    /// Says whether entries wait for the base, for ever where it was refused.
    pub(super) const fn holds_up(&self) -> bool {
        matches!(self, Self::Awaited | Self::Refused(_))
    }
}

/// Why no archive can be made of a notebook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// Nothing of it, or not what it goes on from, is here.
    #[error("the notebook's content has not arrived")]
    NotArrived,
    /// What it goes on from was refused, so there is nothing.
    #[error("what the notebook goes on from does not check: {0}")]
    Refused(String),
    /// It is longer than a base may be.
    #[error("the notebook is longer than what another one may go on from")]
    TooLong,
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why the parts of a base could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayBaseError {
    /// The key in force is missing.
    #[error(transparent)]
    Rekey(#[from] RekeyError),
    /// A part does not fit an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// What was written could not be read again.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// It does not check, as everybody else would find.
    #[error("what the new notebook would go on from does not check: {0}")]
    Refused(String),
}

impl Replica {
    /// Says where the notebook stands with what it goes on from.
    pub fn base(&self) -> BaseStanding<'_> {
        match &self.base {
            BaseState::None => BaseStanding::None,
            BaseState::Awaited => BaseStanding::Awaited,
            BaseState::Sound(facts) => BaseStanding::Sound(facts),
            BaseState::Refused(reason) => BaseStanding::Refused(reason),
        }
    }

    /// Notes how many bases below a notebook this is.
    pub(crate) const fn set_base_depth(&mut self, depth: usize) {
        self.base_depth = depth;
    }

    /// Takes the key of an epoch, where it fits.
    pub(crate) fn learn_epoch_key(&mut self, epoch: EpochId, key: &Secret) {
        self.has_new_keys |= self.keys.learn_key(&self.controls, epoch, key);
    }

    /// Gives all documents up.
    pub(crate) fn into_documents(mut self) -> Vec<(DocumentId, Document)> {
        let ids: Vec<DocumentId> = self.documents.ids().collect();
        let taken = ids.into_iter().filter_map(|id| {
            let document = self.documents.remove(&id)?;
            Some((id, document))
        });
        taken.collect()
    }

    /// Returns where a notebook with the control entries that are here begins.
    pub(super) fn base_to_await(&self) -> BaseState {
        if self.controls.base().is_empty() {
            BaseState::None
        } else {
            BaseState::Awaited
        }
    }

    /// Places a part of the base, which is the oldest pending entry of a log.
    pub(super) fn place_part(
        &mut self,
        id: &BranchId,
        entry: &RawEntry,
        part: &[u8],
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        let seq = entry.header().seq;
        let hashes = self.controls.base();
        let (count, named) = (hashes.len() as u64, part_at(hashes, seq));
        if named != Some(&base::part_hash(part)) {
            let reason = "it is not the part that the notebook's first entry names";
            self.settle_unreadable(*id, reason);
            return Ok(());
        }
        if let Some(log) = self.logs.get_mut(id) {
            log.pending.pop_front();
            log.settle(seq, None);
        }
        self.ready_branches(id, seq);
        if seq.get() == count && matches!(self.base, BaseState::Awaited) {
            self.take_base(id, storage)?;
        }
        Ok(())
    }

    /// Checks the base that a log holds, and has the documents go on from it.
    fn take_base(&mut self, id: &BranchId, storage: &dyn Storage) -> Result<(), StorageError> {
        let Some(archive) = self.gather(id, storage)? else {
            return Ok(());
        };
        match base::open(&archive, self.base_depth + 1) {
            Ok(opened) => {
                for (document, content) in opened.documents {
                    self.documents.insert(document, content);
                    self.dirty.insert(document);
                    self.uses.note(document);
                }
                self.base = BaseState::Sound(Arc::new(opened.facts));
                self.is_rebuilt = true;
            }
            Err(error) => {
                self.base = BaseState::Refused(truncated(&error.to_string()).to_owned());
            }
        }
        self.keep_base();
        // To check it again costs more than to save what came out of it.
        self.lag_behind_saved();
        Ok(())
    }

    /// Puts the parts of a log together; `None` where they are not all there, as in a log that goes on after changes.
    fn gather(
        &self,
        id: &BranchId,
        storage: &dyn Storage,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let hashes = self.controls.base();
        let mut archive = Vec::new();
        for seq in (1..=hashes.len() as u64).map(Seq::new) {
            let log = self.logs.get(&self.branch_at(id, seq));
            let Some(position) = log.and_then(|log| log.position_of(seq)) else {
                return Ok(None);
            };
            let entry = self.entry_at(position, storage)?;
            let key = self.keys.get(&entry.header().epoch);
            let is_part = entry.header().kind == EntryKind::BasePart;
            let Some(key) = key.filter(|_| is_part) else {
                return Ok(None);
            };
            let entry = entry.as_ref().clone().trusted(self.notebook);
            let opened = entry.open(key, &crate::log::DocumentTips::default());
            match opened.ok().and_then(|body| body.part) {
                Some(part) if part_at(hashes, seq) == Some(&base::part_hash(&part)) => {
                    archive.extend_from_slice(base::piece_of(&part));
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(archive))
    }

    /// Checks the base once more, from the disk alone; `None` where there is none, or not all of it is here.
    ///
    /// # Errors
    /// [`StorageError`] where it cannot be read.
    pub fn check_base(
        &self,
        storage: &dyn Storage,
    ) -> Result<Option<Result<BaseFacts, BaseError>>, StorageError> {
        let count = Seq::new(self.controls.base().len() as u64);
        let whole = self.logs.keys().copied().filter(|id| {
            let log = self.logs.get(id);
            count != Seq::NONE && log.is_some_and(|log| log.tip_seq() >= count)
        });
        for id in whole.collect::<Vec<BranchId>>() {
            if let Some(archive) = self.gather(&id, storage)? {
                let opened = base::open(&archive, self.base_depth + 1);
                return Ok(Some(opened.map(|opened| opened.facts)));
            }
        }
        Ok(None)
    }

    fn keep_base(&mut self) {
        let mut writer = Writer::new();
        writer.u8(VERSION);
        match &self.base {
            BaseState::Sound(facts) => facts.write(writer.u8(SOUND)),
            BaseState::Refused(reason) => {
                writer.u8(REFUSED).bytes(reason.as_bytes());
            }
            BaseState::None | BaseState::Awaited => return,
        }
        self.unsaved.push(Write::Put {
            space: Space::Base,
            key: Vec::new(),
            value: writer.into_bytes(),
        });
    }

    /// Reads what was found out about the base, where the saved state has it placed.
    pub(super) fn restore_base(&mut self, storage: &dyn Storage) -> Result<(), OpenReplicaError> {
        let count = Seq::new(self.controls.base().len() as u64);
        let creator = self.controls.get(&self.controls.create());
        let Some(creator) = creator.map(|create| create.device) else {
            return Ok(());
        };
        // Nothing else of the creator's is placed before the base is.
        let is_placed = count != Seq::NONE
            && self.logs.iter().any(|(id, log)| {
                let is_whole = log.broken.is_none_or(|broken| broken > count);
                id.log.device == creator && log.is_ready && is_whole && log.settled >= count
            });
        if !is_placed {
            return Ok(());
        }
        let damaged = |reason: String| OpenReplicaError::Damaged {
            notebook: self.notebook,
            reason,
        };
        let kept = storage.get(self.notebook, Space::Base, &[])?;
        let kept =
            kept.ok_or_else(|| damaged("what is known of its base is missing".to_owned()))?;
        self.base = read_base(&kept).map_err(|error| damaged(error.to_string()))?;
        Ok(())
    }

    /// Writes the parts of a base as the first entries of this device's log, and checks them as everybody will. All
    /// is unsaved.
    ///
    /// # Errors
    /// [`LayBaseError`]; the new notebook is of no use then.
    pub fn lay_base(
        &mut self,
        parts: &[Vec<u8>],
        storage: &dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), LayBaseError> {
        let epoch = self.sealing_epoch().ok_or(RekeyError::KeyMissing)?;
        let mut bytes = [0; Incarnation::LEN];
        rng.fill_bytes(&mut bytes);
        let incarnation = Incarnation::from_bytes(bytes);
        let log = LogId {
            device: self.device.id(),
            incarnation,
        };
        self.own = Some(incarnation);
        for part in parts {
            let keys = EntryKeys {
                device: &self.device,
                epoch: (epoch, self.keys.get(&epoch).ok_or(RekeyError::KeyMissing)?),
                heads: self
                    .controls
                    .heads_covering(&[self.controls.create(), epoch.rekey()]),
            };
            let previous = self.trunk(&log).map_or_else(
                || (Seq::NONE, crate::ids::EntryHash::ZERO),
                super::log::Log::tip,
            );
            let entry = VerifiedEntry::write_part(self.notebook, log, previous, part, &keys)?;
            self.keep_entry(BranchId::trunk(log), Arc::new(entry.into_raw()));
        }
        self.advance(storage)?;
        match &self.base {
            BaseState::Sound(_) => Ok(()),
            BaseState::Refused(reason) => Err(LayBaseError::Refused(reason.clone())),
            BaseState::None | BaseState::Awaited => Err(LayBaseError::Refused(
                "its parts do not fit together".to_owned(),
            )),
        }
    }

    /// Returns the archive that a fork of this notebook goes on from: all of it that is placed and on the disk.
    ///
    /// # Errors
    /// [`ArchiveError`] where there is nothing that could be gone on from.
    pub fn archive(&self, storage: &dyn Storage) -> Result<Vec<u8>, ArchiveError> {
        match &self.base {
            BaseState::Awaited => return Err(ArchiveError::NotArrived),
            BaseState::Refused(reason) => return Err(ArchiveError::Refused(reason.clone())),
            BaseState::None | BaseState::Sound(_) => {}
        }
        let can_pack = self.forks.is_empty() && self.waiting() == 0 && !self.is_behind();
        let packs = if can_pack {
            self.stretches(storage)?
        } else {
            None
        };
        let stretches = match packs {
            Some(packs) => packs,
            None => vec![Stretch::Entries(self.placed_entries(storage)?)],
        };
        let mut keys = Vec::new();
        for epoch in self.epochs_named(storage)? {
            if let Some(key) = self.keys.get(&epoch) {
                keys.push((epoch, key.clone()));
            }
        }
        let archive = Archive {
            controls: self.controls.canonical().cloned().collect(),
            keys,
            stretches,
        };
        Ok(archive.to_bytes())
    }

    /// Packs all entries from the first one on; `None` where some cannot be packed.
    fn stretches(&self, storage: &dyn Storage) -> Result<Option<Vec<Stretch>>, StorageError> {
        let mut base = PackBase::default();
        let mut stretches = Vec::new();
        while let Some(pack) = self.pack_behind(&mut base, storage)? {
            let end = pack.end;
            stretches.push(Stretch::Pack(pack.bytes));
            if end >= self.committed_position {
                return Ok(Some(stretches));
            }
        }
        Ok(None)
    }

    /// Reads the entries that are placed, in the order in which they arrived. What waits says nothing yet.
    fn placed_entries(&self, storage: &dyn Storage) -> Result<Vec<Vec<u8>>, StorageError> {
        let mut placed: BTreeSet<Position> = BTreeSet::new();
        for log in self.logs.values() {
            let count = log.settled.get().saturating_sub(log.base_seq().get());
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            placed.extend(log.positions().iter().take(count));
        }
        let mut entries = Vec::new();
        self.each_entry(storage, |position, entry| {
            if placed.contains(&position) {
                entries.push(entry);
            }
        })?;
        Ok(entries)
    }

    /// Returns the epochs under which entries or labels are sealed. A key that nothing is sealed under yet is handed to
    /// nobody.
    fn epochs_named(&self, storage: &dyn Storage) -> Result<BTreeSet<EpochId>, StorageError> {
        let labels = self.controls.iter().filter_map(|entry| {
            let label = entry.label.as_ref()?;
            Some(label.epoch(entry.hash()))
        });
        let mut epochs: BTreeSet<EpochId> = labels.collect();
        self.each_entry(storage, |_, entry| {
            if let Ok(entry) = RawEntry::parse_any(entry) {
                epochs.insert(entry.header().epoch);
            }
        })?;
        Ok(epochs)
    }

    fn each_entry(
        &self,
        storage: &dyn Storage,
        mut work: impl FnMut(Position, Vec<u8>),
    ) -> Result<(), StorageError> {
        let mut from: Position = 0;
        while from < self.committed_position {
            let read = storage.entries(self.notebook, from, READ_BYTES_AIM)?;
            let Some((last, _)) = read.last() else {
                return Err(StorageError::Damaged("an entry is missing".to_owned()));
            };
            from = last + 1;
            for (position, entry) in read {
                work(position, entry);
            }
        }
        Ok(())
    }
}

fn part_at(hashes: &[crate::ids::PartHash], seq: Seq) -> Option<&crate::ids::PartHash> {
    let place = seq.get().checked_sub(1)?;
    hashes.get(usize::try_from(place).ok()?)
}

fn read_base(bytes: &[u8]) -> Result<BaseState, DecodeError> {
    let mut reader = Reader::new(bytes);
    read_version(&mut reader)?;
    let base = match reader.u8("state of the base")? {
        SOUND => BaseState::Sound(Arc::new(BaseFacts::read(&mut reader)?)),
        REFUSED => {
            let reason = reader.text("reason", SET_ASIDE_REASON_BYTES_MAX)?;
            BaseState::Refused(reason.to_owned())
        }
        other => {
            return Err(DecodeError::Unknown {
                what: "state of the base",
                value: other.into(),
            });
        }
    };
    reader.finish()?;
    Ok(base)
}
