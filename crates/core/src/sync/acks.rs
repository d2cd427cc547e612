//! Acknowledgements: a signed frontier of what is on the disk, told and heard.

use std::sync::Arc;

use super::begin::RESTARTS_MAX;
use super::channel::Channel;
use super::error::SessionError;
use super::frame::{Acknowledgement, WireTag};
use super::session::{PeerView, Session, view_of};
use super::shared::{Shared, find, find_outline};
use crate::ids::NotebookId;
use crate::limits::LOGS_MAX;

impl Session {
    pub(super) fn acknowledged(
        &mut self,
        tag: WireTag,
        ack: &Acknowledgement,
        shared: &dyn Shared,
    ) -> Result<(), SessionError> {
        let Some((channel, replica)) = find(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let signed = channel.assemble(self.peer, ack);
        if signed.verify(channel.notebook, &self.peer_key).is_err() {
            return Err(SessionError::Frontier);
        }
        if signed.counter < channel.peer_counter {
            return Err(SessionError::RolledBack);
        }
        if signed.frontier.logs.len() > LOGS_MAX {
            return Err(SessionError::TooManyLogs);
        }
        channel.peer_counter = signed.counter;
        channel.told_by_peer = if signed.frontier == *replica.frontier() {
            // Of thousands of connections over thousands of notebooks nearly all say the same.
            replica.shared_frontier()
        } else {
            Arc::new(signed.frontier.clone())
        };
        channel.note_told(replica, &ack.logs);
        self.ready.insert(tag);
        let notebook = channel.notebook;
        let view = view_of(replica, signed);
        self.note_signed(notebook, view);
        Ok(())
    }

    /// Notes what the peer has signed for, and keeps what it is known to have beyond that.
    fn note_signed(&mut self, notebook: NotebookId, view: PeerView) {
        let PeerView {
            mut frontier,
            signed,
        } = view;
        if let Some(before) = self.views.get(&notebook) {
            for (log, tip) in &before.frontier.logs {
                if frontier.seq(log) < tip.0 {
                    let tips = before.frontier.tips(log);
                    Arc::make_mut(&mut frontier).set_tips(*log, tips.collect());
                }
            }
        }
        self.views.insert(notebook, PeerView { frontier, signed });
        self.changed_views.push(notebook);
    }

    /// Queues the acknowledgements that are due, given that nothing is unsaved; with `now` those
    /// that could wait a little as well.
    pub fn acknowledge(&mut self, shared: &dyn Shared, now_ms: u64, at_once: bool) {
        self.set_clock(now_ms);
        self.note_caught_up(shared);
        let due: Vec<WireTag> = (self.owing.iter())
            .filter(|tag| {
                let due_ms = self.channels.get(*tag).and_then(Channel::ack_due_ms);
                due_ms.is_some_and(|due_ms| at_once || now_ms >= due_ms)
            })
            .copied()
            .collect();
        for tag in due {
            let Some((channel, replica)) = find_outline(&mut self.channels, shared, &tag) else {
                // Nothing of it can be said to this peer any more, so nothing falls due either.
                if let Some(channel) = self.channels.get_mut(&tag) {
                    channel.acks.clear();
                }
                continue;
            };
            if !replica.has_unsaved() {
                let restarts = channel.wants_restart && channel.restarts < RESTARTS_MAX;
                let frame = if restarts || !channel.has_told() {
                    // The peer begins anew at this frontier, or has none yet to add to: what it
                    // compared with may have been another one.
                    channel.restarts += u32::from(restarts);
                    channel.frontier(replica)
                } else {
                    channel.acknowledge(replica)
                };
                channel.wants_restart = false;
                channel.acks.told(now_ms);
                self.push(frame);
            }
        }
        let channels = &self.channels;
        let owes = |tag: &WireTag| {
            let channel = channels.get(tag);
            channel.is_some_and(|channel| channel.acks.due_ms().is_some())
        };
        self.owing.retain(owes);
    }

    /// Notes which notebooks hold all that the peer said it has.
    fn note_caught_up(&mut self, shared: &dyn Shared) {
        let channels = &mut self.channels;
        self.behind.retain(|tag| {
            let Some((channel, replica)) = find_outline(channels, shared, tag) else {
                return channels
                    .get(tag)
                    .is_some_and(|channel| channel.acks.is_behind());
            };
            if channel.acks.is_behind() && channel.told_by_peer.beyond(replica.frontier()) == 0 {
                channel.acks.caught_up();
            }
            channel.acks.is_behind()
        });
    }
}
