//! Checks changes against their causal history before Automerge sees them.
//!
//! Each check is a function of the change and of what it depends on, never of what else happens
//! to be here, so that every replica decides alike.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use automerge::ChangeHash;

use crate::ids::ActorId;

use super::limits::OBJECT_DEPTH_MAX;
use super::open::{Document, Tip};
use super::refusal::Refusal;
use super::scan::{Change, ChangeFacts, ObjectKind, ObjectRef};

/// What stands against a change.
#[derive(Debug)]
pub(super) enum Objection {
    /// Not all of its dependencies are here.
    Missing,
    /// It is wrong for good.
    Refused(Refusal),
}

/// Where a change that is staged but not applied stands in the history.
#[derive(Debug)]
struct Node {
    actor: ActorId,
    max_op: u64,
    deps: Vec<ChangeHash>,
}

/// A container that a staged change makes.
#[derive(Debug, Clone, Copy)]
struct NewObject {
    depth: usize,
    kind: ObjectKind,
}

/// Containers by who makes them and the counter of the operation.
type NewObjects = Vec<((ActorId, u64), NewObject)>;

/// What staged changes of one document add to it.
#[derive(Debug, Default)]
pub(super) struct Layer {
    nodes: HashMap<ChangeHash, Node>,
    pub(super) tips: BTreeMap<ActorId, Tip>,
    /// The heads after the staged changes; `None` where there are none.
    heads: Option<BTreeSet<ChangeHash>>,
    made: HashMap<(ActorId, u64), NewObject>,
}

impl Layer {
    /// Adds a layer that was staged on top of this one.
    pub(super) fn extend(&mut self, above: Self) {
        self.nodes.extend(above.nodes);
        self.tips.extend(above.tips);
        self.heads = above.heads.or_else(|| self.heads.take());
        self.made.extend(above.made);
    }
}

/// A document with the changes staged for it: those of earlier entries, then those of this one.
pub(super) struct View<'a> {
    pub(super) document: Option<&'a Document>,
    pub(super) below: Option<&'a Layer>,
    pub(super) above: &'a mut Layer,
}

impl View<'_> {
    /// Says whether a change is here or staged.
    pub(super) fn has(&self, hash: &ChangeHash) -> bool {
        self.node(hash).is_some() || self.document.is_some_and(|document| document.has(hash))
    }

    fn node(&self, hash: &ChangeHash) -> Option<&Node> {
        self.above
            .nodes
            .get(hash)
            .or_else(|| self.below?.nodes.get(hash))
    }

    fn tip(&self, actor: &ActorId) -> Option<&Tip> {
        self.above
            .tips
            .get(actor)
            .or_else(|| self.below?.tips.get(actor))
            .or_else(|| self.document?.tips.get(actor))
    }

    /// Checks one change and stages it.
    ///
    /// # Errors
    /// [`Objection`] says what stands against it; nothing is staged then.
    pub(super) fn stage(&mut self, actor: ActorId, change: &Change) -> Result<(), Objection> {
        let facts = change.facts();
        if facts.actor != actor {
            return Err(Objection::Refused(Refusal::ForgedActor));
        }
        self.check_place(facts)?;
        self.check_start(facts).map_err(Objection::Refused)?;
        let seen = self.check_references(facts).map_err(Objection::Refused)?;
        self.check_targets(facts).map_err(Objection::Refused)?;
        let made = self.check_depth(facts).map_err(Objection::Refused)?;
        self.add(facts, seen, made);
        Ok(())
    }

    /// The number follows the actor's last, everything it depends on is here, and that includes
    /// the actor's last change.
    fn check_place(&self, facts: &ChangeFacts) -> Result<(), Objection> {
        let tip = self.tip(&facts.actor);
        let expected = tip.map_or(1, |tip| tip.seq + 1);
        if facts.seq < expected {
            return Err(Objection::Refused(Refusal::DuplicateSeq { seq: facts.seq }));
        }
        if !facts.deps.iter().all(|dep| self.has(dep)) {
            return Err(Objection::Missing);
        }
        if facts.seq > expected {
            return Err(Objection::Refused(Refusal::SeqGap {
                expected,
                found: facts.seq,
            }));
        }
        match tip {
            Some(tip) if facts.deps.binary_search(&tip.hash).is_err() => {
                Err(Objection::Refused(Refusal::NotOnPredecessor {
                    seq: facts.seq,
                }))
            }
            _ => Ok(()),
        }
    }

    fn check_start(&self, facts: &ChangeFacts) -> Result<(), Refusal> {
        let mut largest = 0;
        for dep in &facts.deps {
            let staged = self.node(dep).map(|node| node.max_op);
            let known = staged.or_else(|| self.document?.max_op(dep));
            largest = largest.max(known.unwrap_or(0));
        }
        let expected = largest + 1;
        if facts.start_op == expected {
            Ok(())
        } else {
            Err(Refusal::StartOperation {
                expected,
                found: facts.start_op,
            })
        }
    }

    /// Every operation referred to lies in the history of the change. Returns the new lower bound
    /// of what the actor has seen.
    fn check_references(
        &self,
        facts: &ChangeFacts,
    ) -> Result<Arc<BTreeMap<ActorId, u64>>, Refusal> {
        let mut seen = self
            .tip(&facts.actor)
            .map(|tip| Arc::clone(&tip.seen))
            .unwrap_or_default();
        let is_seen = |seen: &BTreeMap<ActorId, u64>| {
            facts
                .references
                .iter()
                .all(|reference| seen.get(&reference.actor) >= Some(&reference.counter))
        };
        if facts.references.is_empty() || is_seen(&seen) {
            return Ok(seen);
        }
        let history = if self.is_at_heads(facts) {
            self.everything()
        } else {
            self.history(facts)
        };
        if !is_seen(&history) {
            return Err(Refusal::UnknownReference);
        }
        for reference in &facts.references {
            if let Some(counter) = history.get(&reference.actor)
                && seen.get(&reference.actor) < Some(counter)
            {
                Arc::make_mut(&mut seen).insert(reference.actor, *counter);
            }
        }
        Ok(seen)
    }

    /// Says whether the change was written on top of all that is here.
    fn is_at_heads(&self, facts: &ChangeFacts) -> bool {
        let staged = self
            .above
            .heads
            .as_ref()
            .or_else(|| self.below?.heads.as_ref());
        match (staged, self.document) {
            (Some(heads), _) => heads.iter().eq(&facts.deps),
            (None, Some(document)) => document.automerge.get_heads() == facts.deps,
            (None, None) => facts.deps.is_empty(),
        }
    }

    /// The newest operation of every actor.
    fn everything(&self) -> BTreeMap<ActorId, u64> {
        let layers = [
            self.document.map(|document| &document.tips),
            self.below.map(|layer| &layer.tips),
        ];
        let newer = core::iter::once(&self.above.tips);
        let tips = layers.into_iter().flatten().chain(newer).flatten();
        tips.map(|(actor, tip)| (*actor, tip.max_op)).collect()
    }

    /// The newest operation of every actor in the history of a change.
    fn history(&self, facts: &ChangeFacts) -> BTreeMap<ActorId, u64> {
        let mut applied = Vec::new();
        let mut staged: BTreeMap<ActorId, u64> = BTreeMap::new();
        let mut visited: BTreeSet<ChangeHash> = BTreeSet::new();
        let mut next = facts.deps.clone();
        while let Some(hash) = next.pop() {
            if !visited.insert(hash) {
                continue;
            }
            match self.node(&hash) {
                Some(node) => {
                    let counter = staged.entry(node.actor).or_default();
                    *counter = (*counter).max(node.max_op);
                    next.extend(&node.deps);
                }
                None => applied.push(hash),
            }
        }
        let mut history = self
            .document
            .map(|document| document.seen_at(&applied))
            .unwrap_or_default();
        for (actor, counter) in staged {
            let newest = history.entry(actor).or_default();
            *newest = (*newest).max(counter);
        }
        history
    }

    /// Everything written into is a container of the right sort.
    fn check_targets(&self, facts: &ChangeFacts) -> Result<(), Refusal> {
        for target in &facts.targets {
            let kind = self
                .kind(facts, target.object)
                .ok_or(Refusal::NoSuchObject)?;
            if target.sequence == (kind == ObjectKind::Map) {
                return Err(Refusal::NoSuchObject);
            }
        }
        Ok(())
    }

    fn kind(&self, facts: &ChangeFacts, object: ObjectRef) -> Option<ObjectKind> {
        match object {
            ObjectRef::Root => Some(ObjectKind::Map),
            ObjectRef::Made { actor, counter } if is_own(facts, actor, counter) => {
                let at = facts
                    .made
                    .binary_search_by_key(&counter, |made| made.counter)
                    .ok()?;
                facts.made.get(at).map(|made| made.kind)
            }
            ObjectRef::Made { actor, counter } => match self.new_object(actor, counter) {
                Some(new) => Some(new.kind),
                None => self.document?.kind(object),
            },
        }
    }

    fn new_object(&self, actor: ActorId, counter: u64) -> Option<NewObject> {
        let key = (actor, counter);
        self.above
            .made
            .get(&key)
            .or_else(|| self.below?.made.get(&key))
            .copied()
    }

    /// Nothing made lies deeper than the limit. Returns the depth of each.
    fn check_depth(&self, facts: &ChangeFacts) -> Result<NewObjects, Refusal> {
        let mut new = NewObjects::with_capacity(facts.made.len());
        let mut known: HashMap<ObjectRef, usize> = HashMap::new();
        for made in &facts.made {
            let depth = match made.parent {
                ObjectRef::Root => 0,
                ObjectRef::Made { actor, counter } if is_own(facts, actor, counter) => {
                    let at = new.binary_search_by_key(&counter, |((_, counter), _)| *counter);
                    let parent = at.ok().and_then(|at| new.get(at));
                    parent.ok_or(Refusal::NoSuchObject)?.1.depth
                }
                ObjectRef::Made { actor, counter } => match known.get(&made.parent) {
                    Some(depth) => *depth,
                    None => {
                        let staged = self.new_object(actor, counter).map(|new| new.depth);
                        let depth = staged
                            .or_else(|| self.document?.depth(made.parent))
                            .ok_or(Refusal::NoSuchObject)?;
                        known.insert(made.parent, depth);
                        depth
                    }
                },
            };
            if depth >= OBJECT_DEPTH_MAX {
                return Err(Refusal::TooDeep);
            }
            let object = NewObject {
                depth: depth + 1,
                kind: made.kind,
            };
            new.push(((facts.actor, made.counter), object));
        }
        Ok(new)
    }

    fn add(&mut self, facts: &ChangeFacts, seen: Arc<BTreeMap<ActorId, u64>>, made: NewObjects) {
        let mut heads = self
            .above
            .heads
            .take()
            .or_else(|| self.below?.heads.clone())
            .or_else(|| Some(self.document?.automerge.get_heads().into_iter().collect()))
            .unwrap_or_default();
        for dep in &facts.deps {
            heads.remove(dep);
        }
        heads.insert(facts.hash);
        self.above.heads = Some(heads);
        self.above.tips.insert(facts.actor, Tip::new(facts, seen));
        self.above.made.extend(made);
        let node = Node {
            actor: facts.actor,
            max_op: facts.max_op(),
            deps: facts.deps.clone(),
        };
        self.above.nodes.insert(facts.hash, node);
    }
}

/// Says whether an operation belongs to the change itself.
fn is_own(facts: &ChangeFacts, actor: ActorId, counter: u64) -> bool {
    actor == facts.actor && counter >= facts.start_op
}
