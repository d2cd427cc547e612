//! Who built on which branch of a forked log.
//!
//! Invariant: it is found out from what people signed, whether or not any of it is applied, so choosing a
//! branch does not change the choice.

use std::collections::BTreeSet;

use super::Replica;
use super::log::BranchId;
use crate::document::{Change, ChangeHash, DocumentId};
use crate::ids::{LogId, PersonId, Seq};

/// One way on from a place where a log forks.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) branch: BranchId,
    pub(super) first: Seq,
    /// The changes of its entries, and all that build on them.
    pub(super) dependents: BTreeSet<(DocumentId, ChangeHash)>,
    /// Who else signed any of them in an entry that counts by itself.
    pub(super) supporters: BTreeSet<PersonId>,
}

impl Replica {
    /// Notes what an entry builds on, for the logs whose branches are told apart by that.
    pub(super) fn note_support(
        &mut self,
        id: &BranchId,
        seq: Seq,
        changes: &[(DocumentId, Change)],
        counts: bool,
    ) {
        if self.forks.values().all(|fork| fork.sides.is_empty()) {
            return;
        }
        let person_of = |log: &LogId| self.controls.device(&log.device).map(|(person, _)| person);
        let person = person_of(&id.log);
        let mut forks = std::mem::take(&mut self.forks);
        for (log, fork) in &mut forks {
            for side in &mut fork.sides {
                let is_on_it = id.log == *log
                    && seq >= side.first
                    && self.branch_at(id, side.first) == side.branch;
                let builds_on_it = |(document, change): &(DocumentId, Change)| {
                    let mut deps = change.facts().deps.iter();
                    deps.any(|dep| side.dependents.contains(&(*document, *dep)))
                };
                if !is_on_it && !changes.iter().any(builds_on_it) {
                    continue;
                }
                let hashes = changes
                    .iter()
                    .map(|(document, change)| (*document, change.facts().hash));
                side.dependents.extend(hashes);
                if counts && person != person_of(log) {
                    side.supporters.extend(person);
                }
            }
        }
        self.forks = forks;
    }

    /// Begins to find out anew who built on which branch, where that is what decides.
    pub(super) fn reset_support(&mut self) {
        let logs: Vec<LogId> = self.forks.keys().copied().collect();
        for log in logs {
            let is_open = self.candidates(&log).0.len() > 1 && !self.is_shattered(&log);
            let sides = if is_open {
                self.sides_of(&log)
            } else {
                Vec::new()
            };
            if let Some(fork) = self.forks.get_mut(&log) {
                fork.sides = sides;
            }
        }
    }

    /// Says whether anything decides between branches that is not known from the saved state.
    pub(super) fn lacks_support(&self) -> bool {
        self.forks.iter().any(|(log, fork)| {
            fork.sides.is_empty() && self.candidates(log).0.len() > 1 && !self.is_shattered(log)
        })
    }

    fn sides_of(&self, log: &LogId) -> Vec<Side> {
        let mut ways: BTreeSet<(BranchId, Seq)> = BTreeSet::new();
        for (id, branch) in self.branches(log) {
            if let Some(base) = branch.base {
                let parent = BranchId {
                    log: *log,
                    number: base.branch,
                };
                ways.extend([(*id, base.seq.next()), (parent, base.seq.next())]);
            }
        }
        ways.into_iter()
            .map(|(branch, first)| Side {
                branch,
                first,
                dependents: BTreeSet::new(),
                supporters: BTreeSet::new(),
            })
            .collect()
    }

    pub(super) fn supporters(
        &self,
        log: &LogId,
        branch: &BranchId,
        first: Seq,
    ) -> BTreeSet<PersonId> {
        let sides = self.forks.get(log).map(|fork| fork.sides.as_slice());
        sides
            .unwrap_or_default()
            .iter()
            .find(|side| side.branch == *branch && side.first == first)
            .map(|side| side.supporters.clone())
            .unwrap_or_default()
    }
}
