//! Takes in what others wrote: control entries, wraps, content entries. Raw bytes become verified
//! ones here; nothing is opened yet.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::log::{BranchId, Log};
use super::place::Place;
use super::{Replica, SetAside};
use crate::control::{ControlEntry, ControlError, ControlSet, Inserted};
use crate::epoch::Wraps;
use crate::ids::{ControlHash, DeviceId, EntryHash, LogId, Seq};
use crate::limits::{
    LOGS_MAX, LOGS_PER_DEVICE_MAX, SET_ASIDE_PER_DEVICE_MAX, UNCOUNTED_ENTRIES_PER_LOG_MAX,
    WAITING_BYTES_PER_LOG_MAX, WAITING_ENTRIES_PER_LOG_MAX,
};
use crate::log::{EntryError, RawEntry};
use crate::storage::{Space, Storage, StorageError, Write};

/// The bare entries, by log and hash, that signed ones further on in their logs name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proven(BTreeSet<(LogId, EntryHash)>);

impl Proven {
    /// Finds out which bare ones among entries that came together are proven: those whose log has a signed
    /// one further on, with nothing left out between them.
    pub(crate) fn among(controls: &ControlSet, entries: &[RawEntry]) -> Self {
        let name = |entry: &RawEntry| (entry.header().log, entry.hash());
        let bare: BTreeSet<(LogId, EntryHash)> = entries
            .iter()
            .filter(|entry| entry.is_bare())
            .map(name)
            .collect();
        let mut proven = Self::default();
        if bare.is_empty() {
            return proven;
        }
        for entry in entries.iter().rev() {
            let header = entry.header();
            let before = (header.log, header.previous);
            let is_signed = || {
                let device = controls.device(&header.log.device);
                device.is_some_and(|(_, card)| entry.is_signed_by(&card.verify_key))
            };
            if bare.contains(&before) && (proven.has(entry) || is_signed()) {
                proven.0.insert(before);
            }
        }
        proven
    }

    /// Says whether an entry is one of them.
    pub fn has(&self, entry: &RawEntry) -> bool {
        self.0.contains(&(entry.header().log, entry.hash()))
    }
}

/// What became of an entry that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ingested {
    /// It is new and kept.
    Kept,
    /// It was here already.
    Known,
}

/// Why an entry that arrived was not kept. Nothing of it stays; it is not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// It cannot be accepted as it is.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// It names control entries that are not here yet.
    #[error("the entry names control entries that have not arrived")]
    ControlMissing,
    /// No roster in this notebook names its device.
    #[error("the entry is signed by device {0}, which is not in this notebook")]
    UnknownDevice(DeviceId),
    /// Its device was no member's as of the control entries that it names.
    #[error("the entry is signed by device {0}, which was no member's when it was written")]
    NotMember(DeviceId),
    /// It is a part of a base in a place where the notebook's first entry names none.
    #[error("device {0} put something in front of the notebook that its first entry does not name")]
    PartElsewhere(DeviceId),
    /// It does not follow the entry before it.
    #[error("the entry of device {device} at {seq} does not follow the one before it")]
    Gap {
        /// The device.
        device: DeviceId,
        /// Its place.
        seq: u64,
    },
    /// Its log has more branches than are kept.
    #[error("device {0} signed more different entries at the same places than are kept")]
    TooManyBranches(DeviceId),
    /// Where it belongs shows only with the entries of its log at hand.
    #[error("the log of device {0} has to be read to place the entry")]
    Unclear(DeviceId),
    /// Too many entries of its log are kept that do not count.
    #[error("too many entries of device {0} are kept that do not count")]
    TooManyUncounted(DeviceId),
    /// The own disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// It names older control entries than the entry before it.
    #[error("the entry of device {0} forgets control entries that the one before it knew")]
    HeadsRegress(DeviceId),
    /// Too much of this log waits already.
    #[error("too many entries of device {0} wait for something that is missing")]
    TooManyWaiting(DeviceId),
    /// The notebook has too many logs.
    #[error("the notebook has too many logs")]
    TooManyLogs,
}

impl Replica {
    /// Takes a control entry in.
    ///
    /// # Errors
    /// [`ControlError`]; the set is unchanged then.
    pub fn ingest_control(&mut self, entry: ControlEntry) -> Result<Inserted, ControlError> {
        let inserted = self.insert_control(entry)?;
        if matches!(inserted, Inserted::Added(_)) {
            self.resolve();
        }
        Ok(inserted)
    }

    /// Takes control entries in that came together, in order. What they say is resolved once: that
    /// costs time in proportion to all entries of the notebook.
    ///
    /// # Errors
    /// [`ControlError`] of the first that is refused; those before it are taken in, none after it is.
    pub fn ingest_controls(
        &mut self,
        entries: impl IntoIterator<Item = ControlEntry>,
    ) -> Result<(), ControlError> {
        let mut is_new = false;
        let mut taken = Ok(());
        for entry in entries {
            match self.insert_control(entry) {
                Ok(inserted) => is_new |= matches!(inserted, Inserted::Added(_)),
                Err(error) => {
                    taken = Err(error);
                    break;
                }
            }
        }
        if is_new {
            self.resolve();
        }
        taken
    }

    fn insert_control(&mut self, entry: ControlEntry) -> Result<Inserted, ControlError> {
        let inserted = self.controls.insert(entry)?;
        if let Inserted::Added(added) = &inserted {
            for hash in added {
                self.keep_control(hash);
            }
        }
        Ok(inserted)
    }

    pub(super) fn keep_control(&mut self, hash: &ControlHash) {
        if let Some(entry) = self.controls.get(hash) {
            self.unsaved.push(Write::Put {
                space: Space::Control,
                key: hash.as_bytes().to_vec(),
                value: entry.as_bytes().to_vec(),
            });
        }
    }

    /// Takes the wraps of an epoch's key in; returns whether they are new and belong to the epoch.
    pub fn ingest_wraps(&mut self, wraps: Wraps) -> bool {
        if self.wraps.contains_key(&wraps.epoch) {
            return false;
        }
        let Some(entry) = self.controls.get(&wraps.epoch.rekey()) else {
            return false;
        };
        let crate::control::ControlKind::Rekey(rekey) = &entry.kind else {
            return false;
        };
        if !wraps.belong_to(rekey) {
            return false;
        }
        self.unsaved.push(Write::Put {
            space: Space::Wraps,
            key: wraps.epoch.as_bytes().to_vec(),
            value: wraps.to_bytes(),
        });
        if self.membership.is_epoch(&wraps.epoch) {
            self.has_new_keys |= self.keys.learn(&self.controls, &self.device, &wraps);
        }
        self.wraps.insert(wraps.epoch, wraps);
        self.frontier = std::sync::OnceLock::new();
        true
    }

    /// Takes a content entry in whose place may be taken by another one: what its log holds is read where
    /// that is needed. `is_suspect` where the sender was told that the place is taken.
    ///
    /// # Errors
    /// [`IngestError`]; nothing of the entry is kept then.
    pub fn receive_entry(
        &mut self,
        raw: RawEntry,
        is_suspect: bool,
        storage: &dyn Storage,
    ) -> Result<Ingested, IngestError> {
        self.receive_among(raw, &Proven::default(), is_suspect, storage)
    }

    /// Takes a content entry in like [`Replica::receive_entry`], one that may be bare if it is `proven` by
    /// those that came with it.
    ///
    /// # Errors
    /// [`IngestError`]; nothing of the entry is kept then.
    pub fn receive_among(
        &mut self,
        raw: RawEntry,
        proven: &Proven,
        is_suspect: bool,
        storage: &dyn Storage,
    ) -> Result<Ingested, IngestError> {
        if self.place_of(&raw, is_suspect) == Place::Unclear {
            self.recall_hashes(&raw.header().log, storage)?;
        }
        self.ingest(raw, proven, is_suspect)
    }

    /// Takes a content entry in like [`Replica::receive_among`], from somebody who was not told what is here:
    /// what stands at its place is compared with it.
    ///
    /// # Errors
    /// [`IngestError`]; nothing of the entry is kept then.
    pub(crate) fn receive_compared(
        &mut self,
        raw: RawEntry,
        proven: &Proven,
        storage: &dyn Storage,
    ) -> Result<Ingested, IngestError> {
        let is_suspect = self.stands_otherwise(&raw, storage)?;
        self.receive_among(raw, proven, is_suspect, storage)
    }

    /// Finds out which bare ones among entries that came together are proven.
    pub fn prove(&self, entries: &[RawEntry]) -> Proven {
        Proven::among(&self.controls, entries)
    }

    /// Takes a content entry in: checks layout, notebook, signer, signature, chain and heads.
    ///
    /// # Errors
    /// [`IngestError`]; nothing of the entry is kept then.
    pub fn ingest_entry(&mut self, raw: RawEntry) -> Result<Ingested, IngestError> {
        self.ingest(raw, &Proven::default(), false)
    }

    fn ingest(
        &mut self,
        raw: RawEntry,
        proven: &Proven,
        is_suspect: bool,
    ) -> Result<Ingested, IngestError> {
        let header = raw.header();
        let (log_id, seq) = (header.log, header.seq);
        let device = log_id.device;
        if header.tag != self.tag() {
            return Err(EntryError::OtherNotebook.into());
        }
        if header
            .heads
            .iter()
            .any(|head| self.controls.get(head).is_none())
        {
            return Err(IngestError::ControlMissing);
        }
        if !self.controls.is_in_place(header) {
            return Err(IngestError::PartElsewhere(device));
        }
        let (_, card) = self
            .controls
            .device(&device)
            .ok_or(IngestError::UnknownDevice(device))?;
        let verify_key = card.verify_key;

        if self.trunk(&log_id).is_none() && self.has_too_many_logs(device) {
            return Err(IngestError::TooManyLogs);
        }
        let place = self.place_of(&raw, is_suspect);
        let before = match place {
            Place::Known => return Ok(Ingested::Known),
            Place::Unclear => return Err(IngestError::Unclear(device)),
            Place::Gap => {
                return Err(IngestError::Gap {
                    device,
                    seq: seq.get(),
                });
            }
            Place::Extends(id) => {
                self.check_room(&id)?;
                id
            }
            Place::Leaves(_, at) if !self.has_room_for_branch(&log_id, at) => {
                return Err(IngestError::TooManyBranches(device));
            }
            Place::Leaves(id, _) => id,
        };
        self.check_heads(&before, seq, &raw.header().heads)?;
        let raw = if proven.has(&raw) {
            raw
        } else {
            raw.verify(self.notebook, &verify_key)?.into_raw()
        };
        // Anybody in the notebook can name made-up devices in an admission that does not count.
        let heads = &raw.header().heads;
        if self.membership_at(heads).person_of(&device).is_none() {
            return Err(IngestError::NotMember(device));
        }
        // Own entries are on disk here before anybody else has them.
        if device == self.device.id() {
            self.mark_stale_copy();
        }
        let id = match place {
            Place::Leaves(from, at) => self.begin_branch(from, at, raw.header().previous),
            _ => before,
        };
        self.keep_entry(id, Arc::new(raw));
        Ok(Ingested::Kept)
    }

    /// Checks that a branch may grow: not too much of it waits, nor too much that does not count is kept.
    fn check_room(&mut self, id: &BranchId) -> Result<(), IngestError> {
        let device = id.log.device;
        let Some(log) = self.logs.get(id) else {
            return Ok(());
        };
        let uncounted = log.spans.uncounted_at_end(log.tip_seq());
        // A base has its control entries first, so what counted when it arrived in the old notebook may not any more; how
        // much of it there may be has a bound of its own.
        if self.base_depth == 0 && uncounted >= UNCOUNTED_ENTRIES_PER_LOG_MAX {
            return Err(IngestError::TooManyUncounted(device));
        }
        if !self.is_full(log) {
            return Ok(());
        }
        self.name_flooder(id);
        Err(IngestError::TooManyWaiting(device))
    }

    fn is_full(&self, log: &Log) -> bool {
        let waiting = self.waiting_of(log);
        waiting >= WAITING_ENTRIES_PER_LOG_MAX
            || log.bytes_of_first(waiting) >= WAITING_BYTES_PER_LOG_MAX
    }

    /// Names the devices of whose logs too much waits: what was kept before it was placed may be more than there is room
    /// for, and nothing that shows it may follow.
    pub(super) fn name_full(&mut self) {
        let logs = self.logs.iter();
        let full: Vec<BranchId> = logs
            .filter(|(_, log)| !log.missing.is_empty() && self.is_full(log))
            .map(|(id, _)| *id)
            .collect();
        for id in &full {
            self.name_flooder(id);
        }
    }

    /// Names the device of a log of which too much waits, where that is its own doing: a key may be late, and what is
    /// missing may stand on a branch of a forked log that has not come. Changes that nobody has are the writer's.
    fn name_flooder(&mut self, id: &BranchId) {
        let Some(log) = self.logs.get(id) else {
            return;
        };
        let first = log
            .pending
            .front()
            .filter(|_| !log.missing.is_empty() && self.forks.is_empty())
            .map(|entry| (entry.hash(), entry.header().seq));
        if let Some((hash, seq)) = first {
            let device = id.log.device;
            let reason = IngestError::TooManyWaiting(device).to_string();
            self.note_set_aside(hash, device, seq, reason);
        }
    }

    /// Checks that an entry at a place behind one of `before` knows what that one knew.
    fn check_heads(
        &self,
        before: &BranchId,
        seq: Seq,
        heads: &[ControlHash],
    ) -> Result<(), IngestError> {
        let last = Seq::new(seq.get().saturating_sub(1));
        let known = self
            .logs
            .get(&self.branch_at(before, last))
            .and_then(|log| log.run_at(last))
            .map_or(&[][..], |run| &run.heads);
        if known == heads
            || known
                .iter()
                .all(|head| self.controls.is_within(head, heads))
        {
            Ok(())
        } else {
            Err(IngestError::HeadsRegress(before.log.device))
        }
    }

    fn has_too_many_logs(&self, device: DeviceId) -> bool {
        let logs = self.logs.keys().filter(|id| id.number == 0);
        let (mut all, mut own) = (0, 0);
        for id in logs {
            all += 1;
            own += usize::from(id.log.device == device);
        }
        own >= LOGS_PER_DEVICE_MAX || all >= LOGS_MAX
    }

    /// Extends a branch by an entry and queues the entry for disk and for application.
    pub(super) fn keep_entry(&mut self, id: BranchId, entry: Arc<RawEntry>) {
        let position = self.next_position;
        let header = entry.header();
        let goes_on = self
            .logs
            .get(&id)
            .is_some_and(|log| log.goes_on_counting(&header.heads));
        let span = (!goes_on).then(|| self.judge(&id, &header.heads, header.seq));
        let log = self.logs.entry(id).or_insert_with(|| Log::new(id));
        log.extend(&entry, position, span);
        log.pending.push_back(Arc::clone(&entry));
        self.arrivals.push_back(id);
        self.unsaved.push(Write::Append(entry.as_bytes().to_vec()));
        if self.is_forked(&id.log) && self.is_named(&entry) {
            // Which branch counts, and what an ending left, could not be told before it was here.
            self.recount();
        }
        self.remember(entry);
    }

    pub(super) fn note_set_aside(
        &mut self,
        hash: crate::ids::EntryHash,
        device: DeviceId,
        seq: crate::ids::Seq,
        reason: String,
    ) {
        let named = self
            .set_aside
            .values()
            .filter(|known| known.device == device)
            .count();
        if self.set_aside.contains_key(&hash) || named >= SET_ASIDE_PER_DEVICE_MAX {
            // The device is named already; more of the same tells nobody anything.
            return;
        }
        let person = self.controls.device(&device).map(|(person, _)| person);
        let set_aside = SetAside {
            person,
            device,
            seq,
            reason: super::persist::truncated(&reason).to_owned(),
        };
        self.unsaved.push(Write::Put {
            space: Space::SetAside,
            key: hash.as_bytes().to_vec(),
            value: set_aside.to_bytes(),
        });
        self.set_aside.insert(hash, set_aside);
    }
}
