//! The door for devices: those that this person links, and those that come back with a phrase.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::{Effect, Engine};
use crate::enrol::{
    EnrolMessage, EnrolRefusal, LinkOffer, LinkTicket, Outgoing, entering, proven_card,
    shown_roster,
};
use crate::identity::{RecoveryCard, Roster};
use crate::ids::{CapsuleId, NotebookId, PersonId, TransportId};
use crate::limits::{HANDOVER_MS_MAX, LINK_OFFERS_MAX, PAIRING_MS_MAX};
use crate::storage::Storage;
use crate::sync::Holding;

/// What a device at the door wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Link,
    Recover,
}

/// One device at the door.
#[derive(Debug)]
pub(super) struct EnrolDoor {
    wish: Wish,
    pub(super) remote: TransportId,
    exporter: [u8; 32],
    /// The place of the ticket that it came with, by its number.
    offer: Option<u64>,
    pub(super) frames: VecDeque<EnrolMessage>,
    outgoing: Option<Outgoing>,
    closed: bool,
    deadline_ms: u64,
}

impl EnrolDoor {
    pub(super) const fn new(
        wish: Wish,
        remote: TransportId,
        exporter: [u8; 32],
        now_ms: u64,
    ) -> Self {
        Self {
            wish,
            remote,
            exporter,
            offer: None,
            frames: VecDeque::new(),
            outgoing: None,
            closed: false,
            deadline_ms: now_ms.saturating_add(PAIRING_MS_MAX),
        }
    }

    pub(super) const fn deadline_ms(&self) -> u64 {
        self.deadline_ms
    }

    /// Says whether nothing more will be said.
    pub(super) fn is_over(&self) -> bool {
        self.closed && self.frames.is_empty() && self.outgoing.is_none()
    }

    fn hand_over(&mut self, outgoing: Outgoing, now_ms: u64) {
        self.outgoing = Some(outgoing);
        self.closed = true;
        self.deadline_ms = now_ms.saturating_add(HANDOVER_MS_MAX);
    }
}

/// The number by which a ticket for linking is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkOfferId(pub(super) u64);

impl Engine {
    /// Makes a ticket that links one device. It is good until it is taken back, its time is over or the
    /// process ends. `None` where too many are open, or this device is none of its person's.
    pub fn offer_link(
        &mut self,
        expires_ms: u64,
        (addresses, relays): (Vec<SocketAddr>, Vec<String>),
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Option<(LinkOfferId, LinkTicket)> {
        if self.offers.len() >= LINK_OFFERS_MAX || !self.is_own_device() {
            return None;
        }
        let offer = LinkOffer::random(expires_ms, rng);
        let (person, device) = (self.identity.person(), &self.identity.device);
        let ticket = offer.ticket(person, device, addresses, relays);
        self.next_offer += 1;
        self.offers.insert(self.next_offer, offer);
        Some((LinkOfferId(self.next_offer), ticket))
    }

    /// Takes a ticket back.
    pub fn withdraw_link(&mut self, offer: LinkOfferId) {
        self.offers.remove(&offer.0);
    }

    /// Takes a frame at the door; returns whether more is to be said.
    pub(super) fn enrol_frame(
        &mut self,
        door: &mut EnrolDoor,
        bytes: &[u8],
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> bool {
        if door.closed {
            // It was answered; whatever it says now is about nothing.
            return !door.is_over();
        }
        let message = EnrolMessage::parse(bytes).map_err(|_| EnrolRefusal::Protocol);
        let answered = message.and_then(|message| match (door.wish, message, door.offer) {
            (Wish::Link, EnrolMessage::Hello { commitment, proof }, None) => {
                self.open_link(door, commitment, &proof, now_ms)
            }
            (Wish::Link, reveal @ EnrolMessage::Reveal { .. }, Some(offer)) => {
                self.link(door, offer, reveal, now_ms, storage, rng)
            }
            (Wish::Recover, EnrolMessage::Ask { card, proof }, None) => {
                self.answer_phrase(door, &card, &proof, now_ms, storage)
            }
            (Wish::Recover, EnrolMessage::Enter { roster }, None) => {
                self.answer_device(door, &roster, now_ms)
            }
            (Wish::Recover, EnrolMessage::Present { notebook, entries }, None) => {
                self.take_presented(door, now_ms, (notebook, entries), storage)
            }
            (Wish::Recover, EnrolMessage::Done, None) => {
                door.frames.push_back(EnrolMessage::Done);
                door.closed = true;
                Ok(())
            }
            _ => Err(EnrolRefusal::Protocol),
        });
        if let Err(refusal) = answered {
            door.frames.push_back(EnrolMessage::Refused(refusal));
            door.closed = true;
        }
        !door.is_over()
    }

    /// Returns the next frame for a device at the door.
    pub(super) fn enrol_next(
        &self,
        door: &mut EnrolDoor,
        storage: &dyn Storage,
    ) -> Option<Vec<u8>> {
        if let Some(message) = door.frames.pop_front() {
            return Some(message.to_bytes());
        }
        let outgoing = door.outgoing.as_mut()?;
        let replica = outgoing
            .notebook()
            .and_then(|notebook| self.replicas.get(&notebook));
        let message = outgoing.next(replica.map(|replica| replica as &dyn Holding), storage);
        if message.is_none() {
            door.outgoing = None;
        }
        message.map(|message| message.to_bytes())
    }

    fn open_link(
        &mut self,
        door: &mut EnrolDoor,
        commitment: [u8; 32],
        proof: &[u8; 32],
        now_ms: u64,
    ) -> Result<(), EnrolRefusal> {
        let (number, offer) = self
            .offers
            .iter_mut()
            .find(|(_, offer)| offer.is_proven(&door.exporter, &commitment, proof))
            .ok_or(EnrolRefusal::Unknown)?;
        let nonce = offer.open(door.remote, commitment, now_ms)?;
        door.offer = Some(*number);
        door.frames.push_back(EnrolMessage::Offer {
            nonce,
            roster: self.identity.roster.to_bytes(),
            name: self.identity.name.clone(),
        });
        Ok(())
    }

    fn link(
        &mut self,
        door: &mut EnrolDoor,
        number: u64,
        reveal: EnrolMessage,
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), EnrolRefusal> {
        let offer = self.offers.get(&number).ok_or(EnrolRefusal::Unknown)?;
        let (person, own) = (self.identity.person(), self.identity.device.id());
        let arrival = offer.reveal((person, own), reveal)?;
        let device = arrival.claim.card.id();
        // One that missed the answer comes back with the same keys.
        if !self.identity.roster.devices().contains_key(&device) {
            self.add_device(&arrival.claim, arrival.label.clone(), storage, rng)
                .map_err(|_| EnrolRefusal::Unavailable)?;
        }
        self.effects.push_back(Effect::DeviceLinked {
            offer: LinkOfferId(number),
            device,
            label: arrival.label,
            words: arrival.words,
        });
        door.frames.push_back(EnrolMessage::Person {
            roster: self.identity.roster.to_bytes(),
            name: self.identity.name.clone(),
        });
        let notebooks = self.notebooks_of(person);
        door.hand_over(Outgoing::new(notebooks, false), now_ms);
        Ok(())
    }

    fn answer_phrase(
        &mut self,
        door: &mut EnrolDoor,
        card: &[u8],
        proof: &crate::crypto::Signature,
        now_ms: u64,
        storage: &dyn Storage,
    ) -> Result<(), EnrolRefusal> {
        let card = proven_card(card, proof, &door.exporter)?;
        let person = self.person_of_phrase(&card).ok_or(EnrolRefusal::Unknown)?;
        let notebooks = self.notebooks_of(person);
        let (roster, name) = self
            .known_of(person, &notebooks)
            .ok_or(EnrolRefusal::Unknown)?;
        let capsules = self
            .capsules_under(person, CapsuleId::of(&card), storage)
            .map_err(|_| EnrolRefusal::Unavailable)?;
        door.frames.push_back(EnrolMessage::Person {
            roster: roster.to_bytes(),
            name,
        });
        for capsule in &capsules {
            door.frames.extend(EnrolMessage::of_capsule(capsule));
        }
        door.hand_over(Outgoing::new(notebooks, true), now_ms);
        Ok(())
    }

    /// Answers a device that shows its person's roster: where that, with what is known here, says that the key
    /// at the other end is one of theirs, it is told their notebooks, in which it may not be yet.
    fn answer_device(
        &mut self,
        door: &mut EnrolDoor,
        shown: &[u8],
        now_ms: u64,
    ) -> Result<(), EnrolRefusal> {
        let shown = shown_roster(shown)?;
        let person = shown.person();
        let notebooks = self.notebooks_of(person);
        let (known, name) = self
            .known_of(person, &notebooks)
            .ok_or(EnrolRefusal::Unknown)?;
        let roster = entering(known, &shown, door.remote)?;
        door.frames.push_back(EnrolMessage::Person {
            roster: roster.to_bytes(),
            name,
        });
        door.hand_over(Outgoing::new(notebooks, false), now_ms);
        Ok(())
    }

    /// Returns the member whose recovery key in force this is; one that was rotated away opens no door.
    fn person_of_phrase(&self, card: &RecoveryCard) -> Option<PersonId> {
        if self.identity.roster.recovery() == card {
            return Some(self.identity.person());
        }
        self.replicas.values().find_map(|replica| {
            let mut members = replica.membership().members().iter();
            members
                .find(|(_, member)| member.recovery == *card)
                .map(|(person, _)| *person)
        })
    }

    fn notebooks_of(&self, person: PersonId) -> Vec<NotebookId> {
        self.replicas
            .iter()
            .filter(|(notebook, replica)| {
                replica.membership().member(&person).is_some()
                    && !self.apart.is_distrusted(**notebook, person)
            })
            .map(|(notebook, _)| *notebook)
            .collect()
    }

    fn known_of(&self, person: PersonId, notebooks: &[NotebookId]) -> Option<(Roster, String)> {
        if person == self.identity.person() {
            return Some((self.identity.roster.clone(), self.identity.name.clone()));
        }
        let mut known: Option<Roster> = None;
        let mut name = String::new();
        for replica in notebooks
            .iter()
            .filter_map(|notebook| self.replica(*notebook))
        {
            let Some(roster) = replica.controls().roster(&person) else {
                continue;
            };
            match &mut known {
                None => known = Some(roster.clone()),
                Some(known) => {
                    // What does not fit any more is in no notebook's view either.
                    let _full = known.merge(roster);
                }
            }
            let profile = replica.profile(person);
            if profile.source == crate::replica::ProfileSource::Admission {
                name = profile.name;
            }
        }
        known.map(|roster| (roster, name))
    }
}
