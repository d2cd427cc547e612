//! A home that is a copy of another becomes a device of its own.
//!
//! Where the same device has written elsewhere (the folder was copied, or put back from a snapshot), this
//! home writes nothing more under its keys. It draws new ones, has the old ones add them to the roster, which
//! they still may, and goes on under the new. Both copies do so. Nobody is taken off by it.

use std::sync::Arc;

use hearth_core::engine::{Engine, Identity};
use hearth_core::identity::DeviceSecrets;
use hearth_core::ids::NotebookId;
use hearth_core::limits::NAME_BYTES_MAX;
use hearth_core::replica::Replica;
use hearth_core::storage::{Space, Storage, Write};
use rand_core::Rng;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::home::{IDENTITY_KEPT_AS, replica_failed};
use super::{Host, StoredIdentity, random, storage_failed};
use crate::api::{Exit, Failure};

/// The keys that this home is about to take; empty where it is not.
const NEXT_KEPT_AS: &str = "identity-next";
/// What became of a copy, for telling the person.
const ANEW_KEPT_AS: &str = "enrolled-anew";

impl Host {
    /// Makes this home a device of its own where it is a copy of another. One that was cut off meanwhile goes
    /// on with the keys that it had drawn.
    pub(super) fn enrol_anew_if_copied(&mut self) -> Result<(), Failure> {
        let drawn = self
            .get_own(NEXT_KEPT_AS)?
            .filter(|bytes| !bytes.is_empty());
        let next = match drawn.map(Zeroizing::new) {
            Some(bytes) => StoredIdentity::parse(&bytes).map_err(|error| {
                Failure::new(
                    Exit::Damaged,
                    "damaged",
                    format!("The identity in this home is damaged: {error}."),
                )
            })?,
            // A device that was taken off cannot add another.
            None if !self.is_copy() || !self.engine.is_own_device() => return Ok(()),
            None => {
                let next = self.draw_next();
                self.put_own(NEXT_KEPT_AS, &next.to_bytes())?;
                next
            }
        };
        if next.identity.device.id() != self.my_device() {
            self.become_device(next)?;
        }
        self.put_own(NEXT_KEPT_AS, &[])
    }

    /// Says what became of a home that was a copy: `at`, `old_device`, `device`, `label`; null where it was
    /// none.
    pub(crate) fn enrolled_anew(&self) -> Result<Value, Failure> {
        let kept = self.get_own(ANEW_KEPT_AS)?;
        Ok(kept
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    fn is_copy(&self) -> bool {
        let mut notebooks = self.engine.notebooks();
        notebooks.any(|notebook| {
            let replica = self.engine.replica(notebook);
            replica.is_some_and(Replica::is_stale_copy)
        })
    }

    fn draw_next(&self) -> StoredIdentity {
        let identity = self.engine.identity();
        let label = format!("{}, anew", identity.device_label);
        let label = if label.len() > NAME_BYTES_MAX {
            identity.device_label.clone()
        } else {
            label
        };
        StoredIdentity {
            identity: Identity {
                device: Arc::new(DeviceSecrets::random(&mut random())),
                roster: identity.roster.clone(),
                name: identity.name.clone(),
                device_label: label,
            },
            profile: self.identity.profile.clone(),
        }
    }

    fn become_device(&mut self, mut next: StoredIdentity) -> Result<(), Failure> {
        let old = self.my_device();
        let new = next.identity.device.id();
        let label = next.identity.device_label.clone();
        let old_label = self.engine.identity().device_label.clone();
        let claim = next.identity.device.claim(self.me());
        let Self {
            engine, storage, ..
        } = self;
        if !engine.identity().roster.devices().contains_key(&new) {
            engine
                .add_device(&claim, label.clone(), storage, &mut random())
                .map_err(crate::service::device_failed)?;
        } else {
            // It was cut off when the roster had it: the notebooks may not have it yet.
            engine
                .carry_everywhere(storage, &mut random())
                .map_err(storage_failed)?;
        }
        crate::service::keep_label(self, old, &old_label)?;
        let told = json!({
            "at": Self::now().to_string(),
            "old_device": old.to_string(),
            "device": new.to_string(),
            "label": label,
        });
        self.put_own(ANEW_KEPT_AS, told.to_string().as_bytes())?;
        // Marks say whose copy was found, so that the new keys may write; older ones did not, and go.
        let notebooks: Vec<NotebookId> = self.engine.notebooks().collect();
        for notebook in &notebooks {
            let forget = Write::Delete {
                space: Space::StaleCopy,
                key: Vec::new(),
            };
            self.storage
                .commit(*notebook, &[forget])
                .map_err(storage_failed)?;
        }
        next.identity.roster = self.engine.identity().roster.clone();
        self.put_own(IDENTITY_KEPT_AS, &next.to_bytes())?;
        let instance = random().next_u64();
        let notebooks = self.storage.notebooks().map_err(storage_failed)?;
        self.engine = Engine::open(next.identity.clone(), instance, &notebooks, &self.storage)
            .map_err(replica_failed)?;
        self.identity = next;
        // What this home wrote on a branch that does not count stands again, under the new keys.
        let Self {
            engine, storage, ..
        } = self;
        engine
            .write_again(storage, &mut random())
            .map(drop)
            .map_err(storage_failed)
    }
}
