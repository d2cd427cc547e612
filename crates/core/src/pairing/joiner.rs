//! The joiner's side.

use crate::codec::Reader;
use crate::control::{Admit, ControlEntry, ControlError, Role};
use crate::frontier::SignedFrontier;
use crate::identity::{DeviceCard, DeviceSecrets, Roster, RosterError};
use crate::ids::PersonId;
use crate::limits::CONTROL_ENTRIES_MAX;

use super::{PairingMessage, Refusal, Ticket, verification_words};

/// Why a joiner was not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The inviter said no.
    #[error("{0}")]
    Refused(Refusal),
    /// The other side is not whom the ticket names.
    #[error("whoever answered is not the inviter that the ticket names: do not use this ticket")]
    NotTheInviter,
    /// A message came out of turn or does not follow the layout.
    #[error("the inviter's program answered in a way that this one does not understand: {0}")]
    Protocol(&'static str),
    /// A control entry is not acceptable.
    #[error("the inviter sent a notebook that does not check: {0}")]
    Control(#[from] ControlError),
    /// The inviter's roster is not acceptable.
    #[error("the inviter's roster does not check: {0}")]
    Roster(#[from] RosterError),
}

/// What the joiner does next.
#[derive(Debug)]
pub enum JoinerStep {
    /// Sends this and waits for the answer.
    Send(PairingMessage),
    /// Waits for more.
    Wait,
    /// Is a member.
    Done(Box<Joined>),
}

/// What a joiner has once it is admitted.
#[derive(Debug)]
pub struct Joined {
    /// The notebook's control entries, each after its past.
    pub controls: Vec<ControlEntry>,
    /// What the inviter had: the notebook is here once this device has as much.
    pub frontier: SignedFrontier,
    /// Who invited.
    pub inviter: PersonId,
    /// Their name as they gave it.
    pub inviter_name: String,
    /// The inviter's device.
    pub inviter_device: DeviceCard,
    /// What this person is called in the notebook.
    pub role: Role,
    /// The words to compare.
    pub words: String,
}

#[derive(Debug)]
struct Offered {
    name: String,
    device: DeviceCard,
    role: Role,
    words: String,
}

/// One attempt to join.
#[derive(Debug)]
pub struct Joiner {
    ticket: Ticket,
    roster: Roster,
    device: DeviceCard,
    name: String,
    device_label: String,
    nonce: [u8; 32],
    offered: Option<Offered>,
    controls: Vec<ControlEntry>,
}

impl Joiner {
    /// Starts an attempt.
    pub fn new(
        ticket: Ticket,
        roster: Roster,
        device: &DeviceSecrets,
        name: String,
        device_label: String,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Self {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Self {
            ticket,
            roster,
            device: device.card().clone(),
            name,
            device_label,
            nonce,
            offered: None,
            controls: Vec::new(),
        }
    }

    /// Returns the first message, bound to the connection by its exporter.
    pub fn hello(&self, exporter: &[u8; 32]) -> PairingMessage {
        let commitment = PairingMessage::commitment(&self.nonce, &self.roster.to_bytes());
        let proof = self.ticket.secret.proof(exporter, &commitment);
        PairingMessage::Hello {
            invite: self.ticket.invite,
            commitment,
            proof,
        }
    }

    /// Takes a message of the inviter.
    ///
    /// # Errors
    /// [`JoinError`]; the attempt is over then.
    pub fn handle(&mut self, message: PairingMessage) -> Result<JoinerStep, JoinError> {
        match message {
            PairingMessage::Refused(reason) => Err(JoinError::Refused(reason)),
            PairingMessage::Offer {
                nonce,
                roster,
                name,
                role,
            } if self.offered.is_none() => self.offer(&nonce, &roster, name, role),
            PairingMessage::Controls(entries) if self.offered.is_some() => {
                if self.controls.len() + entries.len() > CONTROL_ENTRIES_MAX {
                    return Err(JoinError::Control(ControlError::Full));
                }
                for entry in entries {
                    self.controls.push(ControlEntry::parse(&entry)?);
                }
                Ok(JoinerStep::Wait)
            }
            PairingMessage::Welcome { frontier } => self.welcome(&frontier),
            _ => Err(JoinError::Protocol("a message came out of turn")),
        }
    }

    fn offer(
        &mut self,
        nonce: &[u8; 32],
        roster: &[u8],
        name: String,
        role: Role,
    ) -> Result<JoinerStep, JoinError> {
        let ticket = &self.ticket;
        let inviter = Roster::read(&mut Reader::new(roster))?;
        let device = inviter
            .devices()
            .get(&ticket.device)
            .ok_or(JoinError::NotTheInviter)?
            .clone();
        if !ticket.pins(nonce)
            || inviter.person() != ticket.person
            || device.transport != ticket.transport
        {
            return Err(JoinError::NotTheInviter);
        }
        let words = verification_words(
            ticket.invite,
            (ticket.person, ticket.device),
            (self.roster.person(), self.device.id()),
            (nonce, &self.nonce),
        );
        self.offered = Some(Offered {
            name,
            device,
            role,
            words,
        });
        let signed = Admit::proof_bytes(ticket.notebook, ticket.invite, &self.roster);
        Ok(JoinerStep::Send(PairingMessage::Reveal {
            nonce: self.nonce,
            roster: self.roster.to_bytes(),
            name: self.name.clone(),
            device_label: self.device_label.clone(),
            proof: ticket.secret.signing().sign(&signed),
        }))
    }

    fn welcome(&mut self, frontier: &[u8]) -> Result<JoinerStep, JoinError> {
        let offered = self
            .offered
            .take()
            .ok_or(JoinError::Protocol("a welcome before the offer"))?;
        let frontier = SignedFrontier::read(&mut Reader::new(frontier))
            .map_err(|_| JoinError::Protocol("the frontier is malformed"))?;
        let is_signed = frontier.device == self.ticket.device
            && frontier
                .verify(self.ticket.notebook, &offered.device.verify_key)
                .is_ok();
        let is_notebook = self
            .controls
            .first()
            .is_some_and(|entry| entry.notebook_id() == self.ticket.notebook);
        if !is_signed || !is_notebook {
            return Err(JoinError::NotTheInviter);
        }
        Ok(JoinerStep::Done(Box::new(Joined {
            controls: std::mem::take(&mut self.controls),
            frontier,
            inviter: self.ticket.person,
            inviter_name: offered.name,
            inviter_device: offered.device,
            role: offered.role,
            words: offered.words,
        })))
    }
}
