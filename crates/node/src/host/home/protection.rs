//! What protects a home: another passphrase, and the key that is remembered for commands.

use hearth_store::{KdfCost, Passphrase, Protection, ProtectionKind, Store, Unlock, UnlockCache};

use super::super::sentence;
use super::HomeDir;
use crate::api::{Failure, PassphraseSource};

/// Set to `1` by tests only: makes guessing the passphrase cheap, and `status` and `doctor` say so.
const WEAK_KDF_VARIABLE: &str = "HEARTH_TEST_WEAK_KDF";
impl HomeDir {
    /// Protects the home with another passphrase: one that was open to everybody is closed by it,
    /// and the keyring keeps being asked first where it was.
    ///
    /// # Errors
    /// A [`Failure`] where the old one is wrong or the new one cannot be set; the old one serves on.
    pub fn change_passphrase(&self, passphrases: &mut dyn PassphraseSource) -> Result<(), Failure> {
        let info = Store::inspect(&self.root).map_err(|error| self.open_failed(error))?;
        let current = match info.protection {
            ProtectionKind::Bare => None,
            _ => Some(Passphrase::new(passphrases.existing()?.expose().to_owned())),
        };
        let unlock = || {
            current
                .as_ref()
                .map_or(Unlock::Unattended, Unlock::Passphrase)
        };
        let mut store =
            Store::open(&self.root, &unlock()).map_err(|error| self.open_failed(error))?;
        let (passphrase, cost) = (fresh(passphrases)?, kdf_cost());
        let new = match info.protection {
            ProtectionKind::Keyring(_) => Protection::Keyring { passphrase, cost },
            _ => Protection::Passphrase { passphrase, cost },
        };
        store.change_protection(&unlock(), &new).map_err(|error| {
            Failure::error("passphrase_not_changed", sentence(&error.to_string()))
                .with_hint("What opened this home before still does.")
        })?;
        drop(store);
        self.forget_key()
    }

    /// Forgets the key that was remembered for commands, the system's keyring included.
    ///
    /// # Errors
    /// A [`Failure`] where a remembered key could not be removed, or the home has no lock at all.
    pub fn forget_key(&self) -> Result<(), Failure> {
        let info = Store::inspect(&self.root).map_err(|error| self.open_failed(error))?;
        match info.protection {
            ProtectionKind::Bare => {
                return Err(Failure::error(
                    "not_protected",
                    "This home has no passphrase, so it cannot be locked.",
                )
                .with_hint("Give it one with `hearth passphrase change`."));
            }
            ProtectionKind::Keyring(_) => {
                Store::forget_in_keyring(&self.root).map_err(|error| self.open_failed(error))?;
            }
            _ => {}
        }
        UnlockCache::new(&self.root, info.store_id)
            .forget()
            .map_err(|error| Failure::error("lock_failed", sentence(&error.to_string())))
    }
}

/// Returns what protects the passphrase from guessing: the standard, save for tests that say so.
pub(super) fn kdf_cost() -> KdfCost {
    if std::env::var_os(WEAK_KDF_VARIABLE).is_some_and(|value| value == "1") {
        KdfCost::test_only()
    } else {
        KdfCost::STANDARD
    }
}

/// Asks for a new passphrase.
pub(super) fn fresh(passphrases: &mut dyn PassphraseSource) -> Result<Passphrase, Failure> {
    Ok(Passphrase::new(passphrases.fresh()?.expose().to_owned()))
}
