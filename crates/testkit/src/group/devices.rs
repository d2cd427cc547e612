//! What people do about their devices and phrases: they link, revoke and lose devices, take new phrases, and come back.

use std::sync::Arc;

use hearth_core::engine::Identity;
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets};
use hearth_core::ids::RecoveryId;

use super::Group;
use crate::dice::Dice;
use crate::disk::MemoryDisk;
use crate::network::NodeId;
use crate::world::Checked;

impl Group {
    /// Links one more device of a person.
    pub(super) fn link(&mut self, node: NodeId) -> Checked<()> {
        let Some(new) = self.new_device_of(node)? else {
            return Ok(());
        };
        let entry = {
            let device = &self.world.device(node)?.identity.device;
            let claim = self
                .world
                .device(new)?
                .identity
                .device
                .claim(self.world.person_at(node)?);
            let roster = self.world.roster_of(node, self.notebook);
            roster.map(|roster| roster.add_device(device, &claim))
        };
        let Some(entry) = entry else { return Ok(()) };
        if self
            .world
            .carry(node, self.notebook, &entry, "link a device")
            .is_some()
        {
            self.tally.linked += 1;
            self.world.hand_over(node, new, self.notebook);
        }
        Ok(())
    }

    /// Starts a device that is not linked yet, of the person who has another one.
    fn new_device_of(&mut self, node: NodeId) -> Checked<Option<NodeId>> {
        let Some(place) = self.someone_at(node) else {
            return Ok(None);
        };
        let is_here = self.world.device(node)?.replica(self.notebook).is_some();
        if is_here {
            self.start_device(place)
        } else {
            Ok(None)
        }
    }

    pub(super) fn start_device(&mut self, place: usize) -> Checked<Option<NodeId>> {
        let Some(someone) = self.people.get(place) else {
            return Ok(None);
        };
        let (person, place_of_device) = (someone.person, someone.nodes.len());
        let ready_made = person.devices.get(place_of_device).cloned();
        // Whoever loses more than they were drawn with buys another one.
        let device =
            ready_made.unwrap_or_else(|| Arc::new(DeviceSecrets::random(&mut self.world.random)));
        let identity = Identity {
            device,
            roster: person.founded(),
            name: person.name.to_owned(),
            device_label: format!("{}'s device {place_of_device}", person.name),
        };
        let node = self.world.add_device(identity, MemoryDisk::new())?;
        if let Some(someone) = self.people.get_mut(place) {
            someone.nodes.push(node);
        }
        Ok(Some(node))
    }

    /// Has a device take another one of its person off.
    pub(super) fn revoke(&mut self, node: NodeId) {
        let Some(roster) = self.world.roster_of(node, self.notebook) else {
            return;
        };
        let Ok(device) = self.world.device(node) else {
            return;
        };
        let own = device.id();
        let is_here = device.replica(self.notebook).is_some();
        let others: Vec<_> = roster
            .devices()
            .keys()
            .copied()
            .filter(|id| *id != own)
            .collect();
        if !is_here || !roster.devices().contains_key(&own) {
            return;
        }
        let signer = Arc::clone(&device.identity.device);
        let Some(other) = self.world.random.pick(&others).copied() else {
            return;
        };
        let entry = roster.revoke_device(&signer, other);
        let done = self
            .world
            .carry(node, self.notebook, &entry, "revoke a device");
        self.tally.revoked += u64::from(done.is_some());
    }

    /// Has a person take a new phrase.
    pub(super) fn rotate(&mut self, node: NodeId) {
        let Some(place) = self.someone_at(node) else {
            return;
        };
        let Some(roster) = self.world.roster_of(node, self.notebook) else {
            return;
        };
        let Some(old) = self
            .people
            .get(place)
            .map(|someone| someone.recovery.clone())
        else {
            return;
        };
        if roster.recovery().id() != old.card().id() || !self.is_on_own_roster(node) {
            return;
        }
        let new = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut self.world.random));
        let entry = roster.rotate_recovery(&old, &new.card());
        let done = self
            .world
            .carry(node, self.notebook, &entry, "take a new phrase");
        if done.is_some()
            && let Some(someone) = self.people.get_mut(place)
        {
            self.tally.rotated += 1;
            someone.recovery = new.clone();
            someone.recoveries.push(new);
        }
    }

    /// Lets a person lose every device and come back by the phrase, and sometimes take off all that were lost.
    pub(super) fn lose_all_and_recover(&mut self, node: NodeId) -> Checked<()> {
        let Some(place) = self.someone_at(node) else {
            return Ok(());
        };
        let from: Vec<NodeId> = self
            .world
            .holders(self.notebook)
            .into_iter()
            .filter(|other| self.someone_at(*other) != Some(place))
            .filter(|other| self.knows_phrase_of(*other, place))
            .collect();
        let Some(from) = self.world.random.pick(&from).copied() else {
            return Ok(());
        };
        let Some(new) = self.recover(place, from)? else {
            return Ok(());
        };
        if self.world.random.chance(2) {
            let recovery = self
                .people
                .get(place)
                .map(|someone| someone.recovery.clone());
            let keep = self.world.device(new)?.id();
            let roster = self.world.roster_of(new, self.notebook);
            if let Some((recovery, roster)) = recovery.zip(roster) {
                let entry = roster.revoke_others(&recovery, keep);
                let done = self
                    .world
                    .carry(new, self.notebook, &entry, "revoke the others");
                self.tally.revoked += u64::from(done.is_some());
            }
        }
        Ok(())
    }

    /// Says whether a person could come back by a phrase of theirs from what a device knows.
    pub(super) fn knows_phrase_of(&self, node: NodeId, place: usize) -> bool {
        self.phrase_known_to(node, place).is_some()
    }

    /// Returns the recovery key of a person that is in force as far as a device knows. An older phrase serves
    /// only where every device that had heard of the last is lost: whoever has written down a new one uses it.
    fn phrase_known_to(&self, node: NodeId, place: usize) -> Option<RecoverySecrets> {
        let someone = self.people.get(place)?;
        let card = self.recovery_known_to(node, place)?;
        let last = someone.recovery.card().id();
        let is_last_known = || {
            let mut holders = self.world.holders(self.notebook).into_iter();
            holders.any(|other| {
                self.someone_at(other) != Some(place) && self.has_heard_of(other, place, last)
            })
        };
        if card != last && is_last_known() {
            return None;
        }
        let mut phrases = someone.recoveries.iter();
        phrases.find(|one| one.card().id() == card).cloned()
    }

    fn recovery_known_to(&self, node: NodeId, place: usize) -> Option<RecoveryId> {
        let person = self.people.get(place)?.person.id();
        let replica = self.world.device(node).ok()?.replica(self.notebook)?;
        Some(replica.membership().member(&person)?.recovery.id())
    }

    /// Says whether a device holds an entry that names a recovery key of a person.
    fn has_heard_of(&self, node: NodeId, place: usize, card: RecoveryId) -> bool {
        let device = self.world.device(node).ok();
        let replica = device.and_then(|device| device.replica(self.notebook));
        let owner = replica.and_then(|replica| replica.controls().recovery_owner(&card));
        owner.is_some() && owner == self.people.get(place).map(|someone| someone.person.id())
    }

    /// Loses all devices of a person for good and brings them back on a new one.
    pub(super) fn recover(&mut self, place: usize, from: NodeId) -> Checked<Option<NodeId>> {
        let Some(recovery) = self.phrase_known_to(from, place) else {
            return Ok(None);
        };
        let Some(new) = self.start_device(place)? else {
            return Ok(None);
        };
        let Some(someone) = self.people.get_mut(place) else {
            return Ok(None);
        };
        someone.recovery = recovery.clone();
        let person = someone.person.id();
        if !self
            .world
            .recover((person, &recovery), (from, new), self.notebook)
        {
            return Ok(None);
        }
        let nodes = self.people.get(place).map(|someone| someone.nodes.clone());
        let old = nodes.into_iter().flatten().filter(|node| *node != new);
        for node in old {
            self.world.crash(node);
            self.lost.insert(node);
        }
        self.tally.recovered += 1;
        Ok(Some(new))
    }

    /// Gives the notebook to devices of those who have it on another one, as devices of one person do.
    pub(super) fn hand_to_siblings(&mut self) {
        for place in 0..self.people.len() {
            let Some(nodes) = self.people.get(place).map(|someone| someone.nodes.clone()) else {
                continue;
            };
            let has = |group: &Self, node: NodeId| {
                let device = group.world.device(node);
                device.is_ok_and(|device| device.replica(group.notebook).is_some())
            };
            let holders: Vec<NodeId> = nodes
                .iter()
                .copied()
                .filter(|node| has(self, *node) && self.is_live_at(*node, *node))
                .collect();
            for node in nodes {
                // Of several devices not all need know of each other.
                let knows = |holder: &&NodeId| self.is_live_at(node, **holder);
                let holder = holders.iter().find(knows).copied();
                if let Some(holder) = holder
                    && self.world.is_up(node)
                    && !has(self, node)
                {
                    self.world.hand_over(holder, node, self.notebook);
                }
            }
        }
    }
}
