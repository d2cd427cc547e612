//! Which branch of a forked log counts, and who may name it for good.

use std::collections::{BTreeMap, BTreeSet};

use super::Replica;
use super::fork::Fork;
use super::log::BranchId;
use crate::control::{ControlKind, ControlSet, CutLog};
use crate::ids::{ControlHash, LogId, Seq};
use crate::limits::LOG_BRANCHES_MAX;
use crate::log::RawEntry;

/// Why a branch of a log counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// A control entry names it.
    Entry(ControlHash),
    /// Others built on it.
    Support,
    /// Nothing else tells them apart.
    Hash,
    /// None does: the device signed so many that only what comes before all of them counts.
    Shattered,
}

impl Choice {
    /// Says why a branch does not count where another one does, in words for a person.
    pub(super) fn reason(self, seq: Seq, controls: &ControlSet) -> String {
        let why = match self {
            Self::Entry(entry) => {
                let kind = controls.get(&entry).map(|entry| &entry.kind);
                let entry: String = entry.to_string().chars().take(8).collect();
                match kind {
                    Some(ControlKind::Freeze(_)) => {
                        format!("the other one was chosen, in control entry {entry}")
                    }
                    _ => format!(
                        "the other one was here when its right ended, in control entry {entry}"
                    ),
                }
            }
            Self::Support => "more people built on the other one".to_owned(),
            Self::Hash => {
                "neither has more people's work on it, so the lower hash decides".to_owned()
            }
            Self::Shattered => "it signed so many that none of them counts".to_owned(),
        };
        format!(
            "the log is forked: its device signed two different entries as number {}, and {why}",
            seq.get()
        )
    }
}

impl Replica {
    /// Says whether another branch of a forked log may count than did when that was last looked at.
    pub(super) fn may_choose_otherwise(&self) -> bool {
        self.wants_choice || self.forks.values().any(|fork| !fork.sides.is_empty())
    }

    /// Chooses the branch of every forked log that counts; says whether another one does than before, so
    /// that all is to be placed anew.
    pub(super) fn choose_branches(&mut self) -> bool {
        self.wants_choice = false;
        let logs: Vec<LogId> = self.forks.keys().copied().collect();
        let mut is_changed = false;
        if self.lacks_support() {
            self.wants_rebuild = true;
            return true;
        }
        for log in logs {
            let (leaf, choice) = self.choose(&log);
            let mut bounds: BTreeMap<BranchId, Seq> = BTreeMap::new();
            let mut at = Some((leaf, Seq::new(u64::MAX)));
            while let Some((id, to)) = at {
                bounds.insert(id, to);
                at = self.logs.get(&id).and_then(|log| log.base).map(|base| {
                    let number = base.branch;
                    (BranchId { log, number }, base.seq)
                });
            }
            if choice == Choice::Shattered {
                let first = self.first_fork(&log).unwrap_or(Seq::NONE);
                bounds = BTreeMap::from([(BranchId::trunk(log), first)]);
            }
            let ids: Vec<BranchId> = self.branches(&log).map(|(id, _)| *id).collect();
            for id in ids {
                if let Some(branch) = self.logs.get_mut(&id) {
                    let none = branch.base_seq();
                    let to = bounds.get(&id).copied().unwrap_or(none);
                    is_changed |= branch.chosen_to != to;
                    branch.chosen_to = to;
                }
            }
            if let Some(fork) = self.forks.get_mut(&log) {
                // The reason is told with what does not count, and is to be the same everywhere.
                is_changed |= fork.choice != choice;
                fork.choice = choice;
            }
        }
        self.wants_rebuild |= is_changed;
        is_changed
    }

    /// Returns the branch of a log on whose end it counts.
    fn choose(&self, log: &LogId) -> (BranchId, Choice) {
        let trunk = BranchId::trunk(*log);
        if self.is_shattered(log) {
            return (trunk, Choice::Shattered);
        }
        let (mut candidates, decided) = self.candidates(log);
        let mut choice = decided.map_or(Choice::Hash, Choice::Entry);
        while candidates.len() > 1 {
            let Some((kept, why)) = self.choose_way(log, &candidates) else {
                break;
            };
            candidates = kept;
            if decided.is_none() {
                choice = why;
            }
        }
        (candidates.first().copied().unwrap_or(trunk), choice)
    }

    /// Returns those of the candidates that go on best from the first place where they part.
    fn choose_way(&self, log: &LogId, candidates: &[BranchId]) -> Option<(Vec<BranchId>, Choice)> {
        let bases = self.branches(log).filter_map(|(_, branch)| branch.base);
        let mut places: Vec<Seq> = bases.map(|base| base.seq.next()).collect();
        places.sort_unstable();
        let ways_at = |first: Seq| -> BTreeSet<BranchId> {
            let ways = candidates.iter().map(|id| self.branch_at(id, first));
            ways.collect()
        };
        let first = places.into_iter().find(|first| ways_at(*first).len() > 1)?;
        let mut ways: Vec<_> = ways_at(first)
            .into_iter()
            .map(|way| {
                let supporters = self.supporters(log, &way, first);
                let membership = &self.membership;
                let seniority = |person| membership.seniority_of_person(person);
                let senior = supporters.iter().map(seniority).min();
                let count = std::cmp::Reverse(supporters.len());
                let hash = self.logs.get(&way).and_then(|log| log.hash_of(first));
                ((count, senior), hash, way)
            })
            .collect();
        ways.sort();
        let why = match ways.as_slice() {
            [best, second, ..] if best.0 == second.0 => Choice::Hash,
            _ => Choice::Support,
        };
        let (_, _, best) = ways.first()?;
        let kept = candidates
            .iter()
            .filter(|id| self.branch_at(id, first) == *best)
            .copied()
            .collect();
        Some((kept, why))
    }

    /// Returns the branches among which the control entries leave the choice, and the one that decided most
    /// recently.
    pub(super) fn candidates(&self, log: &LogId) -> (Vec<BranchId>, Option<ControlHash>) {
        let mut candidates: Vec<BranchId> = self.branches(log).map(|(id, _)| *id).collect();
        let mut decided = None;
        for (entry, seq, hash) in self.membership.branch_choices(&self.controls, log) {
            let Some(holder) = self.holder(log, seq, &hash) else {
                continue;
            };
            let through: Vec<BranchId> = candidates
                .iter()
                .filter(|candidate| self.branch_at(candidate, seq) == holder)
                .copied()
                .collect();
            if !through.is_empty() && through.len() < candidates.len() {
                candidates = through;
                decided = Some(entry);
            }
        }
        (candidates, decided)
    }

    pub(super) fn is_shattered(&self, log: &LogId) -> bool {
        self.branches(log).count() >= LOG_BRANCHES_MAX
    }

    /// Returns the forked logs of which this device may name the branch that counts, and nobody has yet.
    pub(crate) fn forks_to_settle(&self) -> Vec<LogId> {
        if self.forks.is_empty() || self.is_stale_copy() {
            return Vec::new();
        }
        let Some(me) = self.own_person() else {
            return Vec::new();
        };
        let is_admin = self
            .membership
            .member(&me)
            .is_some_and(|member| member.rights.admin);
        let may_name = |log: &LogId| {
            let owner = self.controls.device(&log.device);
            is_admin || owner.is_some_and(|(owner, _)| owner == me)
        };
        let is_open = |fork: &Fork| matches!(fork.choice, Choice::Support | Choice::Hash);
        let logs = self.forks.iter();
        let logs = logs.filter(|(log, fork)| is_open(fork) && may_name(log));
        let logs = logs.filter(|(log, _)| !self.has_frozen(log));
        logs.map(|(log, _)| *log).collect()
    }

    /// Names the branch of a forked log that counts here, where nobody has yet; the entry is unsaved.
    pub(crate) fn settle_fork(&mut self, log: &LogId) -> Option<ControlHash> {
        if !self.forks_to_settle().contains(log) {
            return None;
        }
        let (seq, hash) = self.tip_to_keep(log)?;
        self.freeze(CutLog {
            log: *log,
            seq,
            hash,
        })
        .ok()
    }

    /// Says whether a control entry names an entry of a log: as the last one of a cut, or in a freeze.
    pub(super) fn is_named(&self, entry: &RawEntry) -> bool {
        let header = entry.header();
        let choices = self.membership.branch_choices(&self.controls, &header.log);
        choices
            .iter()
            .any(|(_, seq, hash)| (*seq, *hash) == (header.seq, entry.hash()))
    }
}
