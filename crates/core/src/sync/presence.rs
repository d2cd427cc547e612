//! Presence on one connection: the last that was said, signed and counted, and never more often than somebody sees.
//!
//! `counter varint ‖ epoch 32 ‖ nonce 24 ‖ sealed 59 ‖ signature 64`. The device signs `"hearthside presence 1"` and a
//! hash over the exporter, the notebook, itself and all before the signature. The counter grows on each connection by
//! itself, so nothing that was heard can be said again, here or elsewhere, and nobody passes it on.

use std::collections::BTreeMap;

use super::error::SessionError;
use super::frame::{Frame, WireTag};
use super::session::Session;
use super::shared::{Shared, find};
use crate::crypto::{self, Signature};
use crate::ids::{DeviceId, NotebookId};
use crate::limits::PRESENCES_PER_SECOND_MAX;
use crate::presence::{Presence, PresenceWindow, SealedPresence};

/// A presence as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SaidPresence {
    /// How many were said on this connection, this one included.
    pub(super) counter: u64,
    /// What is said.
    pub(super) sealed: SealedPresence,
    /// The device's signature.
    pub(super) signature: Signature,
}

/// What is said and heard on one connection.
#[derive(Debug, Default)]
pub(super) struct PresenceLane {
    /// The last of each window in each notebook that was not sent yet: what is older says nothing any more.
    next: BTreeMap<(WireTag, PresenceWindow), SealedPresence>,
    said: u64,
    heard: u64,
    /// The second that is counted, in milliseconds, and what came in it.
    second_ms: u64,
    in_second: u32,
    news: Vec<(NotebookId, Presence)>,
}

impl Session {
    /// Says where this person is in a notebook, by one of their windows, as soon as nothing else is to be sent. What was
    /// to be said of that before is left out.
    pub fn say_presence(
        &mut self,
        notebook: NotebookId,
        window: PresenceWindow,
        sealed: &SealedPresence,
    ) {
        if self.peer_is_mirror || !self.is_live(notebook) {
            return;
        }
        if let Some(tag) = self.tags.get(&notebook) {
            self.presences.next.insert((*tag, window), sealed.clone());
        }
    }

    /// Returns the next presence to send.
    pub(super) fn next_presence(&mut self, shared: &dyn Shared) -> Option<Frame> {
        while let Some(((tag, _), sealed)) = self.presences.next.pop_first() {
            let Some((channel, replica)) = find(&mut self.channels, shared, &tag) else {
                continue;
            };
            let counter = self.presences.said + 1;
            let device = replica.own_device();
            let words = signed_words(
                self.exporter.expose(),
                (channel.notebook, device),
                counter,
                &sealed,
            );
            let Some(signature) = replica.sign_presence(&words) else {
                continue;
            };
            self.presences.said = counter;
            let said = SaidPresence {
                counter,
                sealed,
                signature,
            };
            return Some(Frame::Presence(tag, Box::new(said)));
        }
        None
    }

    /// Takes what the peer says of where its person is.
    ///
    /// # Errors
    /// [`SessionError::Presence`] where it is not signed by the peer for this connection, was said before, or does not
    /// open.
    pub(super) fn hear_presence(
        &mut self,
        tag: WireTag,
        said: &SaidPresence,
        shared: &dyn Shared,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        let lane = &mut self.presences;
        if now_ms.abs_diff(lane.second_ms) >= 1_000 {
            (lane.second_ms, lane.in_second) = (now_ms, 0);
        }
        lane.in_second = lane.in_second.saturating_add(1);
        // An honest peer says it a few times a second; what is more is not worth the look at its signature.
        if lane.in_second > PRESENCES_PER_SECOND_MAX {
            return Ok(());
        }
        if said.counter <= lane.heard {
            return Err(SessionError::Presence);
        }
        let Some((channel, replica)) = find(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let notebook = channel.notebook;
        let exporter = self.exporter.expose();
        let words = signed_words(exporter, (notebook, self.peer), said.counter, &said.sealed);
        if self.peer_key.verify(&words, &said.signature).is_err() {
            return Err(SessionError::Presence);
        }
        self.presences.heard = said.counter;
        match replica.open_presence(self.peer, &said.sealed) {
            Ok(Some(presence)) => self.presences.news.push((notebook, presence)),
            // The key may be on its way, and the next one says the same again.
            Ok(None) => {}
            Err(_) => return Err(SessionError::Presence),
        }
        Ok(())
    }

    /// Takes what the peer said since the last call.
    pub fn take_presences(&mut self) -> Vec<(NotebookId, Presence)> {
        std::mem::take(&mut self.presences.news)
    }
}

fn signed_words(
    exporter: &[u8; 32],
    (notebook, device): (NotebookId, DeviceId),
    counter: u64,
    said: &SealedPresence,
) -> Vec<u8> {
    let hash = crypto::digest(
        "hearthside 2026-11 presence",
        &[
            exporter,
            notebook.as_bytes(),
            device.as_bytes(),
            &counter.to_le_bytes(),
            said.epoch.as_bytes(),
            &said.nonce,
            &said.sealed,
        ],
    );
    [b"hearthside presence 1".as_slice(), &hash].concat()
}
