//! Where an entry belongs in its log, and the branches that begin there.

use super::Replica;
use super::entries::EntryReader;
use super::fork::Fork;
use super::log::{Base, BranchId, Log};
use crate::ids::{EntryHash, LogId, Seq};
use crate::limits::{LOG_BRANCHES_KEPT_MAX, LOG_BRANCHES_MAX};
use crate::log::RawEntry;
use crate::storage::{Storage, StorageError};

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

impl Replica {
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

    /// Says whether another entry stands at the place of one, by what is on the disk.
    pub(super) fn stands_otherwise(
        &self,
        entry: &RawEntry,
        storage: &dyn Storage,
    ) -> Result<bool, StorageError> {
        let header = entry.header();
        let trunk = self.trunk(&header.log);
        let trunk = trunk.filter(|log| log.hashes.is_none() && header.seq < log.tip_seq());
        match trunk.and_then(|log| log.position_of(header.seq)) {
            Some(position) => Ok(self.entry_at(position, storage)?.hash() != entry.hash()),
            None => Ok(false),
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
    pub(super) fn first_fork(&self, log: &LogId) -> Option<Seq> {
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
        let mut reader = EntryReader::new(self, storage);
        for position in positions {
            hashes.push(reader.at(position)?.hash());
        }
        if let Some(log) = self.logs.get_mut(&trunk) {
            log.hashes = Some(hashes);
        }
        Ok(())
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
}
