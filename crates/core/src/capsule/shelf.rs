//! The capsules that a keeper holds, whoever they are of: a member's device or a mirror.
//!
//! Each device of a person has one place. What is kept is bounded for each person and in all; who may have one
//! kept is decided by whoever owns the shelf.

use std::collections::BTreeMap;

use super::kept::KeptCapsule;
use super::{Capsule, CapsuleHead};
use crate::ids::{CapsuleId, DeviceId, PersonId};
use crate::limits::{CAPSULE_BYTES_MAX, CAPSULES_BYTES_PER_PERSON_MAX, CAPSULES_PER_PERSON_MAX};
use crate::storage::{CapsulePlace, CapsuleRecord, Storage, StorageError};
use crate::sync::CapsuleAnswer;

/// Capsules by whose they are and which device made them.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    kept: BTreeMap<CapsulePlace, KeptCapsule>,
}

impl Shelf {
    /// Reads what is known of all capsules that are kept.
    pub(crate) fn load(storage: &dyn Storage) -> Result<Self, StorageError> {
        let mut shelf = Self::default();
        for bytes in storage.capsule_heads()? {
            // One that does not read is of another version: its device sends it again.
            if let Ok(kept) = KeptCapsule::parse(&bytes) {
                shelf.kept.insert((kept.person, kept.head.device), kept);
            }
        }
        Ok(shelf)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &KeptCapsule> {
        self.kept.values()
    }

    pub(crate) fn get(&self, place: &CapsulePlace) -> Option<&KeptCapsule> {
        self.kept.get(place)
    }

    /// Returns the capsules of one person.
    pub(crate) fn of(&self, person: PersonId) -> impl Iterator<Item = &KeptCapsule> {
        self.kept
            .range((person, DeviceId::ZERO)..)
            .take_while(move |((of, _), _)| *of == person)
            .map(|(_, kept)| kept)
    }

    /// Returns the bytes of those that are counted, without the place of one device.
    pub(crate) fn bytes_beside(
        &self,
        device: Option<DeviceId>,
        is_counted: impl Fn(&KeptCapsule) -> bool,
    ) -> usize {
        self.kept
            .values()
            .filter(|kept| Some(kept.head.device) != device && is_counted(kept))
            .map(|kept| kept.head.length as usize)
            .sum()
    }

    /// Says what becomes of a capsule that somebody offers who may: `room` is what is left for it in all.
    pub(crate) fn judge(&self, person: PersonId, head: &CapsuleHead, room: usize) -> CapsuleAnswer {
        let kept = self.kept.get(&(person, head.device));
        if kept.is_some_and(|kept| kept.head.hash == head.hash) {
            return CapsuleAnswer::Kept;
        }
        let is_older =
            kept.is_some_and(|kept| kept.head.id == head.id && kept.head.counter >= head.counter);
        if is_older {
            return CapsuleAnswer::Refused;
        }
        let length = head.length as usize;
        let of_person = self.bytes_beside(Some(head.device), |kept| kept.person == person);
        let has_room = length <= CAPSULE_BYTES_MAX
            && of_person + length <= CAPSULES_BYTES_PER_PERSON_MAX
            && length <= room;
        if has_room {
            CapsuleAnswer::Wanted
        } else {
            CapsuleAnswer::Full
        }
    }

    /// Keeps a capsule in the place of its device.
    pub(crate) fn keep(
        &mut self,
        kept: KeptCapsule,
        capsule: &Capsule,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let place = (kept.person, kept.head.device);
        let record = CapsuleRecord {
            head: &kept.to_bytes(),
            capsule: capsule.as_bytes(),
        };
        storage.keep_capsule(place, Some(record))?;
        self.kept.insert(place, kept);
        Ok(())
    }

    /// Drops those beyond what is kept for one person: of devices that are off first, then the oldest.
    pub(crate) fn crowd_out(
        &mut self,
        person: PersonId,
        newest: DeviceId,
        is_live: impl Fn(&DeviceId) -> bool,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let others = self.of(person).filter(|kept| kept.head.device != newest);
        let mut all: Vec<&KeptCapsule> = others.collect();
        all.sort_by_key(|kept| {
            let is_off = !is_live(&kept.head.device);
            (is_off, core::cmp::Reverse(kept.head.time_ms))
        });
        let beyond: Vec<DeviceId> = all
            .into_iter()
            .skip(CAPSULES_PER_PERSON_MAX - 1)
            .map(|kept| kept.head.device)
            .collect();
        for device in beyond {
            self.drop_one((person, device), storage)?;
        }
        Ok(())
    }

    /// Drops those that nothing binds any more.
    pub(crate) fn retain(
        &mut self,
        is_bound: impl Fn(&KeptCapsule) -> bool,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let unbound: Vec<CapsulePlace> = self
            .kept
            .iter()
            .filter(|(_, kept)| !is_bound(kept))
            .map(|(place, _)| *place)
            .collect();
        for place in unbound {
            self.drop_one(place, storage)?;
        }
        Ok(())
    }

    fn drop_one(
        &mut self,
        place: CapsulePlace,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        storage.keep_capsule(place, None)?;
        self.kept.remove(&place);
        Ok(())
    }

    /// Returns the capsules of a person that are kept under a recovery card.
    pub(crate) fn under(
        &self,
        person: PersonId,
        id: CapsuleId,
        storage: &dyn Storage,
    ) -> Result<Vec<Vec<u8>>, StorageError> {
        let mut found = Vec::new();
        for kept in self.of(person).filter(|kept| kept.head.id == id) {
            found.extend(storage.capsule((person, kept.head.device))?);
        }
        Ok(found)
    }
}
