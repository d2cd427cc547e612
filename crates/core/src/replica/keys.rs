//! When this device makes a new key, which it seals under, and which keys it hands on.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{MemberError, Replica};
use crate::control::{ControlKind, Label, Recipient};
use crate::epoch::{self, RekeyError};
use crate::ids::{DeviceId, EpochId};

impl Replica {
    /// Starts a new epoch for exactly those who must hold its key now; the entry is unsaved.
    ///
    /// # Errors
    /// [`RekeyError`] where this device may not, or lacks the key in force.
    pub fn rekey(
        &mut self,
        label: Option<&Label>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), RekeyError> {
        let new = epoch::rekey(&self.controls, &self.keys, &self.device, label, rng)?;
        let epoch = new.wraps.epoch;
        let before = (self.controls.clone(), self.unsaved.len());
        self.append_control(new.entry)
            .map_err(|_| RekeyError::NotAllowed)?;
        if !self.controls.is_well_formed(&epoch.rekey()) {
            // Who is no admin needs an occasion, and a key that is only late is none. What does not count
            // would change nothing, and be tried again and again.
            self.controls = before.0;
            self.unsaved.truncate(before.1);
            self.memberships.clear();
            self.resolve();
            return Err(RekeyError::KeyMissing);
        }
        self.keys.insert(epoch, new.key);
        self.ingest_wraps(new.wraps);
        Ok(())
    }

    /// Returns the epoch to seal under: the one in force, or, while its key has not arrived, the best
    /// of the others that nothing supersedes. That one leaves out only people who have just been
    /// admitted elsewhere; they read what is sealed under it after the next re-key.
    pub(super) fn sealing_epoch(&self) -> Option<EpochId> {
        let rank = |epoch: &EpochId| (self.controls.level(&epoch.rekey()), Reverse(*epoch));
        self.membership
            .epoch_heads()
            .iter()
            .copied()
            .filter(|epoch| self.keys.get(epoch).is_some() && self.reaches_members_only(epoch))
            .max_by_key(rank)
    }

    /// Says whether an epoch's key was sealed to nobody who is no longer to hold it.
    fn reaches_members_only(&self, epoch: &EpochId) -> bool {
        let Some(ControlKind::Rekey(rekey)) =
            self.controls.get(&epoch.rekey()).map(|entry| &entry.kind)
        else {
            return false;
        };
        let wanted = self.membership.recipients();
        let mut holders = rekey.recipients.iter();
        holders.all(|holder| wanted.binary_search(holder).is_ok())
            && self.controls.grants_beyond(*epoch, wanted).next().is_none()
    }

    /// Says whether an epoch that this device can open, and that nothing supersedes, does not reach
    /// exactly the members, or there is none, or that it holds a key to which none in force leads. One
    /// that it cannot open is left out: its key may be on the way, or lead nowhere, and no re-key of
    /// this device could supersede it.
    fn wants_rekey(&self) -> bool {
        let recipients = self.membership.recipients();
        let mut held = self
            .membership
            .epoch_heads()
            .iter()
            .filter(|epoch| self.keys.get(epoch).is_some())
            .map(|epoch| self.controls.is_sealed_to(*epoch, recipients))
            .peekable();
        held.peek().is_none()
            || !held.all(|reaches_all| reaches_all)
            || !self.stray_keys().is_empty()
    }

    /// Returns the epochs whose keys are here and to which no key in force leads as far as this device can open
    /// it. Where the key of one in force is not here, it may be lost, and with it the way to what it superseded.
    pub(super) fn stray_keys(&self) -> BTreeSet<EpochId> {
        let is_held = |epoch: &EpochId| self.keys.get(epoch).is_some();
        let membership = &self.membership;
        let orphans = membership.orphaned_epochs().iter().copied();
        let mut strays: BTreeSet<EpochId> = orphans.filter(is_held).collect();
        if membership.epoch_heads().iter().all(is_held) {
            return strays;
        }
        let heads = membership.epoch_heads().iter().copied();
        let reached = self.led_to_by(heads.filter(is_held));
        let held = self
            .keys
            .epochs()
            .filter(|epoch| membership.is_epoch(epoch));
        strays.extend(held.filter(|epoch| !reached.contains(epoch)));
        strays
    }

    /// Returns some epochs and all that they supersede, by what their re-keys say.
    fn led_to_by(&self, epochs: impl Iterator<Item = EpochId>) -> BTreeSet<EpochId> {
        let mut todo: Vec<EpochId> = epochs.collect();
        let mut reached = BTreeSet::new();
        while let Some(epoch) = todo.pop() {
            if !reached.insert(epoch) {
                continue;
            }
            let rekey = self.controls.get(&epoch.rekey());
            if let Some(ControlKind::Rekey(rekey)) = rekey.map(|entry| &entry.kind) {
                todo.extend(rekey.supersedes.iter().map(|old| old.epoch));
            }
        }
        reached
    }

    /// Starts a new epoch first where there is none that may be sealed under, or the one in force
    /// does not reach exactly the members.
    pub(super) fn rekey_if_needed(
        &mut self,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<EpochId, RekeyError> {
        if self.wants_rekey() {
            self.rekey(None, rng)?;
        }
        self.sealing_epoch().ok_or(RekeyError::KeyMissing)
    }

    /// Starts a new epoch where admissions on two sides have met and neither side's key reaches all
    /// members. Only the device that started the one in force does it. If all who started one of them
    /// did, their new ones would meet in turn, and so on; where that device is away or cannot, another
    /// one has its turn soon, and whoever edits does it at once.
    pub(crate) fn rekey_after_merge(&mut self, rng: &mut dyn rand_core::CryptoRng) {
        let heads = self.membership.epoch_heads();
        if heads.len() < 2 {
            return;
        }
        let own = self.device.id();
        let in_force = self.membership.current_epoch();
        let started_it = in_force
            .and_then(|epoch| self.controls.get(&epoch.rekey()))
            .is_some_and(|entry| entry.device == own);
        let all_held = heads.iter().all(|epoch| self.keys.get(epoch).is_some());
        if started_it && all_held && self.wants_rekey() && self.membership.may_write(&own) {
            // A member's key that cannot be used makes it fail; the next edit says so.
            let _retried_by_the_next_edit = self.rekey(None, rng);
        }
    }

    /// Says whether this device may start an epoch, and one is due: somebody holds the key in force who is
    /// to hold it no more, or somebody who is to does not.
    pub(crate) fn lacks_rekey(&self) -> bool {
        !self.stale_copy
            && self.membership.may_write(&self.device.id())
            && !self.membership.epoch_heads().is_empty()
            && self.wants_rekey()
    }

    /// Says whether this device can start an epoch under which everybody reads on: it may write, and holds
    /// the keys of all that nothing supersedes.
    pub(crate) fn can_rekey(&self) -> bool {
        let mut heads = self.membership.epoch_heads().iter();
        !self.stale_copy
            && self.membership.may_write(&self.device.id())
            && heads.all(|epoch| self.keys.get(epoch).is_some())
    }

    /// Starts an epoch; its entry is unsaved.
    pub(crate) fn rekey_now(
        &mut self,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), RekeyError> {
        self.rekey(None, rng)
    }

    /// Says whether this person only reads, and this device holds a key that whoever may write has to have.
    pub(crate) fn keeps_keys_back(&self) -> bool {
        self.keys_to_hand_on().into_iter().any(|epoch| {
            let mut devices = self.membership.devices().keys();
            !self.membership.epoch_heads().contains(&epoch)
                || !devices.any(|device| {
                    self.membership.may_write(device)
                        && self.was_given(epoch, Recipient::Device(*device))
                })
        })
    }

    /// Returns the devices of those who may write, of some that are linked, to which keys are to be handed on,
    /// since none of these has them.
    pub(crate) fn lacking_keys(&self, linked: &BTreeSet<DeviceId>) -> Vec<(EpochId, DeviceId)> {
        let writers: Vec<DeviceId> = linked
            .iter()
            .copied()
            .filter(|device| self.membership.may_write(device))
            .collect();
        let lacks = |epoch: &EpochId| {
            let mut writers = writers.iter();
            !writers.any(|device| self.was_given(*epoch, Recipient::Device(*device)))
        };
        let first = writers.first().copied();
        self.keys_to_hand_on()
            .into_iter()
            .filter(lacks)
            .filter_map(|epoch| Some((epoch, first?)))
            .collect()
    }

    /// Hands the keys on that only people who may not write hold, or are out: whoever gets them makes them part
    /// of the next. The entries are unsaved.
    ///
    /// # Errors
    /// [`MemberError`] where a key cannot be sealed.
    pub(crate) fn hand_keys_on(
        &mut self,
        linked: &BTreeSet<DeviceId>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), MemberError> {
        for (epoch, device) in self.lacking_keys(linked) {
            self.grant_key(epoch, Recipient::Device(device), rng)?;
        }
        Ok(())
    }

    /// Returns the epochs that nothing in force supersedes and whose keys are here, where this person only
    /// reads and so can make no re-key that does; of those that lead to one another the first.
    fn keys_to_hand_on(&self) -> Vec<EpochId> {
        let own = self.device.id();
        if self.stale_copy
            || self.membership.member_of(&own).is_none()
            || self.membership.may_write(&own)
        {
            return Vec::new();
        }
        let heads = self.membership.epoch_heads().iter().copied();
        let heads = heads.filter(|epoch| self.keys.get(epoch).is_some());
        let mut epochs: Vec<EpochId> = heads.chain(self.stray_keys()).collect();
        epochs.sort_by_key(|epoch| (Reverse(self.controls.level(&epoch.rekey())), *epoch));
        let mut reached = BTreeSet::new();
        epochs.retain(|epoch| {
            let is_first = !reached.contains(epoch);
            reached.extend(self.led_to_by([*epoch].into_iter()));
            is_first
        });
        epochs
    }
}
