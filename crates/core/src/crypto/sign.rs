//! Signs and verifies with Ed25519 (RFC 8032), strictly: small-order keys and malleable signatures
//! are refused, so that every replica judges a signature alike.

use core::fmt;

use ed25519_dalek::Signer;

use super::Secret;

/// Length of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A signature's 64 bytes, not yet checked.
pub type Signature = [u8; SIGNATURE_BYTES];

/// A signature that is not by this key over these bytes, or a key that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the key and the bytes")]
pub struct SignatureError;

/// The secret half of a signing key; wiped when dropped.
#[derive(Clone)]
pub struct SigningSecret(ed25519_dalek::SigningKey);

impl SigningSecret {
    /// Reads a secret key from its 32-byte seed.
    pub fn from_secret(seed: &Secret) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed.expose()))
    }

    /// Returns the seed, for the sealed store.
    pub fn to_secret(&self) -> Secret {
        Secret::from_bytes(self.0.to_bytes())
    }

    /// Returns the public half.
    pub fn verify_key(&self) -> VerifyKey {
        VerifyKey(self.0.verifying_key())
    }

    /// Signs `bytes`, which begin with their own label or version.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        self.0.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(redacted)")
    }
}

/// The public half of a signing key, already unpacked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyKey(ed25519_dalek::VerifyingKey);

impl VerifyKey {
    /// Reads a public key.
    ///
    /// # Errors
    /// [`SignatureError`] for bytes that are no point of the curve, or a weak one.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SignatureError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| SignatureError)?;
        if key.is_weak() {
            Err(SignatureError)
        } else {
            Ok(Self(key))
        }
    }

    /// Returns the 32 bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Checks that `signature` is by this key over `bytes`.
    ///
    /// # Errors
    /// [`SignatureError`] where it is not.
    pub fn verify(&self, bytes: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.0
            .verify_strict(bytes, &signature)
            .map_err(|_| SignatureError)
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifyKey")
            .field(&data_encoding::HEXLOWER.encode(&self.to_bytes()[..4]))
            .finish()
    }
}
