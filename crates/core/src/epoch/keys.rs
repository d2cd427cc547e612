//! The epoch keys that a device holds, and how one leads to others.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::seal::{commitment, grant_info, open_superseded, open_wrap};
use super::wraps::Wraps;
use crate::control::{ControlKind, ControlSet, Recipient};
use crate::crypto::{self, SealingSecret, Secret};
use crate::identity::{DeviceSecrets, RecoverySecrets};
use crate::ids::EpochId;

/// The epoch keys that this device holds.
#[derive(Debug, Clone, Default)]
pub struct EpochKeys {
    keys: BTreeMap<EpochId, Secret>,
    /// Epochs whose wrap does not open: it never will, and trying costs as much as a signature.
    closed: BTreeSet<EpochId>,
}

impl EpochKeys {
    /// Returns the key of an epoch.
    pub fn get(&self, epoch: &EpochId) -> Option<&Secret> {
        self.keys.get(epoch)
    }

    /// Returns the epochs whose keys are here.
    pub fn epochs(&self) -> impl Iterator<Item = EpochId> {
        self.keys.keys().copied()
    }

    /// Adds the key of an epoch that this device itself started.
    pub fn insert(&mut self, epoch: EpochId, key: Secret) {
        self.keys.insert(epoch, key);
    }

    /// Takes the key of an epoch, and opens those that it leads to; returns whether it is new and fits the
    /// epoch's commitment.
    pub fn learn_key(&mut self, set: &ControlSet, epoch: EpochId, key: &Secret) -> bool {
        let Some(ControlKind::Rekey(rekey)) = set.get(&epoch.rekey()).map(|entry| &entry.kind)
        else {
            return false;
        };
        if self.keys.contains_key(&epoch) || commitment(key) != rekey.commitment {
            return false;
        }
        self.keys.insert(epoch, key.clone());
        self.follow(set, epoch);
        true
    }

    /// Opens this device's wrap of an epoch that counts, and through it the keys that it supersedes.
    ///
    /// Returns whether any key is new. A wrap that does not open, or whose key does not fit the
    /// commitment, leaves the keys as they are.
    pub fn learn(&mut self, set: &ControlSet, device: &DeviceSecrets, wraps: &Wraps) -> bool {
        let Some(entry) = set.get(&wraps.epoch.rekey()) else {
            return false;
        };
        let ControlKind::Rekey(rekey) = &entry.kind else {
            return false;
        };
        let leads_on = rekey
            .supersedes
            .iter()
            .any(|old| !self.keys.contains_key(&old.epoch));
        match self.keys.entry(wraps.epoch) {
            Entry::Occupied(_) if !leads_on => return false,
            Entry::Occupied(_) => {}
            Entry::Vacant(_) if self.closed.contains(&wraps.epoch) => return false,
            Entry::Vacant(place) => {
                let holder = (Recipient::Device(device.id()), device.sealing());
                let Some(key) = open_wrap(set.notebook(), entry, rekey, holder, wraps) else {
                    self.closed.insert(wraps.epoch);
                    return false;
                };
                place.insert(key);
            }
        }
        self.follow(set, wraps.epoch);
        true
    }

    /// Opens what was granted to this device, and the keys that it leads to; returns whether any is new.
    pub fn learn_grants(&mut self, set: &ControlSet, device: &DeviceSecrets) -> bool {
        let recipient = Recipient::Device(device.id());
        self.learn_granted(set, recipient, device.sealing())
    }

    /// Opens, with a person's recovery key, this person's wrap of an epoch and what was granted to that key.
    /// Returns whether any key is new.
    pub fn recover(
        &mut self,
        set: &ControlSet,
        recovery: &RecoverySecrets,
        wraps: &BTreeMap<EpochId, Wraps>,
    ) -> bool {
        let recipient = Recipient::Recovery(recovery.card().id());
        let mut epochs: Vec<&Wraps> = wraps.values().collect();
        epochs.sort_by_key(|wraps| Reverse(set.level(&wraps.epoch.rekey())));
        let mut is_new = false;
        for wraps in epochs {
            let epoch = wraps.epoch;
            if self.keys.contains_key(&epoch) {
                continue;
            }
            let Some(entry) = set.get(&epoch.rekey()) else {
                continue;
            };
            let ControlKind::Rekey(rekey) = &entry.kind else {
                continue;
            };
            let holder = (recipient, recovery.sealing());
            if let Some(key) = open_wrap(set.notebook(), entry, rekey, holder, wraps) {
                self.keys.insert(epoch, key);
                self.follow(set, epoch);
                is_new = true;
            }
        }
        self.learn_granted(set, recipient, recovery.sealing()) || is_new
    }

    fn learn_granted(
        &mut self,
        set: &ControlSet,
        recipient: Recipient,
        sealing: &SealingSecret,
    ) -> bool {
        let mut is_new = false;
        for (sender, granted) in set.grants_to(recipient) {
            let epoch = granted.epoch;
            if self.keys.contains_key(&epoch) {
                continue;
            }
            let Some(ControlKind::Rekey(rekey)) = set.get(&epoch.rekey()).map(|entry| &entry.kind)
            else {
                continue;
            };
            let info = grant_info(set.notebook(), epoch, sender, recipient);
            let Ok(opened) = crypto::open_from(sealing, &info, &granted.wrap) else {
                continue;
            };
            let Ok(key) = <[u8; 32]>::try_from(opened).map(Secret::from_bytes) else {
                continue;
            };
            if commitment(&key) == rekey.commitment {
                self.keys.insert(epoch, key);
                self.follow(set, epoch);
                is_new = true;
            }
        }
        is_new
    }

    /// Opens the superseded keys that the key of `epoch` leads to.
    fn follow(&mut self, set: &ControlSet, epoch: EpochId) {
        let mut todo = vec![epoch];
        while let Some(epoch) = todo.pop() {
            let Some(key) = self.keys.get(&epoch).cloned() else {
                continue;
            };
            let Some(ControlKind::Rekey(rekey)) = set.get(&epoch.rekey()).map(|entry| &entry.kind)
            else {
                continue;
            };
            for old in &rekey.supersedes {
                if self.keys.contains_key(&old.epoch) {
                    continue;
                }
                if let Some(opened) = open_superseded(set, &key, &rekey.commitment, old) {
                    self.keys.insert(old.epoch, opened);
                    todo.push(old.epoch);
                }
            }
        }
    }
}
