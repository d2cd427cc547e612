//! The ticket: one token that a mentee can paste.
//!
//! `hearth1` and base32 of: `version u8 ‖ invitation 32 ‖ notebook 32 ‖ person 32 ‖ device 32 ‖
//! transport key 32 ‖ end of the inviter's nonce chain 32 ‖ secret 16 ‖ expiry u64 ‖ addresses (count; 4 or 6, then
//! 4 or 16 bytes, port u16 each) ‖ relays (count; text each) ‖ checksum 4`.

use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::spelling::{TicketError, TicketKind, spell, unspell};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, Secret, SigningSecret};
use crate::ids::{ControlHash, DeviceId, NotebookId, PersonId, TransportId};
use crate::limits::PAIRING_ATTEMPTS_MAX;
use crate::place::{read_place, write_place};

/// The secret inside a ticket: 128 bits, which also make the ticket's signing key.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TicketSecret([u8; 16]);

impl TicketSecret {
    /// Draws a new secret.
    pub fn random(rng: &mut dyn rand_core::CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Wraps secret bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Lends the bytes.
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    fn root(&self) -> Secret {
        Secret::from_bytes(crypto::digest(
            "hearthside 2026-11 ticket secret",
            &[&self.0],
        ))
    }

    /// Returns the key whose signature proves the ticket.
    pub fn signing(&self) -> SigningSecret {
        SigningSecret::from_secret(&crypto::derive(&self.root(), "ticket signing", &[]))
    }

    /// Proves the secret for one commitment on one connection.
    pub(crate) fn proof(&self, exporter: &[u8; 32], commitment: &[u8; 32]) -> [u8; 32] {
        crypto::mac(&self.root(), "ticket proof", &[exporter, commitment])
    }
}

impl fmt::Debug for TicketSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketSecret(redacted)")
    }
}

/// What an inviter hands out.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// The invitation's control entry.
    pub invite: ControlHash,
    /// The notebook.
    pub notebook: NotebookId,
    /// Who invites.
    pub person: PersonId,
    /// The device that redeems.
    pub device: DeviceId,
    /// The key that the device proves on connections.
    pub transport: TransportId,
    /// The end of the chain of the inviter's nonces, see [`Ticket::pins`].
    pub nonce_hash: [u8; 32],
    /// The secret.
    pub secret: TicketSecret,
    /// When the inviter stops redeeming it, in milliseconds since 1970 UTC.
    pub expires_ms: u64,
    /// Where the device was reachable when the ticket was made.
    pub addresses: Vec<SocketAddr>,
    /// Relays that the device uses.
    pub relays: Vec<String>,
}

impl Ticket {
    /// Returns the next link of a nonce's chain.
    fn hash_nonce(nonce: &[u8; 32]) -> [u8; 32] {
        crypto::digest("hearthside 2026-11 pairing nonce", &[nonce])
    }

    /// Returns what the ticket pins: the end of a chain of hashes that begins with the inviter's
    /// secret nonce and has a link for each attempt.
    pub fn pin_nonce(seed: &[u8; 32]) -> [u8; 32] {
        Self::nonce_of_attempt(seed, 0)
    }

    /// Returns the nonce that an attempt opens, counted from 1. Each lies one link before the last,
    /// so what one attempt was told does not tell the next one's nonce.
    pub fn nonce_of_attempt(seed: &[u8; 32], attempt: u32) -> [u8; 32] {
        let links = PAIRING_ATTEMPTS_MAX.saturating_sub(attempt);
        (0..links).fold(*seed, |nonce, _| Self::hash_nonce(&nonce))
    }

    /// Says whether a nonce is on the chain that the ticket pins.
    pub fn pins(&self, nonce: &[u8; 32]) -> bool {
        let mut link = *nonce;
        (0..PAIRING_ATTEMPTS_MAX).any(|_| {
            link = Self::hash_nonce(&link);
            link == self.nonce_hash
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(TicketKind::Invitation.code())
            .raw(self.invite.as_bytes())
            .raw(self.notebook.as_bytes())
            .raw(self.person.as_bytes())
            .raw(self.device.as_bytes())
            .raw(self.transport.as_bytes())
            .raw(&self.nonce_hash)
            .raw(self.secret.expose())
            .u64(self.expires_ms);
        write_place(&self.addresses, &self.relays, &mut writer);
        writer.into_bytes()
    }

    fn parse_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.u8("version")?;
        let invite = ControlHash::from_bytes(reader.array("invitation")?);
        let notebook = NotebookId::from_bytes(reader.array("notebook")?);
        let person = PersonId::from_bytes(reader.array("person")?);
        let device = DeviceId::from_bytes(reader.array("device")?);
        let transport = TransportId::from_bytes(reader.array("transport key")?);
        let nonce_hash = reader.array("nonce hash")?;
        let secret = TicketSecret::from_bytes(reader.array("secret")?);
        let expires_ms = reader.u64("expiry")?;
        let (addresses, relays) = read_place(&mut reader)?;
        let ticket = Self {
            invite,
            notebook,
            person,
            device,
            transport,
            nonce_hash,
            secret,
            expires_ms,
            addresses,
            relays,
        };
        reader.finish()?;
        Ok(ticket)
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&spell(&self.to_bytes()))
    }
}

impl FromStr for Ticket {
    type Err = TicketError;

    /// Reads a ticket. White space inside is ignored, since mail programs break long lines.
    fn from_str(text: &str) -> Result<Self, TicketError> {
        match unspell(text)? {
            (TicketKind::Invitation, content) => {
                Self::parse_bytes(&content).map_err(|_| TicketError::Damaged)
            }
            (TicketKind::Link, _) => Err(TicketError::Link),
            (TicketKind::Contact, _) => Err(TicketError::Contact),
            (TicketKind::Mirror, _) => Err(TicketError::Mirror),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            invite: ControlHash::from_bytes([1; 32]),
            notebook: NotebookId::from_bytes([2; 32]),
            person: PersonId::from_bytes([3; 32]),
            device: DeviceId::from_bytes([4; 32]),
            transport: TransportId::from_bytes([5; 32]),
            nonce_hash: [6; 32],
            secret: TicketSecret::from_bytes([7; 16]),
            expires_ms: 8,
            addresses: vec![
                "192.0.2.1:4242".parse().unwrap(),
                "[2001:db8::1]:4242".parse().unwrap(),
            ],
            relays: vec!["https://relay.example".to_owned()],
        }
    }

    #[test]
    fn a_ticket_survives_mail_programs() {
        let text = ticket().to_string();
        assert!(text.starts_with("hearth1") && !text.contains(char::is_whitespace));
        let broken_up: String = text
            .to_uppercase()
            .chars()
            .enumerate()
            .flat_map(|(i, c)| if i % 60 == 59 { vec![c, '\n'] } else { vec![c] })
            .collect();
        let parsed: Ticket = broken_up.parse().unwrap();
        assert_eq!(parsed.to_string(), text);
        assert_eq!(parsed.addresses, ticket().addresses);
    }

    #[test]
    fn a_damaged_ticket_is_told_from_no_ticket() {
        let text = ticket().to_string();
        assert_eq!(
            "hello".parse::<Ticket>().err(),
            Some(TicketError::NotATicket)
        );
        assert_eq!(
            text[..text.len() - 3].parse::<Ticket>().err(),
            Some(TicketError::Damaged)
        );
        for place in 7..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(
                changed.parse::<Ticket>().is_err(),
                "character {place} was not missed"
            );
        }
    }
}
