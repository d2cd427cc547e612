//! What somebody says who is told that they are out and knows better: the entries that make them a member.
//!
//! A removal may be void by an entry that whoever goes by it has not heard of. Nobody who is out is believed
//! anything: what they show is put into a copy of the set, by the rules for any entry, and is taken only if it makes
//! them a member there. So it could as well have come from somebody who is one.

use std::collections::BTreeMap;

use super::scope::{Places, Scope};
use super::set::Node;
use super::{ControlEntry, ControlKind, ControlSet, Membership};
use crate::ids::{ControlHash, DeviceId, NotebookId};
use crate::limits::{
    OBJECTION_BYTES_MAX, OBJECTION_CHOICES_MAX, OBJECTION_ENTRIES_MAX, OBJECTION_EVERY_MS,
};

impl ControlSet {
    /// Returns the entries that make a device a member's for somebody who holds what is within `known`: as few as
    /// are found, each after its past. Empty where they are too many.
    pub fn objection(&self, device: &DeviceId, known: &[ControlHash]) -> Vec<Vec<u8>> {
        let known = self.places_of(known);
        let mut choices: Vec<Places> = self
            .deciding
            .values()
            .filter(|node| may_readmit(&node.entry.kind) && !known.contains(node.place))
            .map(|node| with_past(node).without(&known))
            .collect();
        let mut all = Places::default();
        for choice in &choices {
            all.extend(choice);
        }
        choices.sort_by_key(Places::len);
        choices.truncate(OBJECTION_CHOICES_MAX);
        choices
            .iter()
            .find(|needed| {
                let mut scope = known.clone();
                scope.extend(needed);
                let members = Membership::resolve_people(self, &Scope::of(scope));
                members.person_of(device).is_some()
            })
            .or(Some(&all))
            .and_then(|needed| entries_at(self, needed))
            .unwrap_or_default()
    }

    /// Reads what a device shows that is out by this set, and returns what of it is new, where with it the device is
    /// a member's. What names a past that is missing, does not check or is too much makes all of it void.
    pub fn heard(&self, device: &DeviceId, shown: &[Vec<u8>]) -> Option<Vec<ControlEntry>> {
        let bytes: usize = shown.iter().map(Vec::len).sum();
        if shown.len() > OBJECTION_ENTRIES_MAX || bytes > OBJECTION_BYTES_MAX {
            return None;
        }
        let mut copy = self.clone();
        let mut taken = Vec::new();
        for bytes in shown {
            if copy.get(&ControlEntry::hash_of(bytes)).is_some() {
                continue;
            }
            let entry = ControlEntry::parse(bytes).ok()?;
            if !entry.heads.iter().all(|head| copy.get(head).is_some()) {
                return None;
            }
            copy.insert(entry.clone()).ok()?;
            taken.push(entry);
        }
        let is_news = !taken.is_empty();
        let is_member = || Membership::resolve(&copy).person_of(device).is_some();
        (is_news && is_member()).then_some(taken)
    }
}

/// Says whether an entry of a kind may make somebody a member again: it admits them, or speaks against whoever
/// ended them.
const fn may_readmit(kind: &ControlKind) -> bool {
    !matches!(
        kind,
        ControlKind::Create { .. }
            | ControlKind::Invite(_)
            | ControlKind::Role { .. }
            | ControlKind::AddMirror { .. }
            | ControlKind::RemoveMirror { .. }
    )
}

fn with_past(node: &Node) -> Places {
    let mut places = node.ancestors.clone();
    places.insert(node.place);
    places
}

/// Returns the bytes of the entries at some places, each after its past; `None` where they are too many.
fn entries_at(set: &ControlSet, places: &Places) -> Option<Vec<Vec<u8>>> {
    if places.len() > OBJECTION_ENTRIES_MAX {
        return None;
    }
    let chosen = set.iter().enumerate();
    let chosen = chosen.filter(|(place, _)| places.contains(*place));
    let entries: Vec<Vec<u8>> = chosen.map(|(_, entry)| entry.as_bytes().to_vec()).collect();
    let bytes: usize = entries.iter().map(Vec::len).sum();
    (bytes <= OBJECTION_BYTES_MAX).then_some(entries)
}

/// When each device was last heard on a notebook that it is out of, or was last told something: each costs
/// signatures and a look at all members, so neither side does it often.
#[derive(Debug, Default)]
pub(crate) struct Hearings(BTreeMap<(NotebookId, DeviceId), u64>);

impl Hearings {
    /// Says whether it is time again, and notes that it is done.
    pub(crate) fn is_due(&mut self, notebook: NotebookId, device: DeviceId, now_ms: u64) -> bool {
        let last_ms = self.0.get(&(notebook, device)).copied();
        // A time that is still to come was noted before the clock went back.
        let is_due =
            last_ms.is_none_or(|last_ms| now_ms.wrapping_sub(last_ms) >= OBJECTION_EVERY_MS);
        if is_due {
            self.0.insert((notebook, device), now_ms);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_device_is_heard_now_and_then_whatever_its_clock_does() {
        let mut hearings = Hearings::default();
        let (notebook, device) = (NotebookId::ZERO, DeviceId::from_bytes([1; 32]));
        let start_ms = 1_000_000;
        assert!(hearings.is_due(notebook, device, start_ms));
        assert!(!hearings.is_due(notebook, device, start_ms + OBJECTION_EVERY_MS - 1));
        assert!(hearings.is_due(notebook, DeviceId::from_bytes([2; 32]), start_ms));
        assert!(hearings.is_due(notebook, device, start_ms + OBJECTION_EVERY_MS));
        assert!(hearings.is_due(notebook, device, start_ms - 1), "set back");
    }
}
