//! One log of a notebook as a replica knows it: what arrived, what of it counts, and how far it is
//! placed.

use std::collections::VecDeque;
use std::sync::Arc;

use super::counting::{Span, Spans};
use crate::document::{ChangeHash, DocumentId};
use crate::ids::{ControlHash, DeviceId, EntryHash, LogId, PersonId, Seq};
use crate::log::{DocumentTips, RawEntry};
use crate::storage::Position;

/// An entry that is kept but does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Whose device wrote it, where that is known.
    pub person: Option<PersonId>,
    /// The device that signed it.
    pub device: DeviceId,
    /// Its place in its log.
    pub seq: Seq,
    /// Why, in words for a person.
    pub reason: String,
}

/// Entries of a log, one after the other, that name the same control heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// The first of them; the others follow until the next run begins.
    pub(super) first: Seq,
    /// What all of them name.
    pub(super) heads: Vec<ControlHash>,
}

/// A branch of a log. Nearly every log has but the first, its trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BranchId {
    pub(super) log: LogId,
    /// In the order in which the branches arrived here; the trunk is 0.
    pub(super) number: u16,
}

impl BranchId {
    pub(super) const fn trunk(log: LogId) -> Self {
        Self { log, number: 0 }
    }
}

/// Where a branch leaves another one: after the entry at this place, which both share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) branch: u16,
    pub(super) seq: Seq,
}

/// One branch of a log, from where it leaves another one.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) id: BranchId,
    /// Where it leaves another one; the trunk leaves none.
    pub(super) base: Option<Base>,
    tip: (Seq, EntryHash),
    /// Where each entry stands in the stream of arrivals, from the first one behind `base`.
    positions: Vec<Position>,
    /// The hash of each entry, where they had to be told from others at the same places.
    pub(super) hashes: Option<Vec<EntryHash>>,
    /// The control heads that its entries name: what they are judged by.
    pub(super) runs: Vec<Run>,
    /// Which of its entries count, by the control entries that are here.
    pub(super) spans: Spans,
    /// Up to where it is on the branch that counts.
    pub(super) chosen_to: Seq,
    /// Whether all that it shares with another branch is placed.
    pub(super) is_ready: bool,
    /// The last entry that is placed: applied, held, or set aside.
    pub(super) settled: Seq,
    /// The document tips as of `settled`.
    pub(super) tips: DocumentTips,
    /// The entries that arrived and are not settled, oldest first.
    pub(super) pending: VecDeque<Arc<RawEntry>>,
    /// The changes that the oldest pending entry lacked when it was last tried.
    pub(super) missing: Vec<(DocumentId, ChangeHash)>,
    /// The first entry that is not valid: neither is any that follows it.
    pub(super) broken: Option<Seq>,
    /// Set once an entry could not even be read: what follows it cannot be, either.
    pub(super) unreadable: bool,
}

impl Log {
    pub(super) fn new(id: BranchId) -> Self {
        Self {
            id,
            base: None,
            tip: (Seq::NONE, EntryHash::ZERO),
            positions: Vec::new(),
            hashes: None,
            runs: Vec::new(),
            spans: Spans::default(),
            chosen_to: Seq::new(u64::MAX),
            is_ready: true,
            settled: Seq::NONE,
            tips: DocumentTips::default(),
            pending: VecDeque::new(),
            missing: Vec::new(),
            broken: None,
            unreadable: false,
        }
    }

    /// Begins a branch that leaves another one after `previous`, whose run of heads it may go on.
    pub(super) fn branch(id: BranchId, base: Base, previous: EntryHash) -> Self {
        Self {
            base: Some(base),
            tip: (base.seq, previous),
            hashes: Some(Vec::new()),
            chosen_to: Seq::NONE,
            is_ready: false,
            settled: base.seq,
            ..Self::new(id)
        }
    }

    pub(super) fn restore(
        id: BranchId,
        base: Option<Base>,
        tip: (Seq, EntryHash),
        positions: Vec<Position>,
    ) -> Self {
        Self {
            base,
            tip,
            positions,
            ..Self::new(id)
        }
    }

    pub(super) const fn tip(&self) -> (Seq, EntryHash) {
        self.tip
    }

    pub(super) const fn tip_seq(&self) -> Seq {
        self.tip.0
    }

    /// Returns the last place that it shares with another branch.
    pub(super) fn base_seq(&self) -> Seq {
        self.base.map_or(Seq::NONE, |base| base.seq)
    }

    pub(super) fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Returns the control heads that the last entry named, which a later one may not go behind.
    pub(super) fn heads(&self) -> &[ControlHash] {
        self.runs.last().map_or(&[], |run| &run.heads)
    }

    /// Returns the run in which a place lies.
    pub(super) fn run_at(&self, seq: Seq) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.first <= seq);
        self.runs.get(after.checked_sub(1)?)
    }

    /// Returns where the entry after `seq` stands, if it is here and not shared with another branch.
    pub(super) fn position_after(&self, seq: Seq) -> Option<Position> {
        let place = seq.get().checked_sub(self.base_seq().get())?;
        self.positions.get(usize::try_from(place).ok()?).copied()
    }

    /// Returns where the entry at `seq` stands, if it is here and not shared with another branch.
    pub(super) fn position_of(&self, seq: Seq) -> Option<Position> {
        self.position_after(Seq::new(seq.get().checked_sub(1)?))
    }

    /// Returns the hash of the entry at `seq`, if it is known and not shared with another branch.
    pub(super) fn hash_of(&self, seq: Seq) -> Option<EntryHash> {
        if seq == self.tip.0 && seq > self.base_seq() {
            return Some(self.tip.1);
        }
        let before = seq.get().checked_sub(self.base_seq().get())?;
        let place = usize::try_from(before.checked_sub(1)?).ok()?;
        self.hashes.as_ref()?.get(place).copied()
    }

    /// Says whether the next entry counts, if it names these heads, without a closer look.
    pub(super) fn goes_on_counting(&self, heads: &[ControlHash]) -> bool {
        self.spans.is_open() && self.heads() == heads
    }

    /// Extends the log by an entry that follows its tip; `span` says whether it counts where
    /// [`Log::goes_on_counting`] does not.
    pub(super) fn extend(&mut self, entry: &RawEntry, position: Position, span: Option<Span>) {
        let header = entry.header();
        self.tip = (header.seq, entry.hash());
        self.positions.push(position);
        if let Some(hashes) = &mut self.hashes {
            hashes.push(entry.hash());
        }
        if self.heads() != header.heads {
            // What a branch shares with another one says which heads came before, and no more.
            self.runs.retain(|run| run.first < header.seq);
            self.runs.push(Run {
                first: header.seq,
                heads: header.heads.clone(),
            });
        }
        if let Some(span) = span {
            self.spans.push(span);
        }
    }

    /// Notes that the oldest pending entry is settled.
    pub(super) fn settle(&mut self, seq: Seq, tips: Option<DocumentTips>) {
        self.settled = seq;
        self.missing.clear();
        if let Some(tips) = tips {
            self.tips = tips;
        }
    }

    /// Forgets how far the log is placed, so that all of it is placed again.
    pub(super) fn unsettle(&mut self) {
        self.settled = self.base_seq();
        self.tips = DocumentTips::default();
        // What leaves the trunk before its first entry shares nothing with it.
        self.is_ready = self.settled == Seq::NONE;
        self.pending.clear();
        self.missing.clear();
        self.broken = None;
        self.unreadable = false;
    }

    pub(super) fn unplaced(&self) -> usize {
        self.pending.len()
    }

    /// Returns how long the oldest pending entries are, as many as `count`.
    pub(super) fn bytes_of_first(&self, count: usize) -> usize {
        let first = self.pending.iter().take(count);
        first.map(|entry| entry.as_bytes().len()).sum()
    }
}
