//! Where devices can be reached: signed records in the notebooks, and where they were last seen.
//!
//! A record stands in the index document under `address/DEVICE` and counts only where the device
//! itself wrote it.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ROOT, ReadDoc};
use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::limits::ADDRESSES_MAX;
use hearth_notebook::{DocumentId, EditError, People};

use super::PeerAddrs;
use crate::api::Failure;
use crate::host::Host;

/// The longest record that is read: more addresses than a device may name.
const RECORD_BYTES_MAX: usize = 16 * 1024;

impl PeerAddrs {
    pub(super) fn merge(&mut self, other: Self) {
        for addr in other.addrs {
            if !self.addrs.contains(&addr) && self.addrs.len() < ADDRESSES_MAX {
                self.addrs.push(addr);
            }
        }
        for relay in other.relays {
            if !self.relays.contains(&relay) && self.relays.len() < ADDRESSES_MAX {
                self.relays.push(relay);
            }
        }
    }
}

fn record_key(device: DeviceId) -> String {
    format!("address/{device}")
}

fn seen_key(device: DeviceId) -> String {
    format!("seen/{device}")
}

impl Host {
    /// Returns where a device may be: where it was last seen first, then what it says of itself.
    pub(super) fn addresses_of(&mut self, device: DeviceId) -> PeerAddrs {
        let mut found = self
            .get_own(&seen_key(device))
            .ok()
            .flatten()
            .and_then(|bytes| serde_json::from_slice::<PeerAddrs>(&bytes).ok())
            .unwrap_or_default();
        let notebooks: Vec<NotebookId> = self.engine.notebooks().collect();
        for notebook in notebooks {
            if let Ok(Some(record)) = self.address_record(notebook, device) {
                found.merge(record);
            }
        }
        found
    }

    fn address_record(
        &mut self,
        notebook: NotebookId,
        device: DeviceId,
    ) -> Result<Option<PeerAddrs>, Failure> {
        self.read(notebook, |documents, directory| {
            let Ok(Some(index)) = documents.read(DocumentId::INDEX) else {
                return Ok(None);
            };
            let Ok(Some((value, id))) = index.get(ROOT, record_key(device)) else {
                return Ok(None);
            };
            let automerge::ObjId::Id(_, actor, _) = &id else {
                return Ok(None);
            };
            if directory.author(actor).device_id != device.to_string() {
                return Ok(None);
            }
            let text = value.into_string().unwrap_or_default();
            if text.len() > RECORD_BYTES_MAX {
                return Ok(None);
            }
            Ok(serde_json::from_str(&text).ok())
        })
    }

    /// Remembers where a device was seen, so that it is found without a ticket after a restart.
    pub(super) fn remember_seen(&mut self, device: DeviceId, addrs: &PeerAddrs) {
        let Ok(bytes) = serde_json::to_vec(addrs) else {
            return;
        };
        if self.get_own(&seen_key(device)).ok().flatten().as_deref() == Some(&bytes) {
            return;
        }
        if let Err(error) = self.put_own(&seen_key(device), &bytes) {
            tracing::warn!(%error, "an address could not be kept");
        }
    }

    /// Writes this device's addresses into every notebook where they stand otherwise.
    pub(super) fn publish_addresses(&mut self, own: &PeerAddrs) {
        let device = self.my_device();
        let notebooks: Vec<NotebookId> = self.engine.notebooks().collect();
        for notebook in notebooks {
            let may_write = self
                .engine
                .replica(notebook)
                .is_some_and(|replica| replica.membership().may_write(&device));
            if !may_write
                || self
                    .address_record(notebook, device)
                    .ok()
                    .flatten()
                    .as_ref()
                    == Some(own)
            {
                continue;
            }
            if let Err(error) = self.write_addresses(notebook, device, own) {
                tracing::warn!(%error, "the addresses could not be written into a notebook");
            }
        }
    }

    fn write_addresses(
        &mut self,
        notebook: NotebookId,
        device: DeviceId,
        own: &PeerAddrs,
    ) -> Result<(), Failure> {
        let Ok(text) = serde_json::to_string(own) else {
            return Ok(());
        };
        self.edit(notebook, |documents, writer| {
            let index = documents.write(DocumentId::INDEX)?;
            let mut transaction = index.transaction();
            transaction
                .put(ROOT, record_key(device), text)
                .map_err(EditError::from)?;
            transaction.commit_with(CommitOptions::default().with_time(writer.now.as_second()));
            Ok(())
        })
    }
}
