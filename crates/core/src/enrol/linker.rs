//! The linking device's side: an open ticket, and how whoever comes with it is judged.

use core::net::SocketAddr;

use subtle::ConstantTimeEq;

use super::{EnrolMessage, EnrolRefusal, LinkTicket, link_words};
use crate::codec::Reader;
use crate::crypto;
use crate::identity::{DeviceClaim, DeviceSecrets};
use crate::ids::{DeviceId, PersonId, TransportId};
use crate::pairing::TicketSecret;

/// A ticket that links one device. It lives only as long as the process: both devices are at hand.
#[derive(Debug, Clone)]
pub struct LinkOffer {
    secret: TicketSecret,
    nonce: [u8; 32],
    pub(crate) expires_ms: u64,
    /// Who came with it first: its nonce is opened to nobody else.
    claimed: Option<(TransportId, [u8; 32])>,
}

/// A device that proved itself, with its label and the words that both show.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) claim: DeviceClaim,
    pub(crate) label: String,
    pub(crate) words: String,
}

impl LinkOffer {
    /// Draws the secrets of a new ticket.
    pub fn random(expires_ms: u64, rng: &mut dyn rand_core::CryptoRng) -> Self {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Self {
            secret: TicketSecret::random(rng),
            nonce,
            expires_ms,
            claimed: None,
        }
    }

    /// Returns the ticket to show.
    pub fn ticket(
        &self,
        person: PersonId,
        device: &DeviceSecrets,
        addresses: Vec<SocketAddr>,
        relays: Vec<String>,
    ) -> LinkTicket {
        LinkTicket {
            person,
            device: device.id(),
            transport: device.card().transport,
            nonce_hash: LinkTicket::pin(&self.nonce),
            secret: self.secret.clone(),
            expires_ms: self.expires_ms,
            addresses,
            relays,
        }
    }

    /// Says whether a first message was made with this ticket's secret.
    pub(crate) fn is_proven(
        &self,
        exporter: &[u8; 32],
        commitment: &[u8; 32],
        proof: &[u8; 32],
    ) -> bool {
        let expected = self.secret.proof(exporter, commitment);
        expected[..].ct_eq(&proof[..]).into()
    }

    /// Opens the nonce to whoever came first.
    pub(crate) fn open(
        &mut self,
        remote: TransportId,
        commitment: [u8; 32],
        now_ms: u64,
    ) -> Result<[u8; 32], EnrolRefusal> {
        match self.claimed {
            Some(claimed) if claimed != (remote, commitment) => return Err(EnrolRefusal::Used),
            Some(_) => {}
            None if now_ms >= self.expires_ms => return Err(EnrolRefusal::Expired),
            None => self.claimed = Some((remote, commitment)),
        }
        Ok(self.nonce)
    }

    /// Judges the second message of whoever the nonce was opened to.
    pub(crate) fn reveal(
        &self,
        (person, own): (PersonId, DeviceId),
        message: EnrolMessage,
    ) -> Result<Arrival, EnrolRefusal> {
        let EnrolMessage::Reveal {
            nonce,
            claim: bytes,
            label,
        } = message
        else {
            return Err(EnrolRefusal::Protocol);
        };
        let (remote, commitment) = self.claimed.ok_or(EnrolRefusal::Protocol)?;
        if commitment_of(&nonce, &bytes) != commitment {
            return Err(EnrolRefusal::Protocol);
        }
        let mut reader = Reader::new(&bytes);
        let claim = DeviceClaim::read(&mut reader).map_err(|_| EnrolRefusal::Protocol)?;
        reader.finish().map_err(|_| EnrolRefusal::Protocol)?;
        if claim.card.transport != remote || claim.verify(person).is_err() {
            return Err(EnrolRefusal::Protocol);
        }
        let words = link_words(person, own, claim.card.id(), (&self.nonce, &nonce));
        Ok(Arrival {
            claim,
            label,
            words,
        })
    }
}

/// What a new device commits to before it hears the other's nonce.
pub(super) fn commitment_of(nonce: &[u8; 32], claim: &[u8]) -> [u8; 32] {
    crypto::digest("hearthside 2026-11 link commitment", &[nonce, claim])
}
