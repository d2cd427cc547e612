//! A copy of the document that changed last, made while nobody waits.
//!
//! Every change is made to a copy, which takes the document's place once all turned out well. For a
//! keystroke, making the copy and dropping what it replaced cost as much as the change itself, and
//! somebody who types will type again: so both are done ahead and afterwards, when there is time.
//!
//! The invariant: a spare copy is equal to its document. Whatever changes or closes the document
//! forgets the copy.

use automerge::Automerge;

use super::DocumentId;

/// Replaced documents that wait to be dropped: one for each keystroke, and few come before there is
/// time. More are dropped at once, so that they take no memory.
const REPLACED_MAX: usize = 4;

/// The spare copy of a set of documents.
#[derive(Debug, Default)]
pub(super) struct Spare {
    copy: Option<(DocumentId, Automerge)>,
    /// The document of which a copy is worth making.
    changed: Option<DocumentId>,
    replaced: Vec<Automerge>,
}

/// A clone is a set of its own, of which nothing has changed yet.
impl Clone for Spare {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Spare {
    /// Takes the copy of a document, where there is one.
    pub(super) fn take(&mut self, id: &DocumentId) -> Option<Automerge> {
        self.copy
            .take_if(|(of, _)| of == id)
            .map(|(_, document)| document)
    }

    /// Notes that a document was replaced, and takes what was there before.
    pub(super) fn changed(&mut self, id: DocumentId, before: Automerge) {
        self.forget(&id);
        self.changed = Some(id);
        if self.replaced.len() < REPLACED_MAX {
            self.replaced.push(before);
        }
    }

    /// Forgets the copy of a document, since it is another one now or gone.
    pub(super) fn forget(&mut self, id: &DocumentId) {
        drop(self.take(id));
        self.changed.take_if(|changed| changed == id);
    }

    /// Forgets every copy.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Says whether a document changed since [`Spare::prepare`].
    pub(super) const fn is_wanted(&self) -> bool {
        self.changed.is_some()
    }

    /// Says whether there is a copy of a document.
    #[cfg(test)]
    pub(super) fn is_ready(&self, id: &DocumentId) -> bool {
        self.copy.as_ref().is_some_and(|(of, _)| of == id)
    }

    /// Drops what was replaced and copies the document that changed last; `of` looks it up.
    pub(super) fn prepare<'a>(&mut self, of: impl FnOnce(&DocumentId) -> Option<&'a Automerge>) {
        self.replaced.clear();
        if let Some(id) = self.changed.take() {
            self.copy = of(&id).map(|document| (id, document.clone()));
        }
    }
}
