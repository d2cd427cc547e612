//! How tickets of every kind are spelled: a prefix, base32, and a checksum, so that what a person copied badly
//! is told from what never was a ticket.

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};

use crate::crypto;

const PREFIX: &str = "hearth1";
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
    /// It lets a mirror hold a notebook.
    #[error("this ticket lets a mirror hold a notebook: give it to `hearth mirror add`")]
    Mirror,
    /// It was made by a newer version.
    #[error("the ticket was made by a newer version of the program: update this one")]
    Newer,
}

/// What a ticket is for, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TicketKind {
    Invitation,
    Link,
    Contact,
    Mirror,
}

impl TicketKind {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Invitation => 1,
            Self::Link => 2,
            Self::Contact => 3,
            Self::Mirror => 4,
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
        TicketKind::Mirror,
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
