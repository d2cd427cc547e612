//! Notebooks that the other device of the same person lacks: it is handed their control entries on the
//! connection that both have anyway, since nobody else would tell it of them.

use std::collections::VecDeque;

use super::error::SessionError;
use super::frame::Frame;
use super::session::Session;
use super::shared::Shared;
use crate::control::ControlEntry;
use crate::ids::NotebookId;
use crate::limits::{CONTROL_ENTRIES_MAX, FRAME_BYTES_AIM, HANDOVER_BYTES_MAX};

/// What is handed over on one connection, in both directions.
#[derive(Debug, Default)]
pub(super) struct Handing {
    /// Whether the peer is another device of this person.
    is_own: bool,
    /// The notebooks that the peer lacks, and how many control entries of the first it was sent.
    outgoing: VecDeque<NotebookId>,
    sent: usize,
    /// The one that comes in, and its bytes so far.
    incoming: Option<(NotebookId, Vec<ControlEntry>, usize)>,
    complete: Vec<(NotebookId, Vec<ControlEntry>)>,
}

impl Handing {
    /// Says whether the peer is another device of this person.
    pub(super) const fn is_own(&self) -> bool {
        self.is_own
    }
}

impl Session {
    /// Says that the peer is another device of the same person: it is handed what it lacks, and may hand over.
    #[must_use]
    pub fn with_own_device(mut self, is_own: bool) -> Self {
        self.handing.is_own = is_own;
        self
    }

    /// Takes the notebooks that the peer has handed over since the last call, with their control entries.
    pub fn take_handed(&mut self) -> Vec<(NotebookId, Vec<ControlEntry>)> {
        std::mem::take(&mut self.handing.complete)
    }

    /// Notes that the peer does not know a notebook.
    pub(super) fn hand_over(&mut self, notebook: NotebookId) {
        if self.handing.is_own && !self.handing.outgoing.contains(&notebook) {
            self.handing.outgoing.push_back(notebook);
        }
    }

    /// Returns the next part of what the peer lacks.
    pub(super) fn next_handed(&mut self, shared: &dyn Shared) -> Option<Frame> {
        loop {
            let notebook = *self.handing.outgoing.front()?;
            // Once the peer has said what it has of it, it is no news.
            let replica = shared.get(notebook).filter(|_| !self.is_live(notebook));
            let Some(replica) = replica else {
                self.handing.outgoing.pop_front();
                self.handing.sent = 0;
                continue;
            };
            let (mut entries, mut bytes) = (Vec::new(), 0);
            for entry in replica.controls().iter().skip(self.handing.sent) {
                if bytes >= FRAME_BYTES_AIM {
                    break;
                }
                bytes += entry.as_bytes().len();
                entries.push(entry.as_bytes().to_vec());
            }
            self.handing.sent += entries.len();
            let is_last = self.handing.sent >= replica.controls().len();
            if is_last {
                self.handing.outgoing.pop_front();
                self.handing.sent = 0;
            }
            return Some(Frame::Handed {
                notebook,
                is_last,
                entries,
            });
        }
    }

    /// Takes a part of a notebook. From anybody but another device of the same person it is about nothing.
    pub(super) fn handed(
        &mut self,
        notebook: NotebookId,
        is_last: bool,
        entries: &[Vec<u8>],
    ) -> Result<(), SessionError> {
        if !self.handing.is_own {
            return Ok(());
        }
        let begun = self.handing.incoming.take();
        let (_, mut taken, mut bytes) = begun
            .filter(|(begun, _, _)| *begun == notebook)
            .unwrap_or((notebook, Vec::new(), 0));
        for entry in entries {
            bytes += entry.len();
            if bytes > HANDOVER_BYTES_MAX || taken.len() >= CONTROL_ENTRIES_MAX {
                return Err(SessionError::HandedTooMuch);
            }
            let parsed = ControlEntry::parse(entry);
            taken.push(parsed.map_err(|_| SessionError::HandedUnreadable)?);
        }
        if is_last {
            self.handing.complete.push((notebook, taken));
        } else {
            self.handing.incoming = Some((notebook, taken, bytes));
        }
        Ok(())
    }
}
