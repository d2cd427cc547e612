//! What this person does about members and texts of a notebook: each call is one decision, and all that it
//! wrote is on disk when it returns.

use super::{Effect, Engine};
use crate::control::Role;
use crate::document::{ChangeHash, DocumentId};
use crate::ids::{ControlHash, NotebookId, PersonId};
use crate::replica::{MemberError, Replica};
use crate::storage::{Storage, StorageError};

/// Why something about members was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// There is no such notebook here.
    #[error("there is no such notebook here")]
    NoNotebook,
    /// The rules do not allow it, or would not count it.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Engine {
    /// Signs a text of a document by its salted hash.
    ///
    /// # Errors
    /// [`DecideError`] where this person is no member, or it could not be kept.
    pub fn sign_text(
        &mut self,
        notebook: NotebookId,
        text_hash: [u8; 32],
        document: DocumentId,
        document_heads: Vec<ChangeHash>,
        storage: &mut dyn Storage,
    ) -> Result<ControlHash, DecideError> {
        self.decide(notebook, storage, |replica| {
            replica.sign_text(text_hash, document, document_heads)
        })
    }

    /// Removes a member and starts a key that they do not hold. Where `voids` names an invitation, that
    /// is taken back as well, used or not.
    ///
    /// # Errors
    /// [`DecideError`] where this person may not, or the rules would not count it.
    pub fn remove_member(
        &mut self,
        notebook: NotebookId,
        person: PersonId,
        voids: Option<ControlHash>,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<ControlHash, DecideError> {
        self.decide(notebook, storage, |replica| {
            let removal = replica.remove(person, rng)?;
            if let Some(invite) = voids {
                replica.void_invite(invite)?;
            }
            Ok(removal)
        })
    }

    /// Says whether [`Engine::remove_member`] would be done.
    ///
    /// # Errors
    /// [`DecideError`] where it would not.
    pub fn may_remove(&self, notebook: NotebookId, person: PersonId) -> Result<(), DecideError> {
        let replica = self.replicas.get(&notebook);
        let replica = replica.ok_or(DecideError::NoNotebook)?;
        Ok(replica.may_remove(person)?)
    }

    /// Says whether [`Engine::leave`] would be done.
    ///
    /// # Errors
    /// [`DecideError`] where it would not.
    pub fn may_leave(&self, notebook: NotebookId) -> Result<(), DecideError> {
        let replica = self.replicas.get(&notebook);
        let replica = replica.ok_or(DecideError::NoNotebook)?;
        Ok(replica.may_leave().map(drop)?)
    }

    /// Says what a member is called and may do and, where `admin` says so, gives or takes the admin bit.
    ///
    /// # Errors
    /// [`DecideError`] where this person may not, or the rules would not count it; nothing is changed then.
    pub fn set_role(
        &mut self,
        notebook: NotebookId,
        person: PersonId,
        role: Role,
        admin: Option<bool>,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), DecideError> {
        self.decide(notebook, storage, |replica| {
            replica.set_role(person, role, rng)?;
            match admin.map(|admin| replica.set_admin(person, admin, rng)) {
                None | Some(Ok(_) | Err(MemberError::Unchanged)) => Ok(()),
                Some(Err(error)) => Err(error),
            }
        })
    }

    /// Gives a member the admin bit or takes it away.
    ///
    /// # Errors
    /// [`DecideError`] where this person may not, or the rules would not count it.
    pub fn set_admin(
        &mut self,
        notebook: NotebookId,
        person: PersonId,
        admin: bool,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<ControlHash, DecideError> {
        self.decide(notebook, storage, |replica| {
            replica.set_admin(person, admin, rng)
        })
    }

    /// Ends this person's own membership. The others hear of it before their connections close.
    ///
    /// # Errors
    /// [`DecideError`] where nobody would be left who may admit or remove others.
    pub fn leave(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<ControlHash, DecideError> {
        self.decide(notebook, storage, Replica::leave)
    }

    /// Starts a new key at once, under which everybody who is a member reads on.
    ///
    /// # Errors
    /// [`DecideError`] where this person may not write, or a key is missing.
    pub fn rekey(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), DecideError> {
        self.decide(notebook, storage, |replica| Ok(replica.rekey_now(rng)?))
    }

    /// Lets a replica write control entries and puts them on disk: all of them, or none where it fails.
    pub(super) fn decide<T>(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
        work: impl FnOnce(&mut Replica) -> Result<T, MemberError>,
    ) -> Result<T, DecideError> {
        // What fails in the middle is undone by opening the notebook as the disk has it.
        self.commit(notebook, storage)?;
        let replica = self
            .replicas
            .get_mut(&notebook)
            .ok_or(DecideError::NoNotebook)?;
        let decided = work(replica);
        if decided.is_err() && replica.has_unsaved() {
            self.reopen(notebook, storage);
        }
        let decided = decided?;
        self.commit(notebook, storage)?;
        self.rekeys.look_at(notebook);
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(decided)
    }
}
