//! The mentoring notebook: goals, actions, sessions, questions and comments as a typed view over
//! [Automerge](automerge) documents.
//!
//! A notebook is one small **index document** (goals, actions, questions, comments, session headers) and
//! one document per **session** (agenda, notes, decisions, insights). [`Documents`] hands them out;
//! the functions of the noun modules ([`goal`], [`action`], [`session`], [`question`], [`comment`],
//! [`meta`]) read and edit them.
//!
//! What this crate refuses to do: it reads no clock, no file, no socket and no ambient randomness. Time,
//! randomness and the acting person come in with a [`Writer`]. It never trusts a document: other members
//! write them, so every reader skips what has the wrong shape. And it never believes a field that claims
//! who wrote something: authors come from the actor of the operation, through [`People`].
//!
//! ```
//! use hearth_notebook::{MemoryDocuments, PersonRef, StaticPeople, Writer, goal, meta};
//!
//! # struct Fixed(u64);
//! # impl rand_core::TryRng for Fixed {
//! #     type Error = std::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { self.0 += 1; Ok(self.0 as u32) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { self.0 += 1; Ok(self.0) }
//! #     fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
//! #         dst.fill(self.0 as u8); self.0 += 1; Ok(())
//! #     }
//! # }
//! # let mut rng = Fixed(7);
//! let mut docs = MemoryDocuments::new(automerge::ActorId::from([1u8; 16]));
//! let now = "2026-11-23T09:00:00Z".parse()?;
//! let mut writer = Writer::new(now, &mut rng, PersonRef::new("mia")?);
//! meta::create(&mut docs, &mut writer, "Mia and Ben", "one-on-one")?;
//! let new = goal::NewGoal { title: "Give a talk".to_owned(), ..Default::default() };
//! let id = goal::add(&mut docs, &mut writer, &new)?;
//! let goal = goal::show(&mut docs, &StaticPeople::default(), id)?;
//! assert_eq!(goal.title, "Give a talk");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod diff;
pub use diff::{Piece, PieceKind};
mod documents;
mod error;
mod figures;
mod hash;
mod id;
mod people;
mod plan;
mod record;
mod register;
mod scalar;
mod shown;
mod text;
mod when;
mod word;

pub mod action;
pub mod agreement;
pub mod calendar;
pub mod checkin;
pub mod circle;
pub mod closure;
pub mod comment;
pub mod conflict;
pub mod exchange;
pub mod feedback;
pub mod file;
pub mod goal;
pub mod history;
pub mod journal;
pub mod json;
pub mod limits;
pub mod live;
pub mod lookup;
pub mod markdown;
pub mod meta;
pub mod note;
pub mod page;
pub mod question;
pub mod reciprocity;
pub mod reminder;
pub mod resource;
pub mod restore;
#[cfg(test)]
mod round_trip;
pub mod search;
pub mod session;
pub mod sheet;
pub mod skill;
pub mod template;
#[cfg(test)]
mod testing;
pub mod timeline;
pub mod today;

pub use conflict::{ConcurrentValue, Conflict};
pub use documents::{Documents, MemoryDocuments, Unavailable};
pub use error::{EditError, Invalid, ReadError};
pub use figures::Figures;
pub use hash::{Commitment, Salt, TextHash};
pub use id::{DocumentId, Kind, NotebookRef, ObjectId, ParseObjectIdError};
pub use people::{Author, Named, People, PersonRef, Signature, StaticPeople};
pub use record::{Provenance, Stamp};
pub use register::{ActionLine, Register, SessionLine};
pub use when::{Every, Moment, zone_known};
pub use word::{
    ActionStatus, ClosureTopic, ExchangeKind, Form, GoalKind, GoalStatus, Phase, SessionStatus,
    Sharing, Topic,
};

use jiff::Timestamp;
use rand_core::Rng;

/// Who edits, when, and with which randomness: everything that an edit needs from outside.
pub struct Writer<'a> {
    /// The time of the edit; it becomes the time of the change, in whole seconds.
    pub now: Timestamp,
    /// The person who edits; the default owner of what is added without one.
    pub me: PersonRef,
    rng: &'a mut dyn Rng,
    last: Option<ObjectId>,
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("now", &self.now)
            .field("me", &self.me)
            .finish_non_exhaustive()
    }
}

impl<'a> Writer<'a> {
    /// A writer at a time, with the source of the random part of new object ids.
    pub fn new(now: Timestamp, rng: &'a mut dyn Rng, me: PersonRef) -> Self {
        Self {
            now,
            me,
            rng,
            last: None,
        }
    }

    /// 32 random bytes that nobody can guess.
    pub(crate) fn new_salt(&mut self) -> Salt {
        let mut bytes = [0; 32];
        self.rng.fill_bytes(&mut bytes);
        Salt(bytes)
    }

    /// Makes a new object id from the time and 80 random bits. Later ids of one writer sort after earlier
    /// ones, so that lists keep the order in which their items were made.
    pub(crate) fn new_id(&mut self) -> ObjectId {
        let mut id = ObjectId::from_parts(self.now, self.rng);
        if let Some(last) = self.last.filter(|last| *last >= id) {
            id = last.successor();
        }
        self.last = Some(id);
        id
    }
}
