//! What a forked notebook goes on from: the signed history of another one, sealed inside the new one.
//!
//! The archive of a notebook is its control entries, the keys of the epochs that they and its entries name, and the
//! entries, as packs that give each one back byte for byte. It travels in parts, each the content of an entry at the
//! beginning of the log of the device that made the fork, and the `create` of the new notebook names the hash of each
//! part. So the notebook's id pins all of it: there is no second base, none by anybody else, and a part that is not
//! the one named is none.
//!
//! Whoever has all parts opens them with the code that any notebook is checked with: a replica that only reads, on the
//! device of nobody, so that nothing in it turns on who looks. Its documents are what the new notebook's begin
//! with. Whether a base is sound follows from its bytes alone, and all decide alike.
//!
//! Layout, little-endian: `version u8 = 1 ‖ control entries: list of bytes, each after its past ‖ keys: list of
//! (epoch 32 ‖ key 32) ‖ stretches: list of (form u8 ‖ bytes)`. Form 0 is a pack, 1 a `list of bytes` of entries, where
//! they cannot be packed. A part is `salt 32 ‖ the next bytes of the archive`, its hash `H("base part"; part)`.

mod archive;
mod facts;
mod open;
mod shelf;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub(crate) use archive::{Archive, Stretch};
pub use facts::{BaseAdopted, BaseAuthor, BaseFacts};
pub use open::BaseError;
pub(crate) use open::open;

use std::sync::Arc;

use crate::crypto::{self, Secret};
use crate::identity::DeviceSecrets;
use crate::ids::PartHash;
use crate::limits::{BASE_PART_BYTES, BASE_PARTS_MAX};

/// Length of what hides the hash of a part from whoever could guess it: one who was left out has all of the old
/// notebook.
const SALT_BYTES: usize = 32;

/// Where a notebook stands with what it goes on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseStanding<'a> {
    /// It began empty.
    None,
    /// Not all of it is here: nothing is shown before it is.
    Awaited,
    /// It was checked, and the documents go on from it.
    Sound(&'a BaseFacts),
    /// It does not check, for this reason: nothing of the notebook is shown.
    Refused(&'a str),
}

/// Cuts an archive into parts; `None` where it is too long for a base.
pub fn split(archive: &[u8], rng: &mut dyn rand_core::CryptoRng) -> Option<Vec<Vec<u8>>> {
    let pieces = archive.chunks(BASE_PART_BYTES - SALT_BYTES);
    if pieces.len() > BASE_PARTS_MAX {
        return None;
    }
    let parts = pieces.map(|piece| {
        let mut part = vec![0; SALT_BYTES];
        rng.fill_bytes(&mut part);
        part.extend_from_slice(piece);
        part
    });
    Some(parts.collect())
}

/// Returns what a part adds to the archive.
pub(crate) fn piece_of(part: &[u8]) -> &[u8] {
    part.get(SALT_BYTES..).unwrap_or_default()
}

/// Returns the hash by which the first entry of a notebook names a part.
pub fn part_hash(part: &[u8]) -> PartHash {
    PartHash::from_bytes(crypto::digest("hearthside 2026-11 base part", &[part]))
}

/// Returns the device on which every replica reads a base: its keys are known to all, so what they open, they open
/// everywhere.
fn nobody() -> Arc<DeviceSecrets> {
    Arc::new(DeviceSecrets::from_seeds(
        [1, 2, 3].map(|seed| Secret::from_bytes([seed; 32])),
    ))
}

/// Checks an archive that is at hand whole, and says what it holds.
///
/// # Errors
/// [`BaseError`] where it does not check.
pub fn check(parts: &[Vec<u8>]) -> Result<BaseFacts, BaseError> {
    let pieces: Vec<&[u8]> = parts.iter().map(|part| piece_of(part)).collect();
    open(&pieces.concat(), 1).map(|opened| opened.facts)
}
