//! The kernel's keyring: secrets in the memory of the kernel, outside every file.
//!
//! The user's persistent keyring is used, because it needs no session and outlives the process.
//! It does not outlive a restart of the machine, and the kernel drops it after some days without
//! use. In containers it is often forbidden; every error is a reason that can be shown.

use crate::secret::StoreKey;

/// The kernel's keyring cannot be used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the kernel's keyring cannot be used here: {reason}")]
pub struct KeyringUnavailable {
    /// What the system said.
    pub reason: String,
}

#[cfg(not(target_os = "linux"))]
pub(crate) use absent::{forget, get, put};
#[cfg(target_os = "linux")]
pub(crate) use linux::{forget, get, put};

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    use linux_keyutils::{
        Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission,
    };
    use zeroize::Zeroizing;

    use super::{KeyringUnavailable, StoreKey};
    use crate::secret::KEY_BYTES;

    impl From<KeyError> for KeyringUnavailable {
        fn from(error: KeyError) -> Self {
            Self {
                reason: error.to_string(),
            }
        }
    }

    /// Links the persistent keyring to this process, which is what gives the right to read the keys
    /// in it. Each call does so anew: the link belongs to the thread that made it.
    fn ring() -> Result<KeyRing, KeyError> {
        KeyRing::get_persistent(KeyRingIdentifier::Process)
    }

    fn find(description: &str) -> Result<Option<Key>, KeyError> {
        match ring()?.search(description) {
            Ok(key) => Ok(Some(key)),
            Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Puts a key under a description, to be forgotten after the time, or at the latest when the
    /// kernel drops the keyring.
    pub(crate) fn put(
        description: &str,
        key: &StoreKey,
        forget_after: Option<Duration>,
    ) -> Result<(), KeyringUnavailable> {
        let entry = ring()?.add_key(description, key.expose().as_slice())?;
        let limited = entry
            .set_perms(
                KeyPermissionsBuilder::builder()
                    .posessor(Permission::ALL)
                    .build(),
            )
            .and_then(|()| match forget_after {
                // Zero would mean never, so the shortest time is one second.
                Some(time) => {
                    entry.set_timeout(usize::try_from(time.as_secs().max(1)).unwrap_or(usize::MAX))
                }
                None => Ok(()),
            });
        if let Err(error) = limited {
            // A key that would stay readable for ever is worse than none.
            entry.invalidate()?;
            return Err(error.into());
        }
        Ok(())
    }

    /// Looks a key up; one that has expired or was never there is `None`.
    pub(crate) fn get(description: &str) -> Result<Option<StoreKey>, KeyringUnavailable> {
        let Some(entry) = find(description)? else {
            return Ok(None);
        };
        // One byte more than a key, so that a longer payload is noticed.
        let mut payload = Zeroizing::new([0; KEY_BYTES + 1]);
        let length = match entry.read(&mut *payload) {
            Ok(length) => length,
            // It expired between the search and the read.
            Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(payload.get(..length).and_then(StoreKey::from_slice))
    }

    /// Removes a key; one that is not there is no error.
    pub(crate) fn forget(description: &str) -> Result<(), KeyringUnavailable> {
        match find(description)? {
            Some(entry) => Ok(entry.invalidate()?),
            None => Ok(()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod absent {
    use std::time::Duration;

    use super::{KeyringUnavailable, StoreKey};

    fn unavailable() -> KeyringUnavailable {
        KeyringUnavailable {
            reason: "this system has no kernel keyring".to_owned(),
        }
    }

    pub(crate) fn put(
        _description: &str,
        _key: &StoreKey,
        _forget_after: Option<Duration>,
    ) -> Result<(), KeyringUnavailable> {
        Err(unavailable())
    }

    pub(crate) fn get(_description: &str) -> Result<Option<StoreKey>, KeyringUnavailable> {
        Err(unavailable())
    }

    pub(crate) fn forget(_description: &str) -> Result<(), KeyringUnavailable> {
        Err(unavailable())
    }
}
