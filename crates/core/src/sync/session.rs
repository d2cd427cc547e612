//! One connection between two devices, over all notebooks that they share.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::capsules::CapsuleLane;
use super::channel::Channel;
use super::error::{SessionError, Stopped};
use super::frame::{Frame, NotebookNumbers, VERSION, WireTag};
use super::handing::Handing;
use crate::crypto::{self, Secret};
use crate::frontier::{Frontier, SignedFrontier};
use crate::ids::{DeviceId, NotebookId};
use crate::limits::SHARED_NOTEBOOKS_MAX;
use crate::replica::Replica;
use crate::storage::{Storage, StorageError};

/// Frames that may wait for a peer that asks without reading: an honest one makes us queue a
/// frontier and an acknowledgement for each notebook at most.
const QUEUED_FRAMES_MAX: usize = 2 * SHARED_NOTEBOOKS_MAX + 64;

/// Bytes of such frames, about: frontiers of thousands of notebooks fit.
const QUEUED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What is known of a peer's copy of one notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerView {
    /// What it has: what it said, and what it sent since.
    pub frontier: Frontier,
    /// What it signed for, unless all that came was an equal digest on a live connection, or it names
    /// logs of devices that are unknown here.
    pub signed: Option<SignedFrontier>,
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    /// Whether this side dialled.
    pub(super) dialled: bool,
    pub(super) peer: DeviceId,
    pub(super) peer_key: crypto::VerifyKey,
    pub(super) exporter: Secret,
    pub(super) channels: BTreeMap<WireTag, Channel>,
    /// The tags of the channels.
    pub(super) tags: BTreeMap<NotebookId, WireTag>,
    pub(super) outgoing: NotebookNumbers,
    pub(super) incoming: NotebookNumbers,
    pub(super) queue: VecDeque<Frame>,
    pub(super) queued_bytes: usize,
    /// The run of the peer's program.
    pub(super) peer_instance: Option<u64>,
    pub(super) heard_ms: u64,
    pub(super) pinged: bool,
    pub(super) greeted: bool,
    pub(super) has_listed: bool,
    pub(super) was_listed: bool,
    pub(super) next_channel: usize,
    pub(super) views: BTreeMap<NotebookId, PeerView>,
    /// Frontiers of notebooks that the peer already counts as shared and this side does not yet.
    pub(super) early: BTreeMap<WireTag, SignedFrontier>,
    /// The notebooks whose view changed since [`Session::take_views`].
    pub(super) changed_views: Vec<NotebookId>,
    /// The notebooks that stopped since [`Session::take_stopped`].
    pub(super) newly_stopped: Vec<NotebookId>,
    /// The notebooks that this person left, of which the peer showed that it knows.
    pub(super) heard_leave: BTreeSet<NotebookId>,
    /// Whether the peer was told why a notebook is no longer shared with it.
    pub(super) has_parted: bool,
    pub(super) handing: Handing,
    pub(super) capsules: CapsuleLane,
}

impl Session {
    /// Starts a session with a device over the notebooks shared with it, and greets it.
    pub fn new(
        (peer, peer_key): (DeviceId, crypto::VerifyKey),
        dialled: bool,
        exporter: [u8; 32],
        instance: u64,
        shared: &mut [&mut Replica],
        now_ms: u64,
    ) -> Self {
        let mut session = Self {
            dialled,
            peer,
            peer_key,
            exporter: Secret::from_bytes(exporter),
            channels: BTreeMap::new(),
            tags: BTreeMap::new(),
            outgoing: NotebookNumbers::default(),
            incoming: NotebookNumbers::default(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            peer_instance: None,
            heard_ms: now_ms,
            pinged: false,
            greeted: false,
            has_listed: false,
            was_listed: false,
            next_channel: 0,
            views: BTreeMap::new(),
            early: BTreeMap::new(),
            changed_views: Vec::new(),
            newly_stopped: Vec::new(),
            heard_leave: BTreeSet::new(),
            has_parted: false,
            handing: Handing::default(),
            capsules: CapsuleLane::new(now_ms),
        };
        for replica in shared.iter() {
            session.open(replica.notebook());
        }
        let digest = session.digest(dialled, shared);
        session.push(Frame::Hello {
            version: VERSION,
            instance,
            digest,
        });
        session
    }

    /// Returns the peer.
    pub const fn peer(&self) -> DeviceId {
        self.peer
    }

    /// Says whether both sides have greeted each other.
    pub const fn is_greeted(&self) -> bool {
        self.greeted
    }

    /// Returns the number of the peer's run, once it has greeted.
    pub const fn peer_instance(&self) -> Option<u64> {
        self.peer_instance
    }

    /// Says why a notebook is no longer synced on this connection, where it is not.
    pub fn stopped(&self, notebook: NotebookId) -> Option<&Stopped> {
        self.channel_of(notebook)?.stopped.as_ref()
    }

    /// Returns the notebooks that stopped since the last call.
    pub fn take_stopped(&mut self) -> Vec<NotebookId> {
        std::mem::take(&mut self.newly_stopped)
    }

    pub(super) fn stop(&mut self, tag: WireTag, reason: Stopped) {
        if let Some(channel) = self.channels.get_mut(&tag) {
            channel.stop(reason);
            self.newly_stopped.push(channel.notebook);
        }
    }

    pub(super) fn encode(&mut self, frame: &Frame) -> Vec<u8> {
        frame.encode(&mut self.outgoing)
    }

    pub(super) fn push(&mut self, frame: Frame) {
        self.queued_bytes += frame.bytes_about();
        self.queue.push_back(frame);
    }

    /// Says whether these are the notebooks of this connection, each named once.
    pub fn is_about(&self, notebooks: impl ExactSizeIterator<Item = NotebookId>) -> bool {
        let mut notebooks = notebooks;
        notebooks.len() == self.tags.len()
            && notebooks.all(|notebook| self.tags.contains_key(&notebook))
    }

    /// Returns the notebooks of this connection.
    pub fn notebooks(&self) -> impl Iterator<Item = NotebookId> {
        self.tags.keys().copied()
    }

    /// Says whether both sides know what the other has of a notebook.
    pub fn is_live(&self, notebook: NotebookId) -> bool {
        self.channel_of(notebook)
            .is_some_and(|channel| channel.is_live)
    }

    /// Returns what the peer said last about a notebook on this connection.
    pub fn view(&self, notebook: NotebookId) -> Option<&PeerView> {
        self.views.get(&notebook)
    }

    /// Returns the notebooks about which the peer said something new since the last call.
    pub fn take_views(&mut self) -> Vec<NotebookId> {
        std::mem::take(&mut self.changed_views)
    }

    fn channel_of(&self, notebook: NotebookId) -> Option<&Channel> {
        self.channels.get(self.tags.get(&notebook)?)
    }

    /// Drops the notebooks that are no longer shared; returns whether any is left.
    pub fn retain(&mut self, shared: &BTreeSet<NotebookId>) -> bool {
        self.channels
            .retain(|_, channel| shared.contains(&channel.notebook));
        self.tags.retain(|notebook, _| shared.contains(notebook));
        self.views.retain(|notebook, _| shared.contains(notebook));
        !self.channels.is_empty()
    }

    /// Takes a frame of the peer. `shared` are the replicas of this connection's notebooks by
    /// ascending id, with nothing unsaved that a frontier would vouch for.
    ///
    /// # Errors
    /// [`SessionError`]; the connection is to be closed then.
    pub fn receive(
        &mut self,
        bytes: &[u8],
        shared: &mut [&mut Replica],
        storage: &dyn Storage,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        self.set_clock(now_ms);
        self.heard_ms = now_ms;
        self.pinged = false;
        if self.queue.len() > QUEUED_FRAMES_MAX || self.queued_bytes > QUEUED_BYTES_MAX {
            return Err(SessionError::Unread);
        }
        match Frame::decode(bytes, &mut self.incoming)? {
            Frame::Hello {
                version,
                instance,
                digest,
            } => self.hello(version, instance, digest, shared),
            Frame::Summary(_) if self.was_listed => Err(SessionError::Repeated),
            Frame::Summary(lines) => {
                self.was_listed = true;
                self.compare(&lines, shared);
                Ok(())
            }
            Frame::Frontier(tag, frontier) => self.frontier(tag, *frontier, shared),
            Frame::Controls(tag, entries) => self.controls(tag, entries, shared, now_ms),
            Frame::Wraps(tag, wraps) => self.wraps(tag, &wraps, shared, storage, now_ms),
            Frame::Entries(tag, count, entries) => {
                self.entries(tag, count, &entries, shared, storage, now_ms)
            }
            Frame::Ack(tag, ack) => self.acknowledged(tag, &ack, shared),
            Frame::Handed {
                notebook,
                is_last,
                entries,
            } => self.handed(notebook, is_last, &entries),
            Frame::Ping => {
                self.push(Frame::Pong);
                Ok(())
            }
            Frame::Pong => Ok(()),
            Frame::CapsuleOffer(head) => {
                self.capsules.offered(head, now_ms);
                Ok(())
            }
            Frame::CapsuleAnswer(hash, answer) => {
                self.capsules.answered(hash, answer);
                Ok(())
            }
            Frame::CapsulePart(hash, offset, bytes) => {
                self.capsules.part(hash, offset, &bytes);
                Ok(())
            }
        }
    }

    /// Returns the next frame to send, `None` where there is none now. Notebooks take turns, so one
    /// with much history holds up no other.
    ///
    /// # Errors
    /// [`StorageError`] where history cannot be read.
    pub fn next_frame(
        &mut self,
        shared: &[&mut Replica],
        storage: &dyn Storage,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        if let Some(frame) = self.queue.pop_front() {
            self.queued_bytes = self.queued_bytes.saturating_sub(frame.bytes_about());
            return Ok(Some(frame.encode(&mut self.outgoing)));
        }
        if !self.greeted {
            return Ok(None);
        }
        if let Some(frame) = self.next_handed(shared) {
            return Ok(Some(frame.encode(&mut self.outgoing)));
        }
        let tags: Vec<WireTag> = self.channels.keys().copied().collect();
        for turn in 0..tags.len() {
            let place = (self.next_channel + turn) % tags.len();
            let Some(channel) = tags.get(place).and_then(|tag| self.channels.get_mut(tag)) else {
                continue;
            };
            let Some(replica) = place_in(shared, channel.notebook).and_then(|at| shared.get(at))
            else {
                continue;
            };
            if let Some(frame) = channel.next_frame(replica, storage)? {
                self.next_channel = place + 1;
                return Ok(Some(frame.encode(&mut self.outgoing)));
            }
        }
        Ok(None)
    }
}

/// What a signed frontier says of logs that this side has heard of: others would be kept for as long
/// as the peer likes to make them up.
pub(super) fn view_of(replica: &Replica, signed: SignedFrontier) -> PeerView {
    let frontier = replica.known_of(&signed.frontier);
    PeerView {
        signed: (frontier == signed.frontier).then_some(signed),
        frontier,
    }
}

/// Finds a notebook that is synced, and its replica.
pub(super) fn find<'a>(
    channels: &'a mut BTreeMap<WireTag, Channel>,
    shared: &'a mut [&mut Replica],
    tag: &WireTag,
) -> Option<(&'a mut Channel, &'a mut Replica)> {
    let channel = channels
        .get_mut(tag)
        .filter(|channel| channel.stopped.is_none())?;
    let replica = place_in(shared, channel.notebook).and_then(|at| shared.get_mut(at))?;
    Some((channel, replica))
}

/// Finds the place of a notebook among shared ones, which are in ascending order.
fn place_in(shared: &[&mut Replica], notebook: NotebookId) -> Option<usize> {
    shared
        .binary_search_by_key(&notebook, |replica| replica.notebook())
        .ok()
}

pub(super) fn truncate(hash: [u8; 32]) -> WireTag {
    let mut tag = [0; 16];
    tag.copy_from_slice(&hash[..16]);
    tag
}
