//! Skills: what somebody wants to be able to do, how each sees it over time, and who vouches for it.
//!
//! A skill is a map in the index under `skill/ID`: its name, perhaps the URI of a published one, and what
//! the numbers from 1 to 5 mean where that is not the usual. Within it are `rating/ID`, `evidence/ID` and
//! `endorsement/ID`. Whoever wrote one of them is who its operation's actor says.
//!
//! Two members who name the same skill before they hear of each other make two such maps. They are read
//! as one: the one of the lowest id first, and from the others what it does not have.
//!
//! An endorsement keeps the text that is signed, with the salt of its hash, and a signature is a control
//! entry that names that hash. Once the skill is called something else, the text of now is another one,
//! and the endorsement stands unsigned until somebody signs it again.

mod edit;
mod endorse;
mod view;

pub use edit::{NewEvidence, NewRating, NewSkill, SkillEdit, add, add_evidence, edit, rate};
pub use endorse::{NewEndorsement, record_endorsement, withdraw_endorsement};
pub(crate) use endorse::{hash_of, hashes};
pub use view::{
    Anchor, EndorsementState, EndorsementView, EvidenceView, RatingView, SkillPerson, SkillView,
    list, show,
};

#[cfg(test)]
mod tests;

use automerge::Automerge;

use crate::documents::{Documents, Unavailable};
use crate::error::EditError;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::record::Record;

/// What the numbers mean where a skill does not say otherwise.
pub const ANCHORS: [&str; 5] = [
    "New to it: knows what it is, and has not done it yet",
    "Beginning: does it with help, or step by step from a guide",
    "Able: does the usual cases alone",
    "Strong: does hard cases, and others come to ask",
    "Teaching: shapes how it is done, and helps others learn it",
];

/// The key of what a number means.
fn anchor_key(value: i64) -> String {
    format!("anchor_{value}")
}

/// A skill with whatever else was made under the same name, the one of the lowest id first.
pub(crate) struct Skill<'a>(Vec<(ObjectId, Record<'a>)>);

impl<'a> Skill<'a> {
    /// Reads every skill of an index, the oldest first.
    pub(crate) fn all(index: &'a Automerge) -> Vec<Self> {
        let mut skills: Vec<(String, Self)> = Vec::new();
        for (id, record) in Record::all(index, Kind::Skill) {
            let name = name_key(&record.str_or_empty("title"));
            let same = skills
                .iter_mut()
                .find(|(other, _)| !name.is_empty() && *other == name);
            match same {
                Some((_, skill)) => skill.0.push((id, record)),
                None => skills.push((name, Self(vec![(id, record)]))),
            }
        }
        skills.into_iter().map(|(_, skill)| skill).collect()
    }

    /// Reads the skill that has this id, or that another with this id is read as part of.
    fn find(index: &'a Automerge, id: ObjectId) -> Option<Self> {
        Self::all(index)
            .into_iter()
            .find(|skill| skill.0.iter().any(|(part, _)| *part == id))
    }

    /// The first of them that says anything under a key.
    fn text(&self, key: &str) -> String {
        let mut said = self.0.iter().filter_map(|(_, record)| record.str(key));
        said.find(|text| !text.trim().is_empty())
            .unwrap_or_default()
    }

    fn title(&self) -> String {
        self.text("title")
    }

    /// The objects of a kind within it, in the order of their ids.
    fn children(&self, kind: Kind) -> Vec<(ObjectId, Record<'a>)> {
        let parts = self.0.iter();
        let mut children: Vec<_> = parts
            .flat_map(|(_, record)| record.children(kind))
            .collect();
        children.sort_by_key(|(id, _)| *id);
        children
    }
}

/// What of a name tells skills apart: neither capitals nor the width of a gap do.
#[must_use]
pub fn name_key(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// The skill that is going to be changed.
fn read(docs: &mut dyn Documents, id: ObjectId) -> Result<Skill<'_>, EditError> {
    docs.read(DocumentId::INDEX)?
        .and_then(|index| Skill::find(index, id))
        .ok_or(EditError::NotFound {
            kind: Kind::Skill,
            id,
        })
}

/// The ids that a skill answers to, each skill's first one first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn ids(docs: &mut dyn Documents) -> Result<Vec<(Vec<ObjectId>, String)>, Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok(Vec::new());
    };
    let named = |skill: Skill<'_>| {
        let title = skill.title();
        (skill.0.into_iter().map(|(id, _)| id).collect(), title)
    };
    Ok(Skill::all(index).into_iter().map(named).collect())
}
