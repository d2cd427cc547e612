//! Packs: many changes of many documents as one short text, for whoever has few of them.
//!
//! A pack is a reversible transform of the changes' exact bytes. What a change says about its place in the
//! history, such as its number, its dependencies and the counter of its first operation, follows from
//! the changes before it and takes a byte or none. Like parts of all changes stand side by side, so
//! that what follows, zstd, finds them alike. The exact bytes come back, and with them the hashes, which
//! is what signatures are about; every change goes through the same [`scan`](super::scan()) as one that
//! arrives alone.
//!
//! Text, before zstd: the streams of `streams`, each with its length before all of them.

mod history;
mod read;
mod streams;
mod write;

pub use history::{Histories, History};
pub use read::{UnpackError, unpack};
pub use write::pack;

use super::{Change, DocumentId};

/// Changes of one document, each behind all of them that it depends on.
pub type Section = (DocumentId, Vec<Change>);

/// zstd's level: packs are made once, while nothing else is to be done, and read by many.
const ZSTD_LEVEL: i32 = 9;

/// A dependency that stands in no earlier place of the document: its hash is written out.
const WRITTEN_OUT: u64 = 0;
