//! The notebooks of a mirror: a summary of each in memory, and the few open that were used last.
//!
//! A summary is what connections ask of all notebooks: whose devices may have it, what it holds, as the signed
//! digest and frontier say it. It follows from the notebook, and is made anew whenever that was committed. What
//! needs control entries or the logs opens the notebook from the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::files::FilesHeld;
use super::notebook::MirroredNotebook;
use super::request::Quota;
use crate::checkpoint::CheckpointStanding;
use crate::crypto::VerifyKey;
use crate::frontier::{Frontier, SignedFrontier};
use crate::identity::MirrorSecrets;
use crate::ids::{CapsuleId, DeviceId, EpochId, LogId, NotebookId, PersonId, TransportId};
use crate::replica::Standings;
use crate::storage::Position;
use crate::sync::{Holding, Outline};

/// A device as a summary knows it.
#[derive(Debug, Clone)]
pub(super) struct KnownDevice {
    pub(super) person: PersonId,
    pub(super) transport: TransportId,
    pub(super) verify_key: VerifyKey,
    /// Whether it may write content, and so have files kept.
    pub(super) may_write: bool,
}

/// Who may have a notebook: what follows from its control entries alone.
#[derive(Debug)]
struct People {
    /// The members, and where their capsules are found.
    members: BTreeMap<PersonId, CapsuleId>,
    /// Their live devices.
    devices: BTreeMap<DeviceId, KnownDevice>,
    /// Devices that are out, and are told why.
    former: Vec<(TransportId, DeviceId, VerifyKey)>,
    names_this_mirror: bool,
}

impl People {
    fn of(held: &MirroredNotebook) -> Self {
        let membership = held.membership();
        let members = membership.members().iter();
        let devices = membership.members().iter().flat_map(|(person, member)| {
            let devices = member.devices.iter();
            devices.map(|(device, card)| {
                let known = KnownDevice {
                    person: *person,
                    transport: card.transport,
                    verify_key: card.verify_key,
                    may_write: member.rights.may_write,
                };
                (*device, known)
            })
        });
        let standings = Standings::of(held.controls(), membership);
        let former = held.controls().devices().filter_map(|(_, card)| {
            let is_out = standings.standing_of(&card.id()).ending().is_some();
            is_out.then_some((card.transport, card.id(), card.verify_key))
        });
        Self {
            members: members
                .map(|(person, member)| (*person, CapsuleId::of(&member.recovery)))
                .collect(),
            devices: devices.collect(),
            former: former.collect(),
            names_this_mirror: held.names_this_mirror(),
        }
    }
}

/// What is remembered of a notebook, open or not.
#[derive(Debug)]
pub(super) struct Summary {
    notebook: NotebookId,
    secrets: Arc<MirrorSecrets>,
    people: People,
    controls: usize,
    epochs: BTreeSet<EpochId>,
    forked: Vec<LogId>,
    frontier: Arc<Frontier>,
    digest: [u8; 32],
    next_position: Position,
    used_bytes: u64,
    files: FilesHeld,
    checkpoint: CheckpointStanding,
    is_pruning: bool,
    refused_bytes: usize,
    has_refused: bool,
}

impl Summary {
    fn of(held: &MirroredNotebook) -> Self {
        Self {
            notebook: held.notebook(),
            secrets: Arc::clone(&held.secrets),
            people: People::of(held),
            controls: held.controls().len(),
            epochs: held.wrap_epochs(),
            forked: held.forked_logs(),
            frontier: held.shared_frontier(),
            digest: held.frontier_digest(),
            next_position: held.next_position(),
            used_bytes: held.quota().used_bytes,
            files: held.files,
            checkpoint: held.checkpoint_standing(),
            is_pruning: held.is_pruning(),
            refused_bytes: held.checkpoint.refused_bytes,
            has_refused: held.has_refused(),
        }
    }

    /// Makes it anew, who may have the notebook only where that may have changed.
    fn renew(&mut self, held: &MirroredNotebook, has_new_members: bool) {
        if has_new_members {
            self.people = People::of(held);
        }
        self.controls = held.controls().len();
        if self.epochs.len() != held.wraps_count() {
            self.epochs = held.wrap_epochs();
        }
        self.forked = held.forked_logs();
        self.frontier = held.shared_frontier();
        self.digest = held.frontier_digest();
        self.next_position = held.next_position();
        self.used_bytes = held.quota().used_bytes;
        self.files = held.files;
        self.checkpoint = held.checkpoint_standing();
        self.is_pruning = held.is_pruning();
        self.refused_bytes = held.checkpoint.refused_bytes;
        self.has_refused = held.has_refused();
    }
}

impl Outline for Summary {
    fn notebook(&self) -> NotebookId {
        self.notebook
    }

    fn controls_count(&self) -> usize {
        self.controls
    }

    fn wrap_epochs(&self) -> BTreeSet<EpochId> {
        self.epochs.clone()
    }

    fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    fn shared_frontier(&self) -> Arc<Frontier> {
        Arc::clone(&self.frontier)
    }

    fn frontier_digest(&self) -> [u8; 32] {
        self.digest
    }

    fn sign_frontier(&self) -> SignedFrontier {
        let kept = self.controls + self.epochs.len();
        SignedFrontier::sign_as(
            self.notebook,
            self.next_position + kept as u64,
            Frontier::clone(&self.frontier),
            (self.secrets.id().as_peer(), self.secrets.signing()),
        )
    }

    fn has_unsaved(&self) -> bool {
        false
    }

    fn next_position(&self) -> Position {
        self.next_position
    }

    fn forked_logs(&self) -> Vec<LogId> {
        self.forked.clone()
    }
}

/// One notebook of a mirror.
#[derive(Debug)]
pub(super) struct Held {
    summary: Summary,
    open: Option<Box<MirroredNotebook>>,
    /// When it was used last, as a number that grows.
    used: u64,
}

impl Held {
    pub(super) fn opened(held: MirroredNotebook, used: u64) -> Self {
        Self {
            summary: Summary::of(&held),
            open: Some(Box::new(held)),
            used,
        }
    }

    /// Puts a notebook in that was opened from the disk.
    pub(super) fn put(&mut self, mut held: MirroredNotebook, used: u64) {
        if self.summary.has_refused {
            held.note_refused();
        }
        held.checkpoint.refused_bytes = self.summary.refused_bytes;
        self.summary = Summary::of(&held);
        // Nothing of that is new: it was known when it was closed.
        held.take_new_members();
        self.open = Some(Box::new(held));
        self.used = used;
    }

    pub(super) const fn touch(&mut self, used: u64) {
        self.used = used;
    }

    pub(super) const fn used(&self) -> u64 {
        self.used
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn open(&self) -> Option<&MirroredNotebook> {
        self.open.as_deref()
    }

    pub(super) fn open_mut(&mut self) -> Option<&mut MirroredNotebook> {
        self.open.as_deref_mut()
    }

    /// Says whether it is open and may be closed without anything being saved.
    pub(super) fn is_clean(&self) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|held| !held.has_unsaved() && !held.has_later_entries())
    }

    /// Closes it; nothing of it is unsaved.
    pub(super) fn close(&mut self) {
        if let Some(held) = self.open.take() {
            self.summary.renew(&held, false);
        }
    }

    /// Notes that all of it is on disk; says whether who may have it was found out anew.
    pub(super) fn renew(&mut self) -> bool {
        let Some(held) = &mut self.open else {
            return false;
        };
        let has_new_members = held.take_new_members();
        self.summary.renew(held, has_new_members);
        has_new_members
    }

    /// Returns what connections look at.
    pub(super) fn outline(&self) -> &dyn Outline {
        match &self.open {
            Some(held) => &**held,
            None => &self.summary,
        }
    }

    pub(super) fn quota(&self) -> Quota {
        match &self.open {
            Some(held) => held.quota(),
            None => Quota {
                used_bytes: self.summary.used_bytes,
                max_bytes: u64::MAX,
            },
        }
    }

    /// Returns what its files take.
    pub(super) fn files(&self) -> FilesHeld {
        let open = self.open.as_ref();
        open.map_or(self.summary.files, |held| held.files)
    }

    /// Returns how its checkpoint stands.
    pub(super) fn checkpoint(&self) -> CheckpointStanding {
        let open = self.open.as_ref();
        open.map_or_else(
            || self.summary.checkpoint.clone(),
            |held| held.checkpoint_standing(),
        )
    }

    /// Says whether it is under way that something of it is pruned.
    pub(super) fn is_pruning(&self) -> bool {
        let open = self.open.as_ref();
        open.map_or(self.summary.is_pruning, |held| held.is_pruning())
    }

    pub(super) fn has_refused(&self) -> bool {
        let open = self.open.as_ref();
        open.map_or(self.summary.has_refused, |held| held.has_refused())
    }

    pub(super) const fn names_this_mirror(&self) -> bool {
        self.summary.people.names_this_mirror
    }

    /// Returns where a member's capsules are found.
    pub(super) fn capsule_of(&self, person: &PersonId) -> Option<CapsuleId> {
        self.summary.people.members.get(person).copied()
    }

    /// Returns the member whose capsules are found there.
    pub(super) fn person_under(&self, id: CapsuleId) -> Option<PersonId> {
        let mut members = self.summary.people.members.iter();
        let found = members.find(|(_, capsule)| **capsule == id);
        found.map(|(person, _)| *person)
    }

    pub(super) fn people(&self) -> usize {
        self.summary.people.members.len()
    }

    pub(super) fn devices(&self) -> usize {
        self.summary.people.devices.len()
    }

    /// Returns a member's live device.
    pub(super) fn device(&self, device: &DeviceId) -> Option<&KnownDevice> {
        self.summary.people.devices.get(device)
    }

    /// Returns the member's live device that proves itself by a transport key.
    pub(super) fn device_at(&self, remote: &TransportId) -> Option<(DeviceId, VerifyKey)> {
        let mut devices = self.summary.people.devices.iter();
        let found = devices.find(|(_, known)| known.transport == *remote);
        found.map(|(device, known)| (*device, known.verify_key))
    }

    /// Returns the device that was a member's and proves itself by a transport key.
    pub(super) fn former_at(&self, remote: &TransportId) -> Option<(DeviceId, VerifyKey)> {
        let mut former = self.summary.people.former.iter();
        let found = former.find(|(transport, ..)| transport == remote);
        found.map(|(_, device, key)| (*device, *key))
    }
}
