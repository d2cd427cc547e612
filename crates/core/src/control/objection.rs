//! What somebody says who is told that they are out and knows better: the entries that make them a member.
//!
//! A removal may be void by an entry that whoever goes by it has not heard of. Nobody who is out is believed
//! anything: what they show is put into a copy of the set, by the rules for any entry, and is taken only if it makes
//! them a member there. So it could as well have come from somebody who is one. Where that takes more than fits into one frame,
//! it is shown in rounds, each of which has to check.

use std::collections::BTreeMap;

use super::scope::{Places, Scope};
use super::set::Node;
use super::{ControlEntry, ControlKind, ControlSet, Membership};
use crate::ids::{ControlHash, DeviceId, NotebookId};
use crate::limits::{
    CONTROL_BYTES_MAX, OBJECTION_BYTES_MAX, OBJECTION_CHOICES_MAX, OBJECTION_ENTRIES_MAX,
    OBJECTION_EVERY_MS, OBJECTION_ROUNDS_MAX,
};

impl ControlSet {
    /// Returns the entries that make a device a member's for somebody who holds what is within `known` and the entries
    /// `shown` before: as few as are found, each after its past; of too many for one round the first. Empty where
    /// nothing is left to show, or it takes more than all rounds.
    pub fn objection(
        &self,
        device: &DeviceId,
        known: &[ControlHash],
        shown: &[ControlHash],
    ) -> Vec<Vec<u8>> {
        let known = self.places_of(&[known, shown].concat());
        let mut choices: Vec<Places> = self
            .deciding
            .values()
            .filter(|node| may_readmit(&node.entry.kind))
            .map(|node| with_past(node).without(&known))
            .filter(|needed| !needed.is_empty())
            .collect();
        let mut all = Places::default();
        for choice in &choices {
            all.extend(choice);
        }
        choices.sort_by_key(Places::len);
        choices.truncate(OBJECTION_CHOICES_MAX);
        let needed = choices.iter().find(|needed| {
            let mut scope = known.clone();
            scope.extend(needed);
            let members = Membership::resolve_people(self, &Scope::of(scope));
            members.person_of(device).is_some()
        });
        let needed = needed.unwrap_or(&all);
        if shown.len() + needed.len() > OBJECTION_ROUNDS_MAX * OBJECTION_ENTRIES_MAX {
            return Vec::new();
        }
        first_at(self, needed)
    }

    /// Reads what a device shows that is out by this set, and returns what of it is new, where with it the device is
    /// a member's. What names a past that is missing, does not check or is too much makes all of it void.
    pub fn heard(&self, device: &DeviceId, shown: &[Vec<u8>]) -> Option<Vec<ControlEntry>> {
        match Hearing::of(self).hear(device, shown) {
            Heard::Member(taken) => Some(taken),
            Heard::More(_) | Heard::Nothing => None,
        }
    }

    /// Returns a copy with what somebody shows, and what of it is new; `None` where that is nothing, or where any of it
    /// names a past that is missing or does not check, or it is too much.
    pub(crate) fn with_shown(&self, shown: &[Vec<u8>]) -> Option<(Self, Vec<ControlEntry>)> {
        let mut hearing = Hearing::of(self);
        hearing.take(shown).then_some((hearing.copy, hearing.taken))
    }
}

/// What somebody who is out has shown so far: on a copy of the set, of which nothing is kept before it makes them a
/// member.
#[derive(Debug)]
pub(crate) struct Hearing {
    copy: ControlSet,
    /// How many entries the set had: one that has changed since is to be told from the start.
    base: usize,
    taken: Vec<ControlEntry>,
    rounds: usize,
}

/// What a round of showing came to.
#[derive(Debug)]
pub(crate) enum Heard {
    /// With it the device is a member's: what is new.
    Member(Vec<ControlEntry>),
    /// It all checks, and there is more than fits into a round.
    More(Box<Hearing>),
    /// It is void.
    Nothing,
}

impl Hearing {
    /// Begins with what a set holds.
    pub(crate) fn of(set: &ControlSet) -> Self {
        Self {
            copy: set.clone(),
            base: set.len(),
            taken: Vec::new(),
            rounds: 0,
        }
    }

    /// Says whether this began with what a set holds still.
    pub(crate) fn is_of(&self, set: &ControlSet) -> bool {
        self.base == set.len()
    }

    /// Takes a round of what a device shows.
    pub(crate) fn hear(mut self, device: &DeviceId, shown: &[Vec<u8>]) -> Heard {
        self.rounds += 1;
        if !self.take(shown) {
            return Heard::Nothing;
        }
        if Membership::resolve(&self.copy).person_of(device).is_some() {
            return Heard::Member(self.taken);
        }
        if is_full(shown) && self.rounds < OBJECTION_ROUNDS_MAX {
            return Heard::More(Box::new(self));
        }
        Heard::Nothing
    }

    /// Puts what is shown into the copy; says whether all of it checks, and any of it is new.
    fn take(&mut self, shown: &[Vec<u8>]) -> bool {
        if shown.len() > OBJECTION_ENTRIES_MAX || bytes_of(shown) > OBJECTION_BYTES_MAX {
            return false;
        }
        let before = self.taken.len();
        for bytes in shown {
            if self.copy.get(&ControlEntry::hash_of(bytes)).is_some() {
                continue;
            }
            let Ok(entry) = ControlEntry::parse(bytes) else {
                return false;
            };
            let mut heads = entry.heads.iter();
            if !heads.all(|head| self.copy.get(head).is_some()) {
                return false;
            }
            if self.copy.insert(entry.clone()).is_err() {
                return false;
            }
            self.taken.push(entry);
        }
        self.taken.len() > before
    }
}

fn bytes_of(shown: &[Vec<u8>]) -> usize {
    shown.iter().map(Vec::len).sum()
}

/// Says whether one more entry might not have had room in a round.
fn is_full(shown: &[Vec<u8>]) -> bool {
    shown.len() >= OBJECTION_ENTRIES_MAX
        || bytes_of(shown) + CONTROL_BYTES_MAX > OBJECTION_BYTES_MAX
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

/// Returns the bytes of the entries at some places, each after its past: of too many the first ones that fit.
fn first_at(set: &ControlSet, places: &Places) -> Vec<Vec<u8>> {
    let chosen = set.iter().enumerate();
    let chosen = chosen.filter(|(place, _)| places.contains(*place));
    let mut bytes_left = OBJECTION_BYTES_MAX;
    chosen
        .take(OBJECTION_ENTRIES_MAX)
        .map_while(|(_, entry)| {
            bytes_left = bytes_left.checked_sub(entry.as_bytes().len())?;
            Some(entry.as_bytes().to_vec())
        })
        .collect()
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
