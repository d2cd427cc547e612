//! One connection between two devices, over all notebooks that they share.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::capsules::CapsuleLane;
use super::channel::Channel;
use super::frame::{Acknowledgement, Frame, NotebookNumbers, SummaryLine, VERSION, WireTag};
use super::handing::Handing;
use crate::codec::{DecodeError, Reader};
use crate::control::{ControlEntry, ControlError};
use crate::crypto::{self, Secret};
use crate::epoch::Wraps;
use crate::frontier::{Frontier, SignedFrontier};
use crate::ids::{DeviceId, EntryHash, LogId, NotebookId, Seq};
use crate::limits::{LOGS_MAX, SHARED_NOTEBOOKS_MAX};
use crate::log::WireError;
use crate::replica::{IngestError, Ingested, Replica, Standing};
use crate::storage::{Storage, StorageError};

/// Times that a peer is asked to begin a notebook anew on one connection.
const RESTARTS_MAX: u32 = 3;
/// Times that a peer may tell a whole frontier on one connection, each of which makes this side send
/// anew what it lacks: an honest one tells one to begin with, one for its first acknowledgement and
/// one for each restart.
const BEGINS_MAX: u32 = 2 * (1 + RESTARTS_MAX);
/// Silence after which a sign of life is asked for, in milliseconds.
const PING_AFTER_MS: u64 = 5_000;
/// Silence after which the connection is given up, in milliseconds.
const SILENCE_MAX_MS: u64 = 15_000;

/// Frames that may wait for a peer that asks without reading: an honest one makes us queue a
/// frontier and an acknowledgement for each notebook at most.
const QUEUED_FRAMES_MAX: usize = 2 * SHARED_NOTEBOOKS_MAX + 64;
/// Bytes of such frames, about: frontiers of thousands of notebooks fit.
const QUEUED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Logs in frontiers that are held because their notebook is not shared yet: about 400 kB. What is
/// beyond that comes again with the next connection.
const EARLY_LOGS_MAX: usize = 4_096;

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A frame does not follow the layout.
    #[error("the peer sent something that this program does not understand: {0}")]
    Layout(#[from] DecodeError),
    /// An entry on the wire cannot be put together.
    #[error("the peer sent something that this program does not understand: {0}")]
    Wire(#[from] WireError),
    /// The peer speaks another version of the protocol.
    #[error("the peer speaks version {0} of the protocol, this program speaks {VERSION}")]
    Version(u16),
    /// The peer says twice what is said once on a connection.
    #[error("the peer began the connection twice")]
    Repeated,
    /// The peer claims more logs than any notebook has.
    #[error("the peer claims more logs than a notebook may have")]
    TooManyLogs,
    /// The peer's frontier is not signed by the peer.
    #[error("the peer's frontier does not carry the peer's signature")]
    Frontier,
    /// The peer's counter went back: it was rolled back to an older state.
    #[error("the peer went back to an older state of itself")]
    RolledBack,
    /// The peer asks and asks and does not read the answers.
    #[error("the peer does not read what it asks for")]
    Unread,
    /// The peer hands over more than a notebook has.
    #[error("the peer handed over more than a notebook has")]
    HandedTooMuch,
    /// What the peer hands over cannot be read.
    #[error("the peer handed over a control entry that cannot be read")]
    HandedUnreadable,
    /// Nothing was heard for too long.
    #[error("nothing was heard from the peer for {} s", SILENCE_MAX_MS / 1000)]
    Silent,
    /// The own disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why one notebook is no longer synced on a connection. The others are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// The peer passed on an entry that is not kept here.
    #[error("the peer sent an entry that cannot be accepted: {0}")]
    Entry(#[from] IngestError),
    /// The peer passed on a control entry that is not kept here.
    #[error("the peer sent a control entry that cannot be accepted: {0}")]
    Control(#[from] ControlError),
    /// The peer passed on keys that cannot be read.
    #[error("the peer sent keys that cannot be read: {0}")]
    Wraps(#[from] DecodeError),
    /// The peer asks for everything again and again.
    #[error("the peer began anew more than {BEGINS_MAX} times")]
    Restarts,
}

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
    dialled: bool,
    pub(super) peer: DeviceId,
    pub(super) peer_key: crypto::VerifyKey,
    exporter: Secret,
    channels: BTreeMap<WireTag, Channel>,
    /// The tags of the channels.
    tags: BTreeMap<NotebookId, WireTag>,
    outgoing: NotebookNumbers,
    incoming: NotebookNumbers,
    queue: VecDeque<Frame>,
    queued_bytes: usize,
    /// The run of the peer's program.
    peer_instance: Option<u64>,
    heard_ms: u64,
    pinged: bool,
    greeted: bool,
    has_listed: bool,
    was_listed: bool,
    next_channel: usize,
    views: BTreeMap<NotebookId, PeerView>,
    /// Frontiers of notebooks that the peer already counts as shared and this side does not yet.
    pub(super) early: BTreeMap<WireTag, SignedFrontier>,
    /// The notebooks whose view changed since [`Session::take_views`].
    changed_views: Vec<NotebookId>,
    /// The notebooks that stopped since [`Session::take_stopped`].
    newly_stopped: Vec<NotebookId>,
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

    fn stop(&mut self, tag: WireTag, reason: Stopped) {
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

    fn open(&mut self, notebook: NotebookId) -> WireTag {
        let tag = self.tag(notebook);
        self.channels.insert(tag, Channel::new(notebook, tag));
        self.tags.insert(notebook, tag);
        tag
    }

    /// Adds a notebook that has become shared while the connection was open; nothing of it is
    /// unsaved.
    ///
    /// # Errors
    /// [`SessionError`] where the peer's frontier of it came before and does not check.
    pub fn share(&mut self, replica: &mut Replica) -> Result<(), SessionError> {
        if self.tags.contains_key(&replica.notebook()) {
            return Ok(());
        }
        let tag = self.open(replica.notebook());
        match self.early.remove(&tag) {
            Some(frontier) => self.frontier(tag, frontier, &mut [replica]),
            None => {
                self.hand_over(replica.notebook());
                self.tell_frontier(tag, &mut [replica]);
                Ok(())
            }
        }
    }

    /// Drops the notebooks that are no longer shared; returns whether any is left.
    pub fn retain(&mut self, shared: &BTreeSet<NotebookId>) -> bool {
        self.channels
            .retain(|_, channel| shared.contains(&channel.notebook));
        self.tags.retain(|notebook, _| shared.contains(notebook));
        self.views.retain(|notebook, _| shared.contains(notebook));
        !self.channels.is_empty()
    }

    fn tell_frontier(&mut self, tag: WireTag, shared: &mut [&mut Replica]) {
        if let Some((channel, replica)) = find(&mut self.channels, shared, &tag) {
            let frame = channel.frontier(replica);
            self.push(frame);
        }
    }

    pub(super) fn tag(&self, notebook: NotebookId) -> WireTag {
        truncate(crypto::mac(
            &self.exporter,
            "notebook tag",
            &[notebook.as_bytes()],
        ))
    }

    /// A MAC that names who says it, so that sending it back proves nothing.
    fn digest(&self, by_dialler: bool, shared: &mut [&mut Replica]) -> [u8; 32] {
        let mut lines: Vec<(WireTag, [u8; 32])> = shared
            .iter_mut()
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

    fn summary(&self, shared: &mut [&mut Replica]) -> Vec<SummaryLine> {
        shared
            .iter_mut()
            .map(|replica| SummaryLine {
                tag: self.tag(replica.notebook()),
                digest: self.frontier_mac(self.dialled, replica),
            })
            .collect()
    }

    fn frontier_mac(&self, by_dialler: bool, replica: &mut Replica) -> [u8; 16] {
        truncate(crypto::mac(
            &self.exporter,
            "frontier",
            &[&[by_dialler.into()], &replica.frontier_digest()],
        ))
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

    fn hello(
        &mut self,
        version: u16,
        instance: u64,
        digest: [u8; 32],
        shared: &mut [&mut Replica],
    ) -> Result<(), SessionError> {
        if version != VERSION {
            return Err(SessionError::Version(version));
        }
        if self.peer_instance.replace(instance).is_some() {
            return Err(SessionError::Repeated);
        }
        self.greeted = true;
        if self.digest(!self.dialled, shared) == digest {
            for replica in shared.iter_mut() {
                self.begin_equal(replica);
            }
        } else {
            self.list(shared);
        }
        Ok(())
    }

    /// Lists all notebooks to the peer, once.
    fn list(&mut self, shared: &mut [&mut Replica]) {
        if !self.has_listed {
            self.has_listed = true;
            let lines = self.summary(shared);
            self.push(Frame::Summary(lines));
        }
    }

    fn begin_equal(&mut self, replica: &mut Replica) {
        let tag = self.tag(replica.notebook());
        if let Some(channel) = self.channels.get_mut(&tag) {
            channel.begin_equal(replica);
            let view = PeerView {
                frontier: replica.frontier().clone(),
                signed: None,
            };
            self.views.insert(replica.notebook(), view);
            self.changed_views.push(replica.notebook());
        }
    }

    fn compare(&mut self, lines: &[SummaryLine], shared: &mut [&mut Replica]) {
        // The peer found a difference, perhaps to what was here a moment ago, where this side found
        // none: it needs this list to know where there is none.
        self.list(shared);
        let theirs: BTreeMap<WireTag, [u8; 16]> =
            lines.iter().map(|line| (line.tag, line.digest)).collect();
        for replica in shared.iter_mut() {
            let tag = self.tag(replica.notebook());
            let mine = self.frontier_mac(!self.dialled, replica);
            if theirs.get(&tag) == Some(&mine) {
                self.begin_equal(replica);
            } else {
                if !theirs.contains_key(&tag) {
                    self.hand_over(replica.notebook());
                }
                self.tell_frontier(tag, &mut [&mut **replica]);
            }
        }
    }

    fn frontier(
        &mut self,
        tag: WireTag,
        signed: SignedFrontier,
        shared: &mut [&mut Replica],
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
        channel.begin(replica, signed.frontier.clone());
        let has_told = channel.has_told();
        let view = view_of(replica, signed);
        self.views.insert(channel.notebook, view);
        self.changed_views.push(channel.notebook);
        if !has_told {
            self.tell_frontier(tag, shared);
        }
        Ok(())
    }

    fn controls(
        &mut self,
        tag: WireTag,
        entries: Vec<Vec<u8>>,
        shared: &mut [&mut Replica],
        now_ms: u64,
    ) -> Result<(), SessionError> {
        let Some((channel, replica)) = find(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let mut malformed = Ok(());
        let mut parsed = Vec::with_capacity(entries.len());
        for bytes in entries {
            match ControlEntry::parse(&bytes) {
                Ok(entry) => {
                    if Standing::Left(entry.hash()) == replica.standing() {
                        self.heard_leave.insert(channel.notebook);
                    }
                    channel.note_has_control(entry.hash());
                    parsed.push(entry);
                }
                Err(error) => {
                    malformed = Err(error);
                    break;
                }
            }
        }
        let taken = replica.ingest_controls(parsed).and(malformed);
        channel.acks.kept(now_ms);
        if let Err(error) = taken {
            self.stop(tag, error.into());
        }
        Ok(())
    }

    fn wraps(
        &mut self,
        tag: WireTag,
        wraps: &[u8],
        shared: &mut [&mut Replica],
        storage: &dyn Storage,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        let Some((channel, replica)) = find(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let wraps = match Wraps::parse(wraps) {
            Ok(wraps) => wraps,
            Err(error) => {
                self.stop(tag, error.into());
                return Ok(());
            }
        };
        channel.note_has_wraps(wraps.epoch);
        if replica.ingest_wraps(wraps) {
            // Entries may have waited for the key.
            let progressed = replica.advance(storage)?;
            channel.wants_restart |= progressed && channel.has_overflowed;
            channel.has_overflowed &= !progressed;
        }
        channel.acks.kept(now_ms);
        Ok(())
    }

    fn entries(
        &mut self,
        tag: WireTag,
        count: u64,
        bytes: &[u8],
        shared: &mut [&mut Replica],
        storage: &dyn Storage,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        let Some((channel, replica)) = find(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let mut reader = Reader::new(bytes);
        let (mut misplaced, mut overflowed) = (false, false);
        let mut newest = BTreeMap::new();
        let mut refused = None;
        for _ in 0..count {
            let entry = match channel.decoder.decode(&mut reader) {
                Ok(entry) => entry,
                Err(WireError::Entry(error)) => {
                    refused = Some(IngestError::from(error));
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            let (log, seq, hash) = (entry.header().log, entry.header().seq, entry.hash());
            let is_suspect = channel.has_told_of(&log, seq);
            match replica.receive_entry(entry, is_suspect, storage) {
                Ok(Ingested::Kept | Ingested::Known) => {
                    channel.note_has(log, seq, hash);
                    newest.insert(log, (seq, hash));
                }
                // Honest peers pass on what they have of a member who forked a log or floods it.
                Err(
                    IngestError::TooManyLogs
                    | IngestError::TooManyBranches(_)
                    | IngestError::TooManyUncounted(_),
                ) => {}
                Err(IngestError::Storage(error)) => return Err(error.into()),
                Err(IngestError::TooManyWaiting(_)) => overflowed = true,
                Err(IngestError::Gap { .. } | IngestError::ControlMissing) => {
                    misplaced |= !channel.has_overflowed && !overflowed;
                }
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        if refused.is_none() {
            reader.finish()?;
        }
        let progressed = replica.advance(storage)?;
        channel.acks.kept(now_ms);
        channel.wants_restart |= misplaced || (progressed && channel.has_overflowed);
        channel.has_overflowed = overflowed || (channel.has_overflowed && !progressed);
        let notebook = channel.notebook;
        self.note_sent(notebook, newest);
        if let Some(error) = refused {
            self.stop(tag, error.into());
        }
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
                    frontier.set_tips(*log, tips.collect());
                }
            }
        }
        self.views.insert(notebook, PeerView { frontier, signed });
        self.changed_views.push(notebook);
    }

    /// Notes that the peer has what it sent, beyond what it has signed for.
    fn note_sent(&mut self, notebook: NotebookId, newest: BTreeMap<LogId, (Seq, EntryHash)>) {
        let Some(view) = self.views.get_mut(&notebook) else {
            return;
        };
        let mut is_news = false;
        for (log, tip) in newest {
            if view.frontier.seq(&log) < tip.0 {
                view.frontier.logs.insert(log, tip);
                is_news = true;
            }
        }
        if is_news {
            self.changed_views.push(notebook);
        }
    }

    fn acknowledged(
        &mut self,
        tag: WireTag,
        ack: &Acknowledgement,
        shared: &mut [&mut Replica],
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
        channel.told_by_peer = signed.frontier.clone();
        channel.note_told(replica, &ack.logs);
        let notebook = channel.notebook;
        let view = view_of(replica, signed);
        self.note_signed(notebook, view);
        Ok(())
    }

    /// Queues the acknowledgements that are due, given that nothing is unsaved; with `now` those
    /// that could wait a little as well.
    pub fn acknowledge(&mut self, shared: &mut [&mut Replica], now_ms: u64, at_once: bool) {
        self.set_clock(now_ms);
        self.note_caught_up(shared);
        let due: Vec<WireTag> = self
            .channels
            .values()
            .filter(|channel| {
                let due_ms = channel.acks.due_ms();
                channel.is_live && due_ms.is_some_and(|due_ms| at_once || now_ms >= due_ms)
            })
            .map(|channel| channel.tag)
            .collect();
        for tag in due {
            let Some((channel, replica)) = find(&mut self.channels, shared, &tag) else {
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
    }

    /// Notes which notebooks hold all that the peer said it has.
    fn note_caught_up(&mut self, shared: &mut [&mut Replica]) {
        let behind: Vec<WireTag> = self
            .channels
            .values()
            .filter(|channel| channel.acks.is_behind())
            .map(|channel| channel.tag)
            .collect();
        for tag in behind {
            if let Some((channel, replica)) = find(&mut self.channels, shared, &tag)
                && channel.told_by_peer.beyond(replica.frontier()) == 0
            {
                channel.acks.caught_up();
            }
        }
    }

    /// Notes the time: asks for a sign of life, or gives the connection up.
    ///
    /// # Errors
    /// [`SessionError::Silent`] after too long a silence.
    pub fn tick(&mut self, now_ms: u64) -> Result<(), SessionError> {
        self.set_clock(now_ms);
        let silence = now_ms.saturating_sub(self.heard_ms);
        if silence >= SILENCE_MAX_MS {
            return Err(SessionError::Silent);
        }
        if silence >= PING_AFTER_MS && !self.pinged {
            self.pinged = true;
            self.push(Frame::Ping);
        }
        Ok(())
    }

    /// Notes the time. Where the clock went back, what was noted by the old time counts from now:
    /// otherwise nothing would fall due until the clock is there again.
    fn set_clock(&mut self, now_ms: u64) {
        self.heard_ms = self.heard_ms.min(now_ms);
        for channel in self.channels.values_mut() {
            channel.acks.set_clock(now_ms);
        }
    }

    /// Returns when [`Session::tick`] or [`Session::acknowledge`] next has something to do.
    pub fn deadline_ms(&self) -> u64 {
        let life = self.heard_ms.saturating_add(if self.pinged {
            SILENCE_MAX_MS
        } else {
            PING_AFTER_MS
        });
        let ack = self
            .channels
            .values()
            .filter(|channel| channel.is_live)
            .filter_map(|channel| channel.acks.due_ms())
            .min();
        ack.map_or(life, |ack| ack.min(life))
    }

    /// Returns when the peer was last heard.
    pub const fn heard_ms(&self) -> u64 {
        self.heard_ms
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
fn view_of(replica: &Replica, signed: SignedFrontier) -> PeerView {
    let frontier = replica.known_of(&signed.frontier);
    PeerView {
        signed: (frontier == signed.frontier).then_some(signed),
        frontier,
    }
}

/// Finds a notebook that is synced, and its replica.
fn find<'a>(
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

fn truncate(hash: [u8; 32]) -> WireTag {
    let mut tag = [0; 16];
    tag.copy_from_slice(&hash[..16]);
    tag
}
