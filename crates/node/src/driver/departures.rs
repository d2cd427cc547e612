//! Says once that this device is out of a notebook: to whoever watches, and to whoever started the node.

use std::collections::{BTreeMap, BTreeSet};

use hearth_core::ids::{ControlHash, NotebookId};
use serde_json::Value;

use super::engine::Engine;
use crate::service;

/// The notebooks that this device is out of, as far as that was told.
#[derive(Debug, Default)]
pub(super) struct Departures {
    told: BTreeMap<NotebookId, ControlHash>,
    /// Those to look at once what came is on disk.
    unsure: BTreeSet<NotebookId>,
}

impl Departures {
    pub(super) fn look_at(&mut self, notebook: NotebookId) {
        self.unsure.insert(notebook);
    }
}

impl Engine {
    /// Notes what was so before: `status` says it, and nobody is told anew with each start.
    pub(super) fn note_departures(&mut self) {
        let engine = &self.host.engine;
        self.departures.told = engine
            .notebooks()
            .filter_map(|notebook| {
                let ending = engine.replica(notebook)?.standing().ending()?;
                Some((notebook, ending))
            })
            .collect();
    }

    /// Tells what became of this device's place in the notebooks whose members changed.
    pub(super) fn tell_departures(&mut self) {
        for notebook in std::mem::take(&mut self.departures.unsure) {
            let replica = self.host.engine.replica(notebook);
            let ending = replica.and_then(|replica| replica.standing().ending());
            let Some(ending) = ending else {
                self.departures.told.remove(&notebook);
                continue;
            };
            if self.departures.told.insert(notebook, ending) == Some(ending) {
                continue;
            }
            let Some(line) = service::describe_departure(&mut self.host, notebook) else {
                continue;
            };
            if let Some(message) = line.get("what").and_then(Value::as_str) {
                tracing::warn!("{}", crate::service::printable(message));
            }
            self.watchers.tell_of(notebook, line);
        }
    }
}
