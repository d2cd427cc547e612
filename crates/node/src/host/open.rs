//! What is gone on with from one request to the next: bundles and files, whose parts each come in one of their own.

use std::collections::BTreeMap;

/// All of one kind that are open, `MAX` at most. Whoever was interrupted leaves one behind; the one that was used least
/// lately goes.
#[derive(Debug)]
pub(crate) struct Open<T, const MAX: usize> {
    open: BTreeMap<u64, (u64, T)>,
    next: u64,
}

impl<T, const MAX: usize> Default for Open<T, MAX> {
    fn default() -> Self {
        Self {
            open: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<T, const MAX: usize> Open<T, MAX> {
    /// Keeps a new one; returns its number.
    pub(crate) fn add(&mut self, one: T) -> u64 {
        self.next += 1;
        let id = self.next;
        self.put_back(id, one);
        id
    }

    /// Takes one out to go on with it.
    pub(crate) fn take(&mut self, id: u64) -> Option<T> {
        self.open.remove(&id).map(|(_, one)| one)
    }

    /// Puts one back.
    pub(crate) fn put_back(&mut self, id: u64, one: T) {
        while self.open.len() >= MAX {
            let oldest = self.open.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(id, _)| *id) else {
                break;
            };
            self.open.remove(&oldest);
        }
        self.next += 1;
        self.open.insert(id, (self.next, one));
    }

    /// Returns all that are not taken out.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.open.values().map(|(_, one)| one)
    }
}
