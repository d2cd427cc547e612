//! All notebooks of a device, and which of them were handed out to be changed.
//!
//! Invariant: what is handed out to be changed is noted, so that whoever puts things on disk, shows or sends
//! them looks at those notebooks only: what a frame costs does not grow with the notebooks that it is not about.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use crate::ids::NotebookId;
use crate::replica::Replica;

/// All notebooks of a device.
#[derive(Debug, Default)]
pub(super) struct Notebooks {
    replicas: BTreeMap<NotebookId, Replica>,
    /// Those of which something may have to be put on disk, shared or sent.
    touched: BTreeSet<NotebookId>,
    /// Those of which something may have to be shown.
    unshown: BTreeSet<NotebookId>,
    /// Those in which something is left to be done that could not be done at once.
    unfinished: BTreeSet<NotebookId>,
}

impl Notebooks {
    /// Returns a notebook to look at.
    pub(super) fn get(&self, notebook: &NotebookId) -> Option<&Replica> {
        self.replicas.get(notebook)
    }

    pub(super) fn get_key_value(&self, notebook: &NotebookId) -> Option<(&NotebookId, &Replica)> {
        self.replicas.get_key_value(notebook)
    }

    /// Hands a notebook out to be changed.
    pub(super) fn get_mut(&mut self, notebook: &NotebookId) -> Option<&mut Replica> {
        let replica = self.replicas.get_mut(notebook)?;
        self.touched.insert(*notebook);
        self.unshown.insert(*notebook);
        Some(replica)
    }

    /// Hands a notebook out for a change that leaves nothing to be kept, shown or sent.
    pub(super) fn get_quietly(&mut self, notebook: &NotebookId) -> Option<&mut Replica> {
        self.replicas.get_mut(notebook)
    }

    /// Adds a notebook, or puts it in the place of the one that is here.
    pub(super) fn insert(&mut self, notebook: NotebookId, replica: Replica) {
        self.replicas.insert(notebook, replica);
        self.touched.insert(notebook);
        self.unshown.insert(notebook);
    }

    /// Drops a notebook.
    pub(super) fn remove(&mut self, notebook: &NotebookId) -> Option<Replica> {
        self.touched.insert(*notebook);
        self.replicas.remove(notebook)
    }

    pub(super) fn contains_key(&self, notebook: &NotebookId) -> bool {
        self.replicas.contains_key(notebook)
    }

    pub(super) fn len(&self) -> usize {
        self.replicas.len()
    }

    pub(super) fn keys(&self) -> btree_map::Keys<'_, NotebookId, Replica> {
        self.replicas.keys()
    }

    pub(super) fn values(&self) -> btree_map::Values<'_, NotebookId, Replica> {
        self.replicas.values()
    }

    pub(super) fn iter(&self) -> btree_map::Iter<'_, NotebookId, Replica> {
        self.replicas.iter()
    }

    /// Hands all out for a change that leaves nothing to be kept, shown or sent.
    pub(super) fn all_quietly(&mut self) -> impl Iterator<Item = &mut Replica> {
        self.replicas.values_mut()
    }

    /// Returns those that were handed out, came or went since they were last taken.
    pub(super) const fn touched(&self) -> &BTreeSet<NotebookId> {
        &self.touched
    }

    /// Takes those that were handed out, came or went.
    pub(super) fn take_touched(&mut self) -> BTreeSet<NotebookId> {
        std::mem::take(&mut self.touched)
    }

    /// Finds out of some in which of them something is left to be done.
    pub(super) fn review(&mut self, touched: &BTreeSet<NotebookId>) {
        for notebook in touched {
            let replica = self.replicas.get(notebook);
            if replica.is_some_and(Replica::has_unfinished) {
                self.unfinished.insert(*notebook);
            } else {
                self.unfinished.remove(notebook);
            }
        }
    }

    /// Returns those in which something is left to be done.
    pub(super) const fn unfinished(&self) -> &BTreeSet<NotebookId> {
        &self.unfinished
    }

    /// Takes those of which something may have to be shown.
    pub(super) fn take_unshown(&mut self) -> BTreeSet<NotebookId> {
        std::mem::take(&mut self.unshown)
    }
}

impl<'a> IntoIterator for &'a Notebooks {
    type Item = (&'a NotebookId, &'a Replica);
    type IntoIter = btree_map::Iter<'a, NotebookId, Replica>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
