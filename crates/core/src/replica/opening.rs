//! Opens the entries that are next in their logs, and finds out what is to be done with each.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;

use super::Replica;
use super::held::{Relation, Why};
use super::log::BranchId;
use crate::control::ContentVerdict;
use crate::document::{ChangeHash, DocumentId};
use crate::log::{Body, DocumentTips, EntryKind, EpochSealers, RawEntry, VerifiedEntry};
use crate::storage::{Storage, StorageError};

/// Changes that the oldest entry of a log lacks and that are remembered. It is tried again once
/// these are here, and then says what else it lacks.
pub(super) const MISSING_MAX: usize = 64;

/// What is to be done with the next entry of a log.
pub(super) enum Step {
    /// It counts, if nothing that it builds on says otherwise.
    Ready(Body),
    /// It is a part of what the notebook goes on from.
    Part(Vec<u8>),
    /// It is kept and not applied.
    Hold(Body, Why),
    /// Its key is not here.
    Waits,
    /// It cannot be read, and so nothing that follows it.
    Unreadable(String),
}

impl Replica {
    /// Opens the pending entry at a place of its log; `tips` are those after the entry before it,
    /// where that one is not settled yet.
    pub(super) fn open_pending(
        &mut self,
        id: &BranchId,
        place: usize,
        tips: Option<&DocumentTips>,
        sealers: &mut EpochSealers,
    ) -> Option<(Arc<RawEntry>, Step)> {
        let log = self.logs.get(id)?;
        let entry = Arc::clone(log.pending.get(place)?);
        let is_part = entry.header().kind == EntryKind::BasePart;
        if !log.is_ready || (!is_part && self.base.holds_up()) {
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
        let step = match self.open_entry(&entry, &tips, sealers) {
            // The notebook's first entry names it, so it does not turn on who its author is.
            Step::Ready(Body {
                part: Some(part), ..
            }) => Step::Part(part),
            Step::Ready(body) if !is_valid => Step::Hold(body, Why::Invalid),
            Step::Ready(body) if !is_chosen => Step::Hold(body, Why::Losing),
            Step::Ready(body) if verdict != ContentVerdict::Counts => {
                Step::Hold(body, Why::Uncounted)
            }
            step => step,
        };
        Some((entry, step))
    }

    fn open_entry(
        &mut self,
        raw: &RawEntry,
        tips: &DocumentTips,
        sealers: &mut EpochSealers,
    ) -> Step {
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
        let Some(sealer) = sealers.of(&self.keys, &header.epoch) else {
            return Step::Waits;
        };
        let entry: VerifiedEntry = raw.clone().trusted(self.notebook);
        match entry.open_by(sealer, tips) {
            Ok(body) => Step::Ready(body),
            Err(error) => Step::Unreadable(error.to_string()),
        }
    }

    /// Says whether the oldest pending entry of a log still lacks what it lacked when it was tried. What came
    /// since is struck off for good: its document may be closed when the rest comes.
    pub(super) fn is_missing_still(&mut self, id: &BranchId) -> bool {
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

    /// Says whether nothing that is held has to do with an entry: so it is with nearly all, and they go into
    /// batches.
    pub(super) fn is_apart_from_held(&self, id: &BranchId, body: &Body) -> bool {
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
    pub(super) fn relate(
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
                if self.adopt(&hashes, storage)? {
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
    pub(super) fn lacks_changes(
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
}
