//! What signatures and commitments name: hashes of texts, with a secret salt, so that nobody who does
//! not have the text can guess it.
//!
//! The layout is in FORMAT; `tests/vectors.rs` holds what may never change of it.

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Serialize, Serializer};

use crate::id::{NotebookRef, ObjectId};
use crate::people::PersonRef;

/// 32 random bytes that go into a hash before the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// The hash of a text that people sign, an agreement or an endorsement: what a signature names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextHash(pub [u8; 32]);

impl TextHash {
    /// Hashes the text of an agreement with its salt.
    #[must_use]
    pub fn of(salt: &Salt, text: &str) -> Self {
        Self(digest(
            "hearthside 2026-11 agreement text",
            &[&salt.0, text.as_bytes()],
        ))
    }

    /// Hashes the text of an endorsement with its salt. No agreement has the same hash, whatever it says.
    #[must_use]
    pub fn of_endorsement(salt: &Salt, text: &str) -> Self {
        Self(digest(
            "hearthside 2026-11 endorsement",
            &[&salt.0, text.as_bytes()],
        ))
    }
}

/// The hash that a participant of a sealed exchange gives before anybody shows their text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(pub [u8; 32]);

impl Commitment {
    /// Commits a person to a text within one exchange of one notebook.
    #[must_use]
    pub fn of(
        notebook: NotebookRef,
        exchange: ObjectId,
        person: &PersonRef,
        salt: &Salt,
        text: &str,
    ) -> Self {
        Self(digest(
            "hearthside 2026-11 sealed exchange",
            &[
                &notebook.0,
                &exchange.to_bytes(),
                person.as_str().as_bytes(),
                &salt.0,
                text.as_bytes(),
            ],
        ))
    }
}

/// Defines how a hash is written for people: 64 hexadecimal digits.
macro_rules! in_hexadecimal {
    ($($name:ident),+) => {
        $(
            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&HEXLOWER.encode(&self.0))
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{}({self})", stringify!($name))
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }
        )+
    };
}

in_hexadecimal!(TextHash, Commitment);

/// Hashes parts under a label; each is prefixed with its length, so no two lists of parts hash alike.
fn digest(label: &'static str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(label);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_part_of_a_commitment_counts() {
        let exchange: ObjectId = "01KAS3W0QJ2Z8E5XNB4T7VYG9M".parse().unwrap();
        let person = PersonRef::new("ada").unwrap();
        let base = Commitment::of(NotebookRef([1; 32]), exchange, &person, &Salt([2; 32]), "x");
        let others = [
            Commitment::of(NotebookRef([3; 32]), exchange, &person, &Salt([2; 32]), "x"),
            Commitment::of(
                NotebookRef([1; 32]),
                exchange.successor(),
                &person,
                &Salt([2; 32]),
                "x",
            ),
            Commitment::of(
                NotebookRef([1; 32]),
                exchange,
                &PersonRef::new("ben").unwrap(),
                &Salt([2; 32]),
                "x",
            ),
            Commitment::of(NotebookRef([1; 32]), exchange, &person, &Salt([4; 32]), "x"),
            Commitment::of(NotebookRef([1; 32]), exchange, &person, &Salt([2; 32]), "y"),
        ];
        assert!(others.iter().all(|other| *other != base));
    }

    #[test]
    fn a_salt_shows_nowhere() {
        assert_eq!(format!("{:?}", Salt([7; 32])), "Salt(…)");
    }
}
