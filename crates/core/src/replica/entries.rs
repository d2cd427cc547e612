//! Reads entries by their positions, from memory or from the disk.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Replica;
use crate::log::RawEntry;
use crate::storage::{Position, Storage, StorageError, Write};

/// Bytes that are read at once by whoever goes through a log: to read a block of entries takes as long as to read one
/// of it.
const READ_BYTES_AIM: usize = 64 * 1024;

/// Reads entries whose positions rise, many at a time.
pub(super) struct EntryReader<'a> {
    replica: &'a Replica,
    storage: &'a dyn Storage,
    /// What is not committed yet, in order.
    unsaved: Vec<&'a [u8]>,
    /// What was read, and not asked for yet.
    read: VecDeque<(Position, Vec<u8>)>,
    bytes_aim: usize,
}

impl<'a> EntryReader<'a> {
    /// Begins to read.
    pub(super) fn new(replica: &'a Replica, storage: &'a dyn Storage) -> Self {
        let appended = |write: &'a Write| match write {
            Write::Append(bytes) => Some(bytes.as_slice()),
            _ => None,
        };
        Self {
            replica,
            storage,
            unsaved: replica.unsaved.iter().filter_map(appended).collect(),
            read: VecDeque::new(),
            bytes_aim: READ_BYTES_AIM,
        }
    }

    /// Returns the entry at a position.
    pub(super) fn at(&mut self, position: Position) -> Result<Arc<RawEntry>, StorageError> {
        if let Some(entry) = self.replica.recent(position) {
            return Ok(entry);
        }
        let bytes = match position.checked_sub(self.replica.committed_position) {
            None => self.committed(position)?,
            Some(place) => {
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                self.unsaved.get(place).map(|bytes| bytes.to_vec())
            }
        };
        let bytes = bytes.ok_or_else(|| StorageError::Damaged("an entry is missing".to_owned()))?;
        RawEntry::parse_any(bytes)
            .map(Arc::new)
            .map_err(|error| StorageError::Damaged(error.to_string()))
    }

    fn committed(&mut self, position: Position) -> Result<Option<Vec<u8>>, StorageError> {
        while self.read.front().is_some_and(|(at, _)| *at < position) {
            self.read.pop_front();
        }
        if self.read.front().is_none_or(|(at, _)| *at != position) {
            let read = self
                .storage
                .entries(self.replica.notebook, position, self.bytes_aim)?;
            self.read = read.into();
        }
        let first = self.read.pop_front();
        Ok(first
            .filter(|(at, _)| *at == position)
            .map(|(_, bytes)| bytes))
    }
}

impl Replica {
    /// Reads one entry by its position.
    pub(super) fn entry_at(
        &self,
        position: Position,
        storage: &dyn Storage,
    ) -> Result<Arc<RawEntry>, StorageError> {
        let mut reader = EntryReader::new(self, storage);
        reader.bytes_aim = 1;
        reader.at(position)
    }
}
