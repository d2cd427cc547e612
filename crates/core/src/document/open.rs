//! One open document: Automerge's own, and the last change of each actor in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use automerge::{Automerge, ChangeHash, ObjType, ReadDoc};

use crate::ids::ActorId;

use super::quiet::contain;
use super::scan::{ChangeFacts, ObjectKind, ObjectRef, scan};

/// Why saved bytes are not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Automerge cannot read them.
    #[error("the saved copy of the document cannot be read ({0}), rebuild it from its log")]
    Damaged(String),
    /// A change in it was written by an actor whose id is not 16 bytes long.
    #[error("the saved copy of the document names a foreign actor, rebuild it from its log")]
    ForeignActor,
}

/// The newest change of an actor in one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) seq: u64,
    pub(super) hash: ChangeHash,
    pub(super) max_op: u64,
    /// Operations of other actors that this one is known to have seen: a lower bound, which saves
    /// walking the history for every change.
    pub(super) seen: Arc<BTreeMap<ActorId, u64>>,
}

impl Tip {
    pub(super) fn new(facts: &ChangeFacts, seen: Arc<BTreeMap<ActorId, u64>>) -> Self {
        Self {
            seq: facts.seq,
            hash: facts.hash,
            max_op: facts.max_op(),
            seen,
        }
    }
}

/// An open document.
///
/// It reads as an [`Automerge`] and changes only through a [`DocumentSet`](super::DocumentSet).
#[derive(Debug, Clone, Default)]
pub struct Document {
    pub(super) automerge: Automerge,
    pub(super) tips: BTreeMap<ActorId, Tip>,
}

impl Document {
    /// Makes an empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// Loads what [`Document::save`] wrote.
    ///
    /// Only for a device's own sealed copies: loading does not check the order of operations, so
    /// a crafted copy with every hash intact would show another text.
    ///
    /// # Errors
    /// [`LoadError::Damaged`] where Automerge cannot read the bytes, [`LoadError::ForeignActor`]
    /// where an actor id is not 16 bytes long.
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        let automerge = contain(|| Automerge::load(bytes))
            .map_err(LoadError::Damaged)?
            .map_err(|error| LoadError::Damaged(error.to_string()))?;
        let mut tips: BTreeMap<ActorId, Tip> = BTreeMap::new();
        for change in automerge.get_changes_meta(&[]) {
            let actor = change
                .actor
                .to_bytes()
                .try_into()
                .map_err(|_| LoadError::ForeignActor)?;
            let tip = Tip {
                seq: change.seq,
                hash: change.hash,
                max_op: change.max_op,
                seen: Arc::default(),
            };
            let newest = tips
                .entry(ActorId::from_bytes(actor))
                .or_insert_with(|| tip.clone());
            if newest.seq < tip.seq {
                *newest = tip;
            }
        }
        Ok(Self { automerge, tips })
    }

    /// Saves the document for [`Document::load`] on this device.
    pub fn save(&self) -> Vec<u8> {
        self.automerge.save()
    }

    /// Returns the document to read from.
    pub const fn automerge(&self) -> &Automerge {
        &self.automerge
    }

    /// Returns the last change of `actor` in this document, where it made any.
    ///
    /// It is written anew from what the document holds, which takes microseconds.
    pub fn last_change(&self, actor: &ActorId) -> Option<LastChange> {
        let hash = self.tips.get(actor)?.hash;
        let change = contain(|| self.automerge.get_change_by_hash(&hash))
            .ok()
            .flatten()?;
        scan(change.raw_bytes())
            .ok()
            .map(|change| LastChange::of(change.facts()))
    }

    /// Returns the hash of every actor's last change, in ascending order of actor.
    pub fn tips(&self) -> impl Iterator<Item = (ActorId, ChangeHash)> + '_ {
        self.tips.iter().map(|(actor, tip)| (*actor, tip.hash))
    }

    /// Says whether a change is here.
    pub(super) fn has(&self, hash: &ChangeHash) -> bool {
        self.tip(hash).is_some() || self.automerge.get_change_meta_by_hash(hash).is_some()
    }

    /// Returns the largest operation counter of a change that is here.
    pub(super) fn max_op(&self, hash: &ChangeHash) -> Option<u64> {
        self.tip(hash).map(|tip| tip.max_op).or_else(|| {
            let change = self.automerge.get_change_meta_by_hash(hash)?;
            Some(change.max_op)
        })
    }

    /// Returns an actor's last change by its hash. Most changes are written on top of one, and there
    /// are few actors.
    fn tip(&self, hash: &ChangeHash) -> Option<&Tip> {
        self.tips.values().find(|tip| tip.hash == *hash)
    }

    /// Returns the largest operation counter of each actor in the history of `heads`, which must
    /// be here.
    pub(super) fn seen_at(&self, heads: &[ChangeHash]) -> BTreeMap<ActorId, u64> {
        let mut seen: BTreeMap<ActorId, u64> = self
            .tips
            .iter()
            .map(|(actor, tip)| (*actor, tip.max_op))
            .collect();
        if heads.is_empty() {
            seen.clear();
            return seen;
        }
        // What remains are the changes outside the history: each cuts its actor off before it.
        for change in self.automerge.get_changes_meta(heads) {
            if let Ok(actor) = change.actor.to_bytes().try_into()
                && let Some(counter) = seen.get_mut(&ActorId::from_bytes(actor))
            {
                *counter = (*counter).min(change.start_op.saturating_sub(1));
            }
        }
        seen
    }

    /// Returns what an object is, where it exists.
    pub(super) fn kind(&self, object: ObjectRef) -> Option<ObjectKind> {
        match self.automerge.object_type(object_id(object)).ok()? {
            ObjType::Map | ObjType::Table => Some(ObjectKind::Map),
            ObjType::List => Some(ObjectKind::List),
            ObjType::Text => Some(ObjectKind::Text),
        }
    }

    /// Returns how deep an object lies; the root lies at zero.
    pub(super) fn depth(&self, object: ObjectRef) -> Option<usize> {
        let found = contain(|| {
            let parents = self.automerge.parents(object_id(object));
            parents.ok().map(Iterator::count)
        });
        // The library asks on the way whether each parent is visible, and its own tests of the answer can
        // fail where people made objects under one key at once. How deep it lies does not turn on that.
        found.unwrap_or_else(|_| self.depth_by_changes(object))
    }

    /// Returns how deep an object lies by what the changes say that made it and what it lies in.
    fn depth_by_changes(&self, mut object: ObjectRef) -> Option<usize> {
        let changes = self.automerge.get_changes(&[]);
        let mut parents: HashMap<(ActorId, u64), ObjectRef> = HashMap::new();
        for change in &changes {
            let change = scan(change.raw_bytes()).ok()?;
            let facts = change.facts();
            let made = facts.made.iter();
            parents.extend(made.map(|made| ((facts.actor, made.counter), made.parent)));
        }
        let mut depth = 0;
        while let ObjectRef::Made { actor, counter } = object {
            object = *parents.get(&(actor, counter))?;
            depth += 1;
        }
        Some(depth)
    }
}

/// The last change of one actor in one document: what the actor's next change builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// Names it.
    pub hash: ChangeHash,
    /// Its number among the actor's changes to the document.
    pub seq: u64,
    /// The counter of its last operation.
    pub max_op: u64,
    /// When it was written, in seconds since 1970.
    pub timestamp: i64,
    /// The other actors that it refers to, in ascending order.
    pub others: Vec<ActorId>,
}

impl LastChange {
    /// Takes what is needed from a change.
    pub fn of(facts: &ChangeFacts) -> Self {
        Self {
            hash: facts.hash,
            seq: facts.seq,
            max_op: facts.max_op(),
            timestamp: facts.timestamp,
            others: facts.other_actors().collect(),
        }
    }
}

/// Names an object as Automerge does; the actor's index is only a hint, and a wrong one is found
/// out by comparing.
pub(super) fn object_id(object: ObjectRef) -> automerge::ObjId {
    match object {
        ObjectRef::Root => automerge::ObjId::Root,
        ObjectRef::Made { actor, counter } => {
            automerge::ObjId::Id(counter, automerge_actor(&actor), 0)
        }
    }
}

/// Wraps an actor id as Automerge does.
pub(super) fn automerge_actor(actor: &ActorId) -> automerge::ActorId {
    automerge::ActorId::from(actor.as_bytes().as_slice())
}
