//! The ticket: one token that a mentee can paste.
//!
//! `hearth1` and base32 of: `version u8 ‖ invitation 32 ‖ notebook 32 ‖ person 32 ‖ device 32 ‖
//! transport key 32 ‖ end of the inviter's nonce chain 32 ‖ secret 16 ‖ expiry u64 ‖ addresses (count; 4 or 6, then
//! 4 or 16 bytes, port u16 each) ‖ relays (count; text each) ‖ checksum 4`.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, Secret, SigningSecret};
use crate::ids::{ControlHash, DeviceId, NotebookId, PersonId, TransportId};
use crate::limits::{ADDRESSES_MAX, PAIRING_ATTEMPTS_MAX, RELAY_URL_BYTES_MAX};

const PREFIX: &str = "hearth1";
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 4;
/// Longest ticket in characters; far above any real one.
const TICKET_CHARS_MAX: usize = 32 * 1024;

/// A text that is no ticket of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// It does not begin as tickets do.
    #[error("this is not a ticket: tickets start with \"{PREFIX}\"")]
    NotATicket,
    /// Characters are missing, added or changed.
    #[error("the ticket is damaged: a part is missing or was changed on the way; copy all of it")]
    Damaged,
    /// It is for linking a device of the same person.
    #[error("this ticket links another device of the same person; it invites nobody")]
    Link,
    /// It only says where a device is.
    #[error("this ticket says where somebody's device is; it invites nobody")]
    Contact,
    /// It invites somebody into a notebook.
    #[error("this ticket invites somebody into a notebook; it links no device")]
    Invitation,
    /// It was made by a newer version.
    #[error("the ticket was made by a newer version of the program: update this one")]
    Newer,
}

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
            .u8(VERSION)
            .raw(self.invite.as_bytes())
            .raw(self.notebook.as_bytes())
            .raw(self.person.as_bytes())
            .raw(self.device.as_bytes())
            .raw(self.transport.as_bytes())
            .raw(&self.nonce_hash)
            .raw(self.secret.expose())
            .u64(self.expires_ms);
        write_addresses(&self.addresses, &mut writer);
        write_relays(&self.relays, &mut writer);
        writer.into_bytes()
    }

    fn parse_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.u8("version")?;
        let ticket = Self {
            invite: ControlHash::from_bytes(reader.array("invitation")?),
            notebook: NotebookId::from_bytes(reader.array("notebook")?),
            person: PersonId::from_bytes(reader.array("person")?),
            device: DeviceId::from_bytes(reader.array("device")?),
            transport: TransportId::from_bytes(reader.array("transport key")?),
            nonce_hash: reader.array("nonce hash")?,
            secret: TicketSecret::from_bytes(reader.array("secret")?),
            expires_ms: reader.u64("expiry")?,
            addresses: read_addresses(&mut reader)?,
            relays: read_relays(&mut reader)?,
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
        }
    }
}

/// What a ticket is for, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TicketKind {
    Invitation,
    Link,
    Contact,
}

impl TicketKind {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Invitation => VERSION,
            Self::Link => 2,
            Self::Contact => 3,
        }
    }
}

/// Spells a ticket's content, with a checksum.
pub(crate) fn spell(content: &[u8]) -> String {
    let bytes = [content, &checksum(content)].concat();
    format!(
        "{PREFIX}{}",
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    )
}

/// Reads what [`spell`] made.
pub(crate) fn unspell(text: &str) -> Result<(TicketKind, Vec<u8>), TicketError> {
    if text.len() > TICKET_CHARS_MAX {
        return Err(TicketError::Damaged);
    }
    let text: String = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    let encoded = text
        .get(..PREFIX.len())
        .filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX))
        .and_then(|_| text.get(PREFIX.len()..))
        .ok_or(TicketError::NotATicket)?;
    let bytes = BASE32_NOPAD_NOCASE
        .decode(encoded.as_bytes())
        .map_err(|_| TicketError::Damaged)?;
    let (content, check) = bytes
        .split_last_chunk::<CHECKSUM_BYTES>()
        .ok_or(TicketError::Damaged)?;
    if checksum(content) != *check {
        return Err(TicketError::Damaged);
    }
    let kinds = [
        TicketKind::Invitation,
        TicketKind::Link,
        TicketKind::Contact,
    ];
    let kind = kinds
        .into_iter()
        .find(|kind| content.first() == Some(&kind.code()))
        .ok_or(TicketError::Newer)?;
    Ok((kind, content.to_vec()))
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = crypto::digest("hearthside 2026-11 ticket checksum", &[content]);
    let mut check = [0; CHECKSUM_BYTES];
    check.copy_from_slice(&hash[..CHECKSUM_BYTES]);
    check
}

pub(crate) fn write_addresses(addresses: &[SocketAddr], writer: &mut Writer) {
    let addresses = addresses
        .get(..addresses.len().min(ADDRESSES_MAX))
        .unwrap_or_default();
    writer.varint(addresses.len() as u64);
    for address in addresses {
        match address.ip() {
            IpAddr::V4(ip) => writer.u8(4).raw(&ip.octets()),
            IpAddr::V6(ip) => writer.u8(6).raw(&ip.octets()),
        };
        writer.u16(address.port());
    }
}

pub(crate) fn read_addresses(reader: &mut Reader<'_>) -> Result<Vec<SocketAddr>, DecodeError> {
    let count = reader.count("addresses", ADDRESSES_MAX)?;
    let mut addresses = Vec::with_capacity(count);
    for _ in 0..count {
        let ip = match reader.u8("address kind")? {
            4 => IpAddr::from(reader.array::<4>("address")?),
            6 => IpAddr::from(reader.array::<16>("address")?),
            other => {
                return Err(DecodeError::Unknown {
                    what: "address kind",
                    value: other.into(),
                });
            }
        };
        addresses.push(SocketAddr::new(ip, reader.u16("port")?));
    }
    Ok(addresses)
}

pub(crate) fn write_relays(relays: &[String], writer: &mut Writer) {
    let relays = relays
        .get(..relays.len().min(ADDRESSES_MAX))
        .unwrap_or_default();
    writer.varint(relays.len() as u64);
    for relay in relays {
        writer.bytes(relay.as_bytes());
    }
}

pub(crate) fn read_relays(reader: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    let count = reader.count("relays", ADDRESSES_MAX)?;
    let mut relays = Vec::with_capacity(count);
    for _ in 0..count {
        relays.push(reader.text("relay", RELAY_URL_BYTES_MAX)?.to_owned());
    }
    Ok(relays)
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
