//! Entries that are kept before they are placed. A pack is acknowledged once it is verified and on the
//! disk; its changes reach the documents a moment later, or as soon as somebody reads or writes them.
//!
//! Invariant: whoever is shown a document has the replica caught up first, so nobody sees less than was
//! acknowledged.

use std::collections::BTreeSet;

use super::Replica;
use super::log::Log;
use crate::ids::LogId;
use crate::limits::BEHIND_BYTES_MAX;
use crate::log::LogStates;
use crate::storage::{Position, Storage, StorageError};

/// What is kept and was not tried to be placed yet.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// The position of the first such entry; all that arrived after it are such entries, too.
    from: Option<Position>,
    bytes: usize,
    /// What the next entry follows from, of logs that were unpacked further than they are placed.
    states: LogStates,
}

impl Replica {
    /// Says whether anything is kept that was not tried to be placed yet.
    pub const fn is_behind(&self) -> bool {
        self.behind.from.is_some()
    }

    /// Returns the bytes of the entries that were put off since all was last placed.
    pub const fn put_off_bytes(&self) -> usize {
        self.behind.bytes
    }

    /// Leaves entries of so many bytes, which are about to be taken in, to be placed later. Where too much
    /// is put off already, that is placed first.
    ///
    /// # Errors
    /// [`StorageError`] like [`Replica::advance`].
    pub(crate) fn put_off(
        &mut self,
        bytes: usize,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        if self.behind.bytes.saturating_add(bytes) > BEHIND_BYTES_MAX {
            self.advance(storage)?;
        }
        self.behind.from.get_or_insert(self.next_position);
        self.behind.bytes += bytes;
        Ok(())
    }

    /// Notes what the next entries of some logs follow from, which their last ones here do not say before
    /// they are placed.
    pub(crate) fn note_states(&mut self, states: LogStates) {
        self.behind.states.extend(states);
    }

    /// Places some of what was put off; says whether there is more.
    ///
    /// # Errors
    /// [`StorageError`] like [`Replica::advance`].
    pub fn catch_up_some(&mut self, storage: &dyn Storage) -> Result<bool, StorageError> {
        if !self.is_behind() {
            return Ok(false);
        }
        // Which branch of a fork counts is found out about all of it at once.
        if self.forks.is_empty() && !self.wants_rebuild && self.place_batch(storage)? {
            return Ok(true);
        }
        self.advance(storage)?;
        Ok(false)
    }

    /// Places all that was put off.
    ///
    /// # Errors
    /// [`StorageError`] like [`Replica::advance`].
    pub fn catch_up(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        if self.is_behind() {
            self.advance(storage)?;
        }
        Ok(())
    }

    fn place_batch(&mut self, storage: &dyn Storage) -> Result<bool, StorageError> {
        let placed = self.advance_batch(&mut BTreeSet::new(), storage)?;
        self.forget_settled_arrivals();
        self.note_placed();
        self.review_ahead();
        Ok(placed == Some(true))
    }

    /// Notes that all was tried to be placed.
    pub(super) fn note_caught_up(&mut self) {
        self.behind = Behind::default();
        self.name_full();
        self.review_ahead();
    }

    /// Returns how many entries of a log wait for something that is not here: those that were tried.
    pub(super) fn waiting_of(&self, log: &Log) -> usize {
        let untried = self.behind.from.map_or(0, |from| {
            let positions = log.positions();
            positions.len() - positions.partition_point(|position| *position < from)
        });
        log.pending.len().saturating_sub(untried)
    }

    /// Returns what the next entry of a log follows from, where the log was unpacked to its end and is not
    /// placed as far.
    pub(super) fn state_ahead(&self, log: &LogId) -> Option<&crate::log::LogState> {
        let tip = self.trunk(log)?.tip();
        self.behind.states.get(log).filter(|state| state.tip == tip)
    }

    /// Says whether some logs cannot be gone on with, in a pack, before they are placed.
    pub(super) fn must_catch_up(&self, logs: impl IntoIterator<Item = LogId>) -> bool {
        let is_open = |log: &LogId| {
            let trunk = self.trunk(log);
            trunk.is_some_and(|trunk| trunk.settled != trunk.tip_seq())
                && self.state_ahead(log).is_none()
        };
        self.is_behind() && logs.into_iter().any(|log| is_open(&log))
    }
}
