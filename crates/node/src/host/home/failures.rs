//! Why a home was not made or not opened, with the exit code that fits.

use std::path::Path;

use hearth_core::replica::OpenReplicaError;
use hearth_store::{CreateError, DatabaseError, LockError, OpenError, UnlockError};

use super::super::{SEE_DAMAGE, WAY_OUT_OF_DAMAGE, sentence, storage_failed};
use super::HomeDir;
use crate::api::{Exit, Failure};

/// What a folder must be like.
const USABLE: &str =
    "The folder must be yours to read and write, on a disk with room. --home names another one.";

impl HomeDir {
    pub(super) fn create_failed(&self, error: CreateError) -> Failure {
        match error {
            CreateError::AlreadyExists => already_here(&self.root),
            CreateError::Lock(error) => locked(&error),
            CreateError::File(_) | CreateError::Database(_) => {
                Failure::error("init_failed", sentence(&error.to_string())).with_hint(USABLE)
            }
            other => Failure::error("init_failed", sentence(&other.to_string())),
        }
    }

    pub(crate) fn open_failed(&self, error: OpenError) -> Failure {
        match error {
            OpenError::NoStore => Failure::new(
                Exit::NoIdentity,
                "no_identity",
                format!("There is no identity in {}.", self.root.display()),
            )
            .with_hint(
                "Run `hearth init --name \"Your name\"`, or name another folder with --home.",
            ),
            OpenError::Lock(error) => locked(&error),
            OpenError::Unlock(UnlockError::WrongPassphrase) => Failure::new(
                Exit::WrongPassphrase,
                "wrong_passphrase",
                "The passphrase is wrong.",
            )
            .with_hint("Try again. Nothing was changed."),
            OpenError::NoKeyFile
            | OpenError::Unlock(UnlockError::Damaged(_))
            | OpenError::Database(DatabaseError::Missing | DatabaseError::Damaged(_)) => {
                Failure::new(Exit::Damaged, "damaged", sentence(&error.to_string()))
                    .with_hint(WAY_OUT_OF_DAMAGE)
            }
            // Nothing is known to be damaged: the folder, the disk or the program is in the way.
            other => {
                Failure::error("home_unusable", sentence(&other.to_string())).with_hint(USABLE)
            }
        }
    }
}

pub(super) fn already_here(root: &Path) -> Failure {
    Failure::error(
        "already_initialised",
        format!("There is an identity in {} already.", root.display()),
    )
    .with_hint("Use it, or choose another folder with --home.")
}

fn locked(error: &LockError) -> Failure {
    match error {
        LockError::Held { .. } => {
            Failure::new(Exit::Locked, "locked", sentence(&error.to_string()))
                .with_hint("Wait until it is done, or stop it.")
        }
        other => Failure::error("lock_unusable", sentence(&other.to_string())).with_hint(USABLE),
    }
}

pub(crate) fn replica_failed(error: OpenReplicaError) -> Failure {
    match error {
        OpenReplicaError::Storage(error) => storage_failed(error),
        other => Failure::new(Exit::Damaged, "damaged", sentence(&other.to_string()))
            .with_hint(SEE_DAMAGE),
    }
}
