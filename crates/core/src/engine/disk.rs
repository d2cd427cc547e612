//! What is in memory only, put on the disk; and notebooks opened again after their disk failed.

use super::connections::{CloseReason, Connection, ConnectionId};
use super::sharing::SharedWith;
use super::{Effect, Engine};
use crate::ids::NotebookId;
use crate::limits::DOCUMENTS_OPEN_MAX;
use crate::replica::Replica;
use crate::storage::{Storage, StorageError};

/// How long a notebook that did not open again waits for the next try, in milliseconds: a disk that
/// fails is seldom back at once, and reading a notebook may take a while.
const REOPEN_AFTER_MS: u64 = 10_000;

impl Engine {
    /// Puts everything that is in memory only on disk and queues the acknowledgements of it; those
    /// that could wait a little for more as well, if `at_once`.
    ///
    /// Where the disk fails, the notebook is opened anew as the disk has it, and its connections are
    /// closed: nothing of what was lost had been acknowledged.
    pub fn flush(&mut self, storage: &mut dyn Storage, now_ms: u64, at_once: bool) {
        let mut touched = self.replicas.take_touched();
        for notebook in &touched {
            if self
                .replicas
                .get(notebook)
                .is_some_and(Replica::has_unsaved)
            {
                // A failure has closed whatever rested on what is lost; there is nobody else to tell.
                let _reported_by_closing = self.commit(*notebook, storage);
            }
        }
        self.keep_pieces(storage, now_ms);
        self.offer_files(storage, now_ms);
        touched.extend(self.replicas.take_touched());
        self.replicas.review(&touched);
        self.share_changed(&touched, now_ms);
        self.object(now_ms);
        self.schedule_rekeys(now_ms);
        self.schedule_freezes(&touched, now_ms);
        for connection in self.connections.values_mut() {
            if let Connection::Sync { session, .. } = connection {
                for notebook in &touched {
                    session.note_changed(*notebook);
                }
                let shared = SharedWith {
                    device: session.peer(),
                    replicas: &mut self.replicas,
                    apart: &self.apart,
                };
                session.acknowledge(&shared, now_ms, at_once);
            }
        }
    }

    /// Commits what is unsaved of a notebook, and then a fresh saved state where that is due. Where
    /// the first fails, the notebook is opened anew as the disk has it and its connections are closed,
    /// since their peers believe that what they sent is here.
    pub(super) fn commit(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Ok(());
        };
        // Control entries may have changed which entries count.
        let placed = if replica.wants_advance() {
            replica.advance(storage).map(drop)
        } else {
            Ok(())
        };
        if let Err(error) = placed.and_then(|()| storage.commit(notebook, replica.unsaved())) {
            self.close_all_of(notebook);
            self.reopen(notebook, storage);
            return Err(error);
        }
        replica.saved();
        if replica.wants_snapshot()
            && let Err(error) = self.save_state(notebook, storage)
        {
            let failed = Effect::SnapshotFailed(notebook, error);
            self.effects.push_back(failed);
        }
        Ok(())
    }

    /// Commits a fresh saved state of a notebook of which nothing is unsaved.
    pub(super) fn save_state(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Ok(());
        };
        replica.snapshot();
        match storage.commit(notebook, replica.unsaved()) {
            Ok(()) => {
                replica.saved();
                replica.close_unused(DOCUMENTS_OPEN_MAX);
                Ok(())
            }
            Err(error) => {
                replica.snapshot_failed();
                Err(error)
            }
        }
    }

    /// Says whether something is kept in some notebook that is to be placed by [`Engine::catch_up_some`].
    pub fn is_behind(&self) -> bool {
        self.replicas.values().any(Replica::is_behind)
    }

    /// Returns the bytes of the entries that were put off since all was last placed.
    pub fn put_off_bytes(&self) -> usize {
        self.replicas.values().map(Replica::put_off_bytes).sum()
    }

    /// Says whether a peer that is linked said that it has what is not here yet.
    pub fn is_awaiting(&self) -> bool {
        self.sessions().any(|(_, session)| session.is_awaiting())
    }

    /// Places some of what a notebook keeps and did not place when it came; to be called again and again
    /// while nobody waits. Where the disk fails, the notebook is opened anew as the disk has it.
    pub fn catch_up_some(&mut self, storage: &mut dyn Storage) {
        let mut behind = self.replicas.iter().filter(|(_, it)| it.is_behind());
        if let Some(notebook) = behind.next().map(|(notebook, _)| *notebook) {
            self.catch_up_some_of(notebook, storage);
        }
    }

    fn catch_up_some_of(&mut self, notebook: NotebookId, storage: &mut dyn Storage) {
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return;
        };
        if replica.catch_up_some(storage).is_err() {
            self.close_all_of(notebook);
            self.reopen(notebook, storage);
            return;
        }
        // The state says up to where all is placed, so it is worth as much halfway.
        if replica.wants_snapshot()
            && !replica.has_unsaved()
            && let Err(error) = self.save_state(notebook, storage)
        {
            self.effects
                .push_back(Effect::SnapshotFailed(notebook, error));
        }
    }

    /// Places all that notebooks keep and did not place when it came, for somebody who is to see it. Where documents
    /// are shown ahead of that, whoever reads another one has it placed then.
    pub fn catch_up(&mut self, storage: &mut dyn Storage) {
        let is_due = |it: &Replica| it.is_behind() && !it.is_ahead();
        while let Some(notebook) = self
            .replicas
            .iter()
            .find(|(_, it)| is_due(it))
            .map(|(notebook, _)| *notebook)
        {
            self.catch_up_some_of(notebook, storage);
        }
    }

    /// Opens a notebook as the disk has it, dropping what memory had beyond that. Where it does not
    /// open, it is tried again as time passes.
    pub(super) fn reopen(&mut self, notebook: NotebookId, storage: &dyn Storage) {
        let device = std::sync::Arc::clone(&self.identity.device);
        let before = self.replicas.remove(&notebook);
        match Replica::open(notebook, device, storage) {
            Ok(replica) => {
                self.replicas.insert(notebook, replica);
                self.look_again(notebook);
            }
            // A new notebook of which nothing reached the disk.
            Err(_) if before.is_some_and(|replica| !replica.is_on_disk()) => {}
            Err(error) => {
                self.unopened.insert(notebook, error);
                self.reopen_at_ms.insert(notebook, 0);
            }
        }
    }

    /// What was made in memory only, such as a new key, is still to be done.
    fn look_again(&mut self, notebook: NotebookId) {
        self.rekeys.look_at(notebook);
        self.own.check(notebook);
    }

    /// Tries again to open notebooks that were open until their disk failed.
    pub(super) fn reopen_due(&mut self, now_ms: u64, storage: &dyn Storage) {
        let next_ms = now_ms.saturating_add(REOPEN_AFTER_MS);
        let due: Vec<NotebookId> = self
            .reopen_at_ms
            .iter()
            // A time further off was noted before the clock went back.
            .filter(|(_, at)| **at <= now_ms || **at > next_ms)
            .map(|(notebook, _)| *notebook)
            .collect();
        for notebook in due {
            let device = std::sync::Arc::clone(&self.identity.device);
            match Replica::open(notebook, device, storage) {
                Ok(replica) => {
                    self.replicas.insert(notebook, replica);
                    self.look_again(notebook);
                    self.unopened.remove(&notebook);
                    self.reopen_at_ms.remove(&notebook);
                    self.effects.push_back(Effect::MembershipChanged(notebook));
                }
                Err(error) => {
                    self.unopened.insert(notebook, error);
                    self.reopen_at_ms.insert(notebook, next_ms);
                }
            }
        }
    }

    pub(super) fn close_all_of(&mut self, notebook: NotebookId) {
        let ids: Vec<ConnectionId> = self
            .sessions()
            .filter(|(_, session)| session.notebooks().any(|shared| shared == notebook))
            .map(|(id, _)| id)
            .collect();
        for id in ids {
            self.close(id, CloseReason::Storage);
        }
    }
}
