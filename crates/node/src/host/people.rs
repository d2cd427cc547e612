//! The members of a notebook by what shows in its documents: actors and person ids.

use std::collections::{BTreeMap, BTreeSet};

use automerge::ActorId;
use hearth_core::base::{BaseFacts, BaseStanding};
use hearth_core::ids::{DeviceId, PersonId};
use hearth_core::log::actor_of;
use hearth_core::replica::{Profile, Replica};
use hearth_notebook::{Author, Named, NotebookRef, People, Signature};

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
    /// What people called themselves in what the notebook goes on from.
    earlier_names: BTreeMap<PersonId, String>,
    earlier_notebooks: Vec<NotebookRef>,
    earlier_actors: BTreeSet<Vec<u8>>,
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
        let base = match replica.base() {
            BaseStanding::Sound(base) => Some(base),
            _ => None,
        };
        let mut labels = base.map_or_else(BTreeMap::new, |base| base.labels.clone());
        let known: Vec<(DeviceId, Option<String>)> = replica
            .controls()
            .devices()
            .map(|(_, card)| {
                let device = card.id();
                (device, replica.device_label(device))
            })
            .collect();
        for (device, label) in known {
            match label {
                Some(label) => {
                    labels.insert(device, label);
                }
                None => {
                    labels.entry(device).or_insert_with(|| short(&device));
                }
            }
        }
        let name_of = |person: &PersonId| {
            let here = profiles.get(person).or_else(|| former.get(person));
            let here = here.map(|profile| profile.name.clone());
            here.or_else(|| base?.names.get(person).cloned())
        };
        let author = |person: PersonId, device: DeviceId| Author {
            person: person.to_string(),
            name: name_of(&person).unwrap_or_else(|| person.to_string()),
            device: labels
                .get(&device)
                .cloned()
                .unwrap_or_else(|| short(&device)),
            device_id: device.to_string(),
        };
        let mut authors: BTreeMap<Vec<u8>, Author> = base
            .into_iter()
            .flat_map(|base| &base.authors)
            .map(|known| {
                let actor = known.actor.as_bytes().to_vec();
                (actor, author(known.person, known.device))
            })
            .collect();
        let own = replica.tips().filter_map(|(log, _)| {
            let (person, _) = replica.controls().device(&log.device)?;
            let actor = actor_of(replica.notebook(), log);
            Some((actor.as_bytes().to_vec(), author(person, log.device)))
        });
        authors.extend(own);
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
            earlier_names: base.map_or_else(BTreeMap::new, |base| base.names.clone()),
            earlier_notebooks: base.map_or_else(Vec::new, earlier_notebooks),
            earlier_actors: base
                .into_iter()
                .flat_map(|base| &base.authors)
                .map(|author| author.actor.as_bytes().to_vec())
                .collect(),
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

    /// Returns the name of somebody who is or was a member, here or in what the notebook goes on from, or the
    /// beginning of their id.
    pub fn person_name(&self, person: &PersonId) -> String {
        self.known_name(person)
            .unwrap_or_else(|| person.to_string().chars().take(8).collect())
    }

    /// Says whether an actor is one of what the notebook goes on from: such changes are as old as the notebook.
    pub(crate) fn is_earlier(&self, actor: &ActorId) -> bool {
        self.earlier_actors.contains(actor.to_bytes())
    }

    fn known_name(&self, person: &PersonId) -> Option<String> {
        let here = self
            .profiles
            .get(person)
            .or_else(|| self.former.get(person));
        let here = here.map(|profile| profile.name.clone());
        here.or_else(|| self.earlier_names.get(person).cloned())
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
        self.known_name(&person.parse().ok()?)
    }

    fn earlier_notebooks(&self) -> Vec<NotebookRef> {
        self.earlier_notebooks.clone()
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

fn earlier_notebooks(base: &BaseFacts) -> Vec<NotebookRef> {
    let notebooks = base.notebooks.iter();
    notebooks
        .map(|notebook| NotebookRef(*notebook.as_bytes()))
        .collect()
}

fn short(device: &DeviceId) -> String {
    device.to_string().chars().take(8).collect()
}
