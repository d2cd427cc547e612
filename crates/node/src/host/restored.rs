//! A home that came out of a backup: a device of its own, which nobody has taken in yet.
//!
//! It reads. It writes once another device of the person, or the recovery phrase, put it on the roster.

use std::path::PathBuf;

use serde_json::Value;

use super::home::IDENTITY_KEPT_AS;
use super::{HomeDir, Host, NodeStorage, StoredIdentity, storage_failed};
use crate::api::Failure;

/// What the backup was, while this device is nobody's.
const RESTORED_KEPT_AS: &str = "restored";
/// An empty file that says without opening the home that it waits to be taken in.
const MARK: &str = "restored";

fn mark(home: &HomeDir) -> PathBuf {
    home.root().join(MARK)
}

/// Says whether a home came out of a backup and was not taken in yet, without opening it.
pub(crate) fn is_restored(home: &HomeDir) -> bool {
    mark(home).exists()
}

impl NodeStorage {
    /// Notes that a home is being restored, and from what.
    pub(crate) fn note_restored(&mut self, home: &HomeDir, told: &Value) -> Result<(), Failure> {
        self.put_own(RESTORED_KEPT_AS, told.to_string().as_bytes())
            .map_err(storage_failed)?;
        std::fs::write(mark(home), [])
            .map_err(|error| Failure::error("disk_failed", format!("{error}.")))
    }
}

impl Host {
    /// Says from what backup a home came that was not taken in yet; null where it is none, or was.
    pub(crate) fn restored(&self) -> Result<Value, Failure> {
        if self.engine.is_own_device() {
            return Ok(Value::Null);
        }
        let kept = self.get_own(RESTORED_KEPT_AS)?;
        Ok(kept
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    /// Keeps who this device is, once it was taken in under a name, and opens the home anew as that.
    pub(crate) fn taken_in(
        self,
        change: impl FnOnce(&mut StoredIdentity),
    ) -> Result<Self, Failure> {
        let mut stored = self.identity.clone();
        stored.identity.roster = self.engine.identity().roster.clone();
        change(&mut stored);
        let mut host = self;
        host.put_own(IDENTITY_KEPT_AS, &stored.to_bytes())?;
        let home = host.home().clone();
        let key = host.storage.store().key().clone();
        drop(host);
        home.open_with(key)
    }

    /// Notes that this device was taken in.
    pub(crate) fn no_longer_restored(&mut self) -> Result<(), Failure> {
        self.put_own(RESTORED_KEPT_AS, &[])?;
        match std::fs::remove_file(mark(self.home())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::error("disk_failed", format!("{error}.")))
            }
            _ => Ok(()),
        }
    }
}
