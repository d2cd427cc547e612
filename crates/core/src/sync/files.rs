//! Pieces of files on one connection: asked for one by one, and sent once nothing else is to be said.
//!
//! Whoever wants a file asks for a piece of it by the file's root, and the peer sends that piece, or says that it lacks it.
//! Only what both share is answered, and out of what lies on the disk for that notebook. What comes is handed on as it
//! came: whoever asked knows the hashes.

use std::collections::VecDeque;

use super::frame::{Frame, WireTag};
use super::session::Session;
use super::shared::{Shared, find_outline};
use crate::file::{HeldFile, LIST, Piece};
use crate::ids::{FileRoot, NotebookId};
use crate::limits::{FILE_PIECE_BYTES_MAX, FILE_WANTS_MAX};
use crate::storage::{Storage, StorageError};

/// What a peer said of a piece that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileEvent {
    /// It sent the piece.
    Arrived(NotebookId, FileRoot, Piece, Vec<u8>),
    /// It does not have it.
    Lacked(NotebookId, FileRoot, Piece),
}

/// What is asked for on one connection.
#[derive(Debug, Default)]
pub(super) struct FileLane {
    /// What the peer asked for and was not sent.
    wanted: VecDeque<(WireTag, FileRoot, Piece)>,
    /// What is to be asked of the peer.
    asking: VecDeque<(WireTag, FileRoot, Piece)>,
    /// What the peer said since it was looked at.
    events: Vec<FileEvent>,
    /// The file that was sent from last: a peer asks for one piece of it after the other.
    last: Option<(NotebookId, FileRoot, HeldFile)>,
}

impl Session {
    /// Asks the peer for a piece of a file, once nothing else is to be said.
    pub fn ask_piece(&mut self, notebook: NotebookId, root: FileRoot, piece: Piece) {
        if let Some(tag) = self.tags.get(&notebook) {
            self.files.asking.push_back((*tag, root, piece));
        }
    }

    /// Takes what the peer said of pieces since the last call.
    pub fn take_file_events(&mut self) -> Vec<FileEvent> {
        std::mem::take(&mut self.files.events)
    }

    pub(super) fn piece_wanted(&mut self, tag: WireTag, root: FileRoot, piece: Piece) {
        // Who asks for more has not waited for what was asked before: the rest is never answered.
        if self.files.wanted.len() < FILE_WANTS_MAX {
            self.files.wanted.push_back((tag, root, piece));
        }
    }

    pub(super) fn piece_arrived(
        &mut self,
        tag: WireTag,
        (root, piece): (FileRoot, Piece),
        bytes: Vec<u8>,
        shared: &dyn Shared,
    ) {
        if let Some((channel, _)) = find_outline(&mut self.channels, shared, &tag)
            && bytes.len() <= FILE_PIECE_BYTES_MAX
        {
            let arrived = FileEvent::Arrived(channel.notebook, root, piece, bytes);
            self.files.events.push(arrived);
        }
    }

    pub(super) fn piece_lacked(
        &mut self,
        tag: WireTag,
        root: FileRoot,
        piece: Piece,
        shared: &dyn Shared,
    ) {
        if let Some((channel, _)) = find_outline(&mut self.channels, shared, &tag) {
            let lacked = FileEvent::Lacked(channel.notebook, root, piece);
            self.files.events.push(lacked);
        }
    }

    /// Returns the next frame about files.
    pub(super) fn next_file_frame(
        &mut self,
        shared: &dyn Shared,
        storage: &dyn Storage,
    ) -> Result<Option<Frame>, StorageError> {
        while let Some((tag, root, piece)) = self.files.asking.pop_front() {
            if find_outline(&mut self.channels, shared, &tag).is_some() {
                return Ok(Some(Frame::FileWant(tag, root, piece)));
            }
        }
        while let Some((tag, root, piece)) = self.files.wanted.pop_front() {
            let Some((channel, _)) = find_outline(&mut self.channels, shared, &tag) else {
                continue;
            };
            let notebook = channel.notebook;
            let found = match self.files.piece(notebook, root, piece, storage) {
                Ok(found) => found,
                // One damaged piece is no reason to part: somebody else may have it.
                Err(StorageError::Damaged(_)) => None,
                Err(error) => return Err(error),
            };
            return Ok(Some(match found {
                Some(bytes) => Frame::FilePiece(tag, root, piece, bytes),
                None => Frame::FileLack(tag, root, piece),
            }));
        }
        Ok(None)
    }
}

impl FileLane {
    /// Reads a piece that is here.
    fn piece(
        &mut self,
        notebook: NotebookId,
        root: FileRoot,
        piece: Piece,
        storage: &dyn Storage,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let is_last = |(of, last, held): &(NotebookId, FileRoot, HeldFile)| {
            *of == notebook && *last == root && held.has(piece)
        };
        if !self.last.as_ref().is_some_and(is_last) || piece == LIST {
            let held = HeldFile::load(storage, notebook, root)?;
            self.last = held.map(|held| (notebook, root, held));
        }
        match &self.last {
            Some((_, _, held)) => held.piece(storage, notebook, piece),
            None => Ok(None),
        }
    }
}
