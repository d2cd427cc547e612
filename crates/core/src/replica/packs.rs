//! Packs of what is on disk: for peers that lack much of it, and taken in from peers that have more.
//!
//! Packs lie end to end over the stream of arrivals, from its first entry on. The next one follows from how
//! far each log was where the last one ended, which is kept with it; what came since is packed on demand.
//! They are made from entries and can be made again, so a damaged one is worth no more than its absence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::Replica;
use super::log::BranchId;
use super::persist::{read_log_id, read_version};
use super::state::{read_tips, write_tips};
use crate::codec::{DecodeError, Reader, Writer};
use crate::control::Recipient;
use crate::ids::{DeviceId, EntryHash, LogId, Seq};
use crate::limits::{
    LOGS_MAX, PACK_BYTES_MAX, PACK_CONTENT_BYTES_AIM, PACK_ENTRIES_AIM, PACK_LACKED_MIN,
    PACK_RAW_BYTES_MAX,
};
use crate::log::{
    EntryPack, LogState, LogStates, PackEntriesError, RawEntry, UnpackEntriesError, open_pack,
    pack_entries, seal_pack, trim_pack,
};
use crate::storage::{Position, Space, Storage, StorageError, Write};

const VERSION: u8 = 1;

/// How often it is looked, while as many entries come as go into a pack, whether they fill one already.
const PACKS_SOUGHT_PER_PACK: u64 = 8;

/// A pack of this replica's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// The position after its last entry.
    pub end: Position,
    /// The first and the last entry of each log in it.
    pub logs: Vec<(LogId, Seq, Seq)>,
    /// The pack, not sealed.
    pub bytes: Vec<u8>,
}

/// Where the packs that are on disk end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PackBase {
    /// The first position of each pack.
    starts: BTreeSet<Position>,
    /// The position after the last one.
    pub(super) end: Position,
    /// How far each log was there.
    pub(super) states: LogStates,
}

/// What a pack holds that is not here.
#[derive(Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The entries, in the order in which they arrived at whoever packed them.
    pub entries: Vec<RawEntry>,
    /// What follows them in each log follows from this.
    pub states: LogStates,
}

/// A pack that cannot be taken in as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackRefused {
    /// It does not open under any key that is here.
    #[error("the pack does not open")]
    Sealed,
    /// Its entries cannot be made.
    #[error(transparent)]
    Unpack(#[from] UnpackEntriesError),
    /// An entry of it is proven by none that is signed.
    #[error("an entry of device {} in the pack is proven by no signed one", .0.device)]
    Unproven(LogId),
    /// What came before it could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Replica {
    /// Says whether enough may have come since the last pack for another one.
    pub fn wants_pack(&self) -> bool {
        // Where the packs end is not read for this; the last state was saved there, or before.
        let end = self.packs.get().map_or(0, |packs| packs.end);
        let new = self
            .committed_position
            .saturating_sub(end.max(self.packs_sought_to));
        // A few entries may hold as many changes as a pack takes.
        self.pack_entries > 0 && new >= self.pack_entries.div_ceil(PACKS_SOUGHT_PER_PACK)
    }

    /// Returns how many entries go into a pack.
    pub(crate) const fn pack_entries(&self) -> u64 {
        self.pack_entries
    }

    /// Sets how many entries go into a pack, for tests that have few; with 0 none is made or sent.
    pub const fn set_pack_entries(&mut self, entries: u64) {
        self.pack_entries = entries;
    }

    /// Makes the next pack of what is on disk, where there is enough for one, and puts it there.
    ///
    /// # Errors
    /// [`StorageError`]; nothing but the pack is missing then.
    pub fn make_pack(&mut self, storage: &mut dyn Storage) -> Result<bool, StorageError> {
        if !self.wants_pack() || !self.forks.is_empty() {
            return Ok(false);
        }
        let mut base = self.packs(storage)?.clone();
        let start = base.end;
        let Some(pack) = self.pack_behind(&mut base, storage)? else {
            return Ok(false);
        };
        if pack.end - start < self.pack_entries && pack.end == self.committed_position {
            // Some would come on top of it only too soon.
            self.packs_sought_to = self.committed_position;
            return Ok(false);
        }
        base.starts.insert(start);
        let writes = [
            Write::Put {
                space: Space::Pack,
                key: start.to_be_bytes().to_vec(),
                value: pack.to_bytes(),
            },
            Write::Put {
                space: Space::PackBase,
                key: Vec::new(),
                value: base.to_bytes(),
            },
        ];
        storage.commit(self.notebook, &writes)?;
        self.packs = OnceLock::from(base);
        Ok(true)
    }

    /// Returns the pack in which the entry at a position lies: one that is on disk, or one of what came since.
    ///
    /// # Errors
    /// [`StorageError`] where the disk cannot be read.
    pub fn pack_at(
        &self,
        position: Position,
        storage: &dyn Storage,
    ) -> Result<Option<Pack>, StorageError> {
        if !self.forks.is_empty() || self.pack_entries == 0 {
            return Ok(None);
        }
        let base = self.packs(storage)?;
        if position < base.end {
            let Some(start) = base.starts.range(..=position).next_back() else {
                return Ok(None);
            };
            let kept = storage.get(self.notebook, Space::Pack, &start.to_be_bytes());
            let pack = match kept {
                Ok(kept) => kept.and_then(|bytes| Pack::parse(&bytes).ok()),
                Err(StorageError::Damaged(_)) => None,
                Err(error) => return Err(error),
            };
            return Ok(pack.filter(|pack| pack.end > position));
        }
        // What is further away would be packed again and again for each peer.
        if position - base.end >= self.pack_entries {
            return Ok(None);
        }
        let mut base = base.clone();
        loop {
            match self.pack_behind(&mut base, storage)? {
                Some(pack) if pack.end <= position => {}
                pack => return Ok(pack),
            }
        }
    }

    /// Returns how many entries of a pack a peer has to lack to be sent it.
    pub(crate) fn pack_lacked_min(&self) -> u64 {
        PACK_LACKED_MIN.min(self.pack_entries.div_ceil(2))
    }

    /// Seals a pack for those who hold the key in force; `None` while that is not here.
    pub fn seal_pack(&self, pack: &Pack) -> Option<Vec<u8>> {
        let epoch = self.sealing_epoch()?;
        let key = self.keys.get(&epoch)?;
        Some(seal_pack(self.tag(), (epoch, key), &pack.bytes))
    }

    /// Says whether some devices were all given the key under which packs are sealed now.
    pub(crate) fn packs_open_for(&self, devices: impl IntoIterator<Item = DeviceId>) -> bool {
        let mut devices = devices.into_iter();
        self.sealing_epoch().is_some_and(|epoch| {
            devices.all(|device| self.was_given(epoch, Recipient::Device(device)))
        })
    }

    /// Makes the entries of a pack that somebody sent and that are not here. Each of them is signed, or proven
    /// by a signed one among them.
    ///
    /// # Errors
    /// [`PackRefused`]; the entries themselves can be taken all the same, unless the own disk failed.
    pub fn unpack(
        &mut self,
        sealed: &[u8],
        storage: &dyn Storage,
    ) -> Result<Unpacked, PackRefused> {
        let opened = open_pack(self.tag(), &self.keys, sealed).map_err(UnpackEntriesError::from)?;
        let pack = EntryPack::parse(&opened.ok_or(PackRefused::Sealed)?)?;
        if self.must_catch_up(pack.logs()) {
            self.advance(storage)?;
        }
        let mut states: LogStates = pack.logs().map(|log| (log, self.state_of(log))).collect();
        let entries = pack.entries(self.notebook, &self.keys, &mut states)?;
        let proven = self.prove(&entries);
        let unproven = entries
            .iter()
            .find(|entry| entry.is_bare() && !proven.has(entry));
        match unproven {
            Some(entry) => Err(PackRefused::Unproven(entry.header().log)),
            None => Ok(Unpacked { entries, states }),
        }
    }

    /// Returns what the next entry of each log follows from.
    pub fn log_states(&self) -> LogStates {
        let trunks = self.logs.keys().filter(|id| id.number == 0);
        trunks.map(|id| (id.log, self.state_of(id.log))).collect()
    }

    /// Returns what the next entry of a log follows from.
    fn state_of(&self, log: LogId) -> LogState {
        if let Some(ahead) = self.state_ahead(&log) {
            return ahead.clone();
        }
        let Some(trunk) = self.trunk(&log) else {
            return LogState::default();
        };
        let is_placed = trunk.settled == trunk.tip_seq()
            && !trunk.unreadable
            && !self.is_forked(&log)
            && self.logs.contains_key(&BranchId::trunk(log));
        LogState {
            tip: trunk.tip(),
            tips: is_placed.then(|| trunk.tips.clone()),
        }
    }

    /// Returns which packs there are, read from the disk when that is first asked for.
    fn packs(&self, storage: &dyn Storage) -> Result<&PackBase, StorageError> {
        if let Some(packs) = self.packs.get() {
            return Ok(packs);
        }
        let kept = match storage.get(self.notebook, Space::PackBase, &[]) {
            Ok(kept) => kept.and_then(|bytes| PackBase::parse(&bytes).ok()),
            Err(StorageError::Damaged(_)) => None,
            Err(error) => return Err(error),
        };
        let base = kept.filter(|base| base.end <= self.committed_position);
        Ok(self.packs.get_or_init(|| base.unwrap_or_default()))
    }

    /// Packs the entries behind `base`, as many as go into one pack, and moves it on. `None` where there is
    /// none that can be packed now.
    pub(super) fn pack_behind(
        &self,
        base: &mut PackBase,
        storage: &dyn Storage,
    ) -> Result<Option<Pack>, StorageError> {
        let found = self.entries_for_pack(base, |_| true, storage)?;
        self.pack_of(&found, base)
    }

    /// Packs entries that follow `base`, and moves it on. `None` where they cannot be packed now.
    pub(super) fn pack_of(
        &self,
        found: &ForPack,
        base: &mut PackBase,
    ) -> Result<Option<Pack>, StorageError> {
        let entries = &found.entries;
        if entries.is_empty() {
            return Ok(None);
        }
        let mut states = base.states.clone();
        let bytes = match pack_entries(self.notebook, entries, &self.keys, &mut states) {
            Ok(bytes) if bytes.len() <= PACK_BYTES_MAX => bytes,
            // A key that is late, or more than one frame carries: they go one by one.
            Ok(_) | Err(PackEntriesError::KeyMissing(_) | PackEntriesError::Unproven(_)) => {
                return Ok(None);
            }
            Err(error) => return Err(StorageError::Damaged(error.to_string())),
        };
        let mut logs: BTreeMap<LogId, (Seq, Seq)> = BTreeMap::new();
        for entry in entries {
            let (log, seq) = (entry.header().log, entry.header().seq);
            logs.entry(log).or_insert((seq, seq)).1 = seq;
        }
        base.states = states;
        base.end = found.end;
        Ok(Some(Pack {
            end: base.end,
            logs: logs
                .into_iter()
                .map(|(log, (first, last))| (log, first, last))
                .collect(),
            bytes,
        }))
    }

    /// Reads the entries that go into a pack behind `base`: up to where every log ends in a signed one, and before the
    /// first one that is not wanted. What `base` has of a log already is left out.
    pub(super) fn entries_for_pack(
        &self,
        base: &PackBase,
        is_wanted: impl Fn(&RawEntry) -> bool,
        storage: &dyn Storage,
    ) -> Result<ForPack, StorageError> {
        let most = usize::try_from(self.pack_entries).unwrap_or(PACK_ENTRIES_AIM);
        let mut entries: Vec<RawEntry> = Vec::new();
        let (mut next, mut closed, mut end) = (base.end, 0, base.end);
        let mut is_full = false;
        let (mut bytes, mut content) = (0, 0);
        let mut open: BTreeSet<LogId> = BTreeSet::new();
        'read: while next < self.committed_position {
            let read = storage.entries(self.notebook, next, PACK_RAW_BYTES_MAX)?;
            let Some((last, _)) = read.last() else { break };
            next = last + 1;
            for (position, raw) in read {
                let entry = RawEntry::parse_any(raw)
                    .map_err(|error| StorageError::Damaged(error.to_string()))?;
                if position < self.committed_position && base.has(&entry) {
                    if open.is_empty() {
                        end = position + 1;
                    }
                    continue;
                }
                bytes += entry.as_bytes().len();
                content += entry.content_len();
                is_full = entries.len() >= most
                    || bytes > PACK_RAW_BYTES_MAX
                    || content > PACK_CONTENT_BYTES_AIM;
                let is_beyond = is_full && closed > 0;
                if is_beyond || position >= self.committed_position || !is_wanted(&entry) {
                    break 'read;
                }
                if entry.is_bare() {
                    open.insert(entry.header().log);
                } else {
                    open.remove(&entry.header().log);
                }
                entries.push(entry);
                if open.is_empty() {
                    closed = entries.len();
                    end = position + 1;
                }
            }
        }
        is_full |= closed >= most;
        entries.truncate(closed);
        Ok(ForPack {
            entries,
            end,
            is_full,
        })
    }
}

/// Entries that go into one pack.
#[derive(Debug)]
pub(super) struct ForPack {
    pub(super) entries: Vec<RawEntry>,
    /// The position behind the last one.
    pub(super) end: Position,
    /// Whether they fill it.
    pub(super) is_full: bool,
}

impl Pack {
    /// Returns how many entries it holds.
    pub fn entries(&self) -> u64 {
        let counts = self
            .logs
            .iter()
            .map(|(_, first, last)| last.get() + 1 - first.get());
        counts.sum()
    }

    /// Leaves out the entries up to a place of each log; `None` where nothing is left, or where the pack is
    /// damaged.
    pub(crate) fn without(&self, had: impl Fn(&LogId) -> Seq) -> Option<Self> {
        let bytes = trim_pack(&self.bytes, &had).ok()??;
        let logs = self.logs.iter().filter_map(|(log, first, last)| {
            let first = (*first).max(had(log).next());
            (first <= *last).then_some((*log, first, *last))
        });
        Some(Self {
            end: self.end,
            logs: logs.collect(),
            bytes,
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .varint(self.end)
            .varint(self.logs.len() as u64);
        for (log, first, last) in &self.logs {
            write_log_id(log, &mut writer);
            writer.varint(first.get()).varint(last.get());
        }
        writer.bytes(&self.bytes);
        writer.into_bytes()
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        read_version(&mut reader)?;
        let end = reader.varint("end")?;
        let mut logs = Vec::new();
        for _ in 0..reader.count("logs", LOGS_MAX)? {
            let log = read_log_id(&mut reader)?;
            let first = Seq::new(reader.varint("first")?);
            logs.push((log, first, Seq::new(reader.varint("last")?)));
        }
        let bytes = reader.bytes("pack", PACK_BYTES_MAX)?.to_vec();
        reader.finish()?;
        Ok(Self { end, logs, bytes })
    }
}

impl PackBase {
    /// Says whether an entry is one of those before it.
    pub(super) fn has(&self, entry: &RawEntry) -> bool {
        let state = self.states.get(&entry.header().log);
        state.is_some_and(|state| entry.header().seq <= state.tip.0)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .varint(self.end)
            .varint(self.starts.len() as u64);
        let mut last = 0;
        for start in &self.starts {
            writer.varint(start - last);
            last = *start;
        }
        writer.varint(self.states.len() as u64);
        for (log, state) in &self.states {
            write_log_id(log, &mut writer);
            writer.varint(state.tip.0.get()).raw(state.tip.1.as_bytes());
            match &state.tips {
                None => {
                    writer.u8(0);
                }
                Some(tips) => {
                    writer.u8(1);
                    write_tips(tips, &mut writer);
                }
            }
        }
        writer.into_bytes()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        read_version(&mut reader)?;
        let end = reader.varint("end")?;
        let (mut starts, mut last) = (BTreeSet::new(), 0_u64);
        for _ in 0..reader.count("packs", reader.remaining())? {
            last = last
                .checked_add(reader.varint("start")?)
                .ok_or(DecodeError::Invalid("start"))?;
            starts.insert(last);
        }
        let mut states = LogStates::new();
        for _ in 0..reader.count("logs", LOGS_MAX)? {
            let log = read_log_id(&mut reader)?;
            let seq = Seq::new(reader.varint("tip")?);
            let tip = (seq, EntryHash::from_bytes(reader.array("tip hash")?));
            let tips = match reader.u8("tips")? {
                0 => None,
                _ => Some(read_tips(&mut reader)?),
            };
            states.insert(log, LogState { tip, tips });
        }
        reader.finish()?;
        Ok(Self {
            starts,
            end,
            states,
        })
    }
}

fn write_log_id(log: &LogId, writer: &mut Writer) {
    writer
        .raw(log.device.as_bytes())
        .raw(log.incarnation.as_bytes());
}
