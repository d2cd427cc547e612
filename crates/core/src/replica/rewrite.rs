//! Writes again what this person wrote on top of something that does not count.
//!
//! Invariant: an entry is written again once. What came of it is kept with it in one commit, so neither a
//! restart nor another choice of branch repeats it: where the entry counts again, what was written instead
//! is the one that is lost.

use std::collections::{BTreeMap, BTreeSet};

use super::choice::Choice;
use super::held::Why;
use super::log::BranchId;
use super::{EditFailed, Replica, persist};
use crate::control::{ControlKind, CutLog};
use crate::document::{Change, ChangeHash, DocumentId, lost_side, with_dependencies, write_again};
use crate::ids::{EntryHash, LogId};
use crate::storage::{Storage, StorageError};

/// Why nothing was written again: what an edit of this device's own fails for.
pub type WriteAgainFailed = EditFailed<StorageError>;

/// Entries of one branch that are to be written again, oldest first.
type Lost = BTreeMap<BranchId, Vec<EntryHash>>;

impl Replica {
    /// Returns the entries that this person wrote and that nobody sees, since they build on something that
    /// does not count: on a branch of a forked log, or on what came after an ending. What another copy of this
    /// home wrote is not among them: that copy writes it again.
    pub fn to_write_again(&self) -> Vec<EntryHash> {
        self.lost_own_entries().into_values().flatten().collect()
    }

    /// Says whether something may be left to write again, or keys to be merged.
    pub(crate) fn has_unfinished(&self) -> bool {
        !self.held.is_empty() || !self.written.is_empty() || self.membership.epoch_heads().len() > 1
    }

    fn lost_own_entries(&self) -> Lost {
        let mut lost: BTreeMap<BranchId, Vec<(u64, EntryHash)>> = BTreeMap::new();
        for (hash, entry) in self.held.iter() {
            let is_left = entry.why != Why::Invalid
                && self.is_own_writing(&entry.branch, entry.seq)
                && !self.rewritten.contains_key(hash)
                && !self.unwritable.contains(hash)
                && !self.stands_for_what_counts(hash);
            if is_left {
                let branch = lost.entry(entry.branch).or_default();
                branch.push((entry.order, *hash));
            }
        }
        let in_order = |mut entries: Vec<(u64, EntryHash)>| {
            entries.sort_unstable();
            entries.into_iter().map(|(_, hash)| hash).collect()
        };
        lost.into_iter()
            .map(|(branch, entries)| (branch, in_order(entries)))
            .collect()
    }

    /// Says whether this home wrote an entry, on this device or as an earlier one.
    fn is_own_writing(&self, branch: &BranchId, seq: crate::ids::Seq) -> bool {
        let written = self.written.iter().find(|(log, _)| *log == branch.log);
        match written {
            None => branch.log.device == self.device.id() && !self.stale_copy,
            Some((log, (last, hash))) => {
                let holder = self.holder(log, *last, hash);
                let mine = holder.unwrap_or(BranchId::trunk(*log));
                seq <= *last && self.branch_at(&mine, seq) == *branch
            }
        }
    }

    /// Says whether an entry was itself written in place of one that is shown.
    fn stands_for_what_counts(&self, hash: &EntryHash) -> bool {
        let mut sources = self
            .rewritten
            .iter()
            .filter(|(_, written)| written.contains(hash));
        sources.any(|(source, _)| self.held.get(source).is_none())
    }

    /// Writes again what [`Replica::to_write_again`] names, as an edit of this device; the entries are
    /// unsaved. Says whether there was anything.
    ///
    /// # Errors
    /// [`WriteAgainFailed`] where this device may not write, or the disk fails. It is tried again later.
    pub fn write_again(
        &mut self,
        storage: &dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<bool, WriteAgainFailed> {
        let may_write = !self.stale_copy && self.membership.may_write(&self.device.id());
        if !may_write || (self.held.is_empty() && self.written.is_empty()) {
            return Ok(false);
        }
        self.keep_other_branches();
        if self.wants_advance() {
            self.advance(storage)?;
        }
        let lost = self.lost_own_entries();
        let is_any = !lost.is_empty();
        for (branch, entries) in lost {
            self.write_branch_again(&branch.log, &entries, storage, rng)?;
        }
        Ok(is_any)
    }

    /// Of every log that another copy of this home wrote on, has the other copy's branch count, by a freeze:
    /// nobody else may be left to write that again, where this home was restored from an older one. Where
    /// both copies say so, the rules choose, and whoever wrote the other branch writes it again.
    fn keep_other_branches(&mut self) {
        let logs: Vec<LogId> = self.written.iter().map(|(log, _)| *log).collect();
        for log in logs {
            let is_open = self
                .forks
                .get(&log)
                .is_some_and(|fork| !matches!(fork.choice, Choice::Entry(_) | Choice::Shattered));
            if is_open
                && !self.has_frozen(&log)
                && let Some((seq, hash)) = self.tip_to_keep(&log)
            {
                // Where this device may not, the other rules choose.
                let _may_not_be_allowed = self.freeze(CutLog { log, seq, hash });
            }
        }
    }

    /// Says whether this device has named a branch of a log before: once has to do.
    pub(super) fn has_frozen(&self, log: &LogId) -> bool {
        let own = self.device.id();
        self.controls.iter().any(|entry| {
            entry.device == own
                && matches!(&entry.kind, ControlKind::Freeze(freeze) if freeze.0.log == *log)
        })
    }

    fn write_branch_again(
        &mut self,
        log: &LogId,
        entries: &[EntryHash],
        storage: &dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), WriteAgainFailed> {
        let own = self.changes_of(entries);
        let held = self.held_changes();
        let sides: Vec<(DocumentId, Vec<Change>, Vec<Change>)> = own
            .into_iter()
            .map(|(document, changes)| {
                let wanted: Vec<ChangeHash> =
                    changes.iter().map(|change| change.facts().hash).collect();
                let held = held.get(&document).map(Vec::as_slice);
                let needed = with_dependencies(held.unwrap_or_default(), &wanted);
                (document, changes, needed)
            })
            .collect();
        let applied_before = self.applied.len();
        let is_done = self.edit(storage, rng, |session| {
            let mut is_done = true;
            for (id, changes, needed) in &sides {
                let document = session.write(*id)?;
                let changes: Vec<&Change> = changes.iter().collect();
                let again = lost_side(document, needed)
                    .and_then(|side| write_again(document, &side, &changes));
                is_done &= again.is_ok();
            }
            Ok(is_done)
        })?;
        if !is_done {
            // Whatever could not be read is left where it is, and named like all that is held.
            self.unwritable.extend(entries);
        }
        let new = self.applied.get(applied_before..).unwrap_or_default();
        let written: BTreeSet<EntryHash> = new
            .iter()
            .filter(|applied| applied.log.device == self.device.id() && applied.log != *log)
            .map(|applied| applied.entry)
            .collect();
        for source in entries {
            self.unsaved.push(persist::rewritten(source, &written));
            self.rewritten.insert(*source, written.clone());
        }
        Ok(())
    }

    /// Returns the changes of held entries by document, in the order of writing.
    fn changes_of(&self, entries: &[EntryHash]) -> BTreeMap<DocumentId, Vec<Change>> {
        let mut changes: BTreeMap<DocumentId, Vec<Change>> = BTreeMap::new();
        for entry in entries.iter().filter_map(|hash| self.held.get(hash)) {
            for (document, change) in entry.changes.iter() {
                changes.entry(*document).or_default().push(change.clone());
            }
        }
        changes
    }

    /// Returns all held changes by document, each after what it depends on.
    fn held_changes(&self) -> BTreeMap<DocumentId, Vec<Change>> {
        let mut entries: Vec<(u64, EntryHash)> = self
            .held
            .iter()
            .map(|(hash, entry)| (entry.order, *hash))
            .collect();
        entries.sort_unstable();
        let entries: Vec<EntryHash> = entries.into_iter().map(|(_, hash)| hash).collect();
        self.changes_of(&entries)
    }
}
