//! Another protection for a home, passphrase included.
//!
//! Making it ready takes as long as unlocking, needs no lock and changes no file; putting it in place
//! takes a moment. So a process that has the store open goes on with its work meanwhile.

use std::path::Path;

use crate::home::{FileError, Home};
use crate::keyfile::{KeyFile, ProtectError, UnlockError};
use crate::lock::{HomeLock, LockError};
use crate::protection::{Protection, Unlock};
use crate::store::{OpenError, Store, require_store};

/// The protection of a home could not be changed. Unless it says otherwise, the old one is in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// What was given does not open the home as it is.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The new protection could not be set up.
    #[error(transparent)]
    Protect(#[from] ProtectError),
    /// Another change came first, so that what was checked is not in force any more.
    #[error("the protection of this home was changed by somebody else at the same time")]
    Meanwhile,
    /// The new protection is in force, but the bytes of the old key file may still be on the disk.
    #[error("the new passphrase is in force, but the old key file could not be overwritten: {0}")]
    OldLeft(FileError),
    /// Another process has the home.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// A new protection, ready to be put in place of the one that it was made for.
pub struct ProtectionChange {
    key_file: KeyFile,
    replaces: blake3::Hash,
    /// Whether the kernel is to hold the key from now on.
    in_keyring: bool,
}

impl std::fmt::Debug for ProtectionChange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProtectionChange(redacted)")
    }
}

impl ProtectionChange {
    /// Makes a new protection ready for the home in a folder, which may be open anywhere.
    ///
    /// `current` is tried first, so that nobody at an open program can lock the owner out.
    ///
    /// # Errors
    /// [`ChangeError::Unlock`] where `current` does not open the home, and [`ChangeError::Protect`].
    pub fn prepare(
        root: &Path,
        current: &Unlock<'_>,
        new: &Protection,
    ) -> Result<Self, ChangeError> {
        let old = KeyFile::read(&Home::new(root).key_file())?;
        let key = old.unlock(current)?;
        Ok(Self {
            key_file: KeyFile::protect(old.store_id(), &key, new)?,
            replaces: old.hash(),
            in_keyring: matches!(new, Protection::Keyring { .. }),
        })
    }

    /// Puts it in place in a home that no process has open.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub fn apply(self, root: &Path) -> Result<(), ChangeError> {
        let home = Home::new(root);
        let _lock = HomeLock::take(&home)?;
        let old = KeyFile::read(&home.key_file())?;
        self.replace(&old, &home).map(drop)
    }

    /// The key file is replaced as a whole: at any moment the old or the new protection opens the home.
    fn replace(self, old: &KeyFile, home: &Home) -> Result<KeyFile, ChangeError> {
        if old.hash() != self.replaces {
            return Err(ChangeError::Meanwhile);
        }
        if !self.in_keyring {
            // A keyring that cannot be reached cannot give the key away either, and it must not
            // keep anyone from choosing something else.
            let _unreachable = old.forget_in_keyring();
        }
        let path = home.key_file();
        match self.key_file.write(&path) {
            Ok(()) => Ok(self.key_file),
            Err(error) => match KeyFile::read(&path) {
                Ok(found) if found.hash() == self.key_file.hash() => {
                    Err(ChangeError::OldLeft(error))
                }
                _ => Err(ProtectError::from(error).into()),
            },
        }
    }
}

impl Store {
    /// Tries what is given to open the home in a folder, which may be open anywhere.
    ///
    /// # Errors
    /// As [`Store::inspect`], and [`OpenError::Unlock`] where it does not open the home.
    pub fn try_unlock(root: &Path, unlock: &Unlock<'_>) -> Result<(), OpenError> {
        let home = Home::new(root);
        require_store(&home)?;
        KeyFile::read(&home.key_file())?.unlock(unlock)?;
        Ok(())
    }

    /// Replaces how the store key is protected. When this returns only the new protection opens the home.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub fn change_protection(&mut self, change: ProtectionChange) -> Result<(), ChangeError> {
        let result = change.replace(&self.key_file, &self.home);
        match result {
            Ok(key_file) => self.key_file = key_file,
            Err(ChangeError::OldLeft(error)) => {
                self.key_file = KeyFile::read(&self.home.key_file())?;
                return Err(ChangeError::OldLeft(error));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
