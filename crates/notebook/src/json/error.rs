//! Why an import was refused, and what one did.

use crate::documents::Unavailable;
use crate::error::EditError;
use crate::json::{FORMAT, VERSION};

/// An import was refused; nothing was changed unless a document failed in the middle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The text is no JSON.
    #[error("this is no JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    /// The JSON is no export of a notebook.
    #[error("this is no export of a notebook: its “format” is not “{FORMAT}”")]
    Format,
    /// The text is no calendar.
    #[error("this is no calendar: it does not begin with “BEGIN:VCALENDAR”")]
    Calendar,
    /// The export is of a version that this program does not read.
    #[error("this export has version {found}; this program reads version {VERSION}")]
    Version {
        /// The version that was found, as JSON.
        found: String,
    },
    /// Something in it has the wrong shape.
    #[error("{path}: {reason}")]
    Malformed {
        /// Where, as a path in the JSON, for example `goals[3].title`.
        path: String,
        /// What is wrong there.
        reason: String,
    },
    /// It has journal entries, and the notebook is shared.
    #[error("this is an export of a journal; private entries go into a journal only")]
    Private,
    /// It is too large.
    #[error("this import is too large: it may have {max} {unit}")]
    TooLarge {
        /// The limit.
        max: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// The notebook could not be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl From<Unavailable> for ImportError {
    fn from(unavailable: Unavailable) -> Self {
        Self::Edit(unavailable.into())
    }
}

/// What an import did, in objects.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub struct ImportReport {
    /// Objects that were not here before.
    pub added: usize,
    /// Objects that were here and differed.
    pub updated: usize,
    /// Objects that were here already, just so.
    pub unchanged: usize,
    /// What is no object of this notebook, or older than it is here; none but in a calendar.
    #[serde(skip_serializing_if = "is_none")]
    pub skipped: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "what the serializer calls"
)]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// Something else should stand at a path.
pub(super) fn malformed(path: &str, expected: &str) -> ImportError {
    ImportError::Malformed {
        path: path.to_owned(),
        reason: format!("there should be {expected} here"),
    }
}
