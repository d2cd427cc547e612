//! Bundles made and taken in: what a notebook's members lack, without a connection.

mod making;
mod taking;

pub use making::{BundleAim, BundleMakeError, BundleMaking, BundleMakingFacts};
pub use taking::{BundleTakeError, BundleTaken, BundleTaking};

use super::Engine;
use crate::ids::NotebookId;
use crate::storage::{Storage, StorageError};

impl Engine {
    fn commit_unsaved(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let replica = self.replicas.get(&notebook);
        if replica.is_some_and(|it| it.has_unsaved() || it.wants_advance()) {
            self.commit(notebook, storage)?;
        }
        Ok(())
    }
}
