//! Capsules that are kept: this person's own, and those of others.
//!
//! What is kept is bound to a member: only a live device of somebody with whom a notebook is shared has one
//! kept, under the id of that person's recovery key in force, in a place of its own, within limits. It is
//! dropped once nothing binds it any more. Who keeps one cannot open it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Connection, ConnectionId, Effect, Engine};
use crate::capsule::{Capsule, CapsuleHead, NotebookState};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::VerifyKey;
use crate::ids::{CapsuleHash, CapsuleId, DeviceId, NotebookId, PersonId};
use crate::limits::{
    CAPSULE_BYTES_MAX, CAPSULES_BYTES_KEPT_MAX, CAPSULES_BYTES_PER_PERSON_MAX,
    CAPSULES_PER_PERSON_MAX, JOURNAL_COPIES_MAX,
};
use crate::replica::Replica;
use crate::storage::{CapsuleRecord, Storage, StorageError};
use crate::sync::{CapsuleAnswer, CapsuleEvent, Session};

const VERSION: u8 = 1;
/// What this device's own capsule was made of, to see when that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Basis {
    /// Over what is renewed at once: roster, notebooks, who holds them.
    pub(super) at_once: [u8; 32],
    /// Over all of it.
    pub(super) whole: [u8; 32],
}

/// What is known of a capsule that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCapsule {
    /// Whose it is.
    pub person: PersonId,
    /// What it says in the clear.
    pub head: CapsuleHead,
    /// What became of the journals in it, where this device made it: one state for each.
    pub journals: Vec<NotebookState>,
    pub(super) basis: Option<Basis>,
}

impl KeptCapsule {
    fn to_bytes(&self) -> Vec<u8> {
        let head = &self.head;
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .raw(self.person.as_bytes())
            .raw(head.id.as_bytes())
            .raw(head.device.as_bytes())
            .u64(head.counter)
            .u64(head.time_ms)
            .u32(head.length)
            .raw(head.hash.as_bytes());
        match &self.basis {
            None => {
                writer.u8(0);
            }
            Some(basis) => {
                writer.u8(1).raw(&basis.at_once).raw(&basis.whole);
            }
        }
        writer.varint(self.journals.len() as u64);
        for state in &self.journals {
            writer.u8(state.code());
        }
        writer.into_bytes()
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8("kept capsule")?;
        if version != VERSION {
            return Err(DecodeError::Unknown {
                what: "kept capsule",
                value: version.into(),
            });
        }
        let person = PersonId::from_bytes(reader.array("person")?);
        let head = CapsuleHead {
            id: CapsuleId::from_bytes(reader.array("capsule id")?),
            device: DeviceId::from_bytes(reader.array("device")?),
            counter: reader.u64("counter")?,
            time_ms: reader.u64("time")?,
            length: reader.u32("length")?,
            hash: CapsuleHash::from_bytes(reader.array("hash of a capsule")?),
        };
        let basis = match reader.u8("basis")? {
            0 => None,
            1 => Some(Basis {
                at_once: reader.array("basis")?,
                whole: reader.array("basis")?,
            }),
            other => {
                return Err(DecodeError::Unknown {
                    what: "basis",
                    value: other.into(),
                });
            }
        };
        let mut journals = Vec::new();
        for _ in 0..reader.count("journals", JOURNAL_COPIES_MAX)? {
            journals.push(NotebookState::from_code(reader.u8("state of a notebook")?)?);
        }
        reader.finish()?;
        Ok(Self {
            person,
            head,
            journals,
            basis,
        })
    }
}

/// All capsules that are kept here.
#[derive(Debug, Default)]
pub(super) struct Capsules {
    kept: BTreeMap<(PersonId, DeviceId), KeptCapsule>,
    /// How many control entries there were when it was last looked whether all are still to be kept.
    controls_seen: Option<(usize, usize)>,
}

impl Capsules {
    fn of(&self, person: PersonId) -> impl Iterator<Item = &KeptCapsule> {
        self.kept
            .range((person, DeviceId::ZERO)..)
            .take_while(move |((of, _), _)| *of == person)
            .map(|(_, kept)| kept)
    }
}

impl Engine {
    pub(super) fn load_capsules(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        for bytes in storage.capsule_heads()? {
            // One that does not read is of another version: its device sends it again.
            if let Ok(kept) = KeptCapsule::parse(&bytes) {
                let place = (kept.person, kept.head.device);
                self.capsules.kept.insert(place, kept);
            }
        }
        Ok(())
    }

    /// Returns this device's own capsule, where it has made one.
    pub fn own_capsule(&self) -> Option<&KeptCapsule> {
        let place = (self.identity.person(), self.identity.device.id());
        self.capsules.kept.get(&place)
    }

    /// Returns all capsules that are kept here, this person's own among them.
    pub fn kept_capsules(&self) -> impl Iterator<Item = &KeptCapsule> {
        self.capsules.kept.values()
    }

    pub(super) fn keep_capsule(
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
        self.capsules.kept.insert(place, kept);
        Ok(())
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
                CapsuleEvent::Refused(hash) => self.effects.push_back(Effect::CapsuleRefused {
                    keeper: session.peer(),
                    capsule: hash,
                }),
            }
        }
        Ok(())
    }

    fn judge_offer(&self, peer: DeviceId, head: &CapsuleHead) -> CapsuleAnswer {
        let Some((person, _)) = self.bound_by(peer, head) else {
            return CapsuleAnswer::Refused;
        };
        let kept = self.capsules.kept.get(&(person, head.device));
        if kept.is_some_and(|kept| kept.head.hash == head.hash) {
            return CapsuleAnswer::Kept;
        }
        let is_older =
            kept.is_some_and(|kept| kept.head.id == head.id && kept.head.counter >= head.counter);
        if is_older || !self.has_room_for(person, head) {
            return CapsuleAnswer::Refused;
        }
        CapsuleAnswer::Wanted
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

    fn has_room_for(&self, person: PersonId, head: &CapsuleHead) -> bool {
        let length = head.length as usize;
        let bytes = |kept: &KeptCapsule| kept.head.length as usize;
        let others = self
            .capsules
            .of(person)
            .filter(|kept| kept.head.device != head.device);
        let of_person: usize = others.map(bytes).sum();
        let me = self.identity.person();
        let of_all: usize = self
            .capsules
            .kept
            .values()
            .filter(|kept| kept.person != me && kept.head.device != head.device)
            .map(bytes)
            .sum();
        length <= CAPSULE_BYTES_MAX
            && of_person + length <= CAPSULES_BYTES_PER_PERSON_MAX
            && (person == me || of_all + length <= CAPSULES_BYTES_KEPT_MAX)
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
        let kept = KeptCapsule {
            person,
            head: *head,
            journals: Vec::new(),
            basis: None,
        };
        self.keep_capsule(kept, &capsule, storage)?;
        self.crowd_out(person, head.device, storage)?;
        Ok(true)
    }

    /// Drops those beyond what is kept for one person: of devices that are off first, then the oldest.
    fn crowd_out(
        &mut self,
        person: PersonId,
        newest: DeviceId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let mut all: Vec<&KeptCapsule> = self
            .capsules
            .of(person)
            .filter(|kept| kept.head.device != newest)
            .collect();
        let is_live = |device: &DeviceId| {
            let mut replicas = self.replicas.values();
            replicas.any(|replica| replica.membership().person_of(device) == Some(person))
        };
        all.sort_by_key(|kept| {
            (
                !is_live(&kept.head.device),
                core::cmp::Reverse(kept.head.time_ms),
            )
        });
        let beyond: Vec<DeviceId> = all
            .into_iter()
            .skip(CAPSULES_PER_PERSON_MAX - 1)
            .map(|kept| kept.head.device)
            .collect();
        for device in beyond {
            storage.keep_capsule((person, device), None)?;
            self.capsules.kept.remove(&(person, device));
        }
        Ok(())
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
        if self.capsules.controls_seen == Some(seen) || self.capsules.kept.is_empty() {
            return Ok(());
        }
        let unbound: Vec<(PersonId, DeviceId)> = self
            .capsules
            .kept
            .iter()
            .filter(|(_, kept)| !self.is_bound(kept))
            .map(|(place, _)| *place)
            .collect();
        for place in unbound {
            storage.keep_capsule(place, None)?;
            self.capsules.kept.remove(&place);
        }
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
        let mut found = Vec::new();
        for kept in self.capsules.of(person).filter(|kept| kept.head.id == id) {
            found.extend(storage.capsule((person, kept.head.device))?);
        }
        Ok(found)
    }

    /// Returns the next frame about this person's capsules for a connection on which all else was said.
    pub(super) fn next_capsule_frame(
        &mut self,
        id: ConnectionId,
        storage: &dyn Storage,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let me = self.identity.person();
        let own: Vec<CapsuleHead> = self.capsules.of(me).map(|kept| kept.head).collect();
        let Some(Connection::Sync {
            session,
            parting: None,
            ..
        }) = self.connections.get_mut(&id)
        else {
            return Ok(None);
        };
        if session.is_with_mirror() {
            return Ok(None);
        }
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
