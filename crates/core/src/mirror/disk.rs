//! What a mirror has in memory only, put on the disk; and what follows from it for open connections.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::engine::{Connection, Mirror, PARTING_MS_MAX, reason_of};
use super::notebook::MirroredNotebook;
use super::shared::SharedWith;
use crate::engine::CloseReason;
use crate::ids::NotebookId;
use crate::replica::{OpenReplicaError, Standings};
use crate::storage::{Storage, StorageError};
use crate::sync::{Holding, Shared};

impl Mirror {
    /// Puts everything that is in memory only on disk and queues the receipts of it; those that could wait a
    /// little for more as well, if `at_once`. Where the disk fails, the notebook is opened anew as the disk has
    /// it, and its connections are closed: nothing of what was lost had been acknowledged.
    pub fn flush(&mut self, storage: &mut dyn Storage, now_ms: u64, at_once: bool) {
        let touched = std::mem::take(&mut self.touched);
        for notebook in &touched {
            if self.commit(*notebook, storage).is_err() {
                self.close_all_of(*notebook, &CloseReason::Storage);
                self.reopen(*notebook, storage);
            }
        }
        let mut is_changed = false;
        for notebook in &touched {
            let held = self.notebooks.get_mut(notebook);
            is_changed |= held.is_none_or(MirroredNotebook::take_new_members);
        }
        if is_changed {
            self.share_anew(now_ms);
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
    }

    fn commit(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let Some(held) = self.notebooks.get_mut(&notebook) else {
            return Ok(());
        };
        if held.wants_state() {
            held.save_state();
        }
        if held.has_unsaved() {
            storage.commit(notebook, held.unsaved())?;
            held.saved();
        }
        Ok(())
    }

    fn reopen(&mut self, notebook: NotebookId, storage: &dyn Storage) {
        self.notebooks.remove(&notebook);
        match MirroredNotebook::open(notebook, Arc::clone(&self.secrets), storage) {
            Ok(held) => {
                self.notebooks.insert(notebook, held);
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
            held.save_state();
            if held.has_unsaved() {
                storage.commit(*notebook, held.unsaved())?;
                held.saved();
            }
        }
        Ok(())
    }

    /// Has each connection be about what is shared with its peer now; one that shares nothing any more is told
    /// why, then closed.
    fn share_anew(&mut self, now_ms: u64) {
        let mut over = Vec::new();
        for (id, connection) in &mut self.connections {
            let Connection::Sync {
                session,
                parting_ms,
            } = connection
            else {
                continue;
            };
            let device = session.peer();
            let shared = SharedWith {
                device,
                notebooks: &mut self.notebooks,
            };
            let still: BTreeSet<NotebookId> = shared.all().map(Holding::notebook).collect();
            let known: BTreeSet<NotebookId> = session.notebooks().collect();
            for notebook in known.difference(&still) {
                let Some(held) = shared.notebooks.get(notebook) else {
                    continue;
                };
                let heads = session.view(*notebook);
                let heads = heads.map(|view| view.frontier.control_heads.clone());
                let standings = Standings::of(held.controls(), held.membership());
                let words = standings.last_words_for(&device, &heads.unwrap_or_default());
                if let Some(words) = words {
                    let said = (words.entries, words.ending);
                    session.part(*notebook, said, words.may_know_better);
                }
            }
            if !session.retain(&still) && still.is_empty() {
                parting_ms.get_or_insert(now_ms.saturating_add(PARTING_MS_MAX));
                continue;
            }
            *parting_ms = None;
            for notebook in still.difference(&known) {
                if let Err(error) = session.share(*notebook, &shared) {
                    over.push((*id, reason_of(&error)));
                    break;
                }
            }
        }
        for (id, reason) in over {
            self.close(id, reason);
        }
    }
}
