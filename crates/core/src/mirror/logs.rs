//! The logs of a notebook as a mirror knows them: the last entry of each, and every so often where one stands.
//!
//! What a mirror remembers of an entry is less than a byte, so that it can hold many notebooks of many years.
//! Only of a forked log it remembers every entry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::codec::{DecodeError, Reader, Writer};
use crate::frontier::LogTip;
use crate::ids::{ControlHash, DeviceId, EntryHash, Incarnation, LogId, Seq};
use crate::limits::{
    CONTROL_HEADS_MAX, LOG_BRANCHES_KEPT_MAX, LOG_BRANCHES_MAX, MIRROR_MARK_EVERY,
};
use crate::log::RawEntry;
use crate::storage::Position;

/// Most marks that are read: of a log with as many entries as the stream can have.
const MARKS_MAX: usize = 16 * 1024 * 1024;

/// The control heads that an entry names; nearly all name the same ones as the entry before.
pub(super) type Heads = Arc<[ControlHash]>;

/// What is kept of each entry of a forked log, or of one that is being looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Branches {
    entries: BTreeMap<EntryHash, (Seq, Heads)>,
    tips: BTreeSet<LogTip>,
    /// The last place that all branches share; none where there is one branch.
    first_fork: Option<Seq>,
}

/// Where an entry belongs in a log of which every entry is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// It is here.
    Known,
    /// Behind an entry that names these heads; on a new branch where another one follows that already.
    Behind(Heads, Option<Seq>),
    /// Behind an entry that is not here.
    Gap,
}

impl Branches {
    /// Says where an entry belongs.
    pub(super) fn place_of(&self, entry: &RawEntry) -> Place {
        let header = entry.header();
        if self.entries.contains_key(&entry.hash()) {
            return Place::Known;
        }
        let before = Seq::new(header.seq.get().saturating_sub(1));
        if before == Seq::NONE {
            return Place::Behind(Arc::from([]), Some(before));
        }
        match self.entries.get(&header.previous) {
            Some((seq, heads)) if *seq == before => {
                let is_tip = self.tips.contains(&(before, header.previous));
                Place::Behind(Arc::clone(heads), (!is_tip).then_some(before))
            }
            _ => Place::Gap,
        }
    }

    /// Says whether one more branch that leaves the log behind `seq` is kept, as on any device.
    pub(super) fn has_room(&self, seq: Seq) -> bool {
        let count = self.tips.len();
        count < LOG_BRANCHES_MAX
            || (count < LOG_BRANCHES_KEPT_MAX && self.first_fork.is_some_and(|first| seq < first))
    }

    /// Adds an entry whose place is known.
    pub(super) fn add(&mut self, entry: &RawEntry) {
        let header = entry.header();
        let before = Seq::new(header.seq.get().saturating_sub(1));
        let extends = self.tips.remove(&(before, header.previous)) || self.entries.is_empty();
        if !extends {
            let first = self.first_fork.map_or(before, |first| first.min(before));
            self.first_fork = Some(first);
        }
        let known = self.entries.get(&header.previous);
        let heads = known.filter(|(_, heads)| **heads == *header.heads);
        let heads = heads.map_or_else(
            || Arc::from(header.heads.as_slice()),
            |(_, heads)| Arc::clone(heads),
        );
        self.entries.insert(entry.hash(), (header.seq, heads));
        self.tips.insert((header.seq, entry.hash()));
    }
}

/// One log.
#[derive(Debug, Clone)]
pub(super) struct MirroredLog {
    /// Where its first entry stands.
    pub(super) first: Position,
    /// Its last entry; of a forked one the last of the highest branch.
    pub(super) tip: LogTip,
    /// What its last entry names.
    pub(super) heads: Vec<ControlHash>,
    /// Where each [`MIRROR_MARK_EVERY`]th entry stands, from the first on.
    marks: Vec<Position>,
    /// There where it is forked.
    pub(super) branches: Option<Branches>,
}

impl MirroredLog {
    pub(super) const fn new(first: Position) -> Self {
        Self {
            first,
            tip: (Seq::NONE, EntryHash::ZERO),
            heads: Vec::new(),
            marks: Vec::new(),
            branches: None,
        }
    }

    /// Adds an entry behind the last one of a log that is not forked.
    pub(super) fn extend(&mut self, entry: &RawEntry, position: Position) {
        let header = entry.header();
        self.tip = (header.seq, entry.hash());
        self.heads.clone_from(&header.heads);
        if header.seq.get() % MIRROR_MARK_EVERY == 1 {
            self.marks.push(position);
        }
    }

    /// Begins with the first entry that is kept of a log whose earlier ones are not.
    pub(super) fn begin_behind(&mut self, entry: &RawEntry, position: Position) {
        let header = entry.header();
        self.tip = (header.seq, entry.hash());
        self.heads.clone_from(&header.heads);
        let before = header.seq.get().saturating_sub(1) / MIRROR_MARK_EVERY;
        let count = usize::try_from(before).unwrap_or(usize::MAX).min(MARKS_MAX);
        self.marks = vec![position; count + 1];
    }

    /// Adds an entry of a forked log.
    pub(super) fn branch_out(&mut self, entry: &RawEntry) {
        let branches = self.branches.get_or_insert_default();
        branches.add(entry);
        if let Some(highest) = branches.tips.last() {
            self.tip = *highest;
        }
    }

    /// Takes what was found out of every entry.
    pub(super) fn set_branches(&mut self, branches: Branches) {
        if let Some(highest) = branches.tips.last() {
            self.tip = *highest;
        }
        self.branches = Some(branches);
    }

    /// Returns the tips, sorted.
    pub(super) fn tips(&self) -> Vec<LogTip> {
        match &self.branches {
            Some(branches) => branches.tips.iter().copied().collect(),
            None => vec![self.tip],
        }
    }

    /// Returns a position at or before that of the entry after `seq`, where that is here.
    pub(super) fn position_after(&self, seq: Seq) -> Option<Position> {
        if seq >= self.tip.0 {
            return None;
        }
        let mark = usize::try_from(seq.get() / MIRROR_MARK_EVERY).ok()?;
        let known = self.marks.get(mark).or_else(|| self.marks.last());
        Some(known.copied().unwrap_or(self.first))
    }

    /// Returns a position at or before that of the entry at `seq`, which is here.
    pub(super) fn position_at(&self, seq: Seq) -> Position {
        let before = Seq::new(seq.get().saturating_sub(1));
        self.position_after(before).unwrap_or(self.first)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer
            .varint(self.first)
            .varint(self.tip.0.get())
            .raw(self.tip.1.as_bytes())
            .varint(self.heads.len() as u64);
        for head in &self.heads {
            writer.raw(head.as_bytes());
        }
        writer
            .u8(self.branches.is_some().into())
            .varint(self.marks.len() as u64);
        let mut before = 0;
        for mark in &self.marks {
            writer.varint(mark.saturating_sub(before));
            before = *mark;
        }
    }

    /// Reads a log; the second is whether it is forked, so that its entries are to be looked at.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<(Self, bool), DecodeError> {
        let first = reader.varint("first position")?;
        let tip = (
            Seq::new(reader.varint("seq")?),
            EntryHash::from_bytes(reader.array("entry")?),
        );
        let count = reader.count("control heads", CONTROL_HEADS_MAX)?;
        let mut heads = Vec::with_capacity(count);
        for _ in 0..count {
            heads.push(ControlHash::from_bytes(reader.array("control head")?));
        }
        let is_forked = reader.u8("forked")? != 0;
        let count = reader.count("marks", MARKS_MAX)?;
        let mut marks = Vec::with_capacity(count.min(reader.remaining()));
        let mut position: Position = 0;
        for _ in 0..count {
            position = position.saturating_add(reader.varint("mark")?);
            marks.push(position);
        }
        let log = Self {
            first,
            tip,
            heads,
            marks,
            branches: None,
        };
        Ok((log, is_forked))
    }
}

/// Writes the id of a log.
pub(super) fn write_id(log: &LogId, writer: &mut Writer) {
    writer
        .raw(log.device.as_bytes())
        .raw(log.incarnation.as_bytes());
}

/// Reads the id of a log.
pub(super) fn read_id(reader: &mut Reader<'_>) -> Result<LogId, DecodeError> {
    Ok(LogId {
        device: DeviceId::from_bytes(reader.array("device")?),
        incarnation: Incarnation::from_bytes(reader.array("incarnation")?),
    })
}
