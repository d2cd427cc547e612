//! What this person does: creates notebooks, invites, joins, edits. Everything is on disk when a
//! call returns.

use std::net::SocketAddr;
use std::sync::Arc;

use super::pairing::record_write;
use super::{Effect, Engine};
use crate::base;
use crate::control::{ControlError, InviteState, Label, Role};
use crate::ids::{ControlHash, NotebookId, PartHash};
use crate::pairing::{InviteRecord, Joined, Ticket};
use crate::replica::{
    ArchiveError, CreateError, EditFailed, EditSession, InviteError, LayBaseError, Replica,
};
use crate::storage::{Storage, StorageError};

/// An invitation that is on disk, with its ticket.
#[derive(Debug)]
pub struct IssuedInvite {
    /// The invitation's control entry.
    pub id: ControlHash,
    /// What to hand out.
    pub ticket: Ticket,
}

/// Why a notebook could not be created or joined, or an invitation not be issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// The first entries could not be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// What the inviter sent does not check.
    #[error("the notebook that the inviter sent does not check: {0}")]
    Control(#[from] ControlError),
    /// The inviter did not admit this device after all.
    #[error("the notebook that the inviter sent does not name this device as a member")]
    NotAdmitted,
    /// The invitation could not be written.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// This person destroyed it on this device.
    #[error("you destroyed the keys of this notebook, and it would be destroyed again")]
    Destroyed,
    /// There is no such notebook here.
    #[error("there is no such notebook here")]
    NoNotebook,
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a notebook with its first edit was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoundError<E> {
    /// The notebook could not be created or kept.
    #[error(transparent)]
    Create(#[from] AdoptError),
    /// The notebook that it goes on from gives nothing to go on from.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What it goes on from could not be put in front of it.
    #[error(transparent)]
    Base(#[from] LayBaseError),
    /// The first edit could not be made.
    #[error(transparent)]
    Edit(#[from] EditFailed<E>),
}

impl Engine {
    /// Creates a notebook in which this person is `role`.
    ///
    /// # Errors
    /// [`AdoptError`] where it could not be made or kept.
    pub fn create_notebook(
        &mut self,
        role: Role,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<NotebookId, AdoptError> {
        let replica = self.new_replica(role, Vec::new(), rng)?;
        self.keep_new(replica, storage)
    }

    /// Creates a notebook in which this person is `role`, together with its first edit: on disk
    /// there is either a notebook with that edit or none.
    ///
    /// # Errors
    /// [`FoundError`]; there is no new notebook then.
    pub fn found_notebook<E>(
        &mut self,
        role: Role,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
        work: impl FnOnce(&mut EditSession<'_>) -> Result<(), E>,
    ) -> Result<NotebookId, FoundError<E>> {
        let mut replica = self.new_replica(role, Vec::new(), rng)?;
        replica.edit(storage, rng, work)?;
        Ok(self.keep_new(replica, storage)?)
    }

    /// Creates a notebook that goes on from the signed history of another one, in which this person is `role`, together
    /// with its first edit: on disk there is either all of that or none.
    ///
    /// # Errors
    /// [`FoundError`]; there is no new notebook then.
    pub fn fork_notebook<E>(
        &mut self,
        old: NotebookId,
        role: Role,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
        work: impl FnOnce(&mut EditSession<'_>) -> Result<(), E>,
    ) -> Result<NotebookId, FoundError<E>> {
        let replica = self.replicas.get_mut(&old).ok_or(AdoptError::NoNotebook)?;
        replica.catch_up(storage).map_err(AdoptError::from)?;
        self.commit(old, storage).map_err(AdoptError::from)?;
        let old = self.replica(old).ok_or(AdoptError::NoNotebook)?;
        let archive = old.archive(storage)?;
        let parts = base::split(&archive, rng).ok_or(ArchiveError::TooLong)?;
        let hashes = parts.iter().map(|part| base::part_hash(part)).collect();
        let mut replica = self.new_replica(role, hashes, rng)?;
        replica.lay_base(&parts, storage, rng)?;
        replica.edit(storage, rng, work)?;
        Ok(self.keep_new(replica, storage)?)
    }

    fn keep_new(
        &mut self,
        replica: Replica,
        storage: &mut dyn Storage,
    ) -> Result<NotebookId, AdoptError> {
        let notebook = replica.notebook();
        self.replicas.insert(notebook, replica);
        // Where this fails, the notebook is opened as the disk has it, and there it is not.
        self.commit(notebook, storage)?;
        Ok(notebook)
    }

    fn new_replica(
        &self,
        role: Role,
        base: Vec<PartHash>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<Replica, AdoptError> {
        let label = Label::Member {
            name: self.identity.name.clone(),
            device: self.identity.device_label.clone(),
            role,
        };
        let device = Arc::clone(&self.identity.device);
        let roster = &self.identity.roster;
        Ok(Replica::create_from(device, roster, &label, base, rng)?)
    }

    /// Takes over the notebook that a joiner was admitted to; its content comes by sync.
    ///
    /// # Errors
    /// [`AdoptError`] where it does not check or could not be kept.
    pub fn adopt(
        &mut self,
        joined: Joined,
        storage: &mut dyn Storage,
    ) -> Result<NotebookId, AdoptError> {
        let mut entries = joined.controls.into_iter();
        let create = entries.next().ok_or(AdoptError::NotAdmitted)?;
        let notebook = create.notebook_id();
        // The order to destroy it stands in the journal still, and would be carried out again.
        if self.destroyed.contains(&notebook) {
            return Err(AdoptError::Destroyed);
        }
        let words = self.undecided(notebook, joined.inviter, joined.words, storage)?;
        let is_new = !self.replicas.contains_key(&notebook);
        if is_new {
            let replica = Replica::join(Arc::clone(&self.identity.device), create)?;
            self.replicas.insert(notebook, replica);
        }
        let own = self.identity.device.id();
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Err(AdoptError::NoNotebook);
        };
        let checked = replica.ingest_controls(entries);
        let is_member = replica.membership().person_of(&own).is_some();
        if checked.is_err() || !is_member {
            // Entries that did check stay in a notebook that was here before: they are the notebook's.
            if is_new {
                self.replicas.remove(&notebook);
            }
            checked?;
            return Err(AdoptError::NotAdmitted);
        }
        replica.keep_with_next_commit(words.map(|words| words.write(joined.inviter)));
        self.commit(notebook, storage)?;
        self.rekeys.look_at(notebook);
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(notebook)
    }

    /// Issues an invitation; its ticket names the addresses and relays given.
    ///
    /// # Errors
    /// [`AdoptError`] where this person is no admin, or it could not be kept.
    #[allow(clippy::too_many_arguments)]
    pub fn invite(
        &mut self,
        notebook: NotebookId,
        role: Role,
        admin: bool,
        expires_ms: u64,
        reachable: (Vec<SocketAddr>, Vec<String>),
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<IssuedInvite, AdoptError> {
        let record = InviteRecord::random(role, expires_ms, rng);
        let replica = self
            .replicas
            .get_mut(&notebook)
            .ok_or(AdoptError::NoNotebook)?;
        let key = record.secret.signing().verify_key();
        let invite = replica.invite(key, role, admin, expires_ms, rng)?;
        replica.keep_with_next_commit([record_write(invite.id, &record)]);
        self.commit(notebook, storage)?;
        let me = (
            self.identity.person(),
            self.identity.device.id(),
            self.identity.device.card().transport,
        );
        let ticket = record.ticket(invite.id, notebook, me, reachable.0, reachable.1);
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(IssuedInvite {
            id: invite.id,
            ticket,
        })
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`AdoptError`] where it is not open, or this person is no admin.
    pub fn revoke_invite(
        &mut self,
        notebook: NotebookId,
        invite: ControlHash,
        storage: &mut dyn Storage,
    ) -> Result<(), AdoptError> {
        let replica = self
            .replicas
            .get_mut(&notebook)
            .ok_or(AdoptError::NoNotebook)?;
        replica.revoke_invite(invite)?;
        self.commit(notebook, storage)?;
        self.rekeys.look_at(notebook);
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(())
    }

    /// Returns the state of an invitation, as the notebook's entries resolve it.
    pub fn invite_state(&self, notebook: NotebookId, invite: &ControlHash) -> Option<InviteState> {
        self.replica(notebook)?
            .membership()
            .invites()
            .get(invite)
            .copied()
    }

    /// Runs an edit of a notebook's documents; what it wrote is signed and on disk when this
    /// returns.
    ///
    /// # Errors
    /// [`EditFailed`]; the notebook is as it was then.
    pub fn edit<T, E>(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
        work: impl FnOnce(&mut EditSession<'_>) -> Result<T, E>,
    ) -> Result<T, EditFailed<E>> {
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Err(EditFailed::NotAllowed);
        };
        // What is lost comes first, so that nobody writes it once more by hand.
        let again = replica.write_again(storage, rng);
        let result = match again {
            Err(EditFailed::Entry(error)) => Err(EditFailed::Entry(error)),
            _ => replica.edit(storage, rng, work),
        };
        if matches!(result, Err(EditFailed::Entry(_))) {
            // The documents show what could not be made an entry: nobody may build on that.
            self.close_all_of(notebook);
            self.reopen(notebook, storage);
        }
        let value = result?;
        self.commit(notebook, storage)?;
        Ok(value)
    }

    /// Writes again what this person wrote on top of something that does not count any more; says in how
    /// many notebooks there was anything. It is on disk when this returns. Receiving a frame does the same:
    /// this is for what only a restart or a command of this person's own has left.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails. Where this device may not write, nothing happens.
    pub fn write_again(
        &mut self,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<usize, StorageError> {
        let notebooks: Vec<NotebookId> = self.notebooks().collect();
        let mut count = 0;
        for notebook in notebooks {
            let Some(replica) = self.replicas.get_mut(&notebook) else {
                continue;
            };
            match replica.write_again(storage, rng) {
                Ok(true) => {
                    count += 1;
                    self.commit(notebook, storage)?;
                }
                Err(EditFailed::Entry(_)) => {
                    self.close_all_of(notebook);
                    self.reopen(notebook, storage);
                }
                Err(EditFailed::Storage(error)) => return Err(error),
                Ok(false) | Err(_) => {}
            }
        }
        Ok(count)
    }

    /// Closes documents that are not in use until `keep` of each notebook are open.
    pub fn close_unused_documents(&mut self, keep: usize) {
        for replica in self.replicas.all_quietly() {
            replica.close_unused(keep);
        }
    }

    /// Makes one pack of what some notebook has on disk, for peers that lack much of it; returns whether there
    /// was one to be made. It takes some milliseconds, so it is for when nobody waits.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; the pack is made later then.
    pub fn make_pack(&mut self, storage: &mut dyn Storage) -> Result<bool, StorageError> {
        for replica in self.replicas.all_quietly() {
            if replica.make_pack(storage)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes ready what somebody who lacks much of a notebook is shown first, for one notebook in which nothing came
    /// since this was called before, or in any if `at_once`; returns whether there was one. It takes up to a tenth of
    /// a second.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; it is made later then.
    pub fn make_ahead(
        &mut self,
        storage: &mut dyn Storage,
        at_once: bool,
    ) -> Result<bool, StorageError> {
        let mut is_made = false;
        for replica in self.replicas.all_quietly() {
            is_made |= replica.make_ahead(storage, at_once)?;
            if is_made && !at_once {
                break;
            }
        }
        Ok(is_made)
    }

    /// Sets how many entries go into a pack of any notebook, for tests that have few; with 0 none is made
    /// or sent.
    pub fn set_pack_entries(&mut self, entries: u64) {
        for replica in self.replicas.all_quietly() {
            replica.set_pack_entries(entries);
        }
    }

    /// Brings every notebook's saved state up to date, so that the next start is quick.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; nothing is lost then, the next start only reads more.
    pub fn snapshot(&mut self, storage: &mut dyn Storage) -> Result<(), StorageError> {
        let stale: Vec<NotebookId> = self
            .replicas
            .iter()
            .filter(|(_, replica)| !replica.is_snapshot_current())
            .map(|(notebook, _)| *notebook)
            .collect();
        for notebook in stale {
            if let Some(replica) = self.replicas.get_mut(&notebook) {
                replica.catch_up(storage)?;
            }
            if self.replica(notebook).is_some_and(Replica::has_unsaved) {
                self.commit(notebook, storage)?;
            }
            self.save_state(notebook, storage)?;
        }
        Ok(())
    }
}
