//! The frames of one notebook for somebody who is not linked: what a bundle carries.
//!
//! They are those of a connection on which the peer has told what it has, one way. What cannot be asked for
//! again is not left to chance: packs are used only where the caller says that all can open them.

use std::sync::Arc;

use super::channel::Channel;
use super::frame::{Frame, NotebookNumbers, WireTag};
use super::holding::Holding;
use crate::codec::{DecodeError, Reader};
use crate::frontier::Frontier;
use crate::ids::NotebookId;
use crate::log::{RawEntry, WireDecoder, WireError, notebook_tag};
use crate::storage::{Position, Storage, StorageError};

/// What somebody lacks of a notebook, as frames.
#[derive(Debug)]
pub struct OfflineSender {
    channel: Channel,
    numbers: NotebookNumbers,
}

/// One frame of what somebody lacks.
#[derive(Debug)]
#[non_exhaustive]
pub enum OfflineFrame {
    /// Control entries, each after its past.
    Controls(Vec<Vec<u8>>),
    /// The wraps of one epoch.
    Wraps(Vec<u8>),
    /// Entries; where one of them cannot be read, those before it and why.
    Entries(Vec<RawEntry>, Option<crate::log::EntryError>),
    /// A sealed pack.
    Packed(Vec<u8>),
}

/// A frame that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfflineError {
    /// It does not follow the layout.
    #[error(transparent)]
    Layout(#[from] DecodeError),
    /// An entry cannot be put together.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// Reads frames that were not sent on a connection.
#[derive(Debug, Default)]
pub struct OfflineReader {
    numbers: NotebookNumbers,
    decoder: WireDecoder,
}

impl OfflineSender {
    /// Begins with what somebody who has `theirs` lacks of what is on disk.
    pub fn new(replica: &dyn Holding, theirs: Frontier, takes_packs: bool) -> Self {
        let notebook = replica.notebook();
        let mut channel = Channel::new(notebook, tag_of(notebook));
        channel.takes_packs = takes_packs;
        channel.begin(replica, Arc::new(theirs));
        Self {
            channel,
            numbers: NotebookNumbers::default(),
        }
    }

    /// Returns the next frame, `None` where nothing more is lacked. Nothing of the notebook is unsaved.
    ///
    /// # Errors
    /// [`StorageError`] where history cannot be read.
    pub fn next_frame(
        &mut self,
        replica: &dyn Holding,
        storage: &dyn Storage,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let frame = self.channel.next_frame(replica, storage)?;
        Ok(frame.map(|frame| frame.encode(&mut self.numbers)))
    }

    /// Returns the place in the stream of arrivals up to which all was looked at.
    pub const fn position(&self) -> Position {
        self.channel.position()
    }
}

impl OfflineReader {
    /// Reads a frame of a notebook.
    ///
    /// # Errors
    /// [`OfflineError`] for anything but what [`OfflineSender`] makes of that notebook.
    pub fn read(
        &mut self,
        notebook: NotebookId,
        bytes: &[u8],
    ) -> Result<OfflineFrame, OfflineError> {
        let frame = Frame::decode(bytes, &mut self.numbers)?;
        if frame.tag() != Some(tag_of(notebook)) {
            return Err(DecodeError::Invalid("notebook of a frame").into());
        }
        match frame {
            Frame::Controls(_, entries) => Ok(OfflineFrame::Controls(entries)),
            Frame::Wraps(_, wraps) => Ok(OfflineFrame::Wraps(wraps)),
            Frame::Packed(_, pack) => Ok(OfflineFrame::Packed(pack)),
            Frame::Entries(_, count, bytes) => self.entries(count, &bytes),
            _ => Err(DecodeError::Invalid("kind of a frame").into()),
        }
    }

    fn entries(&mut self, count: u64, bytes: &[u8]) -> Result<OfflineFrame, OfflineError> {
        let mut reader = Reader::new(bytes);
        let mut entries = Vec::new();
        for _ in 0..count {
            match self.decoder.decode(&mut reader) {
                Ok(entry) => entries.push(entry),
                Err(WireError::Entry(error)) => {
                    return Ok(OfflineFrame::Entries(entries, Some(error)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        reader.finish()?;
        Ok(OfflineFrame::Entries(entries, None))
    }
}

/// What names the notebook in its frames: nobody sees them but who can open the bundle.
fn tag_of(notebook: NotebookId) -> WireTag {
    *notebook_tag(notebook).as_bytes()
}
