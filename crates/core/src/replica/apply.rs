//! Places what arrived: opens entries, decodes them, and hands the changes of those that count to the
//! documents in batches. What does not count is held; what is not valid is named for its signer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use std::mem;
use std::sync::Arc;

use super::counting::reason_of;
use super::held::{Relation, Why};
use super::log::BranchId;
use super::{Applied, AppliedChange, Replica};
use crate::control::ContentVerdict;
use crate::document::{Change, ChangeHash, DocumentId, EntryChanges, Outcome};
use crate::ids::{EntryHash, NotebookId, Seq};
use crate::log::{Body, DocumentTips, RawEntry, VerifiedEntry};
use crate::storage::{Storage, StorageError};

/// Entries that are applied at once: a received change costs time in proportion to the Text that it
/// touches, so batches are six times as fast as single calls, and beyond this nothing is gained.
const BATCH_ENTRIES_MAX: usize = 250;

/// Memory from which a batch takes no further entry: what is packed into a kilobyte can unpack to a
/// hundred, and only one batch is unpacked at a time.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Memory of an operation besides its bytes, of which run lengths can leave nearly none.
const OPERATION_BYTES: usize = 64;

/// Changes that the oldest entry of a log lacks and that are remembered. It is tried again once
/// these are here, and then says what else it lacks.
const MISSING_MAX: usize = 64;

struct Candidate {
    log: BranchId,
    seq: Seq,
    entry: EntryHash,
    tips: DocumentTips,
}

/// Opened entries that are to be applied at once, each with its changes at the same place.
#[derive(Default)]
struct Batch {
    candidates: Vec<Candidate>,
    entries: Vec<EntryChanges>,
    /// About how much memory the changes take.
    bytes: usize,
    /// How many entries of a log are in here.
    reached: BTreeMap<BranchId, usize>,
    /// The document tips of a log after its last entry in here.
    tips: BTreeMap<BranchId, DocumentTips>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.entries.len() >= BATCH_ENTRIES_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    fn push(&mut self, notebook: NotebookId, id: BranchId, entry: &RawEntry, body: Body) {
        let header = entry.header();
        self.bytes += body.changes.iter().fold(0, |bytes, (_, change)| {
            let operations = usize::try_from(change.facts().op_count).unwrap_or(usize::MAX);
            bytes + change.bytes().len() + operations.saturating_mul(OPERATION_BYTES)
        });
        *self.reached.entry(id).or_default() += 1;
        self.tips.insert(id, body.tips.clone());
        self.candidates.push(Candidate {
            log: id,
            seq: header.seq,
            entry: entry.hash(),
            tips: body.tips,
        });
        self.entries.push(EntryChanges {
            actor: crate::log::actor_of(notebook, header.log),
            changes: body.changes,
        });
    }
}

/// What is to be done with the next entry of a log.
enum Step {
    /// It counts, if nothing that it builds on says otherwise.
    Ready(Body),
    /// It is kept and not applied.
    Hold(Body, Why),
    /// Its key is not here.
    Waits,
    /// It cannot be read, and so nothing that follows it.
    Unreadable(String),
}

impl Replica {
    /// Places all that can be placed now; returns whether anything was.
    ///
    /// # Errors
    /// [`StorageError`] where a document that exists cannot be read, or all that is to be placed again.
    pub fn advance(&mut self, storage: &dyn Storage) -> Result<bool, StorageError> {
        // Who built on which branch does not depend on what is applied: a second look changes nothing.
        const ROUNDS_MAX: u32 = 4;
        let mut progressed = false;
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
    fn advance_batch(
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

    /// Says whether the oldest pending entry of a log still lacks what it lacked when it was tried. What came
    /// since is struck off for good: its document may be closed when the rest comes.
    fn is_missing_still(&mut self, id: &BranchId) -> bool {
        let Some(log) = self.logs.get_mut(id) else {
            return false;
        };
        let mut missing = mem::take(&mut log.missing);
        missing.retain(|(document, change)| !self.is_placed(document, change));
        let lacks_any = !missing.is_empty();
        if let Some(log) = self.logs.get_mut(id) {
            log.missing = missing;
        }
        lacks_any
    }

    /// Says whether a change is in an open document, or in an entry that is held.
    fn is_placed(&self, document: &DocumentId, change: &ChangeHash) -> bool {
        self.documents.has_change(document, change) || self.held.has_change(document, change)
    }

    /// Keeps the arrivals of entries that still wait, in order.
    fn forget_settled_arrivals(&mut self) {
        let mut left: BTreeMap<BranchId, usize> = self
            .logs
            .iter()
            .map(|(id, log)| (*id, log.waiting()))
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
            let Some((entry, step)) = self.open_pending(id, place, batch.tips.get(id)) else {
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

    /// Opens the pending entry at a place of its log; `tips` are those after the entry before it,
    /// where that one is not settled yet.
    fn open_pending(
        &mut self,
        id: &BranchId,
        place: usize,
        tips: Option<&DocumentTips>,
    ) -> Option<(Arc<RawEntry>, Step)> {
        let log = self.logs.get(id)?;
        let entry = Arc::clone(log.pending.get(place)?);
        if !log.is_ready {
            return Some((entry, Step::Waits));
        }
        if log.unreadable {
            return Some((entry, Step::Unreadable(String::new())));
        }
        let seq = entry.header().seq;
        let verdict = log.spans.verdict(seq);
        let is_valid = log.broken.is_none();
        let is_chosen = seq <= log.chosen_to;
        let tips = tips.unwrap_or(&log.tips).clone();
        let step = match self.open_entry(&entry, &tips) {
            Step::Ready(body) if !is_valid => Step::Hold(body, Why::Invalid),
            Step::Ready(body) if !is_chosen => Step::Hold(body, Why::Losing),
            Step::Ready(body) if verdict != ContentVerdict::Counts => {
                Step::Hold(body, Why::Uncounted)
            }
            step => step,
        };
        Some((entry, step))
    }

    fn open_entry(&mut self, raw: &RawEntry, tips: &DocumentTips) -> Step {
        let header = raw.header();
        // An author knows the re-key whose key they seal under. One who names another could make
        // everybody wait for ever.
        if !self
            .controls
            .is_within(&header.epoch.rekey(), &header.heads)
            || !self.membership.is_epoch(&header.epoch)
        {
            return Step::Unreadable("sealed under a key that the rules do not count".to_owned());
        }
        let Some(key) = self.keys.get(&header.epoch) else {
            return Step::Waits;
        };
        let entry: VerifiedEntry = raw.clone().trusted(self.notebook);
        match entry.open(key, tips) {
            Ok(body) => Step::Ready(body),
            Err(error) => Step::Unreadable(error.to_string()),
        }
    }

    /// Says whether nothing that is held has to do with an entry: so it is with nearly all, and they go into
    /// batches.
    fn is_apart_from_held(&self, id: &BranchId, body: &Body) -> bool {
        let builds_on_none = || {
            let mut changes = body.changes.iter();
            changes.all(|(document, change)| {
                let mut deps = change.facts().deps.iter();
                deps.all(|dep| !self.held.has_change(document, dep))
            })
        };
        self.held.is_empty() || (!self.held.has_any_of(&id.log) && builds_on_none())
    }

    /// Finds out whether an entry that counts builds on any that are held: on ones that are applied
    /// with it, or on one that never will be.
    fn relate(
        &mut self,
        id: &BranchId,
        body: Body,
        storage: &dyn Storage,
    ) -> Result<Step, StorageError> {
        // Only once all is known can be told whether any of it is never to be applied.
        if self.lacks_changes(id, &body, storage)? {
            return Ok(Step::Waits);
        }
        if self.skips_a_held_change(id, &body) {
            return Ok(Step::Hold(body, Why::Invalid));
        }
        let is_applied = |document: &DocumentId, change: &ChangeHash| {
            self.documents.has_change(document, change)
        };
        Ok(match self.held.relation(&body.changes, &is_applied) {
            Relation::Free => Step::Ready(body),
            Relation::Lost(_) => Step::Hold(body, Why::Lost),
            Relation::Adopts(hashes) => {
                if self.adopt(&hashes, &id.log, storage)? {
                    Step::Ready(body)
                } else {
                    Step::Hold(body, Why::Lost)
                }
            }
        })
    }

    /// Says whether a change leaves out the one that its log wrote before it in the same document
    /// where that one is held. Where it counted, such a change would be refused, so it always is.
    fn skips_a_held_change(&self, id: &BranchId, body: &Body) -> bool {
        let Some(log) = self.logs.get(id).filter(|_| self.held.has_any_of(&id.log)) else {
            return false;
        };
        let mut last: BTreeMap<DocumentId, ChangeHash> = BTreeMap::new();
        body.changes.iter().any(|(document, change)| {
            let before = last.insert(*document, change.facts().hash);
            let before = before.or_else(|| log.tips.get(document).map(|tip| tip.hash));
            before.is_some_and(|before| {
                self.held.has_change(document, &before)
                    && !self.documents.has_change(document, &before)
                    && !change.facts().deps.contains(&before)
            })
        })
    }

    /// Says whether the oldest pending entry of a log builds on anything that is not placed, and notes what.
    fn lacks_changes(
        &mut self,
        id: &BranchId,
        body: &Body,
        storage: &dyn Storage,
    ) -> Result<bool, StorageError> {
        let own: BTreeSet<(DocumentId, ChangeHash)> = body.hashes().collect();
        let mut missing = Vec::new();
        for (document, change) in &body.changes {
            self.load_document(*document, storage)?;
            for dep in &change.facts().deps {
                if !own.contains(&(*document, *dep)) && !self.is_placed(document, dep) {
                    missing.push((*document, *dep));
                }
            }
        }
        missing.truncate(MISSING_MAX);
        let is_lacking = !missing.is_empty();
        if is_lacking && let Some(log) = self.logs.get_mut(id) {
            log.missing = missing;
        }
        Ok(is_lacking)
    }

    /// Holds the oldest pending entry of a log, once all that its changes build on is placed; says
    /// whether it is.
    fn hold(
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
            Why::Lost => Some("builds on something that does not count".to_owned()),
            Why::Invalid if is_first_invalid => {
                Some("leaves out what its writer wrote before it".to_owned())
            }
            Why::Invalid => None,
        };
        if let Some(reason) = reason {
            self.note_set_aside(entry.hash(), id.log.device, seq, reason);
        }
        Ok(true)
    }

    /// Returns why an entry does not count, where it is the first of its log with that verdict: the
    /// others say nothing new.
    fn reason_of_verdict(&self, id: &BranchId, seq: Seq) -> Option<String> {
        let log = self.logs.get(id)?;
        let span = log.spans.iter().find(|span| span.first == seq)?;
        Some(reason_of(span.verdict))
    }

    /// Returns why the branch of an entry does not count, where it is the first one on it.
    fn reason_of_choice(&self, id: &BranchId, seq: Seq) -> Option<String> {
        let log = self.logs.get(id)?;
        let fork = self.forks.get(&id.log)?;
        let first = log.chosen_to.max(log.base_seq()).next();
        (seq == first).then(|| fork.choice.reason(first))
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

    fn settle_applied(&mut self, candidate: Candidate, entry: &EntryChanges) {
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

    /// Settles an entry that turned out not to be valid: nothing that follows it in its log is.
    fn settle_invalid(&mut self, candidate: Candidate, entry: EntryChanges, reason: &str) {
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

    fn settle_unreadable(&mut self, id: BranchId, reason: &str) {
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
}
