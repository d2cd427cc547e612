//! Capsules at a mirror: kept for the members of what it holds, bounded, and given back for the phrase alone.

use super::engine::Mirror;
use super::request::Quota;
use crate::capsule::{Capsule, CapsuleHead, KeptCapsule};
use crate::crypto::VerifyKey;
use crate::ids::{DeviceId, PersonId};
use crate::limits::MIRROR_CAPSULES_BYTES_MAX;
use crate::storage::{Storage, StorageError};
use crate::sync::{CapsuleAnswer, CapsuleEvent, Session};

impl Mirror {
    /// Returns the capsules that are kept.
    pub fn kept_capsules(&self) -> impl Iterator<Item = &KeptCapsule> {
        self.capsules.all()
    }

    /// Returns how much capsules take, and may.
    pub fn capsules_quota(&self) -> Quota {
        let used = self.capsules.bytes_beside(None, |_| true);
        Quota {
            used_bytes: used as u64,
            max_bytes: MIRROR_CAPSULES_BYTES_MAX as u64,
        }
    }

    /// Takes what a device says about capsules.
    pub(super) fn hear_capsules(
        &mut self,
        session: &mut Session,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        for event in session.take_capsule_events() {
            match event {
                CapsuleEvent::Offered(head) => {
                    let answer = self.judge_capsule(session.peer(), &head);
                    session.answer_capsule(&head, answer);
                }
                CapsuleEvent::Arrived(head, bytes) => {
                    let answer = self.take_capsule(session.peer(), &head, bytes, storage)?;
                    session.answer_capsule(&head, answer);
                }
                // A mirror offers none.
                CapsuleEvent::Kept(_) | CapsuleEvent::Refused(..) => {}
            }
        }
        Ok(())
    }

    fn judge_capsule(&self, peer: DeviceId, head: &CapsuleHead) -> CapsuleAnswer {
        match self.capsule_bound_by(peer, head) {
            Some((person, _)) => {
                let room = self.capsule_room(person, head);
                self.capsules.judge(person, head, room)
            }
            None => CapsuleAnswer::Refused,
        }
    }

    /// Returns how long a capsule may be by what all others take, and by what is left of the mirror.
    fn capsule_room(&self, person: PersonId, head: &CapsuleHead) -> usize {
        let others = self.capsules.bytes_beside(Some(head.device), |_| true);
        let replaced = self.capsules.get(&(person, head.device));
        let replaced = replaced.map_or(0, |kept| u64::from(kept.head.length));
        let quota = self.quota();
        let used = quota.used_bytes.saturating_sub(replaced);
        let left = quota.max_bytes.saturating_sub(used);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        MIRROR_CAPSULES_BYTES_MAX.saturating_sub(others).min(left)
    }

    /// Returns whose capsule it would be, and the key that has to have signed it: that of a live device of the
    /// very person whose device offers it, in a notebook that names this mirror, under the id of their recovery
    /// key in force.
    fn capsule_bound_by(
        &self,
        peer: DeviceId,
        head: &CapsuleHead,
    ) -> Option<(PersonId, VerifyKey)> {
        let mut named = self
            .notebooks
            .values()
            .filter(|held| held.names_this_mirror());
        named.find_map(|held| {
            let person = held.device(&peer)?.person;
            let made_by = held.device(&head.device)?;
            let is_theirs = made_by.person == person && held.capsule_of(&person) == Some(head.id);
            is_theirs.then_some((person, made_by.verify_key))
        })
    }

    fn take_capsule(
        &mut self,
        peer: DeviceId,
        head: &CapsuleHead,
        bytes: Vec<u8>,
        storage: &mut dyn Storage,
    ) -> Result<CapsuleAnswer, StorageError> {
        let (Ok(capsule), Some((person, key))) =
            (Capsule::parse(bytes), self.capsule_bound_by(peer, head))
        else {
            return Ok(CapsuleAnswer::Refused);
        };
        if capsule.head() != head || capsule.verify(&key).is_err() {
            return Ok(CapsuleAnswer::Refused);
        }
        match self.judge_capsule(peer, head) {
            CapsuleAnswer::Wanted => {}
            other => return Ok(other),
        }
        let kept = KeptCapsule::of_another(person, *head);
        self.capsules.keep(kept, &capsule, storage)?;
        let Self {
            capsules,
            notebooks,
            ..
        } = self;
        let is_live = |device: &DeviceId| {
            let mut held = notebooks.values();
            held.any(|held| {
                held.device(device)
                    .is_some_and(|known| known.person == person)
            })
        };
        capsules.crowd_out(person, head.device, is_live, storage)?;
        Ok(CapsuleAnswer::Kept)
    }

    /// Drops the capsules that nothing binds any more: of those who are in no notebook that is held, and those
    /// under a recovery key that was replaced.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; it is tried again with the next change of members.
    pub(super) fn review_capsules(
        &mut self,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let Self {
            capsules,
            notebooks,
            ..
        } = self;
        let is_bound = |kept: &KeptCapsule| {
            let mut held = notebooks.values();
            held.any(|held| held.capsule_of(&kept.person) == Some(kept.head.id))
        };
        capsules.retain(is_bound, storage)
    }
}
