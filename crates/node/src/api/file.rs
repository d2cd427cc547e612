//! Requests about files. A file crosses in parts, each a request of its own: neither side holds all of it, and the node goes
//! on with its links in between.

pub use hearth_core::limits::FILE_BYTES_MAX;
use serde::{Deserialize, Serialize};

/// What of a file goes in one request: four of its chunks.
pub const FILE_PART_BYTES: usize = 1024 * 1024;

/// `resource add --file` and `resource get`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FileRequest {
    /// Begins to add a file to a notebook. Answers `id`, by which its parts are given.
    Begin {
        /// The notebook's id or name.
        notebook: String,
        /// How long it will be, where that is known.
        bytes: Option<u64>,
    },
    /// Takes the next part. Answers `bytes`, how many there are so far; they are on the disk.
    Add {
        /// The file.
        id: u64,
        /// The part, in base64.
        bytes: String,
    },
    /// Ends the file and adds the resource that it is. Answers `resource`.
    Finish {
        /// The file.
        id: u64,
        /// What the file is called.
        name: String,
        /// What the resource is called.
        title: String,
        /// Why it matters.
        why: Option<String>,
        /// Words to find it by.
        tags: Vec<String>,
    },
    /// Gives a file up that was begun.
    Drop {
        /// The file.
        id: u64,
    },
    /// Says that somebody waits for the file of a resource, to be said again within some seconds. Answers `resource`, whose
    /// `file` has `here`, `parts_here`, `parts`; and `asked[]`, `lacking[]`, `wrong[]`, the devices that are asked for it, that
    /// lack it, and that sent what is not of it.
    Want {
        /// The resource's id or title.
        resource: String,
    },
    /// Answers the `bytes` (base64) of the next parts of a file that is here, `chunks`, how many of them these are, and
    /// `last`, whether the file ends with them.
    Read {
        /// The resource's id.
        resource: String,
        /// The first of them.
        chunk: u32,
    },
}
