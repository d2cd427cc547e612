//! Entries that are kept but not applied, with their changes: what may be applied after all.
//!
//! Invariant: an entry is held only once everything that its changes depend on is applied or held
//! itself, so the order in which entries came to be held is a causal one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::log::BranchId;
use crate::document::{Change, ChangeHash, DocumentId};
use crate::ids::{EntryHash, LogId, Seq};

/// Why an entry is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It does not count by itself. It is applied where one that counts builds on it.
    Uncounted,
    /// It stands on a branch of a forked log that does not count.
    Losing,
    /// It builds on one that is not to be applied.
    Lost,
    /// It is not valid, or follows one that is not.
    Invalid,
}

impl Why {
    /// Says whether nothing that builds on the entry can be applied.
    pub(super) const fn is_dead(self) -> bool {
        !matches!(self, Self::Uncounted)
    }

    /// Returns the number of the reason on disk.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Uncounted => 1,
            Self::Lost => 2,
            Self::Invalid => 3,
            Self::Losing => 4,
        }
    }

    /// Returns the reason of a number.
    pub(super) const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Uncounted),
            2 => Some(Self::Lost),
            3 => Some(Self::Invalid),
            4 => Some(Self::Losing),
            _ => None,
        }
    }
}

/// The changes of an entry.
pub(super) type Changes = Arc<Vec<(DocumentId, Change)>>;

/// One held entry.
#[derive(Debug, Clone)]
pub(super) struct HeldEntry {
    pub(super) branch: BranchId,
    pub(super) seq: Seq,
    /// The how manieth it was to be held.
    pub(super) order: u64,
    pub(super) why: Why,
    pub(super) changes: Changes,
}

/// All held entries of a notebook.
#[derive(Debug, Default)]
pub(super) struct Held {
    entries: BTreeMap<EntryHash, HeldEntry>,
    by_change: BTreeMap<(DocumentId, ChangeHash), BTreeSet<EntryHash>>,
    /// How many are held of a log.
    of_log: BTreeMap<LogId, usize>,
    next_order: u64,
    /// Entries that came or went since the last saved state.
    changed: BTreeSet<EntryHash>,
}

/// How an entry stands to those that are held.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// It builds on none of them.
    Free,
    /// It builds on these, which can be applied.
    Adopts(Vec<EntryHash>),
    /// It builds on this one, which cannot.
    Lost(EntryHash),
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn get(&self, hash: &EntryHash) -> Option<&HeldEntry> {
        self.entries.get(hash)
    }

    /// Says whether any entry of a log is held.
    pub(super) fn has_any_of(&self, log: &LogId) -> bool {
        self.of_log.get(log).is_some_and(|count| *count > 0)
    }

    /// Says whether a held entry has a change.
    pub(super) fn has_change(&self, document: &DocumentId, change: &ChangeHash) -> bool {
        self.by_change.contains_key(&(*document, *change))
    }

    /// Returns the held entries, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&EntryHash, &HeldEntry)> {
        self.entries.iter()
    }

    /// Holds an entry.
    pub(super) fn hold(
        &mut self,
        hash: EntryHash,
        (branch, seq): (BranchId, Seq),
        why: Why,
        changes: Changes,
    ) {
        let order = self.next_order;
        self.restore(
            hash,
            HeldEntry {
                branch,
                seq,
                order,
                why,
                changes,
            },
        );
        self.changed.insert(hash);
    }

    /// Takes a held entry as the disk has it.
    pub(super) fn restore(&mut self, hash: EntryHash, entry: HeldEntry) {
        self.next_order = self.next_order.max(entry.order + 1);
        for (document, change) in entry.changes.iter() {
            let key = (*document, change.facts().hash);
            self.by_change.entry(key).or_default().insert(hash);
        }
        let log = entry.branch.log;
        if self.entries.insert(hash, entry).is_none() {
            *self.of_log.entry(log).or_default() += 1;
        }
    }

    /// Lets an entry go that is applied now.
    pub(super) fn release(&mut self, hash: &EntryHash) -> Option<HeldEntry> {
        let entry = self.entries.remove(hash)?;
        for (document, change) in entry.changes.iter() {
            let key = (*document, change.facts().hash);
            if let Some(hashes) = self.by_change.get_mut(&key) {
                hashes.remove(hash);
                if hashes.is_empty() {
                    self.by_change.remove(&key);
                }
            }
        }
        if let Some(count) = self.of_log.get_mut(&entry.branch.log) {
            *count = count.saturating_sub(1);
        }
        self.changed.insert(*hash);
        Some(entry)
    }

    /// Lets all go.
    pub(super) fn clear(&mut self) {
        let hashes: Vec<EntryHash> = self.entries.keys().copied().collect();
        for hash in hashes {
            self.release(&hash);
        }
    }

    /// Notes that an entry turned out not to be valid.
    pub(super) fn mark_invalid(&mut self, hash: &EntryHash) {
        if let Some(entry) = self.entries.get_mut(hash) {
            entry.why = Why::Invalid;
            self.changed.insert(*hash);
        }
    }

    /// Returns what came or went since the last call: the entry, or none where it went.
    pub(super) fn take_changed(&mut self) -> Vec<(EntryHash, Option<&HeldEntry>)> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|hash| (hash, self.entries.get(&hash)))
            .collect()
    }

    /// Notes again that an entry changed, since it could not be saved.
    pub(super) fn note_changed(&mut self, hash: EntryHash) {
        self.changed.insert(hash);
    }

    /// Says how changes stand to what is held. `is_applied` tells whether the documents have a change:
    /// an entry may have been signed twice.
    pub(super) fn relation(
        &self,
        changes: &[(DocumentId, Change)],
        is_applied: &dyn Fn(&DocumentId, &ChangeHash) -> bool,
    ) -> Relation {
        let mut wanted: BTreeSet<EntryHash> = BTreeSet::new();
        let mut next = self.builds_on(changes, is_applied);
        while let Some(hash) = next.pop() {
            let Some(entry) = self.entries.get(&hash) else {
                continue;
            };
            if entry.why.is_dead() {
                return Relation::Lost(hash);
            }
            if wanted.insert(hash) {
                next.extend(self.builds_on(&entry.changes, is_applied));
            }
        }
        if wanted.is_empty() {
            return Relation::Free;
        }
        let mut wanted: Vec<EntryHash> = wanted.into_iter().collect();
        wanted.sort_by_key(|hash| self.entries.get(hash).map(|entry| entry.order));
        Relation::Adopts(wanted)
    }

    /// Returns the held entries that changes depend on: of several with the same change the first
    /// that can be applied.
    fn builds_on(
        &self,
        changes: &[(DocumentId, Change)],
        is_applied: &dyn Fn(&DocumentId, &ChangeHash) -> bool,
    ) -> Vec<EntryHash> {
        let of_dep = |document: &DocumentId, dep: &ChangeHash| {
            let hashes = self.by_change.get(&(*document, *dep))?;
            if is_applied(document, dep) {
                return None;
            }
            let is_alive =
                |hash: &&EntryHash| self.get(hash).is_some_and(|entry| !entry.why.is_dead());
            hashes.iter().find(is_alive).or_else(|| hashes.first())
        };
        changes
            .iter()
            .flat_map(|(document, change)| {
                let deps = change.facts().deps.iter();
                deps.filter_map(move |dep| of_dep(document, dep))
            })
            .copied()
            .collect()
    }
}
