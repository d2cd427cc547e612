//! Which notebooks a connection is about: those in which both devices take part.

use std::collections::{BTreeMap, BTreeSet};

use super::connections::{CloseReason, Connection, ConnectionId, reason_of};
use super::parting::{Apart, Parting, part_from};
use super::{Effect, Engine};
use crate::ids::{DeviceId, NotebookId, PersonId, TransportId};
use crate::replica::Replica;

impl Engine {
    /// Extends open connections by notebooks whose membership has come to include the peer, and
    /// drops those that no longer do: a connection over none is closed.
    pub(super) fn share_changed(&mut self, now_ms: u64) {
        let mut failed = Vec::new();
        let mut views = Vec::new();
        let own_others: BTreeSet<DeviceId> =
            self.own_other_devices().map(|(device, _)| device).collect();
        for (id, connection) in &mut self.connections {
            let Connection::Sync {
                session, parting, ..
            } = connection
            else {
                continue;
            };
            let peer = session.peer();
            let is_own = own_others.contains(&peer);
            let shared = shared_in(&mut self.replicas, &self.apart, peer);
            let is_settled = if shared.is_empty() {
                (parting.is_some() || is_own) && session.notebooks().next().is_none()
            } else {
                session.is_about(shared.iter().map(|one| one.notebook()))
            };
            if is_settled {
                continue;
            }
            let known: BTreeSet<NotebookId> = session.notebooks().collect();
            let still: BTreeSet<NotebookId> =
                shared.iter().map(|replica| replica.notebook()).collect();
            let dropped: Vec<NotebookId> = known.difference(&still).copied().collect();
            drop(shared);
            let mut ended = None;
            for notebook in dropped {
                let Some(replica) = self.replicas.get(&notebook) else {
                    continue;
                };
                if part_from(session, replica) {
                    ended = Some(Parting::with_the_peer(now_ms));
                } else if replica.standing().ending().is_some() {
                    // Whoever is out themselves waits for the others to close: they may say more.
                    ended = ended.or(Some(Parting::of_this_device(now_ms)));
                }
            }
            if !session.retain(&still) && still.is_empty() {
                if is_own {
                    continue;
                }
                match ended {
                    Some(ended) => *parting = Some(ended),
                    None => failed.push((*id, CloseReason::Stranger)),
                }
                continue;
            }
            *parting = None;
            let shared = shared_in(&mut self.replicas, &self.apart, peer);
            for replica in shared {
                if !known.contains(&replica.notebook())
                    && let Err(error) = session.share(replica)
                {
                    failed.push((*id, reason_of(&error)));
                    break;
                }
            }
            views.extend(super::peers::views_of(session));
        }
        for view in views {
            self.note_view(view);
        }
        for (id, reason) in failed {
            self.disconnected(id, now_ms);
            self.effects.push_back(Effect::Close(id, reason));
        }
    }

    pub(super) fn shared_with(&mut self, device: DeviceId) -> Vec<&mut Replica> {
        shared_in(&mut self.replicas, &self.apart, device)
    }

    /// Returns the device that proves itself by a transport key, where a notebook names it as that of
    /// a member whom this person does not distrust, or it is another device of this person.
    pub fn device_of(&self, remote: &TransportId) -> Option<(DeviceId, crate::crypto::VerifyKey)> {
        self.replicas
            .iter()
            .find_map(|(notebook, replica)| {
                replica
                    .membership()
                    .members()
                    .iter()
                    .filter(|(person, _)| !self.apart.is_distrusted(*notebook, **person))
                    .flat_map(|(_, member)| member.devices.values())
                    .find(|card| card.transport == *remote)
                    .map(|card| (card.id(), card.verify_key))
            })
            .or_else(|| self.own_other_device(remote))
    }

    /// Closes the connections with a person's devices that only rest on what they no longer share.
    pub(super) fn close_all_with(&mut self, person: PersonId) {
        let of_person = |device: &DeviceId| {
            self.replicas
                .values()
                .any(|replica| replica.membership().person_of(device) == Some(person))
        };
        let ids: Vec<ConnectionId> = self
            .sessions()
            .filter(|(_, session)| of_person(&session.peer()))
            .map(|(id, _)| id)
            .collect();
        for id in ids {
            self.close(id, CloseReason::Stranger);
        }
    }
}

/// Returns the notebooks in which a device is a live member's, and this one takes part.
pub(super) fn shared_in<'a>(
    replicas: &'a mut BTreeMap<NotebookId, Replica>,
    apart: &Apart,
    device: DeviceId,
) -> Vec<&'a mut Replica> {
    let is_shared = |replica: &&mut Replica| {
        let person = replica.membership().person_of(&device);
        person.is_some_and(|person| {
            !apart.is_distrusted(replica.notebook(), person) && apart.takes_part(replica)
        })
    };
    replicas.values_mut().filter(is_shared).collect()
}
