//! The door: joiners redeem tickets of this device here. What the people decide about the words is
//! kept here as well.

use std::collections::VecDeque;

use super::{Effect, Engine};
use crate::codec::{DecodeError, Reader, Writer};
use crate::control::InviteState;
use crate::ids::{ControlHash, NotebookId, PersonId, TransportId};
use crate::limits::{FRAME_BYTES_AIM, PAIRING_MS_MAX};
use crate::pairing::{InviteRecord, Inviter, PairingMessage, Redemption, Refusal};
use crate::storage::{Space, Storage, StorageError, Write};

const VERSION: u8 = 1;

/// One joiner's connection.
#[derive(Debug)]
pub(super) struct Door {
    remote: TransportId,
    exporter: [u8; 32],
    opened: Option<(NotebookId, Inviter)>,
    frames: VecDeque<Vec<u8>>,
    closed: bool,
    opened_ms: u64,
}

impl Door {
    pub(super) const fn new(remote: TransportId, exporter: [u8; 32], now_ms: u64) -> Self {
        Self {
            opened_ms: now_ms,
            remote,
            exporter,
            opened: None,
            frames: VecDeque::new(),
            closed: false,
        }
    }

    pub(super) fn next_frame(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front()
    }

    /// Returns when a joiner who has not finished is sent away.
    pub(super) const fn deadline_ms(&self) -> u64 {
        self.opened_ms.saturating_add(PAIRING_MS_MAX)
    }

    pub(super) fn has_frames(&self) -> bool {
        !self.frames.is_empty()
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    fn send(&mut self, message: &PairingMessage) {
        self.frames.push_back(message.to_bytes());
    }
}

/// What a person decided about the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationState {
    /// Not compared yet.
    Open,
    /// They are the same on both sides.
    Match,
    /// They differ: somebody may stand between.
    Differ,
}

/// The words of a pairing and what was decided about them. Only this device's own knowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// What was decided.
    pub state: VerificationState,
    /// The words, single spaces between them.
    pub words: String,
}

impl Verification {
    fn to_bytes(&self) -> Vec<u8> {
        let state = match self.state {
            VerificationState::Open => 0,
            VerificationState::Match => 1,
            VerificationState::Differ => 2,
        };
        let mut writer = Writer::new();
        writer.u8(VERSION).u8(state).bytes(self.words.as_bytes());
        writer.into_bytes()
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WORDS_BYTES_MAX: usize = 256;
        let mut reader = Reader::new(bytes);
        reader.known("verification", VERSION)?;
        let state = match reader.u8("state")? {
            0 => VerificationState::Open,
            1 => VerificationState::Match,
            2 => VerificationState::Differ,
            other => {
                return Err(DecodeError::Unknown {
                    what: "state",
                    value: other.into(),
                });
            }
        };
        let words = reader.text("words", WORDS_BYTES_MAX)?.to_owned();
        reader.finish()?;
        Ok(Self { state, words })
    }

    pub(super) fn write(&self, person: PersonId) -> Write {
        Write::Put {
            space: Space::Verification,
            key: person.as_bytes().to_vec(),
            value: self.to_bytes(),
        }
    }
}

impl Engine {
    /// Takes a frame at the door; returns whether more may follow.
    pub(super) fn pairing_frame(
        &mut self,
        door: &mut Door,
        bytes: &[u8],
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> bool {
        let result = match (PairingMessage::parse(bytes), door.opened.take()) {
            (Ok(hello @ PairingMessage::Hello { .. }), None) => {
                self.open_door(door, &hello, now_ms, storage)
            }
            (Ok(reveal @ PairingMessage::Reveal { .. }), Some((notebook, inviter))) => {
                match inviter.reveal(reveal) {
                    Ok(redemption) => self.let_in(door, notebook, redemption, now_ms, storage, rng),
                    Err(refusal) => Err(refusal),
                }
            }
            _ => Err(Refusal::Protocol),
        };
        match result {
            Ok(is_open) => {
                door.closed = !is_open;
                is_open
            }
            Err(refusal) => {
                door.send(&PairingMessage::Refused(refusal));
                door.closed = true;
                false
            }
        }
    }

    fn open_door(
        &self,
        door: &mut Door,
        hello: &PairingMessage,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<bool, Refusal> {
        let PairingMessage::Hello { invite, .. } = hello else {
            return Err(Refusal::Protocol);
        };
        let (notebook, mut record) = self
            .invite_record(*invite, storage)
            .ok_or_else(|| self.refusal_for(invite))?;
        let state = self
            .replica(notebook)
            .and_then(|replica| replica.membership().invites().get(invite).copied());
        let me = (self.identity.person(), self.identity.device.id());
        let connection = (door.remote, &door.exporter);
        let inviter = Inviter::hello(notebook, me, &mut record, state, now_ms, connection, hello)?;
        storage
            .commit(notebook, &[record_write(*invite, &record)])
            .map_err(|_| Refusal::Unavailable)?;
        door.send(&inviter.offer(&self.identity.roster, &self.identity.name));
        door.opened = Some((notebook, inviter));
        Ok(true)
    }

    /// Says whom to ask instead: whoever has a ticket of another device of this person learns which one.
    fn refusal_for(&self, invite: &ControlHash) -> Refusal {
        let issued = self.replicas.values().find_map(|replica| {
            let controls = replica.controls();
            let is_invite = replica.membership().invites().contains_key(invite);
            controls.author(invite).filter(|_| is_invite)
        });
        match issued {
            Some((person, device))
                if person == self.identity.person() && device != self.identity.device.id() =>
            {
                Refusal::AskDevice(device)
            }
            _ => Refusal::Invalid,
        }
    }

    fn let_in(
        &mut self,
        door: &mut Door,
        notebook: NotebookId,
        redemption: Redemption,
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<bool, Refusal> {
        let Redemption {
            invite,
            roster,
            proof,
            label,
            words,
        } = redemption;
        let person = roster.person();
        let mut record = self
            .invite_record(invite, storage)
            .map(|(_, record)| record)
            .ok_or(Refusal::Invalid)?;
        if self.is_distrusted(notebook, person) {
            return Err(Refusal::Revoked);
        }
        record.redeemed_by = door.remote;
        let words = self
            .undecided(notebook, person, words, storage)
            .map_err(|_| Refusal::Unavailable)?;
        let replica = self.replicas.get_mut(&notebook).ok_or(Refusal::Invalid)?;
        match replica.membership().invites().get(&invite) {
            // Whoever missed the answer is told again, unless they are out since.
            Some(InviteState::Used(by)) if *by == person => {
                if replica.membership().member(&person).is_none() {
                    return Err(Refusal::Revoked);
                }
            }
            Some(InviteState::Used(_)) => return Err(Refusal::Used),
            Some(InviteState::Revoked) => return Err(Refusal::Revoked),
            Some(InviteState::Open) => {
                if replica.membership().member(&person).is_some() {
                    return Err(Refusal::Used);
                }
                // Its time may have run out since the first message.
                if now_ms >= record.expires_ms {
                    return Err(Refusal::Expired);
                }
                replica
                    .admit(invite, roster, proof, &label, rng)
                    .map_err(|_| Refusal::Unavailable)?;
            }
            None => return Err(Refusal::Invalid),
        }
        replica.keep_with_next_commit([record_write(invite, &record)]);
        replica.keep_with_next_commit(words.map(|words| words.write(person)));
        self.commit(notebook, storage)
            .map_err(|_| Refusal::Unavailable)?;
        self.rekeys.look_at(notebook);
        self.effects.push_back(Effect::MembershipChanged(notebook));

        let replica = self
            .replicas
            .get_mut(&notebook)
            .ok_or(Refusal::Unavailable)?;
        let mut entries = Vec::new();
        let mut bytes = 0;
        for entry in replica.controls().iter() {
            bytes += entry.as_bytes().len();
            entries.push(entry.as_bytes().to_vec());
            if bytes >= FRAME_BYTES_AIM {
                door.send(&PairingMessage::Controls(std::mem::take(&mut entries)));
                bytes = 0;
            }
        }
        door.send(&PairingMessage::Controls(entries));
        let mut frontier = Writer::new();
        replica.sign_frontier().write(&mut frontier);
        door.send(&PairingMessage::Welcome {
            frontier: frontier.into_bytes(),
        });
        Ok(false)
    }

    /// Returns what this device keeps about an invitation that it issued.
    pub fn invite_record(
        &self,
        invite: ControlHash,
        storage: &dyn Storage,
    ) -> Option<(NotebookId, InviteRecord)> {
        self.notebooks().find_map(|notebook| {
            let value = storage
                .get(notebook, Space::Invite, invite.as_bytes())
                .ok()??;
            Some((notebook, InviteRecord::parse(&value).ok()?))
        })
    }

    /// Returns the words of the pairing with a person, and what was decided about them.
    ///
    /// # Errors
    /// [`StorageError`] where the record cannot be read.
    pub fn verification(
        &self,
        notebook: NotebookId,
        person: PersonId,
        storage: &dyn Storage,
    ) -> Result<Option<Verification>, StorageError> {
        let Some(value) = storage.get(notebook, Space::Verification, person.as_bytes())? else {
            return Ok(None);
        };
        Verification::parse(&value)
            .map(Some)
            .map_err(|error| StorageError::Damaged(error.to_string()))
    }

    /// Returns the new words of a pairing to keep, unless it was decided about the person's already:
    /// what people decided, only people change.
    pub(super) fn undecided(
        &self,
        notebook: NotebookId,
        person: PersonId,
        words: String,
        storage: &dyn Storage,
    ) -> Result<Option<Verification>, StorageError> {
        let known = self.verification(notebook, person, storage)?;
        let is_open = known.is_none_or(|known| known.state == VerificationState::Open);
        let state = VerificationState::Open;
        Ok(is_open.then_some(Verification { state, words }))
    }

    /// Keeps what the person decided about the words.
    ///
    /// Where they differ, somebody may stand in that person's place: from then on this device
    /// exchanges nothing of the notebook with their devices.
    ///
    /// # Errors
    /// [`StorageError`] where it cannot be kept.
    pub fn decide_verification(
        &mut self,
        notebook: NotebookId,
        person: PersonId,
        verification: &Verification,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        storage.commit(notebook, &[verification.write(person)])?;
        if verification.state == VerificationState::Differ {
            self.apart.distrust(notebook, person);
            // Other notebooks shared with them connect again by themselves.
            self.close_all_with(person);
        } else {
            self.apart.trust(notebook, person);
        }
        // Somebody who is distrusted here may share nothing with this person any more.
        self.review_capsules_soon();
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(())
    }

    /// Says whether this person decided that the words of another differ.
    pub fn is_distrusted(&self, notebook: NotebookId, person: PersonId) -> bool {
        self.apart.is_distrusted(notebook, person)
    }

    pub(super) fn load_distrusted(
        &mut self,
        notebook: NotebookId,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        for (key, value) in storage.scan(notebook, Space::Verification)? {
            let Ok(person) = <[u8; 32]>::try_from(key) else {
                continue;
            };
            let decided = Verification::parse(&value)
                .map_err(|error| StorageError::Damaged(error.to_string()))?;
            if decided.state == VerificationState::Differ {
                self.apart.distrust(notebook, PersonId::from_bytes(person));
            }
        }
        Ok(())
    }
}

pub(super) fn record_write(invite: ControlHash, record: &InviteRecord) -> Write {
    Write::Put {
        space: Space::Invite,
        key: invite.as_bytes().to_vec(),
        value: record.to_bytes(),
    }
}
