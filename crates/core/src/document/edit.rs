//! Edits open documents on this device and hands out the changes to be signed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use automerge::{Automerge, ChangeHash, ReadDoc};

use crate::ids::ActorId;

use super::DocumentId;
use super::open::automerge_actor;
use super::quiet::contain;
use super::refusal::Refusal;
use super::scan::{Change, ScanError, scan};
use super::set::DocumentSet;
use super::stage::{Layer, Objection, View};

/// Why an edit was undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The change would be refused by others for its form, most likely its size.
    #[error("nothing was changed: {0}")]
    Scan(#[from] ScanError),
    /// The change would be refused by others for its place in the history.
    #[error("nothing was changed: {0}")]
    Refused(#[from] Refusal),
    /// The change was written at an older state than the one that the document has, or it was
    /// merged in from a copy.
    #[error("nothing was changed: the edit is not on top of the document's newest state")]
    NotOnTop,
    /// Automerge broke off.
    #[error("nothing was changed: the document library broke off ({0}), please report this")]
    Panicked(String),
}

/// Why [`DocumentSet::transact`] changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactError<E> {
    /// The closure returned an error.
    #[error(transparent)]
    Edit(E),
    /// What it wrote breaks a rule.
    #[error(transparent)]
    Rules(EditError),
}

/// Copies of documents while they are edited. Dropping it abandons the edit.
#[derive(Debug)]
pub struct Edit<'a> {
    set: &'a mut DocumentSet,
    actor: ActorId,
    copies: BTreeMap<DocumentId, Automerge>,
}

impl DocumentSet {
    /// Begins an edit of any number of documents by `actor`.
    pub fn edit(&mut self, actor: ActorId) -> Edit<'_> {
        Edit {
            set: self,
            actor,
            copies: BTreeMap::new(),
        }
    }

    /// Edits one document and returns what the closure returned and the new changes, scanned.
    ///
    /// # Errors
    /// [`TransactError::Edit`] with the closure's error, [`TransactError::Rules`] where others
    /// would refuse what it wrote. The document is as before then.
    pub fn transact<T, E>(
        &mut self,
        id: DocumentId,
        actor: ActorId,
        work: impl FnOnce(&mut Automerge) -> Result<T, E>,
    ) -> Result<(T, Vec<Change>), TransactError<E>> {
        let mut edit = self.edit(actor);
        let document = edit.write(id);
        let value = contain(|| work(document))
            .map_err(|panic| TransactError::Rules(EditError::Panicked(panic)))?
            .map_err(TransactError::Edit)?;
        let changes = edit.finish().map_err(TransactError::Rules)?;
        Ok((
            value,
            changes.into_iter().map(|(_, change)| change).collect(),
        ))
    }
}

impl Edit<'_> {
    /// Returns a document as the edit has left it so far, where it exists.
    pub fn read(&self, id: &DocumentId) -> Option<&Automerge> {
        self.copies.get(id).or_else(|| self.set.get(id))
    }

    /// Opens a document that exists but was not open, so that the edit can read it.
    pub fn open(&mut self, id: DocumentId, document: super::Document) {
        if self.read(&id).is_none() {
            self.set.insert(id, document);
        }
    }

    /// Returns a document to write to, its actor set; an empty one where it does not exist.
    ///
    /// Write with plain transactions only: a transaction at older heads, a fork that is merged
    /// back, and another actor would make changes that the rules refuse.
    pub fn write(&mut self, id: DocumentId) -> &mut Automerge {
        match self.copies.entry(id) {
            Entry::Occupied(copy) => copy.into_mut(),
            Entry::Vacant(place) => {
                let mut copy = self.set.copy_of(&id);
                copy.set_actor(automerge_actor(&self.actor));
                place.insert(copy)
            }
        }
    }

    /// Ends the edit: checks the new changes by the rules for others' changes, puts the documents
    /// in place and returns the changes, by ascending document and in the order of writing.
    ///
    /// # Errors
    /// [`EditError`] where a rule is broken; nothing is changed then.
    pub fn finish(self) -> Result<Vec<(DocumentId, Change)>, EditError> {
        let mut changes = Vec::new();
        let mut accepted = BTreeMap::new();
        for (id, copy) in self.copies {
            let mut layer = Layer::default();
            let document = self.set.documents().get(&id);
            let before = document.map(|document| document.automerge().get_heads());
            let written = contain(|| written_since(&copy, &before.unwrap_or_default()))
                .map_err(EditError::Panicked)?;
            if written.is_empty() {
                continue;
            }
            let mut view = View {
                document,
                below: None,
                above: &mut layer,
            };
            for change in written {
                let change = scan(change.raw_bytes())?;
                view.stage(self.actor, &change)
                    .map_err(|objection| match objection {
                        Objection::Missing => EditError::NotOnTop,
                        Objection::Refused(
                            Refusal::ForgedActor | Refusal::StartOperation { .. },
                        ) => EditError::NotOnTop,
                        Objection::Refused(refusal) => EditError::Refused(refusal),
                    })?;
                changes.push((id, change));
            }
            accepted.insert(id, (copy, layer));
        }
        self.set.accept(accepted);
        Ok(changes)
    }
}

/// Returns the changes since some heads. Most edits make one change, which is found without walking
/// the history.
fn written_since(copy: &Automerge, before: &[ChangeHash]) -> Vec<automerge::Change> {
    if let [head] = copy.get_heads().as_slice()
        && let Some(change) = copy.get_change_by_hash(head)
        && change.deps() == before
    {
        return vec![change];
    }
    copy.get_changes(before)
}
