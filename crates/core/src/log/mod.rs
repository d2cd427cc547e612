//! Content logs: sealed, padded, signed and chained entries, one log per device and incarnation.
//!
//! Stages, a type each: bytes → [`RawEntry`] (layout) → [`VerifiedEntry`] (member, signature, chain)
//! → [`Body`] (opened and decoded) → applied to the documents.

mod body;
mod entry;
mod header;
mod pack;
mod padding;
mod tips;
mod wire;

pub use body::{Body, BodyError, DocumentChanges};
pub use entry::{EntryError, EntryKey, EntryKeys, RawEntry, VerifiedEntry};
pub use header::{EntryVersion, Header, actor_of, notebook_tag};
pub use pack::{
    EntryPack, LogState, LogStates, PackEntriesError, UnpackEntriesError, open_pack, pack_entries,
    seal_pack, trim_pack,
};
pub use padding::{pad, padded_len, unpad};
pub use tips::DocumentTips;
pub use wire::{WireDecoder, WireEncoder, WireError};
