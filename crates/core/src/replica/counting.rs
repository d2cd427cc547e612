//! Which entries of a log count: spans of places with one verdict each.
//!
//! Invariant: the spans of a log are a function of the control entries that are here and of the
//! control heads that its entries name, whatever came first. Along a run of entries that name the
//! same heads the verdict changes once at most, from counting to not counting: a cut bounds a log
//! from behind.

use super::Replica;
use super::log::{BranchId, Log, Run};
use crate::control::{ContentVerdict, ControlKind, ControlSet};
use crate::ids::{ControlHash, Seq};

/// Returns why an entry does not count, in words for a person: the same on every device that holds the same.
pub(super) fn reason_of(verdict: ContentVerdict, controls: &ControlSet) -> &'static str {
    match verdict {
        ContentVerdict::NotMember => "its author was no member of this notebook",
        ContentVerdict::NotWriter => "its author may not write here: an observer only reads",
        ContentVerdict::Voided => "the admission of its author, or the device, does not stand",
        ContentVerdict::AfterEnding(ending) => match controls.get(&ending).map(|entry| &entry.kind)
        {
            Some(ControlKind::Remove { .. }) => "its author had been removed when it came",
            Some(ControlKind::Role { .. }) => "its author had been made an observer when it came",
            Some(ControlKind::Leave) => "its author had left when it came",
            _ => "its device had been taken off when it came",
        },
        _ => "it does not count",
    }
}

/// Places of a log with one verdict: from the first one to the next span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The first place.
    pub(super) first: Seq,
    /// The verdict.
    pub(super) verdict: ContentVerdict,
    /// Whether all that follows with the same heads counts as well.
    pub(super) is_open: bool,
}

/// All spans of a log, by ascending place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spans {
    spans: Vec<Span>,
    is_open: bool,
}

impl Spans {
    /// Says whether whatever follows with the same heads counts.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Extends the spans by one; nothing where the verdict goes on.
    pub(super) fn push(&mut self, span: Span) {
        self.is_open = span.is_open;
        if self.spans.last().map(|last| last.verdict) != Some(span.verdict) {
            self.spans.push(span);
        }
    }

    /// Returns the verdict on a place that is in a span.
    pub(super) fn verdict(&self, seq: Seq) -> ContentVerdict {
        let after = self.spans.partition_point(|span| span.first <= seq);
        after
            .checked_sub(1)
            .and_then(|at| self.spans.get(at))
            .map_or(ContentVerdict::Counts, |span| span.verdict)
    }

    /// Returns how many entries up to the last one, without one between them that counts, do not.
    pub(super) fn uncounted_at_end(&self, tip: Seq) -> u64 {
        let counts = |span: &&Span| span.verdict == ContentVerdict::Counts;
        let uncounted = self.spans.iter().rev().take_while(|span| !counts(span));
        uncounted.last().map_or(0, |first| {
            tip.next().get().saturating_sub(first.first.get())
        })
    }

    /// Returns the spans.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Span> {
        self.spans.iter()
    }

    /// Says whether every place up to `end` counts by these as it does by `other`.
    fn agrees(&self, other: &Self, end: Seq) -> bool {
        let counts = |spans: &Self, seq| spans.verdict(seq) == ContentVerdict::Counts;
        let mut edges = self.spans.iter().chain(&other.spans).map(|span| span.first);
        edges.all(|seq| seq > end || counts(self, seq) == counts(other, seq))
    }
}

impl Replica {
    /// Judges the entry at a place of a log by the heads that it names.
    pub(super) fn judge(&mut self, log: &BranchId, heads: &[ControlHash], seq: Seq) -> Span {
        let verdict = self.verdict_at(log, heads, seq);
        let is_open = verdict == ContentVerdict::Counts
            && self.verdict_at(log, heads, Seq::new(u64::MAX)) == ContentVerdict::Counts;
        Span {
            first: seq,
            verdict,
            is_open,
        }
    }

    fn verdict_at(&mut self, id: &BranchId, heads: &[ControlHash], seq: Seq) -> ContentVerdict {
        let at = self.membership_at(heads);
        let on_chain = |at, hash| self.is_on_chain(id, seq, (at, hash));
        let place = (&id.log, seq);
        self.membership
            .judge_content(&self.controls, &at, heads, place, &on_chain)
    }

    /// Judges all entries anew, after the control entries have changed. Where one that is placed
    /// counts no longer, or does now, all has to be placed again.
    pub(super) fn recount(&mut self) {
        self.wants_choice |= !self.forks.is_empty();
        let ids: Vec<BranchId> = self.logs.keys().copied().collect();
        for id in ids {
            let Some(log) = self.logs.get(&id) else {
                continue;
            };
            let (runs, tip) = (log.runs.clone(), log.tip_seq());
            let spans = self.spans_of(&id, &runs, tip);
            let Some(log) = self.logs.get_mut(&id) else {
                continue;
            };
            self.wants_rebuild |= !log.spans.agrees(&spans, valid_end(log));
            log.spans = spans;
        }
        self.name_held();
    }

    fn spans_of(&mut self, id: &BranchId, runs: &[Run], tip: Seq) -> Spans {
        let mut spans = Spans::default();
        for (place, run) in runs.iter().enumerate() {
            let next = runs.get(place + 1).map(|next| next.first);
            let last = next.map_or(tip, |next| Seq::new(next.get().saturating_sub(1)));
            let first = self.judge(id, &run.heads, run.first);
            spans.push(first);
            if first.is_open || last <= run.first {
                continue;
            }
            let end = self.judge(id, &run.heads, last);
            if end.verdict == first.verdict {
                spans.push(end);
                continue;
            }
            let (mut low, mut high) = (run.first, last);
            while low.next() < high {
                let middle = Seq::new(low.get() + (high.get() - low.get()) / 2);
                if self.verdict_at(id, &run.heads, middle) == first.verdict {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            spans.push(Span { first: high, ..end });
        }
        spans
    }
}

/// Returns the last place whose verdict has had an effect: behind an invalid entry none has.
fn valid_end(log: &Log) -> Seq {
    let end = log.broken.unwrap_or(log.settled);
    end.min(log.settled)
}
