//! Passphrases on their way to the store.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::Failure;

/// A passphrase: erased from memory when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over a passphrase.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Shows the passphrase to the key derivation, and to nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Where passphrases come from; asked only when one is needed.
pub trait PassphraseSource {
    /// Returns the passphrase that opens this home.
    ///
    /// Fails with `passphrase_needed` where nothing provides one and nobody may be asked.
    fn existing(&mut self) -> Result<Secret, Failure>;

    /// Returns a new passphrase to protect this home with, typed twice where it is typed.
    ///
    /// Fails as [`existing`](Self::existing) does, and where both typings differ.
    fn fresh(&mut self) -> Result<Secret, Failure>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_a_passphrase() {
        assert_eq!(
            format!("{:?}", Secret::new("correct horse".into())),
            "Secret(redacted)"
        );
    }
}
