//! A device that shows by which entries it is a member's to somebody who has not heard of it, and what it is told where
//! these are void.

use super::enrol::EnrolDoor;
use super::{Effect, Engine};
use crate::control::{ControlEntry, ControlError, ControlKind};
use crate::enrol::{EnrolMessage, EnrolRefusal};
use crate::identity::DeviceCard;
use crate::ids::{ControlHash, DeviceId, NotebookId, TransportId};
use crate::limits::FRAME_BYTES_AIM;
use crate::replica::{Replica, Shown};
use crate::storage::{Storage, StorageError};

impl Engine {
    /// Takes the entries by which the device at the door is a member's: one that adds the very key at the other
    /// end, what that device signed about itself, and what members wrote that these build on. Who is no member is not
    /// listened to, and nothing waits, so that no stranger fills a place where honest entries wait.
    pub(super) fn take_presented(
        &mut self,
        door: &mut EnrolDoor,
        now_ms: u64,
        (notebook, shown): (NotebookId, Vec<Vec<u8>>),
        storage: &mut dyn Storage,
    ) -> Result<(), EnrolRefusal> {
        let remote = door.remote;
        let parsed: Result<Vec<ControlEntry>, ControlError> = shown
            .iter()
            .map(|entry| ControlEntry::parse(entry))
            .collect();
        let entries = parsed.map_err(|_| EnrolRefusal::Protocol)?;
        let added = entries
            .iter()
            .filter_map(|entry| entry.kind.carried()?.kind.added())
            .find(|card| card.transport == remote)
            .map(DeviceCard::id);
        let Some(device) = added else {
            let device = admitted_at(&remote, &entries).ok_or(EnrolRefusal::Protocol)?;
            return self.take_admitted(door, (device, now_ms), (notebook, &shown), storage);
        };
        // Which notebooks are here is told to nobody who is not a member.
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Ok(());
        };
        for entry in entries {
            let is_of_member = replica.membership().person_of(&entry.device).is_some();
            if !is_of_member && entry.device != device && !adds(&entry, device) {
                continue;
            }
            let mut heads = entry.heads.iter();
            if heads.all(|head| replica.controls().get(head).is_some())
                && replica.ingest_control(entry).is_err()
            {
                // Those before stay: they checked.
                break;
            }
        }
        self.own.check(notebook);
        // Where that device could make no key, somebody else has to.
        self.rekeys.look_at(notebook);
        self.commit(notebook, storage)
            .map_err(|_| EnrolRefusal::Unavailable)?;
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(())
    }

    /// Takes the entries by which the device at the door was admitted where they make it a member's, and nothing of
    /// them otherwise: whoever let it in may be lost, and have told nobody else. Where the admission is void by what is
    /// known here, it is told that.
    fn take_admitted(
        &mut self,
        door: &mut EnrolDoor,
        (device, now_ms): (DeviceId, u64),
        (notebook, shown): (NotebookId, &[Vec<u8>]),
        storage: &mut dyn Storage,
    ) -> Result<(), EnrolRefusal> {
        let Some(replica) = self.replicas.get(&notebook) else {
            return Ok(());
        };
        let is_known = replica.controls().device(&device).is_some();
        // Keys are cheap to make, so all strangers together are heard no more often than one member who is out.
        if is_known || !self.apart.hears_stranger(notebook, now_ms) {
            return Ok(());
        }
        match replica.judge_shown(&device, shown) {
            Shown::Nothing => {}
            Shown::Member(entries) => {
                let replica = self.replicas.get_mut(&notebook);
                if replica.is_some_and(|replica| replica.ingest_controls(entries).is_ok()) {
                    self.rekeys.look_at(notebook);
                    self.own.check(notebook);
                    self.commit(notebook, storage)
                        .map_err(|_| EnrolRefusal::Unavailable)?;
                    self.effects.push_back(Effect::MembershipChanged(notebook));
                }
            }
            Shown::Void { words, turned_away } => {
                self.apart.turn_away(notebook, turned_away, now_ms);
                self.effects.push_back(Effect::MembershipChanged(notebook));
                for entries in in_frames(words) {
                    let told = EnrolMessage::Controls { notebook, entries };
                    door.frames.push_back(told);
                }
            }
        }
        Ok(())
    }

    /// Takes what a member answered to whom this device showed its admission: the entries by which that is void. They
    /// are taken in as from any member.
    ///
    /// # Errors
    /// [`StorageError`] where they cannot be kept.
    pub fn take_told(
        &mut self,
        member: DeviceId,
        (notebook, entries): (NotebookId, &[Vec<u8>]),
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let replica = self.replicas.get_mut(&notebook);
        let by_member = |replica: &&mut Replica| replica.membership().person_of(&member).is_some();
        let Some(replica) = replica.filter(by_member) else {
            return Ok(());
        };
        let parsed = entries
            .iter()
            .map_while(|entry| ControlEntry::parse(entry).ok());
        // Those before one that does not check stay: they checked.
        let _all_taken = replica.ingest_controls(parsed);
        self.commit(notebook, storage)?;
        self.effects.push_back(Effect::MembershipChanged(notebook));
        Ok(())
    }

    /// Returns what this device shows to the node of a member that does not know it: the entries of a
    /// notebook by which it is one of this person's, with the latest that they build on, or else by which its person
    /// was admitted.
    pub fn presentation(&self, notebook: NotebookId) -> Option<EnrolMessage> {
        let own = self.identity.device.id();
        let replica = self.replica(notebook)?;
        let adding: Vec<ControlHash> = replica
            .controls()
            .iter()
            .filter(|entry| {
                adds(entry, own) || (entry.device == own && entry.kind.carried().is_some())
            })
            .map(ControlEntry::hash)
            .collect();
        let entries = if adding.is_empty() {
            replica.admission_shown()
        } else {
            replica.shown_within(&adding)
        };
        (!entries.is_empty()).then_some(EnrolMessage::Present { notebook, entries })
    }
}

/// Says whether an entry adds a device to its person's.
fn adds(entry: &ControlEntry, device: DeviceId) -> bool {
    let added = entry.kind.carried().and_then(|it| it.kind.added());
    added.is_some_and(|card| card.id() == device)
}

/// Returns the device that proves itself by a transport key, where an entry admits a person with it.
fn admitted_at(remote: &TransportId, entries: &[ControlEntry]) -> Option<DeviceId> {
    entries.iter().find_map(|entry| {
        let ControlKind::Admit(admit) = &entry.kind else {
            return None;
        };
        let mut cards = admit.roster.devices().values();
        cards
            .find(|card| card.transport == *remote)
            .map(DeviceCard::id)
    })
}

/// Cuts control entries into what goes into one frame.
fn in_frames(entries: Vec<Vec<u8>>) -> Vec<Vec<Vec<u8>>> {
    let mut frames: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut bytes = FRAME_BYTES_AIM;
    for entry in entries {
        if bytes >= FRAME_BYTES_AIM {
            frames.push(Vec::new());
            bytes = 0;
        }
        bytes += entry.len();
        if let Some(frame) = frames.last_mut() {
            frame.push(entry);
        }
    }
    frames
}
