//! How a device becomes one of a person's: another device of theirs links it, or the recovery phrase brings
//! it back.
//!
//! Both end alike: the new device has the person's roster and the control entries of their notebooks, and
//! everything else comes by sync. No private key ever travels.
//!
//! **Linking** (`hearth/link/1`). The ticket pins the linking device, the hash of its nonce and a secret of
//! 128 bits; it works once.
//!
//! 1. new: a commitment to its nonce and claim, and a proof of the secret bound to this connection
//! 2. old: its nonce, roster and name — or a refusal
//! 3. new: its nonce, its claim and label
//! 4. old: the roster with the new device on it, then the notebooks
//!
//! **Recovering** (`hearth/recover/1`), from any member of a shared notebook, or a mirror of one, which knows no
//! name.
//!
//! 1. new: the recovery card, and a proof of its key bound to this connection
//! 2. member: the roster as they hold it, the name, the person's capsules that they keep, then the notebooks
//!    with the wraps of their keys
//!
//! A device that the roster has already, and that lacks a notebook of its person, *enters*: it shows the
//! roster, which proves itself, and is answered alike, without capsules and wraps.
//!
//! On a connection of its own the new device then *presents* the control entries that add it, signed by the
//! recovery key or by another device, so that the member's node knows it.

mod handover;
mod linker;
mod message;
mod newcomer;
mod proof;
mod seeker;
mod ticket;

pub(crate) use handover::Outgoing;
pub use handover::{HandedNotebook, Handover, HandoverError};
pub use linker::LinkOffer;
pub use message::{EnrolMessage, EnrolRefusal};
pub use newcomer::{EnrolError, Linked, Newcomer, NewcomerStep};
pub(crate) use proof::{entering, proven_card, shown_roster};
pub use seeker::{FoundCapsule, Recovered, Seeker, SeekerStep};
pub use ticket::{ContactTicket, LinkTicket};

use crate::crypto;
use crate::identity::words_of;
use crate::ids::{DeviceId, PersonId};

/// The linking protocol's name on the wire (ALPN).
pub const LINK_ALPN: &[u8] = b"hearth/link/1";

/// The recovery protocol's name on the wire (ALPN).
pub const RECOVER_ALPN: &[u8] = b"hearth/recover/1";

/// How many words both devices show: 66 bits.
const WORDS: usize = 6;

/// Spells the words that both devices show, over the person, both devices and both nonces.
pub fn link_words(
    person: PersonId,
    old: DeviceId,
    new: DeviceId,
    nonces: (&[u8; 32], &[u8; 32]),
) -> String {
    let transcript = crypto::digest(
        "hearthside 2026-11 link transcript",
        &[
            person.as_bytes(),
            old.as_bytes(),
            new.as_bytes(),
            nonces.0,
            nonces.1,
        ],
    );
    words_of(&transcript, WORDS)
}
