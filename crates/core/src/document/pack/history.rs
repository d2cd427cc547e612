//! What writer and reader of a pack know alike of a document: its changes so far, in the order of the packs.

use std::collections::{BTreeMap, HashMap};

use automerge::ChangeHash;

use crate::document::{ChangeFacts, DocumentId};
use crate::ids::ActorId;

/// The histories of all documents that packs were about.
pub type Histories = BTreeMap<DocumentId, History>;

/// The changes of one document that packs held so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Hash and largest operation counter of each, by place.
    changes: Vec<(ChangeHash, u64)>,
    places: HashMap<ChangeHash, usize>,
    /// The number of each actor's last change.
    seqs: BTreeMap<ActorId, u64>,
}

impl History {
    /// Returns how many changes there are.
    pub const fn len(&self) -> usize {
        self.changes.len()
    }

    /// Says whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Says whether a change is among them.
    pub fn has(&self, hash: &ChangeHash) -> bool {
        self.places.contains_key(hash)
    }

    /// Takes the next change in.
    pub fn push(&mut self, facts: &ChangeFacts) {
        self.places.insert(facts.hash, self.changes.len());
        self.changes.push((facts.hash, facts.max_op()));
        self.seqs.insert(facts.actor, facts.seq);
    }

    /// How many places before the next change one stands: 1 for the last.
    pub(super) fn distance(&self, hash: &ChangeHash) -> Option<u64> {
        let place = self.places.get(hash)?;
        u64::try_from(self.changes.len() - place).ok()
    }

    /// The change that many places before the next one.
    pub(super) fn at_distance(&self, distance: u64) -> Option<ChangeHash> {
        let place = self
            .changes
            .len()
            .checked_sub(usize::try_from(distance).ok()?)?;
        self.changes.get(place).map(|(hash, _)| *hash)
    }

    /// The number that an actor's next change has.
    pub(super) fn next_seq(&self, actor: &ActorId) -> u64 {
        self.seqs
            .get(actor)
            .map_or(1, |last| last.saturating_add(1))
    }

    /// The counter with which the operations of a change begin that has these dependencies, as far as they
    /// are known here.
    pub(super) fn start_op(&self, dependencies: &[ChangeHash]) -> u64 {
        let known = dependencies.iter().filter_map(|hash| self.places.get(hash));
        let counters =
            known.filter_map(|place| self.changes.get(*place).map(|(_, max_op)| *max_op));
        counters.max().map_or(1, |max_op| max_op.saturating_add(1))
    }
}
