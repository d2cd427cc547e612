//! The set of a notebook's control entries, as a DAG.
//!
//! Invariant: an entry is in the set only when all that it names as past is in it, its signature was
//! checked, and it belongs to this notebook. What still lacks its past waits beside the set.

use std::collections::{BTreeMap, BTreeSet};

use super::{ControlEntry, ControlError, ControlKind};
use crate::crypto;
use crate::identity::{DeviceCard, Roster};
use crate::ids::{ControlHash, DeviceId, NotebookId, PersonId};
use crate::limits::{CONTROL_ENTRIES_MAX, CONTROL_HEADS_MAX, CONTROL_WAITING_MAX};

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
struct Node {
    entry: ControlEntry,
    level: u32,
    /// Bit i is set where the entry at place i is a strict ancestor.
    ancestors: Vec<u64>,
    place: usize,
    /// What the entry's own past says about it; that never changes, so it is found out once.
    counts: bool,
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
    /// The entries whose rosters name a device.
    naming: BTreeMap<DeviceId, Vec<ControlHash>>,
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
            if let Some((_, card)) = self.devices.get(&entry.device) {
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
            _ => self.card_known_to(&entry),
        };
        let card = card.ok_or(ControlError::UnknownDevice(entry.device))?;
        entry.verify(&card.verify_key)?;

        let place = self.order.len();
        let mut ancestors = vec![0_u64; place.div_ceil(64)];
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
            self.heads.remove(head);
        }
        let counts = super::membership::counts_by_its_past(self, &entry);
        if let ControlKind::Create { roster, .. } = &entry.kind {
            self.learn(roster, entry.hash());
        } else if let ControlKind::Admit(admit) = &entry.kind {
            self.learn(&admit.roster, entry.hash());
        }
        let hash = entry.hash();
        self.heads.insert(hash);
        self.order.push(hash);
        self.canonical.insert((level, hash));
        self.nodes.insert(
            hash,
            Node {
                entry,
                level,
                ancestors,
                place,
                counts,
            },
        );
        Ok(())
    }

    /// Returns the card of an entry's device where a roster in the entry's own past names it: what the
    /// set holds beyond that must not matter.
    fn card_known_to(&self, entry: &ControlEntry) -> Option<&DeviceCard> {
        let is_named = self
            .naming
            .get(&entry.device)?
            .iter()
            .any(|naming| self.is_within(naming, &entry.heads));
        if !is_named {
            return None;
        }
        self.devices.get(&entry.device).map(|(_, card)| card)
    }

    /// Notes whose devices these are. Where two people claim one device, the lower person has it,
    /// since the answer must not depend on whose claim arrived first; standing never rests on it.
    fn learn(&mut self, roster: &Roster, naming: ControlHash) {
        for (id, card) in roster.devices() {
            self.naming.entry(*id).or_default().push(naming);
            let known = self
                .devices
                .entry(*id)
                .or_insert_with(|| (roster.person(), card.clone()));
            known.0 = known.0.min(roster.person());
        }
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

    /// Says whether an admission redeems its invitation, or a re-key has the right author and
    /// recipients, as of its own past. Other entries have nothing of the kind to fulfil.
    pub(super) fn counts_by_its_past(&self, hash: &ControlHash) -> bool {
        self.nodes.get(hash).is_some_and(|node| node.counts)
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

    /// Returns a digest of the whole set: equal where the sets are.
    pub fn digest(&self) -> [u8; 32] {
        let hashes: Vec<&[u8]> = self.nodes.keys().map(|hash| &hash.as_bytes()[..]).collect();
        crypto::digest("hearthside 2026-11 control set", &hashes)
    }
}
