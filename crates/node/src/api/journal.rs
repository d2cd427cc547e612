//! Requests about a person's own journal.

use serde::{Deserialize, Serialize};

/// `journal …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum JournalRequest {
    /// Answers `entry`.
    Add {
        /// What it says.
        text: String,
        /// The notebook that it is about, by id or name.
        about: Option<String>,
        /// The session that it prepares, by id.
        session: Option<String>,
    },
    /// Answers `entries[]`, newest last; for one notebook also the `notes[]` that were shared there.
    List {
        /// Only what is about this notebook.
        about: Option<String>,
    },
    /// Answers `entry`, or `note` for one that was shared.
    Show {
        /// The id of the entry or note.
        entry: String,
    },
    /// Answers what sharing would do: `entry`, `notebook` and `readers[]`.
    SharePreview {
        /// The id of the entry.
        entry: String,
        /// The notebook's id or name.
        notebook: String,
    },
    /// Copies the text into a notebook. Answers `note`, `entry` and `notebook`.
    Share {
        /// The id of the entry.
        entry: String,
        /// The notebook's id or name.
        notebook: String,
    },
}

impl JournalRequest {
    /// Tells whether the request changes nothing.
    pub const fn is_read_only(&self) -> bool {
        matches!(
            self,
            Self::List { .. } | Self::Show { .. } | Self::SharePreview { .. }
        )
    }
}
