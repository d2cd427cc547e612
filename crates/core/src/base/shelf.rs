//! A disk in memory that lasts while a base is read.

use crate::identity::Roster;
use crate::ids::NotebookId;
use crate::storage::{
    CapsulePlace, CapsuleRecord, Position, Records, Space, Storage, StorageError, Write,
};

/// Holds entries, and forgets everything else: what is found out about a base is kept elsewhere.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    entries: Vec<Vec<u8>>,
}

impl Storage for Shelf {
    fn commit(&mut self, _: NotebookId, writes: &[Write]) -> Result<(), StorageError> {
        let entries = writes.iter().filter_map(|write| match write {
            Write::Append(entry) => Some(entry.clone()),
            _ => None,
        });
        self.entries.extend(entries);
        Ok(())
    }

    fn keep_roster(&mut self, _: &Roster) -> Result<(), StorageError> {
        Ok(())
    }

    fn keep_capsule(
        &mut self,
        _: CapsulePlace,
        _: Option<CapsuleRecord<'_>>,
    ) -> Result<(), StorageError> {
        Ok(())
    }

    fn capsule_heads(&self) -> Result<Vec<Vec<u8>>, StorageError> {
        Ok(Vec::new())
    }

    fn capsule(&self, _: CapsulePlace) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    fn get(&self, _: NotebookId, _: Space, _: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }

    fn scan(&self, _: NotebookId, _: Space) -> Result<Records, StorageError> {
        Ok(Vec::new())
    }

    fn entries(
        &self,
        _: NotebookId,
        from: Position,
        bytes_aim: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, StorageError> {
        let skipped = usize::try_from(from).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let entries = (from..).zip(self.entries.iter().skip(skipped));
        let taken = entries.take_while(|(_, entry)| {
            let is_taken = bytes == 0 || bytes < bytes_aim;
            bytes += entry.len();
            is_taken
        });
        Ok(taken.map(|(at, entry)| (at, entry.clone())).collect())
    }
}
