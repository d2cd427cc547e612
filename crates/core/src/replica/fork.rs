//! Forked logs: a device that signed two entries for one place. All branches are kept and passed on, and one
//! of them counts.
//!
//! Invariant: which branch counts is a function of the control entries and the entries that are here. It is,
//! in this order, the one on which the most senior author of a freeze, a removal or a revocation saw the log;
//! the one on which the most other people built what counts by itself, and among equals the most senior of
//! them; the one whose first entry has the lower hash. What people built on is found out from what they
//! signed, whether or not any of it is applied, so choosing a branch does not change the choice.

use std::collections::{BTreeMap, BTreeSet};

use super::Replica;
use super::log::{Base, BranchId, Log};
use crate::control::CutLog;
use crate::document::{Change, ChangeHash, DocumentId};
use crate::frontier::LogTip;
use crate::ids::{ControlHash, EntryHash, LogId, PersonId, Seq};
use crate::limits::{LOG_BRANCHES_KEPT_MAX, LOG_BRANCHES_MAX};
use crate::log::RawEntry;
use crate::storage::{Position, Storage, StorageError, Write};

/// Where an entry belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is here.
    Known,
    /// Behind the last entry of a branch.
    Extends(BranchId),
    /// Behind an entry that another one follows already.
    Leaves(BranchId, Seq),
    /// Behind an entry that is not here.
    Gap,
    /// That shows once the hashes of the log's entries are at hand.
    Unclear,
}

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
    pub(super) fn reason(self, seq: Seq) -> String {
        let why = match self {
            Self::Entry(entry) => {
                let entry: String = entry.to_string().chars().take(8).collect();
                format!("control entry {entry} names another one")
            }
            Self::Support => "more people built on another one".to_owned(),
            Self::Hash => "another one has the lower hash".to_owned(),
            Self::Shattered => "it signed so many that none of them counts".to_owned(),
        };
        format!(
            "the log is forked: its device signed two different entries at {}, and {why}",
            seq.get()
        )
    }
}

/// One way on from a place where a log forks.
#[derive(Debug)]
struct Side {
    branch: BranchId,
    first: Seq,
    /// The changes of its entries, and all that build on them.
    dependents: BTreeSet<(DocumentId, ChangeHash)>,
    /// Who else signed any of them in an entry that counts by itself.
    supporters: BTreeSet<PersonId>,
}

/// What is known of one forked log.
#[derive(Debug)]
pub(super) struct Fork {
    pub(super) choice: Choice,
    /// Empty where the control entries decide by themselves.
    sides: Vec<Side>,
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

    /// Says where an entry belongs. What stands at its place already is taken for the same entry unless it
    /// is `suspect`: a peer that repeats what it was told is here has another one.
    pub(super) fn place_of(&self, entry: &RawEntry, is_suspect: bool) -> Place {
        let header = entry.header();
        let (log, seq, hash) = (&header.log, header.seq, entry.hash());
        let Some(trunk) = self.trunk(log) else {
            return if seq == Seq::new(1) {
                Place::Extends(BranchId::trunk(*log))
            } else {
                Place::Gap
            };
        };
        if trunk.hashes.is_some() {
            return self.place_by_hash(entry);
        }
        let (tip_seq, tip_hash) = trunk.tip();
        if seq == tip_seq.next() && header.previous == tip_hash {
            return Place::Extends(trunk.id);
        }
        if seq > tip_seq {
            return Place::Gap;
        }
        let here = if seq == tip_seq {
            Some(tip_hash)
        } else {
            let position = trunk.position_of(seq);
            position.and_then(|at| Some(self.recent(at)?.hash()))
        };
        match here {
            Some(here) if here == hash => Place::Known,
            None if !is_suspect => Place::Known,
            _ => Place::Unclear,
        }
    }

    fn place_by_hash(&self, entry: &RawEntry) -> Place {
        let header = entry.header();
        let (log, seq) = (&header.log, header.seq);
        if self.holder(log, seq, &entry.hash()).is_some() {
            return Place::Known;
        }
        let before = Seq::new(seq.get().saturating_sub(1));
        if before == Seq::NONE {
            return Place::Leaves(BranchId::trunk(*log), before);
        }
        match self.holder(log, before, &header.previous) {
            Some(id)
                if self
                    .logs
                    .get(&id)
                    .is_some_and(|log| log.tip_seq() == before) =>
            {
                Place::Extends(id)
            }
            Some(id) => Place::Leaves(id, before),
            None => Place::Gap,
        }
    }

    /// Says whether one more branch that leaves a log behind `seq` is kept. Once there are many, only an
    /// earlier fork than all before says anything new.
    pub(super) fn has_room_for_branch(&self, log: &LogId, seq: Seq) -> bool {
        let count = self.branches(log).count();
        let first = self.first_fork(log);
        count < LOG_BRANCHES_MAX
            || (count < LOG_BRANCHES_KEPT_MAX && first.is_some_and(|first| seq < first))
    }

    /// Returns the last place that all branches of a log share.
    fn first_fork(&self, log: &LogId) -> Option<Seq> {
        let bases = self.branches(log).filter_map(|(_, branch)| branch.base);
        bases.map(|base| base.seq).min()
    }

    /// Begins a branch; everything is placed anew with it.
    pub(super) fn begin_branch(
        &mut self,
        from: BranchId,
        seq: Seq,
        previous: EntryHash,
    ) -> BranchId {
        let number = self.branches(&from.log).count();
        let id = BranchId {
            log: from.log,
            number: u16::try_from(number).unwrap_or(u16::MAX),
        };
        let base = Base {
            branch: from.number,
            seq,
        };
        let mut branch = Log::branch(id, base, previous);
        if let Some(run) = self.logs.get(&from).and_then(|log| log.run_at(seq)) {
            branch.runs.push(super::log::Run {
                first: seq.next(),
                heads: run.heads.clone(),
            });
        }
        self.logs.insert(id, branch);
        self.forks.entry(from.log).or_insert_with(Fork::new);
        self.wants_rebuild = true;
        self.wants_choice = true;
        id
    }

    /// Brings the hash of every entry of a log into memory.
    pub(super) fn recall_hashes(
        &mut self,
        log: &LogId,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        let trunk = BranchId::trunk(*log);
        let Some(positions) = self.logs.get(&trunk).map(|log| log.positions().to_vec()) else {
            return Ok(());
        };
        let mut hashes = Vec::with_capacity(positions.len());
        for position in positions {
            hashes.push(self.entry_at(position, storage)?.hash());
        }
        if let Some(log) = self.logs.get_mut(&trunk) {
            log.hashes = Some(hashes);
        }
        Ok(())
    }

    /// Reads an entry by its position, from memory or from the disk.
    fn entry_at(
        &self,
        position: Position,
        storage: &dyn Storage,
    ) -> Result<std::sync::Arc<RawEntry>, StorageError> {
        if let Some(entry) = self.recent(position) {
            return Ok(entry);
        }
        let bytes = match position.checked_sub(self.committed_position) {
            None => storage
                .entries(self.notebook, position, 1)?
                .into_iter()
                .next()
                .map(|(_, bytes)| bytes),
            Some(place) => self
                .unsaved
                .iter()
                .filter_map(|write| match write {
                    Write::Append(bytes) => Some(bytes.clone()),
                    _ => None,
                })
                .nth(usize::try_from(place).unwrap_or(usize::MAX)),
        };
        let bytes = bytes.ok_or_else(|| StorageError::Damaged("an entry is missing".to_owned()))?;
        RawEntry::parse(bytes)
            .map(std::sync::Arc::new)
            .map_err(|error| StorageError::Damaged(error.to_string()))
    }

    /// Lets the branches that leave a log behind `seq` go on from what is placed of it now.
    pub(super) fn ready_branches(&mut self, from: &BranchId, seq: Seq) {
        if !self.is_forked(&from.log) {
            return;
        }
        let Some(parent) = self.logs.get(from) else {
            return;
        };
        let (tips, broken, unreadable) = (parent.tips.clone(), parent.broken, parent.unreadable);
        let last = BranchId {
            log: from.log,
            number: u16::MAX,
        };
        for (_, branch) in self.logs.range_mut(BranchId::trunk(from.log)..=last) {
            let leaves_here = |base: &Base| base.branch == from.number && base.seq == seq;
            if branch.base.as_ref().is_some_and(leaves_here) {
                branch.tips = tips.clone();
                branch.broken = broken;
                branch.unreadable = unreadable;
                branch.is_ready = true;
            }
        }
    }

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

    fn is_shattered(&self, log: &LogId) -> bool {
        self.branches(log).count() >= LOG_BRANCHES_MAX
    }

    /// Returns the branches among which the control entries leave the choice, and the one that decided most
    /// recently.
    fn candidates(&self, log: &LogId) -> (Vec<BranchId>, Option<ControlHash>) {
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

    fn supporters(&self, log: &LogId, branch: &BranchId, first: Seq) -> BTreeSet<PersonId> {
        let sides = self.forks.get(log).map(|fork| fork.sides.as_slice());
        sides
            .unwrap_or_default()
            .iter()
            .find(|side| side.branch == *branch && side.first == first)
            .map(|side| side.supporters.clone())
            .unwrap_or_default()
    }
}
