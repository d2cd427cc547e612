//! Takes other members' changes into Automerge documents, and own ones out of them.
//!
//! The invariant: Automerge sees no byte of another member before [`scan`] and the checks of
//! [`DocumentSet::apply`] passed it, a change goes into a copy of the document that replaces the
//! original only if it turned out well, and whether a change is taken depends on nothing but the
//! change and its own causal history, so that all members decide alike.

mod again;
mod columns;
mod edit;
mod id;
mod leb;
pub mod limits;
mod lost;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod mutations;
mod open;
pub mod pack;
mod quiet;
mod refusal;
mod replay;
mod rows;
mod runs;
mod scan;
mod set;
mod spare;
mod stage;
mod strip;
mod trial;

pub use again::{AgainError, write_again};
pub use automerge::ChangeHash;
pub use edit::{Edit, EditError, TransactError};
pub use id::DocumentId;
pub use lost::{LostSide, lost_side, with_dependencies};
pub use open::{Document, LastChange, LoadError};
pub use refusal::{Refusal, Unsound};
pub use scan::{
    Change, ChangeFacts, Made, ObjectKind, ObjectRef, Place, Reference, ScanError, Target, Typing,
    scan,
};
pub use set::{DocumentSet, EntryChanges, Outcome};
pub(crate) use strip::strip_again;
pub use strip::{Context, RestoreError, restore, strip};

#[cfg(test)]
mod tests;
