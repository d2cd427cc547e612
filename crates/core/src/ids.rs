//! Identifies people, devices, notebooks, logs, entries and epochs, each with a type of its own.
//!
//! All are hashes or random bytes; all print as lower-case base32 without padding (RFC 4648).

use core::fmt;
use core::str::FromStr;

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};

/// A text that is not an id of the expected length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a full id: expected {expected} letters and digits of base32")]
pub struct ParseIdError {
    /// How many characters a full id has.
    pub expected: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;
            /// All bytes zero: stands for "none" where a layout has a fixed place.
            pub const ZERO: Self = Self([0; $len]);

            /// Wraps raw bytes.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Returns the raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Says whether this is the "none" value.
            pub fn is_zero(&self) -> bool {
                self.0 == [0; $len]
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = self.to_string();
                write!(f, "{}({})", stringify!($name), text.get(..8).unwrap_or(&text))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let error = ParseIdError { expected: ($len * 8_usize).div_ceil(5) };
                let bytes = BASE32_NOPAD_NOCASE.decode(text.as_bytes()).map_err(|_| error.clone())?;
                bytes.try_into().map(Self).map_err(|_| error)
            }
        }
    };
}

id!(
    /// A person: the hash of their first recovery card.
    PersonId,
    32
);
id!(
    /// A device: the hash of its card, so it pins all three public keys.
    DeviceId,
    32
);
id!(
    /// A recovery card as a holder of epoch keys: its hash. That of a person's first card is the person.
    RecoveryId,
    32
);
id!(
    /// Where a person's capsules are found: a hash of the recovery card in force, which the phrase gives and
    /// the person's id does not.
    CapsuleId,
    32
);
id!(
    /// A capsule: the hash of its bytes, signature included.
    CapsuleHash,
    32
);
id!(
    /// A bundle: the hash of all before its parts, which pins the key that all of it is sealed under.
    BundleId,
    32
);
id!(
    /// A file: a hash over its length and the hashes of its sealed chunks.
    FileRoot,
    32
);
id!(
    /// A segment of a checkpoint: the hash of its head, which pins the pack and all segments before it.
    SegmentHash,
    32
);
id!(
    /// A mirror: the hash of its card, so it pins both public keys.
    MirrorId,
    32
);
id!(
    /// A notebook: the hash of its `create` entry.
    NotebookId,
    32
);
id!(
    /// A control entry: the hash of its bytes, signature included.
    ControlHash,
    32
);
id!(
    /// A roster entry: the hash of its bytes, signature included.
    RosterHash,
    32
);
id!(
    /// A log entry: the hash of its bytes, signature included.
    EntryHash,
    32
);
id!(
    /// A part of the base of a notebook that was forked: the hash of its bytes, which a salt hides.
    PartHash,
    32
);
id!(
    /// The device key that a peer's connection proves (Ed25519, the iroh endpoint id).
    TransportId,
    32
);
id!(
    /// One life of a device's log in one notebook: random, new after every doubt about the old one.
    Incarnation,
    16
);
id!(
    /// Names a notebook on entries without giving its id away: a truncated hash of it.
    NotebookTag,
    16
);
id!(
    /// An Automerge actor: derived from device, notebook and incarnation, so nobody writes as another.
    ActorId,
    16
);

impl MirrorId {
    /// Returns the id under which the mirror stands where devices do: on connections and under frontiers. No
    /// device has it, since the hashes that name devices have another label.
    pub const fn as_peer(self) -> DeviceId {
        DeviceId(self.0)
    }
}

impl ControlHash {
    /// Reads the hash as the epoch that this re-key entry starts.
    pub const fn as_epoch(self) -> EpochId {
        EpochId(self)
    }
}

/// An epoch of a notebook's content key: named by the re-key entry that starts it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EpochId(ControlHash);

impl EpochId {
    /// Returns the re-key entry that starts the epoch.
    pub const fn rekey(self) -> ControlHash {
        self.0
    }

    /// Returns the raw bytes of the re-key entry's hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// The place of an entry in its log: the first is 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Seq(u64);

impl Seq {
    /// Before the first entry.
    pub const NONE: Self = Self(0);

    /// Wraps a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the place after this one.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// One append-only log: a device and one life of its log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LogId {
    /// The device that writes and signs it.
    pub device: DeviceId,
    /// Which of the device's lives in this notebook.
    pub incarnation: Incarnation,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_as_base32_and_come_back() {
        let id = PersonId::from_bytes([7; 32]);
        let text = id.to_string();
        assert_eq!(text.len(), 52);
        assert_eq!(text.parse::<PersonId>(), Ok(id));
        assert_eq!(text.to_uppercase().parse::<PersonId>(), Ok(id));
        assert!(text[1..].parse::<PersonId>().is_err());
    }
}
