//! What can go wrong when a notebook is read or edited.

use crate::documents::Unavailable;
use crate::id::{Kind, ObjectId};

/// A value that cannot be written, in words for the person who typed it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// Nothing, or only white space.
    #[error("the {field} is empty; write something there")]
    Empty {
        /// The field's name.
        field: &'static str,
    },
    /// Longer than its limit.
    #[error("the {field} is too long; it may have {max} {unit}")]
    TooLong {
        /// The field's name.
        field: &'static str,
        /// The limit.
        max: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// Not one of the words or forms that serve.
    #[error("“{value}” is no {field}; use {valid}")]
    Word {
        /// The field's name.
        field: &'static str,
        /// What was given.
        value: String,
        /// What serves.
        valid: &'static str,
    },
    /// Not one of what there is.
    #[error("“{value}” is no {field}; use {valid}")]
    Unknown {
        /// The field's name.
        field: &'static str,
        /// What was given.
        value: String,
        /// What there is.
        valid: String,
    },
    /// A number outside its range.
    #[error("the {field} must be from {min} to {max}")]
    Range {
        /// The field's name.
        field: &'static str,
        /// The least that serves.
        min: f64,
        /// The most that serves.
        max: f64,
    },
    /// A status that asks for a reason came without one.
    #[error("the status “{status}” needs a reason; say why")]
    ReasonMissing {
        /// The status.
        status: &'static str,
    },
    /// A part was given that this kind of goal does not have, or lacks one that it needs.
    #[error("{message}")]
    Shape {
        /// What does not fit, and what would.
        message: &'static str,
    },
}

/// An edit was refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// A value cannot be written; nothing was changed.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such object; nothing was changed.
    #[error("there is no {kind} with the id {id} in this notebook")]
    NotFound {
        /// What was looked for.
        kind: Kind,
        /// The id that was looked for.
        id: ObjectId,
    },
    /// There is no object of any kind with this id; nothing was changed.
    #[error("there is nothing with the id {id} in this notebook")]
    NothingThere {
        /// The id that was looked for.
        id: ObjectId,
    },
    /// The edit was made to a version of the notes that this device does not have; nothing was changed.
    #[error(
        "the version of the notes that was edited is not here; read them again and repeat the edit"
    )]
    BaseUnknown,
    /// The page is no form of an agreement; nothing was changed.
    #[error(transparent)]
    Form(crate::agreement::FormError),
    /// The page is no page of a closure; nothing was changed.
    #[error(transparent)]
    ClosureForm(crate::closure::FormError),
    /// The notebook was closed: it is an archive that nobody writes in; nothing was changed.
    #[error("this notebook is closed")]
    Closed,
    /// The notebook is not closed; nothing was changed.
    #[error("this notebook is not closed")]
    NotClosed,
    /// A journal entry was to be written into a notebook that is no journal; nothing was changed.
    #[error("this notebook is no journal; private entries are kept in the journal only")]
    NoJournal,
    /// A document could not be opened.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Automerge refused an operation; what the command wrote must be dropped.
    #[error("the document refused the change: {0}")]
    Document(Box<automerge::AutomergeError>),
}

impl From<automerge::AutomergeError> for EditError {
    fn from(error: automerge::AutomergeError) -> Self {
        Self::Document(Box::new(error))
    }
}

/// A view could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such object.
    #[error("there is no {kind} with the id {id} in this notebook")]
    NotFound {
        /// What was looked for.
        kind: Kind,
        /// The id that was looked for.
        id: ObjectId,
    },
    /// A document could not be opened.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}
