//! The set of a notebook's control entries, as a DAG.
//!
//! Invariant: an entry is in the set only when all that it names as past is in it, its signature was
//! checked, and it belongs to this notebook. What still lacks its past waits beside the set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::resolved::Resolved;
use super::rosters::Rosters;
use super::scope::{Places, Scope};
use super::{ControlEntry, ControlError, ControlKind, KeyGrant, Membership, Recipient};
use crate::crypto;
use crate::identity::{DeviceCard, Roster, RosterView};
use crate::ids::{ControlHash, DeviceId, NotebookId, PersonId, RecoveryId, RosterHash};
use crate::limits::{
    CONTROL_ENTRIES_MAX, CONTROL_ENTRIES_PER_PERSON_MAX, CONTROL_HEADS_MAX, CONTROL_WAITING_MAX,
};

/// What became of an entry that was offered to the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// It and the entries that waited for it are in the set now, in causal order.
    Added(Vec<ControlHash>),
    /// It was in the set already.
    Known,
    /// It waits for entries of its past.
    Waiting,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) entry: ControlEntry,
    pub(super) level: u32,
    /// The places of its strict ancestors.
    ancestors: Places,
    pub(super) place: usize,
    /// Whose live device signed it, as of its own past.
    pub(super) person: Option<PersonId>,
    /// Whether its own past allows it; that never changes, so it is found out once.
    pub(super) is_well_formed: bool,
}

/// The control entries of one notebook.
#[derive(Debug, Clone, Default)]
pub struct ControlSet {
    nodes: BTreeMap<ControlHash, Arc<Node>>,
    order: Vec<ControlHash>,
    /// By level, then hash: the same on every replica, and each entry after its past.
    canonical: BTreeSet<(u32, ControlHash)>,
    /// Of these the entries that say who is a member, and their places.
    deciding: BTreeMap<(u32, ControlHash), Arc<Node>>,
    deciding_places: Places,
    /// Of these places the changes of role, and those by whom they are about.
    role_places: Places,
    roles_about: BTreeMap<PersonId, Places>,
    /// Of these the re-keys.
    rekeys: BTreeMap<(u32, ControlHash), Arc<Node>>,
    resolved: Resolved,
    waiting: BTreeMap<ControlHash, ControlEntry>,
    heads: BTreeSet<ControlHash>,
    rosters: Rosters,
    /// The grants of keys by their holders.
    grants: BTreeMap<Recipient, Vec<ControlHash>>,
    /// The leaves that each person's devices signed.
    leaves: BTreeMap<PersonId, Vec<ControlHash>>,
    /// How many entries each person's devices have signed.
    signed: BTreeMap<PersonId, usize>,
    notebook: Option<NotebookId>,
}

impl ControlSet {
    /// Starts a set from the entry that creates the notebook.
    ///
    /// # Errors
    /// [`ControlError`] where it is no `create`, or its own signature does not fit.
    pub fn new(create: ControlEntry) -> Result<Self, ControlError> {
        let mut set = Self {
            notebook: Some(create.notebook_id()),
            ..Self::default()
        };
        if !matches!(create.kind, ControlKind::Create { .. }) {
            return Err(ControlError::OtherNotebook);
        }
        set.insert(create)?;
        Ok(set)
    }

    /// Puts a set together again from a `create` and all other entries, in any order: what the own
    /// disk holds, of which nothing may be missing.
    ///
    /// # Errors
    /// [`ControlError`] where an entry does not check, or the past of some is not there.
    pub fn restore(create: ControlEntry, entries: Vec<ControlEntry>) -> Result<Self, ControlError> {
        let mut set = Self::new(create)?;
        let mut missing: BTreeMap<ControlHash, usize> = BTreeMap::new();
        let mut children: BTreeMap<ControlHash, Vec<ControlHash>> = BTreeMap::new();
        let mut ready = vec![set.create()];
        let mut left: BTreeMap<ControlHash, ControlEntry> = BTreeMap::new();
        for entry in entries {
            if Some(entry.notebook_id()) != set.notebook {
                return Err(ControlError::OtherNotebook);
            }
            for head in &entry.heads {
                children.entry(*head).or_default().push(entry.hash());
            }
            missing.insert(entry.hash(), entry.heads.len());
            left.insert(entry.hash(), entry);
        }
        while let Some(hash) = ready.pop() {
            if let Some(entry) = left.remove(&hash) {
                set.admit_to_set(entry)?;
            }
            for child in children.remove(&hash).into_iter().flatten() {
                if let Some(count) = missing.get_mut(&child) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        ready.push(child);
                    }
                }
            }
        }
        match left.len() {
            0 => Ok(set),
            count => Err(ControlError::PastMissing(count)),
        }
    }

    /// Offers an entry to the set.
    ///
    /// # Errors
    /// [`ControlError`] for an entry of another notebook, by an unknown device, wrongly signed, or
    /// beyond the limit. The set is unchanged then.
    pub fn insert(&mut self, entry: ControlEntry) -> Result<Inserted, ControlError> {
        let hash = entry.hash();
        if self.nodes.contains_key(&hash) {
            return Ok(Inserted::Known);
        }
        if Some(entry.notebook_id()) != self.notebook {
            return Err(ControlError::OtherNotebook);
        }
        if self.nodes.len() >= CONTROL_ENTRIES_MAX {
            return Err(ControlError::Full);
        }
        if !entry.heads.iter().all(|head| self.nodes.contains_key(head)) {
            let known = self.rosters.device(&entry.device).map(|(_, card)| card);
            if let Some(card) = known.or_else(|| own_card(&entry)) {
                entry.verify(&card.verify_key)?;
            }
            if self.waiting.len() >= CONTROL_WAITING_MAX {
                return Err(ControlError::TooManyWaiting);
            }
            self.waiting.insert(hash, entry);
            return Ok(Inserted::Waiting);
        }
        self.admit_to_set(entry)?;
        let mut added = vec![hash];
        // Each round lets in what the last one made complete; a bad one among them is dropped.
        loop {
            let ready: Vec<ControlHash> = self
                .waiting
                .iter()
                .filter(|(_, entry)| entry.heads.iter().all(|head| self.nodes.contains_key(head)))
                .map(|(hash, _)| *hash)
                .collect();
            if ready.is_empty() {
                return Ok(Inserted::Added(added));
            }
            for hash in ready {
                if let Some(entry) = self.waiting.remove(&hash)
                    && self.admit_to_set(entry).is_ok()
                {
                    added.push(hash);
                }
            }
        }
    }

    fn admit_to_set(&mut self, entry: ControlEntry) -> Result<(), ControlError> {
        let (level, ancestors) = self.past_of(&entry);
        let past = Scope::of(ancestors.clone());
        // What the set holds beyond the past of an entry must not matter to whether it is accepted.
        let card = match &entry.kind {
            ControlKind::Create { roster, .. } => roster.devices().get(&entry.device),
            _ => {
                let known = self.rosters.card_within(&entry.device, &past);
                known.or_else(|| own_card(&entry))
            }
        };
        let card = card.ok_or(ControlError::UnknownDevice(entry.device))?;
        entry.verify(&card.verify_key)?;
        let place = self.order.len();
        let mut node = Node {
            level,
            ancestors,
            place,
            person: None,
            is_well_formed: false,
            entry,
        };
        let extended = self.rosters.extended(&node.entry, &past);
        node.person = match &node.entry.kind {
            ControlKind::Create { roster, .. } => Some(roster.person()),
            _ => self
                .rosters
                .author_within(&node.entry, &past, extended.as_ref()),
        };
        if let Some(person) = node.person {
            let signed = self.signed.entry(person).or_default();
            if *signed >= CONTROL_ENTRIES_PER_PERSON_MAX {
                return Err(ControlError::TooManyByPerson(person));
            }
            *signed += 1;
        }
        if let Some(roster) = extended.filter(|roster| node.person == Some(roster.person())) {
            self.rosters.learn_carried(roster, &node.entry, place);
        }
        node.is_well_formed = super::form::is_well_formed(self, &node);
        self.index(&node);
        self.rosters.learn_whole(&node.entry, place);
        let hash = node.entry.hash();
        for head in &node.entry.heads {
            self.heads.remove(head);
        }
        self.heads.insert(hash);
        self.order.push(hash);
        self.canonical.insert((level, hash));
        let node = Arc::new(node);
        if matches!(node.entry.kind, ControlKind::Rekey(_)) {
            self.rekeys.insert((level, hash), Arc::clone(&node));
        }
        if decides_about_people(&node.entry.kind) {
            self.deciding_places.insert(place);
            if let ControlKind::Role { person, .. } = &node.entry.kind {
                self.role_places.insert(place);
                self.roles_about.entry(*person).or_default().insert(place);
            }
            self.deciding.insert((level, hash), Arc::clone(&node));
        }
        self.nodes.insert(hash, node);
        Ok(())
    }

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

    /// Notes what is looked up by who or what it is about.
    fn index(&mut self, node: &Node) {
        let hash = node.entry.hash();
        match (&node.entry.kind, node.person) {
            (ControlKind::Leave, Some(person)) => {
                self.leaves.entry(person).or_default().push(hash);
            }
            (ControlKind::Grant(grant), _) => {
                self.grants.entry(grant.recipient).or_default().push(hash);
            }
            _ => {}
        }
    }

    fn past_of(&self, entry: &ControlEntry) -> (u32, Places) {
        let nodes = entry.heads.iter().filter_map(|head| self.nodes.get(head));
        let level = nodes.map(|node| node.level + 1).max().unwrap_or(0);
        (level, self.places_of(&entry.heads))
    }

    /// Returns the places of some heads and of their past.
    fn places_of(&self, heads: &[ControlHash]) -> Places {
        let mut places = Places::default();
        for node in heads.iter().filter_map(|head| self.nodes.get(head)) {
            places.extend(&node.ancestors);
            places.insert(node.place);
        }
        places
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

    /// Returns the entries within some heads, the heads included; all without.
    pub(super) fn scope(&self, heads: Option<&[ControlHash]>) -> Scope {
        heads.map_or(Scope::ALL, |heads| Scope::of(self.places_of(heads)))
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
    pub(super) fn rekeys(&self) -> impl DoubleEndedIterator<Item = &ControlEntry> {
        let rekeys = self.rekeys.values().filter(|node| node.is_well_formed);
        rekeys.map(|node| &node.entry)
    }

    /// Returns the entries of a scope that say who is a member, by level, then hash: each follows its past,
    /// and the order depends on nothing but the set.
    pub(super) fn nodes_within<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Node> {
        let deciding = self.deciding.values().map(Arc::as_ref);
        deciding.filter(|node| scope.holds(node.place))
    }

    /// Returns the notebook.
    pub fn notebook(&self) -> NotebookId {
        self.notebook.unwrap_or(NotebookId::ZERO)
    }

    /// Returns the entry that created the notebook.
    pub fn create(&self) -> ControlHash {
        self.order.first().copied().unwrap_or(ControlHash::ZERO)
    }

    /// Returns the entries that no other names, sorted.
    pub fn heads(&self) -> Vec<ControlHash> {
        self.heads.iter().copied().collect()
    }

    /// Returns at most [`CONTROL_HEADS_MAX`] heads: what a new entry may name.
    pub fn heads_to_name(&self) -> Vec<ControlHash> {
        self.heads.iter().copied().take(CONTROL_HEADS_MAX).collect()
    }

    /// Returns at most [`CONTROL_HEADS_MAX`] heads that together cover all of `before`: what the next
    /// entry of a log names, which may not forget what the one before it knew. Each of `before` is
    /// a head still or in the past of one, so they always suffice, however many heads there are.
    pub fn heads_covering(&self, before: &[ControlHash]) -> Vec<ControlHash> {
        if self.heads.len() <= CONTROL_HEADS_MAX {
            return self.heads();
        }
        let mut chosen: BTreeSet<ControlHash> = BTreeSet::new();
        for known in before {
            let covers = |head: &&ControlHash| *head == known || self.is_past(known, head);
            if !chosen.iter().any(|head| covers(&head)) {
                chosen.extend(self.heads.iter().find(covers));
            }
        }
        for head in &self.heads {
            if chosen.len() >= CONTROL_HEADS_MAX {
                break;
            }
            chosen.insert(*head);
        }
        chosen.into_iter().collect()
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

    /// Returns the length of the longest path from `create`.
    pub fn level(&self, hash: &ControlHash) -> u32 {
        self.nodes.get(hash).map_or(0, |node| node.level)
    }

    /// Says whether `earlier` is a strict ancestor of `later`.
    pub fn is_past(&self, earlier: &ControlHash, later: &ControlHash) -> bool {
        let (Some(earlier), Some(later)) = (self.nodes.get(earlier), self.nodes.get(later)) else {
            return false;
        };
        later.ancestors.contains(earlier.place)
    }

    /// Says whether `hash` is one of `heads` or an ancestor of one.
    pub fn is_within(&self, hash: &ControlHash, heads: &[ControlHash]) -> bool {
        heads
            .iter()
            .any(|head| head == hash || self.is_past(hash, head))
    }

    /// Returns what is not within `heads`, each after its past: what a peer with these heads lacks.
    pub fn beyond<'a>(
        &'a self,
        heads: &'a [ControlHash],
    ) -> impl Iterator<Item = &'a ControlEntry> {
        self.iter()
            .filter(|entry| !self.is_within(&entry.hash(), heads))
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

/// Returns the card of a device that was just added and says so itself.
fn own_card(entry: &ControlEntry) -> Option<&DeviceCard> {
    let added = entry.kind.carried()?.kind.added()?;
    (added.id() == entry.device).then_some(added)
}

/// Says whether entries of a kind have a say in who is a member.
const fn decides_about_people(kind: &ControlKind) -> bool {
    !matches!(
        kind,
        ControlKind::Rekey(_)
            | ControlKind::Grant(_)
            | ControlKind::Freeze(_)
            | ControlKind::Sign(_)
    )
}
