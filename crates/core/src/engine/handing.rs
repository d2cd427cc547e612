//! What a device of the same person hands over on a sync connection: notebooks that this one lacks.

use std::sync::Arc;

use super::{Effect, Engine};
use crate::control::ControlEntry;
use crate::crypto::VerifyKey;
use crate::ids::{DeviceId, NotebookId, TransportId};
use crate::limits::SHARED_NOTEBOOKS_MAX;
use crate::replica::Replica;
use crate::storage::Storage;

impl Engine {
    /// Returns this person's other devices, with the keys by which they are met.
    pub fn own_other_devices(&self) -> impl Iterator<Item = (DeviceId, TransportId)> {
        let own = self.identity.device.id();
        // Whoever was taken off has no devices any more.
        let devices = self.identity.roster.devices().iter();
        let devices = devices.filter(|_| self.is_own_device());
        devices
            .filter(move |(device, _)| **device != own)
            .map(|(device, card)| (*device, card.transport))
    }

    /// Returns the other device of this person that proves itself by a transport key.
    pub(super) fn own_other_device(&self, remote: &TransportId) -> Option<(DeviceId, VerifyKey)> {
        let (device, _) = self
            .own_other_devices()
            .find(|(_, transport)| transport == remote)?;
        let card = self.identity.roster.devices().get(&device)?;
        Some((device, card.verify_key))
    }

    /// Says whether a device is another one of this person.
    pub(super) fn is_own_other_device(&self, device: &DeviceId) -> bool {
        *device != self.identity.device.id()
            && self.is_own_device()
            && self.identity.roster.devices().contains_key(device)
    }

    /// Takes a notebook that another device of this person handed over, where it is new and this device is
    /// in it. What does not check leaves nothing behind.
    pub(super) fn take_handed(
        &mut self,
        notebook: NotebookId,
        entries: Vec<ControlEntry>,
        storage: &mut dyn Storage,
    ) {
        let is_known =
            self.replicas.contains_key(&notebook) || self.unopened.contains_key(&notebook);
        let is_known = is_known || self.destroyed.contains(&notebook);
        if is_known || self.replicas.len() >= SHARED_NOTEBOOKS_MAX {
            return;
        }
        let Some(replica) = self.checked_handed(notebook, entries) else {
            return;
        };
        self.replicas.insert(notebook, replica);
        // Where the disk fails, the notebook is dropped again, and comes with the next connection.
        if self.commit(notebook, storage).is_ok() {
            self.own.check(notebook);
            self.rekeys.look_at(notebook);
            self.effects.push_back(Effect::MembershipChanged(notebook));
        }
    }

    fn checked_handed(&self, notebook: NotebookId, entries: Vec<ControlEntry>) -> Option<Replica> {
        let mut entries = entries.into_iter();
        let create = entries.next()?;
        if create.notebook_id() != notebook {
            return None;
        }
        let mut replica = Replica::join(Arc::clone(&self.identity.device), create).ok()?;
        replica.ingest_controls(entries).ok()?;
        let membership = replica.membership();
        let is_mine =
            membership.person_of(&self.identity.device.id()) == Some(self.identity.person());
        is_mine.then_some(replica)
    }
}
