//! Files that somebody waits for here: asked for while they say that they do, and no longer.

use super::Engine;
use super::connections::Connection;
use super::fetches::{Fetch, FileProgress};
use super::files::{FileError, FileRef};
use crate::ids::{DeviceId, FileRoot, NotebookId};
use crate::limits::{FILE_WANTED_MS, FILES_FETCHED_MAX};
use crate::storage::Storage;
use crate::sync::FileEvent;

impl Engine {
    /// Says that somebody waits for a file, and how far it is. It is asked for until that was not said for
    /// [`FILE_WANTED_MS`].
    ///
    /// # Errors
    /// [`FileError`]: it is none, too many are fetched, or the disk did not take what came.
    pub fn want_file(
        &mut self,
        notebook: NotebookId,
        file: &FileRef,
        now_ms: u64,
        storage: &dyn Storage,
    ) -> Result<FileProgress, FileError> {
        let place = (notebook, file.root);
        if let Some(fetch) = self.fetches.get_mut(&place) {
            fetch.want(now_ms);
            if let Some(error) = fetch.take_failed() {
                return Err(error.into());
            }
        } else {
            let fetch = Fetch::load(place, file.bytes, now_ms, storage)?;
            if fetch.is_whole() {
                return Ok(fetch.progress());
            }
            if self.fetches.len() >= FILES_FETCHED_MAX {
                return Err(FileError::TooMany);
            }
            self.fetches.insert(place, fetch);
        }
        self.ask_for_pieces(now_ms);
        let fetch = self.fetches.get(&place);
        Ok(fetch.map(Fetch::progress).unwrap_or_default())
    }

    /// Forgets that a file is waited for.
    pub(super) fn forget_fetch(&mut self, notebook: NotebookId, root: FileRoot) {
        self.fetches.forget(&(notebook, root));
    }

    /// Forgets what was waited for of a notebook.
    pub(super) fn forget_fetches_of(&mut self, notebook: NotebookId) {
        self.fetches.retain(|(of, _), _| *of != notebook);
    }

    /// Says whether a file is waited for.
    pub(super) fn is_fetched(&self, notebook: NotebookId, root: FileRoot) -> bool {
        self.fetches.get(&(notebook, root)).is_some()
    }

    pub(super) fn hear_files(&mut self, peer: DeviceId, events: Vec<FileEvent>, now_ms: u64) {
        for event in events {
            match event {
                FileEvent::Answered(notebook, root, answer) => {
                    self.mirror_answered_file(peer, (notebook, root), answer, now_ms);
                }
                event => self.fetches.hear(peer, event, now_ms),
            }
        }
    }

    /// Puts pieces that came on the disk, and asks for the next ones.
    pub(super) fn keep_pieces(&mut self, storage: &mut dyn Storage, now_ms: u64) {
        if self.fetches.is_empty() {
            return;
        }
        for (notebook, _) in self.fetches.keep(storage, now_ms) {
            self.mirror_files.look_again_at(notebook);
        }
        self.ask_for_pieces(now_ms);
    }

    fn ask_for_pieces(&mut self, now_ms: u64) {
        self.fetches.forget_unwanted(FILE_WANTED_MS, now_ms);
        let sessions = self
            .connections
            .values_mut()
            .filter_map(|connection| match connection {
                Connection::Sync {
                    session,
                    parting: None,
                    ..
                } => Some(&mut **session),
                _ => None,
            });
        self.fetches.ask(sessions.collect(), now_ms);
    }
}
