//! What a mirror takes in of a notebook, and what it tells of it: the same as any device, judged by the same
//! rules, and nothing opened.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::logs::{Branches, MirroredLog, Place};
use super::notebook::MirroredNotebook;
use super::request::Quota;
use crate::checkpoint::{
    Checked, CheckpointStanding, Segment, SegmentError, SegmentHead, SegmentNumber,
};
use crate::control::{ControlEntry, ControlError, ControlKind, ControlSet, Inserted, Membership};
use crate::epoch::Wraps;
use crate::frontier::{Frontier, LogTip, SignedFrontier};
use crate::ids::{ControlHash, DeviceId, EpochId, LogId, NotebookId, SegmentHash, Seq};
use crate::limits::{LOGS_MAX, LOGS_PER_DEVICE_MAX};
use crate::log::{EntryError, RawEntry, notebook_tag};
use crate::replica::{IngestError, Ingested, Pack, PackRefused, Proven, Unpacked};
use crate::storage::{Position, Space, Storage, StorageError, Write};
use crate::sync::{Holding, Outline};

/// What control entries and keys may take beyond the quota, as a part of it: a removal has to reach a mirror
/// that is full.
const CONTROL_RESERVE_PART: u64 = 4;

impl MirroredNotebook {
    pub(super) fn take_controls(&mut self, entries: Vec<ControlEntry>) -> Result<(), ControlError> {
        let mut is_new = false;
        let mut taken = Ok(());
        for entry in entries {
            if !self.has_room_beside_content(entry.as_bytes().len()) {
                taken = Err(ControlError::OverQuota);
                break;
            }
            match self.controls.insert(entry) {
                Ok(Inserted::Added(added)) => {
                    is_new = true;
                    for hash in added {
                        self.keep_control(&hash);
                    }
                }
                Ok(Inserted::Known | Inserted::Waiting) => {}
                Err(error) => {
                    taken = Err(error);
                    break;
                }
            }
        }
        if is_new {
            self.membership = Membership::resolve(&self.controls);
            self.has_new_members = true;
            self.frontier = OnceLock::new();
        }
        taken
    }

    pub(super) fn keep_control(&mut self, hash: &ControlHash) {
        if let Some(entry) = self.controls.get(hash) {
            self.used_bytes += entry.as_bytes().len() as u64;
            self.unsaved.push(Write::Put {
                space: Space::Control,
                key: hash.as_bytes().to_vec(),
                value: entry.as_bytes().to_vec(),
            });
        }
    }

    fn has_room_beside_content(&mut self, bytes: usize) -> bool {
        let reserve = self.max_bytes / CONTROL_RESERVE_PART;
        let max_bytes = self.max_bytes.saturating_add(reserve);
        let has_room = self.all_bytes().saturating_add(bytes as u64) <= max_bytes;
        self.has_refused |= !has_room;
        has_room
    }

    /// Says where an entry belongs, and which control heads the entry before it names.
    fn place_of(
        &mut self,
        entry: &RawEntry,
        is_suspect: bool,
        storage: &dyn Storage,
    ) -> Result<Place, StorageError> {
        let header = entry.header();
        let Some(log) = self.logs.get(&header.log) else {
            return Ok(if header.seq == Seq::new(1) {
                Place::Behind(Arc::from([]), None)
            } else {
                Place::Gap
            });
        };
        if header.seq <= self.checkpoint.pruned.seq(&header.log) {
            // All members had the entry there; what stands there is not looked at again.
            return Ok(Place::Known);
        }
        if let Some(branches) = &log.branches {
            return Ok(branches.place_of(entry));
        }
        let (tip_seq, tip_hash) = log.tip;
        if header.seq == tip_seq.next() && header.previous == tip_hash {
            return Ok(Place::Behind(Arc::from(log.heads.as_slice()), None));
        }
        if header.seq > tip_seq {
            return Ok(Place::Gap);
        }
        let is_known = if header.seq == tip_seq {
            tip_hash == entry.hash()
        } else {
            !is_suspect
        };
        if is_known {
            return Ok(Place::Known);
        }
        let id = header.log;
        Ok(self.recall(id, storage)?.place_of(entry))
    }

    /// Returns every entry of a log.
    fn recall(&mut self, log: LogId, storage: &dyn Storage) -> Result<&Branches, StorageError> {
        let known = self.recalled.take().filter(|(known, _)| *known == log);
        let recalled = match known {
            Some(known) => known,
            None => (log, self.look_at_all_of(&log, storage)?),
        };
        Ok(&self.recalled.insert(recalled).1)
    }

    fn has_too_many_logs(&self, device: &DeviceId) -> bool {
        let own = self.logs.keys().filter(|log| log.device == *device);
        self.logs.len() >= LOGS_MAX || own.count() >= LOGS_PER_DEVICE_MAX
    }

    fn check_heads(&self, before: &[ControlHash], entry: &RawEntry) -> Result<(), IngestError> {
        let heads = &entry.header().heads;
        let mut known = before.iter();
        if before == heads || known.all(|head| self.controls.is_within(head, heads)) {
            Ok(())
        } else {
            Err(IngestError::HeadsRegress(entry.header().log.device))
        }
    }

    fn take_entry(
        &mut self,
        entry: RawEntry,
        proven: &Proven,
        is_suspect: bool,
        storage: &dyn Storage,
    ) -> Result<Ingested, IngestError> {
        let header = entry.header();
        let (id, device) = (header.log, header.log.device);
        if header.tag != notebook_tag(self.notebook) {
            return Err(EntryError::OtherNotebook.into());
        }
        let mut heads = header.heads.iter();
        if heads.any(|head| self.controls.get(head).is_none()) {
            return Err(IngestError::ControlMissing);
        }
        if !self.controls.is_in_place(header) {
            return Err(IngestError::PartElsewhere(device));
        }
        let card = self.controls.device(&device);
        let (_, card) = card.ok_or(IngestError::UnknownDevice(device))?;
        let verify_key = card.verify_key;
        if !self.logs.contains_key(&id) && self.has_too_many_logs(&device) {
            return Err(IngestError::TooManyLogs);
        }
        let seq = header.seq.get();
        let (before, leaves) = match self.place_of(&entry, is_suspect, storage)? {
            Place::Known => return Ok(Ingested::Known),
            // It is on a branch that leaves the log where entries are not kept one by one any more: there is no telling
            // what it stands on.
            Place::Gap if is_suspect && self.is_pruned() => {
                return Err(IngestError::TooManyBranches(device));
            }
            Place::Gap => return Err(IngestError::Gap { device, seq }),
            Place::Behind(heads, leaves) => (heads, leaves),
        };
        let log = self.logs.get(&id);
        let branches = log.and_then(|log| log.branches.as_ref());
        if let (Some(at), Some(branches)) = (leaves, branches)
            && !branches.has_room(at)
        {
            return Err(IngestError::TooManyBranches(device));
        }
        self.check_heads(&before, &entry)?;
        let entry = if proven.has(&entry) {
            entry
        } else {
            entry.verify(self.notebook, &verify_key)?.into_raw()
        };
        let members = Membership::known_at(&self.controls, &entry.header().heads);
        if members.person_of(&device).is_none() {
            return Err(IngestError::NotMember(device));
        }
        self.keep_entry(entry, leaves.is_some());
        Ok(Ingested::Kept)
    }

    fn keep_entry(&mut self, entry: RawEntry, leaves_a_branch: bool) {
        let (id, position) = (entry.header().log, self.next_position);
        let recalled = self.recalled.take().filter(|(log, _)| *log == id);
        let log = self
            .logs
            .entry(id)
            .or_insert_with(|| MirroredLog::new(position));
        if leaves_a_branch
            && log.branches.is_none()
            && let Some((_, branches)) = recalled
        {
            log.set_branches(branches);
        }
        if log.branches.is_some() {
            log.branch_out(&entry);
        } else {
            log.extend(&entry, position);
        }
        self.remember(entry);
    }
}

impl Outline for MirroredNotebook {
    fn notebook(&self) -> NotebookId {
        self.notebook
    }

    fn controls_count(&self) -> usize {
        self.controls.len()
    }

    fn wrap_epochs(&self) -> BTreeSet<EpochId> {
        self.epochs.clone()
    }

    fn frontier(&self) -> &Frontier {
        &self.frontier_with_digest().0
    }

    fn shared_frontier(&self) -> Arc<Frontier> {
        Arc::clone(&self.frontier_with_digest().0)
    }

    fn frontier_digest(&self) -> [u8; 32] {
        self.frontier_with_digest().1
    }

    fn sign_frontier(&self) -> SignedFrontier {
        let kept = self.controls.len() + self.epochs.len();
        SignedFrontier::sign_as(
            self.notebook,
            self.next_position + kept as u64,
            self.frontier().clone(),
            (self.secrets.id().as_peer(), self.secrets.signing()),
        )
    }

    fn has_unsaved(&self) -> bool {
        self.has_unsaved()
    }

    fn next_position(&self) -> Position {
        self.next_position
    }

    fn forked_logs(&self) -> Vec<LogId> {
        let forked = self.logs.iter().filter(|(_, log)| log.branches.is_some());
        forked.map(|(id, _)| *id).collect()
    }
}

impl Holding for MirroredNotebook {
    fn controls(&self) -> &ControlSet {
        &self.controls
    }

    fn ingest_controls(&mut self, entries: Vec<ControlEntry>) -> Result<(), ControlError> {
        self.take_controls(entries)
    }

    fn own_leave(&self) -> Option<ControlHash> {
        None
    }

    fn wraps_count(&self) -> usize {
        self.epochs.len()
    }

    fn wraps_beyond(
        &self,
        sent: &BTreeSet<EpochId>,
        storage: &dyn Storage,
    ) -> Result<Option<(EpochId, Vec<u8>)>, StorageError> {
        let Some(epoch) = self.epochs.iter().find(|epoch| !sent.contains(epoch)) else {
            return Ok(None);
        };
        let wraps = storage.get(self.notebook, Space::Wraps, epoch.as_bytes())?;
        let wraps =
            wraps.ok_or_else(|| StorageError::Damaged("the wraps of an epoch".to_owned()))?;
        Ok(Some((*epoch, wraps)))
    }

    fn ingest_wraps(&mut self, wraps: Wraps) -> bool {
        let rekey = self.controls.get(&wraps.epoch.rekey());
        let belongs = rekey.is_some_and(|entry| match &entry.kind {
            ControlKind::Rekey(rekey) => wraps.belong_to(rekey),
            _ => false,
        });
        if !belongs || self.epochs.contains(&wraps.epoch) {
            return false;
        }
        let bytes = wraps.to_bytes();
        if !self.has_room_beside_content(bytes.len()) {
            return false;
        }
        self.used_bytes += bytes.len() as u64;
        self.epochs.insert(wraps.epoch);
        self.unsaved.push(Write::Put {
            space: Space::Wraps,
            key: wraps.epoch.as_bytes().to_vec(),
            value: bytes,
        });
        self.frontier = OnceLock::new();
        true
    }

    fn known_of(&self, frontier: &Frontier) -> Frontier {
        crate::replica::known_of(&self.controls, frontier, |log| self.logs.contains_key(log))
    }

    fn committed_position(&self) -> Position {
        self.committed()
    }

    fn recent(&self, position: Position) -> Option<Arc<RawEntry>> {
        self.recent_entry(position)
    }

    fn first_missing(&self, theirs: &Frontier) -> Option<Position> {
        let logs = self.logs.iter().filter(|(_, log)| log.branches.is_none());
        logs.filter_map(|(id, log)| log.position_after(theirs.seq(id)))
            .min()
    }

    fn first_position(&self, log: &LogId) -> Option<Position> {
        self.logs.get(log).map(|log| log.first)
    }

    fn conflicts(&self, theirs: &Frontier) -> Vec<LogId> {
        let is_in_conflict = |id: &&LogId| {
            let Some(log) = self.logs.get(*id) else {
                return false;
            };
            let theirs: Vec<LogTip> = theirs.tips(id).collect();
            match (log.tips().as_slice(), theirs.as_slice()) {
                (_, []) => false,
                ([mine], [theirs]) => mine.0 == theirs.0 && mine.1 != theirs.1,
                (mine, theirs) => mine != theirs,
            }
        };
        theirs.logs.keys().filter(is_in_conflict).copied().collect()
    }

    fn prove(&self, entries: &[RawEntry]) -> Proven {
        Proven::among(&self.controls, entries)
    }

    fn receive_among(
        &mut self,
        entry: RawEntry,
        proven: &Proven,
        is_suspect: bool,
        storage: &dyn Storage,
    ) -> Result<Ingested, IngestError> {
        self.take_entry(entry, proven, is_suspect, storage)
    }

    fn advance(&mut self, _storage: &dyn Storage) -> Result<bool, StorageError> {
        // Nothing waits here: what has no place yet is sent again.
        Ok(false)
    }

    fn pack_lacked_min(&self) -> u64 {
        // A pack is sealed under a key of the notebook's: a mirror can make none.
        u64::MAX
    }

    fn pack_at(
        &self,
        _position: Position,
        _storage: &dyn Storage,
    ) -> Result<Option<Pack>, StorageError> {
        Ok(None)
    }

    fn seal_pack(&self, _pack: &Pack) -> Option<Vec<u8>> {
        None
    }

    fn unpack(&mut self, _sealed: &[u8], _storage: &dyn Storage) -> Result<Unpacked, PackRefused> {
        Err(PackRefused::Sealed)
    }

    fn checkpoint(&self) -> Option<CheckpointStanding> {
        Some(self.checkpoint_standing())
    }

    fn pruned_to(&self, log: &LogId) -> Seq {
        self.checkpoint.pruned.seq(log)
    }

    fn is_pruned(&self) -> bool {
        self.checkpoint.pruned.number > 0
    }

    fn take_segment(
        &mut self,
        from: DeviceId,
        segment: &Segment,
        storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        self.keep_segment(from, segment, storage)
    }

    fn segments(&self, storage: &dyn Storage) -> Result<&[SegmentHead], StorageError> {
        self.segment_heads(storage)
    }

    fn segment(
        &self,
        number: SegmentNumber,
        storage: &dyn Storage,
    ) -> Result<Option<Segment>, StorageError> {
        self.kept_segment(number, storage)
    }

    fn take_checked(
        &mut self,
        from: DeviceId,
        checked: &Checked,
        storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        self.keep_checked(from, checked, storage)
    }

    fn drop_unsound(
        &mut self,
        from: DeviceId,
        segment: (SegmentNumber, SegmentHash),
        storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        self.drop_segments(from, segment, storage)
    }

    fn has_room_for(&mut self, bytes: usize) -> bool {
        let has_room = self.all_bytes().saturating_add(bytes as u64) <= self.max_bytes;
        self.has_refused |= !has_room;
        has_room
    }

    fn refused_for_room(&self) -> Option<Quota> {
        self.has_refused.then(|| self.quota())
    }
}
