//! The sync protocol of two devices: `hearth/sync/1`.
//!
//! Each side says one digest over all shared notebooks. Where it is equal, that was all. Otherwise
//! each lists its notebooks under tags that only members can compute, sends its signed frontier of
//! those that differ, and streams what the other lacks: control entries, then wraps, then content in
//! the order in which it arrived here, which is a causal order. After that every new entry is pushed
//! as it is committed. An acknowledgement is a signed frontier, sent once what it covers is on disk.

mod acks;
mod alive;
mod begin;
mod brief;
mod capsules;
mod channel;
mod checkpoint;
mod checkpoint_frame;
mod error;
mod features;
mod file_frame;
mod files;
mod frame;
mod handing;
mod holding;
mod intake;
mod mirror;
mod offline;
mod parting;
mod presence;
mod schedule;
mod sending;
mod session;
mod shared;

pub use capsules::CapsuleEvent;
pub use checkpoint::CheckpointSaid;
pub(crate) use checkpoint_frame::CheckpointFrame;
pub use error::{SessionError, Stopped};
pub use file_frame::FileAnswer;
pub use files::FileEvent;
pub use frame::CapsuleAnswer;
pub use holding::{Holding, Outline};
pub use offline::{OfflineError, OfflineFrame, OfflineReader, OfflineSender};
pub use session::{Incoming, PeerView, Session};
pub use shared::Shared;

/// The protocol's name on the wire (ALPN), as the first version has it.
pub const ALPN: &[u8] = b"hearth/sync/1";

/// The same protocol, but that each hello says what its side reads beyond the first version.
pub const ALPN_2: &[u8] = b"hearth/sync/2";

/// The pairing protocol's name on the wire (ALPN).
pub const PAIRING_ALPN: &[u8] = b"hearth/pair/1";

/// The label under which both sides draw keying material from the connection (RFC 8446 §7.5).
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-hearthside-sync-1";
