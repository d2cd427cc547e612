//! Requests about a notebook's agreement.

use serde::{Deserialize, Serialize};

/// `agreement …`; all but `form` answer `agreement`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum AgreementRequest {
    /// `show`
    Show {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Answers `{"notebook":…,"form":…}`: a page to fill in, which `fill` takes back.
    Form {
        /// The notebook's id or name.
        notebook: String,
    },
    /// `edit` with a page: what others wrote since the page was made is kept.
    Fill {
        /// The notebook's id or name.
        notebook: String,
        /// The page.
        form: String,
    },
    /// `edit` of one topic.
    Topic {
        /// The notebook's id or name.
        notebook: String,
        /// The topic's word or title.
        topic: String,
        /// The person's own answer.
        mine: Option<String>,
        /// What both agree on.
        consensus: Option<String>,
    },
    /// `sign`
    Sign {
        /// The notebook's id or name.
        notebook: String,
        /// The hash of the text that the person was shown; another text is then not signed.
        text_hash: String,
    },
    /// Answers `agreement`, `versions[]` and `unmatched[]`.
    Log {
        /// The notebook's id or name.
        notebook: String,
    },
}

impl AgreementRequest {
    /// Tells whether the request changes nothing.
    pub const fn is_read_only(&self) -> bool {
        matches!(
            self,
            Self::Show { .. } | Self::Form { .. } | Self::Log { .. }
        )
    }
}
