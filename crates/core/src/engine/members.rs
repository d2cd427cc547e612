//! What this person does about members and texts of a notebook: each call is one decision, and all that it
//! wrote is on disk when it returns.

use super::{Effect, Engine};
use crate::document::{ChangeHash, DocumentId};
use crate::ids::{ControlHash, NotebookId};
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

    /// Lets a replica write control entries and puts them on disk.
    fn decide<T>(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
        work: impl FnOnce(&mut Replica) -> Result<T, MemberError>,
    ) -> Result<T, DecideError> {
        let replica = self
            .replicas
            .get_mut(&notebook)
            .ok_or(DecideError::NoNotebook)?;
        let decided = work(replica)?;
        self.commit(notebook, storage)?;
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(decided)
    }
}
