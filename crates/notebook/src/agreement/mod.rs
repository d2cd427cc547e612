//! The agreement of a notebook: what each side answers to each topic, what both agree on, and who has
//! signed which version of it.
//!
//! It is a map in the index under `agreement/ID`. The consensus on a topic is a Text under
//! `consensus_TOPIC`, made together with the agreement; a person's own answer is a value under
//! `answer_TOPIC/PERSON`, so that the operation that wrote it says whose words it holds. A text that
//! somebody is about to sign is kept as `version/ID` within it, with the salt of its hash.
//!
//! Two members who begin one each before they hear of the other make two such maps. They are read as one:
//! the one of the lowest id first, and from the others what it does not have.
//!
//! A signature is no field. It is a control entry that names the hash of a text, and comes in through
//! [`People::signatures`](crate::People::signatures).

mod edit;
mod form;
mod sign;
mod topic;
mod versions;
mod view;

pub use edit::{TopicEdit, edit};
pub use form::{Form, FormError, form, parse_form};
pub use sign::{ToSign, record_version, to_sign};
pub use versions::{AgreementLog, VersionView, log};
pub(crate) use versions::{signatures_under, version_hash};
pub(crate) use view::TITLE;
pub use view::{AgreementState, AgreementView, AnswerView, SignatureView, TopicView, show, state};

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use automerge::{Automerge, ChangeHash, ObjId, ReadDoc};

use crate::hash::{Salt, TextHash};
use crate::id::{Kind, ObjectId};
use crate::record::Record;
use crate::word::Topic;

/// All agreements of an index, the one of the lowest id first.
struct Agreements<'a>(Vec<(ObjectId, Record<'a>)>);

impl<'a> Agreements<'a> {
    fn read(index: &'a Automerge) -> Self {
        Self(Record::all(index, Kind::Agreement))
    }

    /// Reads them as they were at a version of the index.
    fn read_at(index: &'a Automerge, heads: &[ChangeHash]) -> Self {
        let root = Record::read_at(index, automerge::ROOT, heads);
        let found = root.children(Kind::Agreement).into_iter();
        Self(
            found
                .map(|(id, record)| (id, Record::read_at(index, record.obj, heads)))
                .collect(),
        )
    }

    fn first(&self) -> Option<&(ObjectId, Record<'a>)> {
        self.0.first()
    }

    /// What both agree on about a topic: the first that says anything.
    fn consensus(&self, topic: Topic) -> String {
        let key = topic.consensus_key();
        let said = self.0.iter().filter_map(|(_, record)| record.str(&key));
        said.into_iter()
            .find(|text| !text.trim().is_empty())
            .unwrap_or_default()
    }

    /// The text that is signed.
    fn text(&self) -> String {
        topic::canonical(|topic| self.consensus(topic))
    }

    /// The salt that a new version takes.
    fn salt(&self) -> Option<Salt> {
        let salts = self.0.iter();
        salts
            .filter_map(|(_, record)| record.bytes_32("salt"))
            .map(Salt)
            .next()
    }

    /// Which texts had been kept at a version of the index. One that somebody removed later was there too.
    fn versions_at(&self, index: &Automerge, heads: &[ChangeHash]) -> BTreeSet<ObjectId> {
        let range = format!("{}/", Kind::Version.word())..format!("{}0", Kind::Version.word());
        self.0
            .iter()
            .flat_map(|(_, record)| index.map_range_at(&record.obj, range.clone(), heads))
            .filter_map(|item| Kind::from_key(&item.key))
            .map(|(_, id)| id)
            .collect()
    }

    /// Every text that somebody was about to sign, as it was when it was kept: what a member writes into
    /// it afterwards changes nothing.
    fn versions(&self) -> Vec<Version> {
        let children = self
            .0
            .iter()
            .flat_map(|(_, record)| record.children(Kind::Version));
        let mut versions: Vec<_> = children
            .filter_map(|(id, record)| Version::read(id, &record))
            .collect();
        versions.sort_by_key(|version| version.id);
        versions
    }
}

/// A text that somebody was about to sign.
struct Version {
    id: ObjectId,
    obj: ObjId,
    salt: Salt,
    text: String,
}

impl Version {
    fn read(id: ObjectId, record: &Record<'_>) -> Option<Self> {
        let made = record.as_made()?;
        // A large import is cut into several changes, and the first may hold no more than the key.
        let bytes = made.bytes_32("salt").or_else(|| record.bytes_32("salt"))?;
        Some(Self {
            id,
            obj: record.obj.clone(),
            salt: Salt(bytes),
            text: made.str("text").or_else(|| record.str("text"))?,
        })
    }

    fn hash(&self) -> TextHash {
        TextHash::of(&self.salt, &self.text)
    }
}
