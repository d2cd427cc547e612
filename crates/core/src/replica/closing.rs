//! Which documents stay open: those that were used last, and those that are not on the disk as they are.

use std::collections::{BTreeMap, BTreeSet};

use super::Replica;
use crate::document::DocumentId;

/// When each open document was used last, in uses.
#[derive(Debug, Default)]
pub(super) struct Uses {
    count: u64,
    last: BTreeMap<DocumentId, u64>,
}

impl Uses {
    /// Notes that a document is used now.
    pub(super) fn note(&mut self, id: DocumentId) {
        self.count += 1;
        self.last.insert(id, self.count);
    }

    /// Forgets all but some documents.
    fn keep_only(&mut self, kept: &BTreeSet<DocumentId>) {
        self.last.retain(|id, _| kept.contains(id));
    }

    fn of(&self, id: &DocumentId) -> u64 {
        self.last.get(id).copied().unwrap_or_default()
    }
}

impl Replica {
    /// Closes documents until `keep` are open, those first that were not used for the longest time. One that
    /// is not on the disk as it is stays open, and so do all while anything waits to be committed. What is
    /// closed opens again as it is needed.
    pub fn close_unused(&mut self, keep: usize) {
        if self.documents.len() <= keep || !self.unsaved.is_empty() {
            return;
        }
        // After everything was placed anew, the copies on the disk are as good again once all are saved.
        self.use_saved |= self.is_snapshot_current() && self.dirty.is_empty();
        if !self.use_saved {
            return;
        }
        let mut ids: Vec<DocumentId> = self.documents.ids().collect();
        ids.sort_by_key(|id| self.uses.of(id));
        let mut open = ids.len();
        for id in ids {
            if open <= keep {
                break;
            }
            if !self.dirty.contains(&id) {
                self.documents.remove(&id);
                open -= 1;
            }
        }
        self.uses.keep_only(&self.documents.ids().collect());
    }
}
