//! Pairing: one ticket, one joiner, words that both sides can compare.
//!
//! The ticket pins the inviter's keys, the notebook, the end of a chain of the inviter's nonces and a secret. The
//! joiner commits to its keys and nonce before the inviter opens its own, so nobody in the middle can
//! search for keys that give equal words. Messages, each one frame:
//!
//! 1. joiner: invitation, commitment, and a proof of the ticket's secret bound to this connection
//! 2. inviter: its nonce, roster and the offer — or a refusal with its reason
//! 3. joiner: its nonce, roster, name and the ticket key's signature over the roster
//! 4. inviter: the notebook's control entries, then its signed frontier — or a refusal
//!
//! Content follows over an ordinary sync connection, since the joiner is a member by then.
//! The admission is on the inviter's disk before the last message leaves.

mod inviter;
mod joiner;
mod message;
mod spelling;
mod ticket;
mod words;

pub use inviter::{InviteRecord, Inviter, Redemption};
pub use joiner::{JoinError, Joined, Joiner, JoinerStep};
pub use message::{PairingMessage, Refusal};
pub use spelling::TicketError;
pub(crate) use spelling::{TicketKind, spell, unspell};
pub use ticket::{Ticket, TicketSecret};
pub use words::verification_words;
