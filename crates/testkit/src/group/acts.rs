//! What people do, each on one of their devices, by what that device knows.

use hearth_core::control::Role;
use hearth_core::ids::PersonId;

use super::Group;
use crate::dice::Dice;
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
    pub(super) fn a_device_of(&mut self, place: usize) -> Option<NodeId> {
        let nodes = self.people.get(place)?.nodes.clone();
        let live: Vec<NodeId> = nodes
            .into_iter()
            .filter(|node| self.world.is_up(*node) && self.is_on_own_roster(*node))
            .collect();
        self.world.random.pick(&live).copied()
    }

    pub(super) fn is_on_own_roster(&self, node: NodeId) -> bool {
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
}
