//! What a mirror has in memory only, put on the disk; and what follows from it for open connections.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::engine::{Connection, Mirror, PARTING_MS_MAX, reason_of, save};
use super::held::Held;
use super::notebook::MirroredNotebook;
use super::shared::SharedWith;
use super::status::pushed_write;
use crate::engine::{CloseReason, ConnectionId};
use crate::ids::NotebookId;
use crate::replica::{OpenReplicaError, Standings};
use crate::storage::{Storage, StorageError};

impl Mirror {
    /// Puts everything that is in memory only on disk and queues the receipts of it; those that could wait a
    /// little for more as well, if `at_once`. Where the disk fails, the notebook is opened anew as the disk has
    /// it, and its connections are closed: nothing of what was lost had been acknowledged.
    pub fn flush(&mut self, storage: &mut dyn Storage, now_ms: u64, at_once: bool) {
        let touched = std::mem::take(&mut self.touched);
        for notebook in &touched {
            if self.commit(*notebook, now_ms, storage).is_err() {
                self.close_all_of(*notebook, &CloseReason::Storage);
                self.reopen(*notebook, storage);
            }
        }
        let mut is_changed = false;
        for notebook in &touched {
            let held = self.notebooks.get_mut(notebook);
            is_changed |= held.is_none_or(Held::renew);
        }
        if is_changed {
            self.share_anew(now_ms, storage);
            self.wants_capsule_review = true;
        }
        if self.wants_capsule_review {
            // Where the disk fails it is tried again.
            self.wants_capsule_review = self.review_capsules(storage).is_err();
        }
        for connection in self.connections.values_mut() {
            if let Connection::Sync { session, .. } = connection {
                for notebook in &touched {
                    session.note_changed(*notebook);
                }
                let shared = SharedWith {
                    device: session.peer(),
                    notebooks: &mut self.notebooks,
                };
                session.acknowledge(&shared, now_ms, at_once);
            }
        }
        self.keep_files(storage, now_ms);
        self.close_unused(storage);
    }

    fn commit(
        &mut self,
        notebook: NotebookId,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let held = self.notebooks.get_mut(&notebook);
        let Some(held) = held.and_then(Held::open_mut) else {
            return Ok(());
        };
        if held.has_unsaved() {
            if held.wants_state() {
                held.save_state();
            }
            held.keep_with_next_commit(pushed_write(now_ms));
            storage.commit(notebook, held.unsaved())?;
            held.saved();
            self.pushed_ms.insert(notebook, now_ms);
        }
        Ok(())
    }

    pub(super) fn reopen(&mut self, notebook: NotebookId, storage: &dyn Storage) {
        let before = self.notebooks.remove(&notebook);
        match MirroredNotebook::open(notebook, Arc::clone(&self.secrets), storage) {
            Ok(held) => {
                let used = before.as_ref().map_or(0, Held::used);
                self.notebooks.insert(notebook, Held::opened(held, used));
            }
            // A new one of which nothing reached the disk.
            Err(OpenReplicaError::NoCreate(_)) => {}
            Err(error) => {
                self.unopened.insert(notebook, error);
            }
        }
    }

    /// Saves what is known of all logs, so that the next start is quick. The driver calls it before it ends.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; nothing is lost then.
    pub fn snapshot(&mut self, storage: &mut dyn Storage) -> Result<(), StorageError> {
        for (notebook, held) in &mut self.notebooks {
            save(held, *notebook, storage)?;
        }
        Ok(())
    }

    /// Has each connection be about what is shared with its peer now; one that shares nothing any more is told
    /// why, then closed.
    fn share_anew(&mut self, now_ms: u64, storage: &dyn Storage) {
        let connections: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for id in connections {
            let Some(Connection::Sync { session, .. }) = self.connections.get(&id) else {
                continue;
            };
            let device = session.peer();
            let known: BTreeSet<NotebookId> = session.notebooks().collect();
            let held = self.notebooks.iter();
            let still: BTreeSet<NotebookId> = held
                .filter(|(_, held)| held.device(&device).is_some())
                .map(|(notebook, _)| *notebook)
                .collect();
            for notebook in known.difference(&still) {
                self.part_from(id, *notebook, storage);
            }
            if self.keep_sharing(id, &still, now_ms) {
                for notebook in still.difference(&known) {
                    self.share(id, *notebook, storage);
                }
            }
        }
    }

    /// Tells the device at the other end of a connection what ended it in a notebook.
    fn part_from(&mut self, id: ConnectionId, notebook: NotebookId, storage: &dyn Storage) {
        // What it is told stands in control entries.
        self.open_notebook(notebook, storage);
        let held = self.notebooks.get(&notebook).and_then(Held::open);
        let connection = self.connections.get_mut(&id);
        if let (Some(held), Some(Connection::Sync { session, .. })) = (held, connection) {
            let standings = Standings::of(held.controls(), held.membership());
            let heads = session.told_heads(notebook).to_vec();
            if let Some(words) = standings.last_words_for(&session.peer(), &heads) {
                let said = (words.entries, words.ending);
                session.part(notebook, said, words.may_know_better);
            }
        }
    }

    /// Has a connection be about none but these notebooks; says whether it goes on.
    fn keep_sharing(
        &mut self,
        id: ConnectionId,
        still: &BTreeSet<NotebookId>,
        now_ms: u64,
    ) -> bool {
        let Some(Connection::Sync {
            session,
            parting_ms,
        }) = self.connections.get_mut(&id)
        else {
            return false;
        };
        if !session.retain(still) && still.is_empty() {
            parting_ms.get_or_insert(now_ms.saturating_add(PARTING_MS_MAX));
            return false;
        }
        *parting_ms = None;
        true
    }

    /// Has a connection be about one more notebook.
    fn share(&mut self, id: ConnectionId, notebook: NotebookId, storage: &dyn Storage) {
        // What the device said of it before is compared with its logs.
        self.open_notebook(notebook, storage);
        let Self {
            connections,
            notebooks,
            ..
        } = self;
        let Some(Connection::Sync { session, .. }) = connections.get_mut(&id) else {
            return;
        };
        let shared = SharedWith {
            device: session.peer(),
            notebooks,
        };
        if let Err(error) = session.share(notebook, &shared) {
            self.close(id, reason_of(&error));
        }
    }
}
