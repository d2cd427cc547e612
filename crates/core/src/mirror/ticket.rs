//! The ticket of a mirror: its keys, where it is, and the pass for which it takes notebooks.

use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;

use crate::codec::{DecodeError, Reader, Writer};
use crate::identity::{MirrorCard, MirrorPass};
use crate::limits::NAME_BYTES_MAX;
use crate::pairing::{TicketError, TicketKind, spell, unspell};
use crate::place::{read_place, write_place};

/// What a mirror's owner hands out, as often as they like: `4 u8 ‖ card 65 ‖ pass 16 ‖ name text ‖ addresses ‖
/// relays ‖ checksum 4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorTicket {
    /// The mirror's public keys.
    pub card: MirrorCard,
    /// What it takes notebooks for.
    pub pass: MirrorPass,
    /// What its owner calls it.
    pub name: String,
    /// Where it is.
    pub addresses: Vec<SocketAddr>,
    /// Relays that it uses.
    pub relays: Vec<String>,
}

impl MirrorTicket {
    fn parse(content: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(content);
        reader.u8("kind")?;
        let card = MirrorCard::read(&mut reader)?;
        let pass = MirrorPass::from_bytes(reader.array("mirror pass")?);
        let name = reader.text("mirror name", NAME_BYTES_MAX)?.to_owned();
        let (addresses, relays) = read_place(&mut reader)?;
        reader.finish()?;
        Ok(Self {
            card,
            pass,
            name,
            addresses,
            relays,
        })
    }
}

impl fmt::Display for MirrorTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer::new();
        writer
            .u8(TicketKind::Mirror.code())
            .raw(&self.card.to_bytes())
            .raw(self.pass.expose())
            .bytes(self.name.as_bytes());
        write_place(&self.addresses, &self.relays, &mut writer);
        f.write_str(&spell(writer.as_slice()))
    }
}

impl FromStr for MirrorTicket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        match unspell(text)? {
            (TicketKind::Mirror, content) => {
                Self::parse(&content).map_err(|_| TicketError::Damaged)
            }
            (TicketKind::Invitation, _) => Err(TicketError::Invitation),
            (TicketKind::Link, _) => Err(TicketError::Link),
            (TicketKind::Contact, _) => Err(TicketError::Contact),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Secret;
    use crate::identity::MirrorSecrets;

    #[test]
    fn a_ticket_reads_back_and_is_taken_for_no_other() {
        let secrets =
            MirrorSecrets::from_seeds([Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32])]);
        let ticket = MirrorTicket {
            card: secrets.card().clone(),
            pass: MirrorPass::from_bytes([3; 16]),
            name: "the cupboard".to_owned(),
            addresses: vec!["192.0.2.1:4242".parse().unwrap()],
            relays: vec!["https://relay.example".to_owned()],
        };
        let text = ticket.to_string();
        assert_eq!(text.parse::<MirrorTicket>(), Ok(ticket));
        assert_eq!(
            text.parse::<crate::pairing::Ticket>().err(),
            Some(TicketError::Mirror)
        );
        let cut = text.get(..text.len() - 2).unwrap();
        assert_eq!(cut.parse::<MirrorTicket>(), Err(TicketError::Damaged));
    }
}
