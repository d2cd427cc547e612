//! A whole mirror without its input and output: all notebooks that it holds, all its connections.
//!
//! It is driven as an engine is: [`Mirror::receive`] only changes memory, [`Mirror::flush`] puts it on disk and
//! queues the receipts, [`Mirror::next_frame`] hands out nothing that is not on disk. It dials nobody.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::door::Door;
use super::files::IncomingFiles;
use super::held::Held;
use super::notebook::MirroredNotebook;
use super::recovery::RecoverDoor;
use super::request::{MirrorAnswer, Quota};
use super::shared::SharedWith;
use crate::capsule::Shelf;
use crate::control::Hearings;
use crate::crypto::VerifyKey;
use crate::engine::{CloseReason, ConnectionId};
use crate::identity::{MirrorPass, MirrorSecrets};
use crate::ids::{DeviceId, NotebookId, TransportId};
use crate::limits::{MIRROR_OPEN_MAX, MIRROR_REQUESTS_MAX};
use crate::replica::OpenReplicaError;
use crate::storage::{Storage, StorageError};
use crate::sync::{Outline, Session, SessionError};

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
    /// The same under [`ALPN_2`](crate::sync::ALPN_2): each side says what it reads beyond the first version.
    Sync2,
    /// Somebody wants a notebook held.
    Request,
    /// Somebody comes back with a recovery phrase, or as a device of somebody's roster.
    Recover,
}

/// What the driver of a mirror has to do, or may want to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MirrorEffect {
    /// Close a connection; it is forgotten here already.
    Close(ConnectionId, CloseReason),
    /// A notebook is held from now on.
    Held(NotebookId),
    /// Somebody's request was granted.
    Granted(TransportId, NotebookId),
    /// Somebody's request was refused.
    Refused(TransportId, MirrorAnswer),
    /// A device sent what cannot be accepted.
    Stopped(NotebookId, DeviceId, String),
    /// Something of a notebook was not taken, for want of room.
    Full(NotebookId, Quota),
    /// Entries of a notebook are not kept one by one any more, which freed so many bytes.
    Pruned(NotebookId, u64),
}

#[derive(Debug)]
pub(super) enum Connection {
    Sync {
        session: Box<Session>,
        /// When it ends, where the device is no member's any more and only last words are exchanged.
        parting_ms: Option<u64>,
    },
    Request(Box<Door>),
    Recover(Box<RecoverDoor>),
}

/// A mirror without input and output.
#[derive(Debug)]
pub struct Mirror {
    pub(super) secrets: Arc<MirrorSecrets>,
    pub(super) pass: MirrorPass,
    pub(super) limits: MirrorLimits,
    pub(super) instance: u64,
    pub(super) notebooks: BTreeMap<NotebookId, Held>,
    /// How many of them may be open between two flushes.
    open_max: usize,
    /// Grows with each use of a notebook.
    uses: u64,
    /// Those that may have changed since the last flush.
    pub(super) touched: BTreeSet<NotebookId>,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) effects: VecDeque<MirrorEffect>,
    pub(super) unopened: BTreeMap<NotebookId, OpenReplicaError>,
    /// When a member of a notebook was last heard, in milliseconds since 1970 UTC.
    pub(super) heard_ms: BTreeMap<NotebookId, u64>,
    /// When something of a notebook was last kept, in milliseconds since 1970 UTC.
    pub(super) pushed_ms: BTreeMap<NotebookId, u64>,
    /// Who said when that they are no longer out.
    pub(super) heard: Hearings,
    /// Capsules that are kept for members of what is held.
    pub(super) capsules: Shelf,
    /// Files that are on their way.
    pub(super) files: IncomingFiles,
    /// When it was last looked at what of a notebook need not be kept, in milliseconds since 1970 UTC.
    pub(super) pruning_looked_ms: BTreeMap<NotebookId, u64>,
    /// Whether members changed since it was looked at which capsules are still to be kept.
    pub(super) wants_capsule_review: bool,
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
            open_max: MIRROR_OPEN_MAX,
            uses: 0,
            touched: BTreeSet::new(),
            connections: BTreeMap::new(),
            effects: VecDeque::new(),
            unopened: BTreeMap::new(),
            heard_ms: BTreeMap::new(),
            pushed_ms: BTreeMap::new(),
            heard: Hearings::default(),
            capsules: Shelf::load(storage)?,
            files: IncomingFiles::default(),
            pruning_looked_ms: BTreeMap::new(),
            wants_capsule_review: true,
        };
        for notebook in notebooks {
            let secrets = Arc::clone(&mirror.secrets);
            match MirroredNotebook::open(*notebook, secrets, storage) {
                Ok(held) => {
                    // It was opened to see that it is sound, and to sum it up.
                    let mut held = Held::opened(held, 0);
                    held.close();
                    mirror.notebooks.insert(*notebook, held);
                    mirror.load_pushed(*notebook, storage)?;
                }
                Err(error) if error.is_damage() => {
                    mirror.unopened.insert(*notebook, error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(mirror)
    }

    /// Sets how many notebooks may be open between two flushes, for whoever wants to see them closed.
    #[must_use]
    pub const fn with_open_max(mut self, open_max: usize) -> Self {
        self.open_max = open_max;
        self
    }

    /// Opens a notebook that is held, where it is closed; says whether it is open. One that is found damaged is held no
    /// more, and whoever is connected for it is closed; where the disk fails, they are closed as well.
    pub(super) fn open_notebook(&mut self, notebook: NotebookId, storage: &dyn Storage) -> bool {
        let uses = self.uses();
        match self.notebooks.get_mut(&notebook) {
            None => return false,
            Some(held) if held.is_open() => {
                held.touch(uses);
                return true;
            }
            Some(_) => {}
        }
        self.close_clean();
        let opened = MirroredNotebook::open(notebook, Arc::clone(&self.secrets), storage);
        match (opened, self.notebooks.get_mut(&notebook)) {
            (Ok(opened), Some(held)) => {
                held.put(opened, uses);
                true
            }
            (Err(error), _) => {
                self.close_all_of(notebook, &CloseReason::Storage);
                if error.is_damage() {
                    self.notebooks.remove(&notebook);
                    self.unopened.insert(notebook, error);
                }
                false
            }
            (Ok(_), None) => false,
        }
    }

    /// Returns the number of the next use.
    pub(super) const fn uses(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    /// Makes room for one more that is opened, as far as that needs no disk.
    fn close_clean(&mut self) {
        let count = self.open_notebooks().count();
        let clean = self.notebooks.iter().filter(|(_, held)| held.is_clean());
        let mut clean: Vec<(u64, NotebookId)> = clean
            .map(|(notebook, held)| (held.used(), *notebook))
            .collect();
        clean.sort_unstable();
        for (_, notebook) in clean
            .into_iter()
            .take((count + 1).saturating_sub(self.open_max))
        {
            if let Some(held) = self.notebooks.get_mut(&notebook) {
                held.close();
            }
        }
    }

    /// Closes those that were used least recently, beyond as many as may be open. What differs from its saved state is
    /// saved first, so that it opens soon again.
    pub(super) fn close_unused(&mut self, storage: &mut dyn Storage) {
        let open = self.notebooks.iter().filter(|(_, held)| held.is_open());
        let mut open: Vec<(u64, NotebookId)> = open
            .map(|(notebook, held)| (held.used(), *notebook))
            .collect();
        let beyond = open.len().saturating_sub(self.open_max);
        open.sort_unstable();
        for (_, notebook) in open.into_iter().take(beyond) {
            let Some(held) = self.notebooks.get_mut(&notebook) else {
                continue;
            };
            // What cannot be put on the disk stays open, and is tried again.
            if save(held, notebook, storage).is_ok() {
                held.close();
            }
        }
    }

    /// Returns the notebooks that are open.
    pub fn open_notebooks(&self) -> impl Iterator<Item = NotebookId> {
        let open = self.notebooks.iter().filter(|(_, held)| held.is_open());
        open.map(|(notebook, _)| *notebook)
    }

    /// Returns the mirror's keys.
    pub fn secrets(&self) -> &MirrorSecrets {
        &self.secrets
    }

    /// Returns the notebooks that did not open, and why.
    pub const fn unopened(&self) -> &BTreeMap<NotebookId, OpenReplicaError> {
        &self.unopened
    }

    /// Returns the notebooks that are held.
    pub fn notebooks(&self) -> impl ExactSizeIterator<Item = NotebookId> {
        self.notebooks.keys().copied()
    }

    /// Returns what is held of a notebook, as connections compare it.
    pub fn outline(&self, notebook: NotebookId) -> Option<&dyn Outline> {
        self.notebooks.get(&notebook).map(Held::outline)
    }

    /// Returns when a member of a notebook was last heard since the start, in milliseconds since 1970 UTC.
    pub fn heard_ms(&self, notebook: NotebookId) -> Option<u64> {
        self.heard_ms.get(&notebook).copied()
    }

    /// Returns how much all notebooks and capsules take, and may.
    pub fn quota(&self) -> Quota {
        let capsules = self.capsules.bytes_beside(None, |_| true);
        let used = self.notebooks.values().map(|held| held.quota().used_bytes);
        Quota {
            used_bytes: used.fold(capsules as u64, u64::saturating_add),
            max_bytes: self.limits.total_bytes,
        }
    }

    /// Forgets a notebook, closing what is about it; the caller destroys what is on disk.
    pub fn forget(&mut self, notebook: NotebookId) {
        self.close_all_of(notebook, &CloseReason::Stranger);
        self.notebooks.remove(&notebook);
        self.heard_ms.remove(&notebook);
        self.pushed_ms.remove(&notebook);
        self.files.forget(notebook);
        self.pruning_looked_ms.remove(&notebook);
        self.wants_capsule_review = true;
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
        match kind {
            MirrorConnection::Sync | MirrorConnection::Sync2 => {}
            MirrorConnection::Request => {
                let door = Door::new(remote, exporter, now_ms);
                self.open_door(id, Connection::Request(Box::new(door)));
                return;
            }
            MirrorConnection::Recover => {
                let door = RecoverDoor::new(remote, exporter, now_ms);
                self.open_door(id, Connection::Recover(Box::new(door)));
                return;
            }
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
        let session = Session::new((device, key), false, exporter, instance, &shared, now_ms)
            .with_features(kind == MirrorConnection::Sync2);
        let session = Box::new(session);
        self.connections.insert(
            id,
            Connection::Sync {
                session,
                parting_ms,
            },
        );
    }

    /// Opens a door that a stranger may stand at, where not too many of its kind are open.
    fn open_door(&mut self, id: ConnectionId, door: Connection) {
        let kind = std::mem::discriminant(&door);
        let open = self.connections.values();
        let open = open.filter(|open| std::mem::discriminant(*open) == kind);
        if open.count() >= MIRROR_REQUESTS_MAX {
            self.close(id, CloseReason::Busy);
            return;
        }
        self.connections.insert(id, door);
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
        let mut held = self.notebooks.values();
        held.find_map(|held| held.device_at(remote))
    }

    fn former_device_of(&self, remote: &TransportId) -> Option<(DeviceId, VerifyKey)> {
        let mut held = self.notebooks.values();
        held.find_map(|held| held.former_at(remote))
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
                Connection::Request(_) | Connection::Recover(_) => None,
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
                Connection::Request(_) | Connection::Recover(_) => false,
            })
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.close(id, reason.clone());
        }
    }
}

/// Puts what differs from the disk on it, and the state of the logs.
pub(super) fn save(
    held: &mut Held,
    notebook: NotebookId,
    storage: &mut dyn Storage,
) -> Result<(), StorageError> {
    let Some(open) = held.open_mut() else {
        return Ok(());
    };
    open.save_state();
    if open.has_unsaved() {
        storage.commit(notebook, open.unsaved())?;
        open.saved();
    }
    Ok(())
}

pub(super) fn reason_of(error: &SessionError) -> CloseReason {
    match error {
        SessionError::Silent => CloseReason::Silent,
        SessionError::Storage(_) => CloseReason::Storage,
        other => CloseReason::Protocol(other.to_string()),
    }
}
