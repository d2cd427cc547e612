//! Access to a notebook's documents, and the in-memory implementation that tests and benchmarks use.

use std::collections::BTreeMap;
use std::sync::Arc;

use automerge::{ActorId, Automerge, AutomergeError};

use crate::id::DocumentId;
use crate::register::Register;

/// A document could not be opened. The reason is in the implementer's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a document of this notebook could not be opened: {reason}")]
pub struct Unavailable {
    /// What failed, and what the person can do.
    pub reason: String,
}

/// Hands out the documents of one notebook.
///
/// Edits check everything they can before the first write. When one fails all the same after a write,
/// the implementer must drop what the command wrote, in every document.
pub trait Documents {
    /// Borrows a document for reading; `None` where it does not exist yet.
    ///
    /// # Errors
    /// [`Unavailable`] when the document exists and cannot be opened.
    fn read(&mut self, id: DocumentId) -> Result<Option<&Automerge>, Unavailable>;

    /// Borrows a document for writing, created empty where there is none. Its actor is the writer's.
    ///
    /// # Errors
    /// [`Unavailable`] when the document exists and cannot be opened.
    fn write(&mut self, id: DocumentId) -> Result<&mut Automerge, Unavailable>;

    /// Returns what lists need to know of every session and action. Whoever hands documents out again and again
    /// keeps it for the next time: it holds as long as the heads of the index do.
    ///
    /// # Errors
    /// [`Unavailable`] when the index exists and cannot be opened.
    fn register(&mut self) -> Result<Arc<Register>, Unavailable> {
        let index = self.read(DocumentId::INDEX)?;
        Ok(Arc::new(index.map(Register::of).unwrap_or_default()))
    }
}

/// A notebook in memory, with one actor: for tests, benchmarks and conversions.
#[derive(Clone, Debug)]
pub struct MemoryDocuments {
    actor: ActorId,
    documents: BTreeMap<DocumentId, Automerge>,
}

impl MemoryDocuments {
    /// An empty notebook that `actor` writes.
    #[must_use]
    pub fn new(actor: ActorId) -> Self {
        Self {
            actor,
            documents: BTreeMap::new(),
        }
    }

    /// A copy of this notebook that another actor writes.
    #[must_use]
    pub fn fork(&self, actor: ActorId) -> Self {
        let mut documents = self.documents.clone();
        for document in documents.values_mut() {
            document.set_actor(actor.clone());
        }
        Self { actor, documents }
    }

    /// Takes over every change of the other notebook.
    ///
    /// # Errors
    /// When Automerge refuses a change, for example two that claim the same actor and sequence number.
    pub fn merge(&mut self, other: &Self) -> Result<(), AutomergeError> {
        for (id, theirs) in &other.documents {
            let actor = self.actor.clone();
            let ours = self
                .documents
                .entry(*id)
                .or_insert_with(|| Automerge::new().with_actor(actor));
            ours.merge(&mut theirs.clone())?;
        }
        Ok(())
    }

    /// Every document with its id, the index first.
    pub fn iter(&self) -> impl Iterator<Item = (DocumentId, &Automerge)> {
        self.documents.iter().map(|(id, document)| (*id, document))
    }
}

impl Documents for MemoryDocuments {
    fn read(&mut self, id: DocumentId) -> Result<Option<&Automerge>, Unavailable> {
        Ok(self.documents.get(&id))
    }

    fn write(&mut self, id: DocumentId) -> Result<&mut Automerge, Unavailable> {
        let actor = &self.actor;
        Ok(self
            .documents
            .entry(id)
            .or_insert_with(|| Automerge::new().with_actor(actor.clone())))
    }
}
