//! What people do about members and devices, on the device where they do it.

use std::sync::Arc;

use hearth_core::control::{ControlAuthor, ControlKind};
use hearth_core::engine::Identity;
use hearth_core::identity::{RecoverySecrets, Roster, RosterEntry};
use hearth_core::ids::{ControlHash, NotebookId, PersonId};
use hearth_core::pairing::Joined;
use hearth_core::replica::{MemberError, Replica};
use rand_chacha::ChaCha20Rng;

use super::{Checked, World, violation};
use crate::network::NodeId;
use crate::people::Person;

impl World {
    /// Lets a device's node change a notebook's control entries, and puts on disk what it wrote. `None` where
    /// the node is down, has no such notebook, may not, or lost it to its disk.
    pub fn decide(
        &mut self,
        node: NodeId,
        notebook: NotebookId,
        what: &str,
        work: impl FnOnce(&mut Replica, &mut ChaCha20Rng) -> Result<ControlHash, MemberError>,
    ) -> Option<ControlHash> {
        let now = self.time_of(node);
        let device = self.devices.get_mut(node)?;
        let engine = device.engine.as_mut()?;
        let decided = work(engine.replica_mut(notebook)?, &mut self.random);
        engine.flush(&mut device.disk, now, false);
        device.is_unsettled = true;
        let kept = decided.as_ref().ok().copied().filter(|hash| {
            let replica = device.replica(notebook);
            replica.is_some_and(|replica| replica.controls().get(hash).is_some())
        });
        self.note(|| match (&decided, kept) {
            (Err(error), _) => format!("{node} does not {what}: {error}"),
            (Ok(_), None) => format!("{node} loses to its disk: {what}"),
            (Ok(_), Some(hash)) => format!("{node} does {what}: {hash:?}"),
        });
        self.crash_if_down(node);
        kept
    }

    /// Returns what a device knows of its own person's roster.
    pub fn roster_of(&self, node: NodeId, notebook: NotebookId) -> Option<Roster> {
        let device = self.devices.get(node)?;
        let mut roster = device.identity.roster.clone();
        if let Some(known) = device
            .replica(notebook)
            .and_then(|replica| replica.controls().roster(&device.identity.person()))
        {
            // Two copies of one roster differ by entries that both accept.
            let _is_new = roster.merge(known);
        }
        Some(roster)
    }

    /// Has a device carry an entry of its own roster into a notebook.
    pub fn carry(
        &mut self,
        node: NodeId,
        notebook: NotebookId,
        entry: &RosterEntry,
        what: &str,
    ) -> Option<ControlHash> {
        let carried = self.decide(node, notebook, what, |replica, random| {
            replica
                .carry(entry, None, random)?
                .ok_or(MemberError::Unchanged)
        });
        if carried.is_some() {
            self.learn_roster(node, entry);
        }
        carried
    }

    fn learn_roster(&mut self, node: NodeId, entry: &RosterEntry) {
        if let Some(device) = self.devices.get_mut(node) {
            // The device may have learnt of it before.
            let _is_new = device.identity.roster.insert(entry.clone());
        }
    }

    /// Gives a device of a member the notebook that another device has, as linking two devices does; returns
    /// whether it has it now.
    pub fn hand_over(&mut self, from: NodeId, to: NodeId, notebook: NotebookId) -> bool {
        let given = self.given_by(from, notebook, None);
        given.is_some_and(|given| self.take_over(to, given))
    }

    /// Brings a person back on a new device by their phrase, from the copy that anybody's device has; returns
    /// whether the new device has the notebook now.
    pub fn recover(
        &mut self,
        (person, recovery): (PersonId, &RecoverySecrets),
        (from, to): (NodeId, NodeId),
        notebook: NotebookId,
    ) -> bool {
        let Some(replica) = self
            .devices
            .get(from)
            .and_then(|device| device.replica(notebook))
        else {
            return false;
        };
        let controls = replica.controls();
        let Some(member) = replica.membership().member(&person) else {
            return false;
        };
        let (Some(roster), Some(device)) = (
            controls.roster(&person),
            self.devices.get(to).map(|device| &device.identity.device),
        ) else {
            return false;
        };
        let entry = roster.recover_device(recovery, &device.claim(person));
        let author = ControlAuthor {
            device,
            notebook,
            heads: controls.heads_covering(&[member.standing()]),
            standing: member.standing(),
        };
        let carrier = author.sign(
            ControlKind::AddDevice {
                entry: Box::new(entry.clone()),
            },
            None,
        );
        let given = self.given_by(from, notebook, Some(carrier.clone()));
        let is_back = given.is_some_and(|given| self.take_over(to, given));
        if is_back {
            self.learn_roster(to, &entry);
            self.recovered.insert(to, (notebook, carrier.hash()));
            self.show_recovery(to, from);
        }
        self.note(|| format!("{to} comes back as {person:?} from {from}: {is_back}"));
        is_back
    }

    /// Has a recovered device show another one why it is a member's, with what that builds on, as it connects.
    pub(super) fn show_recovery(&mut self, node: NodeId, other: NodeId) {
        let Some((notebook, carrier)) = self.recovered.get(&node).copied() else {
            return;
        };
        let Some(own) = self
            .devices
            .get(node)
            .and_then(|device| device.replica(notebook))
        else {
            return;
        };
        let shown: Vec<_> = own
            .controls()
            .iter()
            .filter(|entry| own.controls().is_within(&entry.hash(), &[carrier]))
            .cloned()
            .collect();
        let is_new = self
            .devices
            .get(other)
            .and_then(|device| device.replica(notebook))
            .is_some_and(|replica| replica.controls().get(&carrier).is_none());
        if is_new {
            self.decide(other, notebook, "see a recovered device", |replica, _| {
                replica.ingest_controls(shown)?;
                Ok(carrier)
            });
        }
    }

    fn given_by(
        &mut self,
        from: NodeId,
        notebook: NotebookId,
        more: Option<hearth_core::control::ControlEntry>,
    ) -> Option<Joined> {
        let device = self.devices.get_mut(from)?;
        let (person, card) = (
            device.identity.person(),
            device.identity.device.card().clone(),
        );
        let replica = device.engine.as_mut()?.replica_mut(notebook)?;
        if replica.has_unsaved() {
            return None;
        }
        Some(Joined {
            controls: replica.controls().iter().cloned().chain(more).collect(),
            frontier: replica.sign_frontier(),
            inviter: person,
            inviter_name: String::new(),
            inviter_device: card,
            role: hearth_core::control::Role::Peer,
            words: String::new(),
        })
    }

    fn take_over(&mut self, to: NodeId, given: Joined) -> bool {
        let Some(device) = self.devices.get_mut(to) else {
            return false;
        };
        let Some(engine) = device.engine.as_mut() else {
            return false;
        };
        let taken = engine.adopt(given, &mut device.disk);
        device.is_unsettled = true;
        self.note(|| format!("{to} is given a notebook: {taken:?}"));
        self.crash_if_down(to);
        taken.is_ok()
    }

    /// Returns whom a device belongs to.
    ///
    /// # Errors
    /// [`super::Violation`] where there is no such device.
    pub fn person_at(&self, node: NodeId) -> Checked<PersonId> {
        Ok(self.device(node)?.identity.person())
    }

    /// Returns the place of a device.
    ///
    /// # Errors
    /// [`super::Violation`] where it is in no world.
    pub fn node_of(&self, device: hearth_core::ids::DeviceId) -> Checked<NodeId> {
        let place = self.devices.iter().position(|one| one.id() == device);
        place.ok_or_else(|| violation(format!("{device:?} is nobody's in this world")))
    }

    /// Puts a device into the world, with a disk that may hold something, and starts its node.
    ///
    /// # Errors
    /// [`super::Violation`] where it does not open.
    pub fn add_device(
        &mut self,
        identity: Identity,
        disk: crate::disk::MemoryDisk,
    ) -> Checked<NodeId> {
        let node = self.devices.len();
        self.devices.push(super::Device::new(identity, disk));
        self.start(node)?;
        Ok(node)
    }
}

/// Returns who a device of a person is, as it founds or joins.
pub fn identity_of(person: &Person, place: usize, roster: &Roster) -> Option<Identity> {
    Some(Identity {
        device: Arc::clone(person.devices.get(place)?),
        roster: roster.clone(),
        name: person.name.to_owned(),
        device_label: format!("{}'s device {place}", person.name),
    })
}
