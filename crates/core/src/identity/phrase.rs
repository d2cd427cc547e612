//! The recovery phrase: 24 words (BIP-39, English) that stand for 256 random bits.

use bip39::Mnemonic;
use core::fmt;
use zeroize::Zeroize;

use crate::crypto::Secret;

/// How many words a recovery phrase has.
pub const PHRASE_WORDS: usize = 24;

/// Words that are no recovery phrase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhraseError {
    /// Too few or too many words.
    #[error("a recovery phrase has {PHRASE_WORDS} words, this has {0}")]
    WordCount(usize),
    /// A word that is not on the list.
    #[error("word {0} of the recovery phrase is not on the word list: check its spelling")]
    UnknownWord(usize),
    /// All words are known, but the last does not check the others.
    #[error("the recovery phrase does not check: a word is wrong, or two are swapped")]
    Checksum,
}

/// A person's recovery phrase. Shown once; wiped when dropped.
#[derive(Clone)]
pub struct RecoveryPhrase {
    entropy: Secret,
}

impl RecoveryPhrase {
    /// Draws a new phrase.
    pub fn random(rng: &mut dyn rand_core::CryptoRng) -> Self {
        Self {
            entropy: Secret::random(rng),
        }
    }

    /// Reads a phrase as a person types it: case and spacing do not matter.
    ///
    /// # Errors
    /// [`PhraseError`] naming what is wrong, by the word's place where one is.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let mut normal = text
            .to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let count = normal.split(' ').filter(|word| !word.is_empty()).count();
        if count != PHRASE_WORDS {
            normal.zeroize();
            return Err(PhraseError::WordCount(count));
        }
        let parsed = Mnemonic::parse_in_normalized(bip39::Language::English, &normal);
        normal.zeroize();
        let mnemonic = parsed.map_err(|error| match error {
            bip39::Error::UnknownWord(place) => PhraseError::UnknownWord(place + 1),
            _ => PhraseError::Checksum,
        })?;
        let (mut bytes, len) = mnemonic.to_entropy_array();
        let mut entropy = [0; 32];
        let fits = len == entropy.len();
        for (to, from) in entropy.iter_mut().zip(bytes.iter()) {
            *to = *from;
        }
        bytes.zeroize();
        if fits {
            Ok(Self {
                entropy: Secret::from_bytes(entropy),
            })
        } else {
            Err(PhraseError::Checksum)
        }
    }

    /// Returns the 24 words, separated by single spaces; the caller wipes them after use.
    pub fn to_words(&self) -> String {
        words_of(self.entropy.expose(), PHRASE_WORDS)
    }

    /// Lends the entropy that every recovery key is derived from.
    pub(super) const fn entropy(&self) -> &Secret {
        &self.entropy
    }
}

impl fmt::Debug for RecoveryPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryPhrase(redacted)")
    }
}

/// Spells the first `count` words (11 bits each, at most 24) of a 256-bit value from the BIP-39
/// list, separated by single spaces. Six words carry 66 bits.
pub fn words_of(bits: &[u8; 32], count: usize) -> String {
    let Ok(mnemonic) = Mnemonic::from_entropy_in(bip39::Language::English, bits) else {
        return String::new();
    };
    mnemonic.words().take(count).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_phrase_comes_back_however_it_is_typed() {
        let phrase = RecoveryPhrase::random(&mut ChaCha20Rng::seed_from_u64(3));
        let words = phrase.to_words();
        assert_eq!(words.split(' ').count(), 24);
        let typed = words.to_uppercase().replace(' ', "  \n");
        assert_eq!(RecoveryPhrase::parse(&typed).unwrap().to_words(), words);
    }

    #[test]
    fn a_wrong_phrase_says_what_is_wrong() {
        let words = RecoveryPhrase::random(&mut ChaCha20Rng::seed_from_u64(3)).to_words();
        let mut list: Vec<&str> = words.split(' ').collect();
        assert_eq!(
            RecoveryPhrase::parse("abandon").err(),
            Some(PhraseError::WordCount(1))
        );
        list.swap(0, 1);
        assert_eq!(
            RecoveryPhrase::parse(&list.join(" ")).err(),
            Some(PhraseError::Checksum)
        );
        list[4] = "hearthside";
        assert_eq!(
            RecoveryPhrase::parse(&list.join(" ")).err(),
            Some(PhraseError::UnknownWord(5))
        );
    }
}
