//! Content logs: sealed, padded, signed and chained entries, one log per device and incarnation.
//!
//! Stages, a type each: bytes → [`RawEntry`] (layout) → [`VerifiedEntry`] (member, signature, chain)
//! → [`Body`] (opened and decoded) → applied to the documents.

mod ahead;
mod body;
mod entry;
mod header;
mod pack;
mod padding;
mod tips;
mod wire;

pub use ahead::{Ahead, AheadError, AheadLog, documents_of};
pub use body::{Body, BodyError, DocumentChanges};
pub(crate) use entry::EpochSealers;
pub use entry::{EntryError, EntryKey, EntryKeys, RawEntry, VerifiedEntry};
pub use header::{EntryKind, EntryVersion, Header, actor_of, notebook_tag};
pub use pack::{
    EntryPack, LogState, LogStates, PackEntriesError, PackKind, UnpackEntriesError, open_kind,
    open_pack, pack_entries, seal_kind, seal_pack, trim_pack,
};
pub use padding::{pad, padded_len, unpad};
pub use tips::{DocumentTips, TipsProof};
pub use wire::{WireDecoder, WireEncoder, WireError};
