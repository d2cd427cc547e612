//! What came to notes from devices that had been away, until somebody has looked at it.
//!
//! It is kept among the notebook's own records, since the one who wants to look at it may come tomorrow, and to another
//! window. Each says what the device had when it began to write and what it had written last, which is all that it takes
//! to show what it wrote.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use automerge::ChangeHash;
use hearth_core::codec::{DecodeError, Reader, Writer};
use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::storage::{Space, Storage, Write};
use hearth_notebook::ObjectId;

use super::{Host, storage_failed};
use crate::api::Failure;

const VERSION: u8 = 1;
/// Notes of a home of which it is remembered what came late; those to which something came last.
const NOTES_MAX: usize = 256;
/// Devices that are named for one note: the last ones to come back are what somebody wants to hear of.
const MERGED_MAX: usize = 8;
/// Versions that a device may have had at once when it began to write.
const HEADS_MAX: usize = 64;
/// Notes that are known to be new: those of a notebook that comes whole, within a minute.
const BORN_MAX: usize = 4_096;
/// A change that was written longer ago than this comes from a device that had been away: sent at once it is here
/// within a second, and clocks differ.
pub(crate) const LATE_AFTER_SECONDS: i64 = 60;
/// Changes of one device that follow each other within this time are one edit to people.
const ONE_EDIT_SECONDS: i64 = 60;

type Note = (NotebookId, ObjectId);

/// What came from a device that had been away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged {
    /// The device.
    pub(crate) device: DeviceId,
    /// Stretches of writing, as people count edits.
    pub(crate) edits: u64,
    /// When the first was written, in seconds since 1970 UTC by the device's clock.
    pub(crate) from: i64,
    /// When the last was written.
    pub(crate) to: i64,
    /// When it came, in seconds since 1970 UTC.
    pub(crate) came: i64,
    /// The version that the device had before.
    pub(crate) before: Vec<ChangeHash>,
    /// Its last change.
    pub(crate) last: ChangeHash,
}

/// A change that came late.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Late<'a> {
    /// The device that made it.
    pub(crate) device: DeviceId,
    /// When it did, in seconds since 1970 UTC by its clock.
    pub(crate) at: i64,
    /// What it was written on top of.
    pub(crate) before: &'a [ChangeHash],
    /// The change.
    pub(crate) hash: ChangeHash,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct MergedNotes {
    all: BTreeMap<Note, VecDeque<Merged>>,
    /// Notebooks of which was read what is kept.
    read: BTreeSet<NotebookId>,
    /// Notes of which something else is kept.
    unsaved: BTreeSet<Note>,
    /// When notes came that were not here before, in seconds since 1970 UTC.
    born: BTreeMap<Note, i64>,
}

impl MergedNotes {
    /// Notes that the first change of a note came: what comes with it is no news about a note that somebody knew.
    pub(crate) fn note_born(&mut self, note: Note, now: i64) {
        if self.born.len() >= BORN_MAX {
            self.born.retain(|_, at| now - *at <= LATE_AFTER_SECONDS);
        }
        if self.born.len() < BORN_MAX {
            self.born.insert(note, now);
        }
    }

    fn is_late(&self, note: Note, at: i64, now: i64) -> bool {
        let is_new = |born: &i64| now - born <= LATE_AFTER_SECONDS;
        now.saturating_sub(at) > LATE_AFTER_SECONDS && !self.born.get(&note).is_some_and(is_new)
    }

    fn note(&mut self, note: Note, late: &Late<'_>, now: i64) {
        if !self.all.contains_key(&note) && self.all.len() >= NOTES_MAX {
            let newest = |all: &VecDeque<Merged>| all.front().map(|one| one.came);
            let oldest = self.all.iter().min_by_key(|(_, all)| newest(all));
            if let Some(oldest) = oldest.map(|(note, _)| *note) {
                self.forget(oldest);
            }
        }
        self.unsaved.insert(note);
        let all = self.all.entry(note).or_default();
        let Late { device, at, .. } = *late;
        // What comes in several parts of one return is told as one.
        let same = all
            .iter_mut()
            .find(|one| one.device == device && now - one.came <= LATE_AFTER_SECONDS);
        if let Some(one) = same {
            let is_near = |from: i64, to: i64| {
                at <= to.saturating_add(ONE_EDIT_SECONDS)
                    && at >= from.saturating_sub(ONE_EDIT_SECONDS)
            };
            if !is_near(one.from, one.to) {
                one.edits += 1;
            }
            one.from = one.from.min(at);
            one.to = one.to.max(at);
            one.came = now;
            one.last = late.hash;
            return;
        }
        all.push_front(Merged {
            device,
            edits: 1,
            from: at,
            to: at,
            came: now,
            before: late.before.iter().take(HEADS_MAX).copied().collect(),
            last: late.hash,
        });
        all.truncate(MERGED_MAX);
    }

    fn forget(&mut self, note: Note) {
        if self.all.remove(&note).is_some() {
            self.unsaved.insert(note);
        }
    }
}

impl Host {
    /// Notes a change of a device that was away when it made it, where the note was here before.
    pub(crate) fn note_late(&mut self, note: Note, late: &Late<'_>, now: i64) {
        if self.merged.is_late(note, late.at, now) {
            self.read_merged(note.0);
            self.merged.note(note, late, now);
        }
    }

    /// Returns what came late to a note and nobody has looked at, newest first.
    pub(crate) fn merged(&mut self, note: Note) -> Vec<Merged> {
        self.read_merged(note.0);
        let all = self.merged.all.get(&note);
        all.into_iter().flatten().cloned().collect()
    }

    /// Notes that somebody has looked at what came late to a note, up to a time.
    ///
    /// # Errors
    /// A [`Failure`] where the disk fails.
    pub(crate) fn reviewed(&mut self, note: Note, until: i64) -> Result<(), Failure> {
        self.read_merged(note.0);
        if let Some(all) = self.merged.all.get_mut(&note) {
            all.retain(|one| one.came > until);
            self.merged.unsaved.insert(note);
            if all.is_empty() {
                self.merged.all.remove(&note);
            }
        }
        self.keep_merged()
    }

    /// Keeps what changed since it was kept.
    ///
    /// # Errors
    /// A [`Failure`] where the disk fails; it is tried again the next time.
    pub(crate) fn keep_merged(&mut self) -> Result<(), Failure> {
        while let Some(note) = self.merged.unsaved.first().copied() {
            let (notebook, id) = note;
            let key = id.to_bytes().to_vec();
            let write = match self.merged.all.get(&note) {
                Some(all) => Write::Put {
                    space: Space::Merged,
                    key,
                    value: to_bytes(all),
                },
                None => Write::Delete {
                    space: Space::Merged,
                    key,
                },
            };
            // What is gone is not kept either.
            if self.engine.replica(notebook).is_some() {
                self.storage
                    .commit(notebook, &[write])
                    .map_err(storage_failed)?;
            }
            self.merged.unsaved.remove(&note);
        }
        Ok(())
    }

    fn read_merged(&mut self, notebook: NotebookId) {
        if !self.merged.read.insert(notebook) {
            return;
        }
        let kept = self.storage.scan(notebook, Space::Merged);
        for (key, value) in kept.unwrap_or_default() {
            // What does not read tells nobody anything, and costs nothing but the hint.
            let Ok(key) = <[u8; 16]>::try_from(key.as_slice()) else {
                continue;
            };
            if let Ok(all) = parse(&value) {
                let note = (notebook, ObjectId::from_bytes(key));
                self.merged.all.entry(note).or_insert(all);
            }
        }
    }
}

fn to_bytes(all: &VecDeque<Merged>) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(VERSION).varint(all.len() as u64);
    for one in all {
        writer.raw(one.device.as_bytes()).varint(one.edits);
        for time in [one.from, one.to, one.came] {
            writer.raw(&time.to_le_bytes());
        }
        writer.varint(one.before.len() as u64);
        for head in &one.before {
            writer.raw(&head.0);
        }
        writer.raw(&one.last.0);
    }
    writer.into_bytes()
}

fn parse(bytes: &[u8]) -> Result<VecDeque<Merged>, DecodeError> {
    let mut reader = Reader::new(bytes);
    reader.known("record version", VERSION)?;
    let mut all = VecDeque::new();
    for _ in 0..reader.count("returns", MERGED_MAX)? {
        let device = DeviceId::from_bytes(reader.array("device")?);
        let edits = reader.varint("edits")?;
        let mut time = |what| reader.array(what).map(i64::from_le_bytes);
        let (from, to, came) = (time("from")?, time("to")?, time("came")?);
        let mut before = Vec::new();
        for _ in 0..reader.count("heads", HEADS_MAX)? {
            before.push(ChangeHash(reader.array("head")?));
        }
        all.push_back(Merged {
            device,
            edits,
            from,
            to,
            came,
            before,
            last: ChangeHash(reader.array("last change")?),
        });
    }
    reader.finish()?;
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn note() -> Note {
        let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        (NotebookId::from_bytes([1; 32]), id)
    }

    /// A change of a device that came at a time, if it is late then.
    fn come(merged: &mut MergedNotes, note: Note, device: u8, at: i64, now: i64) {
        if merged.is_late(note, at, now) {
            let hash = ChangeHash([at.to_le_bytes()[0]; 32]);
            let late = Late {
                device: DeviceId::from_bytes([device; 32]),
                at,
                before: &[ChangeHash([device; 32])],
                hash,
            };
            merged.note(note, &late, now);
        }
    }

    fn told(merged: &MergedNotes) -> Vec<&Merged> {
        merged.all.get(&note()).into_iter().flatten().collect()
    }

    #[test]
    fn what_was_written_in_one_go_is_one_edit_and_what_comes_at_once_is_none() {
        let mut merged = MergedNotes::default();
        for ago in [1, 60, -9] {
            come(&mut merged, note(), 2, NOW - ago, NOW);
        }
        assert!(told(&merged).is_empty());
        for ago in [9_000, 8_990, 8_950, 5_000, 4_980, 900] {
            come(&mut merged, note(), 2, NOW - ago, NOW);
        }
        let one = told(&merged)[0];
        assert_eq!((told(&merged).len(), one.edits), (1, 3));
        assert_eq!((one.from, one.to), (NOW - 9_000, NOW - 900));
        assert_eq!(one.before, [ChangeHash([2; 32])]);
        assert_eq!(one.last, ChangeHash([(NOW - 900).to_le_bytes()[0]; 32]));
        // A second return is told beside the first.
        come(&mut merged, note(), 2, NOW + 100, NOW + 500);
        assert_eq!(told(&merged).len(), 2);
    }

    #[test]
    fn what_comes_with_a_new_note_is_not_told_and_what_comes_later_is() {
        let mut merged = MergedNotes::default();
        merged.note_born(note(), NOW);
        come(&mut merged, note(), 2, NOW - 9_000, NOW + 5);
        assert!(told(&merged).is_empty());
        come(&mut merged, note(), 2, NOW - 9_000, NOW + 500);
        assert_eq!(told(&merged).len(), 1);
        // A clock may say anything.
        for at in [i64::MIN, i64::MAX, 0] {
            come(&mut merged, note(), 2, at, NOW + 500);
        }
        assert_eq!(told(&merged).len(), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_makes_room() {
        let mut merged = MergedNotes::default();
        for device in 0..40 {
            come(&mut merged, note(), device, NOW - 900, NOW);
        }
        assert_eq!(told(&merged).len(), MERGED_MAX);
        for number in 0..u16::try_from(NOTES_MAX).unwrap() + 5 {
            let mut id = [7; 16];
            id[..2].copy_from_slice(&number.to_le_bytes());
            let other = (note().0, ObjectId::from_bytes(id));
            come(&mut merged, other, 3, NOW - 900, NOW + i64::from(number));
        }
        assert_eq!(merged.all.len(), NOTES_MAX);
        assert!(told(&merged).is_empty(), "the oldest made room");
        assert!(merged.unsaved.contains(&note()), "on the disk, too");
    }

    #[test]
    fn what_is_kept_is_read_as_it_was_and_nothing_else_is() {
        let mut merged = MergedNotes::default();
        for (device, ago) in [(1, 900), (2, 5_000), (2, 900)] {
            come(&mut merged, note(), device, NOW - ago, NOW);
        }
        let all = &merged.all[&note()];
        let bytes = to_bytes(all);
        assert_eq!(&parse(&bytes).unwrap(), all);
        crate::testing::nothing_else_is_read(&bytes, |bytes| parse(bytes).is_ok());
    }
}
