//! Ids of objects and documents. An object id is a ULID; a session's document has the same 16 bytes.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rand_core::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

/// Names one object of a notebook: a ULID, 26 characters of Crockford base32 in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId(Ulid);

/// The text is not a ULID in its canonical form of 26 upper-case characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is not the id of an object; ids have 26 characters, as in 01KAS3W0QJ2Z8E5XNB4T7VYG9M"
)]
pub struct ParseObjectIdError(pub String);

impl ObjectId {
    /// Makes an id from a time and 80 random bits. A time before 1970 counts as 1970.
    pub fn from_parts(now: Timestamp, rng: &mut dyn Rng) -> Self {
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let random = (u128::from(rng.next_u64()) << 16) | u128::from(rng.next_u32() & 0xffff);
        Self(Ulid::from_parts(milliseconds, random))
    }

    /// The id that sorts next.
    pub(crate) fn successor(self) -> Self {
        Self(Ulid(self.0.0.wrapping_add(1)))
    }

    /// Reads the 16 bytes of the id, most significant first.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Ulid(u128::from_be_bytes(bytes)))
    }

    /// The 16 bytes of the id, most significant first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.0.to_be_bytes()
    }

    /// The document of the session with this id.
    #[must_use]
    pub fn document(self) -> DocumentId {
        DocumentId(self.to_bytes())
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string())
    }
}

impl FromStr for ObjectId {
    type Err = ParseObjectIdError;

    /// Reads the canonical form only, so that one object has one key.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || {
            let quoted = text.chars().take(crate::limits::QUOTE_CHARS_MAX).collect();
            ParseObjectIdError(quoted)
        };
        let ulid = Ulid::from_string(text).map_err(|_| refused())?;
        if ulid.to_string() == text {
            Ok(Self(ulid))
        } else {
            Err(refused())
        }
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Refers to a notebook: the 32 bytes of its id, as the membership knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NotebookRef(pub [u8; 32]);

/// Names one document of a notebook: 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DocumentId(pub [u8; 16]);

impl DocumentId {
    /// The index document.
    pub const INDEX: Self = Self([0; 16]);

    /// The session whose document this is; `None` for the index.
    #[must_use]
    pub fn session(self) -> Option<ObjectId> {
        (self != Self::INDEX).then(|| ObjectId::from_bytes(self.0))
    }
}

/// What an object is. The word is the prefix of its key and its `kind` in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant is the noun it names")]
pub enum Kind {
    Notebook,
    Goal,
    Milestone,
    Progress,
    KeyResult,
    Action,
    Session,
    Agenda,
    Decision,
    Insight,
    Learned,
    Mood,
    Question,
    Answer,
    Comment,
    Agreement,
    Version,
    Exchange,
    Commitment,
    Opening,
    Feedback,
    Note,
    Entry,
    Skill,
    Rating,
    Evidence,
    Endorsement,
    Resource,
    CheckIn,
    Run,
    Closing,
    Certificate,
    Receipt,
}

/// Where the objects of a kind live: under a key of the index, of a session's document, or of their
/// parent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Index,
    SessionDocument,
    Within(Kind),
}

impl Kind {
    /// Every kind that has a key of its own.
    pub(crate) const KEYED: [Self; 32] = [
        Self::Goal,
        Self::Milestone,
        Self::Progress,
        Self::KeyResult,
        Self::Action,
        Self::Session,
        Self::Agenda,
        Self::Decision,
        Self::Insight,
        Self::Learned,
        Self::Mood,
        Self::Question,
        Self::Answer,
        Self::Comment,
        Self::Agreement,
        Self::Version,
        Self::Exchange,
        Self::Commitment,
        Self::Opening,
        Self::Feedback,
        Self::Note,
        Self::Entry,
        Self::Skill,
        Self::Rating,
        Self::Evidence,
        Self::Endorsement,
        Self::Resource,
        Self::CheckIn,
        Self::Run,
        Self::Closing,
        Self::Certificate,
        Self::Receipt,
    ];

    /// The word of the kind, as in keys and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Notebook => "notebook",
            Self::Goal => "goal",
            Self::Milestone => "milestone",
            Self::Progress => "progress",
            Self::KeyResult => "key_result",
            Self::Action => "action",
            Self::Session => "session",
            Self::Agenda => "agenda",
            Self::Decision => "decision",
            Self::Insight => "insight",
            Self::Learned => "learned",
            Self::Mood => "mood",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Comment => "comment",
            Self::Agreement => "agreement",
            Self::Version => "version",
            Self::Exchange => "exchange",
            Self::Commitment => "commitment",
            Self::Opening => "opening",
            Self::Feedback => "feedback",
            Self::Note => "note",
            Self::Entry => "entry",
            Self::Skill => "skill",
            Self::Rating => "rating",
            Self::Evidence => "evidence",
            Self::Endorsement => "endorsement",
            Self::Resource => "resource",
            Self::CheckIn => "checkin",
            Self::Run => "run",
            Self::Closing => "closing",
            Self::Certificate => "certificate",
            Self::Receipt => "receipt",
        }
    }

    /// The name of a list of this kind in JSON.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Notebook => "notebooks",
            Self::Goal => "goals",
            Self::Milestone => "milestones",
            Self::KeyResult => "key_results",
            Self::Action => "actions",
            Self::Session => "sessions",
            Self::Decision => "decisions",
            Self::Insight => "insights",
            Self::Question => "questions",
            Self::Answer => "answers",
            Self::Comment => "comments",
            Self::Agreement => "agreements",
            Self::Version => "versions",
            Self::Exchange => "exchanges",
            Self::Commitment => "commitments",
            Self::Opening => "openings",
            Self::Note => "notes",
            Self::Entry => "entries",
            Self::Skill => "skills",
            Self::Rating => "ratings",
            Self::Endorsement => "endorsements",
            Self::Resource => "resources",
            Self::CheckIn => "checkins",
            Self::Run => "runs",
            Self::Closing => "closings",
            Self::Certificate => "certificates",
            Self::Receipt => "receipts",
            Self::Evidence
            | Self::Progress
            | Self::Agenda
            | Self::Learned
            | Self::Mood
            | Self::Feedback => self.word(),
        }
    }

    pub(crate) fn place(self) -> Place {
        match self {
            Self::Notebook
            | Self::Goal
            | Self::Action
            | Self::Session
            | Self::Question
            | Self::Comment
            | Self::Agreement
            | Self::Exchange
            | Self::Feedback
            | Self::Note
            | Self::Entry
            | Self::Skill
            | Self::Resource
            | Self::CheckIn
            | Self::Closing
            | Self::Certificate
            | Self::Receipt => Place::Index,
            Self::Milestone | Self::Progress | Self::KeyResult => Place::Within(Self::Goal),
            Self::Answer => Place::Within(Self::Question),
            Self::Version => Place::Within(Self::Agreement),
            Self::Rating | Self::Evidence | Self::Endorsement => Place::Within(Self::Skill),
            Self::Commitment | Self::Opening => Place::Within(Self::Exchange),
            Self::Agenda
            | Self::Decision
            | Self::Insight
            | Self::Learned
            | Self::Mood
            | Self::Run => Place::SessionDocument,
        }
    }

    /// The key of the object in the map that holds it.
    pub(crate) fn key(self, id: ObjectId) -> String {
        format!("{}/{id}", self.word())
    }

    /// Reads a key made by [`Kind::key`].
    pub(crate) fn from_key(key: &str) -> Option<(Self, ObjectId)> {
        let (word, id) = key.split_once('/')?;
        let kind = Self::KEYED.into_iter().find(|kind| kind.word() == word)?;
        Some((kind, id.parse().ok()?))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyResult => "key result",
            Self::Agenda => "agenda item",
            Self::Exchange => "sealed exchange",
            Self::Version => "version of the agreement",
            Self::Entry => "journal entry",
            Self::CheckIn => "check-in",
            other => other.word(),
        })
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
