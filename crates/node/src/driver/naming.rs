//! Which files each notebook names, said to the engine, which offers them to mirrors.
//!
//! That stands in documents, so it is read again when these change: soon, but not with every change of many.

use std::collections::BTreeSet;
use std::time::Duration;

use hearth_core::ids::NotebookId;
use tokio::time::Instant;

use super::engine::Engine;
use crate::service;

/// How often it is looked at while documents change.
const NAMING_EVERY: Duration = Duration::from_millis(250);

/// Notebooks of which it is to be read anew which files they name.
#[derive(Debug, Default)]
pub(super) struct Naming {
    changed: BTreeSet<NotebookId>,
    /// Before when it is not looked at again.
    next_at: Option<Instant>,
}

impl Naming {
    /// Notes that the index of a notebook changed, or who is in it.
    pub(super) fn note(&mut self, notebook: NotebookId) {
        self.changed.insert(notebook);
    }

    /// Returns when it is to be looked at.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let due_at = || self.next_at.unwrap_or_else(Instant::now);
        (!self.changed.is_empty()).then(due_at)
    }
}

impl Engine {
    /// Has all notebooks looked at.
    pub(super) fn note_all_files(&mut self) {
        self.naming.changed.extend(self.host.engine.notebooks());
    }

    /// Says which files the notebooks name that changed, where a mirror holds them.
    pub(super) fn name_files(&mut self) {
        let now = Instant::now();
        let is_early = self.naming.next_at.is_some_and(|next_at| now < next_at);
        if self.naming.changed.is_empty() || is_early {
            return;
        }
        self.naming.next_at = Some(now + NAMING_EVERY);
        let changed = std::mem::take(&mut self.naming.changed);
        for notebook in changed {
            if !service::has_mirror(&self.host, notebook) {
                continue;
            }
            // Reading it would place at once what is put off, and what is ahead of its entries may lack names.
            if self.host.engine.is_behind() || self.host.is_ahead(notebook) {
                self.naming.changed.insert(notebook);
                continue;
            }
            service::name_files(&mut self.host, notebook);
        }
    }
}
