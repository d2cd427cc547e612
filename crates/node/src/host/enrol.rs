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
use jiff::Zoned;
use jiff::tz::TimeZone;
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

/// What stands between a device's label and the time at which it became another device.
const ANEW: &str = " (anew since ";
/// What ends such a label.
const ANEW_END: &str = ")";

/// Calls a home that was a copy by when it found that out: no two copies do at the same time, and its person
/// can tell them apart by it.
fn anew_label(label: &str, now: &Zoned) -> String {
    let first = label.split(ANEW).next().unwrap_or(label);
    let since = now.strftime("%-d %b %Y %H:%M:%S");
    let since = format!("{ANEW}{since}{ANEW_END}");
    let end = first.floor_char_boundary(NAME_BYTES_MAX.saturating_sub(since.len()));
    format!("{}{since}", first.get(..end).unwrap_or_default())
}

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
                .with_hint(super::SEE_DAMAGE)
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
        let label = anew_label(
            &identity.device_label,
            &Self::now().to_zoned(TimeZone::system()),
        );
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
        let Self {
            engine, storage, ..
        } = self;
        engine.note_own_writing(storage).map_err(storage_failed)?;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_called_by_when_they_became_devices_of_their_own() {
        let at = |time: &str| -> Zoned { format!("{time}[Europe/Berlin]").parse().unwrap() };
        let first = anew_label("laptop", &at("2026-11-25T07:05:09+01:00"));
        assert_eq!(first, "laptop (anew since 25 Nov 2026 07:05:09)");
        let again = anew_label(&first, &at("2026-12-01T08:00:00+01:00"));
        assert_eq!(again, "laptop (anew since 1 Dec 2026 08:00:00)");
        let long = anew_label(&"é".repeat(200), &at("2026-12-01T08:00:00+01:00"));
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with("08:00:00)"));
    }
}
