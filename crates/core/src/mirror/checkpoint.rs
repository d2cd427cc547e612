//! The checkpoint of a notebook on a mirror: segments that members made, which it can judge by their heads and cannot
//! open, and what members' devices say once they have checked them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::engine::Mirror;
use super::held::Held;
use super::notebook::{MirroredNotebook, READ_BYTES_AIM};
use super::prune::Pruned;
use crate::checkpoint::{
    Checked, CheckpointStanding, Reached, Segment, SegmentError, SegmentHead, SegmentLog,
    SegmentNumber,
};
use crate::codec::{Reader, Writer};
use crate::frontier::LogTip;
use crate::ids::{DeviceId, LogId, NotebookId, PersonId, SegmentHash};
use crate::limits::{MIRROR_SEGMENTS_ROOM_PART, SEGMENT_BYTES_MAX};
use crate::log::RawEntry;
use crate::storage::{Position, Space, Storage, StorageError, Write};

/// The checkpoint of a notebook.
#[derive(Debug, Default)]
pub(super) struct KeptCheckpoint {
    /// How far it goes.
    pub(super) reached: Reached,
    /// The heads of its segments, in order, read from the disk when somebody lacks much.
    heads: OnceLock<Vec<SegmentHead>>,
    /// How long the last segment was for which there was no room; 0 where there was for the last one.
    pub(super) refused_bytes: usize,
    /// Up to where each device has checked it.
    checked: BTreeMap<DeviceId, Checked>,
    /// What is not kept entry by entry any more.
    pub(super) pruned: Pruned,
}

impl KeptCheckpoint {
    /// Reads how a checkpoint stands. One that does not read is made anew by members, unless it holds what is kept nowhere
    /// else.
    pub(super) fn load(notebook: NotebookId, storage: &dyn Storage) -> Result<Self, StorageError> {
        let kept = storage.get(notebook, Space::Checkpoint, &[])?;
        let reached = kept.and_then(|bytes| Reached::parse(&bytes).ok());
        let pruned = Pruned::load(notebook, storage)?;
        if reached.is_none() && pruned.number > 0 {
            return Err(StorageError::Damaged("a checkpoint".to_owned()));
        }
        let mut checked = BTreeMap::new();
        for (_, bytes) in storage.scan(notebook, Space::Checked)? {
            if let Ok(one) = Checked::read(&mut Reader::new(&bytes)) {
                checked.insert(one.device, one);
            }
        }
        Ok(Self {
            reached: reached.unwrap_or_default(),
            checked,
            pruned,
            ..Self::default()
        })
    }
}

fn key_of(number: SegmentNumber) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

impl MirroredNotebook {
    pub(super) fn checkpoint_standing(&self) -> CheckpointStanding {
        let KeptCheckpoint {
            reached, pruned, ..
        } = &self.checkpoint;
        let members = self.membership.members().keys();
        CheckpointStanding {
            number: reached.number,
            last: reached.last,
            entries: reached.entries(),
            bytes: reached.bytes,
            is_full: self.is_full_for_segments(),
            pruned: pruned.number,
            freed_bytes: pruned.freed_bytes,
            checked: members
                .map(|person| (*person, self.checked_by(person)))
                .collect(),
        }
    }

    /// Returns up to which segment a member has checked the checkpoint, by the best of their live devices.
    fn checked_by(&self, person: &PersonId) -> SegmentNumber {
        let member = self.membership.member(person);
        let devices = member.into_iter().flat_map(|member| member.devices.keys());
        let checked = devices.filter_map(|device| self.checkpoint.checked.get(device));
        checked.map(|checked| checked.number).max().unwrap_or(0)
    }

    /// Returns up to which segment one device of each member has checked the checkpoint.
    pub(super) fn checked_by_all(&self) -> SegmentNumber {
        let members = self.membership.members().keys();
        let numbers = members.map(|person| self.checked_by(person));
        numbers.min().unwrap_or(0)
    }

    /// Takes a segment that a member's device made and sends. It goes on from the last one, and each log ends in it by
    /// an entry that is here.
    pub(super) fn keep_segment(
        &mut self,
        from: DeviceId,
        segment: &Segment,
        storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        let Segment { head, pack } = segment;
        self.checkpoint.reached.check(head)?;
        let card = self.membership.card(&from);
        let card = card.filter(|_| head.device == from);
        let key = card.ok_or(SegmentError::Signature)?.verify_key;
        if segment.bytes() > SEGMENT_BYTES_MAX || head.logs.is_empty() || !head.names(pack) {
            return Err(SegmentError::OtherPack);
        }
        head.verify(self.notebook, &key)?;
        if let Some(log) = self.first_not_held(&head.logs, storage)? {
            return Err(SegmentError::OtherEntry(log));
        }
        self.checkpoint.refused_bytes = 0;
        if !self.has_room_for_segment(segment.bytes()) {
            self.checkpoint.refused_bytes = segment.bytes();
            return Err(SegmentError::Full);
        }
        self.checkpoint.reached.extend(self.notebook, head);
        let key = key_of(head.number);
        self.put(Space::SegmentPack, key.clone(), pack.clone());
        self.put(Space::Segment, key, head.as_bytes().to_vec());
        self.keep_reached();
        if let Some(heads) = self.checkpoint.heads.get_mut() {
            heads.push(head.clone());
        }
        Ok(())
    }

    pub(super) fn put(&mut self, space: Space, key: Vec<u8>, value: Vec<u8>) {
        self.unsaved.push(Write::Put { space, key, value });
    }

    fn keep_reached(&mut self) {
        let reached = self.checkpoint.reached.to_bytes();
        self.put(Space::Checkpoint, Vec::new(), reached);
    }

    /// Takes the word of a member's device that it has checked the checkpoint up to a segment of it.
    pub(super) fn keep_checked(
        &mut self,
        from: DeviceId,
        checked: &Checked,
        storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        let card = self.membership.card(&from);
        let card = card.filter(|_| checked.device == from);
        let key = card.ok_or(SegmentError::Signature)?.verify_key;
        if self.segment_at(checked.number, storage)? != Some(checked.segment) {
            return Err(SegmentError::Elsewhere);
        }
        checked.verify(self.notebook, &key)?;
        let before = self.checkpoint.checked.get(&from);
        if before.is_some_and(|before| before.number >= checked.number) {
            return Ok(());
        }
        let mut writer = Writer::new();
        checked.write(&mut writer);
        let (key, value) = (from.as_bytes().to_vec(), writer.into_bytes());
        self.put(Space::Checked, key, value);
        self.checkpoint.checked.insert(from, checked.clone());
        Ok(())
    }

    /// Drops the segments from one on that a member's device found to be unsound, where nobody else has found it sound.
    pub(super) fn drop_segments(
        &mut self,
        from: DeviceId,
        (number, segment): (SegmentNumber, SegmentHash),
        storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        let person = self.membership.person_of(&from);
        let person = person.ok_or(SegmentError::Signature)?;
        if number <= self.checkpoint.pruned.number
            || self.segment_at(number, storage)? != Some(segment)
        {
            return Err(SegmentError::Elsewhere);
        }
        let maker = self.segment_heads(storage)?.get(place_of(number));
        let maker = maker.and_then(|head| self.membership.person_of(&head.device));
        let mut members = self.membership.members().keys();
        let is_sound = members.any(|other| {
            let is_other = *other != person && Some(*other) != maker;
            is_other && self.checked_by(other) >= number
        });
        if is_sound {
            return Err(SegmentError::Elsewhere);
        }
        let mut heads = self.segment_heads(storage)?.to_vec();
        for head in heads.split_off(place_of(number).min(heads.len())) {
            for space in [Space::Segment, Space::SegmentPack] {
                let key = key_of(head.number);
                self.unsaved.push(Write::Delete { space, key });
            }
        }
        self.checkpoint.reached = Reached::default();
        for head in &heads {
            self.checkpoint.reached.extend(self.notebook, head);
        }
        self.checkpoint.heads = OnceLock::from(heads);
        self.keep_reached();
        self.forget_agreed(number);
        let is_gone = |checked: &Checked| checked.number >= number;
        let checked = self.checkpoint.checked.values();
        for checked in checked.filter(|checked| is_gone(checked)) {
            let (space, key) = (Space::Checked, checked.device.as_bytes().to_vec());
            self.unsaved.push(Write::Delete { space, key });
        }
        let checked = &mut self.checkpoint.checked;
        checked.retain(|_, checked| !is_gone(checked));
        Ok(())
    }

    /// Returns the segment of a number, where there is one.
    fn segment_at(
        &self,
        number: SegmentNumber,
        storage: &dyn Storage,
    ) -> Result<Option<SegmentHash>, StorageError> {
        if number == 0 || number == self.checkpoint.reached.number {
            return Ok((number > 0).then_some(self.checkpoint.reached.last));
        }
        let head = self.segment_heads(storage)?.get(place_of(number));
        Ok(head.map(|head| head.hash(self.notebook)))
    }

    /// Says whether there was no room for the last segment, and is none now, as far as that is known.
    const fn is_full_for_segments(&self) -> bool {
        let bytes = self.checkpoint.refused_bytes;
        // How much there may be is said once a device says something about the notebook.
        bytes > 0 && (self.max_bytes == u64::MAX || !self.has_room_for_segment(bytes))
    }

    /// Says whether there is room for a segment beside what is written next: entries come first.
    const fn has_room_for_segment(&self, bytes: usize) -> bool {
        let reserve = self.max_bytes / MIRROR_SEGMENTS_ROOM_PART;
        let after = self.all_bytes().saturating_add(bytes as u64);
        after <= self.max_bytes.saturating_sub(reserve)
    }

    /// Returns the first log that does not have the entry by which it ends in a segment, or is forked.
    fn first_not_held(
        &self,
        logs: &[SegmentLog],
        storage: &dyn Storage,
    ) -> Result<Option<LogId>, StorageError> {
        let mut wanted: BTreeMap<LogId, LogTip> = BTreeMap::new();
        let mut from: Option<Position> = None;
        for SegmentLog { log, last, .. } in logs {
            let known = self.logs.get(log).filter(|log| log.branches.is_none());
            let Some(known) = known.filter(|known| known.tip.0 >= last.0) else {
                return Ok(Some(*log));
            };
            if known.tip.0 > last.0 {
                let first = known.position_at(last.0);
                from = Some(from.map_or(first, |from| from.min(first)));
                wanted.insert(*log, *last);
            } else if known.tip != *last {
                return Ok(Some(*log));
            }
        }
        let mut at = from.unwrap_or(self.committed());
        while !wanted.is_empty() && at < self.committed() {
            let read = storage.entries(self.notebook, at, READ_BYTES_AIM)?;
            let Some((last, _)) = read.last() else { break };
            at = last + 1;
            for (_, bytes) in read.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
                let entry = RawEntry::parse_any(bytes)
                    .map_err(|error| StorageError::Damaged(error.to_string()))?;
                let log = entry.header().log;
                let Some((seq, hash)) = wanted.get(&log) else {
                    continue;
                };
                if entry.header().seq == *seq {
                    if entry.hash() != *hash {
                        return Ok(Some(log));
                    }
                    wanted.remove(&log);
                }
            }
        }
        Ok(wanted.into_keys().next())
    }

    /// Returns the heads of all segments; none where one of them is missing.
    pub(super) fn segment_heads(
        &self,
        storage: &dyn Storage,
    ) -> Result<&[SegmentHead], StorageError> {
        if let Some(heads) = self.checkpoint.heads.get() {
            return Ok(heads);
        }
        let heads = self.read_heads(storage)?;
        Ok(self.checkpoint.heads.get_or_init(|| heads))
    }

    fn read_heads(&self, storage: &dyn Storage) -> Result<Vec<SegmentHead>, StorageError> {
        let reached = &self.checkpoint.reached;
        if reached.number == 0 {
            return Ok(Vec::new());
        }
        let kept = match storage.scan(self.notebook, Space::Segment) {
            Ok(kept) => kept.into_iter(),
            Err(StorageError::Damaged(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let heads = kept.filter_map(|(_, bytes)| SegmentHead::parse(&bytes).ok());
        let mut heads: Vec<SegmentHead> =
            heads.filter(|head| head.number <= reached.number).collect();
        heads.sort_unstable_by_key(|head| head.number);
        let mut again = Reached::default();
        for head in &heads {
            if again.check(head).is_err() {
                return Ok(Vec::new());
            }
            again.extend(self.notebook, head);
        }
        let is_whole = again.last == reached.last;
        Ok(if is_whole { heads } else { Vec::new() })
    }

    /// Returns a segment, `None` where there is none, or it is damaged.
    pub(super) fn kept_segment(
        &self,
        number: SegmentNumber,
        storage: &dyn Storage,
    ) -> Result<Option<Segment>, StorageError> {
        let head = self.segment_heads(storage)?.get(place_of(number));
        let Some(head) = head.filter(|head| head.number == number) else {
            return Ok(None);
        };
        let pack = match storage.get(self.notebook, Space::SegmentPack, &key_of(number)) {
            Ok(pack) => pack.filter(|pack| head.names(pack)),
            Err(StorageError::Damaged(_)) => None,
            Err(error) => return Err(error),
        };
        let head = head.clone();
        Ok(pack.map(|pack| Segment { head, pack }))
    }
}

impl Mirror {
    /// Takes a segment in as if a device had just sent it, for whoever wants to see what becomes of it.
    ///
    /// # Errors
    /// [`SegmentError`]; nothing of it is kept then.
    pub fn take_segment(
        &mut self,
        notebook: NotebookId,
        from: DeviceId,
        segment: &Segment,
        storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        self.open_notebook(notebook, storage);
        let held = self.notebooks.get_mut(&notebook).and_then(Held::open_mut);
        let held = held.ok_or(SegmentError::Elsewhere)?;
        held.keep_segment(from, segment, storage)?;
        self.touched.insert(notebook);
        Ok(())
    }

    /// Returns a segment of the checkpoint of a notebook that is held.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails.
    pub fn segment(
        &mut self,
        notebook: NotebookId,
        number: SegmentNumber,
        storage: &dyn Storage,
    ) -> Result<Option<Segment>, StorageError> {
        self.open_notebook(notebook, storage);
        let held = self.notebooks.get(&notebook).and_then(Held::open);
        held.map_or(Ok(None), |held| held.kept_segment(number, storage))
    }
}

/// Returns the place of a segment among all heads.
fn place_of(number: SegmentNumber) -> usize {
    let place = number.saturating_sub(1);
    usize::try_from(place).unwrap_or(usize::MAX)
}
