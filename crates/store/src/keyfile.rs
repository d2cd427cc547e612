//! The file `store.key`: how the store key is protected.
//!
//! ```text
//! "hearthky" (8) ‖ version (1) = 1 ‖ kind (1) ‖ store id (16) ‖ key check (16) ‖ body ‖ checksum (16)
//! kind 1 passphrase, kind 2 keyring:
//!     body = memory KiB (4) ‖ passes (4) ‖ lanes (4) ‖ salt (16) ‖ check (16) ‖ sealed key (73)
//! kind 3 bare:
//!     body = store key (32)
//! ```
//!
//! Numbers are big-endian. The checksum is BLAKE3 of everything before it, cut to 16 bytes; it
//! finds accidents. The key check is derived from the store key and tells a foreign key; the check
//! in the body is derived from the passphrase's key and tells a wrong passphrase from a damaged
//! file. The associated data of the sealed key is everything before it.

use std::fmt;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::home::{FileError, read_limited, replace};
use crate::keyring::{self, KeyringUnavailable};
use crate::limits::{KDF_LANES_MAX, KDF_MEMORY_KIB_MAX, KDF_PASSES_MAX, KEY_FILE_BYTES_MAX};
use crate::protection::{KdfCost, Protection, ProtectionKind, Unlock};
use crate::scope::Scope;
use crate::seal::{OVERHEAD_BYTES, Place, SealError, SealKey, Table};
use crate::secret::{KEY_BYTES, Passphrase, RandomnessError, StoreKey, random_bytes};

const MAGIC: &[u8; 8] = b"hearthky";
const VERSION: u8 = 1;
const KIND_PASSPHRASE: u8 = 1;
const KIND_KEYRING: u8 = 2;
const KIND_BARE: u8 = 3;
const SALT_BYTES: usize = 16;
const CHECK_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 16;
const SEALED_KEY_BYTES: usize = KEY_BYTES + OVERHEAD_BYTES;
const KEY_CHECK_CONTEXT: &str = "hearth-store 1 store key check";
const CHECK_CONTEXT: &str = "hearth-store 1 passphrase check";
const WRAP_CONTEXT: &str = "hearth-store 1 passphrase wrap";

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
    Wrapped { keyring: bool, wrap: Wrap },
    Bare(StoreKey),
}

struct Wrap {
    cost: KdfCost,
    salt: [u8; SALT_BYTES],
    check: [u8; CHECK_BYTES],
    sealed_key: [u8; SEALED_KEY_BYTES],
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
            Protection::Passphrase { passphrase, cost } => Guard::Wrapped {
                keyring: false,
                wrap: Wrap::seal(store, KIND_PASSPHRASE, key, passphrase, *cost)?,
            },
            Protection::Keyring { passphrase, cost } => {
                let wrap = Wrap::seal(store, KIND_KEYRING, key, passphrase, *cost)?;
                keyring::put(&keyring_description(store_id), key, None)?;
                Guard::Wrapped {
                    keyring: true,
                    wrap,
                }
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

    pub(crate) fn store_id(&self) -> StoreId {
        self.store.id
    }

    pub(crate) fn kind(&self) -> ProtectionKind {
        match &self.guard {
            Guard::Wrapped {
                keyring: false,
                wrap,
            } => ProtectionKind::Passphrase(wrap.cost),
            Guard::Wrapped {
                keyring: true,
                wrap,
            } => ProtectionKind::Keyring(wrap.cost),
            Guard::Bare(_) => ProtectionKind::Bare,
        }
    }

    /// Gets the store key and makes sure that it is the one of this home.
    pub(crate) fn unlock(&self, unlock: &Unlock<'_>) -> Result<StoreKey, UnlockError> {
        let description = keyring_description(self.store.id);
        let key = match (&self.guard, unlock) {
            (_, Unlock::Key(key)) => key.clone(),
            (Guard::Bare(key), _) => key.clone(),
            (Guard::Wrapped { keyring, wrap }, Unlock::Passphrase(passphrase)) => {
                let kind = if *keyring {
                    KIND_KEYRING
                } else {
                    KIND_PASSPHRASE
                };
                let key = wrap.open(self.store, kind, passphrase)?;
                if *keyring {
                    // The passphrase has just opened the home; that the keyring cannot be filled
                    // again only means that it will be asked for once more.
                    let _refilled = keyring::put(&description, &key, None);
                }
                key
            }
            (Guard::Wrapped { keyring: true, .. }, Unlock::Unattended) => {
                keyring::get(&description)?.ok_or(UnlockError::KeyringForgot)?
            }
            (Guard::Wrapped { keyring: false, .. }, Unlock::Unattended) => {
                return Err(UnlockError::PassphraseNeeded);
            }
        };
        self.store.check(key)
    }

    /// Takes the key out of the kernel's keyring where this home keeps it there.
    pub(crate) fn forget_in_keyring(&self) -> Result<(), KeyringUnavailable> {
        match self.guard {
            Guard::Wrapped { keyring: true, .. } => {
                keyring::forget(&keyring_description(self.store.id))
            }
            Guard::Wrapped { keyring: false, .. } | Guard::Bare(_) => Ok(()),
        }
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(256));
        match &self.guard {
            Guard::Wrapped { keyring, wrap } => {
                let kind = if *keyring {
                    KIND_KEYRING
                } else {
                    KIND_PASSPHRASE
                };
                bytes.extend_from_slice(&wrap.header(self.store, kind));
                bytes.extend_from_slice(&wrap.sealed_key);
            }
            Guard::Bare(key) => {
                bytes.extend_from_slice(&self.store.preamble(KIND_BARE));
                bytes.extend_from_slice(key.expose());
            }
        }
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        bytes
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
            (VERSION, KIND_PASSPHRASE) => Guard::Wrapped {
                keyring: false,
                wrap: Wrap::decode(body)?,
            },
            (VERSION, KIND_KEYRING) => Guard::Wrapped {
                keyring: true,
                wrap: Wrap::decode(body)?,
            },
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

impl Wrap {
    fn seal(
        store: StoreName,
        kind: u8,
        key: &StoreKey,
        passphrase: &Passphrase,
        cost: KdfCost,
    ) -> Result<Self, ProtectError> {
        if passphrase.is_empty() {
            return Err(ProtectError::EmptyPassphrase);
        }
        let salt = random_bytes()?;
        let derived =
            derive(passphrase, &salt, cost).map_err(|OutOfMemory| ProtectError::Memory {
                needed_kib: cost.memory_kib,
            })?;
        let mut wrap = Self {
            cost,
            salt,
            check: derived.check,
            sealed_key: [0; SEALED_KEY_BYTES],
        };
        let header = wrap.header(store, kind);
        let sealed = derived.wrap.seal(place(&header), &[key.expose()])?;
        wrap.sealed_key.copy_from_slice(&sealed);
        Ok(wrap)
    }

    fn open(
        &self,
        store: StoreName,
        kind: u8,
        passphrase: &Passphrase,
    ) -> Result<StoreKey, UnlockError> {
        let derived = derive(passphrase, &self.salt, self.cost).map_err(|OutOfMemory| {
            UnlockError::Memory {
                needed_kib: self.cost.memory_kib,
            }
        })?;
        if !bool::from(derived.check.ct_eq(&self.check)) {
            return Err(UnlockError::WrongPassphrase);
        }
        let header = self.header(store, kind);
        let key = derived
            .wrap
            .open(place(&header), &self.sealed_key)
            .map_err(|_| UnlockError::Damaged("its key does not open"))?;
        StoreKey::from_slice(&Zeroizing::new(key))
            .ok_or(UnlockError::Damaged("its key has the wrong length"))
    }

    /// Everything before the sealed key: it is the sealed key's associated data.
    fn header(&self, store: StoreName, kind: u8) -> Vec<u8> {
        let mut bytes = store.preamble(kind);
        for number in [self.cost.memory_kib, self.cost.passes, self.cost.lanes] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.check);
        bytes
    }

    fn decode(body: &[u8]) -> Result<Self, UnlockError> {
        const SHORT: UnlockError = UnlockError::Damaged("it is cut off");
        let (memory, rest) = body.split_first_chunk().ok_or(SHORT)?;
        let (passes, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let (lanes, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let (check, rest) = rest.split_first_chunk().ok_or(SHORT)?;
        let sealed_key = rest.try_into().map_err(|_| SHORT)?;
        let cost = KdfCost {
            memory_kib: u32::from_be_bytes(*memory),
            passes: u32::from_be_bytes(*passes),
            lanes: u32::from_be_bytes(*lanes),
        };
        let sane = cost.memory_kib <= KDF_MEMORY_KIB_MAX
            && cost.passes <= KDF_PASSES_MAX
            && cost.lanes <= KDF_LANES_MAX;
        if !sane || parameters(cost).is_err() {
            return Err(UnlockError::Damaged(
                "it asks for an impossible passphrase cost",
            ));
        }
        Ok(Self {
            cost,
            salt: *salt,
            check: *check,
            sealed_key,
        })
    }
}

struct Derived {
    check: [u8; CHECK_BYTES],
    wrap: SealKey,
}

struct OutOfMemory;

fn parameters(cost: KdfCost) -> Result<Params, argon2::Error> {
    Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES))
}

/// Argon2id version 1.3 (RFC 9106), then one key to check the passphrase and one to wrap with.
fn derive(
    passphrase: &Passphrase,
    salt: &[u8; SALT_BYTES],
    cost: KdfCost,
) -> Result<Derived, OutOfMemory> {
    let mut root = Zeroizing::new([0; KEY_BYTES]);
    let parameters = parameters(cost).map_err(|_| OutOfMemory)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(passphrase.as_bytes(), salt, root.as_mut_slice())
        .map_err(|_| OutOfMemory)?;
    let check = cut(&blake3::derive_key(CHECK_CONTEXT, &*root));
    let wrap = SealKey::new(&Zeroizing::new(blake3::derive_key(WRAP_CONTEXT, &*root)));
    Ok(Derived { check, wrap })
}

fn place(header: &[u8]) -> Place<'_> {
    Place {
        table: Table::StoreKey,
        scope: Scope::NODE,
        row: header,
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    cut(blake3::hash(content).as_bytes())
}

/// Keeps the first half of a hash.
fn cut(hash: &[u8; 32]) -> [u8; 16] {
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
