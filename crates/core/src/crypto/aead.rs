//! Seals bytes with XChaCha20-Poly1305 under a key and a random nonce.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::Secret;

/// Length of a nonce.
pub const NONCE_BYTES: usize = 24;

/// Length of the authentication tag at the end of a ciphertext.
pub const TAG_BYTES: usize = 16;

/// A random nonce: 192 bits, so drawing one for each message never repeats.
pub type Nonce = [u8; NONCE_BYTES];

/// Bytes that were not sealed under this key, nonce and associated data, or were altered since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the seal does not open: wrong key, or altered bytes")]
pub struct AeadError;

/// Seals `plaintext`; the result is longer by [`TAG_BYTES`].
///
/// # Errors
/// [`AeadError`] only for a plaintext beyond 256 GiB.
pub fn seal(
    key: &Secret,
    nonce: &Nonce,
    associated: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, AeadError> {
    XChaCha20Poly1305::new(key.expose().into())
        .encrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: plaintext,
                aad: associated,
            },
        )
        .map_err(|_| AeadError)
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`AeadError`] where anything differs.
pub fn open(
    key: &Secret,
    nonce: &Nonce,
    associated: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, AeadError> {
    XChaCha20Poly1305::new(key.expose().into())
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: sealed,
                aad: associated,
            },
        )
        .map_err(|_| AeadError)
}
