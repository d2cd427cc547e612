//! What becomes of an entry: it is applied, held, or named for its signer as not valid.

use std::sync::Arc;

use super::batch::Candidate;
use super::counting::reason_of;
use super::held::Why;
use super::log::BranchId;
use super::{Applied, AppliedChange, Replica};
use crate::control::ContentVerdict;
use crate::document::{Change, DocumentId, EntryChanges};
use crate::ids::Seq;
use crate::log::{Body, RawEntry};
use crate::storage::{Storage, StorageError};

impl Replica {
    pub(super) fn settle_applied(&mut self, candidate: Candidate, entry: &EntryChanges) {
        let changes: Vec<AppliedChange> = entry
            .changes
            .iter()
            .map(|(document, change)| AppliedChange::of(*document, change))
            .collect();
        self.dirty
            .extend(changes.iter().map(|change| change.document));
        if let Some(log) = self.logs.get_mut(&candidate.log) {
            log.pending.pop_front();
            log.settle(candidate.seq, Some(candidate.tips));
        }
        if !self.forks.is_empty() {
            self.ready_branches(&candidate.log, candidate.seq);
            self.note_support_of(&candidate.log, candidate.seq, &entry.changes);
        }
        self.applied.push(Applied {
            log: candidate.log.log,
            entry: candidate.entry,
            changes,
        });
    }

    /// Holds the oldest pending entry of a log, once all that its changes build on is placed; says
    /// whether it is.
    pub(super) fn hold(
        &mut self,
        id: &BranchId,
        entry: &RawEntry,
        body: Body,
        why: Why,
        storage: &dyn Storage,
    ) -> Result<bool, StorageError> {
        if self.lacks_changes(id, &body, storage)? {
            return Ok(false);
        }
        let Some(log) = self.logs.get_mut(id) else {
            return Ok(false);
        };
        let seq = entry.header().seq;
        let is_first_invalid = why == Why::Invalid && log.broken.is_none();
        if is_first_invalid {
            log.broken = Some(seq);
        }
        log.pending.pop_front();
        log.settle(seq, Some(body.tips));
        self.ready_branches(id, seq);
        self.note_support_of(id, seq, &body.changes);
        let changes = Arc::new(body.changes);
        self.held.hold(entry.hash(), (*id, seq), why, changes);
        self.entries_since_snapshot = self.entries_since_snapshot.max(1);
        let reason = match why {
            Why::Losing => self.reason_of_choice(id, seq),
            Why::Uncounted => self.reason_of_verdict(id, seq),
            Why::Lost => Some(
                "it builds on what does not count, so its author's device writes it again"
                    .to_owned(),
            ),
            Why::Invalid if is_first_invalid => {
                Some("it leaves out what its writer wrote before it".to_owned())
            }
            Why::Invalid => None,
        };
        if let Some(reason) = reason {
            self.note_set_aside(entry.hash(), id.log.device, seq, reason);
        }
        Ok(true)
    }

    /// Settles an entry that turned out not to be valid: nothing that follows it in its log is.
    pub(super) fn settle_invalid(
        &mut self,
        candidate: Candidate,
        entry: EntryChanges,
        reason: &str,
    ) {
        let Some(log) = self.logs.get_mut(&candidate.log) else {
            return;
        };
        log.pending.pop_front();
        log.settle(candidate.seq, Some(candidate.tips));
        log.broken = Some(candidate.seq);
        let (id, seq) = (candidate.log, candidate.seq);
        self.ready_branches(&id, seq);
        self.note_support_of(&id, seq, &entry.changes);
        let changes = Arc::new(entry.changes);
        self.held
            .hold(candidate.entry, (id, seq), Why::Invalid, changes);
        self.note_set_aside(candidate.entry, id.log.device, seq, reason.to_owned());
    }

    pub(super) fn settle_unreadable(&mut self, id: BranchId, reason: &str) {
        let Some(log) = self.logs.get_mut(&id) else {
            return;
        };
        let Some(entry) = log.pending.pop_front() else {
            return;
        };
        let seq = entry.header().seq;
        log.settle(seq, None);
        log.unreadable = true;
        // The first one is named; those that follow it need no record of their own.
        let is_first = log.broken.is_none();
        log.broken.get_or_insert(seq);
        self.ready_branches(&id, seq);
        if is_first {
            self.note_set_aside(entry.hash(), id.log.device, seq, reason.to_owned());
        }
    }

    /// Returns why an entry does not count, where the one before it has another verdict: whatever follows
    /// says nothing new. Which branch of a forked log came first makes no difference.
    fn reason_of_verdict(&self, id: &BranchId, seq: Seq) -> Option<String> {
        let verdict_at = |seq: Seq| {
            let log = self.logs.get(&self.branch_at(id, seq))?;
            Some(log.spans.verdict(seq))
        };
        let verdict = verdict_at(seq)?;
        let before = before(seq).and_then(verdict_at);
        (before != Some(verdict)).then(|| reason_of(verdict, &self.controls).to_owned())
    }

    /// Returns why the branch of an entry does not count, where the one before it is on the one that does.
    fn reason_of_choice(&self, id: &BranchId, seq: Seq) -> Option<String> {
        let fork = self.forks.get(&id.log)?;
        let is_losing = |seq: Seq| {
            let log = self.logs.get(&self.branch_at(id, seq));
            log.is_some_and(|log| seq > log.chosen_to)
        };
        (!before(seq).is_some_and(is_losing)).then(|| fork.choice.reason(seq, &self.controls))
    }

    /// Names anew what is held, after the verdicts on it have changed: what is named, and why, follows from
    /// what is here and not from what came first.
    pub(super) fn name_held(&mut self) {
        let held = self.held.iter().filter_map(|(hash, entry)| {
            let (id, seq) = (entry.branch, entry.seq);
            let reason = match entry.why {
                Why::Losing => self.reason_of_choice(&id, seq),
                Why::Uncounted => self.reason_of_verdict(&id, seq),
                Why::Lost | Why::Invalid => return None,
            };
            let known = self.set_aside.get(hash).map(|named| &named.reason);
            (known != reason.as_ref()).then_some((*hash, id.log.device, seq, reason))
        });
        let held: Vec<_> = held.collect();
        for (hash, device, seq, reason) in held {
            self.forget_set_aside(&hash);
            if let Some(reason) = reason {
                self.note_set_aside(hash, device, seq, reason);
            }
        }
    }

    pub(super) fn note_support_of(
        &mut self,
        id: &BranchId,
        seq: Seq,
        changes: &[(DocumentId, Change)],
    ) {
        if self.forks.is_empty() {
            return;
        }
        let log = self.logs.get(id);
        let counts = log.is_some_and(|log| log.spans.verdict(seq) == ContentVerdict::Counts);
        self.note_support(id, seq, changes, counts);
    }
}

/// Returns the place before one.
fn before(seq: Seq) -> Option<Seq> {
    let before = Seq::new(seq.get().saturating_sub(1));
    (before != Seq::NONE).then_some(before)
}
