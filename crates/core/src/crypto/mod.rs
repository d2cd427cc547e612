//! Wraps the primitives, each with its label, so that no two uses can be mistaken for each other.
//!
//! | use | primitive | source |
//! | --- | --- | --- |
//! | ids and digests | BLAKE3, `derive_key` mode | BLAKE3 paper §2.3 |
//! | authentication without a signature | BLAKE3, keyed mode | BLAKE3 paper §2.3 |
//! | signatures | Ed25519, strict verification | RFC 8032 |
//! | content | XChaCha20-Poly1305 | draft-irtf-cfrg-xchacha-03 |
//! | derived keys | HKDF-SHA256 | RFC 5869 |
//! | key wrapping | HPKE base mode, X-Wing, HKDF-SHA256, ChaCha20-Poly1305 | RFC 9180, draft-ietf-hpke-pq |

mod aead;
mod hash;
mod kem;
mod secret;
mod sign;

pub use aead::{AeadError, NONCE_BYTES, Nonce, TAG_BYTES, open, seal};
pub use hash::{Extracted, derive, derive_pair, digest, mac};
pub use kem::{
    KemError, SEALING_KEY_BYTES, SealingKey, SealingSecret, WRAP_OVERHEAD_BYTES, open_from, seal_to,
};
pub use secret::Secret;
pub use sign::{SIGNATURE_BYTES, Signature, SignatureError, SigningSecret, VerifyKey};

/// The one set of primitives in use; every format names it, so that another can follow.
pub const SUITE: u8 = 1;
