//! A mirror at the other end of a connection: what it is not sent, and what it says that it has no room for.

use super::frame::WireTag;
use super::session::Session;
use crate::ids::NotebookId;
use crate::mirror::Quota;

impl Session {
    /// Says that the peer is a mirror: it is sent entries one by one, since it opens no packs.
    #[must_use]
    pub fn with_mirror(mut self, is_mirror: bool) -> Self {
        self.peer_is_mirror = is_mirror;
        for channel in self.channels.values_mut() {
            channel.takes_packs = !is_mirror;
        }
        self
    }

    /// Says whether the peer is a mirror.
    pub const fn is_with_mirror(&self) -> bool {
        self.peer_is_mirror
    }

    /// Returns how much the peer holds of a notebook and may, where it said that it has no room for the rest.
    pub fn peer_full(&self, notebook: NotebookId) -> Option<Quota> {
        let tag = self.tags.get(&notebook)?;
        self.channels.get(tag)?.peer_full
    }

    /// Returns the notebooks for which the peer said that it has no room since the last call.
    pub fn take_full(&mut self) -> Vec<NotebookId> {
        std::mem::take(&mut self.newly_full)
    }

    /// Says whether the peer has told what it has of a notebook, or that it has the same.
    pub fn has_heard_of(&self, notebook: NotebookId) -> bool {
        self.is_live(notebook) || self.stopped(notebook).is_some()
    }

    /// Says whether the peer has said which notebooks it shares.
    pub const fn has_compared(&self) -> bool {
        self.was_listed
    }

    pub(super) fn peer_is_full(&mut self, tag: WireTag, quota: Quota) {
        if let Some(channel) = self.channels.get_mut(&tag) {
            channel.peer_full = Some(quota);
            self.newly_full.push(channel.notebook);
        }
    }
}
