//! What changes after the fact: entries that do not count by themselves and are applied since one
//! that does builds on them, and everything placed anew once other entries count than did.
//!
//! Invariant: nothing is ever taken out of a document. Where something is to be out of it, it is built
//! again from the entries that count.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use super::builders::ADOPTED;
use super::log::BranchId;
use super::{Applied, AppliedChange, Replica};
use crate::document::{Document, DocumentId, DocumentSet, EntryChanges, Outcome};
use crate::ids::EntryHash;
use crate::log::{RawEntry, actor_of};
use crate::storage::{Position, Space, Storage, StorageError, Write};

/// Bytes of history that are read at once while everything is placed anew.
const READ_BYTES_AIM: usize = 1024 * 1024;

impl Replica {
    /// Applies held entries, in causal order, for an entry that builds on them: all or
    /// none. Says whether they could be; those that are not valid are marked.
    pub(super) fn adopt(
        &mut self,
        hashes: &[EntryHash],
        storage: &dyn Storage,
    ) -> Result<bool, StorageError> {
        let wanted: Vec<_> = hashes
            .iter()
            .filter_map(|hash| Some((*hash, self.held.get(hash)?.clone())))
            .collect();
        let touched: BTreeSet<DocumentId> = wanted
            .iter()
            .flat_map(|(_, entry)| entry.changes.iter().map(|(document, _)| *document))
            .collect();
        for document in &touched {
            self.load_document(*document, storage)?;
        }
        // A copy shares what it holds and costs microseconds.
        let before: Vec<(DocumentId, Option<Document>)> = touched
            .iter()
            .map(|id| (*id, self.documents.document(id).cloned()))
            .collect();
        for (hash, entry) in &wanted {
            let entry = EntryChanges {
                actor: actor_of(self.notebook, entry.branch.log),
                changes: entry.changes.to_vec(),
            };
            let outcome = self.documents.apply(&[entry]).pop();
            if outcome != Some(Outcome::Applied) {
                for (id, document) in before {
                    self.documents.remove(&id);
                    if let Some(document) = document {
                        self.documents.insert(id, document);
                    }
                }
                self.held.mark_invalid(hash);
                return Ok(false);
            }
        }
        for (hash, entry) in wanted {
            self.held.release(&hash);
            self.dirty.extend(entry.changes.iter().map(|(id, _)| *id));
            // Who did so first differs from device to device, and all are to say the same.
            self.forget_set_aside(&hash);
            self.note_set_aside(hash, entry.branch.log.device, entry.seq, ADOPTED.to_owned());
            self.applied.push(Applied {
                log: entry.branch.log,
                entry: hash,
                changes: entry
                    .changes
                    .iter()
                    .map(|(document, change)| AppliedChange::of(*document, change))
                    .collect(),
            });
        }
        Ok(true)
    }

    /// Forgets that an entry was set aside.
    pub(super) fn forget_set_aside(&mut self, hash: &EntryHash) {
        if self.set_aside.remove(hash).is_some() {
            self.unsaved.push(Write::Delete {
                space: Space::SetAside,
                key: hash.as_bytes().to_vec(),
            });
        }
    }

    /// Places every entry anew, by what counts now.
    pub(super) fn rebuild(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        self.recount();
        self.wants_rebuild = false;
        let applied = mem::take(&mut self.applied);
        let placed = self.place_all(storage);
        self.applied = applied;
        if let Err(error) = placed {
            self.wants_rebuild = true;
            return Err(error);
        }
        self.drop_empty_documents();
        self.entries_since_snapshot = self.entries_since_snapshot.max(1);
        self.is_rebuilt = true;
        Ok(())
    }

    fn place_all(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        // The saved copies show what no longer counts.
        self.use_saved = false;
        self.dirty.extend(self.documents.ids());
        self.documents = DocumentSet::new();
        self.base = self.base_to_await();
        self.held.clear();
        self.arrivals.clear();
        for log in self.logs.values_mut() {
            log.unsettle();
        }
        self.reset_support();
        let named: Vec<EntryHash> = self.set_aside.keys().copied().collect();
        for hash in named {
            self.forget_set_aside(&hash);
        }
        let mut from: Position = 0;
        while from < self.committed_position {
            let read = storage.entries(self.notebook, from, READ_BYTES_AIM)?;
            let Some((last, _)) = read.last() else {
                return Err(StorageError::Damaged("an entry is missing".to_owned()));
            };
            from = last + 1;
            for (position, bytes) in read {
                self.place_again(position, bytes)?;
            }
            self.place_pending(storage)?;
        }
        for (position, bytes) in (self.committed_position..).zip(self.unsaved_entries()) {
            self.place_again(position, bytes)?;
        }
        self.place_pending(storage)?;
        Ok(())
    }

    /// Returns the entries that are in memory only.
    fn unsaved_entries(&self) -> Vec<Vec<u8>> {
        let entries = self.unsaved.iter().filter_map(|write| match write {
            Write::Append(bytes) => Some(bytes.clone()),
            _ => None,
        });
        entries.collect()
    }

    fn place_again(&mut self, position: Position, bytes: Vec<u8>) -> Result<(), StorageError> {
        let entry =
            RawEntry::parse_any(bytes).map_err(|error| StorageError::Damaged(error.to_string()))?;
        let (seq, hash) = (entry.header().seq, entry.hash());
        let trunk = BranchId::trunk(entry.header().log);
        let id = if self.is_forked(&trunk.log) {
            self.holder(&trunk.log, seq, &hash).unwrap_or(trunk)
        } else {
            trunk
        };
        if let Some(log) = self.logs.get_mut(&id)
            && log.position_of(seq) == Some(position)
        {
            log.pending.push_back(Arc::new(entry));
            self.arrivals.push_back(id);
        }
        Ok(())
    }

    /// Has the saved copies of documents forgotten in which nothing is that counts.
    fn drop_empty_documents(&mut self) {
        let held: BTreeSet<DocumentId> = self
            .held
            .iter()
            .flat_map(|(_, entry)| entry.changes.iter().map(|(document, _)| *document))
            .collect();
        self.dirty.extend(held);
    }

    /// Takes whether everything was placed anew since the last call.
    pub(crate) fn take_rebuilt(&mut self) -> bool {
        mem::take(&mut self.is_rebuilt)
    }

    /// Says whether something is to be placed that does not wait for anything to arrive.
    pub(crate) const fn wants_advance(&self) -> bool {
        self.wants_rebuild || self.wants_choice || self.has_new_keys
    }
}
