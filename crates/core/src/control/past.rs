//! The set as a graph: its heads, and what lies in the past of what.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::scope::{Places, Scope};
use super::set::Node;
use super::{ControlEntry, ControlSet};
use crate::ids::ControlHash;
use crate::limits::CONTROL_HEADS_MAX;

impl ControlSet {
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

    /// Returns the places of some heads and of their past.
    pub(super) fn places_of(&self, heads: &[ControlHash]) -> Places {
        let mut places = Places::default();
        for node in heads.iter().filter_map(|head| self.nodes.get(head)) {
            places.extend(&node.ancestors);
            places.insert(node.place);
        }
        places
    }

    /// Returns the entries within some heads, the heads included; all without.
    pub(super) fn scope(&self, heads: Option<&[ControlHash]>) -> Scope {
        heads.map_or(Scope::ALL, |heads| Scope::of(self.places_of(heads)))
    }

    /// Returns the entries of a scope that say who is a member, by level, then hash: each follows its past,
    /// and the order depends on nothing but the set.
    pub(super) fn nodes_within<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Node> {
        let deciding = self.deciding.values().map(Arc::as_ref);
        deciding.filter(|node| scope.holds(node.place))
    }
}
