//! Requests about bundles. A bundle crosses in parts, each a request of its own: neither side holds all of it,
//! and the node goes on with its links in between.

use serde::{Deserialize, Serialize};

/// What of a bundle goes in one request, about: a line of JSON of it is a third longer.
pub const BUNDLE_PIECE_BYTES: usize = 1024 * 1024;

/// `bundle …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum BundleRequest {
    /// Begins to make a bundle. Answers `id`, by which its parts are asked for.
    Create {
        /// The notebook's id or name.
        notebook: String,
        /// A member's id or name; absent for everybody.
        person: Option<String>,
        /// Everything, whatever they are known to have.
        full: bool,
    },
    /// Answers the next `bytes` (base64) of a bundle and `done` of `total`; once there are none, `notebook`, and
    /// `bundle` with `id`, `for[]`, `made`, `full`, `entries`, `left_out`, `never_heard[]`.
    Next {
        /// The bundle.
        id: u64,
    },
    /// Begins to take a bundle in. Answers `id`, by which its parts are given.
    Open,
    /// Takes the next part in. Answers the `entries` so far; after the last `notebook`, `waiting`,
    /// `behind`, and `bundle` with `id`, `from`, `made`, `full`, `entries`, `known`, `controls`, `missing`, `news`,
    /// `new_notebook`.
    Apply {
        /// The bundle.
        id: u64,
        /// The part, in base64.
        bytes: String,
        /// Whether the file ends with it.
        last: bool,
    },
}
