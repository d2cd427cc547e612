//! Segments of checkpoints for mirrors: packs of what is on disk, each behind the one before.
//!
//! Which entries come next follows from what the segments before hold of each log, whoever made those; the order is
//! that in which they arrived here.

use super::entries::EntryReader;
use super::packs::PackBase;
use super::{Frontier, LogTip, Replica};
use crate::checkpoint::{Checked, Segment, SegmentHead, SegmentLog, SegmentNumber};
use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::{ControlHash, EntryHash, EpochId, LogId, SegmentHash, Seq};
use crate::limits::{PACK_RAW_BYTES_MAX, SEGMENT_BYTES_MAX};
use crate::log::{EntryPack, LogState, RawEntry, UnpackEntriesError, open_pack, seal_pack};
use crate::storage::{Storage, StorageError};

/// What the next segment of a checkpoint follows from: where the last one ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SegmentBase {
    /// The number of the last segment, 0 before the first.
    pub(crate) number: SegmentNumber,
    /// Its hash.
    pub(crate) last: Option<SegmentHash>,
    /// All before this position is in the segments, and how far each log is.
    packs: PackBase,
}

impl Replica {
    /// Makes the segment behind `base` of entries that a mirror has, too, where there is enough for one. The second is
    /// what the one after it follows from.
    ///
    /// # Errors
    /// [`StorageError`] where the disk cannot be read.
    pub(crate) fn segment_behind(
        &self,
        base: &SegmentBase,
        mirror_has: &Frontier,
        storage: &dyn Storage,
    ) -> Result<Option<(Segment, SegmentBase)>, StorageError> {
        let epoch = self.sealing_epoch();
        let sealing = epoch.and_then(|epoch| Some((epoch, self.keys.get(&epoch)?)));
        let Some(sealing) = sealing.filter(|_| self.forks.is_empty() && self.pack_entries > 0)
        else {
            return Ok(None);
        };
        let is_there = |entry: &RawEntry| {
            let header = entry.header();
            header.seq <= mirror_has.seq(&header.log)
        };
        let found = self.entries_for_pack(&base.packs, is_there, storage)?;
        if !found.is_full {
            return Ok(None);
        }
        let mut packs = base.packs.clone();
        let Some(pack) = self.pack_of(&found, &mut packs)? else {
            return Ok(None);
        };
        let logs = pack.logs.iter().filter_map(|(log, first, _)| {
            let last = packs.states.get(log)?.tip;
            Some(SegmentLog {
                log: *log,
                first: *first,
                last,
            })
        });
        let sealed = seal_pack(self.tag(), sealing, &pack.bytes);
        let place = (base.number + 1, base.last.unwrap_or(SegmentHash::ZERO));
        let head = SegmentHead::sign(self.notebook, place, logs.collect(), &sealed, &self.device);
        let after = SegmentBase {
            number: head.number,
            last: Some(head.hash(self.notebook)),
            packs,
        };
        let segment = Segment { head, pack: sealed };
        let fits = segment.bytes() <= SEGMENT_BYTES_MAX;
        Ok(fits.then_some((segment, after)))
    }
}

/// What came out when a segment was checked.
#[derive(Debug)]
pub(crate) enum SegmentCheck {
    /// Its entries are those that are here. The next segment follows from this.
    Sound(Box<SegmentBase>),
    /// Something of what is needed to tell is not here yet.
    NotYet,
    /// It holds something else than its maker signed for.
    Unsound(String),
    /// It is not what anybody signed.
    Altered,
}

impl Replica {
    /// Signs that a checkpoint is sound up to a segment.
    pub(crate) fn sign_checked(&self, number: SegmentNumber, segment: SegmentHash) -> Checked {
        Checked::sign(self.notebook, (number, segment), &self.device)
    }

    /// Checks the segment behind `base`: makes its entries, as whoever takes it in would, and compares them with those
    /// that are here. Each entry names the one before, so the last of each log says it of all.
    ///
    /// # Errors
    /// [`StorageError`] where the disk cannot be read.
    pub(crate) fn check_segment(
        &self,
        base: &SegmentBase,
        segment: &Segment,
        storage: &dyn Storage,
    ) -> Result<SegmentCheck, StorageError> {
        let Segment { head, pack } = segment;
        let Some((_, card)) = self.controls.device(&head.device) else {
            return Ok(SegmentCheck::NotYet);
        };
        if head.verify(self.notebook, &card.verify_key).is_err() || !head.names(pack) {
            return Ok(SegmentCheck::Altered);
        }
        let unsound = |reason: String| Ok(SegmentCheck::Unsound(reason));
        let mut states = base.packs.states.clone();
        let mut others = Vec::new();
        for SegmentLog { log, first, last } in &head.logs {
            let tip = states.get(log).map_or(Seq::NONE, |state| state.tip.0);
            if *first != tip.next() {
                return unsound(format!("it leaves entries of device {} out", log.device));
            }
            match self.hash_at(*log, last.0, storage)? {
                Some(hash) if hash == last.1 => {}
                Some(_) => others.push(*last),
                None => return Ok(SegmentCheck::NotYet),
            }
        }
        if epoch_of(pack).is_some_and(|epoch| self.keys.get(&epoch).is_none()) {
            return Ok(SegmentCheck::NotYet);
        }
        let Ok(Some(opened)) = open_pack(self.tag(), &self.keys, pack) else {
            return unsound("it does not open".to_owned());
        };
        let made = EntryPack::parse(&opened)
            .and_then(|pack| pack.entries(self.notebook, &self.keys, &mut states));
        let entries = match made {
            Ok(entries) => entries,
            Err(UnpackEntriesError::KeyMissing(_)) => return Ok(SegmentCheck::NotYet),
            Err(error) => return unsound(error.to_string()),
        };
        let ends = |log: &SegmentLog| {
            let state = states.get(&log.log);
            state.is_some_and(|state: &LogState| state.tip == log.last)
        };
        let count = entries.len() as u64;
        if count != head.entries() || !head.logs.iter().all(ends) {
            return unsound("it holds other entries than it says".to_owned());
        }
        let proven = self.prove(&entries);
        if !entries
            .iter()
            .all(|entry| !entry.is_bare() || proven.has(entry))
        {
            return unsound("an entry in it is proven by no signed one".to_owned());
        }
        if !others.is_empty() {
            let is_signed = |entry: &RawEntry| {
                let card = self.controls.device(&entry.header().log.device);
                card.is_some_and(|(_, card)| entry.is_signed_by(&card.verify_key))
            };
            let found = |(_, hash): &LogTip| {
                let mut made = entries.iter();
                made.any(|entry| entry.hash() == *hash && is_signed(entry))
            };
            // A log that is forked, of which only one branch is here yet.
            if others.iter().all(found) {
                return Ok(SegmentCheck::NotYet);
            }
            return unsound("it ends in an entry that nobody signed".to_owned());
        }
        let mut packs = base.packs.clone();
        packs.states = states;
        self.pass_over(&mut packs, storage)?;
        Ok(SegmentCheck::Sound(Box::new(SegmentBase {
            number: head.number,
            last: Some(head.hash(self.notebook)),
            packs,
        })))
    }

    /// Returns the hash of the entry at a place of a log that is not forked.
    fn hash_at(
        &self,
        log: LogId,
        seq: Seq,
        storage: &dyn Storage,
    ) -> Result<Option<EntryHash>, StorageError> {
        let Some(trunk) = self.trunk(&log).filter(|_| !self.is_forked(&log)) else {
            return Ok(None);
        };
        if let Some(hash) = trunk.hash_of(seq) {
            return Ok(Some(hash));
        }
        let Some(position) = trunk.position_of(seq) else {
            return Ok(None);
        };
        let entry = EntryReader::new(self, storage).at(position)?;
        Ok(Some(entry.hash()))
    }

    /// Moves the place from which entries for the next segment are looked for behind those that are in segments.
    fn pass_over(&self, packs: &mut PackBase, storage: &dyn Storage) -> Result<(), StorageError> {
        loop {
            let read = storage.entries(self.notebook, packs.end, PACK_RAW_BYTES_MAX)?;
            if read.is_empty() {
                return Ok(());
            }
            for (position, bytes) in read {
                let entry = RawEntry::parse_any(bytes)
                    .map_err(|error| StorageError::Damaged(error.to_string()))?;
                if position >= self.committed_position || !packs.has(&entry) {
                    return Ok(());
                }
                packs.end = position + 1;
            }
        }
    }
}

/// Returns the epoch under whose key a pack says that it is sealed.
fn epoch_of(sealed: &[u8]) -> Option<EpochId> {
    let epoch = sealed.first_chunk::<{ ControlHash::LEN }>()?;
    Some(ControlHash::from_bytes(*epoch).as_epoch())
}

impl SegmentBase {
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer
            .varint(self.number)
            .raw(self.last.unwrap_or(SegmentHash::ZERO).as_bytes())
            .bytes(&self.packs.to_bytes());
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let number = reader.varint("number of segments")?;
        let last = SegmentHash::from_bytes(reader.array("segment")?);
        let packs = PackBase::parse(reader.bytes("packs", reader.remaining())?)?;
        Ok(Self {
            number,
            last: (!last.is_zero()).then_some(last),
            packs,
        })
    }
}
