//! How a control entry comes into the set: after its past, and checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scope::{Places, Scope};
use super::set::Node;
use super::{ControlEntry, ControlError, ControlKind, ControlSet};
use crate::identity::DeviceCard;
use crate::ids::ControlHash;
use crate::limits::{CONTROL_ENTRIES_MAX, CONTROL_ENTRIES_PER_PERSON_MAX, CONTROL_WAITING_MAX};

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
                self.checked += 1;
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
        self.checked += 1;
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
