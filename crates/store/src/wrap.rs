//! The store key wrapped under a passphrase: `memory KiB (4) ‖ passes (4) ‖ lanes (4) ‖ salt (16) ‖
//! check (16) ‖ sealed key (73)`, numbers big-endian.
//!
//! Argon2id makes one key from passphrase and salt; from it come the check, which tells a wrong
//! passphrase from damage, and the key that seals. The associated data is all of the file before
//! the sealed key.

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::keyfile::{CHECK_BYTES, ProtectError, UnlockError, cut};
use crate::limits::{KDF_LANES_MAX, KDF_MEMORY_KIB_MAX, KDF_PASSES_MAX};
use crate::protection::KdfCost;
use crate::scope::Scope;
use crate::seal::{OVERHEAD_BYTES, Place, SealKey, Table};
use crate::secret::{KEY_BYTES, Passphrase, StoreKey, random_bytes};

const SALT_BYTES: usize = 16;
const SEALED_KEY_BYTES: usize = KEY_BYTES + OVERHEAD_BYTES;
const CHECK_CONTEXT: &str = "hearth-store 1 passphrase check";
const WRAP_CONTEXT: &str = "hearth-store 1 passphrase wrap";

/// A store key that a passphrase opens.
pub(crate) struct Wrap {
    cost: KdfCost,
    salt: [u8; SALT_BYTES],
    check: [u8; CHECK_BYTES],
    sealed_key: [u8; SEALED_KEY_BYTES],
}

impl Wrap {
    /// Wraps a key. `preamble` is what stands before the wrap in the file.
    pub(crate) fn seal(
        preamble: &[u8],
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
        let header = wrap.associated_data(preamble);
        let sealed = derived.wrap.seal(place(&header), &[key.expose()])?;
        wrap.sealed_key.copy_from_slice(&sealed);
        Ok(wrap)
    }

    /// Unwraps the key, or tells a wrong passphrase from damage.
    pub(crate) fn open(
        &self,
        preamble: &[u8],
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
        let header = self.associated_data(preamble);
        let key = derived
            .wrap
            .open(place(&header), &self.sealed_key)
            .map_err(|_| UnlockError::Damaged("its key does not open"))?;
        StoreKey::from_slice(&Zeroizing::new(key))
            .ok_or(UnlockError::Damaged("its key has the wrong length"))
    }

    /// Gives what a guess of the passphrase costs.
    pub(crate) fn cost(&self) -> KdfCost {
        self.cost
    }

    /// Writes the wrap as it stands in the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        [&self.header()[..], &self.sealed_key].concat()
    }

    /// Everything in the wrap before the sealed key.
    fn header(&self) -> Vec<u8> {
        let [memory, passes, lanes] =
            [self.cost.memory_kib, self.cost.passes, self.cost.lanes].map(u32::to_be_bytes);
        [&memory[..], &passes, &lanes, &self.salt, &self.check].concat()
    }

    /// Everything in the file before the sealed key.
    fn associated_data(&self, preamble: &[u8]) -> Vec<u8> {
        [preamble, &self.header()].concat()
    }

    /// Reads what [`Wrap::encode`] wrote, and nothing else.
    pub(crate) fn decode(body: &[u8]) -> Result<Self, UnlockError> {
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
