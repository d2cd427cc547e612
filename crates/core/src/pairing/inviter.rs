//! The inviter's side: what is kept about an invitation, and how a joiner is judged.

use crate::codec::{DecodeError, Reader, Writer};
use crate::control::{Admit, InviteState, Label, Role};
use crate::crypto::Signature;
use crate::identity::Roster;
use crate::ids::{ControlHash, DeviceId, NotebookId, PersonId, TransportId};
use crate::limits::PAIRING_ATTEMPTS_MAX;

use super::{PairingMessage, Refusal, Ticket, TicketSecret, verification_words};

const VERSION: u8 = 1;

/// What the issuing device keeps about an invitation, in its sealed store only.
///
/// `version u8 ‖ secret 16 ‖ nonce 32 ‖ expiry u64 ‖ role u8 ‖ attempts u32 ‖ redeemed by 32`.
#[derive(Debug, Clone)]
pub struct InviteRecord {
    /// The ticket's secret.
    pub secret: TicketSecret,
    /// The secret beginning of the chain of nonces whose end the ticket pins.
    pub nonce: [u8; 32],
    /// When it is no longer redeemed, in milliseconds since 1970 UTC.
    pub expires_ms: u64,
    /// What the invited person will be called.
    pub role: Role,
    /// How often the nonce was opened to somebody.
    pub attempts: u32,
    /// The transport key of the device that redeemed it; zero while nobody has.
    pub redeemed_by: TransportId,
}

impl InviteRecord {
    /// Draws the secrets of a new invitation.
    pub fn random(role: Role, expires_ms: u64, rng: &mut dyn rand_core::CryptoRng) -> Self {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        let secret = TicketSecret::random(rng);
        Self {
            secret,
            nonce,
            expires_ms,
            role,
            attempts: 0,
            redeemed_by: TransportId::ZERO,
        }
    }

    /// Returns the record's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .raw(self.secret.expose())
            .raw(&self.nonce)
            .u64(self.expires_ms)
            .u8(self.role.code())
            .u32(self.attempts)
            .raw(self.redeemed_by.as_bytes());
        writer.into_bytes()
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("invitation record", VERSION)?;
        let record = Self {
            secret: TicketSecret::from_bytes(reader.array("secret")?),
            nonce: reader.array("nonce")?,
            expires_ms: reader.u64("expiry")?,
            role: Role::from_code(reader.u8("role")?)?,
            attempts: reader.u32("attempts")?,
            redeemed_by: TransportId::from_bytes(reader.array("redeemed by")?),
        };
        reader.finish()?;
        Ok(record)
    }

    /// Returns the ticket to hand out.
    pub fn ticket(
        &self,
        invite: ControlHash,
        notebook: NotebookId,
        me: (PersonId, DeviceId, TransportId),
        addresses: Vec<core::net::SocketAddr>,
        relays: Vec<String>,
    ) -> Ticket {
        Ticket {
            invite,
            notebook,
            person: me.0,
            device: me.1,
            transport: me.2,
            nonce_hash: Ticket::pin_nonce(&self.nonce),
            secret: self.secret.clone(),
            expires_ms: self.expires_ms,
            addresses,
            relays,
        }
    }
}

/// Who asks to be admitted, once all proofs fit.
#[derive(Debug, Clone)]
pub struct Redemption {
    /// The invitation.
    pub invite: ControlHash,
    /// The joiner's roster.
    pub roster: Roster,
    /// The ticket key's signature over it.
    pub proof: Signature,
    /// The words of the admission.
    pub label: Label,
    /// The words to compare.
    pub words: String,
}

/// One joiner at one inviter's door.
#[derive(Debug)]
pub struct Inviter {
    notebook: NotebookId,
    invite: ControlHash,
    me: (PersonId, DeviceId),
    remote: TransportId,
    commitment: [u8; 32],
    nonce: [u8; 32],
    role: Role,
    ticket_secret: TicketSecret,
}

impl Inviter {
    /// Judges a joiner's first message; on success the record counts one more attempt and is to be
    /// kept before `Offer` leaves.
    ///
    /// # Errors
    /// The [`Refusal`] to send.
    pub fn hello(
        notebook: NotebookId,
        me: (PersonId, DeviceId),
        record: &mut InviteRecord,
        state: Option<InviteState>,
        now_ms: u64,
        connection: (TransportId, &[u8; 32]),
        message: &PairingMessage,
    ) -> Result<Self, Refusal> {
        let PairingMessage::Hello {
            invite,
            commitment,
            proof,
        } = message
        else {
            return Err(Refusal::Protocol);
        };
        let (remote, exporter) = connection;
        let expected = record.secret.proof(exporter, commitment);
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&expected[..], &proof[..])) {
            return Err(Refusal::Invalid);
        }
        // Whoever was admitted but missed the answer may ask again; nobody else.
        let is_return = record.redeemed_by == remote;
        match state {
            None => return Err(Refusal::Invalid),
            Some(InviteState::Revoked) => return Err(Refusal::Revoked),
            Some(InviteState::Used(_)) if !is_return => return Err(Refusal::Used),
            Some(InviteState::Used(_) | InviteState::Open) => {}
        }
        if !is_return && now_ms >= record.expires_ms {
            return Err(Refusal::Expired);
        }
        if !is_return && record.attempts >= PAIRING_ATTEMPTS_MAX {
            return Err(Refusal::Used);
        }
        record.attempts = record.attempts.saturating_add(1);
        Ok(Self {
            notebook,
            invite: *invite,
            me,
            remote,
            commitment: *commitment,
            nonce: Ticket::nonce_of_attempt(&record.nonce, record.attempts),
            role: record.role,
            ticket_secret: record.secret.clone(),
        })
    }

    /// Returns the answer to the first message.
    pub fn offer(&self, roster: &Roster, name: &str) -> PairingMessage {
        PairingMessage::Offer {
            nonce: self.nonce,
            roster: roster.to_bytes(),
            name: name.to_owned(),
            role: self.role,
        }
    }

    /// Judges the joiner's second message.
    ///
    /// # Errors
    /// The [`Refusal`] to send.
    pub fn reveal(self, message: PairingMessage) -> Result<Redemption, Refusal> {
        let PairingMessage::Reveal {
            nonce,
            roster: bytes,
            name,
            device_label,
            proof,
        } = message
        else {
            return Err(Refusal::Protocol);
        };
        if PairingMessage::commitment(&nonce, &bytes) != self.commitment {
            return Err(Refusal::Protocol);
        }
        let mut reader = Reader::new(&bytes);
        let roster = Roster::read(&mut reader).map_err(|_| Refusal::Protocol)?;
        reader.finish().map_err(|_| Refusal::Protocol)?;
        let device = roster
            .devices()
            .values()
            .find(|card| card.transport == self.remote)
            .map(crate::identity::DeviceCard::id)
            .ok_or(Refusal::Protocol)?;
        let signed = Admit::proof_bytes(self.notebook, self.invite, &roster);
        let key = self.ticket_secret.signing().verify_key();
        key.verify(&signed, &proof).map_err(|_| Refusal::Invalid)?;
        let words = verification_words(
            self.invite,
            self.me,
            (roster.person(), device),
            (&self.nonce, &nonce),
        );
        let label = Label::Member {
            name,
            device: device_label,
            role: self.role,
        };
        Ok(Redemption {
            invite: self.invite,
            roster,
            proof,
            label,
            words,
        })
    }
}
