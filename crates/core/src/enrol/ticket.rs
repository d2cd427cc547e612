//! Tickets for one's own devices: both begin as an invitation's does, and the first byte says which they are.

use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto;
use crate::ids::{DeviceId, PersonId, TransportId};
use crate::mirror::MirrorTicket;
use crate::pairing::{Ticket, TicketError, TicketKind, TicketSecret, spell, unspell};
use crate::place::{read_place, write_place};

/// What one device shows and another of the same person reads: `2 u8 ‖ person 32 ‖ device 32 ‖ transport key
/// 32 ‖ hash of the nonce 32 ‖ secret 16 ‖ expiry u64 ‖ addresses ‖ relays ‖ checksum 4`.
#[derive(Debug, Clone)]
pub struct LinkTicket {
    /// The person.
    pub person: PersonId,
    /// The device that links.
    pub device: DeviceId,
    /// The key that it proves on connections.
    pub transport: TransportId,
    /// The hash of its nonce.
    pub nonce_hash: [u8; 32],
    /// The secret.
    pub secret: TicketSecret,
    /// When it is no longer good, in milliseconds since 1970 UTC.
    pub expires_ms: u64,
    /// Where the device is.
    pub addresses: Vec<SocketAddr>,
    /// Relays that the device uses.
    pub relays: Vec<String>,
}

impl LinkTicket {
    /// Returns what a ticket pins of a nonce.
    pub fn pin(nonce: &[u8; 32]) -> [u8; 32] {
        crypto::digest("hearthside 2026-11 link nonce", &[nonce])
    }

    fn parse(content: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(content);
        reader.u8("kind")?;
        let person = PersonId::from_bytes(reader.array("person")?);
        let device = DeviceId::from_bytes(reader.array("device")?);
        let transport = TransportId::from_bytes(reader.array("transport key")?);
        let nonce_hash = reader.array("nonce hash")?;
        let secret = TicketSecret::from_bytes(reader.array("secret")?);
        let expires_ms = reader.u64("expiry")?;
        let (addresses, relays) = read_place(&mut reader)?;
        let ticket = Self {
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

impl fmt::Display for LinkTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer::new();
        writer
            .u8(TicketKind::Link.code())
            .raw(self.person.as_bytes())
            .raw(self.device.as_bytes())
            .raw(self.transport.as_bytes())
            .raw(&self.nonce_hash)
            .raw(self.secret.expose())
            .u64(self.expires_ms);
        write_place(&self.addresses, &self.relays, &mut writer);
        f.write_str(&spell(writer.as_slice()))
    }
}

impl FromStr for LinkTicket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        match unspell(text)? {
            (TicketKind::Link, content) => Self::parse(&content).map_err(|_| TicketError::Damaged),
            (TicketKind::Invitation, _) => Err(TicketError::Invitation),
            (TicketKind::Contact, _) => Err(TicketError::Contact),
            (TicketKind::Mirror, _) => Err(TicketError::Mirror),
        }
    }
}

/// Where a device is; no secret: `3 u8 ‖ device 32 ‖ transport key 32 ‖ addresses ‖ relays ‖ checksum 4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactTicket {
    /// The device.
    pub device: DeviceId,
    /// The key that it proves on connections.
    pub transport: TransportId,
    /// Where it is.
    pub addresses: Vec<SocketAddr>,
    /// Relays that it uses.
    pub relays: Vec<String>,
}

impl ContactTicket {
    /// Reads where a device or a mirror is out of any ticket of its own.
    ///
    /// # Errors
    /// [`TicketError`] for a text that is no ticket.
    pub fn of_any(text: &str) -> Result<Self, TicketError> {
        match text.parse::<Ticket>() {
            Ok(ticket) => {
                return Ok(Self {
                    device: ticket.device,
                    transport: ticket.transport,
                    addresses: ticket.addresses,
                    relays: ticket.relays,
                });
            }
            Err(TicketError::Contact) => {}
            Err(TicketError::Link) => {
                let ticket: LinkTicket = text.parse()?;
                return Ok(Self {
                    device: ticket.device,
                    transport: ticket.transport,
                    addresses: ticket.addresses,
                    relays: ticket.relays,
                });
            }
            Err(TicketError::Mirror) => {
                let ticket: MirrorTicket = text.parse()?;
                return Ok(Self {
                    device: ticket.card.id().as_peer(),
                    transport: ticket.card.transport,
                    addresses: ticket.addresses,
                    relays: ticket.relays,
                });
            }
            Err(error) => return Err(error),
        }
        let (_, content) = unspell(text)?;
        Self::parse(&content).map_err(|_| TicketError::Damaged)
    }

    fn parse(content: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(content);
        reader.u8("kind")?;
        let device = DeviceId::from_bytes(reader.array("device")?);
        let transport = TransportId::from_bytes(reader.array("transport key")?);
        let (addresses, relays) = read_place(&mut reader)?;
        let ticket = Self {
            device,
            transport,
            addresses,
            relays,
        };
        reader.finish()?;
        Ok(ticket)
    }
}

impl fmt::Display for ContactTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer::new();
        writer
            .u8(TicketKind::Contact.code())
            .raw(self.device.as_bytes())
            .raw(self.transport.as_bytes());
        write_place(&self.addresses, &self.relays, &mut writer);
        f.write_str(&spell(writer.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::altered::{altered, cases};

    /// The contents of tickets with and without places, checksums left out.
    fn samples() -> Vec<Vec<u8>> {
        let link = LinkTicket {
            person: PersonId::from_bytes([1; 32]),
            device: DeviceId::from_bytes([2; 32]),
            transport: TransportId::from_bytes([3; 32]),
            nonce_hash: [4; 32],
            secret: TicketSecret::from_bytes([5; 16]),
            expires_ms: 6,
            addresses: vec![
                SocketAddr::from(([127, 0, 0, 1], 7)),
                SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 8)),
            ],
            relays: vec!["https://relay.example/".to_owned()],
        };
        let contact = ContactTicket {
            device: link.device,
            transport: link.transport,
            addresses: link.addresses.clone(),
            relays: link.relays.clone(),
        };
        let bare = LinkTicket {
            addresses: Vec::new(),
            relays: Vec::new(),
            ..link.clone()
        };
        let texts = [link.to_string(), bare.to_string(), contact.to_string()];
        texts.iter().map(|text| unspell(text).unwrap().1).collect()
    }

    proptest! {
        #![proptest_config(cases())]

        /// Whoever alters a ticket computes its checksum anew.
        #[test]
        fn an_altered_ticket_is_refused_or_is_what_it_would_be_written_as(
            content in altered(samples()),
        ) {
            let text = spell(&content);
            if let Ok(ticket) = text.parse::<LinkTicket>() {
                prop_assert_eq!(ticket.to_string(), text.clone());
            }
            let is_contact = matches!(unspell(&text), Ok((TicketKind::Contact, _)));
            if let Ok(ticket) = ContactTicket::of_any(&text) && is_contact {
                prop_assert_eq!(ticket.to_string(), text.clone());
            }
        }
    }
}
