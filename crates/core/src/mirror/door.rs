//! Somebody who wants a notebook held, as far as they have shown what it takes.

use super::request::{MirrorAnswer, MirrorMessage};
use crate::control::ControlEntry;
use crate::crypto::Secret;
use crate::identity::MirrorPass;
use crate::ids::{NotebookId, TransportId};
use crate::limits::{MIRROR_REQUEST_BYTES_MAX, MIRROR_REQUEST_MS_MAX};

/// One connection of `hearth/mirror/1`, at the mirror's end.
#[derive(Debug)]
pub(super) struct Door {
    remote: TransportId,
    exporter: [u8; 32],
    ends_ms: u64,
    notebook: Option<NotebookId>,
    entries: Vec<ControlEntry>,
    bytes: usize,
    answer: Option<MirrorAnswer>,
    is_over: bool,
}

impl Door {
    pub(super) const fn new(remote: TransportId, exporter: [u8; 32], now_ms: u64) -> Self {
        Self {
            remote,
            exporter,
            ends_ms: now_ms.saturating_add(MIRROR_REQUEST_MS_MAX),
            notebook: None,
            entries: Vec::new(),
            bytes: 0,
            answer: None,
            is_over: false,
        }
    }

    /// Returns the key that the other end proved.
    pub(super) const fn remote(&self) -> TransportId {
        self.remote
    }

    /// Returns the notebook that is asked for, once it is.
    pub(super) const fn notebook(&self) -> Option<NotebookId> {
        self.notebook
    }

    pub(super) const fn deadline_ms(&self) -> u64 {
        self.ends_ms
    }

    /// Says whether all is said.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Reads a message; returns the notebook once all of it is here.
    ///
    /// # Errors
    /// The answer, which is noted as well, where the message is refused at once.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        pass: &MirrorPass,
    ) -> Result<Option<NotebookId>, MirrorAnswer> {
        if self.answer.is_some() || self.is_over {
            return Ok(None);
        }
        self.read_part(bytes, pass).inspect_err(|answer| {
            self.entries.clear();
            self.answer = Some(*answer);
        })
    }

    fn read_part(
        &mut self,
        bytes: &[u8],
        pass: &MirrorPass,
    ) -> Result<Option<NotebookId>, MirrorAnswer> {
        let message = MirrorMessage::parse(bytes).map_err(|_| MirrorAnswer::Invalid)?;
        let MirrorMessage::Hold {
            notebook,
            proof,
            is_last,
            entries,
        } = message
        else {
            return Err(MirrorAnswer::Invalid);
        };
        // Nothing is kept of somebody who does not prove the pass.
        let wanted = Secret::from_bytes(pass.proof(&self.exporter, notebook));
        if wanted != Secret::from_bytes(proof) {
            return Err(MirrorAnswer::WrongPass);
        }
        if self.notebook.is_some_and(|begun| begun != notebook) {
            return Err(MirrorAnswer::Invalid);
        }
        self.notebook = Some(notebook);
        for entry in entries {
            self.bytes += entry.len();
            if self.bytes > MIRROR_REQUEST_BYTES_MAX {
                return Err(MirrorAnswer::Full);
            }
            let entry = ControlEntry::parse(&entry).map_err(|_| MirrorAnswer::Invalid)?;
            self.entries.push(entry);
        }
        Ok(is_last.then_some(notebook))
    }

    /// Takes the control entries that came.
    pub(super) fn take_entries(&mut self) -> Vec<ControlEntry> {
        std::mem::take(&mut self.entries)
    }

    /// Notes what is to be answered.
    pub(super) const fn answer(&mut self, notebook: NotebookId, answer: MirrorAnswer) {
        self.notebook = Some(notebook);
        self.answer = Some(answer);
    }

    /// Returns the answer, once; `is_held` says whether a notebook is on disk.
    pub(super) fn next_frame(&mut self, is_held: impl Fn(NotebookId) -> bool) -> Option<Vec<u8>> {
        let answer = match (self.answer.take()?, self.notebook) {
            // The disk failed meanwhile.
            (MirrorAnswer::Taken, Some(notebook)) if !is_held(notebook) => {
                MirrorAnswer::Unavailable
            }
            (answer, _) => answer,
        };
        self.is_over = true;
        Some(MirrorMessage::Answer(answer).to_bytes())
    }
}
