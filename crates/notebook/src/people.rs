//! Who is behind an actor id or a person reference.

use std::collections::BTreeMap;

use automerge::{ActorId, ChangeHash};
use serde::Serialize;

use crate::error::Invalid;
use crate::hash::TextHash;
use crate::id::NotebookRef;
use crate::limits::NAME_BYTES_MAX;

/// Refers to a person: the id of the person in text, as the membership knows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct PersonRef(String);

impl PersonRef {
    /// Checks and wraps the id of a person.
    ///
    /// # Errors
    /// [`Invalid`] when it is empty, longer than [`NAME_BYTES_MAX`] bytes, or has a `/` or a control
    /// character: it becomes part of a key.
    pub fn new(id: impl Into<String>) -> Result<Self, Invalid> {
        let id = id.into();
        if id.is_empty() {
            return Err(Invalid::Empty { field: "person" });
        }
        if id.len() > NAME_BYTES_MAX {
            return Err(Invalid::TooLong {
                field: "person",
                max: NAME_BYTES_MAX,
                unit: "bytes",
            });
        }
        if id.chars().any(|c| c == '/' || c.is_control()) {
            return Err(Invalid::Word {
                field: "person",
                value: id,
                valid: "an id without “/” or control characters",
            });
        }
        Ok(Self(id))
    }

    /// The id in text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who made a change: the person and the device that signed it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Author {
    /// The id of the person; empty where the membership does not know the actor.
    pub person: String,
    /// The name of the person.
    pub name: String,
    /// The label of the device.
    pub device: String,
    /// The id of the device.
    pub device_id: String,
}

impl Author {
    /// Nobody that the membership knows.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            person: String::new(),
            name: "unknown".to_owned(),
            device: "unknown".to_owned(),
            device_id: String::new(),
        }
    }

    /// The person, without the device.
    pub(crate) fn named(&self) -> Named {
        Named {
            person: self.person.clone(),
            name: self.name.clone(),
        }
    }
}

/// A person as shown: the id and the name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Named {
    /// The id of the person.
    pub person: String,
    /// The name, or the id where no name is known.
    pub name: String,
}

/// Somebody's signature under a text of this notebook, as the membership knows it: a control entry
/// that names the hash of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The control entry, in text.
    pub entry: String,
    /// The id of the person who signed.
    pub person: String,
    /// The label of the device that signed.
    pub device: String,
    /// What was signed.
    pub text_hash: TextHash,
    /// The version of the index that was signed, as the signer names it.
    pub heads: Vec<ChangeHash>,
    /// Whether it counts: written by a member, before whatever ended that.
    pub counts: bool,
}

/// Knows the members of a notebook. Implemented over the resolved membership.
pub trait People {
    /// The person and device behind an actor; [`Author::unknown`] where there is none.
    fn author(&self, actor: &ActorId) -> Author;

    /// The name of a person; `None` where the person is not known.
    fn name(&self, person: &str) -> Option<String>;

    /// The members who may write: those who are parties to an agreement.
    fn writers(&self) -> Vec<Named> {
        Vec::new()
    }

    /// The notebooks, newest first, whose history this one goes on from.
    fn earlier_notebooks(&self) -> Vec<NotebookRef> {
        Vec::new()
    }

    /// Every signature under a text, in an order that is the same everywhere.
    fn signatures(&self) -> Vec<Signature> {
        Vec::new()
    }
}

impl dyn People + '_ {
    /// The person with a name to show.
    pub(crate) fn named(&self, person: &str) -> Named {
        let name = self.name(person).unwrap_or_else(|| person.to_owned());
        Named {
            person: person.to_owned(),
            name,
        }
    }
}

/// A fixed table of people: for tests, benchmarks and examples.
#[derive(Clone, Default, Debug)]
pub struct StaticPeople {
    authors: BTreeMap<Vec<u8>, Author>,
    signatures: Vec<Signature>,
}

impl StaticPeople {
    /// Adds the device that writes as `actor`.
    #[must_use]
    pub fn with(mut self, actor: &ActorId, person: &str, name: &str, device: &str) -> Self {
        let author = Author {
            person: person.to_owned(),
            name: name.to_owned(),
            device: device.to_owned(),
            device_id: actor.to_hex_string(),
        };
        self.authors.insert(actor.to_bytes().to_vec(), author);
        self
    }

    /// Adds a signature under a text.
    #[must_use]
    pub fn with_signature(mut self, signature: Signature) -> Self {
        self.signatures.push(signature);
        self
    }
}

impl People for StaticPeople {
    fn author(&self, actor: &ActorId) -> Author {
        self.authors
            .get(actor.to_bytes())
            .cloned()
            .unwrap_or_else(Author::unknown)
    }

    fn name(&self, person: &str) -> Option<String> {
        self.authors
            .values()
            .find(|a| a.person == person)
            .map(|a| a.name.clone())
    }
    fn writers(&self) -> Vec<Named> {
        let mut people: Vec<Named> = self
            .authors
            .values()
            .map(|author| Named {
                person: author.person.clone(),
                name: author.name.clone(),
            })
            .collect();
        people.dedup();
        people
    }

    fn signatures(&self) -> Vec<Signature> {
        self.signatures.clone()
    }
}
