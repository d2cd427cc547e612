//! What people do, each on one of their devices, by what that device knows.

use std::sync::Arc;

use hearth_core::control::Role;
use hearth_core::engine::Identity;
use hearth_core::identity::{DeviceSecrets, RecoveryPhrase, RecoverySecrets};
use hearth_core::ids::{PersonId, RecoveryId};

use super::Group;
use crate::dice::Dice;
use crate::disk::MemoryDisk;
use crate::network::NodeId;
use crate::world::{Checked, PairingEnd, violation};

impl Group {
    pub(super) fn edit(&mut self, node: NodeId) -> Checked<()> {
        let may_write = self
            .world
            .device(node)?
            .replica(self.notebook)
            .is_some_and(|replica| replica.membership().may_write(&replica.own_device()));
        if may_write {
            for _ in 0..=self.world.random.below(3) {
                self.world.edit(node, self.notebook)?;
            }
        }
        Ok(())
    }

    /// Dials a device that this one knows, as a node does.
    pub(super) fn dial_somebody(&mut self, node: NodeId) {
        let known = self.live_holders(node);
        if let Some(other) = self.world.random.pick(&known).copied() {
            self.world.dial(node, other);
        }
    }

    /// Returns the members as a device sees them, but for its own person.
    fn others(&self, node: NodeId) -> Vec<PersonId> {
        let Ok(device) = self.world.device(node) else {
            return Vec::new();
        };
        let me = device.identity.person();
        device
            .replica(self.notebook)
            .map_or_else(Vec::new, |replica| {
                let members = replica.membership().members().keys();
                members.copied().filter(|person| *person != me).collect()
            })
    }

    pub(super) fn invite(&mut self, node: NodeId) {
        let inside = self.others(node);
        let mine = self.someone_at(node);
        let outside: Vec<usize> = (0..self.people.len())
            .filter(|place| Some(*place) != mine)
            .filter(|place| {
                let id = self.people.get(*place).map(|someone| someone.person.id());
                id.is_some_and(|id| !inside.contains(&id))
            })
            .collect();
        let Some(place) = self.world.random.pick(&outside).copied() else {
            return;
        };
        let Some(joiner) = self.a_device_of(place) else {
            return;
        };
        let admin = self.world.random.chance(2);
        let role = if self.world.random.chance(5) {
            Role::Observer
        } else {
            Role::Peer
        };
        let expires_ms = self.world.time_of(node).saturating_add(86_400_000);
        let ticket = self
            .world
            .invite_until(node, self.notebook, role, admin, expires_ms);
        let Some(ticket) = ticket else { return };
        if self.world.random.chance(8) {
            self.world.revoke(node, self.notebook, ticket.invite);
        }
        if let Some(pairing) = self.world.join(joiner, &ticket) {
            self.joining.push((place, pairing));
            self.tickets.push((joiner, ticket));
        }
    }

    /// Lets those who were admitted and missed the answer come back with the same ticket.
    pub(super) fn join_again(&mut self) -> Checked<()> {
        let reference = self.reference()?;
        for (joiner, ticket) in self.tickets.clone() {
            let has_it = self.world.device(joiner)?.replica(self.notebook).is_some();
            if has_it || !self.world.is_up(joiner) || !self.is_live_at(joiner, reference) {
                continue;
            }
            if let Some(pairing) = self.world.join(joiner, &ticket) {
                self.world.finish_join(pairing)?;
            }
        }
        Ok(())
    }

    /// Lets people in anew who were admitted by a device that is lost since, and missed its answer: nobody else
    /// redeems its ticket, and no device of theirs has the notebook. The creator does what a person would, and
    /// removes and invites them.
    pub(super) fn let_in_anew(&mut self) -> Checked<()> {
        let reference = self.reference()?;
        for place in 1..self.people.len() {
            if self.is_stranded(place, reference)
                && let Some(joiner) = self.a_device_of(place)
            {
                let person = self.world.person_at(joiner)?;
                self.world
                    .decide(reference, self.notebook, "remove", |replica, random| {
                        replica.remove(person, random)
                    });
                self.let_in(reference, joiner)?;
                self.tally.let_in_anew += 1;
            }
        }
        Ok(())
    }

    /// Says whether a person is a member as a device sees it, and none of their devices has the notebook.
    fn is_stranded(&self, place: usize, seen_by: NodeId) -> bool {
        let nodes = self.people.get(place).map(|someone| someone.nodes.clone());
        let mut nodes = nodes.into_iter().flatten();
        let device = self.world.device(seen_by).ok();
        let replica = device.and_then(|device| device.replica(self.notebook));
        let person = self.people.get(place).map(|someone| someone.person.id());
        let is_member = replica
            .zip(person)
            .is_some_and(|(replica, person)| replica.membership().member(&person).is_some());
        is_member
            && nodes.all(|node| {
                let device = self.world.device(node);
                device.is_ok_and(|device| !device.disk.notebooks().contains(&self.notebook))
            })
    }

    /// Has a device of an admin invite, and sees the joiner in.
    fn let_in(&mut self, inviter: NodeId, joiner: NodeId) -> Checked<()> {
        let ticket = self
            .world
            .invite(inviter, self.notebook, false)
            .ok_or_else(|| violation("the creator cannot invite"))?;
        match self.world.join_and_wait(joiner, &ticket)? {
            PairingEnd::Joined { .. } => Ok(()),
            other => Err(violation(format!("{joiner} did not join: {other:?}"))),
        }
    }

    /// Returns a device of a person that runs and is on their roster as it knows it.
    fn a_device_of(&mut self, place: usize) -> Option<NodeId> {
        let nodes = self.people.get(place)?.nodes.clone();
        let live: Vec<NodeId> = nodes
            .into_iter()
            .filter(|node| self.world.is_up(*node) && self.is_on_own_roster(*node))
            .collect();
        self.world.random.pick(&live).copied()
    }

    fn is_on_own_roster(&self, node: NodeId) -> bool {
        let roster = self.world.roster_of(node, self.notebook);
        let device = self.world.device(node).ok();
        roster
            .zip(device)
            .is_some_and(|(roster, device)| roster.devices().contains_key(&device.id()))
    }

    pub(super) fn note_joined(&mut self) {
        let joining = std::mem::take(&mut self.joining);
        for (place, pairing) in joining {
            match self.world.pairing_end(pairing) {
                None => self.joining.push((place, pairing)),
                Some(PairingEnd::Joined { .. }) => {
                    self.tally.joined += 1;
                    if let Some(someone) = self.people.get_mut(place) {
                        self.tally.readmitted += u64::from(someone.has_been_member);
                        someone.has_been_member = true;
                    }
                }
                Some(_) => {}
            }
        }
    }

    pub(super) fn remove(&mut self, node: NodeId) {
        let others = self.others(node);
        let Some(target) = self.world.random.pick(&others).copied() else {
            return;
        };
        let done = self
            .world
            .decide(node, self.notebook, "remove", |replica, random| {
                replica.remove(target, random)
            });
        self.tally.removals += u64::from(done.is_some());
    }

    pub(super) fn change_admin(&mut self, node: NodeId) {
        let others = self.others(node);
        let Some(target) = self.world.random.pick(&others).copied() else {
            return;
        };
        let admin = self.world.random.chance(2);
        let done = self
            .world
            .decide(node, self.notebook, "change of admin", |replica, random| {
                replica.set_admin(target, admin, random)
            });
        if done.is_some() && admin {
            self.tally.promotions += 1;
        } else if done.is_some() {
            self.tally.demotions += 1;
        }
    }

    pub(super) fn change_role(&mut self, node: NodeId) {
        let others = self.others(node);
        let Some(target) = self.world.random.pick(&others).copied() else {
            return;
        };
        let role = if self.world.random.chance(2) {
            Role::Observer
        } else {
            Role::Peer
        };
        let done = self
            .world
            .decide(node, self.notebook, "change of role", |replica, random| {
                replica.set_role(target, role, random)
            });
        self.tally.roles += u64::from(done.is_some());
    }

    pub(super) fn leave(&mut self, node: NodeId) {
        // Whoever created it is the one that all is measured by.
        if self.someone_at(node) == Some(0) {
            return;
        }
        let done = self
            .world
            .decide(node, self.notebook, "leave", |replica, _| replica.leave());
        self.tally.left += u64::from(done.is_some());
    }

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
