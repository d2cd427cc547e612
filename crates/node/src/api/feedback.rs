//! Requests about feedback and sealed exchanges.

use serde::{Deserialize, Serialize};

/// What somebody says as feedback; at least one part says something.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FeedbackFields {
    /// What does not fit the other parts.
    pub text: Option<String>,
    /// When and where it was.
    pub situation: Option<String>,
    /// What the person did.
    pub behaviour: Option<String>,
    /// What that led to.
    pub impact: Option<String>,
    /// What the writer wishes for.
    pub request: Option<String>,
}

/// `feedback …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FeedbackRequest {
    /// Answers `feedback`; where it is sealed, `sealed`.
    Give {
        /// The notebook's id or name.
        notebook: String,
        /// Whom it is for; the other one where there are two.
        to: Option<String>,
        /// Whether to begin a sealed exchange with it.
        sealed: bool,
        /// What is said.
        fields: FeedbackFields,
    },
    /// Answers `feedback[]` and the sealed exchanges of feedback in `sealed[]`.
    List {
        /// The notebook's id or name.
        notebook: String,
    },
}

/// `sealed …`; all but `list` answer `sealed`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SealedRequest {
    /// `start`
    Start {
        /// The notebook's id or name.
        notebook: String,
        /// `feedback`, `expectations` or `rating`.
        kind: String,
        /// What it is called.
        title: Option<String>,
        /// Who takes part; everybody who may write where nobody is named.
        with: Vec<String>,
    },
    /// Keeps the text in the journal, and its salted hash in the notebook.
    Commit {
        /// The exchange's id.
        exchange: String,
        /// The text.
        text: String,
        /// The number of a rating, from 1 to 5.
        rating: Option<u8>,
    },
    /// `open`
    Open {
        /// The exchange's id.
        exchange: String,
    },
    /// `withdraw`
    Withdraw {
        /// The exchange's id.
        exchange: String,
    },
    /// `show`
    Show {
        /// The exchange's id.
        exchange: String,
    },
    /// Answers `sealed[]`.
    List {
        /// The notebook's id or name.
        notebook: String,
    },
}
