//! Which notebooks a connection is about: those in which both devices take part.

use std::collections::BTreeSet;

use super::connections::{CloseReason, Connection, ConnectionId, reason_of};
use super::notebooks::Notebooks;
use super::parting::{Apart, Parting, part_from};
use super::{Effect, Engine};
use crate::ids::{DeviceId, NotebookId, PersonId, TransportId};
use crate::replica::Replica;
use crate::sync::{Holding, Outline, Session, Shared};

impl Engine {
    /// Extends open connections by notebooks whose membership has come to include the peer, and
    /// drops those that no longer do: a connection over none is closed. Looks at nothing where nobody's
    /// membership was found out anew.
    pub(super) fn share_changed(&mut self, touched: &BTreeSet<NotebookId>, now_ms: u64) {
        let mut is_changed = self.apart.take_changed();
        is_changed |= std::mem::take(&mut self.wants_sharing);
        for notebook in touched {
            let replica = self.replicas.get_quietly(notebook);
            is_changed |= replica.is_none_or(Replica::take_new_members);
        }
        if !is_changed {
            return;
        }
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
            let shared = SharedWith {
                device: session.peer(),
                replicas: &mut self.replicas,
                apart: &self.apart,
            };
            let is_own = own_others.contains(&session.peer());
            if let Err(reason) = share_anew(session, parting, &shared, is_own, now_ms) {
                failed.push((*id, reason));
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

    pub(super) const fn shared_with(&mut self, device: DeviceId) -> SharedWith<'_> {
        SharedWith {
            replicas: &mut self.replicas,
            apart: &self.apart,
            device,
        }
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
            .or_else(|| self.mirror_at(remote))
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

/// Has one connection be about what is shared with its peer now.
///
/// # Errors
/// Why it is to be closed.
fn share_anew(
    session: &mut Session,
    parting: &mut Option<Parting>,
    shared: &SharedWith<'_>,
    is_own: bool,
    now_ms: u64,
) -> Result<(), CloseReason> {
    let still: BTreeSet<NotebookId> = shared.all().map(|outline| outline.notebook()).collect();
    let is_settled = if still.is_empty() {
        (parting.is_some() || is_own) && session.notebooks().next().is_none()
    } else {
        session.is_about(still.iter().copied())
    };
    if is_settled {
        return Ok(());
    }
    let known: BTreeSet<NotebookId> = session.notebooks().collect();
    let mut ended = None;
    for notebook in known.difference(&still) {
        let Some(replica) = shared.replicas.get(notebook) else {
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
            return Ok(());
        }
        *parting = Some(ended.ok_or(CloseReason::Stranger)?);
        return Ok(());
    }
    *parting = None;
    for notebook in still.difference(&known) {
        let told = session.share(*notebook, shared);
        told.map_err(|error| reason_of(&error))?;
    }
    Ok(())
}

/// The notebooks in which a device is a live member's, and this one takes part.
pub(super) struct SharedWith<'a> {
    pub(super) replicas: &'a mut Notebooks,
    pub(super) apart: &'a Apart,
    pub(super) device: DeviceId,
}

impl SharedWith<'_> {
    fn is_shared(&self, replica: &Replica) -> bool {
        if replica.membership().mirror_of(&self.device).is_some() {
            return self.apart.takes_part(replica);
        }
        let person = replica.membership().person_of(&self.device);
        person.is_some_and(|person| {
            !self.apart.is_distrusted(replica.notebook(), person) && self.apart.takes_part(replica)
        })
    }
}

impl Shared for SharedWith<'_> {
    fn get(&self, notebook: NotebookId) -> Option<&dyn Holding> {
        let replica = self.replicas.get(&notebook)?;
        self.is_shared(replica).then_some(replica)
    }

    fn get_mut(&mut self, notebook: NotebookId) -> Option<&mut dyn Holding> {
        self.get(notebook)?;
        let replica = self.replicas.get_mut(&notebook)?;
        Some(replica)
    }

    fn all(&self) -> Box<dyn Iterator<Item = &dyn Outline> + '_> {
        let replicas = self.replicas.values();
        let shared = replicas.filter(|replica| self.is_shared(replica));
        Box::new(shared.map(|replica| replica as &dyn Outline))
    }
}
