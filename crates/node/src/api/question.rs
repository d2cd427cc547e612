//! Requests about questions as a list; asking and answering are requests of their own.

use serde::{Deserialize, Serialize};

/// `question …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum QuestionRequest {
    /// Answers `questions[]`.
    List {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Says who may hear of a question and its answers; answers `question`.
    Mark {
        /// The question's id.
        question: String,
        /// `pair-only`, `quotable-with-consent` or `shareable`.
        sharing: String,
    },
}
