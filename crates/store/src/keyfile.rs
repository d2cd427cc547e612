//! The file `store.key`: how the store key is protected.
//!
//! ```text
//! "hearthky" (8) ‖ version (1) = 1 ‖ kind (1) ‖ store id (16) ‖ key check (16) ‖ body ‖ checksum (16)
//! kind 1 passphrase, kind 2 keyring:
//!     body = the key wrapped under the passphrase (117)
//! kind 3 bare:
//!     body = store key (32)
//! ```
//!
//! The checksum is BLAKE3 of everything before it, cut to 16 bytes; it finds accidents, and every
//! version has it. The key check is derived from the store key and tells a foreign key.

use std::fmt;
use std::path::Path;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::home::{FileError, read_limited, replace};
use crate::keyring::{self, KeyringUnavailable};
use crate::limits::KEY_FILE_BYTES_MAX;
use crate::protection::{Protection, ProtectionKind, Unlock};
use crate::seal::SealError;
use crate::secret::{RandomnessError, StoreKey};
use crate::wrap::Wrap;

const MAGIC: &[u8; 8] = b"hearthky";
const VERSION: u8 = 1;
const KIND_PASSPHRASE: u8 = 1;
const KIND_KEYRING: u8 = 2;
const KIND_BARE: u8 = 3;
/// Bytes of what a key is known by.
pub(crate) const CHECK_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 16;
const KEY_CHECK_CONTEXT: &str = "hearth-store 1 store key check";

/// Names one store; random, made with it and never changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StoreId(pub(crate) [u8; 16]);

impl fmt::Debug for StoreId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "StoreId({})",
            data_encoding::HEXLOWER.encode(&self.0)
        )
    }
}

/// The store key could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The passphrase is not the one that the home was locked with.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// A passphrase is needed and none was given.
    #[error("this home is locked; its passphrase is needed")]
    PassphraseNeeded,
    /// The kernel has forgotten the key.
    #[error(
        "the system's keyring no longer holds the key of this home (it forgets when the machine \
         restarts); the passphrase is needed"
    )]
    KeyringForgot,
    /// The kernel's keyring cannot be used.
    #[error("{0}; the passphrase is needed")]
    Keyring(#[from] KeyringUnavailable),
    /// The key that was given, from the cache, belongs to another store.
    #[error("the remembered key does not belong to this home; its passphrase is needed")]
    WrongKey,
    /// The key file is damaged.
    #[error("the key file is damaged ({0}); without a backup of it this home cannot be opened")]
    Damaged(&'static str),
    /// The key file is of a newer version.
    #[error("the key file has version {found}, this program knows {VERSION}; use a newer program")]
    NewerVersion {
        /// The version in the file.
        found: u8,
    },
    /// There was not enough memory to derive the key.
    #[error("not enough memory for the passphrase: {needed_kib} KiB are needed")]
    Memory {
        /// What the derivation needs, in KiB.
        needed_kib: u32,
    },
    /// The key file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The key file could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProtectError {
    /// The passphrase is empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The kernel's keyring cannot be used.
    #[error("{0}; choose a passphrase instead")]
    Keyring(#[from] KeyringUnavailable),
    /// The system gave no randomness.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The key could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// There was not enough memory to derive the key.
    #[error("not enough memory for the passphrase: {needed_kib} KiB are needed")]
    Memory {
        /// What the derivation needs, in KiB.
        needed_kib: u32,
    },
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A parsed key file. It holds secrets only where the home is bare.
pub(crate) struct KeyFile {
    store: StoreName,
    guard: Guard,
}

/// What the file says of the store key itself: whose it is, and how to know it.
#[derive(Clone, Copy)]
struct StoreName {
    id: StoreId,
    key_check: [u8; CHECK_BYTES],
}

impl StoreName {
    fn of(id: StoreId, key: &StoreKey) -> Self {
        Self {
            id,
            key_check: cut(&key.derive(KEY_CHECK_CONTEXT)),
        }
    }

    /// Gives `magic ‖ version ‖ kind ‖ store id ‖ key check`.
    fn preamble(&self, kind: u8) -> Vec<u8> {
        [&MAGIC[..], &[VERSION, kind], &self.id.0, &self.key_check].concat()
    }

    fn check(&self, key: StoreKey) -> Result<StoreKey, UnlockError> {
        let check: [u8; CHECK_BYTES] = cut(&key.derive(KEY_CHECK_CONTEXT));
        if bool::from(check.ct_eq(&self.key_check)) {
            Ok(key)
        } else {
            Err(UnlockError::WrongKey)
        }
    }
}

enum Guard {
    Passphrase(Wrap),
    Keyring(Wrap),
    Bare(StoreKey),
}

impl KeyFile {
    /// Protects a store key. With the keyring this puts the key there as well.
    pub(crate) fn protect(
        store_id: StoreId,
        key: &StoreKey,
        protection: &Protection,
    ) -> Result<Self, ProtectError> {
        let store = StoreName::of(store_id, key);
        let guard = match protection {
            Protection::Passphrase { passphrase, cost } => {
                let preamble = store.preamble(KIND_PASSPHRASE);
                Guard::Passphrase(Wrap::seal(&preamble, key, passphrase, *cost)?)
            }
            Protection::Keyring { passphrase, cost } => {
                let preamble = store.preamble(KIND_KEYRING);
                let wrap = Wrap::seal(&preamble, key, passphrase, *cost)?;
                keyring::put(&keyring_description(store_id), key, None)?;
                Guard::Keyring(wrap)
            }
            Protection::Bare => Guard::Bare(key.clone()),
        };
        Ok(Self { store, guard })
    }

    pub(crate) fn read(path: &Path) -> Result<Self, UnlockError> {
        Self::decode(&Zeroizing::new(read_limited(path, KEY_FILE_BYTES_MAX)?))
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), FileError> {
        replace(path, &self.encode())
    }

    /// Tells one key file from any other.
    pub(crate) fn hash(&self) -> blake3::Hash {
        blake3::hash(&self.encode())
    }

    pub(crate) fn store_id(&self) -> StoreId {
        self.store.id
    }

    pub(crate) fn kind(&self) -> ProtectionKind {
        match &self.guard {
            Guard::Passphrase(wrap) => ProtectionKind::Passphrase(wrap.cost()),
            Guard::Keyring(wrap) => ProtectionKind::Keyring(wrap.cost()),
            Guard::Bare(_) => ProtectionKind::Bare,
        }
    }

    /// Gets the store key and makes sure that it is the one of this home.
    pub(crate) fn unlock(&self, unlock: &Unlock<'_>) -> Result<StoreKey, UnlockError> {
        let preamble = self.store.preamble(self.kind_byte());
        let description = keyring_description(self.store.id);
        let key = match (&self.guard, unlock) {
            (_, Unlock::Key(key)) | (Guard::Bare(key), _) => key.clone(),
            (Guard::Passphrase(wrap), Unlock::Passphrase(passphrase)) => {
                wrap.open(&preamble, passphrase)?
            }
            (Guard::Keyring(wrap), Unlock::Passphrase(passphrase)) => {
                let key = wrap.open(&preamble, passphrase)?;
                // The passphrase has just opened the home; that the keyring cannot be filled again
                // only means that it will be asked for once more.
                let _refilled = keyring::put(&description, &key, None);
                key
            }
            (Guard::Passphrase(_), Unlock::Unattended) => {
                return Err(UnlockError::PassphraseNeeded);
            }
            (Guard::Keyring(_), Unlock::Unattended) => {
                keyring::get(&description)?.ok_or(UnlockError::KeyringForgot)?
            }
        };
        self.store.check(key)
    }

    /// Takes the key out of the kernel's keyring where this home keeps it there.
    pub(crate) fn forget_in_keyring(&self) -> Result<(), KeyringUnavailable> {
        match self.guard {
            Guard::Keyring(_) => keyring::forget(&keyring_description(self.store.id)),
            Guard::Passphrase(_) | Guard::Bare(_) => Ok(()),
        }
    }

    fn kind_byte(&self) -> u8 {
        match self.guard {
            Guard::Passphrase(_) => KIND_PASSPHRASE,
            Guard::Keyring(_) => KIND_KEYRING,
            Guard::Bare(_) => KIND_BARE,
        }
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let body = Zeroizing::new(match &self.guard {
            Guard::Passphrase(wrap) | Guard::Keyring(wrap) => wrap.encode(),
            Guard::Bare(key) => key.expose().to_vec(),
        });
        let content = Zeroizing::new([&self.store.preamble(self.kind_byte())[..], &body].concat());
        Zeroizing::new([&content[..], &checksum(&content)].concat())
    }

    fn decode(bytes: &[u8]) -> Result<Self, UnlockError> {
        const SHORT: UnlockError = UnlockError::Damaged("it is cut off");
        let (content, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(SHORT)?;
        let (magic, rest) = content.split_first_chunk::<8>().ok_or(SHORT)?;
        if magic != MAGIC {
            return Err(UnlockError::Damaged("it does not begin like one"));
        }
        let ([version, kind], rest) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
        if checksum(content) != *sum {
            return Err(UnlockError::Damaged("its checksum is wrong"));
        }
        if *version > VERSION {
            return Err(UnlockError::NewerVersion { found: *version });
        }
        let (id, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let (key_check, body) = rest.split_first_chunk().ok_or(SHORT)?;
        let guard = match (*version, *kind) {
            (VERSION, KIND_PASSPHRASE) => Guard::Passphrase(Wrap::decode(body)?),
            (VERSION, KIND_KEYRING) => Guard::Keyring(Wrap::decode(body)?),
            (VERSION, KIND_BARE) => Guard::Bare(StoreKey::from_slice(body).ok_or(SHORT)?),
            _ => return Err(UnlockError::Damaged("its kind is unknown")),
        };
        let store = StoreName {
            id: StoreId(*id),
            key_check: *key_check,
        };
        Ok(Self { store, guard })
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    cut(blake3::hash(content).as_bytes())
}

/// Keeps the first half of a hash.
pub(crate) fn cut(hash: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    half
}

fn keyring_description(store_id: StoreId) -> String {
    format!(
        "hearth:store:{}",
        data_encoding::HEXLOWER.encode(&store_id.0)
    )
}
