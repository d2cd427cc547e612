//! Requests about the end of a mentoring relationship.

use serde::{Deserialize, Serialize};

/// `graduate`; all answer `graduation`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum GraduateRequest {
    /// Says where it stands. Of a notebook that was destroyed here it shows the receipts.
    Show {
        /// The notebook's id or name.
        notebook: String,
    },
    /// The caller's own words as a page to fill in: adds `form`.
    Form {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Takes the page back.
    Fill {
        /// The notebook's id or name.
        notebook: String,
        /// The page.
        form: String,
    },
    /// Says something about topics, each by its word; an empty text takes it back.
    Say {
        /// The notebook's id or name.
        notebook: String,
        /// Topics and texts.
        answers: Vec<(String, String)>,
    },
    /// Closes the notebook: from here on it is an archive.
    Close {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Says that the caller wants to go on; it is open once everybody who writes says so.
    Reopen {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Shows what a certificate for somebody would say: adds `certificate` with `words`.
    Preview {
        /// The notebook's id or name.
        notebook: String,
        /// For whom, by id or name.
        person: String,
        /// The caller's own words.
        words: String,
    },
    /// Signs a certificate for somebody.
    Certify {
        /// The notebook's id or name.
        notebook: String,
        /// For whom, by id or name.
        person: String,
        /// The caller's own words.
        words: String,
        /// Exactly what was shown; anything else is refused.
        text: String,
    },
    /// Says on every device of the caller that the keys are destroyed, and signs the receipt of this one.
    Destroy {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Destroys this device's keys, once others could hear the receipt.
    Finish {
        /// The notebook's id.
        notebook: String,
    },
}

impl GraduateRequest {
    pub(super) const fn is_read_only(&self) -> bool {
        matches!(
            self,
            Self::Show { .. } | Self::Form { .. } | Self::Preview { .. }
        )
    }
}
