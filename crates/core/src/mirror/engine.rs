//! A whole mirror without its input and output: all notebooks that it holds, all its connections.
//!
//! It is driven as an engine is: [`Mirror::receive`] only changes memory, [`Mirror::flush`] puts it on disk and
//! queues the receipts, [`Mirror::next_frame`] hands out nothing that is not on disk. It dials nobody.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::door::Door;
use super::notebook::MirroredNotebook;
use super::request::{MirrorAnswer, Quota};
use super::shared::SharedWith;
use crate::control::Hearings;
use crate::crypto::VerifyKey;
use crate::engine::{CloseReason, ConnectionId};
use crate::identity::{MirrorPass, MirrorSecrets};
use crate::ids::{DeviceId, NotebookId, TransportId};
use crate::limits::MIRROR_REQUESTS_MAX;
use crate::replica::{OpenReplicaError, Standings};
use crate::storage::Storage;
use crate::sync::{Session, SessionError};

/// How long a connection of a device that is no member's any more stays for last words, in milliseconds.
pub(super) const PARTING_MS_MAX: u64 = 5_000;

/// How much a mirror holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MirrorLimits {
    /// Bytes of all notebooks together.
    pub total_bytes: u64,
    /// Bytes of one notebook.
    pub notebook_bytes: u64,
}

/// What a connection with a mirror was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MirrorConnection {
    /// Sync.
    Sync,
    /// Somebody wants a notebook held.
    Request,
}

/// What the driver of a mirror has to do, or may want to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MirrorEffect {
    /// Close a connection; it is forgotten here already.
    Close(ConnectionId, CloseReason),
    /// A notebook is held from now on.
    Held(NotebookId),
    /// Somebody's request was refused.
    Refused(TransportId, MirrorAnswer),
    /// A device sent what cannot be accepted.
    Stopped(NotebookId, DeviceId, String),
    /// Something of a notebook was not taken, for want of room.
    Full(NotebookId, Quota),
}

#[derive(Debug)]
pub(super) enum Connection {
    Sync {
        session: Box<Session>,
        /// When it ends, where the device is no member's any more and only last words are exchanged.
        parting_ms: Option<u64>,
    },
    Request(Box<Door>),
}

/// A mirror without input and output.
#[derive(Debug)]
pub struct Mirror {
    pub(super) secrets: Arc<MirrorSecrets>,
    pub(super) pass: MirrorPass,
    pub(super) limits: MirrorLimits,
    pub(super) instance: u64,
    pub(super) notebooks: BTreeMap<NotebookId, MirroredNotebook>,
    /// Those that may have changed since the last flush.
    pub(super) touched: BTreeSet<NotebookId>,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) effects: VecDeque<MirrorEffect>,
    pub(super) unopened: BTreeMap<NotebookId, OpenReplicaError>,
    /// When a member of a notebook was last heard, in milliseconds since 1970 UTC.
    pub(super) heard_ms: BTreeMap<NotebookId, u64>,
    /// Who said when that they are no longer out.
    pub(super) heard: Hearings,
}

impl Mirror {
    /// Opens all notebooks of a mirror. `instance` is random for each run. One with damaged records stays closed:
    /// see [`Mirror::unopened`].
    ///
    /// # Errors
    /// [`OpenReplicaError::Storage`] where the disk fails.
    pub fn open(
        (secrets, pass): (Arc<MirrorSecrets>, MirrorPass),
        limits: MirrorLimits,
        instance: u64,
        notebooks: &[NotebookId],
        storage: &dyn Storage,
    ) -> Result<Self, OpenReplicaError> {
        let mut mirror = Self {
            secrets,
            pass,
            limits,
            instance,
            notebooks: BTreeMap::new(),
            touched: BTreeSet::new(),
            connections: BTreeMap::new(),
            effects: VecDeque::new(),
            unopened: BTreeMap::new(),
            heard_ms: BTreeMap::new(),
            heard: Hearings::default(),
        };
        for notebook in notebooks {
            let secrets = Arc::clone(&mirror.secrets);
            match MirroredNotebook::open(*notebook, secrets, storage) {
                Ok(held) => {
                    mirror.notebooks.insert(*notebook, held);
                }
                Err(error) if error.is_damage() => {
                    mirror.unopened.insert(*notebook, error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(mirror)
    }

    /// Returns the mirror's keys.
    pub fn secrets(&self) -> &MirrorSecrets {
        &self.secrets
    }

    /// Returns the notebooks that did not open, and why.
    pub const fn unopened(&self) -> &BTreeMap<NotebookId, OpenReplicaError> {
        &self.unopened
    }

    /// Returns the notebooks.
    pub const fn notebooks(&self) -> &BTreeMap<NotebookId, MirroredNotebook> {
        &self.notebooks
    }

    /// Returns when a member of a notebook was last heard since the start, in milliseconds since 1970 UTC.
    pub fn heard_ms(&self, notebook: NotebookId) -> Option<u64> {
        self.heard_ms.get(&notebook).copied()
    }

    /// Returns how much all notebooks take, and may.
    pub fn quota(&self) -> Quota {
        let used = self.notebooks.values().map(|held| held.quota().used_bytes);
        Quota {
            used_bytes: used.fold(0, u64::saturating_add),
            max_bytes: self.limits.total_bytes,
        }
    }

    /// Forgets a notebook, closing what is about it; the caller destroys what is on disk.
    pub fn forget(&mut self, notebook: NotebookId) {
        self.close_all_of(notebook, &CloseReason::Stranger);
        self.notebooks.remove(&notebook);
        self.heard_ms.remove(&notebook);
    }

    /// Takes a connection whose handshake proved `remote`.
    pub fn connected(
        &mut self,
        id: ConnectionId,
        kind: MirrorConnection,
        remote: TransportId,
        exporter: [u8; 32],
        now_ms: u64,
    ) {
        if kind == MirrorConnection::Request {
            let doors = self.connections.values();
            let doors = doors.filter(|open| matches!(open, Connection::Request(_)));
            if doors.count() >= MIRROR_REQUESTS_MAX {
                self.close(id, CloseReason::Busy);
                return;
            }
            let door = Door::new(remote, exporter, now_ms);
            self.connections
                .insert(id, Connection::Request(Box::new(door)));
            return;
        }
        let member = self.device_of(&remote);
        let found = member.or_else(|| self.former_device_of(&remote));
        let Some((device, key)) = found else {
            self.close(id, CloseReason::Stranger);
            return;
        };
        let older = self.sessions_with(device).next();
        if let Some(older) = older {
            // A device that dials anew has lost the older connection.
            self.close(older, CloseReason::Duplicate);
        }
        let parting_ms = member
            .is_none()
            .then_some(now_ms.saturating_add(PARTING_MS_MAX));
        let instance = self.instance;
        let shared = SharedWith {
            notebooks: &mut self.notebooks,
            device,
        };
        let session = Session::new((device, key), false, exporter, instance, &shared, now_ms);
        let session = Box::new(session);
        self.connections.insert(
            id,
            Connection::Sync {
                session,
                parting_ms,
            },
        );
    }

    fn sessions_with(&self, device: DeviceId) -> impl Iterator<Item = ConnectionId> {
        let connections = self.connections.iter();
        connections.filter_map(move |(id, connection)| match connection {
            Connection::Sync { session, .. } if session.peer() == device => Some(*id),
            _ => None,
        })
    }

    /// Returns the member's device that proves itself by a transport key.
    pub fn device_of(&self, remote: &TransportId) -> Option<(DeviceId, VerifyKey)> {
        self.notebooks.values().find_map(|held| {
            let members = held.membership().members().values();
            let mut cards = members.flat_map(|member| member.devices.values());
            let card = cards.find(|card| card.transport == *remote)?;
            Some((card.id(), card.verify_key))
        })
    }

    fn former_device_of(&self, remote: &TransportId) -> Option<(DeviceId, VerifyKey)> {
        self.notebooks.values().find_map(|held| {
            let mut devices = held.controls().devices();
            let (_, card) = devices.find(|(_, card)| card.transport == *remote)?;
            let standings = Standings::of(held.controls(), held.membership());
            let ended = standings.standing_of(&card.id()).ending();
            ended.map(|_| (card.id(), card.verify_key))
        })
    }

    /// Forgets a connection that is gone.
    pub fn disconnected(&mut self, id: ConnectionId) {
        self.connections.remove(&id);
    }

    /// Returns the devices that are connected.
    pub fn peers(&self) -> impl Iterator<Item = DeviceId> {
        self.connections
            .values()
            .filter_map(|connection| match connection {
                Connection::Sync { session, .. } => Some(session.peer()),
                Connection::Request(_) => None,
            })
    }

    /// Takes the effects since the last call.
    pub fn take_effects(&mut self) -> VecDeque<MirrorEffect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn close(&mut self, id: ConnectionId, reason: CloseReason) {
        self.connections.remove(&id);
        self.effects.push_back(MirrorEffect::Close(id, reason));
    }

    pub(super) fn close_all_of(&mut self, notebook: NotebookId, reason: &CloseReason) {
        let connections = self.connections.iter();
        let ids: Vec<ConnectionId> = connections
            .filter(|(_, connection)| match connection {
                Connection::Sync { session, .. } => session.is_of(notebook),
                Connection::Request(_) => false,
            })
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.close(id, reason.clone());
        }
    }
}

pub(super) fn reason_of(error: &SessionError) -> CloseReason {
    match error {
        SessionError::Silent => CloseReason::Silent,
        SessionError::Storage(_) => CloseReason::Storage,
        other => CloseReason::Protocol(other.to_string()),
    }
}
