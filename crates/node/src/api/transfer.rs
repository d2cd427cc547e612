//! Content on its way out of a notebook or into one.

use serde::{Deserialize, Serialize};

/// The forms in which a notebook leaves.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ExportFormat {
    /// One document that loses nothing.
    Json,
    /// A folder of Markdown files.
    Markdown,
    /// A folder of tables, one for each kind of object.
    Csv,
    /// One page to read and to print.
    Html,
    /// A calendar of the sessions.
    Ics,
}

/// The forms that a notebook takes in.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ImportFormat {
    /// The document that a JSON export wrote.
    Json,
    /// The folder that a Markdown export wrote, or files added to it.
    Markdown,
    /// A calendar with sessions of this notebook, whose times are taken over.
    Ics,
}

/// One file of an export or import.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct TransferFile {
    /// Its name inside the export, with `/` between folders: no root, no `.` or `..`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// The answer to [`Request::Export`](super::Request::Export).
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
pub struct ExportReply {
    /// The notebook's full id.
    pub notebook: String,
    /// The form asked for.
    pub format: ExportFormat,
    /// The content; JSON is exactly one file.
    pub files: Vec<TransferFile>,
}

impl ExportReply {
    /// Reads the answer to an export. The error is the shape that did not fit.
    pub fn from_value(value: serde_json::Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(value)
    }
}

/// `backup …`, as far as the home has to be open for it.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum BackupRequest {
    /// Writes everything into one sealed file. Answers `out`, `bytes`, `notebooks`, `records`, `entries`.
    Create {
        /// Where the file goes; absolute, and the only path that crosses: an answer could not hold it.
        path: String,
        /// A passphrase that opens it; without one only the recovery phrase does.
        passphrase: Option<super::Secret>,
    },
    /// `export --format signed`: one file that verifies on a machine with no identity.
    Signed {
        /// The notebook's id or name.
        notebook: String,
        /// Where the file goes; absolute.
        path: String,
    },
}
