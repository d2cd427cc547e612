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

/// One log.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) id: LogId,
    tip: (Seq, EntryHash),
    /// Where each entry stands in the stream of arrivals, by seq − 1.
    positions: Vec<Position>,
    /// The control heads that its entries name: what they are judged by.
    pub(super) runs: Vec<Run>,
    /// Which of its entries count, by the control entries that are here.
    pub(super) spans: Spans,
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
    /// Whether its device signed two entries for one place: others may build on the one that is not
    /// here.
    pub(super) forked: bool,
}

impl Log {
    pub(super) fn new(id: LogId) -> Self {
        Self {
            id,
            tip: (Seq::NONE, EntryHash::ZERO),
            positions: Vec::new(),
            runs: Vec::new(),
            spans: Spans::default(),
            settled: Seq::NONE,
            tips: DocumentTips::default(),
            pending: VecDeque::new(),
            missing: Vec::new(),
            broken: None,
            unreadable: false,
            forked: false,
        }
    }

    pub(super) fn restore(id: LogId, tip: (Seq, EntryHash), positions: Vec<Position>) -> Self {
        Self {
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

    pub(super) fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Returns the control heads that the last entry named, which a later one may not go behind.
    pub(super) fn heads(&self) -> &[ControlHash] {
        self.runs.last().map_or(&[], |run| &run.heads)
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
        if self.heads() != header.heads {
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
        self.settled = Seq::NONE;
        self.tips = DocumentTips::default();
        self.pending.clear();
        self.missing.clear();
        self.broken = None;
        self.unreadable = false;
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
