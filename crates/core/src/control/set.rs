//! The set of a notebook's control entries, as a DAG.
//!
//! Invariant: an entry is in the set only when all that it names as past is in it, its signature was
//! checked, and it belongs to this notebook. What still lacks its past waits beside the set.

use std::collections::{BTreeMap, BTreeSet};

use super::{ControlEntry, ControlError, ControlKind, KeyGrant, Recipient};
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
    /// Bit i is set where the entry at place i is a strict ancestor.
    ancestors: Vec<u64>,
    place: usize,
    /// Whose live device signed it, as of its own past.
    pub(super) person: Option<PersonId>,
    /// Whether its own past allows it; that never changes, so it is found out once.
    pub(super) is_well_formed: bool,
}

/// Which entries of a set are looked at: all, or some heads with their past.
#[derive(Debug, Clone)]
pub(super) struct Scope(Option<Vec<u64>>);

impl Scope {
    pub(super) const ALL: Self = Self(None);

    pub(super) fn holds(&self, node: &Node) -> bool {
        self.0.as_ref().is_none_or(|places| {
            places
                .get(node.place / 64)
                .is_some_and(|word| word >> (node.place % 64) & 1 == 1)
        })
    }
}

/// The control entries of one notebook.
#[derive(Debug, Clone, Default)]
pub struct ControlSet {
    nodes: BTreeMap<ControlHash, Node>,
    order: Vec<ControlHash>,
    /// By level, then hash: the same on every replica, and each entry after its past.
    canonical: BTreeSet<(u32, ControlHash)>,
    waiting: BTreeMap<ControlHash, ControlEntry>,
    heads: BTreeSet<ControlHash>,
    devices: BTreeMap<DeviceId, (PersonId, DeviceCard)>,
    /// The entries that name a device, each with the person whose it says it is.
    naming: BTreeMap<DeviceId, Vec<(PersonId, ControlHash)>>,
    /// What the set holds of each person's roster.
    rosters: BTreeMap<PersonId, Roster>,
    /// The control entries that brought each roster entry.
    carriers: BTreeMap<RosterHash, Vec<ControlHash>>,
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
            let known = self.devices.get(&entry.device).map(|(_, card)| card);
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
        let card = match &entry.kind {
            ControlKind::Create { roster, .. } => roster.devices().get(&entry.device),
            _ => self.card_known_to(&entry).or_else(|| own_card(&entry)),
        };
        let card = card.ok_or(ControlError::UnknownDevice(entry.device))?;
        entry.verify(&card.verify_key)?;
        let (level, ancestors) = self.past_of(&entry);
        let mut node = Node {
            level,
            ancestors,
            place: self.order.len(),
            person: None,
            is_well_formed: false,
            entry,
        };
        let past = Scope(Some(node.ancestors.clone()));
        let extended = self.extended_roster(&node.entry, &past);
        node.person = match &node.entry.kind {
            ControlKind::Create { roster, .. } => Some(roster.person()),
            _ => self.author_within(&node.entry, &past, extended.as_ref()),
        };
        if let Some(person) = node.person {
            let signed = self.signed.entry(person).or_default();
            if *signed >= CONTROL_ENTRIES_PER_PERSON_MAX {
                return Err(ControlError::TooManyByPerson(person));
            }
            *signed += 1;
        }
        if let Some(roster) = extended.filter(|roster| node.person == Some(roster.person())) {
            self.learn_carried(roster, &node.entry);
        }
        node.is_well_formed = super::form::is_well_formed(self, &node);
        self.index(&node);
        self.learn_rosters(&node.entry);
        let hash = node.entry.hash();
        for head in &node.entry.heads {
            self.heads.remove(head);
        }
        self.heads.insert(hash);
        self.order.push(hash);
        self.canonical.insert((level, hash));
        self.nodes.insert(hash, node);
        Ok(())
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

    fn past_of(&self, entry: &ControlEntry) -> (u32, Vec<u64>) {
        let mut ancestors = vec![0_u64; self.order.len().div_ceil(64)];
        let mut level = 0;
        for head in &entry.heads {
            let Some(node) = self.nodes.get(head) else {
                continue;
            };
            level = level.max(node.level + 1);
            for (into, from) in ancestors.iter_mut().zip(&node.ancestors) {
                *into |= from;
            }
            if let Some(word) = ancestors.get_mut(node.place / 64) {
                *word |= 1 << (node.place % 64);
            }
        }
        (level, ancestors)
    }

    /// Returns the card of an entry's device where the entry's own past names it: what the set holds
    /// beyond that must not matter.
    fn card_known_to(&self, entry: &ControlEntry) -> Option<&DeviceCard> {
        let is_named = self
            .naming
            .get(&entry.device)?
            .iter()
            .any(|(_, naming)| self.is_within(naming, &entry.heads));
        if !is_named {
            return None;
        }
        self.devices.get(&entry.device).map(|(_, card)| card)
    }

    /// Returns the roster with the entry that a control entry carries, where the past of the control entry
    /// holds all that it builds on.
    fn extended_roster(&self, entry: &ControlEntry, past: &Scope) -> Option<Roster> {
        let carried = entry.kind.carried()?;
        let brings_past = carried
            .parents
            .iter()
            .all(|parent| self.is_carried_within(parent, past));
        let mut roster = self
            .rosters
            .get(&carried.person)
            .filter(|_| brings_past)?
            .clone();
        roster.insert(carried.clone()).ok()?;
        Some(roster)
    }

    fn learn_carried(&mut self, roster: Roster, entry: &ControlEntry) {
        let Some(carried) = entry.kind.carried() else {
            return;
        };
        let carriers = self.carriers.entry(carried.hash()).or_default();
        carriers.push(entry.hash());
        if let Some(card) = carried.kind.added() {
            self.learn_device(carried.person, card.clone(), entry.hash());
        }
        self.rosters.insert(carried.person, roster);
    }

    fn learn_rosters(&mut self, entry: &ControlEntry) {
        let roster = match &entry.kind {
            ControlKind::Create { roster, .. } => roster,
            ControlKind::Admit(admit) => &admit.roster,
            _ => return,
        };
        let (person, hash) = (roster.person(), entry.hash());
        let known = self
            .rosters
            .entry(person)
            .or_insert_with(|| (**roster).clone());
        // One that is too long in all is a flood of that person's own; what is known of it stays.
        let _fits = known.merge(roster);
        for brought in roster.entries() {
            if !known.contains(&brought.hash()) {
                continue;
            }
            self.carriers.entry(brought.hash()).or_default().push(hash);
        }
        for brought in roster.entries() {
            if let Some(card) = brought.kind.added() {
                self.learn_device(person, card.clone(), hash);
            }
        }
    }

    /// Notes whose device this is. Where two people claim one device, the lower person has it, since the
    /// answer must not depend on whose claim arrived first; standing never rests on it.
    fn learn_device(&mut self, person: PersonId, card: DeviceCard, naming: ControlHash) {
        self.naming
            .entry(card.id())
            .or_default()
            .push((person, naming));
        let known = self.devices.entry(card.id()).or_insert((person, card));
        known.0 = known.0.min(person);
    }

    /// Returns whose live device signed an entry, as of the entry's own past with what it carries: a device
    /// that was just added may say so itself, and none may take itself off.
    fn author_within(
        &self,
        entry: &ControlEntry,
        past: &Scope,
        extended: Option<&Roster>,
    ) -> Option<PersonId> {
        let carried = entry.kind.carried();
        let added = carried
            .filter(|carried| {
                let added = carried.kind.added();
                added.is_some_and(|card| card.id() == entry.device)
            })
            .map(|carried| carried.person);
        let named = self.naming.get(&entry.device).into_iter().flatten();
        let mut persons: BTreeSet<PersonId> = named
            .filter(|(_, naming)| self.nodes.get(naming).is_some_and(|node| past.holds(node)))
            .map(|(person, _)| *person)
            .chain(added)
            .collect();
        persons.retain(|person| {
            let view = match extended.filter(|roster| roster.person() == *person) {
                Some(roster) => roster.view_of(|hash| {
                    carried.is_some_and(|carried| carried.hash() == *hash)
                        || self.is_carried_within(hash, past)
                }),
                None => self.roster_within(person, past),
            };
            view.is_some_and(|view| view.devices.contains_key(&entry.device))
        });
        persons.first().copied()
    }

    fn is_carried_within(&self, hash: &RosterHash, scope: &Scope) -> bool {
        self.carriers.get(hash).is_some_and(|carriers| {
            carriers
                .iter()
                .filter_map(|carrier| self.nodes.get(carrier))
                .any(|carrier| scope.holds(carrier))
        })
    }

    /// Returns what a person's roster says as of a scope.
    pub(super) fn roster_within(&self, person: &PersonId, scope: &Scope) -> Option<RosterView> {
        let roster = self.rosters.get(person)?;
        roster.view_of(|hash| self.is_carried_within(hash, scope))
    }

    /// Returns what the set holds of a person's roster.
    pub fn roster(&self, person: &PersonId) -> Option<&Roster> {
        self.rosters.get(person)
    }

    /// Returns whose recovery card this is or was.
    pub fn recovery_owner(&self, card: &RecoveryId) -> Option<PersonId> {
        let owns = |roster: &Roster| {
            let mut cards = roster.entries().filter_map(|entry| entry.kind.recovery());
            cards.any(|known| known.id() == *card)
        };
        self.rosters
            .iter()
            .find(|(_, roster)| owns(roster))
            .map(|(person, _)| *person)
    }

    /// Returns the people of whose rosters the set holds anything.
    pub(super) fn persons(&self) -> impl Iterator<Item = &PersonId> {
        self.rosters.keys()
    }

    /// Returns the control entries that brought a roster entry.
    pub(super) fn carriers(&self, hash: &RosterHash) -> impl Iterator<Item = &Node> {
        let carriers = self.carriers.get(hash).into_iter().flatten();
        carriers.filter_map(|carrier| self.nodes.get(carrier))
    }

    /// Returns the entries within some heads, the heads included; all without.
    pub(super) fn scope(&self, heads: Option<&[ControlHash]>) -> Scope {
        let Some(heads) = heads else {
            return Scope::ALL;
        };
        let mut places = vec![0_u64; self.order.len().div_ceil(64)];
        for node in heads.iter().filter_map(|head| self.nodes.get(head)) {
            for (into, from) in places.iter_mut().zip(&node.ancestors) {
                *into |= from;
            }
            if let Some(word) = places.get_mut(node.place / 64) {
                *word |= 1 << (node.place % 64);
            }
        }
        Scope(Some(places))
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
        self.nodes.get(hash)
    }

    /// Returns the re-keys that their own past allows, by level, then hash.
    pub(super) fn rekeys(&self) -> impl DoubleEndedIterator<Item = &ControlEntry> {
        let nodes = self
            .canonical
            .iter()
            .filter_map(|(_, hash)| self.nodes.get(hash));
        nodes
            .filter(|node| node.is_well_formed && matches!(node.entry.kind, ControlKind::Rekey(_)))
            .map(|node| &node.entry)
    }

    /// Returns the entries of a scope by level, then hash: each follows its past, and the order depends on
    /// nothing but the set.
    pub(super) fn nodes_within<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Node> {
        self.canonical
            .iter()
            .filter_map(|(_, hash)| self.nodes.get(hash))
            .filter(|node| scope.holds(node))
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
        let naming = self.naming.get(device).into_iter().flatten();
        naming.filter_map(|(_, hash)| self.get(hash))
    }

    /// Says whether an entry of the set brought a roster entry.
    pub fn is_carried(&self, hash: &RosterHash) -> bool {
        self.carriers.contains_key(hash)
    }

    /// Says whether it is this entry that brought a roster entry, among others perhaps.
    pub(super) fn is_carried_by(&self, hash: &RosterHash, carrier: &ControlHash) -> bool {
        let carriers = self.carriers.get(hash);
        carriers.is_some_and(|carriers| carriers.contains(carrier))
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
        later
            .ancestors
            .get(earlier.place / 64)
            .is_some_and(|word| word >> (earlier.place % 64) & 1 == 1)
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
        self.devices
            .get(device)
            .map(|(person, card)| (*person, card))
    }

    /// Returns every device that any entry of the set names, with its person.
    pub fn devices(&self) -> impl Iterator<Item = (PersonId, &DeviceCard)> {
        self.devices.values().map(|(person, card)| (*person, card))
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
