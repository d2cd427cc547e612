//! What a notebook's index says that is asked for with every link and every command that waits for peers: its
//! title, and where devices are. A person with hundreds of notebooks has it read once for each change.

use std::collections::BTreeMap;

use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::log::actor_of;
use hearth_notebook::{DocumentId, Documents};

use super::PeerAddrs;
use super::addresses::own_record;
use crate::host::{Host, ReadDocuments};
use crate::service::{title_in, title_of};

/// What was read of each notebook.
#[derive(Debug, Default)]
pub(crate) struct Cards(BTreeMap<NotebookId, Card>);

/// What was read of one notebook.
#[derive(Debug, Default)]
struct Card {
    /// The digest of the notebook's frontier: what its documents show follows from what that covers.
    as_of: [u8; 32],
    title: Option<String>,
    records: BTreeMap<DeviceId, Option<PeerAddrs>>,
}

impl Cards {
    /// Returns what was read of a notebook as it is now, or an empty one to be filled.
    fn of(&mut self, notebook: NotebookId, as_of: [u8; 32]) -> &mut Card {
        let card = self.0.entry(notebook).or_default();
        if card.as_of != as_of {
            *card = Card {
                as_of,
                ..Card::default()
            };
        }
        card
    }
}

impl Host {
    /// Returns what a device says of itself. Others may have written under the same key at the same
    /// time, and whoever is shown then is left to chance: only the device's own value counts.
    pub(super) fn address_record(
        &mut self,
        notebook: NotebookId,
        device: DeviceId,
    ) -> Option<PeerAddrs> {
        let replica = self.engine.replica(notebook)?;
        let card = self.cards.of(notebook, replica.frontier_digest());
        if let Some(known) = card.records.get(&device) {
            return known.clone();
        }
        let actors: Vec<Vec<u8>> = replica
            .tips()
            .filter(|(log, _)| log.device == device)
            .map(|(log, _)| actor_of(notebook, log).as_bytes().to_vec())
            .collect();
        let mut record = None;
        if !actors.is_empty() {
            let replica = self.engine.replica_mut(notebook)?;
            let mut documents = ReadDocuments::new(replica, &self.storage);
            // What cannot be read is not known to be missing.
            let index = documents.read(DocumentId::INDEX).ok()?;
            if let Some(index) = index {
                record = own_record(index, device, &actors);
                card.title.get_or_insert_with(|| title_in(index));
            }
        }
        card.records.insert(device, record.clone());
        record
    }

    /// Returns a notebook's title; empty where it has not arrived or cannot be opened.
    pub(super) fn known_title(&mut self, notebook: NotebookId) -> String {
        let Some(replica) = self.engine.replica(notebook) else {
            return String::new();
        };
        let as_of = replica.frontier_digest();
        if let Some(title) = &self.cards.of(notebook, as_of).title {
            return title.clone();
        }
        let title = title_of(self, notebook);
        if !title.is_empty() {
            self.cards.of(notebook, as_of).title = Some(title.clone());
        }
        title
    }
}
