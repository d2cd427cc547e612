//! Who built on entries that do not count by themselves and are shown all the same.
//!
//! It is found out when somebody asks, from what is shown: who was first differs from device to device, and all
//! are to say the same.

use std::collections::{BTreeMap, BTreeSet};

use super::Replica;
use super::counting::reason_of;
use super::entries::EntryReader;
use super::log::BranchId;
use crate::control::ContentVerdict;
use crate::document::{ChangeHash, DocumentId};
use crate::ids::{EntryHash, PersonId};
use crate::log::{DocumentTips, VerifiedEntry, actor_of};
use crate::storage::{Storage, StorageError};

/// Why an entry is set aside that is shown all the same.
pub(super) const ADOPTED: &str =
    "it does not count by itself, and is shown since others built on it";

/// An entry that does not count by itself, and is shown all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Why it does not count, in words for a person.
    pub reason: &'static str,
    /// The people with entries that count on top of it, directly or through others.
    pub built_on_by: BTreeSet<PersonId>,
    /// Its changes.
    pub changes: Vec<(DocumentId, ChangeHash)>,
}

/// The changes of logs of which not all counts.
#[derive(Debug, Default)]
struct Uncounted {
    /// Those of entries that do not count by themselves.
    changes: BTreeSet<(DocumentId, ChangeHash)>,
    /// Of these the ones of entries that are shown all the same.
    adopted: BTreeMap<(DocumentId, ChangeHash), EntryHash>,
    /// Why each of those entries does not count.
    reasons: BTreeMap<EntryHash, &'static str>,
}

impl Replica {
    /// Returns each entry that does not count by itself and is shown, with who built on it. Empty where more than
    /// `entries_max` entries would have to be read for that.
    ///
    /// Reads the logs in which such entries are and opens the documents that they changed.
    ///
    /// # Errors
    /// [`StorageError`] where they cannot be read.
    pub fn adopted(
        &mut self,
        entries_max: usize,
        storage: &dyn Storage,
    ) -> Result<BTreeMap<EntryHash, Adopted>, StorageError> {
        let adopted: BTreeSet<EntryHash> = self
            .set_aside
            .iter()
            .filter(|(_, named)| named.reason == ADOPTED)
            .map(|(hash, _)| *hash)
            .collect();
        let mixed = self.logs.iter().filter(|(id, _)| self.is_mixed(id));
        let entries: usize = mixed.map(|(_, log)| log.positions().len()).sum();
        if adopted.is_empty() || entries > entries_max {
            return Ok(BTreeMap::new());
        }
        let uncounted = self.uncounted(&adopted, storage)?;
        let documents: BTreeSet<DocumentId> = uncounted
            .adopted
            .keys()
            .map(|(document, _)| *document)
            .collect();
        let people = self.people_by_actor();
        let mut builders: BTreeMap<EntryHash, BTreeSet<PersonId>> = BTreeMap::new();
        // Which of them builds on which: one entry may touch several documents.
        let mut on_top: BTreeSet<(EntryHash, EntryHash)> = BTreeSet::new();
        for document in documents {
            self.load_document(document, storage)?;
            let Some(shown) = self.documents.get(&document) else {
                continue;
            };
            let mut below: BTreeMap<ChangeHash, BTreeSet<EntryHash>> = BTreeMap::new();
            for change in shown.get_changes(&[]) {
                let place = (document, change.hash());
                let deps = change.deps().iter().filter_map(|dep| below.get(dep));
                let mut built_on: BTreeSet<EntryHash> = deps.flatten().copied().collect();
                if let Some(entry) = uncounted.adopted.get(&place) {
                    on_top.extend(built_on.iter().map(|lower| (*lower, *entry)));
                    built_on.insert(*entry);
                } else if !uncounted.changes.contains(&place)
                    && let Some(person) = people.get(change.actor_id().to_bytes())
                {
                    for entry in &built_on {
                        builders.entry(*entry).or_default().insert(*person);
                    }
                }
                if !built_on.is_empty() {
                    below.insert(change.hash(), built_on);
                }
            }
        }
        spread(&mut builders, &on_top);
        let mut changes: BTreeMap<EntryHash, Vec<(DocumentId, ChangeHash)>> = BTreeMap::new();
        for (change, entry) in &uncounted.adopted {
            changes.entry(*entry).or_default().push(*change);
        }
        let adopted = uncounted.reasons.into_iter().map(|(entry, reason)| {
            let adopted = Adopted {
                reason,
                built_on_by: builders.remove(&entry).unwrap_or_default(),
                changes: changes.remove(&entry).unwrap_or_default(),
            };
            (entry, adopted)
        });
        Ok(adopted.collect())
    }

    /// Says whether some of a log counts by itself and some does not.
    fn is_mixed(&self, id: &BranchId) -> bool {
        let mut branches = self.branches(&id.log);
        branches.any(|(_, log)| {
            let mut spans = log.spans.iter();
            spans.any(|span| span.verdict != ContentVerdict::Counts)
        })
    }

    fn people_by_actor(&self) -> BTreeMap<Vec<u8>, PersonId> {
        let logs = self.logs.keys().map(|id| id.log);
        let known = logs.filter_map(|log| {
            let (person, _) = self.controls.device(&log.device)?;
            let actor = actor_of(self.notebook, log);
            Some((actor.as_bytes().to_vec(), person))
        });
        known.collect()
    }

    /// Reads the changes of logs of which not all counts.
    fn uncounted(
        &self,
        adopted: &BTreeSet<EntryHash>,
        storage: &dyn Storage,
    ) -> Result<Uncounted, StorageError> {
        let mut uncounted = Uncounted::default();
        // What stood behind the entry from which a branch leaves.
        let mut tips_at: BTreeMap<EntryHash, DocumentTips> = BTreeMap::new();
        for (id, log) in self.logs.iter().filter(|(id, _)| self.is_mixed(id)) {
            let mut reader = EntryReader::new(self, storage);
            let mut tips = DocumentTips::default();
            for (place, position) in log.positions().iter().enumerate() {
                let entry = reader.at(*position)?;
                let header = entry.header();
                if place == 0 {
                    tips = tips_at.get(&header.previous).cloned().unwrap_or_default();
                }
                let Some(key) = self.keys.get(&header.epoch) else {
                    break;
                };
                let opened: VerifiedEntry = entry.as_ref().clone().trusted(self.notebook);
                let Ok(body) = opened.open(key, &tips) else {
                    break;
                };
                let verdict = log.spans.verdict(header.seq);
                if verdict != ContentVerdict::Counts {
                    uncounted.changes.extend(body.hashes());
                    if adopted.contains(&entry.hash()) {
                        let changes = body.hashes().map(|change| (change, entry.hash()));
                        uncounted.adopted.extend(changes);
                        let reason = reason_of(verdict, &self.controls);
                        uncounted.reasons.insert(entry.hash(), reason);
                    }
                }
                tips = body.tips;
                let mut branches = self.branches(&id.log);
                if branches.any(|(_, other)| other.base_seq() == header.seq) {
                    tips_at.insert(entry.hash(), tips.clone());
                }
            }
        }
        Ok(uncounted)
    }
}

/// Whoever built on an entry built on what lies below it.
fn spread(
    builders: &mut BTreeMap<EntryHash, BTreeSet<PersonId>>,
    on_top: &BTreeSet<(EntryHash, EntryHash)>,
) {
    loop {
        let mut is_changed = false;
        for (lower, upper) in on_top {
            let more = builders.get(upper).cloned().unwrap_or_default();
            let known = builders.entry(*lower).or_default();
            let before = known.len();
            known.extend(more);
            is_changed |= known.len() > before;
        }
        if !is_changed {
            return;
        }
    }
}
