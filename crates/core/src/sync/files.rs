//! Files on one connection: pieces asked for one by one, and sent once nothing else is to be said; files that a mirror is
//! offered, and what it says to that.
//!
//! Whoever wants a file asks for a piece of it by the file's root, and the peer sends that piece, or says that it lacks it.
//! Only what both share is answered, and out of what lies on the disk for that notebook. What comes is handed on as it
//! came: whoever asked knows the hashes. A mirror that takes a file it is offered asks for its pieces in the same way.
//! Nothing is said to a peer that did not say that it reads it.

use std::collections::{BTreeSet, VecDeque};

use super::features::Features;
use super::file_frame::{FileAnswer, FileFrame};
use super::frame::{Frame, WireTag};
use super::session::Session;
use super::shared::{Shared, find_outline};
use crate::file::{HeldFile, LIST, Piece};
use crate::ids::{FileRoot, NotebookId};
use crate::limits::{FILE_OFFERS_MAX, FILE_PIECE_BYTES_MAX, FILE_WANTS_MAX};
use crate::storage::{Storage, StorageError};

/// What a peer said of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileEvent {
    /// It sent a piece.
    Arrived(NotebookId, FileRoot, Piece, Vec<u8>),
    /// It does not have a piece.
    Lacked(NotebookId, FileRoot, Piece),
    /// It has a file of this length, which a resource names.
    Offered(NotebookId, FileRoot, u64),
    /// It is a mirror, and says this to an offer.
    Answered(NotebookId, FileRoot, FileAnswer),
    /// It says that no resource names the file any more.
    LetGo(NotebookId, FileRoot),
}

/// What is said of files on one connection.
#[derive(Debug, Default)]
pub(super) struct FileLane {
    /// What the peer asked for and was not sent.
    wanted: VecDeque<(WireTag, FileRoot, Piece)>,
    /// What is to be said to the peer.
    saying: VecDeque<(WireTag, FileFrame)>,
    /// What the peer offered and was not answered: more than [`FILE_OFFERS_MAX`] are not heard.
    offered: BTreeSet<(NotebookId, FileRoot)>,
    /// What the peer said since it was looked at.
    events: Vec<FileEvent>,
    /// The file that was sent from last: a peer asks for one piece of it after the other.
    last: Option<(NotebookId, FileRoot, HeldFile)>,
}

impl Session {
    /// Says whether the peer reads what is said about pieces of files.
    pub const fn reads_files(&self) -> bool {
        self.peer_features.has(Features::FILES)
    }

    /// Says whether the peer is a mirror that may keep files.
    pub const fn keeps_files(&self) -> bool {
        self.peer_is_mirror && self.peer_features.has(Features::KEPT_FILES)
    }

    /// Asks the peer for a piece of a file, once nothing else is to be said.
    pub fn ask_piece(&mut self, notebook: NotebookId, root: FileRoot, piece: Piece) {
        self.say_of_file(notebook, FileFrame::Want(root, piece));
    }

    /// Offers a mirror a file that is here and named.
    pub fn offer_file(&mut self, notebook: NotebookId, root: FileRoot, bytes: u64) {
        self.say_of_file(notebook, FileFrame::Offer(root, bytes));
    }

    /// Tells a mirror that no resource names a file any more.
    pub fn let_file_go(&mut self, notebook: NotebookId, root: FileRoot) {
        self.say_of_file(notebook, FileFrame::LetGo(root));
    }

    /// Answers what a member's device offered to this mirror.
    pub fn answer_file(&mut self, notebook: NotebookId, root: FileRoot, answer: FileAnswer) {
        if self.files.offered.remove(&(notebook, root)) {
            self.say_of_file(notebook, FileFrame::Answer(root, answer));
        }
    }

    fn say_of_file(&mut self, notebook: NotebookId, frame: FileFrame) {
        if let Some(tag) = self.tags.get(&notebook)
            && self.peer_features.has(frame.needs())
        {
            self.files.saying.push_back((*tag, frame));
        }
    }

    /// Takes what the peer said of files since the last call.
    pub fn take_file_events(&mut self) -> Vec<FileEvent> {
        std::mem::take(&mut self.files.events)
    }

    pub(super) fn heard_of_file(&mut self, tag: WireTag, frame: FileFrame, shared: &dyn Shared) {
        if let FileFrame::Want(root, piece) = frame {
            // Who asks for more has not waited for what was asked before: the rest is never answered.
            if self.files.wanted.len() < FILE_WANTS_MAX {
                self.files.wanted.push_back((tag, root, piece));
            }
            return;
        }
        let Some((channel, _)) = find_outline(&mut self.channels, shared, &tag) else {
            return;
        };
        let notebook = channel.notebook;
        let event = match frame {
            FileFrame::Piece(root, piece, bytes) if bytes.len() <= FILE_PIECE_BYTES_MAX => {
                FileEvent::Arrived(notebook, root, piece, bytes)
            }
            FileFrame::Lack(root, piece) => FileEvent::Lacked(notebook, root, piece),
            FileFrame::Offer(root, bytes) => {
                let has_room = self.files.offered.len() < FILE_OFFERS_MAX;
                if !has_room || !self.files.offered.insert((notebook, root)) {
                    return;
                }
                FileEvent::Offered(notebook, root, bytes)
            }
            FileFrame::Answer(root, answer) => FileEvent::Answered(notebook, root, answer),
            FileFrame::LetGo(root) => FileEvent::LetGo(notebook, root),
            FileFrame::Want(..) | FileFrame::Piece(..) => return,
        };
        self.files.events.push(event);
    }

    /// Returns the next frame about files.
    pub(super) fn next_file_frame(
        &mut self,
        shared: &dyn Shared,
        storage: &dyn Storage,
    ) -> Result<Option<Frame>, StorageError> {
        while let Some((tag, frame)) = self.files.saying.pop_front() {
            if find_outline(&mut self.channels, shared, &tag).is_some() {
                return Ok(Some(Frame::File(tag, frame)));
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
            let frame = match found {
                Some(bytes) => FileFrame::Piece(root, piece, bytes),
                None => FileFrame::Lack(root, piece),
            };
            return Ok(Some(Frame::File(tag, frame)));
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
