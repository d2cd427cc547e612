//! One connection between two devices, over all notebooks that they share.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use super::capsules::CapsuleLane;
use super::channel::Channel;
use super::error::{SessionError, Stopped};
use super::features::Features;
use super::files::FileLane;
use super::frame::{Frame, NotebookNumbers, VERSION, WireTag};
use super::handing::Handing;
use super::holding::Holding;
use super::parting::Partings;
use super::presence::PresenceLane;
use super::shared::{Shared, find};
use crate::crypto::{self, Secret};
use crate::frontier::{Frontier, SignedFrontier};
use crate::ids::{ControlHash, DeviceId, NotebookId};
use crate::limits::SHARED_NOTEBOOKS_MAX;
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
    pub frontier: Arc<Frontier>,
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
    /// The how manieth connection of this run it is.
    begun: u64,
    pub(super) heard_ms: u64,
    pub(super) pinged: bool,
    pub(super) greeted: bool,
    pub(super) has_listed: bool,
    pub(super) was_listed: bool,
    /// The notebooks of which there may be something to send, and the one that had its turn last.
    pub(super) ready: BTreeSet<WireTag>,
    last_served: WireTag,
    /// The notebooks of which the peer is to be told what was kept.
    pub(super) owing: BTreeSet<WireTag>,
    /// The notebooks of which something that the peer has is still on its way.
    pub(super) behind: BTreeSet<WireTag>,
    /// The time that was noted last.
    pub(super) clock_ms: u64,
    pub(super) views: BTreeMap<NotebookId, PeerView>,
    /// Frontiers of notebooks that the peer already counts as shared and this side does not yet.
    pub(super) early: BTreeMap<WireTag, SignedFrontier>,
    /// The notebooks whose view changed since [`Session::take_views`].
    pub(super) changed_views: Vec<NotebookId>,
    /// The notebooks that stopped since [`Session::take_stopped`].
    pub(super) newly_stopped: Vec<NotebookId>,
    /// The notebooks that this person left, of which the peer showed that it knows.
    pub(super) heard_leave: BTreeSet<NotebookId>,
    pub(super) partings: Partings,
    pub(super) handing: Handing,
    pub(super) capsules: CapsuleLane,
    pub(super) presences: PresenceLane,
    pub(super) files: FileLane,
    /// Whether the peer is a mirror: it can do nothing with packs.
    pub(super) peer_is_mirror: bool,
    /// What the peer said that it reads beyond the first version.
    pub(super) peer_features: Features,
    /// Whether a mirror answered about a checkpoint since [`Session::take_checkpoint_news`].
    pub(super) has_checkpoint_news: bool,
    /// The notebooks for which the peer said that it has no room, since [`Session::take_full`].
    pub(super) newly_full: Vec<NotebookId>,
    /// The notebook that is to be opened before anything of it can be sent.
    wants_open: Option<NotebookId>,
}

impl Session {
    /// Starts a session with a device over the notebooks shared with it, and greets it.
    pub fn new(
        (peer, peer_key): (DeviceId, crypto::VerifyKey),
        dialled: bool,
        exporter: [u8; 32],
        instance: u64,
        shared: &dyn Shared,
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
            begun: 0,
            heard_ms: now_ms,
            pinged: false,
            greeted: false,
            has_listed: false,
            was_listed: false,
            ready: BTreeSet::new(),
            last_served: WireTag::default(),
            owing: BTreeSet::new(),
            behind: BTreeSet::new(),
            clock_ms: now_ms,
            views: BTreeMap::new(),
            early: BTreeMap::new(),
            changed_views: Vec::new(),
            newly_stopped: Vec::new(),
            heard_leave: BTreeSet::new(),
            partings: Partings::default(),
            handing: Handing::default(),
            capsules: CapsuleLane::new(now_ms),
            presences: PresenceLane::default(),
            files: FileLane::default(),
            peer_is_mirror: false,
            peer_features: Features::NONE,
            has_checkpoint_news: false,
            newly_full: Vec::new(),
            wants_open: None,
        };
        for replica in shared.all() {
            session.open(replica.notebook());
        }
        let digest = session.digest(dialled, shared);
        session.push(Frame::Hello {
            version: VERSION,
            instance,
            digest,
            features: None,
        });
        session
    }

    /// Has the hello say what this side reads, where the connection is of the second version.
    #[must_use]
    pub fn with_features(mut self, says_features: bool) -> Self {
        if let Some(Frame::Hello { features, .. }) = self.queue.front_mut() {
            *features = says_features.then_some(Features::ALL);
        }
        self
    }

    /// Says whether the peer said that it has what is not here yet.
    pub fn is_awaiting(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Says the how manieth connection of this run it is.
    #[must_use]
    pub const fn with_begun(mut self, begun: u64) -> Self {
        self.begun = begun;
        self
    }

    /// Returns the how manieth connection of this run it is.
    pub const fn begun(&self) -> u64 {
        self.begun
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

    /// Says whether a notebook is one of this connection.
    pub fn is_of(&self, notebook: NotebookId) -> bool {
        self.tags.contains_key(&notebook)
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
        for tags in [&mut self.ready, &mut self.owing, &mut self.behind] {
            tags.retain(|tag| self.channels.contains_key(tag));
        }
        !self.channels.is_empty()
    }

    /// Notes that something of a notebook is on disk that may be to be sent.
    pub fn note_changed(&mut self, notebook: NotebookId) {
        self.ready.extend(self.tags.get(&notebook));
    }

    /// Reads a frame of the peer.
    ///
    /// # Errors
    /// [`SessionError`]; the connection is to be closed then.
    pub fn read(&mut self, bytes: &[u8], now_ms: u64) -> Result<Incoming, SessionError> {
        self.set_clock(now_ms);
        self.heard_ms = now_ms;
        self.pinged = false;
        if self.queue.len() > QUEUED_FRAMES_MAX || self.queued_bytes > QUEUED_BYTES_MAX {
            return Err(SessionError::Unread);
        }
        let frame = Frame::decode(bytes, &mut self.incoming)?;
        let channel = frame.tag().and_then(|tag| self.channels.get(&tag));
        let notebook = channel.map(|channel| channel.notebook);
        Ok(Incoming { frame, notebook })
    }

    /// Takes a frame of the peer that was just read. Nothing of the notebooks is unsaved that a frontier would
    /// vouch for.
    ///
    /// # Errors
    /// [`SessionError`]; the connection is to be closed then.
    pub fn receive(
        &mut self,
        incoming: Incoming,
        shared: &mut dyn Shared,
        storage: &dyn Storage,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        match incoming.frame {
            Frame::Hello {
                version,
                instance,
                digest,
                features,
            } => {
                self.peer_features = features.unwrap_or_default();
                self.hello(version, instance, digest, shared)
            }
            Frame::Summary(_) if self.was_listed => Err(SessionError::Repeated),
            Frame::Summary(lines) => {
                self.was_listed = true;
                self.compare(&lines, shared);
                Ok(())
            }
            Frame::Brief(_) if self.was_listed => Err(SessionError::Repeated),
            Frame::Brief(brief) => {
                self.was_listed = true;
                self.compare_brief(&brief, shared);
                Ok(())
            }
            Frame::Frontier(tag, frontier) => self.frontier(tag, *frontier, shared),
            Frame::Controls(tag, entries) => self.controls(tag, entries, shared, now_ms),
            Frame::Wraps(tag, wraps) => self.wraps(tag, &wraps, shared, storage, now_ms),
            Frame::Entries(tag, count, entries) => {
                self.entries(tag, count, &entries, shared, storage, now_ms)
            }
            Frame::Packed(tag, pack) => self.packed(tag, &pack, shared, storage, now_ms),
            Frame::Ahead(tag, documents) => self.ahead(tag, &documents, shared, storage),
            Frame::Unpacked(tag) => {
                self.unpacked(tag, shared);
                Ok(())
            }
            Frame::Full(tag, quota) => {
                self.peer_is_full(tag, quota);
                Ok(())
            }
            Frame::Ended(tag, ending) => {
                self.called_out(tag, ending);
                Ok(())
            }
            Frame::Objection(tag, entries) => {
                self.objected(tag, entries);
                Ok(())
            }
            Frame::Presence(tag, said) => self.hear_presence(tag, &said, shared, now_ms),
            Frame::File(tag, frame) => {
                self.heard_of_file(tag, frame, shared);
                Ok(())
            }
            Frame::Checkpoint(tag, frame) => self.heard_of_checkpoint(tag, frame, shared, storage),
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
        shared: &dyn Shared,
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
        while let Some(tag) = self.next_ready() {
            if let Some(notebook) = self.closed_behind(&tag, shared) {
                self.wants_open = Some(notebook);
                return Ok(None);
            }
            let found = find(&mut self.channels, shared, &tag);
            if let Some((channel, replica)) = found
                && let Some(frame) = channel.next_frame(replica, storage)?
            {
                self.last_served = tag;
                return Ok(Some(frame.encode(&mut self.outgoing)));
            }
            self.ready.remove(&tag);
        }
        let frame = match self.next_presence(shared) {
            None => self.next_file_frame(shared, storage)?,
            presence => presence,
        };
        Ok(frame.map(|frame| frame.encode(&mut self.outgoing)))
    }

    /// Returns the notebook behind a tag where it is shared and not open.
    fn closed_behind(&self, tag: &WireTag, shared: &dyn Shared) -> Option<NotebookId> {
        let channel = self.channels.get(tag)?;
        let notebook = channel.notebook;
        let is_closed = shared.get(notebook).is_none() && shared.outline(notebook).is_some();
        (is_closed && channel.stopped.is_none() && channel.is_live).then_some(notebook)
    }

    /// Takes the notebook that is to be opened before [`Session::next_frame`] can go on.
    pub const fn take_wants_open(&mut self) -> Option<NotebookId> {
        self.wants_open.take()
    }

    /// Forgets what the peer said that it has, but for what it is sent next: for whoever tells nobody of it.
    pub fn forget_views(&mut self) {
        self.views.clear();
        self.changed_views.clear();
    }

    /// Returns the control heads that the peer said last that it has.
    pub fn told_heads(&self, notebook: NotebookId) -> &[ControlHash] {
        let channel = self.channel_of(notebook);
        channel.map_or(&[], |channel| &channel.told_by_peer.control_heads)
    }

    /// Returns the notebook whose turn it is among those of which there may be something to send.
    fn next_ready(&self) -> Option<WireTag> {
        let after = (Bound::Excluded(self.last_served), Bound::Unbounded);
        let next = self.ready.range(after).next();
        next.or_else(|| self.ready.first()).copied()
    }
}

/// A frame that was read and not taken yet.
#[derive(Debug)]
pub struct Incoming {
    frame: Frame,
    notebook: Option<NotebookId>,
}

impl Incoming {
    /// Returns the notebook that the frame is about: no other one changes by it.
    pub const fn notebook(&self) -> Option<NotebookId> {
        self.notebook
    }
}

/// What a signed frontier says of logs that this side has heard of: others would be kept for as long
/// as the peer likes to make them up.
pub(super) fn view_of(replica: &dyn Holding, signed: SignedFrontier) -> PeerView {
    let frontier = replica.known_of(&signed.frontier);
    PeerView {
        signed: (frontier == signed.frontier).then_some(signed),
        frontier: Arc::new(frontier),
    }
}

pub(super) fn truncate(hash: [u8; 32]) -> WireTag {
    let mut tag = [0; 16];
    tag.copy_from_slice(&hash[..16]);
    tag
}
