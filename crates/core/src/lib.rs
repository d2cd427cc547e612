//! The Hearthside protocol without input or output.
//!
//! Keys, people and devices, membership, signed and sealed logs, documents, and the sync state
//! machine. Everything here is a function of its arguments: there is no clock, no socket, no file
//! and no ambient randomness. Time and randomness come in, frames and records go out, so the whole
//! protocol runs under a seeded simulator.
//!
//! What it refuses to do: to read bytes of a member that were not verified, to write an entry that
//! is not on disk before it leaves, and to let anything that input can grow grow without a name in
//! [`limits`].
//!
//! ```
//! use hearth_core::identity::RecoveryPhrase;
//!
//! assert!(RecoveryPhrase::parse("not a phrase").is_err());
//! ```

#[cfg(test)]
mod altered;
pub mod base;
pub mod bundle;
pub mod capsule;
pub mod checkpoint;
pub mod codec;
pub mod control;
pub mod crypto;
pub mod document;
pub mod engine;
pub mod enrol;
pub mod epoch;
pub mod file;
pub mod frontier;
pub mod identity;
pub mod ids;
pub mod limits;
pub mod log;
pub mod mirror;
pub mod pairing;
mod place;
pub mod presence;
pub mod replica;
pub mod storage;
pub mod sync;
