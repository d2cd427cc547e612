//! Files that are being added, between the requests that carry their parts.

use hearth_core::engine::FileAdding;

use super::open::Open;

/// Most files at once; what was kept of one that goes is dropped later.
const OPEN_MAX: usize = 8;

/// All of them.
pub(crate) type OpenFiles = Open<FileAdding, OPEN_MAX>;

impl OpenFiles {
    /// Says whether a file is being added at a place.
    pub(crate) fn is_at(&self, place: &[u8]) -> bool {
        self.iter().any(|file| file.is_at(place))
    }
}
