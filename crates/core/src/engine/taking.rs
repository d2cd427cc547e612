//! Notebooks that a new device of this person takes over: from whoever holds them, or out of a capsule.

use std::sync::Arc;

use super::devices::awaited_write;
use super::{Effect, Engine};
use crate::capsule::{CapsuleKey, CopyError, JournalCopy};
use crate::control::{ControlEntry, ControlError};
use crate::enrol::HandedNotebook;
use crate::identity::RecoverySecrets;
use crate::ids::NotebookId;
use crate::log::RawEntry;
use crate::replica::{IngestError, Replica};
use crate::storage::{Storage, StorageError};

/// Why a notebook that was handed over was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeError {
    /// Its control entries do not check.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// This person destroyed it on this device.
    #[error("the keys of a notebook that was handed over were destroyed on this device")]
    Destroyed,
    /// This person is no member of it.
    #[error("you are not a member of a notebook that was handed over")]
    NotMember,
    /// The copy of the journal cannot be read.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// An entry of the journal does not check.
    #[error("an entry in the copy of the journal does not check: {0}")]
    Entry(#[from] IngestError),
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How this device comes to a notebook that was handed over.
#[derive(Debug, Clone, Copy)]
pub enum Way<'a> {
    /// Another device of this person linked it, and wrote it into the notebook.
    Linked,
    /// The roster has it, and the notebook may not have it yet.
    Added {
        /// The keys of the phrase, where they are at hand.
        recovery: Option<&'a RecoverySecrets>,
        /// Epoch keys that a capsule held.
        keys: &'a [CapsuleKey],
    },
}

impl Engine {
    /// Takes over a notebook that another device of this person, or a member, handed over. Where this device is
    /// not in it yet, its keys are opened as far as possible, the device is written into it, and others are
    /// taken off once all is here that the sender had.
    ///
    /// # Errors
    /// [`TakeError`]; the notebook is not here then, unless it was before.
    pub fn take_over(
        &mut self,
        handed: HandedNotebook,
        way: &Way<'_>,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), TakeError> {
        let notebook = handed.notebook;
        let replica = self.take_controls(notebook, handed.controls)?;
        for wraps in handed.wraps {
            replica.ingest_wraps(wraps);
        }
        if let Way::Added { recovery, keys } = way {
            if let Some(recovery) = recovery {
                replica.recover_keys(recovery);
            }
            replica.learn_keys(keys);
            let mut frontier = handed.frontier.frontier;
            if let Some(before) = self.own.awaited_in(&notebook) {
                frontier = before.joined_with(&frontier);
            }
            let awaited = awaited_write(&frontier);
            self.own.await_first(notebook, frontier);
            if let Some(replica) = self.replicas.get_mut(&notebook) {
                replica.keep_with_next_commit([awaited]);
            }
        }
        self.settle_into(notebook, matches!(way, Way::Added { .. }), storage, rng)?;
        Ok(())
    }

    /// Takes the copy of a journal back out of a capsule, with the keys that the capsule holds, and writes this
    /// device into it. What is here already stays.
    ///
    /// # Errors
    /// [`TakeError`]; the journal is not here then, unless it was before.
    pub fn take_back(
        &mut self,
        copy: &JournalCopy,
        keys: &[CapsuleKey],
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), TakeError> {
        let (controls, entries) = copy.unpack()?;
        let notebook = copy.notebook;
        let is_new = !self.replicas.contains_key(&notebook);
        let replica = self.take_controls(notebook, controls)?;
        replica.learn_keys(keys);
        let taken = take_entries(replica, entries, storage);
        if let Err(error) = taken {
            if is_new {
                self.replicas.remove(&notebook);
            }
            return Err(error);
        }
        self.settle_into(notebook, true, storage, rng)?;
        Ok(())
    }

    /// Takes the control entries of a notebook in that this person is a member of.
    fn take_controls(
        &mut self,
        notebook: NotebookId,
        controls: Vec<ControlEntry>,
    ) -> Result<&mut Replica, TakeError> {
        if self.destroyed.contains(&notebook) {
            return Err(TakeError::Destroyed);
        }
        let person = self.identity.person();
        let mut entries = controls.into_iter();
        let is_new = !self.replicas.contains_key(&notebook);
        if is_new {
            let create = entries.next().ok_or(TakeError::NotMember)?;
            if create.notebook_id() != notebook {
                return Err(TakeError::NotMember);
            }
            let replica = Replica::join(Arc::clone(&self.identity.device), create)?;
            self.replicas.insert(notebook, replica);
        }
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Err(TakeError::NotMember);
        };
        let checked = replica.ingest_controls(entries);
        let is_member = replica.membership().member(&person).is_some();
        if checked.is_err() || !is_member {
            if is_new {
                self.replicas.remove(&notebook);
            }
            checked?;
            return Err(TakeError::NotMember);
        }
        self.replicas.get_mut(&notebook).ok_or(TakeError::NotMember)
    }

    /// Keeps a notebook that was taken in, and writes this device into it where it may not be there yet.
    fn settle_into(
        &mut self,
        notebook: NotebookId,
        is_added: bool,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), StorageError> {
        self.commit(notebook, storage)?;
        if is_added {
            self.carry_into(notebook, storage, rng)?;
        }
        self.own.check(notebook);
        self.rekeys.look_at(notebook);
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(())
    }
}

/// Takes log entries in, in the order in which they once arrived.
fn take_entries(
    replica: &mut Replica,
    entries: Vec<RawEntry>,
    storage: &dyn Storage,
) -> Result<(), TakeError> {
    /// Entries of one log that may wait are fewer.
    const BATCH: usize = 256;
    let proven = replica.prove(&entries);
    for (place, entry) in entries.into_iter().enumerate() {
        replica.receive_among(entry, &proven, false, storage)?;
        if place % BATCH == BATCH - 1 {
            replica.advance(storage)?;
        }
    }
    replica.advance(storage)?;
    Ok(())
}
