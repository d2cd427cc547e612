//! Writes: edits of documents become one signed entry of this device's log.

use std::collections::BTreeSet;
use std::sync::Arc;

use automerge::Automerge;

use super::Replica;
use super::base::BaseState;
use super::documents::{Saved, saved_document};
use super::log::BranchId;
use crate::document::{Change, DocumentId, EditError};
use crate::epoch::RekeyError;
use crate::identity::DeviceSecrets;
use crate::ids::{EntryHash, EpochId, Incarnation, LogId, NotebookId, Seq};
use crate::limits::{CHANGES_PER_ENTRY_MAX, NEW_DOCUMENTS_PER_ENTRY_MAX, OPERATIONS_PER_ENTRY_MAX};
use crate::log::{DocumentTips, EntryError, EntryKeys, Header, VerifiedEntry, actor_of};
use crate::storage::{Storage, StorageError};

/// Changes that go into one entry before another is begun: with the rest of an entry they stay below
/// its limit even where they do not compress.
const ENTRY_CHANGE_BYTES_AIM: usize = 384 * 1024;

/// Why an edit was not made. The documents are as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditFailed<E> {
    /// The edit itself said no.
    #[error(transparent)]
    Edit(E),
    /// What it wrote breaks a rule.
    #[error(transparent)]
    Rules(#[from] EditError),
    /// This person may not write here.
    #[error("this notebook is open to you for reading only")]
    NotAllowed,
    /// What the notebook goes on from is not here, or does not check.
    #[error("what this notebook goes on from {0}")]
    NoBase(String),
    /// This home is an older copy of itself.
    #[error(
        "another copy of this device has written to this notebook since: this one may not go on"
    )]
    StaleCopy,
    /// The key in force is missing.
    #[error(transparent)]
    Rekey(#[from] RekeyError),
    /// A change does not fit an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A document could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Documents while they are edited: read and written by id, opened as they are needed.
pub struct EditSession<'a> {
    edit: crate::document::Edit<'a>,
    notebook: NotebookId,
    device: Arc<DeviceSecrets>,
    /// Where saved documents are; `None` where all documents are open already.
    storage: Option<&'a dyn Storage>,
    /// Documents whose saved copies were damaged.
    rebuilt: Vec<DocumentId>,
}

impl EditSession<'_> {
    /// Returns a document as the edit has left it so far, where it exists.
    ///
    /// # Errors
    /// [`StorageError`] where its saved copy cannot be read.
    pub fn read(&mut self, id: &DocumentId) -> Result<Option<&Automerge>, StorageError> {
        self.open(id)?;
        Ok(self.edit.read(id))
    }

    /// Returns a document to write to, empty where it does not exist.
    ///
    /// # Errors
    /// [`StorageError`] where its saved copy cannot be read.
    pub fn write(&mut self, id: DocumentId) -> Result<&mut Automerge, StorageError> {
        self.open(&id)?;
        Ok(self.edit.write(id))
    }

    fn open(&mut self, id: &DocumentId) -> Result<(), StorageError> {
        if self.edit.read(id).is_none()
            && let Some(storage) = self.storage
            && let Some(saved) = saved_document(self.notebook, *id, &self.device, storage)?
        {
            let document = match saved {
                Saved::Sound(document) => document,
                Saved::Rebuilt(document) => {
                    self.rebuilt.push(*id);
                    document
                }
            };
            self.edit.open(*id, document);
        }
        Ok(())
    }
}

impl Replica {
    /// Runs an edit and signs what it wrote.
    ///
    /// The entries are unsaved; where committing them fails, the caller opens the replica anew,
    /// since the documents already show them.
    ///
    /// # Errors
    /// [`EditFailed`]; nothing is changed then.
    pub fn edit<T, E>(
        &mut self,
        storage: &dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
        work: impl FnOnce(&mut EditSession<'_>) -> Result<T, E>,
    ) -> Result<T, EditFailed<E>> {
        if self.stale_copy {
            return Err(EditFailed::StaleCopy);
        }
        if !self.membership.may_write(&self.device.id()) {
            return Err(EditFailed::NotAllowed);
        }
        // Nobody may build on what counts no longer.
        if self.wants_advance() || self.is_behind() {
            self.advance(storage)?;
        }
        match &self.base {
            BaseState::Awaited => return Err(EditFailed::NoBase("has not arrived".to_owned())),
            BaseState::Refused(reason) => {
                return Err(EditFailed::NoBase(format!("does not check: {reason}")));
            }
            BaseState::None | BaseState::Sound(_) => {}
        }
        // Before anything is written: afterwards the documents would show what is in no entry.
        let epoch = self.rekey_if_needed(rng)?;
        let log = self.writing_log(rng);
        let edit = self.documents.edit(actor_of(self.notebook, log));
        let mut session = EditSession {
            edit,
            notebook: self.notebook,
            device: Arc::clone(&self.device),
            storage: self.use_saved.then_some(storage),
            rebuilt: Vec::new(),
        };
        let worked = work(&mut session);
        let EditSession { edit, rebuilt, .. } = session;
        let changes = worked.map(|value| (value, edit.finish()));
        for id in rebuilt {
            self.note_rebuilt(id);
        }
        let (value, changes) = changes.map_err(EditFailed::Edit)?;
        let changes = changes?;
        let mut rest = changes.as_slice();
        while !rest.is_empty() {
            let tips = self.trunk(&log).map(|log| &log.tips);
            let (now, later) = rest.split_at(entry_span(rest, tips));
            self.write_entry(log, epoch, now)?;
            rest = later;
        }
        Ok(value)
    }

    /// Says whether all of a log is applied, so that its next entry may build on all of it.
    pub(super) fn may_go_on_in(&self, log: &LogId) -> bool {
        let trunk = self.trunk(log);
        let is_whole = trunk.is_none_or(|trunk| trunk.broken.is_none());
        is_whole && !self.held.has_any_of(log) && !self.is_forked(log)
    }

    /// Returns the log that this device goes on writing, or a new one: where an entry of the old one is
    /// not applied, the numbers of its changes would repeat.
    fn writing_log(&mut self, rng: &mut dyn rand_core::CryptoRng) -> LogId {
        if self.own_log().is_some_and(|own| !self.may_go_on_in(&own)) {
            self.own = None;
        }
        let incarnation = *self.own.get_or_insert_with(|| {
            let mut bytes = [0; Incarnation::LEN];
            rng.fill_bytes(&mut bytes);
            Incarnation::from_bytes(bytes)
        });
        LogId {
            device: self.device.id(),
            incarnation,
        }
    }

    fn write_entry<E>(
        &mut self,
        log: LogId,
        epoch: EpochId,
        changes: &[(DocumentId, Change)],
    ) -> Result<(), EditFailed<E>> {
        let key = self.keys.get(&epoch).ok_or(RekeyError::KeyMissing)?;
        // The entry is judged as of its heads: they cover what the one before it knew, the author's
        // admission and the key that it is sealed under.
        let mut known = self
            .trunk(&log)
            .map_or_else(Vec::new, |log| log.heads().to_vec());
        known.extend(
            self.membership
                .member_of(&log.device)
                .map(|member| member.admission),
        );
        known.push(epoch.rekey());
        let keys = EntryKeys {
            device: &self.device,
            epoch: (epoch, key),
            heads: self.controls.heads_covering(&known),
        };
        let empty = DocumentTips::default();
        let (previous, tips) = self
            .trunk(&log)
            .map_or(((Seq::NONE, EntryHash::ZERO), &empty), |log| {
                (log.tip(), &log.tips)
            });
        let (entry, after) =
            VerifiedEntry::write(self.notebook, log, previous, tips, changes, &keys)?;
        let header: &Header = entry.header();
        let seq = header.seq;
        for (id, _) in changes {
            self.dirty.insert(*id);
            self.uses.note(*id);
        }
        let hash = entry.hash();
        let trunk = BranchId::trunk(log);
        self.keep_entry(trunk, Arc::new(entry.into_raw()));
        self.arrivals.pop_back();
        if let Some(log) = self.logs.get_mut(&trunk) {
            log.pending.pop_back();
            log.settle(seq, Some(after));
        }
        self.note_support_of(&trunk, seq, changes);
        self.write_into_ahead((log, seq), changes);
        self.applied.push(super::Applied {
            log,
            entry: hash,
            changes: changes
                .iter()
                .map(|(id, change)| super::AppliedChange::of(*id, change))
                .collect(),
        });
        Ok(())
    }
}

/// Returns how many changes from the front go into one entry.
/// `tips` are those of the log before them.
fn entry_span(changes: &[(DocumentId, Change)], tips: Option<&DocumentTips>) -> usize {
    let (mut bytes, mut operations) = (0, 0);
    let mut begun: BTreeSet<DocumentId> = BTreeSet::new();
    let fitting = changes
        .iter()
        .take(CHANGES_PER_ENTRY_MAX)
        .take_while(|(id, change)| {
            if tips.is_none_or(|tips| tips.get(id).is_none()) {
                begun.insert(*id);
            }
            bytes += change.bytes().len();
            operations += change.facts().op_count;
            bytes <= ENTRY_CHANGE_BYTES_AIM
                && operations <= OPERATIONS_PER_ENTRY_MAX
                && begun.len() <= NEW_DOCUMENTS_PER_ENTRY_MAX
        })
        .count();
    fitting.max(1)
}
