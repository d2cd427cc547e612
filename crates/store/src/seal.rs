//! Sealing: XChaCha20-Poly1305 with everything that says where a value belongs as associated data.
//!
//! A sealed value is `version (1) ‖ nonce (24, random) ‖ ciphertext ‖ tag (16)`; of version 2 are those that hold
//! several entries of a stream. The associated
//! data is `"hearth-store" ‖ version (1) ‖ table (1) ‖ scope (32) ‖ row`, so a value opens only at
//! the place that it was sealed for: another row, scope, table or format version is refused like a
//! flipped bit.

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::scope::Scope;
use crate::secret::{KEY_BYTES, RandomnessError, random_bytes};

/// The version of the layout above; one byte in front of every sealed value.
const FORMAT_VERSION: u8 = 1;
/// The version of a value that holds several entries.
const BLOCK_VERSION: u8 = 2;
/// Keeps this format's associated data apart from any other use of the same cipher.
const DOMAIN: &[u8] = b"hearth-store";
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Bytes at the front of a sealed value that identify it: version and nonce.
pub(crate) const STAMP_BYTES: usize = 1 + NONCE_BYTES;
/// Bytes that sealing adds to a value.
pub(crate) const OVERHEAD_BYTES: usize = STAMP_BYTES + TAG_BYTES;

/// Where a sealed value lives; part of its associated data. The numbers are on disk for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Records = 1,
    Stream = 2,
    Tallies = 3,
    ScopeKeys = 4,
    StoreKey = 5,
}

/// The place that a value is sealed for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: Table,
    pub(crate) scope: Scope,
    pub(crate) row: &'a [u8],
}

impl Place<'_> {
    fn associated_data(&self, version: u8) -> Vec<u8> {
        let mut data = Vec::with_capacity(DOMAIN.len() + 2 + self.scope.0.len() + self.row.len());
        data.extend_from_slice(DOMAIN);
        data.push(version);
        data.push(self.table as u8);
        data.extend_from_slice(&self.scope.0);
        data.extend_from_slice(self.row);
        data
    }
}

/// The value is not what was sealed for this place under this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SealBroken;

/// A value could not be sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// There was no randomness for the nonce.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The value is longer than the cipher can take (256 GiB).
    #[error("the value is too long to be sealed")]
    TooLong,
}

/// A key that seals and opens values; wiped when dropped.
pub(crate) struct SealKey(XChaCha20Poly1305);

impl SealKey {
    pub(crate) fn new(bytes: &Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self(XChaCha20Poly1305::new((&**bytes).into()))
    }

    /// Seals the parts, one after the other, for a place.
    pub(crate) fn seal(&self, place: Place<'_>, parts: &[&[u8]]) -> Result<Vec<u8>, SealError> {
        self.seal_as(FORMAT_VERSION, place, parts)
    }

    /// Seals several entries that were put together.
    pub(crate) fn seal_block(&self, place: Place<'_>, block: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal_as(BLOCK_VERSION, place, &[block])
    }

    fn seal_as(
        &self,
        version: u8,
        place: Place<'_>,
        parts: &[&[u8]],
    ) -> Result<Vec<u8>, SealError> {
        let plain_bytes: usize = parts.iter().map(|part| part.len()).sum();
        let nonce: [u8; NONCE_BYTES] = random_bytes()?;
        let mut sealed = Vec::with_capacity(plain_bytes + OVERHEAD_BYTES);
        sealed.push(version);
        sealed.extend_from_slice(&nonce);
        for part in parts {
            sealed.extend_from_slice(part);
        }
        let (_, body) = sealed.split_at_mut(STAMP_BYTES);
        let tag = self
            .0
            .encrypt_inout_detached(
                &XNonce::from(nonce),
                &place.associated_data(version),
                body.into(),
            )
            .map_err(|_| SealError::TooLong)?;
        sealed.extend_from_slice(tag.as_slice());
        Ok(sealed)
    }

    /// Opens what [`SealKey::seal`] made for the same place.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, SealBroken> {
        match self.open_any(place, sealed)? {
            (FORMAT_VERSION, plain) => Ok(plain),
            _ => Err(SealBroken),
        }
    }

    /// Opens what may be several entries; says whether it is.
    pub(crate) fn open_entries(
        &self,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<(bool, Vec<u8>), SealBroken> {
        let (version, plain) = self.open_any(place, sealed)?;
        Ok((version == BLOCK_VERSION, plain))
    }

    fn open_any(&self, place: Place<'_>, sealed: &[u8]) -> Result<(u8, Vec<u8>), SealBroken> {
        let (version, rest) = sealed.split_first().ok_or(SealBroken)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealBroken)?;
        let (body, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(SealBroken)?;
        if ![FORMAT_VERSION, BLOCK_VERSION].contains(version) {
            return Err(SealBroken);
        }
        let mut plain = body.to_vec();
        self.0
            .decrypt_inout_detached(
                &XNonce::from(*nonce),
                &place.associated_data(*version),
                plain.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| SealBroken)?;
        Ok((*version, plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope = Scope([7; 32]);

    fn place(row: &[u8]) -> Place<'_> {
        Place {
            table: Table::Records,
            scope: SCOPE,
            row,
        }
    }

    fn key(byte: u8) -> SealKey {
        SealKey::new(&Zeroizing::new([byte; KEY_BYTES]))
    }

    #[test]
    fn a_sealed_value_opens_at_its_own_place_only() {
        let key = key(1);
        let sealed = key.seal(place(b"row"), &[b"some ", b"words"]).unwrap();
        assert_eq!(key.open(place(b"row"), &sealed).unwrap(), b"some words");
        assert_eq!(key.open(place(b"other"), &sealed), Err(SealBroken));
        let scope = Scope([8; 32]);
        assert_eq!(
            key.open(
                Place {
                    scope,
                    ..place(b"row")
                },
                &sealed
            ),
            Err(SealBroken)
        );
        let table = Table::Stream;
        assert_eq!(
            key.open(
                Place {
                    table,
                    ..place(b"row")
                },
                &sealed
            ),
            Err(SealBroken)
        );
        assert_eq!(
            super::tests::key(2).open(place(b"row"), &sealed),
            Err(SealBroken)
        );
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_refused() {
        let key = key(1);
        let sealed = key.seal(place(b"row"), &[b"some words"]).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                key.open(place(b"row"), &flipped),
                Err(SealBroken),
                "bit {bit}"
            );
        }
        for length in 0..sealed.len() {
            assert_eq!(key.open(place(b"row"), &sealed[..length]), Err(SealBroken));
        }
    }

    #[test]
    fn sealing_the_same_value_twice_gives_different_bytes() {
        let key = key(1);
        let seal = || key.seal(place(b"row"), &[b"same"]).unwrap();
        assert_ne!(seal(), seal());
    }
}
