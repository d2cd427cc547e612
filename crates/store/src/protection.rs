//! How the store key is kept from others: the choice, its cost, and what a person gives to unlock.

use crate::secret::{Passphrase, StoreKey};

/// What Argon2id costs (RFC 9106), for the one who unlocks and for the one who guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl KdfCost {
    /// 256 MiB, three passes, one lane: about a second on a laptop.
    pub const STANDARD: Self = Self {
        memory_kib: 256 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// Costs next to nothing and protects accordingly: for tests only.
    ///
    /// It is written down in the key file, and [`KdfCost::is_weak`] tells of it for ever after.
    pub const fn test_only() -> Self {
        Self {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        }
    }

    /// Memory that each guess needs, in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over that memory.
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Whether guessing is cheaper than the standard makes it.
    pub const fn is_weak(self) -> bool {
        self.memory_kib < Self::STANDARD.memory_kib || self.passes < Self::STANDARD.passes
    }
}

/// How the store key of a new home, or of a changed one, is to be protected.
#[derive(Debug, Clone)]
pub enum Protection {
    /// Sealed under a passphrase.
    Passphrase {
        /// What the person will type.
        passphrase: Passphrase,
        /// What each guess costs.
        cost: KdfCost,
    },
    /// Held by the kernel's keyring, so that nothing needs to be typed, and sealed under a
    /// passphrase as well: the kernel forgets its keys when the machine restarts or after some days
    /// without use, and a home that only the keyring could open would be lost then.
    Keyring {
        /// What the person will type once the kernel has forgotten the key.
        passphrase: Passphrase,
        /// What each guess costs.
        cost: KdfCost,
    },
    /// Not at all: anyone who can read this folder can read the notes.
    Bare,
}

impl Protection {
    /// A passphrase at the standard cost.
    pub fn passphrase(passphrase: Passphrase) -> Self {
        Self::Passphrase {
            passphrase,
            cost: KdfCost::STANDARD,
        }
    }

    /// The keyring, with a passphrase at the standard cost behind it.
    pub fn keyring(passphrase: Passphrase) -> Self {
        Self::Keyring {
            passphrase,
            cost: KdfCost::STANDARD,
        }
    }
}

/// What is given to unlock a home.
#[derive(Debug)]
pub enum Unlock<'a> {
    /// What the person typed.
    Passphrase(&'a Passphrase),
    /// A key from the [`UnlockCache`](crate::UnlockCache).
    Key(StoreKey),
    /// Nothing: enough for a bare home, and for one whose key the keyring holds.
    Unattended,
}

/// How a home is protected, as its key file says; for `status`, `doctor` and the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtectionKind {
    /// A passphrase is needed.
    Passphrase(KdfCost),
    /// The kernel's keyring is asked first, then the passphrase.
    Keyring(KdfCost),
    /// Nothing is needed: anyone who can read the folder can read the notes.
    Bare,
}

impl ProtectionKind {
    /// Gives what a guess of the passphrase costs, where there is one.
    pub const fn cost(self) -> Option<KdfCost> {
        match self {
            Self::Passphrase(cost) | Self::Keyring(cost) => Some(cost),
            Self::Bare => None,
        }
    }
}
