//! What is still said to a device that is no member's any more: the control entries that ended it. And what such a
//! device says against it, once, where it knows better.

use std::collections::{BTreeMap, BTreeSet};

use super::error::SessionError;
use super::frame::{Frame, WireTag};
use super::session::Session;
use crate::control::{ControlEntry, Hearing};
use crate::frontier::SignedFrontier;
use crate::ids::{ControlHash, NotebookId};
use crate::limits::FRAME_BYTES_AIM;

/// Notebooks that one side counts as shared and the other does not, and what was said about that.
#[derive(Debug, Default)]
pub(super) struct Partings {
    /// What the peer was told that it is out of.
    told: BTreeMap<WireTag, NotebookId>,
    /// Of these the ones about which it may say something yet, and of those the ones for which that is waited for.
    open: BTreeSet<WireTag>,
    awaited: BTreeSet<WireTag>,
    /// What it said.
    objections: Vec<(NotebookId, Vec<Vec<u8>>)>,
    /// What it said before, where there was more than one frame holds; and whether it was asked to go on since that
    /// was last looked at.
    hearings: BTreeMap<NotebookId, Box<Hearing>>,
    is_prolonged: bool,
    /// What this side has said itself on this connection.
    shown: BTreeMap<NotebookId, Vec<ControlHash>>,
    /// What the peer says that this side is out of, and by which entry.
    called_out: Vec<(NotebookId, ControlHash)>,
}

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

    /// Queues the last control entries of a notebook that the peer is sent, and which of them ended it. Where
    /// `may_know_better` says so, the connection is to stay until it has said something or its time is over.
    pub fn part(
        &mut self,
        notebook: NotebookId,
        (entries, ending): (Vec<Vec<u8>>, ControlHash),
        may_know_better: bool,
    ) {
        let tag = self.tag(notebook);
        self.partings.told.insert(tag, notebook);
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
        // Whoever removed a mirror knows what else there is.
        if !self.peer_is_mirror {
            self.push(Frame::Ended(tag, ending));
            self.partings.open.insert(tag);
            if may_know_better {
                self.partings.awaited.insert(tag);
            }
        }
    }

    /// Says whether all is said about notebooks that are no longer shared with the peer, of which there are some.
    pub fn has_parted(&self) -> bool {
        !self.partings.told.is_empty() && self.partings.awaited.is_empty()
    }

    /// Takes what the peer said against being out of notebooks.
    pub fn take_objections(&mut self) -> Vec<(NotebookId, Vec<Vec<u8>>)> {
        std::mem::take(&mut self.partings.objections)
    }

    /// Takes what the peer has shown before of a notebook that it is out of, where it was asked to go on.
    pub(crate) fn take_hearing(&mut self, notebook: NotebookId) -> Option<Box<Hearing>> {
        self.partings.hearings.remove(&notebook)
    }

    /// Asks the peer to go on: what it has shown checks, and is not all.
    pub(crate) fn hear_on(
        &mut self,
        notebook: NotebookId,
        hearing: Box<Hearing>,
        ending: ControlHash,
    ) {
        let tag = self.tag(notebook);
        self.partings.hearings.insert(notebook, hearing);
        self.partings.is_prolonged = true;
        self.partings.open.insert(tag);
        self.partings.awaited.insert(tag);
        self.push(Frame::Ended(tag, ending));
    }

    /// Says whether the peer was asked to go on since the last call.
    pub(crate) const fn take_prolonged(&mut self) -> bool {
        std::mem::replace(&mut self.partings.is_prolonged, false)
    }

    /// Returns what this side has shown of a notebook that it is out of by what the peer says.
    pub fn shown(&self, notebook: NotebookId) -> &[ControlHash] {
        self.partings
            .shown
            .get(&notebook)
            .map_or(&[], Vec::as_slice)
    }

    /// Notes that the peer is no longer out of a notebook.
    pub fn rejoin(&mut self, notebook: NotebookId) {
        let tag = self.tag(notebook);
        self.partings.told.remove(&tag);
    }

    /// Takes the notebooks that the peer says this side is out of, each with the entry that it says ended it.
    pub fn take_called_out(&mut self) -> Vec<(NotebookId, ControlHash)> {
        std::mem::take(&mut self.partings.called_out)
    }

    /// Queues what makes this side a member although the peer says that it is out: nothing where that is so.
    pub fn object(&mut self, notebook: NotebookId, entries: Vec<Vec<u8>>) {
        let tag = self.tag(notebook);
        let shown = self.partings.shown.entry(notebook).or_default();
        shown.extend(entries.iter().map(|entry| ControlEntry::hash_of(entry)));
        self.push(Frame::Objection(tag, entries));
    }

    /// Takes that this side is out of a notebook: nothing that was sent of it is here, and what the peer will say of
    /// it, should it change its mind, begins anew.
    pub(super) fn called_out(&mut self, tag: WireTag, ending: ControlHash) {
        let Some(before) = self.channels.get(&tag) else {
            // This side knows that it is out.
            self.push(Frame::Objection(tag, Vec::new()));
            return;
        };
        let (notebook, counter, begins) = (before.notebook, before.peer_counter, before.begins);
        self.open(notebook);
        if let Some(anew) = self.channels.get_mut(&tag) {
            (anew.peer_counter, anew.begins) = (counter, begins);
        }
        for tags in [&mut self.ready, &mut self.owing, &mut self.behind] {
            tags.remove(&tag);
        }
        self.partings.called_out.push((notebook, ending));
    }

    /// Takes what the peer says against being out, once for each time that it was told so.
    pub(super) fn objected(&mut self, tag: WireTag, entries: Vec<Vec<u8>>) {
        self.partings.awaited.remove(&tag);
        if self.partings.open.remove(&tag)
            && let Some(notebook) = self.partings.told.get(&tag)
            && !entries.is_empty()
        {
            self.partings.objections.push((*notebook, entries));
        }
    }

    /// Says whether the peer showed that it has the entry by which this person left.
    pub fn has_heard_leave(&self, notebook: NotebookId) -> bool {
        self.heard_leave.contains(&notebook)
    }
}
