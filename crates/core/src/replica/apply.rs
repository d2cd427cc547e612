//! Places what arrived: opens entries, decodes them, and hands the changes of those that count to the
//! documents in batches. What does not count is held; what is not valid is named for its signer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use std::mem;

use super::Replica;
use super::batch::Batch;
use super::log::BranchId;
use super::opening::{MISSING_MAX, Step};
use crate::document::{DocumentId, Outcome};
use crate::log::EpochSealers;
use crate::storage::{Storage, StorageError};

impl Replica {
    /// Places all that can be placed now; returns whether anything was.
    ///
    /// # Errors
    /// [`StorageError`] where a document that exists cannot be read, or all that is to be placed again.
    pub fn advance(&mut self, storage: &dyn Storage) -> Result<bool, StorageError> {
        // Who built on which branch does not depend on what is applied: a second look changes nothing.
        const ROUNDS_MAX: u32 = 4;
        let mut progressed = false;
        self.has_new_keys = false;
        for _ in 0..ROUNDS_MAX {
            if self.wants_rebuild {
                self.rebuild(storage)?;
                progressed = true;
            } else {
                progressed |= self.place_pending(storage)?;
            }
            if !self.may_choose_otherwise() || !self.choose_branches() {
                break;
            }
        }
        self.note_caught_up();
        Ok(progressed)
    }

    pub(super) fn place_pending(&mut self, storage: &dyn Storage) -> Result<bool, StorageError> {
        let mut progressed = false;
        // A log that waits is left out for the rest of a pass, so that however much of it there is,
        // it holds up no other.
        loop {
            let mut waiting: BTreeSet<BranchId> = BTreeSet::new();
            let mut passed = false;
            while let Some(settled) = self.advance_batch(&mut waiting, storage)? {
                passed |= settled;
            }
            self.forget_settled_arrivals();
            if !passed {
                return Ok(progressed);
            }
            progressed = true;
        }
    }

    /// Applies one batch of logs that do not wait; returns whether anything was settled, and `None`
    /// where there is no batch.
    pub(super) fn advance_batch(
        &mut self,
        waiting: &mut BTreeSet<BranchId>,
        storage: &dyn Storage,
    ) -> Result<Option<bool>, StorageError> {
        let (batch, mut progressed) = self.next_batch(waiting, storage)?;
        if batch.entries.is_empty() {
            return Ok(progressed.then_some(true));
        }
        let touched: BTreeSet<DocumentId> = batch
            .entries
            .iter()
            .flat_map(|entry| entry.changes.iter().map(|(id, _)| *id))
            .collect();
        for id in &touched {
            self.load_document(*id, storage)?;
        }
        let outcomes = self.documents.apply(&batch.entries);
        let opened = batch.candidates.into_iter().zip(batch.entries);
        for ((candidate, entry), outcome) in opened.zip(outcomes) {
            if waiting.contains(&candidate.log) {
                continue;
            }
            match outcome {
                Outcome::Applied => {
                    self.settle_applied(candidate, &entry);
                    progressed = true;
                }
                // Whatever came before is here, and so is the rest: it depends on what it holds
                // itself further on, which no replica can ever apply.
                Outcome::Waiting { missing } if missing.is_empty() => {
                    let reason = "its changes are not in causal order";
                    waiting.insert(candidate.log);
                    self.settle_invalid(candidate, entry, reason);
                    progressed = true;
                }
                Outcome::Waiting { mut missing } => {
                    waiting.insert(candidate.log);
                    missing.truncate(MISSING_MAX);
                    if let Some(log) = self.logs.get_mut(&candidate.log) {
                        log.missing = missing;
                    }
                }
                Outcome::Refused(refusal) => {
                    waiting.insert(candidate.log);
                    self.settle_invalid(candidate, entry, &refusal.to_string());
                    progressed = true;
                }
            }
        }
        Ok(Some(progressed))
    }

    /// Keeps the arrivals of entries that still wait, in order.
    pub(super) fn forget_settled_arrivals(&mut self) {
        let mut left: BTreeMap<BranchId, usize> = self
            .logs
            .iter()
            .map(|(id, log)| (*id, log.unplaced()))
            .collect();
        let mut kept = VecDeque::new();
        for id in self.arrivals.drain(..).rev() {
            if let Some(count) = left.get_mut(&id)
                && *count > 0
            {
                *count -= 1;
                kept.push_front(id);
            }
        }
        self.arrivals = kept;
    }

    /// Opens pending entries in the order of arrival until a batch is full. An entry is only opened
    /// after the one before it in its log. Logs that turn out to wait are added to `waiting`. Also
    /// says whether any entry was placed on the way.
    fn next_batch(
        &mut self,
        waiting: &mut BTreeSet<BranchId>,
        storage: &dyn Storage,
    ) -> Result<(Batch, bool), StorageError> {
        let mut batch = Batch::default();
        let mut sealers = EpochSealers::default();
        // A log of which something is in the batch but whose next entry is for a later one.
        let mut stopped: BTreeSet<BranchId> = BTreeSet::new();
        let mut progressed = false;
        let arrivals = mem::take(&mut self.arrivals);
        for id in &arrivals {
            if batch.is_full() {
                break;
            }
            if stopped.contains(id) || waiting.contains(id) {
                continue;
            }
            if self.is_missing_still(id) {
                waiting.insert(*id);
                continue;
            }
            let place = batch.reached.get(id).copied().unwrap_or(0);
            let tips = batch.tips.get(id);
            let opened = self.open_pending(id, place, tips, &mut sealers);
            let Some((entry, step)) = opened else {
                continue;
            };
            let step = match step {
                Step::Ready(body) if self.is_apart_from_held(id, &body) => {
                    batch.push(self.notebook, *id, &entry, body);
                    continue;
                }
                // What precedes it in the log is in this batch and is placed first.
                _ if place > 0 => {
                    stopped.insert(*id);
                    continue;
                }
                Step::Ready(body) => self.relate(id, body, storage)?,
                step => step,
            };
            match step {
                Step::Ready(body) => batch.push(self.notebook, *id, &entry, body),
                Step::Hold(body, why) => {
                    if self.hold(id, &entry, body, why, storage)? {
                        progressed = true;
                    } else {
                        waiting.insert(*id);
                    }
                }
                Step::Part(part) => {
                    self.place_part(id, &entry, &part, storage)?;
                    progressed = true;
                }
                Step::Waits => {
                    waiting.insert(*id);
                }
                Step::Unreadable(reason) => {
                    self.settle_unreadable(*id, &reason);
                    progressed = true;
                }
            }
        }
        self.arrivals = arrivals;
        Ok((batch, progressed))
    }
}
