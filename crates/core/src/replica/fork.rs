//! Forked logs: a device that signed two entries for one place. All branches are kept and passed on, and one
//! of them counts.
//!
//! Invariant: which branch counts is a function of the control entries and the entries that are here. It is,
//! in this order, the one on which the most senior author of a freeze, a removal or a revocation saw the log;
//! the one on which the most other people built what counts by itself, and among equals the most senior of
//! them; the one whose first entry has the lower hash. What people built on is found out from what they
//! signed, whether or not any of it is applied, so choosing a branch does not change the choice.

use super::Replica;
use super::choice::Choice;
use super::log::{Base, BranchId, Log};
use super::support::Side;
use crate::frontier::LogTip;
use crate::ids::{EntryHash, LogId, Seq};
use crate::storage::Position;

/// What is known of one forked log.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) choice: Choice,
    /// Empty where the control entries decide by themselves.
    pub(super) sides: Vec<Side>,
}

impl Fork {
    /// Knows nothing yet but that a log is forked.
    pub(super) const fn new() -> Self {
        Self {
            choice: Choice::Hash,
            sides: Vec::new(),
        }
    }
}

impl Replica {
    /// Returns the branches of a log, the trunk first.
    pub(super) fn branches(&self, log: &LogId) -> impl Iterator<Item = (&BranchId, &Log)> {
        let last = BranchId {
            log: *log,
            number: u16::MAX,
        };
        self.logs.range(BranchId::trunk(*log)..=last)
    }

    /// Returns the trunk of a log.
    pub(super) fn trunk(&self, log: &LogId) -> Option<&Log> {
        self.logs.get(&BranchId::trunk(*log))
    }

    /// Says whether more than one branch of a log is here.
    pub fn is_forked(&self, log: &LogId) -> bool {
        self.forks.contains_key(log)
    }

    /// Returns the forked logs.
    pub(crate) fn forked_logs(&self) -> impl ExactSizeIterator<Item = &LogId> {
        self.forks.keys()
    }

    /// Returns the tips of a log, sorted; more than one where it is forked.
    pub fn log_tips(&self, log: &LogId) -> Vec<LogTip> {
        let mut tips: Vec<LogTip> = self.branches(log).map(|(_, branch)| branch.tip()).collect();
        tips.sort_unstable();
        tips
    }

    /// Returns the last entry of a log on the branch that counts.
    fn chosen_tip(&self, log: &LogId) -> Option<LogTip> {
        let (_, branch) = self
            .branches(log)
            .filter(|(_, branch)| branch.chosen_to > branch.base_seq())
            .max_by_key(|(_, branch)| branch.chosen_to)?;
        let to = branch.chosen_to;
        if to < branch.tip_seq() {
            return Some((to, branch.hash_of(to)?));
        }
        Some(branch.tip())
    }

    /// Returns the last entry of a log that is to count once its writer's right ends. Of a log that another
    /// copy of this home wrote on, that is what the other copy wrote: what this one did, it writes again.
    pub(super) fn tip_to_keep(&self, log: &LogId) -> Option<LogTip> {
        let written = self.written.iter().find(|(written, _)| written == log);
        let others = written.and_then(|(_, (seq, hash))| {
            let mine = self.holder(log, *seq, hash)?;
            let is_other = |id: &BranchId| self.branch_at(id, *seq) != mine;
            let branches = self.branches(log).filter(|(id, _)| is_other(id));
            branches.map(|(_, branch)| branch.tip()).max()
        });
        others.or_else(|| self.chosen_tip(log))
    }

    /// Returns the position of a log's first entry.
    pub(crate) fn first_position(&self, log: &LogId) -> Option<Position> {
        self.trunk(log)?.positions().first().copied()
    }

    /// Returns the logs of which a peer with `theirs` holds what is not known to be here, or the other way
    /// round, beyond one being longer than the other.
    pub(crate) fn conflicts(&self, theirs: &crate::frontier::Frontier) -> Vec<LogId> {
        let is_in_conflict = |log: &&LogId| {
            let theirs: Vec<LogTip> = theirs.tips(log).collect();
            match (self.log_tips(log).as_slice(), theirs.as_slice()) {
                ([], _) | (_, []) => false,
                ([mine], [theirs]) => mine.0 == theirs.0 && mine.1 != theirs.1,
                (mine, theirs) => mine != theirs,
            }
        };
        theirs.logs.keys().filter(is_in_conflict).copied().collect()
    }

    /// Returns the branch on which a place lies on the way to the end of `branch`.
    pub(super) fn branch_at(&self, branch: &BranchId, seq: Seq) -> BranchId {
        let mut at = *branch;
        while let Some(Base { branch, .. }) = self
            .logs
            .get(&at)
            .and_then(|log| log.base)
            .filter(|base| seq <= base.seq)
        {
            at.number = branch;
        }
        at
    }

    /// Returns the branch that holds an entry as its own.
    pub(super) fn holder(&self, log: &LogId, seq: Seq, hash: &EntryHash) -> Option<BranchId> {
        self.branches(log)
            .find(|(_, branch)| branch.hash_of(seq).as_ref() == Some(hash))
            .map(|(id, _)| *id)
    }

    /// Says whether the entry `hash` at `at` is the one at `seq` of `branch`, or precedes or follows it;
    /// `None` where it is not here. Where a log has one branch only, that makes no difference.
    pub(super) fn is_on_chain(
        &self,
        branch: &BranchId,
        seq: Seq,
        (at, hash): (Seq, EntryHash),
    ) -> Option<bool> {
        if !self.is_forked(&branch.log) {
            return None;
        }
        let holder = self.holder(&branch.log, at, &hash)?;
        Some(if seq <= at {
            self.branch_at(&holder, seq) == self.branch_at(branch, seq)
        } else {
            self.branch_at(branch, at) == holder
        })
    }
}
