//! Packs of entries: a stretch of a notebook's history as its changes, from which the entries are made again.
//!
//! An entry follows, byte for byte, from its changes, its place in its log, its control heads and the key of
//! its epoch. So a pack holds changes, packed together ([`document::pack`](crate::document)), and of each
//! entry only what they do not say. Of many signatures in a log it holds the last: the reader makes every entry,
//! each of which names the hash of the one before, and the signature under the last one proves them all.
//! Nothing in a pack has to be believed, whoever made it, and what comes out is what a member would have
//! sent entry by entry: it is judged, kept and passed on in the same way.
//!
//! What cannot be made again, such as an entry of the first version or one that is not valid, is in the pack
//! whole.
//!
//! Layout: `version u8 ‖ length of the table varint ‖ table, zstd (bytes) ‖ changes (bytes)`. The table is
//! `logs: list of (device 32 ‖ incarnation 16 ‖ seq of the first entry varint) ‖ settings: list of (epoch 32 ‖
//! control heads: list of 32) ‖ entries: list ‖ signatures: list of 64 ‖ whole entries: list of bytes`. An entry
//! is `log varint ‖ form u8 ‖ setting varint ‖ documents: list of varint`, the last two only where it is to be
//! made; each change of an entry is the next one of its document among the changes, and documents have the
//! numbers in which they come up there.

mod read;
mod sealed;
mod trim;
mod write;

use std::collections::BTreeMap;

pub use read::{EntryPack, UnpackEntriesError};
pub use sealed::{PackKind, open_kind, open_pack, seal_kind, seal_pack};
pub use trim::trim_pack;
pub use write::{PackEntriesError, pack_entries};

use super::DocumentTips;
use crate::ids::{ControlHash, EntryHash, EpochId, LogId, Seq};

const VERSION: u8 = 1;

/// zstd's default level: the table repeats itself.
const ZSTD_LEVEL: i32 = 3;

/// It is made from its changes, and bare.
const FORM_BARE: u8 = 0;
/// It is made from its changes, and has the next signature.
const FORM_SIGNED: u8 = 1;
/// It is the next whole entry.
const FORM_WHOLE: u8 = 2;

/// How far a log is: what its next entry follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogState {
    /// Its last entry; [`Seq::NONE`] and zero before the first.
    pub tip: (Seq, EntryHash),
    /// The last change of the log in each document, unless an entry could not be read: nothing that follows
    /// it can be made then.
    pub tips: Option<DocumentTips>,
}

impl Default for LogState {
    fn default() -> Self {
        Self {
            tip: (Seq::NONE, EntryHash::ZERO),
            tips: Some(DocumentTips::default()),
        }
    }
}

/// How far each log is.
pub type LogStates = BTreeMap<LogId, LogState>;

/// What many entries have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Setting {
    epoch: EpochId,
    heads: Vec<ControlHash>,
}
