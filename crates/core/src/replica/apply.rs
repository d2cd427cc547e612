//! Applies what arrived: opens entries, decodes them, and hands their changes to the documents in
//! batches. What cannot be applied is set aside under its signer's name.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::log::{Opened, Pending};
use super::{Applied, AppliedChange, OpenReplicaError, Replica};
use crate::document::{Document, DocumentId, EntryChanges, Outcome};
use crate::ids::{EntryHash, LogId, NotebookId, Seq};
use crate::log::{DocumentTips, VerifiedEntry};
use crate::storage::{Space, Storage, StorageError};

/// Entries that are applied at once: a received change costs time in proportion to the Text that it
/// touches, so batches are six times as fast as single calls, and beyond this nothing is gained.
const BATCH_ENTRIES_MAX: usize = 250;

struct Candidate {
    log: LogId,
    seq: Seq,
    entry: EntryHash,
    opened: Opened,
}

enum Step {
    Ready(Opened),
    Waits,
    SetAside(String),
}

impl Replica {
    /// Applies all that can be applied now; returns whether anything was.
    ///
    /// # Errors
    /// [`StorageError`] where a document that exists cannot be read.
    pub fn advance(&mut self, storage: &dyn Storage) -> Result<bool, StorageError> {
        let mut progressed = false;
        // A log that waits is left out for the rest of a pass, so that however much of it there is,
        // it holds up no other.
        loop {
            let mut waiting: BTreeSet<LogId> = BTreeSet::new();
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
        waiting: &mut BTreeSet<LogId>,
        storage: &dyn Storage,
    ) -> Result<Option<bool>, StorageError> {
        let (batch, mut progressed) = self.next_batch(waiting);
        if batch.is_empty() {
            return Ok(progressed.then_some(true));
        }
        let touched: BTreeSet<DocumentId> = batch
            .iter()
            .flat_map(|candidate| candidate.opened.changes.iter().map(|(id, _)| *id))
            .collect();
        for id in &touched {
            self.load_document(*id, storage)?;
        }
        let entries: Vec<EntryChanges> = batch
            .iter()
            .map(|candidate| EntryChanges {
                actor: crate::log::actor_of(self.notebook, candidate.log),
                changes: candidate.opened.changes.clone(),
            })
            .collect();
        let outcomes = self.documents.apply(&entries);
        for (candidate, outcome) in batch.into_iter().zip(outcomes) {
            if waiting.contains(&candidate.log) {
                continue;
            }
            match outcome {
                Outcome::Applied => {
                    self.settle_applied(candidate);
                    progressed = true;
                }
                Outcome::Waiting { missing } => {
                    waiting.insert(candidate.log);
                    if let Some(log) = self.logs.get_mut(&candidate.log) {
                        log.missing = missing;
                    }
                }
                Outcome::Refused(refusal) => {
                    self.settle_set_aside(candidate.log, &refusal.to_string());
                    waiting.insert(candidate.log);
                    progressed = true;
                }
            }
        }
        Ok(Some(progressed))
    }

    /// Says whether the oldest pending entry of a log still lacks what it lacked when it was tried.
    fn is_missing_still(&self, id: &LogId) -> bool {
        self.logs.get(id).is_some_and(|log| {
            log.missing
                .iter()
                .any(|(document, change)| !self.documents.has_change(document, change))
        })
    }

    /// Keeps the arrivals of entries that still wait, in order.
    fn forget_settled_arrivals(&mut self) {
        let mut left: BTreeMap<LogId, usize> = self
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
    /// says whether any entry was set aside on the way.
    fn next_batch(&mut self, waiting: &mut BTreeSet<LogId>) -> (Vec<Candidate>, bool) {
        let mut batch = Vec::new();
        // A log of which something is in the batch but whose next entry is for a later one.
        let mut stopped: BTreeSet<LogId> = BTreeSet::new();
        let mut reached: BTreeMap<LogId, usize> = BTreeMap::new();
        let mut progressed = false;
        let arrivals: Vec<LogId> = self.arrivals.iter().copied().collect();
        for id in arrivals {
            if batch.len() >= BATCH_ENTRIES_MAX {
                break;
            }
            if stopped.contains(&id) || waiting.contains(&id) {
                continue;
            }
            if self.is_missing_still(&id) {
                waiting.insert(id);
                continue;
            }
            let place = reached.get(&id).copied().unwrap_or(0);
            match self.open_pending(id, place) {
                None => {}
                Some((entry, seq, Step::Ready(opened))) => {
                    reached.insert(id, place + 1);
                    batch.push(Candidate {
                        log: id,
                        seq,
                        entry,
                        opened,
                    });
                }
                Some((_, _, Step::Waits)) if place == 0 => {
                    waiting.insert(id);
                }
                Some((_, _, Step::Waits)) => {
                    stopped.insert(id);
                }
                Some((_, _, Step::SetAside(reason))) => {
                    // What precedes it in the log is in this batch and is settled first.
                    if place == 0 {
                        self.settle_set_aside(id, &reason);
                        progressed = true;
                    } else {
                        stopped.insert(id);
                    }
                }
            }
        }
        (batch, progressed)
    }

    fn open_pending(&mut self, id: LogId, place: usize) -> Option<(EntryHash, Seq, Step)> {
        let log = self.logs.get(&id)?;
        let pending = log.pending.get(place)?;
        let (hash, seq) = (pending.entry.hash(), pending.entry.header().seq);
        if let Some(broken) = log.broken {
            let reason = format!(
                "follows entry {} of the same device, which was set aside",
                broken.get()
            );
            return Some((hash, seq, Step::SetAside(reason)));
        }
        if let Some(opened) = &pending.opened {
            return Some((hash, seq, Step::Ready(opened.clone())));
        }
        let tips = match place.checked_sub(1) {
            None => log.tips.clone(),
            Some(before) => log.pending.get(before)?.opened.as_ref()?.tips.clone(),
        };
        let entry = pending.entry.clone();
        let step = self.open_entry(&entry, &tips);
        if let Step::Ready(opened) = &step
            && let Some(pending) = self
                .logs
                .get_mut(&id)
                .and_then(|log| log.pending.get_mut(place))
        {
            pending.opened = Some(opened.clone());
        }
        Some((hash, seq, step))
    }

    fn open_entry(&mut self, raw: &crate::log::RawEntry, tips: &DocumentTips) -> Step {
        let header = raw.header();
        if !self
            .membership_at(&header.heads)
            .may_write(&header.log.device)
        {
            return Step::SetAside("its author may not write in this notebook".to_owned());
        }
        // An author knows the re-key whose key they seal under. One who names another could make
        // everybody wait for ever.
        if !self
            .controls
            .is_within(&header.epoch.rekey(), &header.heads)
            || !self.membership.is_epoch(&header.epoch)
        {
            return Step::SetAside("sealed under a key that the rules do not count".to_owned());
        }
        let Some(key) = self.keys.get(&header.epoch) else {
            return Step::Waits;
        };
        let entry: VerifiedEntry = raw.clone().trusted(self.notebook);
        match entry.open(key, tips) {
            Ok(body) => Step::Ready(Opened {
                changes: body.changes,
                tips: body.tips,
            }),
            Err(error) => Step::SetAside(error.to_string()),
        }
    }

    fn settle_applied(&mut self, candidate: Candidate) {
        let changes: Vec<AppliedChange> = candidate
            .opened
            .changes
            .iter()
            .map(|(document, change)| AppliedChange::of(*document, change))
            .collect();
        self.dirty
            .extend(changes.iter().map(|change| change.document));
        if let Some(log) = self.logs.get_mut(&candidate.log) {
            log.pending.pop_front();
            log.settle(candidate.seq, Some(candidate.opened.tips));
        }
        self.applied.push(Applied {
            log: candidate.log,
            entry: candidate.entry,
            changes,
        });
    }

    fn settle_set_aside(&mut self, id: LogId, reason: &str) {
        let Some(log) = self.logs.get_mut(&id) else {
            return;
        };
        let Some(Pending { entry, .. }) = log.pending.pop_front() else {
            return;
        };
        let seq = entry.header().seq;
        log.settle(seq, None);
        if log.broken.is_some() {
            // The first one is named; those that follow it need no record of their own.
            return;
        }
        log.broken = Some(seq);
        // Each pending entry after this one was opened on tips that no longer hold.
        for pending in &mut log.pending {
            pending.opened = None;
        }
        self.note_set_aside(entry.hash(), id.device, seq, reason.to_owned());
    }

    /// Opens a document from its saved copy where it exists and is not open. A damaged copy is
    /// rebuilt from the entries.
    ///
    /// # Errors
    /// [`StorageError`] where it can be neither read nor rebuilt.
    pub fn load_document(
        &mut self,
        id: DocumentId,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        if !self.use_saved || self.documents.get(&id).is_some() {
            return Ok(());
        }
        match saved_document(self.notebook, id, storage) {
            Ok(Some(document)) => self.documents.insert(id, document),
            Ok(None) => {}
            Err(StorageError::Damaged(_)) if self.unsaved.is_empty() => {
                self.rebuild(storage).map_err(|error| match error {
                    OpenReplicaError::Storage(error) => error,
                    other => StorageError::Damaged(other.to_string()),
                })?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Reads the saved copy of a document, where there is one.
pub(super) fn saved_document(
    notebook: NotebookId,
    id: DocumentId,
    storage: &dyn Storage,
) -> Result<Option<Document>, StorageError> {
    let Some(saved) = storage.get(notebook, Space::Document, id.as_bytes())? else {
        return Ok(None);
    };
    Document::load(&saved)
        .map(Some)
        .map_err(|error| StorageError::Damaged(error.to_string()))
}
