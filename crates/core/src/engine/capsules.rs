//! Capsules that are kept: this person's own, and those of others.
//!
//! What is kept is bound to a member: only a live device of somebody with whom a notebook is shared has one
//! kept, under the id of that person's recovery key in force, in a place of its own, within limits. It is
//! dropped once nothing binds it any more. Who keeps one cannot open it.

use std::collections::BTreeSet;

use super::{Connection, ConnectionId, Effect, Engine};
use crate::capsule::{Capsule, CapsuleHead, KeptCapsule, Shelf};
use crate::crypto::VerifyKey;
use crate::ids::{CapsuleId, DeviceId, NotebookId, PersonId};
use crate::limits::{CAPSULE_BYTES_MAX, CAPSULES_BYTES_KEPT_MAX};
use crate::replica::Replica;
use crate::storage::{Storage, StorageError};
use crate::sync::{CapsuleAnswer, CapsuleEvent, Session};

/// All capsules that are kept here.
#[derive(Debug, Default)]
pub(super) struct Capsules {
    shelf: Shelf,
    /// How many control entries there were when it was last looked whether all are still to be kept.
    controls_seen: Option<(usize, usize)>,
}

impl Engine {
    pub(super) fn load_capsules(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        self.capsules.shelf = Shelf::load(storage)?;
        Ok(())
    }

    /// Returns this device's own capsule, where it has made one.
    pub fn own_capsule(&self) -> Option<&KeptCapsule> {
        let place = (self.identity.person(), self.identity.device.id());
        self.capsules.shelf.get(&place)
    }

    /// Returns all capsules that are kept here, this person's own among them.
    pub fn kept_capsules(&self) -> impl Iterator<Item = &KeptCapsule> {
        self.capsules.shelf.all()
    }

    pub(super) fn keep_capsule(
        &mut self,
        kept: KeptCapsule,
        capsule: &Capsule,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        self.capsules.shelf.keep(kept, capsule, storage)
    }

    /// Takes what a peer says about capsules.
    pub(super) fn hear_capsules(
        &mut self,
        session: &mut Session,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        for event in session.take_capsule_events() {
            match event {
                CapsuleEvent::Offered(head) => {
                    let answer = self.judge_offer(session.peer(), &head);
                    session.answer_capsule(&head, answer);
                }
                CapsuleEvent::Arrived(head, bytes) => {
                    let is_kept = self.take_capsule(session.peer(), &head, bytes, storage)?;
                    let answer = if is_kept {
                        CapsuleAnswer::Kept
                    } else {
                        CapsuleAnswer::Refused
                    };
                    session.answer_capsule(&head, answer);
                }
                CapsuleEvent::Kept(hash) => self.effects.push_back(Effect::CapsuleKept {
                    keeper: session.peer(),
                    capsule: hash,
                }),
                CapsuleEvent::Refused(hash, is_full) => {
                    self.effects.push_back(Effect::CapsuleRefused {
                        keeper: session.peer(),
                        capsule: hash,
                        is_full,
                    });
                }
            }
        }
        Ok(())
    }

    fn judge_offer(&self, peer: DeviceId, head: &CapsuleHead) -> CapsuleAnswer {
        let Some((person, _)) = self.bound_by(peer, head) else {
            return CapsuleAnswer::Refused;
        };
        let me = self.identity.person();
        let room = if person == me {
            CAPSULE_BYTES_MAX
        } else {
            let shelf = &self.capsules.shelf;
            let of_others = shelf.bytes_beside(Some(head.device), |kept| kept.person != me);
            CAPSULES_BYTES_KEPT_MAX.saturating_sub(of_others)
        };
        match self.capsules.shelf.judge(person, head, room) {
            // Devices say no more than that they do not keep it: older ones know no other word.
            CapsuleAnswer::Full => CapsuleAnswer::Refused,
            answer => answer,
        }
    }

    /// Returns whose capsule it would be, and the key that has to have signed it: that of a live device of
    /// the very person whose device offers it, under the id of their recovery key in force.
    fn bound_by(&self, peer: DeviceId, head: &CapsuleHead) -> Option<(PersonId, VerifyKey)> {
        if head.device == self.identity.device.id() {
            // Nobody knows better than this device what it has made.
            return None;
        }
        self.replicas.iter().find_map(|(notebook, replica)| {
            let person = replica.membership().person_of(&peer)?;
            if !self.is_with(*notebook, replica, person) {
                return None;
            }
            let member = replica.membership().member(&person)?;
            let card = member.devices.get(&head.device)?;
            let is_theirs = CapsuleId::of(&member.recovery) == head.id;
            is_theirs.then_some((person, card.verify_key))
        })
    }

    /// Says whether this device and a person are in a notebook together, and exchange it.
    fn is_with(&self, notebook: NotebookId, replica: &Replica, person: PersonId) -> bool {
        replica.membership().member(&person).is_some()
            && replica.own_person().is_some()
            && !self.apart.is_distrusted(notebook, person)
    }

    fn take_capsule(
        &mut self,
        peer: DeviceId,
        head: &CapsuleHead,
        bytes: Vec<u8>,
        storage: &mut dyn Storage,
    ) -> Result<bool, StorageError> {
        let Ok(capsule) = Capsule::parse(bytes) else {
            return Ok(false);
        };
        let Some((person, key)) = self.bound_by(peer, head) else {
            return Ok(false);
        };
        let is_it = capsule.head() == head && capsule.verify(&key).is_ok();
        if !is_it || self.judge_offer(peer, head) != CapsuleAnswer::Wanted {
            return Ok(false);
        }
        let kept = KeptCapsule::of_another(person, *head);
        self.keep_capsule(kept, &capsule, storage)?;
        let Self {
            capsules, replicas, ..
        } = self;
        let is_live = |device: &DeviceId| {
            let mut replicas = replicas.values();
            replicas.any(|replica| replica.membership().person_of(device) == Some(person))
        };
        capsules
            .shelf
            .crowd_out(person, head.device, is_live, storage)?;
        Ok(true)
    }

    /// Drops the capsules that nothing binds any more: of people with whom no notebook is shared, and those
    /// under a recovery key that was replaced. Cheap where no control entry came.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; it is tried again with the next call.
    pub fn review_capsules(&mut self, storage: &mut dyn Storage) -> Result<(), StorageError> {
        let entries = self
            .replicas
            .values()
            .map(|replica| replica.controls().len());
        let seen = (entries.sum(), self.replicas.len());
        // Whom a person distrusts is no control entry.
        if self.capsules.controls_seen == Some(seen) || self.capsules.shelf.is_empty() {
            return Ok(());
        }
        let mut shelf = std::mem::take(&mut self.capsules.shelf);
        let reviewed = shelf.retain(|kept| self.is_bound(kept), storage);
        self.capsules.shelf = shelf;
        reviewed?;
        self.capsules.controls_seen = Some(seen);
        Ok(())
    }

    /// Has the next review look at all capsules.
    pub(super) const fn review_capsules_soon(&mut self) {
        self.capsules.controls_seen = None;
    }

    fn is_bound(&self, kept: &KeptCapsule) -> bool {
        if kept.head.device == self.identity.device.id() {
            // The next one takes its place and goes on counting.
            return true;
        }
        if kept.person == self.identity.person() {
            return CapsuleId::of(self.identity.roster.recovery()) == kept.head.id;
        }
        let mut ids: BTreeSet<CapsuleId> = BTreeSet::new();
        for (notebook, replica) in &self.replicas {
            let member = replica.membership().member(&kept.person);
            if let Some(member) = member.filter(|_| self.is_with(*notebook, replica, kept.person)) {
                ids.insert(CapsuleId::of(&member.recovery));
            }
        }
        ids.contains(&kept.head.id)
    }

    /// Returns the capsules of a person that are kept here under a recovery card.
    pub(super) fn capsules_under(
        &self,
        person: PersonId,
        id: CapsuleId,
        storage: &dyn Storage,
    ) -> Result<Vec<Vec<u8>>, StorageError> {
        self.capsules.shelf.under(person, id, storage)
    }

    /// Returns the next frame about this person's capsules for a connection on which all else was said.
    pub(super) fn next_capsule_frame(
        &mut self,
        id: ConnectionId,
        storage: &dyn Storage,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let me = self.identity.person();
        let own: Vec<CapsuleHead> = self.capsules.shelf.of(me).map(|kept| kept.head).collect();
        let Some(Connection::Sync {
            session,
            parting: None,
            ..
        }) = self.connections.get_mut(&id)
        else {
            return Ok(None);
        };
        let roster = &self.identity.roster;
        let peer = session.peer();
        let offers: Vec<CapsuleHead> = own
            .into_iter()
            .filter(|head| roster.devices().contains_key(&head.device) && head.device != peer)
            .filter(|head| CapsuleId::of(roster.recovery()) == head.id)
            .collect();
        session.next_capsule_frame(&offers, |hash| {
            let head = offers.iter().find(|head| head.hash == hash);
            head.map_or(Ok(None), |head| storage.capsule((me, head.device)))
        })
    }
}
