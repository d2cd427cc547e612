//! The members of a notebook by what shows in its documents: actors and person ids.

use std::collections::BTreeMap;

use automerge::ActorId;
use hearth_core::ids::{DeviceId, PersonId};
use hearth_core::log::actor_of;
use hearth_core::replica::{Profile, Replica};
use hearth_notebook::{Author, Named, People, Signature};

use super::signing;

/// Who the members of a notebook are.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    authors: BTreeMap<Vec<u8>, Author>,
    profiles: BTreeMap<PersonId, Profile>,
    /// Those who were let in once and are no members.
    former: BTreeMap<PersonId, Profile>,
    labels: BTreeMap<DeviceId, String>,
    writers: Vec<PersonId>,
    signatures: Vec<Signature>,
}

impl Directory {
    /// Collects the members of a replica.
    pub fn of(replica: &Replica) -> Self {
        let profiles: BTreeMap<PersonId, Profile> = replica
            .profiles()
            .into_iter()
            .map(|profile| (profile.person, profile))
            .collect();
        let former: BTreeMap<PersonId, Profile> = replica
            .former_profiles()
            .into_iter()
            .map(|profile| (profile.person, profile))
            .collect();
        let labels: BTreeMap<DeviceId, String> = replica
            .controls()
            .devices()
            .map(|(_, card)| {
                let device = card.id();
                let label = replica.device_label(device);
                (device, label.unwrap_or_else(|| short(&device)))
            })
            .collect();
        let authors = replica
            .tips()
            .filter_map(|(log, _)| {
                let (person, _) = replica.controls().device(&log.device)?;
                let actor = actor_of(replica.notebook(), log);
                let author = Author {
                    person: person.to_string(),
                    name: profiles
                        .get(&person)
                        .or_else(|| former.get(&person))
                        .map_or_else(|| person.to_string(), |profile| profile.name.clone()),
                    device: labels
                        .get(&log.device)
                        .cloned()
                        .unwrap_or_else(|| short(&log.device)),
                    device_id: log.device.to_string(),
                };
                Some((actor.as_bytes().to_vec(), author))
            })
            .collect();
        let members = replica.membership().members().iter();
        let writers = members
            .filter(|(_, member)| member.rights.may_write)
            .map(|(person, _)| *person)
            .collect();
        let signatures = signing::signatures(replica, |device| {
            labels.get(device).cloned().unwrap_or_else(|| short(device))
        });
        Self {
            authors,
            profiles,
            former,
            labels,
            writers,
            signatures,
        }
    }

    /// Returns a member's profile.
    pub fn profile(&self, person: &PersonId) -> Option<&Profile> {
        self.profiles.get(person)
    }

    /// Returns the members' profiles.
    pub fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.values()
    }

    /// Returns a device's label, or the beginning of its id.
    pub fn device_label(&self, device: &DeviceId) -> String {
        self.labels
            .get(device)
            .cloned()
            .unwrap_or_else(|| short(device))
    }

    /// Returns the profiles of people who were let in once and are no members.
    pub fn former(&self) -> impl Iterator<Item = &Profile> {
        self.former.values()
    }

    /// Returns the name of somebody who is or was a member, or the beginning of their id.
    pub fn person_name(&self, person: &PersonId) -> String {
        self.profiles
            .get(person)
            .or_else(|| self.former.get(person))
            .map_or_else(
                || person.to_string().chars().take(8).collect(),
                |profile| profile.name.clone(),
            )
    }
}

impl People for Directory {
    fn author(&self, actor: &ActorId) -> Author {
        self.authors
            .get(actor.to_bytes())
            .cloned()
            .unwrap_or_else(Author::unknown)
    }

    fn name(&self, person: &str) -> Option<String> {
        let person: PersonId = person.parse().ok()?;
        self.profiles
            .get(&person)
            .or_else(|| self.former.get(&person))
            .map(|profile| profile.name.clone())
    }

    fn signatures(&self) -> Vec<Signature> {
        self.signatures.clone()
    }

    fn writers(&self) -> Vec<Named> {
        let writers = self.writers.iter();
        writers
            .map(|person| Named {
                person: person.to_string(),
                name: self.person_name(person),
            })
            .collect()
    }
}

fn short(device: &DeviceId) -> String {
    device.to_string().chars().take(8).collect()
}
