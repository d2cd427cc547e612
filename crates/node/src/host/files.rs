//! Files that are being added, between the requests that carry their parts.

use std::collections::BTreeMap;

use hearth_core::engine::FileAdding;

/// Most files at once. Whoever was interrupted leaves one behind; the one that was used least lately goes, and what was kept
/// of it is dropped later.
const OPEN_MAX: usize = 8;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles {
    open: BTreeMap<u64, (u64, FileAdding)>,
    next: u64,
}

impl OpenFiles {
    /// Keeps a new one; returns its number.
    pub(crate) fn add(&mut self, file: FileAdding) -> u64 {
        self.next += 1;
        let id = self.next;
        self.put_back(id, file);
        id
    }

    /// Takes one out to go on with it.
    pub(crate) fn take(&mut self, id: u64) -> Option<FileAdding> {
        self.open.remove(&id).map(|(_, file)| file)
    }

    /// Puts one back.
    pub(crate) fn put_back(&mut self, id: u64, file: FileAdding) {
        while self.open.len() >= OPEN_MAX {
            let oldest = self.open.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(id, _)| *id) else {
                break;
            };
            self.open.remove(&oldest);
        }
        self.next += 1;
        self.open.insert(id, (self.next, file));
    }

    /// Says whether a file is being added at a place.
    pub(crate) fn is_at(&self, place: &[u8]) -> bool {
        self.open.values().any(|(_, file)| file.is_at(place))
    }
}
