//! One shared notebook on one connection: what the peer has, and what it is sent next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checkpoint::CheckpointTalk;
use super::error::Stopped;
use super::frame::{Acknowledgement, Frame, WireTag};
use super::holding::{Holding, Outline};
use super::schedule::AckSchedule;
use crate::frontier::{Frontier, LogTip, SignedFrontier};
use crate::ids::{ControlHash, DeviceId, EntryHash, EpochId, LogId, NotebookId, Seq};
use crate::limits::FRAME_BYTES_AIM;
use crate::log::{RawEntry, WireDecoder, WireEncoder};
use crate::mirror::Quota;
use crate::storage::{Position, Storage, StorageError};

/// One shared notebook on one connection.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) notebook: NotebookId,
    pub(super) tag: WireTag,
    /// Set once both sides know what the other has.
    pub(super) is_live: bool,
    /// What the peer said that it has, exactly as it said it.
    pub(super) told_by_peer: Arc<Frontier>,
    pub(super) peer_counter: u64,
    /// What this side said that it has.
    told_to_peer: Arc<Frontier>,
    has_told: bool,
    /// The last entry of each log that the peer has or was sent, where that differs from what it told.
    pub(super) sent: BTreeMap<LogId, Seq>,
    /// Logs that go by position, since a place in them says too little, and from which position on: forked
    /// ones, and those of which the peer holds other entries at the same places. Whatever differs is sent
    /// whole, once, and the peer drops what it knows.
    pub(super) by_position: BTreeMap<LogId, Position>,
    /// Entries of those logs that the peer sent.
    had: BTreeSet<EntryHash>,
    sent_controls: BTreeSet<ControlHash>,
    sent_wraps: BTreeSet<EpochId>,
    /// How many epochs' wraps there were when the peer was found to lack none: no more are looked through
    /// until there are others.
    wraps_looked_at: usize,
    /// How many control entries of the set were looked at.
    control_cursor: usize,
    pub(super) cursor: Position,
    pub(super) encoder: WireEncoder,
    pub(super) decoder: WireDecoder,
    /// When the peer is told what was kept.
    pub(super) acks: AckSchedule,
    /// Something came that could not be placed, so the peer is to begin anew.
    pub(super) wants_restart: bool,
    /// Entries were dropped since too many wait; once some no longer do, the peer is to begin anew.
    pub(super) has_overflowed: bool,
    /// How often the peer was asked to begin anew.
    pub(super) restarts: u32,
    /// How often the peer told where to begin.
    pub(super) begins: u32,
    /// Why nothing more is taken or sent, where that is so.
    pub(super) stopped: Option<Stopped>,
    /// Whether the peer is sent packs where it lacks much.
    pub(super) takes_packs: bool,
    /// Whether the peer was offered documents ahead of their entries.
    pub(super) has_sent_ahead: bool,
    /// Whether the peer sent such documents: once is enough, since each costs some work.
    pub(super) has_ahead: bool,
    /// Whether a pack of the peer's could not be taken, so that no further one is.
    pub(super) has_refused_pack: bool,
    /// Whether the peer was told that there is no room for all that it sends.
    has_told_full: bool,
    /// Why the peer is sent nothing but control entries: how much it holds and may.
    pub(super) peer_full: Option<Quota>,
    /// Up to where entries go one by one, since a pack would be worth little or there is none.
    pub(super) unpacked_to: Position,
    /// What is said of the checkpoint at a mirror.
    pub(super) checkpoint: CheckpointTalk,
}

impl Channel {
    pub(super) fn new(notebook: NotebookId, tag: WireTag) -> Self {
        Self {
            notebook,
            tag,
            is_live: false,
            told_by_peer: Arc::default(),
            peer_counter: 0,
            told_to_peer: Arc::default(),
            has_told: false,
            sent: BTreeMap::new(),
            by_position: BTreeMap::new(),
            had: BTreeSet::new(),
            sent_controls: BTreeSet::new(),
            sent_wraps: BTreeSet::new(),
            wraps_looked_at: 0,
            control_cursor: 0,
            cursor: 0,
            encoder: WireEncoder::default(),
            decoder: WireDecoder::default(),
            acks: AckSchedule::default(),
            wants_restart: false,
            has_overflowed: false,
            restarts: 0,
            begins: 0,
            stopped: None,
            takes_packs: true,
            has_sent_ahead: false,
            has_ahead: false,
            has_refused_pack: false,
            has_told_full: false,
            peer_full: None,
            unpacked_to: 0,
            checkpoint: CheckpointTalk::default(),
        }
    }

    /// Both sides have the same: nothing is to be sent but what comes from now on. This is what
    /// [`Channel::begin`] comes to then, for a connection may have thousands of such notebooks.
    pub(super) fn begin_equal(&mut self, replica: &dyn Outline) {
        self.is_live = true;
        self.begins += 1;
        self.wraps_looked_at = 0;
        self.acks.begin(false);
        self.sent_wraps = replica.wrap_epochs();
        self.control_cursor = replica.controls_count();
        self.sent_controls.clear();
        self.sent.clear();
        self.cursor = replica.next_position();
        for log in replica.forked_logs() {
            self.by_position.entry(log).or_insert(self.cursor);
        }
        self.told_by_peer = replica.shared_frontier();
        self.told_to_peer = Arc::clone(&self.told_by_peer);
    }

    /// Returns the place in the stream of arrivals up to which all was looked at.
    pub(super) const fn position(&self) -> Position {
        self.cursor
    }

    /// Returns when the peer is to be told what was kept.
    pub(super) fn ack_due_ms(&self) -> Option<u64> {
        self.acks.due_ms().filter(|_| self.is_live)
    }

    /// The peer has `theirs`: it is sent what it lacks.
    pub(super) fn begin(&mut self, replica: &dyn Holding, theirs: Arc<Frontier>) {
        self.is_live = true;
        self.begins += 1;
        self.wraps_looked_at = 0;
        self.acks.begin(theirs.beyond(replica.frontier()) > 0);
        let has_same_controls = replica.frontier().control_digest == theirs.control_digest;
        self.sent_wraps = if has_same_controls {
            replica.wrap_epochs()
        } else {
            BTreeSet::new()
        };
        self.control_cursor = if has_same_controls {
            replica.controls().len()
        } else {
            0
        };
        self.sent_controls = replica
            .controls()
            .iter()
            .skip(self.control_cursor)
            .map(crate::control::ControlEntry::hash)
            .filter(|hash| replica.controls().is_within(hash, &theirs.control_heads))
            .collect();
        self.sent.clear();
        self.unpacked_to = 0;
        self.checkpoint.next_segment = None;
        self.cursor = replica
            .first_missing(&theirs)
            .unwrap_or(replica.next_position());
        for log in replica.conflicts(&theirs) {
            self.send_whole(replica, log);
        }
        for log in replica.forked_logs() {
            if theirs.seq(&log) == Seq::NONE {
                self.send_whole(replica, log);
            }
            // Otherwise both sides have the same branches.
            self.by_position
                .entry(log)
                .or_insert(replica.next_position());
        }
        self.told_by_peer = theirs;
    }

    /// Sends all of a log, once on this connection.
    fn send_whole(&mut self, replica: &dyn Holding, log: LogId) {
        if self.by_position.contains_key(&log) {
            return;
        }
        let first = replica.first_position(&log).unwrap_or(self.cursor);
        self.by_position.insert(log, first);
        self.cursor = self.cursor.min(first);
    }

    /// Says whether the peer was sent this side's whole frontier on this connection. That both
    /// digests were equal does not count: the peer may have moved on before it compared.
    pub(super) const fn has_told(&self) -> bool {
        self.has_told
    }

    /// Returns this side's signed frontier to tell the peer.
    pub(super) fn frontier(&mut self, replica: &dyn Outline) -> Frame {
        let signed = replica.sign_frontier();
        self.told_to_peer = replica.shared_frontier();
        self.has_told = true;
        self.acks.clear();
        Frame::Frontier(self.tag, Box::new(signed))
    }

    /// Returns what the peer is told once where something of it was not taken for want of room.
    pub(super) fn full(&mut self, replica: &dyn Holding) -> Option<Frame> {
        let quota = replica.refused_for_room()?;
        let is_news = !std::mem::replace(&mut self.has_told_full, true);
        is_news.then_some(Frame::Full(self.tag, quota))
    }

    /// Stops the notebook for as long as this connection lasts.
    pub(super) fn stop(&mut self, reason: Stopped) {
        self.is_live = false;
        self.acks.clear();
        self.stopped = Some(reason);
    }

    /// Notes what the peer says that it has.
    pub(super) fn note_told(&mut self, replica: &dyn Holding, told: &BTreeMap<LogId, Vec<LogTip>>) {
        for (log, tips) in told {
            if let (Some(sent), Some((seq, _))) = (self.sent.get_mut(log), tips.iter().max()) {
                *sent = (*sent).max(*seq);
            }
        }
        let mut news = Frontier::default();
        for (log, tips) in told {
            news.set_tips(*log, tips.clone());
        }
        for log in replica.conflicts(&news) {
            self.send_whole(replica, log);
        }
    }

    /// Says whether this side told the peer that something stands at a place of a log.
    pub(super) fn has_told_of(&self, log: &LogId, seq: Seq) -> bool {
        seq <= self.told_to_peer.seq(log)
    }

    /// Notes that the peer has an entry, since it sent it.
    pub(super) fn note_has(&mut self, log: LogId, seq: Seq, hash: EntryHash) {
        if self.by_position.contains_key(&log) {
            self.had.insert(hash);
        }
        let sent = self.sent.entry(log).or_default();
        *sent = (*sent).max(seq);
    }

    pub(super) fn note_has_control(&mut self, hash: ControlHash) {
        self.sent_controls.insert(hash);
    }

    pub(super) fn note_has_wraps(&mut self, epoch: EpochId) {
        self.sent_wraps.insert(epoch);
    }

    /// Returns the acknowledgement of all that was kept since the peer was last told.
    pub(super) fn acknowledge(&mut self, replica: &dyn Outline) -> Frame {
        let signed = replica.sign_frontier();
        let (now, before) = (&signed.frontier, &self.told_to_peer);
        let logs = now
            .logs
            .iter()
            .filter(|(log, tip)| {
                before.logs.get(log) != Some(tip)
                    || now.branches.get(log) != before.branches.get(log)
            })
            .map(|(log, _)| (*log, now.tips(log).collect()))
            .collect();
        let control =
            (self.told_to_peer.control_digest != signed.frontier.control_digest).then(|| {
                (
                    signed.frontier.control_digest,
                    signed.frontier.control_heads.clone(),
                )
            });
        let ack = Acknowledgement {
            counter: signed.counter,
            logs,
            control,
            signature: *signed.signature(),
        };
        self.told_to_peer = replica.shared_frontier();
        self.acks.clear();
        Frame::Ack(self.tag, ack)
    }

    /// Puts the peer's whole frontier together from what it told before and an acknowledgement.
    pub(super) fn assemble(&self, device: DeviceId, ack: &Acknowledgement) -> SignedFrontier {
        let mut frontier = Frontier::clone(&self.told_by_peer);
        for (log, tips) in &ack.logs {
            frontier.set_tips(*log, tips.clone());
        }
        if let Some((digest, heads)) = &ack.control {
            frontier.control_digest = *digest;
            frontier.control_heads.clone_from(heads);
        }
        SignedFrontier::assemble(device, ack.counter, frontier, ack.signature)
    }

    /// Returns the next frame of what the peer lacks, `None` where it lacks nothing.
    pub(super) fn next_frame(
        &mut self,
        replica: &dyn Holding,
        storage: &dyn Storage,
    ) -> Result<Option<Frame>, StorageError> {
        // Nothing leaves that is about something which is not on disk.
        if !self.is_live || replica.has_unsaved() {
            return Ok(None);
        }
        if let Some(frame) = self.next_controls(replica) {
            return Ok(Some(frame));
        }
        if let Some(frame) = self.next_of_checkpoint(replica, storage)? {
            return Ok(Some(frame));
        }
        if self.peer_full.is_some() {
            return Ok(None);
        }
        if let Some(frame) = self.next_wraps(replica, storage)? {
            return Ok(Some(frame));
        }
        // A log that forked since is sent whole: which branches the peer has does not show otherwise.
        for log in replica.forked_logs() {
            self.send_whole(replica, log);
        }
        self.next_entries(replica, storage)
    }

    fn next_controls(&mut self, replica: &dyn Holding) -> Option<Frame> {
        if self.control_cursor >= replica.controls().len() {
            return None;
        }
        let mut entries = Vec::new();
        let mut bytes = 0;
        for entry in replica.controls().iter().skip(self.control_cursor) {
            if bytes >= FRAME_BYTES_AIM {
                break;
            }
            self.control_cursor += 1;
            if self.sent_controls.insert(entry.hash()) {
                bytes += entry.as_bytes().len();
                entries.push(entry.as_bytes().to_vec());
            }
        }
        (!entries.is_empty()).then_some(Frame::Controls(self.tag, entries))
    }

    fn next_wraps(
        &mut self,
        replica: &dyn Holding,
        storage: &dyn Storage,
    ) -> Result<Option<Frame>, StorageError> {
        if self.wraps_looked_at == replica.wraps_count() {
            return Ok(None);
        }
        let Some((epoch, wraps)) = replica.wraps_beyond(&self.sent_wraps, storage)? else {
            self.wraps_looked_at = replica.wraps_count();
            return Ok(None);
        };
        self.sent_wraps.insert(epoch);
        Ok(Some(Frame::Wraps(self.tag, wraps)))
    }

    /// Says whether the peer lacks the entry before the cursor, and notes that it is sent.
    pub(super) fn lacks(&mut self, entry: &RawEntry, replica: &dyn Holding) -> bool {
        let header = entry.header();
        if let Some(from) = self.by_position.get_mut(&header.log) {
            let position = self.cursor.saturating_sub(1);
            if position < *from || self.had.remove(&entry.hash()) {
                return false;
            }
            *from = position + 1;
            return true;
        }
        let told = self.told_by_peer.logs.get(&header.log);
        let told_seq = told.map_or(Seq::NONE, |(seq, _)| *seq);
        let sent = self.sent.entry(header.log).or_insert(told_seq);
        let pruned = replica.pruned_to(&header.log);
        // What lies before it is in segments, and comes in those or not at all.
        if header.seq <= *sent || (header.seq > sent.next() && *sent < pruned) {
            return false;
        }
        if let Some((seq, hash)) = told
            && header.seq == seq.next()
            && header.previous != *hash
        {
            // The peer has another entry before this one.
            self.send_whole(replica, header.log);
            return false;
        }
        *sent = header.seq;
        true
    }
}
