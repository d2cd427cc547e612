//! Requests about templates.

use serde::{Deserialize, Serialize};

/// `template …`; all but `List` answer `template`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum TemplateRequest {
    /// Answers `templates[]`: those that come with the program and the person's own.
    List,
    /// Reads one template.
    Show {
        /// Its name.
        name: String,
    },
    /// Keeps a template of the person's own, in the place of one of the same name.
    Add {
        /// The JSON of the template, or of an answer that holds one.
        text: String,
        /// The name to keep it under; its own when absent.
        name: Option<String>,
    },
    /// Forgets one of the person's own.
    Remove {
        /// Its name.
        name: String,
    },
}

impl TemplateRequest {
    /// Tells whether the request changes nothing.
    pub const fn is_read_only(&self) -> bool {
        matches!(self, Self::List | Self::Show { .. })
    }
}
