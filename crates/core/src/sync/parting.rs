//! What is still said to a device that is no member's any more: the control entries that ended it.

use super::error::SessionError;
use super::frame::Frame;
use super::session::Session;
use crate::frontier::SignedFrontier;
use crate::ids::NotebookId;
use crate::limits::FRAME_BYTES_AIM;

impl Session {
    /// Takes what the peer told about a notebook that it counts as shared and this side does not.
    ///
    /// # Errors
    /// [`SessionError::Frontier`] where the peer did not sign it.
    pub fn take_early(
        &mut self,
        notebook: NotebookId,
    ) -> Result<Option<SignedFrontier>, SessionError> {
        let tag = self.tag(notebook);
        let Some(told) = self.early.remove(&tag) else {
            return Ok(None);
        };
        if told.device != self.peer || told.verify(notebook, &self.peer_key).is_err() {
            return Err(SessionError::Frontier);
        }
        Ok(Some(told))
    }

    /// Says whether the peer told about a notebook that this side does not count as shared.
    pub fn has_early(&self, notebook: NotebookId) -> bool {
        !self.early.is_empty() && self.early.contains_key(&self.tag(notebook))
    }

    /// Says whether the peer told about any notebook that this side does not count as shared.
    pub fn has_any_early(&self) -> bool {
        !self.early.is_empty()
    }

    /// Queues the last control entries of a notebook that the peer is sent.
    pub fn part(&mut self, notebook: NotebookId, entries: Vec<Vec<u8>>) {
        self.has_parted = true;
        let tag = self.tag(notebook);
        let (mut frame, mut bytes) = (Vec::new(), 0);
        for entry in entries {
            bytes += entry.len();
            frame.push(entry);
            if bytes >= FRAME_BYTES_AIM {
                self.push(Frame::Controls(tag, std::mem::take(&mut frame)));
                bytes = 0;
            }
        }
        if !frame.is_empty() {
            self.push(Frame::Controls(tag, frame));
        }
    }

    /// Says whether the peer was told why a notebook is no longer shared with it.
    pub const fn has_parted(&self) -> bool {
        self.has_parted
    }

    /// Says whether the peer showed that it has the entry by which this person left.
    pub fn has_heard_leave(&self, notebook: NotebookId) -> bool {
        self.heard_leave.contains(&notebook)
    }
}
