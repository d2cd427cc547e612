//! How two devices find out what the other one lacks: one digest over all notebooks, a list of those that
//! differ, the frontiers of these.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::brief::Brief;
use super::channel::Channel;
use super::error::{SessionError, Stopped};
use super::frame::{Frame, SummaryLine, VERSION, WireTag};
use super::holding::Outline;
use super::session::{PeerView, Session, truncate, view_of};
use super::shared::{Shared, find, find_outline};
use crate::crypto;
use crate::frontier::SignedFrontier;
use crate::ids::NotebookId;
use crate::limits::{LISTED_NOTEBOOKS_MAX, SHARED_NOTEBOOKS_MAX};

/// Times that a peer is asked to begin a notebook anew on one connection.
pub(super) const RESTARTS_MAX: u32 = 3;

/// Times that a peer may tell a whole frontier on one connection, each of which makes this side send
/// anew what it lacks: an honest one tells one to begin with, one for its first acknowledgement and
/// one for each restart.
pub(super) const BEGINS_MAX: u32 = 2 * (1 + RESTARTS_MAX);

/// Logs in frontiers that are held because their notebook is not shared yet: about 400 kB. What is
/// beyond that comes again with the next connection.
const EARLY_LOGS_MAX: usize = 4_096;

impl Session {
    pub(super) fn open(&mut self, notebook: NotebookId) -> WireTag {
        let tag = self.tag(notebook);
        let mut channel = Channel::new(notebook, tag);
        channel.takes_packs = !self.peer_is_mirror;
        self.channels.insert(tag, channel);
        self.tags.insert(notebook, tag);
        tag
    }

    /// Adds a notebook that has become shared while the connection was open; nothing of it is
    /// unsaved.
    ///
    /// # Errors
    /// [`SessionError`] where the peer's frontier of it came before and does not check.
    pub fn share(&mut self, notebook: NotebookId, shared: &dyn Shared) -> Result<(), SessionError> {
        if self.tags.contains_key(&notebook) {
            return Ok(());
        }
        let tag = self.open(notebook);
        self.rejoin(notebook);
        match self.early.remove(&tag) {
            Some(frontier) => self.frontier(tag, frontier, shared),
            None => {
                self.hand_over(notebook);
                self.tell_frontier(tag, shared);
                Ok(())
            }
        }
    }

    fn tell_frontier(&mut self, tag: WireTag, shared: &dyn Shared) {
        if let Some((channel, outline)) = find_outline(&mut self.channels, shared, &tag) {
            let frame = channel.frontier(outline);
            self.push(frame);
        }
    }

    pub(super) fn tag(&self, notebook: NotebookId) -> WireTag {
        if let Some(known) = self.tags.get(&notebook) {
            return *known;
        }
        truncate(crypto::mac(
            &self.exporter,
            "notebook tag",
            &[notebook.as_bytes()],
        ))
    }

    /// A MAC that names who says it, so that sending it back proves nothing.
    pub(super) fn digest(&self, by_dialler: bool, shared: &dyn Shared) -> [u8; 32] {
        let mut lines: Vec<(WireTag, [u8; 32])> = shared
            .all()
            .map(|replica| (self.tag(replica.notebook()), replica.frontier_digest()))
            .collect();
        lines.sort_unstable();
        let bytes: Vec<u8> = lines
            .iter()
            .flat_map(|(tag, digest)| [&tag[..], &digest[..]].concat())
            .collect();
        crypto::mac(
            &self.exporter,
            "all notebooks",
            &[&[by_dialler.into()], &bytes],
        )
    }

    fn summary(&self, shared: &dyn Shared) -> Vec<SummaryLine> {
        shared
            .all()
            .map(|replica| SummaryLine {
                tag: self.tag(replica.notebook()),
                digest: self.frontier_mac(self.dialled, replica),
            })
            .collect()
    }

    fn frontier_mac(&self, by_dialler: bool, replica: &dyn Outline) -> [u8; 16] {
        truncate(crypto::mac(
            &self.exporter,
            "frontier",
            &[&[by_dialler.into()], &replica.frontier_digest()],
        ))
    }

    pub(super) fn hello(
        &mut self,
        version: u16,
        instance: u64,
        digest: [u8; 32],
        shared: &dyn Shared,
    ) -> Result<(), SessionError> {
        if version != VERSION {
            return Err(SessionError::Version(version));
        }
        if self.peer_instance.replace(instance).is_some() {
            return Err(SessionError::Repeated);
        }
        self.greeted = true;
        if self.digest(!self.dialled, shared) == digest {
            for replica in shared.all() {
                self.begin_equal(replica);
            }
        } else {
            self.list(shared);
        }
        Ok(())
    }

    /// Lists all notebooks to the peer, once: many of them as sums. Devices of one person name each, since
    /// they find out what the other one lacks altogether.
    fn list(&mut self, shared: &dyn Shared) {
        if std::mem::replace(&mut self.has_listed, true) {
            return;
        }
        let frame = if self.tags.len() <= LISTED_NOTEBOOKS_MAX || self.handing.is_own() {
            Frame::Summary(self.summary(shared))
        } else {
            let bits = Brief::bits_for(self.tags.len());
            Frame::Brief(self.brief(bits, self.dialled, shared))
        };
        self.push(frame);
    }

    fn brief(&self, bits: u8, by_dialler: bool, shared: &dyn Shared) -> Brief {
        let notebooks = shared.all().map(|replica| {
            let mac = self.frontier_mac(by_dialler, replica);
            (self.tag(replica.notebook()), mac)
        });
        Brief::of(bits, notebooks)
    }

    pub(super) fn compare_brief(&mut self, theirs: &Brief, shared: &dyn Shared) {
        // As in `compare`: the peer may have found a difference where this side found none.
        self.list(shared);
        let mine = self.brief(theirs.bits(), !self.dialled, shared);
        for replica in shared.all() {
            let tag = self.tag(replica.notebook());
            if mine.agrees_on(&tag, theirs) {
                self.begin_equal(replica);
            } else {
                self.tell_frontier(tag, shared);
            }
        }
    }

    fn begin_equal(&mut self, replica: &dyn Outline) {
        let tag = self.tag(replica.notebook());
        if let Some(channel) = self.channels.get_mut(&tag) {
            channel.begin_equal(replica);
            let view = PeerView {
                frontier: replica.shared_frontier(),
                signed: None,
            };
            self.views.insert(replica.notebook(), view);
            self.changed_views.push(replica.notebook());
        }
    }

    pub(super) fn compare(&mut self, lines: &[SummaryLine], shared: &dyn Shared) {
        // The peer found a difference, perhaps to what was here a moment ago, where this side found
        // none: it needs this list to know where there is none.
        self.list(shared);
        let theirs: BTreeMap<WireTag, [u8; 16]> =
            lines.iter().map(|line| (line.tag, line.digest)).collect();
        for replica in shared.all() {
            let tag = self.tag(replica.notebook());
            let mine = self.frontier_mac(!self.dialled, replica);
            if theirs.get(&tag) == Some(&mine) {
                self.begin_equal(replica);
            } else {
                if !theirs.contains_key(&tag) {
                    self.hand_over(replica.notebook());
                }
                self.tell_frontier(tag, shared);
            }
        }
    }

    pub(super) fn frontier(
        &mut self,
        tag: WireTag,
        signed: SignedFrontier,
        shared: &dyn Shared,
    ) -> Result<(), SessionError> {
        let Some((channel, replica)) = find(&mut self.channels, shared, &tag) else {
            if self.channels.contains_key(&tag) {
                return Ok(());
            }
            let held: usize = self
                .early
                .values()
                .map(|early| early.frontier.logs.len())
                .sum();
            if self.early.len() < SHARED_NOTEBOOKS_MAX
                && held + signed.frontier.logs.len() <= EARLY_LOGS_MAX
            {
                self.early.insert(tag, signed);
            }
            return Ok(());
        };
        if signed.device != self.peer || signed.verify(channel.notebook, &self.peer_key).is_err() {
            return Err(SessionError::Frontier);
        }
        if signed.counter < channel.peer_counter {
            return Err(SessionError::RolledBack);
        }
        channel.peer_counter = signed.counter;
        if channel.begins >= BEGINS_MAX {
            self.stop(tag, Stopped::Restarts);
            return Ok(());
        }
        channel.begin(replica, Arc::new(signed.frontier.clone()));
        self.ready.insert(tag);
        if channel.acks.is_behind() {
            self.behind.insert(tag);
        }
        let has_told = channel.has_told();
        let view = view_of(replica, signed);
        self.views.insert(channel.notebook, view);
        self.changed_views.push(channel.notebook);
        if !has_told {
            self.tell_frontier(tag, shared);
        }
        Ok(())
    }
}
