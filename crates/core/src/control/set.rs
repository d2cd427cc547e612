//! The set of a notebook's control entries, as a DAG.
//!
//! Invariant: an entry is in the set only when all that it names as past is in it, its signature was
//! checked, and it belongs to this notebook. What still lacks its past waits beside the set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::resolved::Resolved;
use super::rosters::Rosters;
use super::scope::{Places, Scope};
use super::{ControlEntry, ControlKind, KeyGrant, Membership, Recipient};
use crate::crypto;
use crate::identity::{DeviceCard, Roster, RosterView};
use crate::ids::{
    ControlHash, DeviceId, EpochId, NotebookId, PartHash, PersonId, RecoveryId, RosterHash,
};
use crate::log::{EntryKind, Header};

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) entry: ControlEntry,
    pub(super) level: u32,
    /// The places of its strict ancestors.
    pub(super) ancestors: Places,
    pub(super) place: usize,
    /// Whose live device signed it, as of its own past.
    pub(super) person: Option<PersonId>,
    /// Whether its own past allows it; that never changes, so it is found out once.
    pub(super) is_well_formed: bool,
}

/// The control entries of one notebook.
#[derive(Debug, Clone, Default)]
pub struct ControlSet {
    pub(super) nodes: BTreeMap<ControlHash, Arc<Node>>,
    pub(super) order: Vec<ControlHash>,
    /// By level, then hash: the same on every replica, and each entry after its past.
    pub(super) canonical: BTreeSet<(u32, ControlHash)>,
    /// Of these the entries that say who is a member, and their places.
    pub(super) deciding: BTreeMap<(u32, ControlHash), Arc<Node>>,
    pub(super) deciding_places: Places,
    /// Of these places the changes of role, and those by whom they are about.
    pub(super) role_places: Places,
    pub(super) roles_about: BTreeMap<PersonId, Places>,
    /// Of these the re-keys.
    pub(super) rekeys: BTreeMap<(u32, ControlHash), Arc<Node>>,
    pub(super) resolved: Resolved,
    pub(super) waiting: BTreeMap<ControlHash, ControlEntry>,
    pub(super) heads: BTreeSet<ControlHash>,
    pub(super) rosters: Rosters,
    /// The grants of keys by their holders.
    pub(super) grants: BTreeMap<Recipient, Vec<ControlHash>>,
    /// The leaves that each person's devices signed.
    pub(super) leaves: BTreeMap<PersonId, Vec<ControlHash>>,
    /// How many entries each person's devices have signed.
    pub(super) signed: BTreeMap<PersonId, usize>,
    /// How many signatures of entries were checked: most of what opening a notebook costs.
    pub(super) checked: u64,
    pub(super) notebook: Option<NotebookId>,
}

impl ControlSet {
    /// Returns who is a member as of some heads, or of all entries without; epochs are left out.
    pub(super) fn membership_at(&self, heads: Option<&[ControlHash]>) -> Arc<Membership> {
        let scope = self.scope(heads);
        let places = scope.of_these(&self.deciding_places);
        self.resolved
            .get(places, || Membership::resolve_people(self, &scope))
    }

    /// Returns who is a member as of some heads, with nobody's changes of role but one person's.
    pub(super) fn membership_of(
        &self,
        heads: &[ControlHash],
        person: &PersonId,
    ) -> Arc<Membership> {
        let scope = self.scope(Some(heads));
        let mut places = self.deciding_places.without(&self.role_places);
        if let Some(about) = self.roles_about.get(person) {
            places.extend(about);
        }
        let places = scope.of_these(&places);
        let scope = Scope::of(places.clone());
        self.resolved
            .get(places, || Membership::resolve_people(self, &scope))
    }

    /// Returns how often this set resolved who is a member and could not say it from what it had resolved
    /// before: what looking at it costs, whatever the machine.
    pub fn resolutions(&self) -> u64 {
        self.resolved.resolutions()
    }

    /// Returns how many signatures of entries this set has checked.
    pub const fn signatures_checked(&self) -> u64 {
        self.checked
    }

    /// Forgets who was a member as of earlier heads, but for the ones that were looked at last: whoever holds
    /// many sets has no memory for all of that.
    pub(crate) fn forget_resolved(&self) {
        const KEPT_MAX: usize = 2;
        self.resolved.shrink(KEPT_MAX);
    }

    /// Returns what people's rosters say.
    pub(super) const fn rosters(&self) -> &Rosters {
        &self.rosters
    }

    /// Returns what a person's roster says as of a scope.
    pub(super) fn roster_within(&self, person: &PersonId, scope: &Scope) -> Option<RosterView> {
        self.rosters.view_within(person, scope)
    }

    /// Returns what the set holds of a person's roster.
    pub fn roster(&self, person: &PersonId) -> Option<&Roster> {
        self.rosters.of(person)
    }

    /// Returns whose recovery card this is or was.
    pub fn recovery_owner(&self, card: &RecoveryId) -> Option<PersonId> {
        self.rosters.recovery_owner(card)
    }

    /// Returns the control entries that brought a roster entry.
    pub(super) fn carriers(&self, hash: &RosterHash) -> impl Iterator<Item = &Node> {
        let carriers = self.rosters.carriers(hash);
        carriers.filter_map(|carrier| self.node(carrier))
    }

    pub(super) fn leaves_of(&self, person: &PersonId) -> impl Iterator<Item = &ControlHash> {
        self.leaves.get(person).into_iter().flatten()
    }

    /// Returns who signed an entry: whose live device it was as of the entry's own past, and the device.
    pub fn author(&self, hash: &ControlHash) -> Option<(PersonId, DeviceId)> {
        let node = self.nodes.get(hash)?;
        Some((node.person?, node.entry.device))
    }

    pub(super) fn node(&self, hash: &ControlHash) -> Option<&Node> {
        self.nodes.get(hash).map(Arc::as_ref)
    }

    /// Returns the re-keys that their own past allows, by level, then hash.
    pub fn rekeys(&self) -> impl DoubleEndedIterator<Item = &ControlEntry> {
        let rekeys = self.rekeys.values().filter(|node| node.is_well_formed);
        rekeys.map(|node| &node.entry)
    }

    /// Returns the notebook.
    pub fn notebook(&self) -> NotebookId {
        self.notebook.unwrap_or(NotebookId::ZERO)
    }

    /// Returns the entry that created the notebook.
    pub fn create(&self) -> ControlHash {
        self.order.first().copied().unwrap_or(ControlHash::ZERO)
    }

    /// Returns the parts of the base that the notebook goes on from, none where it began empty.
    pub fn base(&self) -> &[PartHash] {
        match self.get(&self.create()).map(|create| &create.kind) {
            Some(ControlKind::Create { base, .. }) => base,
            _ => &[],
        }
    }

    /// Says whether an entry stands where the notebook's rules have one of its kind: parts of a base are the first
    /// of a log of the device that created the notebook, as many as its first entry names.
    pub fn is_in_place(&self, entry: &Header) -> bool {
        let creator = self.get(&self.create()).map(|create| create.device);
        entry.kind != EntryKind::BasePart
            || (creator == Some(entry.log.device) && entry.seq.get() <= self.base().len() as u64)
    }

    /// Returns an entry of the set.
    pub fn get(&self, hash: &ControlHash) -> Option<&ControlEntry> {
        self.nodes.get(hash).map(|node| &node.entry)
    }

    /// Returns all entries in an order in which each follows its past.
    pub fn iter(&self) -> impl Iterator<Item = &ControlEntry> {
        self.order.iter().filter_map(|hash| self.get(hash))
    }

    /// Returns all entries by level, then hash: each follows its past, and the order depends on
    /// nothing but the set.
    pub fn canonical(&self) -> impl Iterator<Item = &ControlEntry> {
        self.canonical.iter().filter_map(|(_, hash)| self.get(hash))
    }

    /// Returns the entries that name a device, each after its past.
    pub fn carriers_of(&self, device: &DeviceId) -> impl Iterator<Item = &ControlEntry> {
        let naming = self.rosters.naming(device);
        naming.filter_map(|hash| self.get(hash))
    }

    /// Says whether an entry of the set brought a roster entry.
    pub fn is_carried(&self, hash: &RosterHash) -> bool {
        self.rosters.carriers(hash).next().is_some()
    }

    /// Says whether it is this entry that brought a roster entry, among others perhaps.
    pub(super) fn is_carried_by(&self, hash: &RosterHash, carrier: &ControlHash) -> bool {
        self.rosters.carriers(hash).any(|known| known == carrier)
    }

    /// Returns the grants of keys to a holder that their own past allows.
    pub fn grants_to(&self, recipient: Recipient) -> impl Iterator<Item = (DeviceId, &KeyGrant)> {
        self.grants
            .get(&recipient)
            .into_iter()
            .flatten()
            .filter_map(|hash| self.nodes.get(hash))
            .filter(|node| node.is_well_formed)
            .filter_map(|node| match &node.entry.kind {
                ControlKind::Grant(grant) => Some((node.entry.device, &**grant)),
                _ => None,
            })
    }

    /// Returns the grants that handed the key of an epoch to anybody but `holders`, which are sorted.
    pub fn grants_beyond<'a>(
        &'a self,
        epoch: EpochId,
        holders: &'a [Recipient],
    ) -> impl Iterator<Item = ControlHash> + 'a {
        let others = self.grants.iter();
        let others = others.filter(|(holder, _)| holders.binary_search(holder).is_err());
        let nodes = others.flat_map(|(_, hashes)| hashes).copied();
        nodes.filter(move |hash| {
            self.nodes.get(hash).is_some_and(|node| {
                node.is_well_formed
                    && matches!(&node.entry.kind, ControlKind::Grant(grant) if grant.epoch == epoch)
            })
        })
    }

    /// Says whether the key of an epoch was sealed to exactly `holders`, which are sorted, and handed on to
    /// nobody else since.
    pub fn is_sealed_to(&self, epoch: EpochId, holders: &[Recipient]) -> bool {
        match self.get(&epoch.rekey()).map(|entry| &entry.kind) {
            Some(ControlKind::Rekey(rekey)) => {
                rekey.recipients == holders && self.grants_beyond(epoch, holders).next().is_none()
            }
            _ => false,
        }
    }

    /// Returns the grants of keys that a device made to itself and that their own past allows.
    pub fn self_grants<'a>(
        &'a self,
        device: &'a DeviceId,
    ) -> impl Iterator<Item = &'a ControlEntry> {
        let grants = self.grants.get(&Recipient::Device(*device));
        grants
            .into_iter()
            .flatten()
            .filter_map(|hash| self.nodes.get(hash))
            .filter(move |node| node.is_well_formed && node.entry.device == *device)
            .map(|node| &node.entry)
    }

    /// Says whether an entry's own past allows it.
    pub fn is_well_formed(&self, hash: &ControlHash) -> bool {
        self.nodes.get(hash).is_some_and(|node| node.is_well_formed)
    }

    /// Returns how many entries are in the set.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Says whether the set is empty, which only a set without a `create` is.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Returns how many entries wait for their past.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Returns a device's card and person, as any entry of the set names them.
    pub fn device(&self, device: &DeviceId) -> Option<(PersonId, &DeviceCard)> {
        self.rosters.device(device)
    }

    /// Returns every device that any entry of the set names, with its person.
    pub fn devices(&self) -> impl Iterator<Item = (PersonId, &DeviceCard)> {
        self.rosters.devices()
    }

    /// Returns a digest of the whole set: equal where the sets are.
    pub fn digest(&self) -> [u8; 32] {
        let hashes: Vec<&[u8]> = self.nodes.keys().map(|hash| &hash.as_bytes()[..]).collect();
        crypto::digest("hearthside 2026-11 control set", &hashes)
    }
}
