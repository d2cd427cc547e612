//! The checkpoint of a notebook at a mirror: asked for, told, and gone on with by a member; given out by the mirror
//! to whoever lacks much.
//!
//! A mirror speaks of its checkpoint only to whoever asks: it gives a segment out, or says how the checkpoint stands, also
//! after each thing that it was told, whether it took that or not. What it sends to whoever lacks much are packs as any
//! other: the peer need not know of checkpoints.

use super::channel::Channel;
use super::checkpoint_frame::CheckpointFrame;
use super::error::SessionError;
use super::features::Features;
use super::frame::{Frame, WireTag};
use super::holding::Holding;
use super::sending::ENTRY_BYTES_ABOUT;
use super::session::Session;
use super::shared::{Shared, find_mut};
use crate::checkpoint::{
    Checked, CheckpointStanding, Segment, SegmentError, SegmentHead, SegmentNumber,
};
use crate::frontier::Frontier;
use crate::ids::{EntryHash, NotebookId, SegmentHash, Seq};
use crate::limits::PACK_LACKED_MIN;
use crate::storage::{Storage, StorageError};

/// What is said of a checkpoint on one connection.
#[derive(Debug, Default)]
pub(super) struct CheckpointTalk {
    /// Whether this mirror is to say how its checkpoint stands.
    owes_standing: bool,
    /// The segment that this mirror is to give out.
    wanted: Option<SegmentNumber>,
    /// What this side is to say to a mirror.
    saying: Option<CheckpointFrame>,
    /// Whether the mirror was said something that it has not answered.
    awaits: bool,
    /// What the mirror said last.
    standing: Option<Box<CheckpointStanding>>,
    /// The segment that this side asked for.
    arrived: Option<Box<Segment>>,
    /// The place of the segment that the peer is sent next, once it is known whether it is sent any; then
    /// [`ALL_SENT`].
    pub(super) next_segment: Option<usize>,
}

/// Stands for the place of a next segment where there is none.
const ALL_SENT: usize = usize::MAX;

/// What a mirror said last of the checkpoint of a notebook.
#[derive(Debug)]
pub struct CheckpointSaid {
    /// How it stands.
    pub standing: CheckpointStanding,
    /// A segment that it was asked for.
    pub segment: Option<Segment>,
}

impl Session {
    /// Says whether the peer is a mirror that keeps checkpoints.
    pub const fn keeps_checkpoints(&self) -> bool {
        self.peer_is_mirror && self.peer_features.has(Features::CHECKPOINTS)
    }

    /// Says whether a mirror answered about a checkpoint since the last call.
    pub const fn take_checkpoint_news(&mut self) -> bool {
        std::mem::replace(&mut self.has_checkpoint_news, false)
    }

    /// Returns how the checkpoint of a notebook stands, as the mirror said it last; asks it where it has not said so on
    /// this connection. Nothing is returned while the mirror owes an answer.
    pub fn checkpoint_said(&mut self, notebook: NotebookId) -> Option<CheckpointSaid> {
        let tag = *self.tags.get(&notebook)?;
        let talk = &mut self.channels.get_mut(&tag)?.checkpoint;
        if talk.awaits {
            return None;
        }
        let Some(standing) = talk.standing.as_deref().cloned() else {
            self.say_of_checkpoint(notebook, CheckpointFrame::Ask);
            return None;
        };
        let segment = talk.arrived.take().map(|segment| *segment);
        Some(CheckpointSaid { standing, segment })
    }

    /// Returns how the checkpoint of a notebook stands, as the mirror said it last on this connection.
    pub fn checkpoint_standing(&self, notebook: NotebookId) -> Option<&CheckpointStanding> {
        let channel = self.channels.get(self.tags.get(&notebook)?)?;
        channel.checkpoint.standing.as_deref()
    }

    /// Sends a mirror the next segment of a checkpoint. It answers by how that stands then.
    pub fn send_segment(&mut self, notebook: NotebookId, segment: Segment) {
        self.say_of_checkpoint(notebook, CheckpointFrame::Segment(Box::new(segment)));
    }

    /// Asks a mirror for a segment. It answers by how its checkpoint stands where it has none.
    pub fn want_segment(&mut self, notebook: NotebookId, number: SegmentNumber) {
        self.say_of_checkpoint(notebook, CheckpointFrame::Want(number));
    }

    /// Tells a mirror up to where this device has checked its checkpoint.
    pub fn send_checked(&mut self, notebook: NotebookId, checked: Checked) {
        self.say_of_checkpoint(notebook, CheckpointFrame::Checked(Box::new(checked)));
    }

    /// Tells a mirror of a segment that is unsound.
    pub fn send_unsound(&mut self, notebook: NotebookId, number: SegmentNumber, hash: SegmentHash) {
        self.say_of_checkpoint(notebook, CheckpointFrame::Unsound(number, hash));
    }

    fn say_of_checkpoint(&mut self, notebook: NotebookId, frame: CheckpointFrame) {
        if let Some(tag) = self.tags.get(&notebook)
            && let Some(channel) = self.channels.get_mut(tag)
        {
            channel.checkpoint.saying = Some(frame);
            channel.checkpoint.awaits = true;
            self.ready.insert(*tag);
        }
    }

    pub(super) fn heard_of_checkpoint(
        &mut self,
        tag: WireTag,
        frame: CheckpointFrame,
        shared: &mut dyn Shared,
        storage: &dyn Storage,
    ) -> Result<(), SessionError> {
        let (peer, is_mirror) = (self.peer, self.peer_is_mirror);
        let Some((channel, holding)) = find_mut(&mut self.channels, shared, &tag) else {
            return Ok(());
        };
        let talk = &mut channel.checkpoint;
        if is_mirror {
            match frame {
                CheckpointFrame::Standing(standing) if talk.awaits => {
                    talk.standing = Some(standing)
                }
                CheckpointFrame::Segment(segment) if talk.awaits => talk.arrived = Some(segment),
                // Nothing was asked.
                _ => return Ok(()),
            }
            talk.awaits = false;
            self.has_checkpoint_news = true;
            return Ok(());
        }
        if holding.checkpoint().is_none() {
            return Ok(());
        }
        let taken = match frame {
            CheckpointFrame::Want(number) => {
                talk.wanted = Some(number);
                Ok(())
            }
            CheckpointFrame::Segment(segment) => holding.take_segment(peer, &segment, storage),
            CheckpointFrame::Checked(checked) => holding.take_checked(peer, &checked, storage),
            CheckpointFrame::Unsound(number, segment) => {
                holding.drop_unsound(peer, (number, segment), storage)
            }
            CheckpointFrame::Ask | CheckpointFrame::Standing(_) => Ok(()),
        };
        if let Err(SegmentError::Storage(error)) = taken {
            return Err(error.into());
        }
        // What was not taken shows in the answer: somebody may have gone on from the same place.
        talk.owes_standing = talk.wanted.is_none();
        self.ready.insert(tag);
        Ok(())
    }
}

impl Channel {
    /// Returns the next frame about the checkpoint itself.
    pub(super) fn next_of_checkpoint(
        &mut self,
        holding: &dyn Holding,
        storage: &dyn Storage,
    ) -> Result<Option<Frame>, StorageError> {
        let talk = &mut self.checkpoint;
        let mut frame = talk.saying.take();
        if let Some(number) = talk.wanted.take() {
            let segment = holding.segment(number, storage)?;
            talk.owes_standing |= segment.is_none();
            frame = segment.map(|segment| CheckpointFrame::Segment(Box::new(segment)));
        }
        if frame.is_none() && std::mem::take(&mut talk.owes_standing) {
            let standing = holding.checkpoint().map(Box::new);
            frame = standing.map(CheckpointFrame::Standing);
        }
        Ok(frame.map(|frame| Frame::Checkpoint(self.tag, frame)))
    }

    /// Returns the pack of the next segment of which the peer lacks something, where it lacks so much that segments are
    /// shorter than entries. From the first one on it is sent all: each begins in a log where the one before ended.
    pub(super) fn next_segment(
        &mut self,
        holding: &dyn Holding,
        storage: &dyn Storage,
    ) -> Result<Option<Frame>, StorageError> {
        // Forked logs go by position, and what of them is in segments only before that.
        let is_useless = !self.by_position.is_empty() && !holding.is_pruned();
        let is_over = self.checkpoint.next_segment == Some(ALL_SENT);
        if is_useless || is_over || !self.takes_packs {
            return Ok(None);
        }
        let lacks_pruned = holding.is_pruned() && self.lacks_pruned(holding);
        if !lacks_pruned
            && self.checkpoint.next_segment.is_none()
            && self.lacked(holding) < PACK_LACKED_MIN
        {
            return Ok(None);
        }
        let heads = holding.segments(storage)?;
        let mut next = match self.checkpoint.next_segment {
            Some(next) => next,
            None => self.first_segment_worth_sending(heads, lacks_pruned),
        };
        while let Some(head) = heads.get(next) {
            next += 1;
            if self.lacked_of(head) == 0 {
                continue;
            }
            let Some(Segment { head, pack }) = holding.segment(head.number, storage)? else {
                // What follows it would begin behind what the peer has.
                self.checkpoint.next_segment = Some(ALL_SENT);
                return Ok(None);
            };
            for log in &head.logs {
                let sent = self.last_sent(&log.log).max(log.last.0);
                self.sent.insert(log.log, sent);
            }
            self.checkpoint.next_segment = Some(next);
            return Ok(Some(Frame::Packed(self.tag, pack)));
        }
        if self.checkpoint.next_segment.replace(ALL_SENT).is_some() {
            self.go_on_behind_segments(holding);
        }
        Ok(None)
    }

    /// Returns the place of the first segment to be sent; behind the last one where entries are shorter.
    fn first_segment_worth_sending(&self, heads: &[SegmentHead], lacks_pruned: bool) -> usize {
        let first = heads.iter().position(|head| self.lacked_of(head) > 0);
        let rest = first.and_then(|first| heads.get(first..)).unwrap_or(&[]);
        let lacked = rest.iter().map(|head| self.lacked_of(head)).sum::<u64>();
        let bytes: usize = rest.iter().map(|head| head.length).sum();
        let singly = usize::try_from(lacked)
            .unwrap_or(usize::MAX)
            .saturating_mul(ENTRY_BYTES_ABOUT);
        match first {
            Some(first) if lacks_pruned => first,
            Some(first) if lacked >= PACK_LACKED_MIN && bytes < singly => first,
            _ => ALL_SENT,
        }
    }

    /// Says whether the peer lacks entries that are there in segments only.
    fn lacks_pruned(&self, holding: &dyn Holding) -> bool {
        let mut logs = holding.frontier().logs.keys();
        logs.any(|log| self.last_sent(log) < holding.pruned_to(log))
    }

    /// Returns how many entries of a segment the peer lacks.
    fn lacked_of(&self, head: &SegmentHead) -> u64 {
        let lacked = head.logs.iter().map(|log| {
            let before = log.first.get().saturating_sub(1);
            let had = self.last_sent(&log.log).get().max(before);
            log.last.0.get().saturating_sub(had)
        });
        lacked.sum()
    }

    /// Leaves out of what is looked through what the peer was sent in segments.
    fn go_on_behind_segments(&mut self, holding: &dyn Holding) {
        let mut has = Frontier::clone(&self.told_by_peer);
        for (log, seq) in &self.sent {
            let tip = has.logs.entry(*log).or_insert((Seq::NONE, EntryHash::ZERO));
            tip.0 = tip.0.max(*seq);
        }
        if !self.by_position.is_empty() {
            return;
        }
        let next = holding.first_missing(&has);
        self.cursor = self
            .cursor
            .max(next.unwrap_or(holding.committed_position()));
    }
}
