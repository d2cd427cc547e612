//! Which documents are open: those that were used last, and those that are not on the disk as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{OpenReplicaError, Replica};
use crate::document::{Document, DocumentId};
use crate::identity::DeviceSecrets;
use crate::ids::NotebookId;
use crate::storage::{Space, Storage, StorageError};

/// When each open document was used last, in uses.
#[derive(Debug, Default)]
pub(super) struct Uses {
    count: u64,
    last: BTreeMap<DocumentId, u64>,
}

impl Uses {
    /// Notes that a document is used now.
    pub(super) fn note(&mut self, id: DocumentId) {
        self.count += 1;
        self.last.insert(id, self.count);
    }

    /// Forgets all but some documents.
    fn keep_only(&mut self, kept: &BTreeSet<DocumentId>) {
        self.last.retain(|id, _| kept.contains(id));
    }

    fn of(&self, id: &DocumentId) -> u64 {
        self.last.get(id).copied().unwrap_or_default()
    }
}

impl Replica {
    /// Opens a document from its saved copy where it exists and is not open. A damaged copy is
    /// rebuilt from the entries, and saved with the next state.
    ///
    /// # Errors
    /// [`StorageError`] where it can be neither read nor rebuilt.
    pub fn load_document(
        &mut self,
        id: DocumentId,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        self.uses.note(id);
        if !self.use_saved || self.documents.get(&id).is_some() {
            return Ok(());
        }
        match saved_document(self.notebook, id, &self.device, storage)? {
            Some(Saved::Sound(document)) => self.documents.insert(id, document),
            Some(Saved::Rebuilt(document)) => {
                self.documents.insert(id, document);
                self.note_rebuilt(id);
            }
            None => {}
        }
        Ok(())
    }

    /// Has a document that was rebuilt saved again.
    pub(super) fn note_rebuilt(&mut self, id: DocumentId) {
        self.dirty.insert(id);
        self.entries_since_snapshot = self.entries_since_snapshot.max(1);
    }

    /// Closes documents until `keep` are open, those first that were not used for the longest time. One that
    /// is not on the disk as it is stays open, and so do all while anything waits to be committed. What is
    /// closed opens again as it is needed.
    pub fn close_unused(&mut self, keep: usize) {
        if self.documents.len() <= keep || !self.unsaved.is_empty() {
            return;
        }
        // After everything was placed anew, the copies on the disk are as good again once all are saved.
        self.use_saved |= self.is_snapshot_current() && self.dirty.is_empty();
        if !self.use_saved {
            return;
        }
        let mut ids: Vec<DocumentId> = self.documents.ids().collect();
        ids.sort_by_key(|id| self.uses.of(id));
        let mut open = ids.len();
        for id in ids {
            if open <= keep {
                break;
            }
            if !self.dirty.contains(&id) {
                self.documents.remove(&id);
                open -= 1;
            }
        }
        self.uses.keep_only(&self.documents.ids().collect());
    }
}

/// A document as it came from the disk.
pub(super) enum Saved {
    /// From its saved copy.
    Sound(Document),
    /// From the entries, since its saved copy is damaged.
    Rebuilt(Document),
}

/// Reads the saved copy of a document, where there is one; rebuilds it from the entries on disk where
/// that is damaged. Whatever is not on disk yet was applied to a document that is open, and is not
/// read here.
///
/// # Errors
/// [`StorageError`] where it can be neither read nor rebuilt.
pub(super) fn saved_document(
    notebook: NotebookId,
    id: DocumentId,
    device: &Arc<DeviceSecrets>,
    storage: &dyn Storage,
) -> Result<Option<Saved>, StorageError> {
    let reason = match storage.get(notebook, Space::Document, id.as_bytes()) {
        Ok(None) => return Ok(None),
        Ok(Some(saved)) => match Document::load(&saved) {
            Ok(document) => return Ok(Some(Saved::Sound(document))),
            Err(error) => error.to_string(),
        },
        Err(StorageError::Damaged(reason)) => reason,
        Err(error) => return Err(error),
    };
    let mut rebuilt =
        Replica::open_from(notebook, Arc::clone(device), storage, false).map_err(|error| {
            match error {
                OpenReplicaError::Storage(error) => error,
                other => StorageError::Damaged(other.to_string()),
            }
        })?;
    match rebuilt.documents.remove(&id) {
        Some(document) => Ok(Some(Saved::Rebuilt(document))),
        None => Err(StorageError::Damaged(reason)),
    }
}
