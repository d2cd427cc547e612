//! Where devices can be reached: signed records in the notebooks, and where they were last seen.
//!
//! A record stands in the index document under `address/DEVICE` and counts only where the device
//! itself wrote it.

use std::net::SocketAddr;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, ObjId, ROOT, ReadDoc};
use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::limits::ADDRESSES_MAX;
use hearth_notebook::{DocumentId, EditError};

use super::PeerAddrs;
use crate::api::Failure;
use crate::host::Host;

/// The longest record that is read: more addresses than a device may name.
const RECORD_BYTES_MAX: usize = 16 * 1024;
/// Places that a device was seen at which are kept: laptops move between a few networks.
const SEEN_MAX: usize = 8;

impl PeerAddrs {
    const fn is_empty(&self) -> bool {
        self.addrs.is_empty() && self.relays.is_empty()
    }

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

/// Returns the newest value under a device's key that one of its own actors wrote.
pub(super) fn own_record(
    index: &Automerge,
    device: DeviceId,
    actors: &[Vec<u8>],
) -> Option<PeerAddrs> {
    let values = index.get_all(ROOT, record_key(device)).ok()?;
    let (value, _) = values.into_iter().rev().find(|(_, id)| {
        matches!(id, ObjId::Id(_, actor, _) if actors.iter().any(|own| own == actor.to_bytes()))
    })?;
    let text = value.as_str()?;
    if text.len() > RECORD_BYTES_MAX {
        return None;
    }
    serde_json::from_str(text).ok()
}

impl Host {
    /// Returns where a device may be: where it was last seen first, then what it says of itself.
    pub(super) fn addresses_of(&mut self, device: DeviceId) -> PeerAddrs {
        let mut found = self.seen(device);
        for (_, mirror, ticket) in self.engine.mirrors() {
            if let Some(ticket) = ticket.filter(|_| mirror.as_peer() == device) {
                found.merge(PeerAddrs {
                    addrs: ticket.addresses,
                    relays: ticket.relays,
                });
            }
        }
        let is_member = |notebook: &NotebookId| {
            let replica = self.engine.replica(*notebook);
            replica.is_some_and(|replica| replica.membership().person_of(&device).is_some())
        };
        let notebooks: Vec<NotebookId> = self.engine.notebooks().filter(is_member).collect();
        for notebook in notebooks {
            if let Some(record) = self.address_record(notebook, device) {
                found.merge(record);
            }
        }
        found
    }

    /// Remembers where a device was seen, so that it is found without a ticket after a restart. Where nothing is
    /// known of that, what is remembered stays.
    pub(crate) fn remember_seen(&mut self, device: DeviceId, addrs: &PeerAddrs) {
        if addrs.is_empty() || *addrs == self.seen(device) {
            return;
        }
        let Ok(bytes) = serde_json::to_vec(addrs) else {
            return;
        };
        if let Err(error) = self.put_own(&seen_key(device), &bytes) {
            tracing::warn!(%error, "an address could not be kept");
        }
    }

    /// Remembers that a device was seen at `addr`, before where it was seen earlier.
    pub(super) fn remember_seen_at(&mut self, device: DeviceId, addr: SocketAddr) {
        let mut seen = PeerAddrs {
            addrs: vec![addr],
            relays: Vec::new(),
        };
        seen.merge(self.seen(device));
        seen.addrs.truncate(SEEN_MAX);
        self.remember_seen(device, &seen);
    }

    pub(super) fn seen(&self, device: DeviceId) -> PeerAddrs {
        self.get_own(&seen_key(device))
            .ok()
            .flatten()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
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
            if !may_write || self.address_record(notebook, device).as_ref() == Some(own) {
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
        self.edit_although_closed(notebook, |documents, writer| {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use automerge::ActorId;

    use super::*;

    fn write(document: &mut Automerge, device: DeviceId, addrs: &PeerAddrs) {
        let mut transaction = document.transaction();
        let text = serde_json::to_string(addrs).unwrap();
        transaction.put(ROOT, record_key(device), text).unwrap();
        transaction.commit();
    }

    fn at(addr: &str) -> PeerAddrs {
        PeerAddrs {
            addrs: vec![addr.parse().unwrap()],
            relays: Vec::new(),
        }
    }

    #[test]
    fn nobody_elses_value_hides_what_a_device_says_of_itself() {
        let device = DeviceId::from_bytes([1; 32]);
        let own = [2_u8; 16];
        // Of two values written at the same time, the one of the higher actor is shown.
        for other in [[1_u8; 16], [3; 16]] {
            let mut ours = Automerge::new().with_actor(ActorId::from(&own[..]));
            let mut theirs = ours.fork().with_actor(ActorId::from(&other[..]));
            write(&mut ours, device, &at("192.0.2.1:1"));
            write(&mut theirs, device, &at("192.0.2.66:1"));
            ours.merge(&mut theirs).unwrap();
            let found = own_record(&ours, device, &[own.to_vec()]);
            assert_eq!(found, Some(at("192.0.2.1:1")));
            assert_eq!(own_record(&ours, device, &[vec![9; 16]]), None);
        }
    }
}
