//! What a notebook is told of this person's own devices beyond their rosters: keys and labels.

use super::{MemberError, Replica};
use crate::capsule::CapsuleKey;
use crate::control::{ControlKind, Label, Recipient};
use crate::crypto::Secret;
use crate::identity::{RecoverySecrets, RosterEntry};
use crate::ids::{DeviceId, EpochId};

impl Replica {
    /// Opens what is sealed to a recovery key of this person; returns whether any key is new. The keys stay in
    /// memory until a re-key or a grant of this device reaches itself.
    pub fn recover_keys(&mut self, recovery: &RecoverySecrets) -> bool {
        let is_new = self.keys.recover(&self.controls, recovery, &self.wraps);
        self.has_new_keys |= is_new;
        is_new
    }

    /// Takes epoch keys that came some other way than as a wrap or a grant; returns whether any is new. One
    /// that does not fit its epoch's commitment is left out.
    pub fn learn_keys(&mut self, keys: &[CapsuleKey]) -> bool {
        let mut is_new = false;
        for key in keys.iter().filter(|key| key.notebook == self.notebook) {
            is_new |= self.keys.learn_key(&self.controls, key.epoch, &key.key);
        }
        self.has_new_keys |= is_new;
        is_new
    }

    /// Returns every epoch key that is here: secrets, for a sealed backup and nothing else.
    pub fn epoch_keys(&self) -> impl Iterator<Item = (EpochId, &Secret)> {
        self.keys
            .epochs()
            .filter_map(|epoch| Some((epoch, self.keys.get(&epoch)?)))
    }

    /// Says whether the key is here that new entries are sealed under.
    pub fn has_key_in_force(&self) -> bool {
        let epoch = self.membership.current_epoch();
        epoch.is_some_and(|epoch| self.keys.get(&epoch).is_some())
    }

    /// Returns the entries of a roster that the notebook does not hold, each after its past.
    pub fn lacking<'a>(
        &'a self,
        entries: impl Iterator<Item = &'a RosterEntry>,
    ) -> impl Iterator<Item = &'a RosterEntry> {
        entries.filter(|entry| !self.controls.is_carried(&entry.hash()))
    }

    /// Says whether the notebook holds all that a roster entry builds on.
    pub fn holds_past_of(&self, entry: &RosterEntry) -> bool {
        let mut parents = entry.parents.iter();
        parents.all(|parent| self.controls.is_carried(parent))
    }

    /// Hands the keys that nothing supersedes to those devices of this person's own that they were not sealed
    /// to. A re-key does it better, and only members who may write can make one. The entries are unsaved.
    ///
    /// # Errors
    /// [`MemberError`] where a key cannot be sealed.
    pub fn grant_to_own(&mut self, rng: &mut dyn rand_core::CryptoRng) -> Result<(), MemberError> {
        let Some(member) = self.membership.member_of(&self.device.id()) else {
            return Ok(());
        };
        let devices: Vec<DeviceId> = member.devices.keys().copied().collect();
        let epochs: Vec<EpochId> = self
            .membership
            .epoch_heads()
            .iter()
            .copied()
            .filter(|epoch| self.keys.get(epoch).is_some())
            .collect();
        for epoch in epochs {
            for device in &devices {
                if !self.was_given(epoch, Recipient::Device(*device)) {
                    self.grant_key(epoch, Recipient::Device(*device), rng)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn was_given(&self, epoch: EpochId, holder: Recipient) -> bool {
        let is_recipient = matches!(
            self.controls.get(&epoch.rekey()).map(|entry| &entry.kind),
            Some(ControlKind::Rekey(rekey)) if rekey.recipients.binary_search(&holder).is_ok()
        );
        let mut grants = self.controls.grants_to(holder);
        is_recipient || grants.any(|(_, grant)| grant.epoch == epoch)
    }

    /// Tells the others what this device is called, where no entry does: in the label of a grant to itself.
    /// The entry is unsaved. Does nothing where it cannot be told yet, or is known.
    ///
    /// # Errors
    /// [`MemberError`] where the entry cannot be made.
    pub fn tell_label(
        &mut self,
        label: &str,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), MemberError> {
        let own = self.device.id();
        if self.membership.member_of(&own).is_none() || self.device_label(own).is_some() {
            return Ok(());
        }
        let Some(epoch) = self.sealing_epoch() else {
            return Ok(());
        };
        let label = Label::Device {
            device: label.to_owned(),
        };
        self.grant_labelled(epoch, Recipient::Device(own), Some(&label), rng)
            .map(drop)
    }
}
