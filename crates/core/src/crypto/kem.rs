//! Wraps keys to a recipient with HPKE in base mode over X-Wing (X25519 with ML-KEM-768): what is
//! harvested today stays closed to a quantum computer of tomorrow.

use core::fmt;
use std::sync::Arc;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};

use super::Secret;

/// Length of a public sealing key.
pub const SEALING_KEY_BYTES: usize = 1216;

/// Length of the encapsulated key at the front of a wrap.
const ENCAPSULATED_BYTES: usize = 1120;

/// By how much a wrap is longer than what it wraps.
pub const WRAP_OVERHEAD_BYTES: usize = ENCAPSULATED_BYTES + 16;

/// A wrap that does not open, or a key that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the wrapped key does not open with this device's key")]
pub struct KemError;

/// The secret half of a sealing key.
#[derive(Clone)]
pub struct SealingSecret {
    seed: Secret,
    key: <XWing as Kem>::PrivateKey,
    public: SealingKey,
}

impl SealingSecret {
    /// Derives the key pair from a 32-byte seed.
    pub fn from_secret(seed: Secret) -> Self {
        let (key, public) = XWing::derive_keypair(seed.expose());
        let public = SealingKey(Arc::new(PublicKey {
            bytes: public.to_bytes().to_vec().into_boxed_slice(),
            key: public,
        }));
        Self { seed, key, public }
    }

    /// Returns the seed, for the sealed store.
    pub fn to_secret(&self) -> Secret {
        self.seed.clone()
    }

    /// Returns the public half.
    pub fn sealing_key(&self) -> &SealingKey {
        &self.public
    }
}

impl fmt::Debug for SealingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingSecret(redacted)")
    }
}

/// The public half of a sealing key. Everybody's is in many hands at once, and it is long, so a clone shares it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey(Arc<PublicKey>);

#[derive(PartialEq, Eq)]
struct PublicKey {
    bytes: Box<[u8]>,
    key: <XWing as Kem>::PublicKey,
}

impl SealingKey {
    /// Reads a public key of [`SEALING_KEY_BYTES`].
    ///
    /// # Errors
    /// [`KemError`] for other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KemError> {
        let key = <XWing as Kem>::PublicKey::from_bytes(bytes).map_err(|_| KemError)?;
        Ok(Self(Arc::new(PublicKey {
            bytes: bytes.into(),
            key,
        })))
    }

    /// Returns the key's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// Wraps `plaintext` to `recipient`, bound to `info`: encapsulated key, then ciphertext.
///
/// # Errors
/// [`KemError`] where the recipient's key cannot be used.
pub fn seal_to(
    recipient: &SealingKey,
    info: &[u8],
    plaintext: &[u8],
    mut rng: &mut dyn rand_core::CryptoRng,
) -> Result<Vec<u8>, KemError> {
    let (encapsulated, ciphertext) =
        hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &recipient.0.key,
            info,
            plaintext,
            b"",
            &mut rng,
        )
        .map_err(|_| KemError)?;
    let mut wrap = encapsulated.to_bytes().to_vec();
    wrap.extend_from_slice(&ciphertext);
    Ok(wrap)
}

/// Opens what [`seal_to`] made for this key and `info`.
///
/// # Errors
/// [`KemError`] where it does not open.
pub fn open_from(secret: &SealingSecret, info: &[u8], wrap: &[u8]) -> Result<Vec<u8>, KemError> {
    let (encapsulated, ciphertext) = wrap.split_at_checked(ENCAPSULATED_BYTES).ok_or(KemError)?;
    let encapsulated =
        <XWing as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| KemError)?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &secret.key,
        &encapsulated,
        info,
        ciphertext,
        b"",
    )
    .map_err(|_| KemError)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_wrap_opens_for_its_recipient_and_info_only() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let ana = SealingSecret::from_secret(Secret::random(&mut rng));
        let ben = SealingSecret::from_secret(Secret::random(&mut rng));
        let wrap = seal_to(ana.sealing_key(), b"info", &[5; 32], &mut rng).unwrap();
        assert_eq!(wrap.len(), 32 + WRAP_OVERHEAD_BYTES);
        assert_eq!(open_from(&ana, b"info", &wrap), Ok(vec![5; 32]));
        assert_eq!(open_from(&ana, b"other", &wrap), Err(KemError));
        assert_eq!(open_from(&ben, b"info", &wrap), Err(KemError));
    }
}
