//! Requests about the mirrors of a notebook.

use serde::{Deserialize, Serialize};

/// `mirror …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum MirrorRequest {
    /// Lets a mirror hold a notebook. Answers `mirror`.
    Add {
        /// The notebook's id or name, or `journal` for the person's own.
        notebook: String,
        /// The mirror's ticket.
        ticket: String,
    },
    /// Answers `mirrors[]`.
    List {
        /// The notebook's id or name, or `journal`.
        notebook: String,
    },
    /// Ends that. Answers `mirror` as it was.
    Remove {
        /// The notebook's id or name, or `journal`.
        notebook: String,
        /// The mirror's id or name.
        mirror: String,
    },
}
