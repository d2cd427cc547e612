//! Secrets in memory: wiped when dropped, never printed, compared in constant time.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of every symmetric key in the store.
pub(crate) const KEY_BYTES: usize = 32;

/// The system gave no randomness, so no key or nonce could be made.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no randomness: {0}")]
pub struct RandomnessError(#[from] getrandom::Error);

/// Returns fresh bytes from the system's generator.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], RandomnessError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// The key that everything in one home is sealed under, directly or through a derived key.
///
/// Its bytes leave this crate only sealed in the key file or inside the system's keyring.
#[derive(Clone)]
pub struct StoreKey(Zeroizing<[u8; KEY_BYTES]>);

impl StoreKey {
    /// Makes a new random key.
    pub(crate) fn generate() -> Result<Self, RandomnessError> {
        Ok(Self(Zeroizing::new(random_bytes()?)))
    }

    /// Takes a key from its bytes, or nothing where their number is wrong.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// Takes a key from its bytes.
    pub(crate) fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// Gives the bytes, to be sealed or handed to the keyring.
    pub(crate) fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Derives the key for one purpose; the context names the purpose (BLAKE3 key derivation).
    pub(crate) fn derive(&self, context: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        Zeroizing::new(blake3::derive_key(context, &*self.0))
    }
}

impl PartialEq for StoreKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for StoreKey {}

impl fmt::Debug for StoreKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StoreKey(redacted)")
    }
}

/// What a person types to unlock a home.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes over the text, which is wiped when the passphrase is dropped.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Tells whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passphrase(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let key = StoreKey::generate().unwrap();
        let passphrase = Passphrase::new("open sesame".into());
        assert_eq!(format!("{key:?}"), "StoreKey(redacted)");
        assert_eq!(format!("{passphrase:?}"), "Passphrase(redacted)");
    }

    #[test]
    fn keys_differ_from_each_other_and_by_context() {
        let key = StoreKey::generate().unwrap();
        assert_ne!(key, StoreKey::generate().unwrap());
        assert_eq!(key, key.clone());
        assert_ne!(key.derive("one purpose"), key.derive("another purpose"));
    }
}
