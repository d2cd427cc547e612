//! Pruning: entries that a mirror need not keep one by one, since a checkpoint that everybody checked holds them.
//!
//! What is pruned lies below a segment that one device of each current member has signed as checked, for as long as the
//! mirror's owner said. Never pruned are control entries, the last entry of each log, entries that a cut or a freeze names,
//! and logs that are forked, whose branches prove that. The places of the entries in the stream stay, and are empty; the
//! frontier, its digest and the receipts are what they were.
//!
//! `version u8 = 1 ‖ number varint ‖ bytes freed varint ‖ next position varint ‖ end varint ‖ logs: list of (device 32 ‖
//! incarnation 16 ‖ last seq that is pruned varint) ‖ agreed: list of (number varint ‖ time u64)`.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Mirror, MirrorEffect};
use super::held::Held;
use super::logs::{read_id, write_id};
use super::notebook::{MirroredNotebook, READ_BYTES_AIM};
use crate::checkpoint::SegmentNumber;
use crate::codec::{DecodeError, Reader, Writer};
use crate::control::{ControlKind, CutLog};
use crate::ids::{EntryHash, LogId, NotebookId, Seq};
use crate::limits::{LOGS_MAX, MIRROR_AGREED_MAX, MIRROR_PRUNE_LOOK_MS};
use crate::log::RawEntry;
use crate::storage::{Position, Space, Storage, StorageError, Write};

const VERSION: u8 = 1;
/// Under which key it is kept what is pruned.
const KEY: &[u8] = b"pruned";

/// What of a notebook is not kept entry by entry any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pruned {
    /// The segment below which that is so.
    pub(super) number: SegmentNumber,
    /// How many bytes that freed.
    pub(super) freed_bytes: u64,
    /// The last entry of each log that may be gone.
    logs: BTreeMap<LogId, Seq>,
    /// All places before this one were looked at, of those before `end`.
    next: Position,
    end: Position,
    /// Up to which segment all had checked the checkpoint since when, in milliseconds since 1970 UTC.
    agreed: Vec<(SegmentNumber, u64)>,
}

impl Pruned {
    pub(super) fn load(notebook: NotebookId, storage: &dyn Storage) -> Result<Self, StorageError> {
        match storage.get(notebook, Space::Checkpoint, KEY)? {
            None => Ok(Self::default()),
            // Whoever does not know what is gone would take it for lost.
            Some(bytes) => {
                Self::parse(&bytes).map_err(|error| StorageError::Damaged(error.to_string()))
            }
        }
    }

    /// Returns the last entry of a log that may be gone.
    pub(super) fn seq(&self, log: &LogId) -> Seq {
        self.logs.get(log).copied().unwrap_or(Seq::NONE)
    }

    const fn is_under_way(&self) -> bool {
        self.next < self.end
    }

    /// Returns up to which segment may be pruned now: all have checked it for as long as is wanted, and still do.
    fn due(&self, checked: SegmentNumber, now_ms: u64, keep_ms: u64) -> Option<SegmentNumber> {
        let agreed = self.agreed.iter().filter(|(number, at_ms)| {
            // A time that is still to come was noted before the clock went back.
            *number <= checked && (*at_ms).min(now_ms).saturating_add(keep_ms) <= now_ms
        });
        let due = agreed.map(|(number, _)| *number).max();
        due.filter(|number| *number > self.number)
    }

    /// Notes up to which segment all have checked the checkpoint; returns whether that is news.
    fn agree(&mut self, checked: SegmentNumber, now_ms: u64) -> bool {
        let known = self.agreed.iter().map(|(number, _)| *number).max();
        if checked <= self.number.max(known.unwrap_or(0)) {
            return false;
        }
        if self.agreed.len() >= MIRROR_AGREED_MAX {
            // What is new waits in the place of what was new before.
            self.agreed.pop();
        }
        self.agreed.push((checked, now_ms));
        true
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .varint(self.number)
            .varint(self.freed_bytes)
            .varint(self.next)
            .varint(self.end)
            .varint(self.logs.len() as u64);
        for (log, seq) in &self.logs {
            write_id(log, &mut writer);
            writer.varint(seq.get());
        }
        writer.varint(self.agreed.len() as u64);
        for (number, at_ms) in &self.agreed {
            writer.varint(*number).u64(*at_ms);
        }
        writer.into_bytes()
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("what is pruned", VERSION)?;
        let mut pruned = Self {
            number: reader.varint("number of a segment")?,
            freed_bytes: reader.varint("bytes freed")?,
            next: reader.varint("next position")?,
            end: reader.varint("end")?,
            ..Self::default()
        };
        for _ in 0..reader.count("logs", LOGS_MAX)? {
            let log = read_id(&mut reader)?;
            pruned.logs.insert(log, Seq::new(reader.varint("seq")?));
        }
        for _ in 0..reader.count("agreed", MIRROR_AGREED_MAX)? {
            let number = reader.varint("number of a segment")?;
            pruned.agreed.push((number, reader.u64("time")?));
        }
        reader.finish()?;
        Ok(pruned)
    }
}

/// Says whether entries of a notebook at a mirror may be gone.
///
/// # Errors
/// [`StorageError`] where that cannot be read.
pub fn is_pruned(notebook: NotebookId, storage: &dyn Storage) -> Result<bool, StorageError> {
    Ok(Pruned::load(notebook, storage)?.number > 0)
}

impl MirroredNotebook {
    fn keep_pruned(&mut self) {
        let pruned = self.checkpoint.pruned.to_bytes();
        self.put(Space::Checkpoint, KEY.to_vec(), pruned);
    }

    /// Begins to prune where that is due, and goes on where it is under way; returns whether there is more. What it does
    /// is unsaved.
    fn prune_some(
        &mut self,
        now_ms: u64,
        keep_ms: u64,
        storage: &dyn Storage,
    ) -> Result<bool, StorageError> {
        let checked = self.checked_by_all();
        if self.checkpoint.pruned.agree(checked, now_ms) {
            self.keep_pruned();
        }
        if !self.is_pruning() {
            let Some(number) = self.checkpoint.pruned.due(checked, now_ms, keep_ms) else {
                return Ok(false);
            };
            if !self.begin_to_prune(number, storage)? {
                return Ok(false);
            }
        }
        self.prune_next(storage)?;
        Ok(self.is_pruning())
    }

    /// Forgets since when all had checked the checkpoint up to a segment, or beyond: it is dropped.
    pub(super) fn forget_agreed(&mut self, dropped: SegmentNumber) {
        let agreed = &mut self.checkpoint.pruned.agreed;
        let before = agreed.len();
        agreed.retain(|(number, _)| *number < dropped);
        if agreed.len() < before {
            self.keep_pruned();
        }
    }

    /// Says whether it is under way that something is pruned.
    pub(super) const fn is_pruning(&self) -> bool {
        self.checkpoint.pruned.is_under_way()
    }

    /// Notes what is to be pruned below a segment; returns whether all segments up to it are here.
    fn begin_to_prune(
        &mut self,
        number: SegmentNumber,
        storage: &dyn Storage,
    ) -> Result<bool, StorageError> {
        let mut logs = BTreeMap::new();
        for head in self.segment_heads(storage)? {
            if head.number > number {
                break;
            }
            logs.extend(head.logs.iter().map(|log| (log.log, log.last.0)));
        }
        for at in 1..=number {
            // What is given out in place of entries has to be there.
            if self.kept_segment(at, storage)?.is_none() {
                return Ok(false);
            }
        }
        let logs = logs.into_iter().filter_map(|(log, seq)| {
            let known = self.logs.get(&log).filter(|log| log.branches.is_none())?;
            let before_tip = Seq::new(known.tip.0.get().saturating_sub(1));
            Some((
                log,
                seq.min(before_tip).max(self.checkpoint.pruned.seq(&log)),
            ))
        });
        let logs: Vec<(LogId, Seq)> = logs.collect();
        let end = self.committed();
        let pruned = &mut self.checkpoint.pruned;
        pruned.logs.extend(logs);
        (pruned.number, pruned.next, pruned.end) = (number, 0, end);
        pruned.agreed.retain(|(agreed, _)| *agreed > number);
        self.keep_pruned();
        Ok(true)
    }

    /// Looks through the next part of the stream, and empties what is to be pruned.
    fn prune_next(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        let (from, end) = (self.checkpoint.pruned.next, self.checkpoint.pruned.end);
        let read = storage.entries(self.notebook, from, READ_BYTES_AIM)?;
        let next = read.last().map_or(end, |(last, _)| last + 1);
        let named = self.named_entries();
        let mut run: Option<(Position, Position)> = None;
        let mut runs = Vec::new();
        let mut freed = 0;
        for (position, bytes) in read {
            let length = bytes.len() as u64;
            let is_pruned = bytes.is_empty() || {
                let entry = RawEntry::parse_any(bytes)
                    .map_err(|error| StorageError::Damaged(error.to_string()))?;
                let header = entry.header();
                header.seq <= self.checkpoint.pruned.seq(&header.log)
                    && !named.contains(&(header.log, header.seq, entry.hash()))
            };
            if !is_pruned || position >= end {
                runs.extend(run.take());
                continue;
            }
            freed += length;
            run = Some((run.map_or(position, |(first, _)| first), position + 1));
        }
        runs.extend(run);
        if freed > 0 {
            let blanks = runs.into_iter();
            let blanks = blanks.map(|(first, end)| Write::Blank { first, end });
            self.unsaved.extend(blanks);
            self.used_bytes = self.used_bytes.saturating_sub(freed);
            // It says how much is held.
            self.save_state_again();
        }
        let pruned = &mut self.checkpoint.pruned;
        pruned.next = next.min(end);
        pruned.freed_bytes += freed;
        self.keep_pruned();
        Ok(())
    }

    /// Returns the entries that control entries name: where logs are cut off, and which branches count.
    fn named_entries(&self) -> BTreeSet<(LogId, Seq, EntryHash)> {
        let mut named = BTreeSet::new();
        let mut name = |cut: &CutLog| {
            named.insert((cut.log, cut.seq, cut.hash));
        };
        for entry in self.controls.iter() {
            match &entry.kind {
                ControlKind::Remove { cut, .. }
                | ControlKind::Role { cut, .. }
                | ControlKind::RevokeDevice { cut, .. } => cut.logs().iter().for_each(&mut name),
                ControlKind::Freeze(freeze) => name(&freeze.0),
                _ => {}
            }
        }
        named
    }
}

impl Mirror {
    /// Goes on with what is to be pruned, a bounded part at a time, once members have checked it for as long as `keep_ms`;
    /// returns whether there is more to be done at once. The driver calls it now and then, while nothing looks through a
    /// notebook.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails. Nothing but room is lost then.
    pub fn prune_some(
        &mut self,
        now_ms: u64,
        keep_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<bool, StorageError> {
        self.flush(storage, now_ms, false);
        let is_due = |notebook: &NotebookId| {
            let looked_ms = self.pruning_looked_ms.get(notebook);
            // A time that is still to come was noted before the clock went back.
            looked_ms.is_none_or(|at_ms| *at_ms > now_ms || now_ms - *at_ms >= MIRROR_PRUNE_LOOK_MS)
        };
        let mut held = self.notebooks.iter();
        let next = held.find(|(notebook, held)| {
            let standing = held.checkpoint();
            let is_behind = standing.number > standing.pruned && is_due(notebook);
            held.is_pruning() || is_behind
        });
        let Some(notebook) = next.map(|(notebook, _)| *notebook) else {
            return Ok(false);
        };
        let (mut has_more, mut freed) = (false, 0);
        if self.open_notebook(notebook, storage)
            && let Some(held) = self.notebooks.get_mut(&notebook).and_then(Held::open_mut)
            && !held.has_unsaved()
        {
            let before = held.checkpoint.pruned.freed_bytes;
            has_more = held.prune_some(now_ms, keep_ms, storage)?;
            freed = held.checkpoint.pruned.freed_bytes - before;
            if held.has_unsaved() {
                if let Err(error) = storage.commit(notebook, held.unsaved()) {
                    self.close_all_of(notebook, &crate::engine::CloseReason::Storage);
                    self.reopen(notebook, storage);
                    return Err(error);
                }
                held.saved();
            }
        }
        if let Some(held) = self.notebooks.get_mut(&notebook) {
            held.renew();
        }
        if freed > 0 {
            let pruned = MirrorEffect::Pruned(notebook, freed);
            self.effects.push_back(pruned);
        }
        if !has_more {
            self.pruning_looked_ms.insert(notebook, now_ms);
        }
        self.close_unused(storage);
        Ok(true)
    }
}
