//! Requests about what was written before, and what was written at once.

use serde::{Deserialize, Serialize};

/// `conflict …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ConflictRequest {
    /// Answers `conflicts[]`: every disputed field of a notebook, with both values, who and when.
    List {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Writes one of the values of a disputed field. Answers `conflict`.
    Choose {
        /// The dispute's id (`OBJECT.FIELD`), or the object's where it has one disputed field.
        conflict: String,
        /// The value as typed; absent where `nth` names it.
        value: Option<String>,
        /// Which of the values, counted from 1 in the order of the list.
        nth: Option<u32>,
    },
}
