//! A notebook's documents as the domain crate wants them, over a replica.

use std::sync::Arc;

use automerge::Automerge;
use hearth_core::limits::DOCUMENTS_OPEN_MAX;
use hearth_core::replica::{EditSession, Replica};
use hearth_core::storage::Storage;
use hearth_notebook::{DocumentId, Documents, Register, Unavailable};

use super::register::Registers;

pub(super) fn core_id(id: DocumentId) -> hearth_core::document::DocumentId {
    hearth_core::document::DocumentId::from_bytes(id.0)
}

fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable {
        reason: error.to_string(),
    }
}

/// Documents to read from.
pub(crate) struct ReadDocuments<'a> {
    replica: &'a mut Replica,
    storage: &'a dyn Storage,
    registers: Option<&'a mut Registers>,
}

impl<'a> ReadDocuments<'a> {
    pub(crate) fn new(replica: &'a mut Replica, storage: &'a dyn Storage) -> Self {
        Self {
            replica,
            storage,
            registers: None,
        }
    }

    /// Has registers taken from those that are at hand, and kept there.
    pub(super) fn remembering(mut self, registers: &'a mut Registers) -> Self {
        self.registers = Some(registers);
        self
    }
}

impl Documents for ReadDocuments<'_> {
    fn read(&mut self, id: DocumentId) -> Result<Option<&Automerge>, Unavailable> {
        if self.replica.ahead(&core_id(id)).is_some() {
            return Ok(self.replica.ahead(&core_id(id)));
        }
        self.replica.catch_up(self.storage).map_err(unavailable)?;
        self.replica.close_unused(DOCUMENTS_OPEN_MAX);
        self.replica
            .load_document(core_id(id), self.storage)
            .map_err(unavailable)?;
        Ok(self.replica.documents().get(&core_id(id)))
    }

    fn write(&mut self, _: DocumentId) -> Result<&mut Automerge, Unavailable> {
        Err(unavailable("it was opened for reading"))
    }

    fn register(&mut self) -> Result<Arc<Register>, Unavailable> {
        let (notebook, storage) = (self.replica.notebook(), self.storage);
        let registers = self.registers.take();
        let index = self.read(DocumentId::INDEX)?;
        let register = match (index, registers) {
            (Some(index), Some(registers)) => {
                let found = registers.of(notebook, index, storage);
                self.registers = Some(registers);
                found
            }
            (index, registers) => {
                let found = index.map(Register::of).unwrap_or_default();
                self.registers = registers;
                Arc::new(found)
            }
        };
        Ok(register)
    }
}

/// Documents within an edit.
pub(crate) struct EditDocuments<'a, 'b> {
    session: &'a mut EditSession<'b>,
}

impl<'a, 'b> EditDocuments<'a, 'b> {
    pub(crate) const fn new(session: &'a mut EditSession<'b>) -> Self {
        Self { session }
    }
}

impl Documents for EditDocuments<'_, '_> {
    fn read(&mut self, id: DocumentId) -> Result<Option<&Automerge>, Unavailable> {
        self.session.read(&core_id(id)).map_err(unavailable)
    }

    fn write(&mut self, id: DocumentId) -> Result<&mut Automerge, Unavailable> {
        self.session.write(core_id(id)).map_err(unavailable)
    }
}
