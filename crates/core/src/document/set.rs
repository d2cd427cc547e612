//! The open documents of one notebook, and how entries change them: whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash};

use crate::ids::ActorId;

use super::DocumentId;
use super::open::Document;
use super::refusal::Refusal;
use super::scan::Change;
use super::spare::Spare;
use super::stage::{Layer, Objection, View};
use super::trial;

/// One signed entry's changes, in the order in which its writer made them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryChanges {
    /// The actor that belongs to the entry's log.
    pub actor: ActorId,
    /// The changes, each with the document that it belongs to.
    pub changes: Vec<(DocumentId, Change)>,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All of its changes are in their documents.
    Applied,
    /// None is, because it builds on changes that are not here. The caller keeps it and comes
    /// again when they are; nothing of it is kept here.
    Waiting {
        /// What it lacks; nothing where an entry of the same actor before it was not applied.
        missing: Vec<(DocumentId, ChangeHash)>,
    },
    /// None is, and none ever will be.
    Refused(Refusal),
}

/// The open documents of one notebook.
#[derive(Debug, Clone, Default)]
pub struct DocumentSet {
    documents: BTreeMap<DocumentId, Document>,
    spare: Spare,
}

impl DocumentSet {
    /// Makes an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens a document, replacing one of the same id.
    pub fn insert(&mut self, id: DocumentId, document: Document) {
        self.spare.forget(&id);
        self.documents.insert(id, document);
    }

    /// Closes a document and hands it out.
    pub fn remove(&mut self, id: &DocumentId) -> Option<Document> {
        self.spare.forget(id);
        self.documents.remove(id)
    }

    /// Says whether [`DocumentSet::prepare`] would make the next change quicker.
    pub const fn wants_prepare(&self) -> bool {
        self.spare.is_wanted()
    }

    /// Gets ready for another change of the document that changed last, while nobody waits: a copy of
    /// it takes its memory a second time and saves about a tenth of a millisecond on the way of the
    /// next keystroke.
    pub fn prepare(&mut self) {
        let documents = &self.documents;
        self.spare
            .prepare(|id| documents.get(id).map(Document::automerge));
    }

    /// Drops what [`DocumentSet::prepare`] made.
    pub fn unprepare(&mut self) {
        self.spare.clear();
    }

    /// Says whether there is a copy of a document to be changed.
    #[cfg(test)]
    pub(super) fn is_prepared(&self, id: &DocumentId) -> bool {
        self.spare.is_ready(id)
    }

    /// Returns a copy of a document to be changed, an empty one where it is not open.
    pub(super) fn copy_of(&mut self, id: &DocumentId) -> Automerge {
        match self.spare.take(id) {
            Some(copy) => copy,
            None => self.get(id).cloned().unwrap_or_default(),
        }
    }

    /// Returns a document to read from, where it is open.
    pub fn get(&self, id: &DocumentId) -> Option<&Automerge> {
        self.documents.get(id).map(Document::automerge)
    }

    /// Returns an open document with what is known about its changes.
    pub fn document(&self, id: &DocumentId) -> Option<&Document> {
        self.documents.get(id)
    }

    /// Returns the ids of all open documents in ascending order.
    pub fn ids(&self) -> impl Iterator<Item = DocumentId> + '_ {
        self.documents.keys().copied()
    }

    /// Returns how many documents are open.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Says whether none is.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Says whether a document is open and has a change.
    pub fn has_change(&self, id: &DocumentId, hash: &ChangeHash) -> bool {
        self.documents
            .get(id)
            .is_some_and(|document| document.has(hash))
    }

    /// Applies entries in order and returns what became of each.
    ///
    /// A document that is not open counts as empty and is opened with its first change, so the
    /// caller opens those that exist first. An entry whose changes are all here already is
    /// [`Outcome::Applied`] again. Entries that depend on a refused one wait, and so do all that
    /// follow an entry of the same actor that was not applied. Batches of 50 to 250
    /// cost the least: the work for one batch grows with each Text it touches, not with each
    /// change.
    pub fn apply(&mut self, entries: &[EntryChanges]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(entries.len());
        self.apply_span(entries, &mut BTreeSet::new(), &mut outcomes);
        outcomes
    }

    /// Applies a span at once; where that fails, each half by itself, down to the guilty entry.
    /// `stopped` are the actors of whom an entry was not applied: none after it is.
    fn apply_span(
        &mut self,
        entries: &[EntryChanges],
        stopped: &mut BTreeSet<ActorId>,
        outcomes: &mut Vec<Outcome>,
    ) {
        let batch = self.stage(entries, stopped.clone());
        let Some(failed) = self.commit(&batch) else {
            stopped.extend(batch.stopped);
            outcomes.extend(batch.outcomes);
            return;
        };
        match (entries, batch.outcomes.as_slice()) {
            ([], _) | (_, []) => {}
            ([entry], _) => {
                let outcome = self.settle(failed, &batch);
                if outcome != Outcome::Applied {
                    stopped.insert(entry.actor);
                }
                outcomes.push(outcome);
            }
            _ => {
                let (first, second) = entries.split_at(entries.len() / 2);
                self.apply_span(first, stopped, outcomes);
                self.apply_span(second, stopped, outcomes);
            }
        }
    }

    /// Checks entries one after the other and collects the changes of those that pass.
    fn stage<'a>(&self, entries: &'a [EntryChanges], stopped: BTreeSet<ActorId>) -> Batch<'a> {
        let mut batch = Batch {
            stopped,
            ..Batch::default()
        };
        for entry in entries {
            let outcome = if batch.stopped.contains(&entry.actor) {
                Outcome::Waiting {
                    missing: Vec::new(),
                }
            } else {
                self.stage_entry(entry, &mut batch)
            };
            if outcome != Outcome::Applied {
                batch.stopped.insert(entry.actor);
            }
            batch.outcomes.push(outcome);
        }
        batch
    }

    fn stage_entry<'a>(&self, entry: &'a EntryChanges, batch: &mut Batch<'a>) -> Outcome {
        let mut layers: BTreeMap<DocumentId, Layer> = BTreeMap::new();
        let mut staged: Vec<(DocumentId, &Change)> = Vec::new();
        for (id, change) in &entry.changes {
            let mut view = View {
                document: self.documents.get(id),
                below: batch.layers.get(id),
                above: layers.entry(*id).or_default(),
            };
            if change.facts().actor == entry.actor && view.has(&change.facts().hash) {
                continue;
            }
            match view.stage(entry.actor, change) {
                Ok(()) => staged.push((*id, change)),
                Err(Objection::Refused(refusal)) => return Outcome::Refused(refusal),
                Err(Objection::Missing) => {
                    return Outcome::Waiting {
                        missing: self.missing(entry, batch),
                    };
                }
            }
        }
        for (id, layer) in layers {
            batch.layers.entry(id).or_default().extend(layer);
        }
        for (id, change) in staged {
            batch.changes.entry(id).or_default().push(change);
        }
        Outcome::Applied
    }

    /// Lists all that an entry lacks, not only what its first change does.
    fn missing(&self, entry: &EntryChanges, batch: &Batch<'_>) -> Vec<(DocumentId, ChangeHash)> {
        let mut own = Layer::default();
        let mut missing: Vec<(DocumentId, ChangeHash)> = Vec::new();
        for (id, change) in &entry.changes {
            let view = View {
                document: self.documents.get(id),
                below: batch.layers.get(id),
                above: &mut own,
            };
            let lacks = |dep: &&ChangeHash| !view.has(dep);
            missing.extend(
                change
                    .facts()
                    .deps
                    .iter()
                    .filter(lacks)
                    .map(|dep| (*id, *dep)),
            );
        }
        let given = |(id, dep): &(DocumentId, ChangeHash)| {
            entry
                .changes
                .iter()
                .any(|(of, change)| of == id && change.facts().hash == *dep)
        };
        missing.sort_unstable();
        missing.dedup();
        missing.retain(|lack| !given(lack));
        missing
    }

    /// Applies what was staged to copies of the documents and puts the copies in their place once
    /// all turned out well. Returns the document that failed, with nothing changed.
    fn commit(&mut self, batch: &Batch<'_>) -> Option<DocumentId> {
        let mut copies = Vec::with_capacity(batch.changes.len());
        for (id, changes) in &batch.changes {
            let spare = self.spare.take(id);
            let applied = match self.get(id) {
                Some(document) => trial::apply(document, spare, changes.iter().copied()),
                None => trial::apply(&Automerge::new(), None, changes.iter().copied()),
            };
            match applied {
                Ok(copy) => copies.push((*id, copy)),
                Err(_) => return Some(*id),
            }
        }
        for (id, copy) in copies {
            self.replace(id, copy, batch);
        }
        None
    }

    fn replace(&mut self, id: DocumentId, copy: Automerge, batch: &Batch<'_>) {
        let document = self.documents.entry(id).or_default();
        let before = std::mem::replace(&mut document.automerge, copy);
        if let Some(layer) = batch.layers.get(&id) {
            document
                .tips
                .extend(layer.tips.iter().map(|(actor, tip)| (*actor, tip.clone())));
        }
        self.spare.changed(id, before);
    }

    /// Decides about a single entry that could not be applied: it is refused if it fails on its
    /// own history too, else the document is built anew with it.
    fn settle(&mut self, failed: DocumentId, batch: &Batch<'_>) -> Outcome {
        let empty = Automerge::new();
        for (id, changes) in &batch.changes {
            let document = self.get(id).unwrap_or(&empty);
            if let Err((hash, problem)) = trial::judge(document, changes) {
                return Outcome::Refused(Refusal::Unsound { hash, problem });
            }
        }
        let mut copies = Vec::with_capacity(batch.changes.len());
        for (id, changes) in &batch.changes {
            let document = self.get(id).unwrap_or(&empty);
            match trial::rebuild(document, changes) {
                Ok(copy) => copies.push((*id, copy)),
                Err(_) => return Outcome::Refused(Refusal::Unmergeable { document: failed }),
            }
        }
        for (id, copy) in copies {
            self.replace(id, copy, batch);
        }
        Outcome::Applied
    }

    pub(super) fn documents(&self) -> &BTreeMap<DocumentId, Document> {
        &self.documents
    }

    /// Puts edited copies in the place of their documents.
    pub(super) fn accept(&mut self, copies: BTreeMap<DocumentId, (Automerge, Layer)>) {
        for (id, (copy, layer)) in copies {
            let document = self.documents.entry(id).or_default();
            let before = std::mem::replace(&mut document.automerge, copy);
            document.tips.extend(layer.tips);
            self.spare.changed(id, before);
        }
    }
}

/// Entries that were checked together.
#[derive(Default)]
struct Batch<'a> {
    /// Whose further entries are not applied.
    stopped: BTreeSet<ActorId>,
    outcomes: Vec<Outcome>,
    changes: BTreeMap<DocumentId, Vec<&'a Change>>,
    layers: BTreeMap<DocumentId, Layer>,
}
