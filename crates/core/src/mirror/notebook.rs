//! One notebook on a mirror: its control entries, the sealed wraps of its keys, and its sealed entries.
//!
//! Invariants:
//! - There is no place in it for a content key, nor anything that could open one: a mirror has no sealing key.
//! - What it holds is what its storage holds plus [`MirroredNotebook::unsaved`].
//! - An entry is kept only where a member's device signed it, behind the entry that it names.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};

use super::checkpoint::KeptCheckpoint;
use super::files::FilesHeld;
use super::logs::{Branches, MirroredLog, read_id, write_id};
use super::request::Quota;
use crate::codec::{DecodeError, Reader, Writer};
use crate::control::{ControlEntry, ControlError, ControlSet, Membership};
use crate::frontier::Frontier;
use crate::identity::MirrorSecrets;
use crate::ids::{EpochId, LogId, NotebookId, Seq};
use crate::limits::{
    LOGS_MAX, MIRROR_RECENT_BYTES_MAX, MIRROR_RECENT_ENTRIES_MAX, MIRROR_SNAPSHOT_EVERY,
};
use crate::log::RawEntry;
use crate::replica::{OpenReplicaError, control_digest};
use crate::storage::{Position, Space, Storage, StorageError, Write};

const STATE_VERSION: u8 = 1;
/// Bytes of history that are read at once.
pub(super) const READ_BYTES_AIM: usize = 1024 * 1024;

/// One notebook on a mirror.
#[derive(Debug)]
pub struct MirroredNotebook {
    pub(super) notebook: NotebookId,
    pub(super) secrets: Arc<MirrorSecrets>,
    pub(super) controls: ControlSet,
    pub(super) membership: Membership,
    pub(super) epochs: BTreeSet<EpochId>,
    pub(super) logs: BTreeMap<LogId, MirroredLog>,
    /// The log whose every entry was looked at last, since somebody sent another one for a place that is taken.
    pub(super) recalled: Option<(LogId, Branches)>,
    pub(super) next_position: Position,
    committed_position: Position,
    recent: VecDeque<(Position, Arc<RawEntry>)>,
    recent_bytes: usize,
    pub(super) unsaved: Vec<Write>,
    pub(super) frontier: OnceLock<(Arc<Frontier>, [u8; 32])>,
    pub(super) has_new_members: bool,
    /// What is held beside files and checkpoint.
    pub(super) used_bytes: u64,
    /// What the files take that are kept, or were taken and are on their way.
    pub(super) files: FilesHeld,
    /// What members packed of it.
    pub(super) checkpoint: KeptCheckpoint,
    /// How much it may hold.
    pub(super) max_bytes: u64,
    pub(super) has_refused: bool,
    entries_since_state: u64,
}

impl MirroredNotebook {
    /// Starts to hold a notebook, from its control entries, the one that created it first; they are unsaved.
    ///
    /// # Errors
    /// [`ControlError`] where one does not check, or is missing.
    pub fn begin(
        secrets: Arc<MirrorSecrets>,
        entries: Vec<ControlEntry>,
        max_bytes: u64,
    ) -> Result<Self, ControlError> {
        let mut entries = entries.into_iter();
        let create = entries.next().ok_or(ControlError::PastMissing(1))?;
        let mut notebook = Self::with_controls(secrets, ControlSet::new(create)?);
        notebook.max_bytes = max_bytes;
        notebook.keep_control(&notebook.controls.create());
        notebook.take_controls(entries.collect())?;
        match notebook.controls.waiting() {
            0 => Ok(notebook),
            count => Err(ControlError::PastMissing(count)),
        }
    }

    fn with_controls(secrets: Arc<MirrorSecrets>, controls: ControlSet) -> Self {
        Self {
            notebook: controls.notebook(),
            secrets,
            membership: Membership::resolve(&controls),
            controls,
            epochs: BTreeSet::new(),
            logs: BTreeMap::new(),
            recalled: None,
            next_position: 0,
            committed_position: 0,
            recent: VecDeque::new(),
            recent_bytes: 0,
            unsaved: Vec::new(),
            frontier: OnceLock::new(),
            has_new_members: true,
            used_bytes: 0,
            files: FilesHeld::default(),
            checkpoint: KeptCheckpoint::default(),
            max_bytes: u64::MAX,
            has_refused: false,
            entries_since_state: 0,
        }
    }

    /// Opens a notebook from its storage: the saved state, then the entries that came after it.
    ///
    /// # Errors
    /// [`OpenReplicaError`] where the disk fails, or a record is damaged.
    pub fn open(
        notebook: NotebookId,
        secrets: Arc<MirrorSecrets>,
        storage: &dyn Storage,
    ) -> Result<Self, OpenReplicaError> {
        let damaged = |reason: String| OpenReplicaError::Damaged { notebook, reason };
        let controls = crate::replica::open_controls(notebook, storage)?;
        let mut held = Self::with_controls(secrets, controls);
        for (key, _) in storage.scan(notebook, Space::Wraps)? {
            let epoch: [u8; 32] = key
                .try_into()
                .map_err(|_| damaged("an epoch's id".to_owned()))?;
            let rekey = crate::ids::ControlHash::from_bytes(epoch);
            held.epochs.insert(rekey.as_epoch());
        }
        held.checkpoint = KeptCheckpoint::load(notebook, storage)?;
        let mut forked = Vec::new();
        if let Some(state) = storage.get(notebook, Space::State, &[])? {
            // A state that does not read is made anew from the entries.
            if held.read_state(&state, &mut forked).is_err() {
                held.logs.clear();
                held.next_position = 0;
                held.used_bytes = 0;
                forked.clear();
            }
        }
        if held.next_position == 0 {
            held.used_bytes = held.bytes_without_entries(storage)?;
        }
        held.replay(&mut forked, storage)?;
        held.files = FilesHeld::load(notebook, storage)?;
        held.committed_position = held.next_position;
        held.controls.forget_resolved();
        for log in forked {
            let branches = held.look_at_all_of(&log, storage)?;
            if let Some(known) = held.logs.get_mut(&log) {
                known.set_branches(branches);
            }
        }
        Ok(held)
    }

    fn bytes_without_entries(&self, storage: &dyn Storage) -> Result<u64, StorageError> {
        let controls = self.controls.iter().map(|entry| entry.as_bytes().len());
        let mut bytes: usize = controls.sum();
        for (_, wraps) in storage.scan(self.notebook, Space::Wraps)? {
            bytes += wraps.len();
        }
        Ok(bytes as u64)
    }

    fn replay(
        &mut self,
        forked: &mut Vec<LogId>,
        storage: &dyn Storage,
    ) -> Result<(), OpenReplicaError> {
        loop {
            let read = storage.entries(self.notebook, self.next_position, READ_BYTES_AIM)?;
            if read.is_empty() {
                return Ok(());
            }
            for (position, bytes) in read {
                self.next_position = position + 1;
                self.entries_since_state += 1;
                if bytes.is_empty() {
                    continue;
                }
                let entry = self.parse_kept(bytes)?;
                let header = entry.header();
                self.used_bytes += entry.as_bytes().len() as u64;
                let pruned = self.checkpoint.pruned.seq(&header.log);
                if header.seq <= pruned {
                    // It is kept since control entries name it.
                    continue;
                }
                let log = self
                    .logs
                    .entry(header.log)
                    .or_insert_with(|| MirroredLog::new(position));
                if header.seq == log.tip.0.next() && header.previous == log.tip.1 {
                    log.extend(&entry, position);
                } else if log.tip.0 == Seq::NONE && header.seq == pruned.next() {
                    log.begin_behind(&entry, position);
                } else if !forked.contains(&header.log) {
                    forked.push(header.log);
                }
            }
        }
    }

    fn parse_kept(&self, bytes: Vec<u8>) -> Result<RawEntry, OpenReplicaError> {
        RawEntry::parse_any(bytes).map_err(|error| OpenReplicaError::Damaged {
            notebook: self.notebook,
            reason: error.to_string(),
        })
    }

    /// Looks at every entry of a log.
    pub(super) fn look_at_all_of(
        &self,
        log: &LogId,
        storage: &dyn Storage,
    ) -> Result<Branches, StorageError> {
        let damaged = |error: crate::log::EntryError| StorageError::Damaged(error.to_string());
        let mut branches = Branches::default();
        let pruned = self.checkpoint.pruned.seq(log);
        let mut at = self.logs.get(log).map_or(0, |log| log.first);
        while at < self.committed_position {
            let read = storage.entries(self.notebook, at, READ_BYTES_AIM)?;
            let Some((last, _)) = read.last() else { break };
            at = last + 1;
            for (_, bytes) in read.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
                let entry = RawEntry::parse_any(bytes).map_err(damaged)?;
                if entry.header().log == *log && entry.header().seq > pruned {
                    branches.add(&entry);
                }
            }
        }
        for write in &self.unsaved {
            if let Write::Append(bytes) = write {
                let entry = RawEntry::parse_any(bytes.clone()).map_err(damaged)?;
                if entry.header().log == *log {
                    branches.add(&entry);
                }
            }
        }
        Ok(branches)
    }

    /// Returns the notebook.
    pub const fn notebook(&self) -> NotebookId {
        self.notebook
    }

    /// Returns the control entries.
    pub const fn controls(&self) -> &ControlSet {
        &self.controls
    }

    /// Returns the resolved membership.
    pub const fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Returns how many content entries are held.
    pub const fn entries(&self) -> u64 {
        self.next_position
    }

    /// Returns how much is held, and how much may be.
    pub const fn quota(&self) -> Quota {
        Quota {
            used_bytes: self.all_bytes(),
            max_bytes: self.max_bytes,
        }
    }

    /// Returns how much all that is held takes, files and checkpoint among it.
    pub(super) const fn all_bytes(&self) -> u64 {
        self.used_bytes
            .saturating_add(self.files.bytes)
            .saturating_add(self.checkpoint.reached.bytes)
    }

    /// Sets how much may be held. Nothing is dropped where that is less than is here.
    pub const fn set_max_bytes(&mut self, max_bytes: u64) {
        self.max_bytes = max_bytes;
    }

    /// Says whether something was not taken for want of room.
    pub const fn has_refused(&self) -> bool {
        self.has_refused
    }

    /// Notes that something was not taken for want of room, before it was closed.
    pub(super) const fn note_refused(&mut self) {
        self.has_refused = true;
    }

    /// Says whether the notebook names this mirror.
    pub fn names_this_mirror(&self) -> bool {
        self.membership.mirrors().contains_key(&self.secrets.id())
    }

    /// Says whether something is not committed yet.
    pub fn has_unsaved(&self) -> bool {
        !self.unsaved.is_empty()
    }

    /// Adds a write to what is unsaved.
    pub(super) fn keep_with_next_commit(&mut self, write: Write) {
        self.unsaved.push(write);
    }

    /// Returns the writes that are not committed yet.
    pub fn unsaved(&self) -> &[Write] {
        &self.unsaved
    }

    /// Notes that all unsaved writes are on disk now.
    pub fn saved(&mut self) {
        self.unsaved = Vec::new();
        self.controls.forget_resolved();
        self.committed_position = self.next_position;
    }

    /// Says whether opening it anew would read entries that the saved state of its logs does not know.
    pub const fn has_later_entries(&self) -> bool {
        self.entries_since_state > 0
    }

    /// Says whether the state of the logs is to be saved again.
    pub const fn wants_state(&self) -> bool {
        self.entries_since_state >= MIRROR_SNAPSHOT_EVERY
    }

    /// Adds the state of the logs to what is unsaved, unless it is on disk as it is.
    pub fn save_state(&mut self) {
        if self.entries_since_state == 0 {
            return;
        }
        self.entries_since_state = 0;
        let mut writer = Writer::new();
        writer
            .u8(STATE_VERSION)
            .varint(self.next_position)
            .varint(self.used_bytes)
            .varint(self.logs.len() as u64);
        for (id, log) in &self.logs {
            write_id(id, &mut writer);
            log.write(&mut writer);
        }
        self.unsaved.push(Write::Put {
            space: Space::State,
            key: Vec::new(),
            value: writer.into_bytes(),
        });
    }

    /// Adds the state of the logs to what is unsaved, with how much is held now.
    pub(super) fn save_state_again(&mut self) {
        self.entries_since_state = self.entries_since_state.max(1);
        self.save_state();
    }

    fn read_state(&mut self, bytes: &[u8], forked: &mut Vec<LogId>) -> Result<(), DecodeError> {
        let mut reader = Reader::new(bytes);
        match reader.u8("state version")? {
            STATE_VERSION => {}
            other => {
                return Err(DecodeError::Unknown {
                    what: "state of a mirror",
                    value: other.into(),
                });
            }
        }
        self.next_position = reader.varint("next position")?;
        self.used_bytes = reader.varint("bytes")?;
        let count = reader.count("logs", LOGS_MAX)?;
        for _ in 0..count {
            let id = read_id(&mut reader)?;
            let (log, is_forked) = MirroredLog::read(&mut reader)?;
            if is_forked {
                forked.push(id);
            }
            self.logs.insert(id, log);
        }
        reader.finish()
    }

    pub(super) fn frontier_with_digest(&self) -> &(Arc<Frontier>, [u8; 32]) {
        self.frontier.get_or_init(|| {
            let mut frontier = Frontier {
                control_heads: self.controls.heads_to_name(),
                control_digest: control_digest(&self.controls, self.epochs.iter()),
                ..Frontier::default()
            };
            for (id, log) in &self.logs {
                frontier.set_tips(*id, log.tips());
            }
            let digest = frontier.digest();
            (Arc::new(frontier), digest)
        })
    }

    pub(super) const fn committed(&self) -> Position {
        self.committed_position
    }

    pub(super) fn recent_entry(&self, position: Position) -> Option<Arc<RawEntry>> {
        let first = self.recent.front()?.0;
        let place = usize::try_from(position.checked_sub(first)?).ok()?;
        self.recent.get(place).map(|(_, entry)| Arc::clone(entry))
    }

    /// Gives an entry that was placed the next position.
    pub(super) fn remember(&mut self, entry: RawEntry) {
        let bytes = entry.as_bytes().len();
        self.used_bytes += bytes as u64;
        self.unsaved.push(Write::Append(entry.as_bytes().to_vec()));
        self.recent_bytes += bytes;
        self.recent.push_back((self.next_position, Arc::new(entry)));
        while self.recent.len() > MIRROR_RECENT_ENTRIES_MAX
            || self.recent_bytes > MIRROR_RECENT_BYTES_MAX
        {
            let Some((_, oldest)) = self.recent.pop_front() else {
                break;
            };
            self.recent_bytes = self.recent_bytes.saturating_sub(oldest.as_bytes().len());
        }
        self.next_position += 1;
        self.entries_since_state += 1;
        self.frontier = OnceLock::new();
    }

    /// Takes whether who is a member was found out anew since the last call.
    pub(super) const fn take_new_members(&mut self) -> bool {
        std::mem::replace(&mut self.has_new_members, false)
    }
}
