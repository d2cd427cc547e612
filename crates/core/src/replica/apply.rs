//! Applies what arrived: opens entries, decodes them, and hands their changes to the documents in
//! batches. What cannot be applied is set aside under its signer's name.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use std::mem;
use std::sync::Arc;

use super::{Applied, AppliedChange, OpenReplicaError, Replica};
use crate::document::{Document, DocumentId, EntryChanges, Outcome};
use crate::identity::DeviceSecrets;
use crate::ids::{EntryHash, LogId, NotebookId, Seq};
use crate::log::{Body, DocumentTips, RawEntry, VerifiedEntry};
use crate::storage::{Space, Storage, StorageError};

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
    log: LogId,
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
    reached: BTreeMap<LogId, usize>,
    /// The document tips of a log after its last entry in here.
    tips: BTreeMap<LogId, DocumentTips>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.entries.len() >= BATCH_ENTRIES_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    fn push(&mut self, notebook: NotebookId, entry: &RawEntry, body: Body) {
        let header = entry.header();
        self.bytes += body.changes.iter().fold(0, |bytes, (_, change)| {
            let operations = usize::try_from(change.facts().op_count).unwrap_or(usize::MAX);
            bytes + change.bytes().len() + operations.saturating_mul(OPERATION_BYTES)
        });
        *self.reached.entry(header.log).or_default() += 1;
        self.tips.insert(header.log, body.tips.clone());
        self.candidates.push(Candidate {
            log: header.log,
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

enum Step {
    Ready(Body),
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
                    self.settle_set_aside(candidate.log, "its changes are not in causal order");
                    waiting.insert(candidate.log);
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
    fn next_batch(&mut self, waiting: &mut BTreeSet<LogId>) -> (Batch, bool) {
        let mut batch = Batch::default();
        // A log of which something is in the batch but whose next entry is for a later one.
        let mut stopped: BTreeSet<LogId> = BTreeSet::new();
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
            match self.open_pending(id, place, batch.tips.get(id)) {
                None => {}
                Some((entry, Step::Ready(body))) => batch.push(self.notebook, &entry, body),
                Some((_, Step::Waits)) if place == 0 => {
                    waiting.insert(*id);
                }
                Some((_, Step::Waits)) => {
                    stopped.insert(*id);
                }
                Some((_, Step::SetAside(reason))) => {
                    // What precedes it in the log is in this batch and is settled first.
                    if place == 0 {
                        self.settle_set_aside(*id, &reason);
                        progressed = true;
                    } else {
                        stopped.insert(*id);
                    }
                }
            }
        }
        self.arrivals = arrivals;
        (batch, progressed)
    }

    /// Opens the pending entry at a place of its log; `tips` are those after the entry before it,
    /// where that one is not settled yet.
    fn open_pending(
        &mut self,
        id: &LogId,
        place: usize,
        tips: Option<&DocumentTips>,
    ) -> Option<(Arc<RawEntry>, Step)> {
        let log = self.logs.get(id)?;
        let entry = Arc::clone(log.pending.get(place)?);
        if let Some(broken) = log.broken {
            let reason = format!(
                "follows entry {} of the same device, which was set aside",
                broken.get()
            );
            return Some((entry, Step::SetAside(reason)));
        }
        let tips = tips.unwrap_or(&log.tips).clone();
        let step = self.open_entry(&entry, &tips);
        Some((entry, step))
    }

    fn open_entry(&mut self, raw: &RawEntry, tips: &DocumentTips) -> Step {
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
            Ok(body) => Step::Ready(body),
            Err(error) => Step::SetAside(error.to_string()),
        }
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
        let Some(entry) = log.pending.pop_front() else {
            return;
        };
        let seq = entry.header().seq;
        log.settle(seq, None);
        if log.broken.is_some() {
            // The first one is named; those that follow it need no record of their own.
            return;
        }
        log.broken = Some(seq);
        self.note_set_aside(entry.hash(), id.device, seq, reason.to_owned());
    }

    /// Opens a document from its saved copy where it exists and is not open. A damaged copy is
    /// rebuilt from the entries, and saved with the next state.
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
        match saved_document(self.notebook, id, &self.device, storage)? {
            Some(Saved::Sound(document)) => self.documents.insert(id, document),
            Some(Saved::Rebuilt(document)) => {
                self.documents.insert(id, document);
                self.note_rebuilt(id);
            }
            None => {}
        }
        Ok(())
    }

    /// Has a document that was rebuilt saved again.
    pub(super) fn note_rebuilt(&mut self, id: DocumentId) {
        self.dirty.insert(id);
        self.entries_since_snapshot = self.entries_since_snapshot.max(1);
    }
}

/// A document as it came from the disk.
pub(super) enum Saved {
    /// From its saved copy.
    Sound(Document),
    /// From the entries, since its saved copy is damaged.
    Rebuilt(Document),
}

/// Reads the saved copy of a document, where there is one; rebuilds it from the entries on disk where
/// that is damaged. Whatever is not on disk yet was applied to a document that is open, and is not
/// read here.
///
/// # Errors
/// [`StorageError`] where it can be neither read nor rebuilt.
pub(super) fn saved_document(
    notebook: NotebookId,
    id: DocumentId,
    device: &Arc<DeviceSecrets>,
    storage: &dyn Storage,
) -> Result<Option<Saved>, StorageError> {
    let reason = match storage.get(notebook, Space::Document, id.as_bytes()) {
        Ok(None) => return Ok(None),
        Ok(Some(saved)) => match Document::load(&saved) {
            Ok(document) => return Ok(Some(Saved::Sound(document))),
            Err(error) => error.to_string(),
        },
        Err(StorageError::Damaged(reason)) => reason,
        Err(error) => return Err(error),
    };
    let mut rebuilt =
        Replica::open_from(notebook, Arc::clone(device), storage, false).map_err(|error| {
            match error {
                OpenReplicaError::Storage(error) => error,
                other => StorageError::Damaged(other.to_string()),
            }
        })?;
    match rebuilt.documents.remove(&id) {
        Some(document) => Ok(Some(Saved::Rebuilt(document))),
        None => Err(StorageError::Damaged(reason)),
    }
}
