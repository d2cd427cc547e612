//! The links that are open, so that closing the network layer can say goodbye on each.
//!
//! The invariant: nothing here keeps a link alive.

use std::sync::{Mutex, MutexGuard, PoisonError};

use iroh::endpoint::WeakConnectionHandle;

use super::{
    close::{CloseCode, words_to_wire},
    link::LinkHandle,
};

/// Handles to the open links, dialled and accepted.
#[derive(Debug, Default)]
pub(super) struct LiveLinks {
    handles: Mutex<Vec<WeakConnectionHandle>>,
}

impl LiveLinks {
    /// Adds a link and forgets those that have ended.
    pub(super) fn add(&self, link: &LinkHandle) {
        let mut handles = self.lock();
        handles.retain(|handle| {
            handle
                .upgrade()
                .is_some_and(|connection| connection.close_reason().is_none())
        });
        handles.push(link.downgrade());
    }

    /// Closes every link with a code and words.
    pub(super) fn close_all(&self, code: CloseCode, words: &str) {
        for connection in self.lock().drain(..).filter_map(|handle| handle.upgrade()) {
            connection.close(code.to_wire(), words_to_wire(words));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<WeakConnectionHandle>> {
        // Whatever panicked elsewhere, a list of handles cannot be half changed.
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
