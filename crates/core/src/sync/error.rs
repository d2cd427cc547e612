//! Why a connection, or one notebook on it, cannot go on.

use super::alive::SILENCE_MAX_MS;
use super::begin::BEGINS_MAX;
use super::frame::VERSION;
use crate::codec::DecodeError;
use crate::control::ControlError;
use crate::log::WireError;
use crate::replica::IngestError;
use crate::storage::StorageError;

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A frame does not follow the layout.
    #[error("the peer sent something that this program does not understand: {0}")]
    Layout(#[from] DecodeError),
    /// An entry on the wire cannot be put together.
    #[error("the peer sent something that this program does not understand: {0}")]
    Wire(#[from] WireError),
    /// The peer speaks another version of the protocol.
    #[error("the peer speaks version {0} of the protocol, this program speaks {VERSION}")]
    Version(u16),
    /// The peer says twice what is said once on a connection.
    #[error("the peer began the connection twice")]
    Repeated,
    /// The peer claims more logs than any notebook has.
    #[error("the peer claims more logs than a notebook may have")]
    TooManyLogs,
    /// The peer's frontier is not signed by the peer.
    #[error("the peer's frontier does not carry the peer's signature")]
    Frontier,
    /// The peer's counter went back: it was rolled back to an older state.
    #[error("the peer went back to an older state of itself")]
    RolledBack,
    /// The peer asks and asks and does not read the answers.
    #[error("the peer does not read what it asks for")]
    Unread,
    /// The peer hands over more than a notebook has.
    #[error("the peer handed over more than a notebook has")]
    HandedTooMuch,
    /// What the peer hands over cannot be read.
    #[error("the peer handed over a control entry that cannot be read")]
    HandedUnreadable,
    /// What the peer says of where its person is was said before, or is not signed by it.
    #[error("the peer said where its person is in words that are not its own, or twice")]
    Presence,
    /// Nothing was heard for too long.
    #[error("nothing was heard from the peer for {} s", SILENCE_MAX_MS / 1000)]
    Silent,
    /// The own disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why one notebook is no longer synced on a connection. The others are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// The peer passed on an entry that is not kept here.
    #[error("the peer sent an entry that cannot be accepted: {0}")]
    Entry(#[from] IngestError),
    /// The peer passed on a control entry that is not kept here.
    #[error("the peer sent a control entry that cannot be accepted: {0}")]
    Control(#[from] ControlError),
    /// The peer passed on keys that cannot be read.
    #[error("the peer sent keys that cannot be read: {0}")]
    Wraps(#[from] DecodeError),
    /// The peer asks for everything again and again.
    #[error("the peer began anew more than {BEGINS_MAX} times")]
    Restarts,
}
