//! What one device holds of a notebook, as a connection sees it.
//!
//! A member's [`Replica`] is one such holding; a mirror's is another, which has no keys. A connection looks at
//! nothing else of either, so both speak the same protocol.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::checkpoint::{
    Checked, CheckpointStanding, Segment, SegmentError, SegmentHead, SegmentNumber,
};
use crate::codec::DecodeError;
use crate::control::{ControlEntry, ControlError, ControlSet};
use crate::crypto::Signature;
use crate::epoch::Wraps;
use crate::frontier::{Frontier, SignedFrontier};
use crate::ids::{ControlHash, DeviceId, EpochId, LogId, NotebookId, SegmentHash, Seq};
use crate::log::{LogStates, RawEntry};
use crate::mirror::Quota;
use crate::presence::{Presence, SealedPresence};
use crate::replica::{
    AheadRefused, IngestError, Ingested, Pack, PackRefused, Proven, Replica, Standing, Unpacked,
};
use crate::storage::{Position, Storage, StorageError};

/// What a connection looks at of a notebook to find out whether both sides have the same, and to say what this side
/// has. It may be known of a notebook that is not open.
pub trait Outline {
    /// Returns the notebook.
    fn notebook(&self) -> NotebookId;

    /// Returns how many control entries there are.
    fn controls_count(&self) -> usize;

    /// Returns the epochs whose wraps are here.
    fn wrap_epochs(&self) -> BTreeSet<EpochId>;

    /// Returns what this device has; found out once, until something arrives.
    fn frontier(&self) -> &Frontier;

    /// Returns what this device has, to be kept without copying it.
    fn shared_frontier(&self) -> Arc<Frontier>;

    /// Returns the digest of what this device has.
    fn frontier_digest(&self) -> [u8; 32];

    /// Signs what this device has. Only what is committed may be signed for: the caller calls this
    /// with nothing unsaved.
    fn sign_frontier(&self) -> SignedFrontier;

    /// Says whether something is not committed yet.
    fn has_unsaved(&self) -> bool;

    /// Returns the position that the next committed entry gets.
    fn next_position(&self) -> Position;

    /// Returns the forked logs.
    fn forked_logs(&self) -> Vec<LogId>;
}

/// What one device holds of a notebook.
///
/// What it holds is what its storage holds plus what it says is unsaved.
pub trait Holding: Outline {
    /// Returns the control entries.
    fn controls(&self) -> &ControlSet;

    /// Takes control entries in that came together, in order.
    ///
    /// # Errors
    /// [`ControlError`] of the first that is refused; those before it are taken in, none after it is.
    fn ingest_controls(&mut self, entries: Vec<ControlEntry>) -> Result<(), ControlError>;

    /// Returns the entry by which this device's own person left, where they did.
    fn own_leave(&self) -> Option<ControlHash>;

    /// Returns of how many epochs the wraps are here.
    fn wraps_count(&self) -> usize;

    /// Returns the wraps of an epoch that is not among `sent`, `None` where there are no others.
    ///
    /// # Errors
    /// [`StorageError`] where they cannot be read.
    fn wraps_beyond(
        &self,
        sent: &BTreeSet<EpochId>,
        storage: &dyn Storage,
    ) -> Result<Option<(EpochId, Vec<u8>)>, StorageError>;

    /// Takes the wraps of an epoch's key in; returns whether they are new and belong to the epoch.
    fn ingest_wraps(&mut self, wraps: Wraps) -> bool;

    /// Returns the part of a frontier that names logs of devices which are known here, no more of each
    /// than a device may have.
    fn known_of(&self, frontier: &Frontier) -> Frontier;

    /// Returns this device; of a mirror none.
    fn own_device(&self) -> DeviceId {
        DeviceId::ZERO
    }

    /// Signs what this device says of where its person is; nothing where nobody's device holds the notebook.
    fn sign_presence(&self, _words: &[u8]) -> Option<Signature> {
        None
    }

    /// Opens what a device says of where its person is; `None` where the key is not here.
    ///
    /// # Errors
    /// [`DecodeError`] where it is nothing of that kind.
    fn open_presence(
        &self,
        _device: DeviceId,
        _said: &SealedPresence,
    ) -> Result<Option<Presence>, DecodeError> {
        Ok(None)
    }

    /// Returns the position after the last entry that is on disk: only what lies before it leaves.
    fn committed_position(&self) -> Position;

    /// Returns a recent entry by its position, where it is still in memory.
    fn recent(&self, position: Position) -> Option<Arc<RawEntry>>;

    /// Returns a position at or before the first one at which a peer with `theirs` lacks an entry, or `None`
    /// where it lacks none; forked logs are left out.
    fn first_missing(&self, theirs: &Frontier) -> Option<Position>;

    /// Returns the position of a log's first entry.
    fn first_position(&self, log: &LogId) -> Option<Position>;

    /// Returns the logs of which a peer with `theirs` holds what is not known to be here, or the other way
    /// round, beyond one being longer than the other.
    fn conflicts(&self, theirs: &Frontier) -> Vec<LogId>;

    /// Finds out which bare ones among entries that came together are proven.
    fn prove(&self, entries: &[RawEntry]) -> Proven;

    /// Takes a content entry in, one that may be bare if it is `proven` by those that came with it.
    /// `is_suspect` where the sender was told that its place is taken.
    ///
    /// # Errors
    /// [`IngestError`]; nothing of the entry is kept then.
    fn receive_among(
        &mut self,
        entry: RawEntry,
        proven: &Proven,
        is_suspect: bool,
        storage: &dyn Storage,
    ) -> Result<Ingested, IngestError>;

    /// Goes on with entries that waited; says whether any did.
    ///
    /// # Errors
    /// [`StorageError`] where what they need cannot be read.
    fn advance(&mut self, storage: &dyn Storage) -> Result<bool, StorageError>;

    /// Returns how many entries a peer has to lack to be sent packs.
    fn pack_lacked_min(&self) -> u64;

    /// Returns the pack in which the entry at a position lies, where there is one.
    ///
    /// # Errors
    /// [`StorageError`] where it cannot be read.
    fn pack_at(
        &self,
        position: Position,
        storage: &dyn Storage,
    ) -> Result<Option<Pack>, StorageError>;

    /// Seals a pack for travel, where the key to do so is here.
    fn seal_pack(&self, pack: &Pack) -> Option<Vec<u8>>;

    /// Makes the entries of a sealed pack.
    ///
    /// # Errors
    /// [`PackRefused`] where it gives none.
    fn unpack(&mut self, sealed: &[u8], storage: &dyn Storage) -> Result<Unpacked, PackRefused>;

    /// Returns how many entries a peer has to lack to be sent documents ahead of them; `None` where none ever are.
    fn ahead_lacked_min(&self) -> Option<u64> {
        None
    }

    /// Returns the documents that a peer which lacks much is to be shown first, sealed.
    ///
    /// # Errors
    /// [`StorageError`] where they cannot be read.
    fn documents_ahead(&self, _storage: &dyn Storage) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    /// Shows documents that came ahead of their entries, where that can be done.
    ///
    /// # Errors
    /// [`StorageError`] where what they are compared with cannot be read.
    fn take_ahead(&mut self, _sealed: &[u8], _storage: &dyn Storage) -> Result<(), StorageError> {
        Ok(())
    }

    /// Says whether entries are kept that [`Holding::advance`] was put off for.
    fn is_behind(&self) -> bool {
        false
    }

    /// Has entries of so many bytes, which are about to be taken in, kept now and gone on with later.
    ///
    /// # Errors
    /// [`StorageError`] where what is put off already has to be gone on with first, and cannot be.
    fn put_off(&mut self, _bytes: usize, _storage: &dyn Storage) -> Result<(), StorageError> {
        Ok(())
    }

    /// Notes what the next entries of some logs follow from, as a pack said.
    fn note_states(&mut self, _states: LogStates) {}

    /// Returns how the checkpoint stands that this side holds; `None` where it is no mirror.
    fn checkpoint(&self) -> Option<CheckpointStanding> {
        None
    }

    /// Takes a segment of a checkpoint in. Only a mirror does.
    ///
    /// # Errors
    /// [`SegmentError`]; nothing of it is kept then.
    fn take_segment(
        &mut self,
        _from: DeviceId,
        _segment: &Segment,
        _storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        Ok(())
    }

    /// Returns the heads of the segments that are here, in order.
    ///
    /// # Errors
    /// [`StorageError`] where they cannot be read.
    fn segments(&self, _storage: &dyn Storage) -> Result<&[SegmentHead], StorageError> {
        Ok(&[])
    }

    /// Returns one of them, where it can be read.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails.
    fn segment(
        &self,
        _number: SegmentNumber,
        _storage: &dyn Storage,
    ) -> Result<Option<Segment>, StorageError> {
        Ok(None)
    }

    /// Takes the word of a device that it has checked a checkpoint. Only a mirror does.
    ///
    /// # Errors
    /// [`SegmentError`]; nothing of it is kept then.
    fn take_checked(
        &mut self,
        _from: DeviceId,
        _checked: &Checked,
        _storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        Ok(())
    }

    /// Drops a segment that a device found to be unsound, with those behind it. Only a mirror does.
    ///
    /// # Errors
    /// [`SegmentError`]; nothing is dropped then.
    fn drop_unsound(
        &mut self,
        _from: DeviceId,
        _segment: (SegmentNumber, SegmentHash),
        _storage: &dyn Storage,
    ) -> Result<(), SegmentError> {
        Ok(())
    }

    /// Returns the last entry of a log that may not be kept by itself any more, but in a segment.
    fn pruned_to(&self, _log: &LogId) -> Seq {
        Seq::NONE
    }

    /// Says whether there are such entries.
    fn is_pruned(&self) -> bool {
        false
    }

    /// Says whether content entries of that many bytes may be taken in. Those that came together are taken or
    /// left together, since one may prove the others.
    fn has_room_for(&mut self, _bytes: usize) -> bool {
        true
    }

    /// Returns how much is held and may be, where something was not taken for want of room.
    fn refused_for_room(&self) -> Option<Quota> {
        None
    }
}

impl Outline for Replica {
    fn notebook(&self) -> NotebookId {
        self.notebook()
    }

    fn controls_count(&self) -> usize {
        self.controls().len()
    }

    fn wrap_epochs(&self) -> BTreeSet<EpochId> {
        self.wraps().keys().copied().collect()
    }

    fn frontier(&self) -> &Frontier {
        self.frontier()
    }

    fn shared_frontier(&self) -> Arc<Frontier> {
        self.shared_frontier()
    }

    fn frontier_digest(&self) -> [u8; 32] {
        self.frontier_digest()
    }

    fn sign_frontier(&self) -> SignedFrontier {
        self.sign_frontier()
    }

    fn has_unsaved(&self) -> bool {
        self.has_unsaved()
    }

    fn next_position(&self) -> Position {
        self.next_position()
    }

    fn forked_logs(&self) -> Vec<LogId> {
        self.forked_logs().copied().collect()
    }
}

impl Holding for Replica {
    fn own_device(&self) -> DeviceId {
        self.own_device()
    }

    fn sign_presence(&self, words: &[u8]) -> Option<Signature> {
        Some(self.sign_presence(words))
    }

    fn open_presence(
        &self,
        device: DeviceId,
        said: &SealedPresence,
    ) -> Result<Option<Presence>, DecodeError> {
        said.open(self.notebook(), device, self.keys())
    }

    fn controls(&self) -> &ControlSet {
        self.controls()
    }

    fn ingest_controls(&mut self, entries: Vec<ControlEntry>) -> Result<(), ControlError> {
        self.ingest_controls(entries)
    }

    fn own_leave(&self) -> Option<ControlHash> {
        match self.standing() {
            Standing::Left(entry) => Some(entry),
            _ => None,
        }
    }

    fn wraps_count(&self) -> usize {
        self.wraps().len()
    }

    fn wraps_beyond(
        &self,
        sent: &BTreeSet<EpochId>,
        _storage: &dyn Storage,
    ) -> Result<Option<(EpochId, Vec<u8>)>, StorageError> {
        let mut wraps = self.wraps().iter();
        let next = wraps.find(|(epoch, _)| !sent.contains(epoch));
        Ok(next.map(|(epoch, wraps)| (*epoch, wraps.to_bytes())))
    }

    fn ingest_wraps(&mut self, wraps: Wraps) -> bool {
        self.ingest_wraps(wraps)
    }

    fn known_of(&self, frontier: &Frontier) -> Frontier {
        self.known_of(frontier)
    }

    fn committed_position(&self) -> Position {
        self.committed_position()
    }

    fn recent(&self, position: Position) -> Option<Arc<RawEntry>> {
        self.recent(position)
    }

    fn first_missing(&self, theirs: &Frontier) -> Option<Position> {
        self.first_missing(theirs)
    }

    fn first_position(&self, log: &LogId) -> Option<Position> {
        self.first_position(log)
    }

    fn conflicts(&self, theirs: &Frontier) -> Vec<LogId> {
        self.conflicts(theirs)
    }

    fn prove(&self, entries: &[RawEntry]) -> Proven {
        self.prove(entries)
    }

    fn receive_among(
        &mut self,
        entry: RawEntry,
        proven: &Proven,
        is_suspect: bool,
        storage: &dyn Storage,
    ) -> Result<Ingested, IngestError> {
        self.receive_among(entry, proven, is_suspect, storage)
    }

    fn advance(&mut self, storage: &dyn Storage) -> Result<bool, StorageError> {
        self.advance(storage)
    }

    fn pack_lacked_min(&self) -> u64 {
        self.pack_lacked_min()
    }

    fn pack_at(
        &self,
        position: Position,
        storage: &dyn Storage,
    ) -> Result<Option<Pack>, StorageError> {
        self.pack_at(position, storage)
    }

    fn seal_pack(&self, pack: &Pack) -> Option<Vec<u8>> {
        self.seal_pack(pack)
    }

    fn unpack(&mut self, sealed: &[u8], storage: &dyn Storage) -> Result<Unpacked, PackRefused> {
        self.unpack(sealed, storage)
    }

    fn ahead_lacked_min(&self) -> Option<u64> {
        Some(self.ahead_lacked_min())
    }

    fn documents_ahead(&self, storage: &dyn Storage) -> Result<Option<Vec<u8>>, StorageError> {
        self.documents_ahead(storage)
    }

    fn take_ahead(&mut self, sealed: &[u8], storage: &dyn Storage) -> Result<(), StorageError> {
        match self.take_ahead(sealed, storage) {
            Err(AheadRefused::Storage(error)) => Err(error),
            // They are a convenience: the entries come as well.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn is_behind(&self) -> bool {
        self.is_behind()
    }

    fn put_off(&mut self, bytes: usize, storage: &dyn Storage) -> Result<(), StorageError> {
        self.put_off(bytes, storage)
    }

    fn note_states(&mut self, states: LogStates) {
        self.note_states(states);
    }
}
