//! What stands on a branch that does not count, together with what it builds on.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash, ObjId};

use crate::ids::ActorId;

use super::again::AgainError;
use super::quiet::contain;
use super::scan::Change;

/// A document that holds what does not count, together with what it builds on.
#[derive(Debug)]
pub struct LostSide {
    pub(super) document: Automerge,
    /// The operations that only it holds. The other branch of a forked log may use the same numbers for
    /// something else.
    operations: BTreeMap<ActorId, Vec<std::ops::RangeInclusive<u64>>>,
}

impl LostSide {
    /// Says whether an operation is on this side only.
    fn is_alone(&self, actor: &[u8], counter: u64) -> bool {
        let actor: Result<[u8; ActorId::LEN], _> = actor.try_into();
        actor.is_ok_and(|actor| {
            let operations = self.operations.get(&ActorId::from_bytes(actor));
            operations.is_some_and(|spans| spans.iter().any(|span| span.contains(&counter)))
        })
    }

    pub(super) fn is_object_alone(&self, object: &ObjId) -> bool {
        match object {
            ObjId::Root => false,
            ObjId::Id(counter, actor, _) => self.is_alone(actor.to_bytes(), *counter),
        }
    }

    /// Reads the element out of a cursor, in the layout of Automerge's version 1.
    pub(super) fn is_element_alone(&self, element: &[u8]) -> bool {
        const HEAD: usize = 3;
        let actor = element.get(HEAD..HEAD + ActorId::LEN);
        let counter = element.get(HEAD + ActorId::LEN..).unwrap_or_default();
        let (mut value, mut shift) = (0_u64, 0);
        for byte in counter {
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        actor.is_some_and(|actor| self.is_alone(actor, value))
    }
}

/// Returns a document that holds `changes`, each after what it depends on, and what of `document` they build
/// on.
///
/// # Errors
/// [`AgainError`] where Automerge does not take them.
pub fn lost_side(document: &Automerge, changes: &[Change]) -> Result<LostSide, AgainError> {
    let built = contain(|| {
        let mut shared: Vec<ChangeHash> = changes
            .iter()
            .flat_map(|change| &change.facts().deps)
            .filter(|dep| document.get_change_meta_by_hash(dep).is_some())
            .copied()
            .collect();
        shared.sort_unstable();
        shared.dedup();
        let mut side = document.fork_at(&shared)?;
        let decoded = changes
            .iter()
            .map(|change| automerge::Change::try_from(change.bytes()));
        let decoded = decoded
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| AgainError::Automerge(error.to_string()))?;
        side.apply_changes(decoded)?;
        let mut operations: BTreeMap<ActorId, Vec<_>> = BTreeMap::new();
        for change in changes {
            let facts = change.facts();
            let spans = operations.entry(facts.actor).or_default();
            spans.push(facts.start_op..=facts.max_op());
        }
        Ok(LostSide {
            document: side,
            operations,
        })
    });
    built.unwrap_or_else(|panic| Err(AgainError::Panicked(panic)))
}

/// Returns the changes that `wanted` depend on among `held`, and themselves, each after what it depends on.
/// `held` is in such an order.
pub fn with_dependencies(held: &[Change], wanted: &[ChangeHash]) -> Vec<Change> {
    let by_hash: BTreeMap<ChangeHash, usize> = held
        .iter()
        .enumerate()
        .map(|(place, change)| (change.facts().hash, place))
        .collect();
    let mut places: BTreeSet<usize> = BTreeSet::new();
    let mut next: Vec<ChangeHash> = wanted.to_vec();
    while let Some(hash) = next.pop() {
        if let Some(place) = by_hash.get(&hash)
            && places.insert(*place)
            && let Some(change) = held.get(*place)
        {
            next.extend(&change.facts().deps);
        }
    }
    places
        .into_iter()
        .filter_map(|place| held.get(place).cloned())
        .collect()
}
