//! What protects a home: another passphrase, and the key that is remembered for commands.

use hearth_store::{
    ChangeError, KdfCost, OpenError, Passphrase, Protection, ProtectionChange, ProtectionKind,
    Store, Unlock, UnlockCache,
};

use super::super::{Host, NodeStorage, sentence};
use super::HomeDir;
use crate::api::{Exit, Failure, PassphraseRequest, PassphraseSource, Secret};

/// Set to `1` by tests only: makes guessing the passphrase cheap, and `status` and `doctor` say so.
const WEAK_KDF_VARIABLE: &str = "HEARTH_TEST_WEAK_KDF";

impl HomeDir {
    /// Asks for the old passphrase, tries it, and asks for the new one. Another process may have the
    /// home open meanwhile.
    ///
    /// # Errors
    /// A [`Failure`] where the old one is wrong, or nobody gives one.
    pub fn ask_for_change(
        &self,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<PassphraseRequest, Failure> {
        let info = Store::inspect(&self.root).map_err(|error| self.open_failed(error))?;
        let current = match info.protection {
            ProtectionKind::Bare => None,
            _ => Some(passphrases.existing()?),
        };
        if let Some(current) = &current {
            // Before somebody thinks up a new one and types it twice.
            Store::try_unlock(&self.root, &Unlock::Passphrase(&passphrase(current)))
                .map_err(|error| self.open_failed(error))?;
        }
        let new = passphrases.fresh()?;
        Ok(PassphraseRequest::Change { current, new })
    }

    /// Tells whether a passphrase opens this home, be it beside a keyring.
    ///
    /// # Errors
    /// A [`Failure`] where the key file cannot be read.
    pub fn has_passphrase(&self) -> Result<bool, Failure> {
        let info = Store::inspect(&self.root).map_err(|error| self.open_failed(error))?;
        Ok(info.protection != ProtectionKind::Bare)
    }

    /// Tries a passphrase, which takes about a second. Another process may have the home open meanwhile.
    ///
    /// # Errors
    /// A [`Failure`] where it is wrong, or the key file cannot be read.
    pub fn check_passphrase(&self, given: &Secret) -> Result<(), Failure> {
        Store::try_unlock(&self.root, &Unlock::Passphrase(&passphrase(given)))
            .map(|_| ())
            .map_err(|error| self.open_failed(error))
    }

    /// Makes the protection with another passphrase ready, which takes a second and no lock: a home that
    /// was open to everybody is closed by it, and the keyring keeps being asked first where it was.
    ///
    /// # Errors
    /// A [`Failure`] where the old passphrase is wrong, or the new one cannot be set.
    pub(crate) fn prepare_change(
        &self,
        request: &PassphraseRequest,
    ) -> Result<ProtectionChange, Failure> {
        let PassphraseRequest::Change { current, new } = request;
        let info = Store::inspect(&self.root).map_err(|error| self.open_failed(error))?;
        let current = current.as_ref().map(passphrase);
        let current = match (&current, info.protection) {
            (Some(current), _) => Unlock::Passphrase(current),
            (None, ProtectionKind::Bare) => Unlock::Unattended,
            // The keyring would open it, and whoever sits there might not be the owner.
            (None, _) => {
                return Err(Failure::usage(
                    "passphrase_needed",
                    "The passphrase that protects this home now is needed.",
                ));
            }
        };
        let (passphrase, cost) = (passphrase(new), kdf_cost());
        let new = match info.protection {
            ProtectionKind::Keyring(_) => Protection::Keyring { passphrase, cost },
            _ => Protection::Passphrase { passphrase, cost },
        };
        ProtectionChange::prepare(&self.root, &current, &new)
            .map_err(|error| self.change_failed(error))
    }

    /// Protects a home that no process has open with another passphrase.
    ///
    /// # Errors
    /// A [`Failure`] where the old one is wrong or the new one cannot be set; the old one serves on.
    pub(crate) fn change_passphrase(&self, request: &PassphraseRequest) -> Result<(), Failure> {
        self.prepare_change(request)?
            .apply(&self.root)
            .map_err(|error| self.change_failed(error))?;
        self.forget_old_key()
    }

    /// Protects an open store of this home with another passphrase.
    ///
    /// # Errors
    /// As [`HomeDir::change_passphrase`].
    pub(crate) fn protect(
        &self,
        storage: &mut NodeStorage,
        change: ProtectionChange,
    ) -> Result<(), Failure> {
        storage
            .store_mut()
            .change_protection(change)
            .map_err(|error| self.change_failed(error))?;
        self.forget_old_key()
    }

    fn change_failed(&self, error: ChangeError) -> Failure {
        match error {
            ChangeError::Unlock(error) => self.open_failed(error.into()),
            ChangeError::Lock(error) => self.open_failed(OpenError::Lock(error)),
            ChangeError::OldLeft(_) => Failure::new(
                Exit::Partial,
                "old_key_left",
                sentence(&error.to_string()),
            )
            .with_hint("Use the new one. Who can read deleted data of this disk may still need only the old one."),
            error => Failure::error("passphrase_not_changed", sentence(&error.to_string()))
                .with_hint("What opened this home before still does."),
        }
    }

    /// Whoever has the new passphrase is to show it: nothing that the old one opened opens any more.
    fn forget_old_key(&self) -> Result<(), Failure> {
        self.forget_key().map_err(|failure| {
            Failure::new(
                Exit::Partial,
                "lock_failed",
                format!(
                    "The passphrase is changed, but the key that is remembered for commands could not \
                     be forgotten. {}",
                    failure.message
                ),
            )
            .with_hint("Try `hearth lock`.")
        })
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
pub(crate) fn kdf_cost() -> KdfCost {
    if std::env::var_os(WEAK_KDF_VARIABLE).is_some_and(|value| value == "1") {
        KdfCost::test_only()
    } else {
        KdfCost::STANDARD
    }
}

/// Asks for a new passphrase.
pub(super) fn fresh(passphrases: &mut dyn PassphraseSource) -> Result<Passphrase, Failure> {
    Ok(passphrase(&passphrases.fresh()?))
}

fn passphrase(secret: &Secret) -> Passphrase {
    Passphrase::new(secret.expose().to_owned())
}

impl Host {
    /// Puts another passphrase in place while the home is open.
    ///
    /// # Errors
    /// As [`HomeDir::change_passphrase`].
    pub(crate) fn change_passphrase(&mut self, change: ProtectionChange) -> Result<(), Failure> {
        self.home.protect(&mut self.storage, change)
    }
}
