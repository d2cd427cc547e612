//! Who the members say they are: names, device labels and roles out of sealed labels.

use super::Replica;
use crate::control::{ControlEntry, ControlKind, Label, Role};
use crate::ids::{ControlHash, DeviceId, PersonId};

/// Where a profile's words come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileSource {
    /// The sealed label of their admission.
    Admission,
    /// Nothing that this device can open: the id stands in.
    Unknown,
}

/// How a member is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The person.
    pub person: PersonId,
    /// Their name as they gave it; the beginning of their id where it is unknown.
    pub name: String,
    /// What they are called in the relationship.
    pub role: Role,
    /// The device that they came with, and its label.
    pub device: Option<(DeviceId, String)>,
    /// Where the words come from.
    pub source: ProfileSource,
}

impl Replica {
    /// Returns how a member is called.
    pub fn profile(&self, person: PersonId) -> Profile {
        let mut profile = Profile {
            person,
            name: person.to_string().chars().take(8).collect(),
            role: Role::Peer,
            device: None,
            source: ProfileSource::Unknown,
        };
        if let Some(member) = self.membership.member(&person) {
            profile.role = if member.rights.may_write {
                Role::Peer
            } else {
                Role::Observer
            };
        }
        if let Some((Label::Member { name, device, role }, device_id)) = self.member_label(person) {
            profile.name = name;
            profile.role = role;
            profile.device = device_id.map(|id| (id, device));
            profile.source = ProfileSource::Admission;
        }
        profile
    }

    /// Returns a device's label, where the admission of its person names it.
    pub fn device_label(&self, device: DeviceId) -> Option<String> {
        if let Some(label) = self.added_label(device) {
            return Some(label);
        }
        let (person, _) = self.controls.device(&device)?;
        self.profile(person)
            .device
            .and_then(|(id, label)| (id == device).then_some(label))
            .or_else(|| self.told_label(device))
    }

    /// Returns the label that a device gave itself, in a grant to itself.
    fn told_label(&self, device: DeviceId) -> Option<String> {
        self.controls
            .self_grants(&device)
            .filter_map(|entry| match self.open_label(entry) {
                Some(Label::Device { device }) => Some(device),
                _ => None,
            })
            .last()
    }

    /// Returns the label of a device that was added after its person had joined.
    fn added_label(&self, device: DeviceId) -> Option<String> {
        self.controls
            .carriers_of(&device)
            .filter_map(|entry| match self.open_label(entry) {
                Some(Label::Device { device }) => Some(device),
                _ => None,
            })
            .last()
    }

    /// Returns the members' profiles, by person.
    pub fn profiles(&self) -> Vec<Profile> {
        self.membership
            .members()
            .keys()
            .map(|person| self.profile(*person))
            .collect()
    }

    /// Returns the profiles of people who are no members, as far as the notebook ever let them in.
    pub fn former_profiles(&self) -> Vec<Profile> {
        let mut people: Vec<PersonId> = self.controls.devices().map(|(person, _)| person).collect();
        people.sort_unstable();
        people.dedup();
        people.retain(|person| self.membership.member(person).is_none());
        people
            .into_iter()
            .map(|person| self.profile(person))
            .collect()
    }

    /// Returns the entry that let a person in last, whether it still does or not.
    fn admission_of(&self, person: PersonId) -> Option<ControlHash> {
        if let Some(member) = self.membership.member(&person) {
            return Some(member.admission);
        }
        let admits = |entry: &&ControlEntry| match &entry.kind {
            ControlKind::Create { roster, .. } => roster.person() == person,
            ControlKind::Admit(admit) => admit.roster.person() == person,
            _ => false,
        };
        let admissions = self.controls.canonical().filter(admits);
        admissions.last().map(ControlEntry::hash)
    }

    fn member_label(&self, person: PersonId) -> Option<(Label, Option<DeviceId>)> {
        let admission = self.controls.get(&self.admission_of(person)?)?;
        let first_device = match &admission.kind {
            ControlKind::Create { .. } => Some(admission.device),
            ControlKind::Admit(admit) if admit.roster.devices().len() == 1 => {
                admit.roster.devices().keys().next().copied()
            }
            _ => None,
        };
        let entry = match &admission.kind {
            // The creator's words stand in the first re-key, since there is no key before it.
            ControlKind::Create { .. } => self.controls.iter().find(|entry| {
                matches!(entry.kind, ControlKind::Rekey(_))
                    && entry.device == admission.device
                    && entry.label.is_some()
            })?,
            _ => admission,
        };
        let mut label = self.open_label(entry)?;
        let changed = self
            .membership
            .member(&person)
            .and_then(|member| self.controls.get(&member.role))
            .and_then(|entry| self.open_label(entry));
        if let (Label::Member { role, .. }, Some(Label::Role { role: now })) = (&mut label, changed)
        {
            *role = now;
        }
        Some((label, first_device))
    }

    /// Opens the words of a control entry, where its key is here.
    pub fn open_label(&self, entry: &crate::control::ControlEntry) -> Option<Label> {
        let label = entry.label.as_ref()?;
        label.open(self.keys.get(&label.epoch(entry.hash()))?).ok()
    }
}
