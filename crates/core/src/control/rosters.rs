//! What the control entries of a notebook say of people's devices.
//!
//! Invariant: a roster entry is known as of a scope only where a control entry of that scope brought it.
//! What the set holds of somebody beyond a scope changes no answer about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::scope::Scope;
use super::{ControlEntry, ControlKind};
use crate::identity::{DeviceCard, Roster, RosterView};
use crate::ids::{ControlHash, DeviceId, PersonId, RecoveryId, RosterHash};

/// An entry that names a device, and the person whose it says the device is.
#[derive(Debug, Clone, Copy)]
struct Naming {
    person: PersonId,
    entry: ControlHash,
    place: usize,
}

/// The copies of people's rosters in one set.
#[derive(Debug, Clone, Default)]
pub(super) struct Rosters {
    devices: BTreeMap<DeviceId, (PersonId, DeviceCard)>,
    naming: BTreeMap<DeviceId, Vec<Naming>>,
    /// All that the set holds of each person's roster.
    rosters: BTreeMap<PersonId, Arc<Roster>>,
    /// The control entries that brought each roster entry, with their places.
    carriers: BTreeMap<RosterHash, Vec<(ControlHash, usize)>>,
}

impl Rosters {
    /// Returns the card of a device where an entry of the scope names it.
    pub(super) fn card_within(&self, device: &DeviceId, scope: &Scope) -> Option<&DeviceCard> {
        let mut naming = self.naming.get(device)?.iter();
        if naming.any(|naming| scope.holds(naming.place)) {
            self.devices.get(device).map(|(_, card)| card)
        } else {
            None
        }
    }

    /// Returns the roster with the entry that a control entry carries, where the past of the control entry
    /// holds all that it builds on.
    pub(super) fn extended(&self, entry: &ControlEntry, past: &Scope) -> Option<Roster> {
        let carried = entry.kind.carried()?;
        let brings_past = carried
            .parents
            .iter()
            .all(|parent| self.is_carried_within(parent, past));
        let mut roster = self
            .rosters
            .get(&carried.person)
            .filter(|_| brings_past)
            .map(|roster| Roster::clone(roster))?;
        roster.insert(carried.clone()).ok()?;
        Some(roster)
    }

    /// Takes over the roster that an entry's carried one was added to.
    pub(super) fn learn_carried(&mut self, roster: Roster, entry: &ControlEntry, place: usize) {
        let Some(carried) = entry.kind.carried() else {
            return;
        };
        let carriers = self.carriers.entry(carried.hash()).or_default();
        carriers.push((entry.hash(), place));
        if let Some(card) = carried.kind.added() {
            self.learn_device(carried.person, card, entry.hash(), place);
        }
        self.rosters.insert(carried.person, Arc::new(roster));
    }

    /// Takes over the whole roster that a `create` or an admission brings.
    pub(super) fn learn_whole(&mut self, entry: &ControlEntry, place: usize) {
        let roster = match &entry.kind {
            ControlKind::Create { roster, .. } => roster,
            ControlKind::Admit(admit) => &admit.roster,
            _ => return,
        };
        let (person, hash) = (roster.person(), entry.hash());
        let known = self
            .rosters
            .entry(person)
            .or_insert_with(|| Arc::new((**roster).clone()));
        if !known.holds_all_of(roster) {
            // One that is too long in all is a flood of that person's own; what is known of it stays.
            let _fits = Arc::make_mut(known).merge(roster);
        }
        for brought in roster.entries() {
            if !known.contains(&brought.hash()) {
                continue;
            }
            let carriers = self.carriers.entry(brought.hash()).or_default();
            carriers.push((hash, place));
        }
        for brought in roster.entries() {
            if let Some(card) = brought.kind.added() {
                self.learn_device(person, card, hash, place);
            }
        }
    }

    /// Notes whose device this is. Where two people claim one device, the lower person has it, since the
    /// answer must not depend on whose claim arrived first; standing never rests on it.
    fn learn_device(
        &mut self,
        person: PersonId,
        card: &DeviceCard,
        entry: ControlHash,
        place: usize,
    ) {
        let naming = Naming {
            person,
            entry,
            place,
        };
        self.naming.entry(card.id()).or_default().push(naming);
        let known = self
            .devices
            .entry(card.id())
            .or_insert_with(|| (person, card.clone()));
        known.0 = known.0.min(person);
    }

    /// Returns whose live device signed an entry, as of the entry's own past with what it carries: a device
    /// that was just added may say so itself, and none may take itself off.
    pub(super) fn author_within(
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
            .filter(|naming| past.holds(naming.place))
            .map(|naming| naming.person)
            .chain(added)
            .collect();
        persons.retain(|person| {
            let view = match extended.filter(|roster| roster.person() == *person) {
                Some(roster) => roster.view_of(|hash| {
                    carried.is_some_and(|carried| carried.hash() == *hash)
                        || self.is_carried_within(hash, past)
                }),
                None => self.view_within(person, past),
            };
            view.is_some_and(|view| view.devices.contains_key(&entry.device))
        });
        persons.first().copied()
    }

    fn is_carried_within(&self, hash: &RosterHash, scope: &Scope) -> bool {
        let mut carriers = self.carriers.get(hash).into_iter().flatten();
        carriers.any(|(_, place)| scope.holds(*place))
    }

    /// Returns what a person's roster says as of a scope.
    pub(super) fn view_within(&self, person: &PersonId, scope: &Scope) -> Option<RosterView> {
        let roster = self.rosters.get(person)?;
        roster.view_of(|hash| self.is_carried_within(hash, scope))
    }

    /// Returns what each person's roster says as of a scope, where it says anything.
    pub(super) fn views_within(&self, scope: &Scope) -> BTreeMap<PersonId, RosterView> {
        self.rosters
            .keys()
            .filter_map(|person| Some((*person, self.view_within(person, scope)?)))
            .collect()
    }

    /// Returns all that is known of a person's roster.
    pub(super) fn of(&self, person: &PersonId) -> Option<&Roster> {
        self.rosters.get(person).map(Arc::as_ref)
    }

    /// Returns whose recovery card this is or was.
    pub(super) fn recovery_owner(&self, card: &RecoveryId) -> Option<PersonId> {
        let owns = |roster: &Roster| {
            let mut cards = roster.entries().filter_map(|entry| entry.kind.recovery());
            cards.any(|known| known.id() == *card)
        };
        self.rosters
            .iter()
            .find(|(_, roster)| owns(roster))
            .map(|(person, _)| *person)
    }

    /// Returns the control entries that brought a roster entry, in the order in which they came.
    pub(super) fn carriers(&self, hash: &RosterHash) -> impl Iterator<Item = &ControlHash> {
        let carriers = self.carriers.get(hash).into_iter().flatten();
        carriers.map(|(carrier, _)| carrier)
    }

    /// Returns the control entries that name a device, in the order in which they came.
    pub(super) fn naming(&self, device: &DeviceId) -> impl Iterator<Item = &ControlHash> {
        let naming = self.naming.get(device).into_iter().flatten();
        naming.map(|naming| &naming.entry)
    }

    /// Returns a device's person and card, as any entry of the set names them.
    pub(super) fn device(&self, device: &DeviceId) -> Option<(PersonId, &DeviceCard)> {
        self.devices
            .get(device)
            .map(|(person, card)| (*person, card))
    }

    /// Returns every device that any entry of the set names, with its person.
    pub(super) fn devices(&self) -> impl Iterator<Item = (PersonId, &DeviceCard)> {
        self.devices.values().map(|(person, card)| (*person, card))
    }
}
