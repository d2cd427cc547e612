//! Opened entries that are handed to the documents together.

use std::collections::BTreeMap;

use super::log::BranchId;
use crate::document::EntryChanges;
use crate::ids::{EntryHash, NotebookId, Seq};
use crate::log::{Body, DocumentTips, RawEntry};

/// Entries that are applied at once: a received change costs time in proportion to the Text that it
/// touches, so batches are six times as fast as single calls, and beyond this nothing is gained.
const BATCH_ENTRIES_MAX: usize = 250;

/// Memory from which a batch takes no further entry: what is packed into a kilobyte can unpack to a
/// hundred, and only one batch is unpacked at a time.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Memory of an operation besides its bytes, of which run lengths can leave nearly none.
const OPERATION_BYTES: usize = 64;

pub(super) struct Candidate {
    pub(super) log: BranchId,
    pub(super) seq: Seq,
    pub(super) entry: EntryHash,
    pub(super) tips: DocumentTips,
}

/// Opened entries that are to be applied at once, each with its changes at the same place.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) candidates: Vec<Candidate>,
    pub(super) entries: Vec<EntryChanges>,
    /// About how much memory the changes take.
    pub(super) bytes: usize,
    /// How many entries of a log are in here.
    pub(super) reached: BTreeMap<BranchId, usize>,
    /// The document tips of a log after its last entry in here.
    pub(super) tips: BTreeMap<BranchId, DocumentTips>,
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= BATCH_ENTRIES_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    pub(super) fn push(
        &mut self,
        notebook: NotebookId,
        id: BranchId,
        entry: &RawEntry,
        body: Body,
    ) {
        let header = entry.header();
        self.bytes += body.changes.iter().fold(0, |bytes, (_, change)| {
            let operations = usize::try_from(change.facts().op_count).unwrap_or(usize::MAX);
            bytes + change.bytes().len() + operations.saturating_mul(OPERATION_BYTES)
        });
        *self.reached.entry(id).or_default() += 1;
        self.tips.insert(id, body.tips.clone());
        self.candidates.push(Candidate {
            log: id,
            seq: header.seq,
            entry: entry.hash(),
            tips: body.tips,
        });
        self.entries.push(EntryChanges {
            actor: crate::log::actor_of(notebook, header.log),
            changes: body.changes,
        });
    }
}
