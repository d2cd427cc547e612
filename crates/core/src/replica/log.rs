//! One log of a notebook as a replica knows it: what arrived, and how far it is applied.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::document::{ChangeHash, DocumentId};
use crate::ids::{DeviceId, EntryHash, LogId, PersonId, Seq};
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

/// One log.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) id: LogId,
    tip: (Seq, EntryHash),
    /// Where each entry stands in the stream of arrivals, by seq − 1.
    positions: Vec<Position>,
    /// The last entry that was applied or set aside.
    pub(super) settled: Seq,
    /// The document tips as of `settled`.
    pub(super) tips: DocumentTips,
    /// The entries that arrived and are not settled, oldest first.
    pub(super) pending: VecDeque<Arc<RawEntry>>,
    /// The changes that the oldest pending entry lacked when it was last tried.
    pub(super) missing: Vec<(DocumentId, ChangeHash)>,
    /// Set once an entry was set aside: all that follow it are, too.
    pub(super) broken: Option<Seq>,
    /// Whether its device signed two entries for one place: others may build on the one that is not
    /// here.
    pub(super) forked: bool,
    /// The control heads that the last entry named, which a later one may not go behind.
    pub(super) heads: Vec<crate::ids::ControlHash>,
}

impl Log {
    pub(super) fn new(id: LogId) -> Self {
        Self {
            id,
            tip: (Seq::NONE, EntryHash::ZERO),
            positions: Vec::new(),
            settled: Seq::NONE,
            tips: DocumentTips::default(),
            pending: VecDeque::new(),
            missing: Vec::new(),
            broken: None,
            forked: false,
            heads: Vec::new(),
        }
    }

    pub(super) fn restore(
        id: LogId,
        tip: (Seq, EntryHash),
        positions: Vec<Position>,
        settled: Seq,
        tips: DocumentTips,
        broken: Option<Seq>,
    ) -> Self {
        Self {
            tip,
            positions,
            settled,
            tips,
            broken,
            ..Self::new(id)
        }
    }

    pub(super) const fn tip(&self) -> (Seq, EntryHash) {
        self.tip
    }

    pub(super) const fn tip_seq(&self) -> Seq {
        self.tip.0
    }

    pub(super) fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Returns where the entry after `seq` stands, if it is here.
    pub(super) fn position_after(&self, seq: Seq) -> Option<Position> {
        self.positions
            .get(usize::try_from(seq.get()).ok()?)
            .copied()
    }

    /// Returns where the entry at `seq` stands, if it is here.
    pub(super) fn position_of(&self, seq: Seq) -> Option<Position> {
        self.position_after(Seq::new(seq.get().checked_sub(1)?))
    }

    /// Extends the log by an entry that follows its tip.
    pub(super) fn extend(&mut self, entry: &RawEntry, position: Position) {
        self.tip = (entry.header().seq, entry.hash());
        self.positions.push(position);
        if self.heads != entry.header().heads {
            self.heads.clone_from(&entry.header().heads);
        }
    }

    /// Notes that the oldest pending entry is settled: applied, or set aside.
    pub(super) fn settle(&mut self, seq: Seq, tips: Option<DocumentTips>) {
        self.settled = seq;
        self.missing.clear();
        if let Some(tips) = tips {
            self.tips = tips;
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.pending
            .iter()
            .map(|entry| entry.as_bytes().len())
            .sum()
    }
}
