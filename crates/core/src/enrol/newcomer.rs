//! The new device's side of being linked by another device.

use super::linker::commitment_of;
use super::{EnrolMessage, EnrolRefusal, Handover, HandoverError, LinkTicket, link_words};
use crate::codec::Reader;
use crate::crypto::VerifyKey;
use crate::identity::{DeviceSecrets, Roster, RosterError};

/// Why a device was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// The other side said no.
    #[error("{0}")]
    Refused(EnrolRefusal),
    /// The other side is not whom the ticket names.
    #[error("whoever answered is not the device that the ticket names: do not use this ticket")]
    NotTheDevice,
    /// The roster is not that of the person whom the phrase stands for.
    #[error("the other device knows the person, but not under this phrase")]
    OtherPhrase,
    /// A message came out of turn.
    #[error("the other device answered in a way that this program does not understand")]
    Protocol,
    /// The roster does not check.
    #[error("the roster that came does not check: {0}")]
    Roster(#[from] RosterError),
    /// What was handed over does not check.
    #[error("what was handed over does not check: {0}")]
    Handover(#[from] HandoverError),
}

/// What a device that was linked has.
#[derive(Debug)]
pub struct Linked {
    /// The person's roster, this device on it.
    pub roster: Roster,
    /// Their name.
    pub name: String,
    /// The words that both devices show.
    pub words: String,
    /// The notebooks.
    pub handover: Handover,
}

/// What a new device does next.
#[derive(Debug)]
pub enum NewcomerStep {
    /// Sends this and waits for the answer.
    Send(EnrolMessage),
    /// Waits for more.
    Wait,
    /// Is on the roster.
    Done(Box<Linked>),
}

/// One attempt to be linked.
#[derive(Debug)]
pub struct Newcomer {
    ticket: LinkTicket,
    claim: Vec<u8>,
    device: crate::ids::DeviceId,
    label: String,
    nonce: [u8; 32],
    /// The offer: name, key of the other device, words.
    offered: Option<(String, VerifyKey, String)>,
    roster: Option<Roster>,
    handover: Handover,
}

impl Newcomer {
    /// Starts an attempt.
    pub fn new(
        ticket: LinkTicket,
        device: &DeviceSecrets,
        label: String,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Self {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Self {
            claim: device.claim(ticket.person).to_bytes(),
            device: device.id(),
            ticket,
            label,
            nonce,
            offered: None,
            roster: None,
            handover: Handover::default(),
        }
    }

    /// Returns the first message, bound to the connection by its exporter.
    pub fn hello(&self, exporter: &[u8; 32]) -> EnrolMessage {
        let commitment = commitment_of(&self.nonce, &self.claim);
        EnrolMessage::Hello {
            commitment,
            proof: self.ticket.secret.proof(exporter, &commitment),
        }
    }

    /// Returns how many notebooks came so far.
    pub fn notebooks(&self) -> usize {
        self.handover.notebooks.len()
    }

    /// Takes a message of the linking device.
    ///
    /// # Errors
    /// [`EnrolError`]; the attempt is over then.
    pub fn handle(&mut self, message: EnrolMessage) -> Result<NewcomerStep, EnrolError> {
        match (message, &self.offered, &self.roster) {
            (EnrolMessage::Refused(reason), _, _) => Err(EnrolError::Refused(reason)),
            (
                EnrolMessage::Offer {
                    nonce,
                    roster,
                    name,
                },
                None,
                _,
            ) => self.offer(&nonce, &roster, name),
            (EnrolMessage::Person { roster, .. }, Some(_), None) => {
                let roster = read_roster(&roster)?;
                let is_on_it = roster.devices().contains_key(&self.device);
                if roster.person() != self.ticket.person || !is_on_it {
                    return Err(EnrolError::NotTheDevice);
                }
                self.roster = Some(roster);
                Ok(NewcomerStep::Wait)
            }
            (EnrolMessage::Done, Some(_), Some(_)) => self.done(),
            (message, Some(_), Some(_)) => {
                self.handover.take(message)?;
                Ok(NewcomerStep::Wait)
            }
            _ => Err(EnrolError::Protocol),
        }
    }

    fn offer(
        &mut self,
        nonce: &[u8; 32],
        roster: &[u8],
        name: String,
    ) -> Result<NewcomerStep, EnrolError> {
        let ticket = &self.ticket;
        let roster = read_roster(roster)?;
        let device = roster
            .devices()
            .get(&ticket.device)
            .filter(|card| card.transport == ticket.transport)
            .ok_or(EnrolError::NotTheDevice)?;
        if LinkTicket::pin(nonce) != ticket.nonce_hash || roster.person() != ticket.person {
            return Err(EnrolError::NotTheDevice);
        }
        let words = link_words(
            ticket.person,
            ticket.device,
            self.device,
            (nonce, &self.nonce),
        );
        self.offered = Some((name, device.verify_key, words));
        Ok(NewcomerStep::Send(EnrolMessage::Reveal {
            nonce: self.nonce,
            claim: self.claim.clone(),
            label: self.label.clone(),
        }))
    }

    fn done(&mut self) -> Result<NewcomerStep, EnrolError> {
        let (Some((name, key, words)), Some(roster)) = (self.offered.take(), self.roster.take())
        else {
            return Err(EnrolError::Protocol);
        };
        let handover = std::mem::take(&mut self.handover);
        for handed in &handover.notebooks {
            handed
                .frontier
                .verify(handed.notebook, &key)
                .map_err(HandoverError::from)?;
        }
        Ok(NewcomerStep::Done(Box::new(Linked {
            roster,
            name,
            words,
            handover,
        })))
    }
}

pub(super) fn read_roster(bytes: &[u8]) -> Result<Roster, EnrolError> {
    let mut reader = Reader::new(bytes);
    let roster = Roster::read(&mut reader)?;
    reader.finish().map_err(RosterError::from)?;
    Ok(roster)
}
