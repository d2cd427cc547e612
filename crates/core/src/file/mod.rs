//! Files that hang on a notebook: cut into chunks, sealed, named by a hash, and kept by whoever asked for them.
//!
//! A file has **pieces**. Piece 0 is the list of hashes: 32 bytes for each chunk, in order. Piece `n` is chunk `n - 1`:
//! at most [`FILE_CHUNK_BYTES`] of the file, sealed. Only the last chunk may be shorter,
//! and an empty file has one empty chunk. The **root** names the file: a hash over its length and the list. So whoever
//! knows root and length can check each piece by itself, whether or not they can open it.
//!
//! Chunks are sealed with XChaCha20-Poly1305 under the file's own random key. That key seals nothing else, so the nonce
//! is the chunk's number, `number u64 ‖ 0 × 16`, and the associated data is
//! `"hearthside file chunk 1" ‖ number u64 ‖ last u8`. Root, length, key, name and the hash of what is in the file stand in the
//! notebook's document, where only members read them.

mod held;
mod seal;

pub use held::HeldFile;
pub(crate) use held::PLACE_BYTES;
pub use seal::{FileOpenError, FileSealer, SealedFile, open_chunk};

use crate::crypto;
use crate::ids::FileRoot;
use crate::limits::{FILE_BYTES_MAX, FILE_CHUNK_BYTES};

/// Which piece of a file: 0 is the list of hashes, and the chunks follow.
pub type Piece = u32;

/// The piece that lists the hashes of all others.
pub const LIST: Piece = 0;

/// Bytes of a hash in the list.
const HASH_BYTES: usize = 32;

/// Bytes by which a chunk grows when it is sealed.
const TAG_BYTES: usize = 16;

/// Returns how many chunks a file of a length has; `None` for one that is too long.
pub fn chunks_of(bytes: u64) -> Option<u32> {
    if bytes > FILE_BYTES_MAX {
        return None;
    }
    u32::try_from(bytes.div_ceil(FILE_CHUNK_BYTES as u64).max(1)).ok()
}

/// Returns how much a file of a length takes where it is kept: its chunks as they are sealed, and the list of their hashes.
pub(crate) fn sealed_bytes_of(bytes: u64) -> u64 {
    let chunks = u64::from(chunks_of(bytes).unwrap_or_default());
    bytes.saturating_add(chunks * (TAG_BYTES + HASH_BYTES) as u64)
}

/// Computes the hash that a chunk has in the list.
pub fn hash_of_chunk(sealed: &[u8]) -> [u8; HASH_BYTES] {
    crypto::digest("hearthside 2026-11 file chunk", &[sealed])
}

/// Computes the root of a file from its length and the list of its hashes.
pub fn root_of(bytes: u64, list: &[u8]) -> FileRoot {
    FileRoot::from_bytes(crypto::digest(
        "hearthside 2026-11 file root",
        &[&bytes.to_le_bytes(), list],
    ))
}

/// The hashes of all chunks of a file, checked against its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHashes(Vec<u8>);

impl FileHashes {
    /// Takes the list of a file; `None` where it is another's.
    pub fn check(list: Vec<u8>, root: FileRoot, bytes: u64) -> Option<Self> {
        let chunks = usize::try_from(chunks_of(bytes)?).ok()?;
        let fits = list.len() == chunks * HASH_BYTES && root_of(bytes, &list) == root;
        fits.then_some(Self(list))
    }

    /// Says whether these bytes are a piece of the file.
    pub fn is_piece(&self, piece: Piece, bytes: &[u8]) -> bool {
        if piece == LIST {
            return self.0 == bytes;
        }
        let place = (piece as usize - 1) * HASH_BYTES;
        let hash = self.0.get(place..place + HASH_BYTES);
        hash.is_some_and(|hash| hash_of_chunk(bytes)[..] == *hash)
    }
}

#[cfg(test)]
mod tests;
