//! A whole mirror without its input and output: all notebooks that it holds, all its connections.
//!
//! It is driven as an engine is: [`Mirror::receive`] only changes memory, [`Mirror::flush`] puts it on disk and
//! queues the receipts, [`Mirror::next_frame`] hands out nothing that is not on disk. It dials nobody.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::door::Door;
use super::notebook::MirroredNotebook;
use super::request::{MirrorAnswer, Quota};
use crate::crypto::VerifyKey;
use crate::engine::{CloseReason, ConnectionId};
use crate::identity::{MirrorPass, MirrorSecrets};
use crate::ids::{DeviceId, NotebookId, TransportId};
use crate::limits::{MIRROR_NOTEBOOKS_MAX, MIRROR_REQUESTS_MAX};
use crate::replica::{OpenReplicaError, Standings};
use crate::storage::{Storage, StorageError};
use crate::sync::{Holding, Session, SessionError, Shared};

/// How long a connection of a device that is no member's any more stays for last words, in milliseconds.
const PARTING_MS_MAX: u64 = 5_000;

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
enum Connection {
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
    secrets: Arc<MirrorSecrets>,
    pass: MirrorPass,
    limits: MirrorLimits,
    instance: u64,
    notebooks: BTreeMap<NotebookId, MirroredNotebook>,
    /// Those that may have changed since the last flush.
    touched: BTreeSet<NotebookId>,
    connections: BTreeMap<ConnectionId, Connection>,
    effects: VecDeque<MirrorEffect>,
    unopened: BTreeMap<NotebookId, OpenReplicaError>,
    /// When a member of a notebook was last heard, in milliseconds since 1970 UTC.
    heard_ms: BTreeMap<NotebookId, u64>,
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

    /// Takes a frame. What it brings is in memory only until [`Mirror::flush`].
    pub fn receive(
        &mut self,
        id: ConnectionId,
        bytes: &[u8],
        now_ms: u64,
        storage: &mut dyn Storage,
    ) {
        // A frontier vouches for the disk, and these frames may be answered by one.
        const FIRST_FRAMES: core::ops::RangeInclusive<u8> = 1..=3;
        let first = bytes.first();
        let is_sync = matches!(self.connections.get(&id), Some(Connection::Sync { .. }));
        if is_sync && first.is_some_and(|kind| FIRST_FRAMES.contains(kind)) {
            self.flush(storage, now_ms, false);
        }
        match self.connections.remove(&id) {
            None => {}
            Some(Connection::Request(mut door)) => {
                self.request_frame(&mut door, bytes);
                self.connections.insert(id, Connection::Request(door));
            }
            Some(Connection::Sync {
                mut session,
                parting_ms,
            }) => match self.sync_frame(&mut session, bytes, now_ms, storage) {
                Ok(()) => {
                    let connection = Connection::Sync {
                        session,
                        parting_ms,
                    };
                    self.connections.insert(id, connection);
                }
                Err(error) => self.close(id, reason_of(&error)),
            },
        }
    }

    fn sync_frame(
        &mut self,
        session: &mut Session,
        bytes: &[u8],
        now_ms: u64,
        storage: &dyn Storage,
    ) -> Result<(), SessionError> {
        let incoming = session.read(bytes, now_ms)?;
        if let Some(notebook) = incoming.notebook() {
            self.make_room(notebook);
            self.touched.insert(notebook);
            self.heard_ms.insert(notebook, now_ms);
        }
        let notebook = incoming.notebook();
        let had_refused = self.has_refused(notebook);
        let mut shared = SharedWith {
            notebooks: &mut self.notebooks,
            device: session.peer(),
        };
        let result = session.receive(incoming, &mut shared, storage, now_ms);
        for notebook in session.take_stopped() {
            if let Some(reason) = session.stopped(notebook) {
                let (peer, reason) = (session.peer(), reason.to_string());
                let stopped = MirrorEffect::Stopped(notebook, peer, reason);
                self.effects.push_back(stopped);
            }
        }
        if let Some(held) = notebook.and_then(|notebook| self.notebooks.get(&notebook))
            && held.has_refused()
            && !had_refused
        {
            let full = MirrorEffect::Full(held.notebook(), held.quota());
            self.effects.push_back(full);
        }
        session.take_views();
        result?;
        self.say_last_words(session)
    }

    fn has_refused(&self, notebook: Option<NotebookId>) -> bool {
        let held = notebook.and_then(|notebook| self.notebooks.get(&notebook));
        held.is_some_and(MirroredNotebook::has_refused)
    }

    /// Tells a device what ended it in a notebook that it counts as shared.
    fn say_last_words(&self, session: &mut Session) -> Result<(), SessionError> {
        if !session.has_any_early() {
            return Ok(());
        }
        let peer = session.peer();
        for (notebook, held) in &self.notebooks {
            let is_member = held.membership().person_of(&peer).is_some();
            if is_member || !session.has_early(*notebook) {
                continue;
            }
            let standings = Standings::of(held.controls(), held.membership());
            if standings.standing_of(&peer).ending().is_some()
                && let Some(told) = session.take_early(*notebook)?
            {
                let words = standings.last_words_for(&peer, &told.frontier.control_heads);
                session.part(*notebook, words);
            }
        }
        Ok(())
    }

    /// Sets how much a notebook may hold now.
    fn make_room(&mut self, notebook: NotebookId) {
        let quota = self.quota();
        let left = quota.max_bytes.saturating_sub(quota.used_bytes);
        let max_bytes = self.limits.notebook_bytes;
        if let Some(held) = self.notebooks.get_mut(&notebook) {
            let used = held.quota().used_bytes;
            held.set_max_bytes(max_bytes.min(used.saturating_add(left)));
        }
    }

    fn request_frame(&mut self, door: &mut Door, bytes: &[u8]) {
        let Some(notebook) = door.read(bytes, &self.pass) else {
            return;
        };
        let entries = door.take_entries();
        let answer = self.hold(notebook, door.remote(), entries);
        door.answer(notebook, answer);
        if answer != MirrorAnswer::Taken {
            let refused = MirrorEffect::Refused(door.remote(), answer);
            self.effects.push_back(refused);
        }
    }

    /// Takes a notebook on that a device shows, if it is a member's and the notebook names this mirror.
    fn hold(
        &mut self,
        notebook: NotebookId,
        remote: TransportId,
        entries: Vec<crate::control::ControlEntry>,
    ) -> MirrorAnswer {
        if let Some(held) = self.notebooks.get_mut(&notebook) {
            // What checks of it is taken, and what does not changes nothing.
            let taken = held.take_controls(entries);
            self.touched.insert(notebook);
            return match taken {
                Err(_) => MirrorAnswer::Invalid,
                Ok(()) if is_by_member(held, &remote) => MirrorAnswer::Taken,
                Ok(()) => MirrorAnswer::NotNamed,
            };
        }
        let quota = self.quota();
        let is_full = self.notebooks.len() >= MIRROR_NOTEBOOKS_MAX
            || self.unopened.contains_key(&notebook)
            || quota.used_bytes >= quota.max_bytes;
        if is_full {
            return MirrorAnswer::Full;
        }
        let left = quota.max_bytes.saturating_sub(quota.used_bytes);
        let max_bytes = self.limits.notebook_bytes.min(left);
        let held = match MirroredNotebook::begin(Arc::clone(&self.secrets), entries, max_bytes) {
            Ok(held) if held.notebook() == notebook => held,
            Err(crate::control::ControlError::OverQuota) => return MirrorAnswer::Full,
            _ => return MirrorAnswer::Invalid,
        };
        if !is_by_member(&held, &remote) {
            return MirrorAnswer::NotNamed;
        }
        self.notebooks.insert(notebook, held);
        self.touched.insert(notebook);
        self.effects.push_back(MirrorEffect::Held(notebook));
        MirrorAnswer::Taken
    }

    /// Puts everything that is in memory only on disk and queues the receipts of it; those that could wait a
    /// little for more as well, if `at_once`. Where the disk fails, the notebook is opened anew as the disk has
    /// it, and its connections are closed: nothing of what was lost had been acknowledged.
    pub fn flush(&mut self, storage: &mut dyn Storage, now_ms: u64, at_once: bool) {
        let touched = std::mem::take(&mut self.touched);
        for notebook in &touched {
            if self.commit(*notebook, storage).is_err() {
                self.close_all_of(*notebook, &CloseReason::Storage);
                self.reopen(*notebook, storage);
            }
        }
        let mut is_changed = false;
        for notebook in &touched {
            let held = self.notebooks.get_mut(notebook);
            is_changed |= held.is_none_or(MirroredNotebook::take_new_members);
        }
        if is_changed {
            self.share_anew(now_ms);
        }
        for connection in self.connections.values_mut() {
            if let Connection::Sync { session, .. } = connection {
                for notebook in &touched {
                    session.note_changed(*notebook);
                }
                let shared = SharedWith {
                    device: session.peer(),
                    notebooks: &mut self.notebooks,
                };
                session.acknowledge(&shared, now_ms, at_once);
            }
        }
    }

    fn commit(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let Some(held) = self.notebooks.get_mut(&notebook) else {
            return Ok(());
        };
        if held.wants_state() {
            held.save_state();
        }
        if held.has_unsaved() {
            storage.commit(notebook, held.unsaved())?;
            held.saved();
        }
        Ok(())
    }

    fn reopen(&mut self, notebook: NotebookId, storage: &dyn Storage) {
        self.notebooks.remove(&notebook);
        match MirroredNotebook::open(notebook, Arc::clone(&self.secrets), storage) {
            Ok(held) => {
                self.notebooks.insert(notebook, held);
            }
            // A new one of which nothing reached the disk.
            Err(OpenReplicaError::NoCreate(_)) => {}
            Err(error) => {
                self.unopened.insert(notebook, error);
            }
        }
    }

    /// Saves what is known of all logs, so that the next start is quick. The driver calls it before it ends.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; nothing is lost then.
    pub fn snapshot(&mut self, storage: &mut dyn Storage) -> Result<(), StorageError> {
        for (notebook, held) in &mut self.notebooks {
            held.save_state();
            if held.has_unsaved() {
                storage.commit(*notebook, held.unsaved())?;
                held.saved();
            }
        }
        Ok(())
    }

    /// Has each connection be about what is shared with its peer now; one that shares nothing any more is told
    /// why, then closed.
    fn share_anew(&mut self, now_ms: u64) {
        let mut over = Vec::new();
        for (id, connection) in &mut self.connections {
            let Connection::Sync {
                session,
                parting_ms,
            } = connection
            else {
                continue;
            };
            let device = session.peer();
            let shared = SharedWith {
                device,
                notebooks: &mut self.notebooks,
            };
            let still: BTreeSet<NotebookId> = shared.all().map(Holding::notebook).collect();
            let known: BTreeSet<NotebookId> = session.notebooks().collect();
            for notebook in known.difference(&still) {
                let Some(held) = shared.notebooks.get(notebook) else {
                    continue;
                };
                let heads = session.view(*notebook);
                let heads = heads.map(|view| view.frontier.control_heads.clone());
                let standings = Standings::of(held.controls(), held.membership());
                let words = standings.last_words_for(&device, &heads.unwrap_or_default());
                session.part(*notebook, words);
            }
            if !session.retain(&still) && still.is_empty() {
                parting_ms.get_or_insert(now_ms.saturating_add(PARTING_MS_MAX));
                continue;
            }
            *parting_ms = None;
            for notebook in still.difference(&known) {
                if let Err(error) = session.share(*notebook, &shared) {
                    over.push((*id, reason_of(&error)));
                    break;
                }
            }
        }
        for (id, reason) in over {
            self.close(id, reason);
        }
    }

    /// Returns the next frame for a connection, `None` where there is none now.
    pub fn next_frame(&mut self, id: ConnectionId, storage: &dyn Storage) -> Option<Vec<u8>> {
        let touched = &self.touched;
        let frame = match self.connections.get_mut(&id)? {
            Connection::Request(door) => {
                // What is promised is on disk first.
                if door.notebook().is_some_and(|held| touched.contains(&held)) {
                    return None;
                }
                let frame = door.next_frame(|notebook| self.notebooks.contains_key(&notebook));
                if frame.is_none() && door.is_over() {
                    self.close(id, CloseReason::Done);
                }
                return frame;
            }
            Connection::Sync {
                session,
                parting_ms,
            } => {
                let shared = SharedWith {
                    device: session.peer(),
                    notebooks: &mut self.notebooks,
                };
                let frame = session.next_frame(&shared, storage);
                if matches!(frame, Ok(None)) && parting_ms.is_some() && session.has_parted() {
                    self.close(id, CloseReason::Removed);
                    return None;
                }
                frame
            }
        };
        frame.unwrap_or_else(|error| {
            self.close(id, reason_of(&SessionError::Storage(error)));
            None
        })
    }

    /// Notes the time: signs of life, silent peers, receipts that have waited long enough.
    pub fn tick(&mut self, now_ms: u64, storage: &mut dyn Storage) {
        self.flush(storage, now_ms, false);
        let mut over = Vec::new();
        for (id, connection) in &mut self.connections {
            match connection {
                Connection::Sync {
                    session,
                    parting_ms,
                } => {
                    if session.tick(now_ms).is_err() {
                        over.push((*id, CloseReason::Silent));
                    } else if parting_ms.is_some_and(|ends_ms| now_ms >= ends_ms) {
                        over.push((*id, CloseReason::Removed));
                    }
                }
                Connection::Request(door) => {
                    if now_ms >= door.deadline_ms() {
                        over.push((*id, CloseReason::Silent));
                    }
                }
            }
        }
        for (id, reason) in over {
            self.close(id, reason);
        }
    }

    /// Returns when [`Mirror::tick`] next has something to do, in milliseconds.
    pub fn deadline_ms(&self) -> Option<u64> {
        let connections = self.connections.values();
        connections
            .map(|connection| match connection {
                Connection::Sync {
                    session,
                    parting_ms,
                } => parting_ms.unwrap_or(u64::MAX).min(session.deadline_ms()),
                Connection::Request(door) => door.deadline_ms(),
            })
            .min()
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

    fn close(&mut self, id: ConnectionId, reason: CloseReason) {
        self.connections.remove(&id);
        self.effects.push_back(MirrorEffect::Close(id, reason));
    }

    fn close_all_of(&mut self, notebook: NotebookId, reason: &CloseReason) {
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

/// Says whether a notebook names this mirror, and the device that proves itself by a transport key is one of a
/// member's.
fn is_by_member(held: &MirroredNotebook, remote: &TransportId) -> bool {
    let members = held.membership().members().values();
    let mut cards = members.flat_map(|member| member.devices.values());
    held.names_this_mirror() && cards.any(|card| card.transport == *remote)
}

fn reason_of(error: &SessionError) -> CloseReason {
    match error {
        SessionError::Silent => CloseReason::Silent,
        SessionError::Storage(_) => CloseReason::Storage,
        other => CloseReason::Protocol(other.to_string()),
    }
}

/// The notebooks in which a device is a live member's.
struct SharedWith<'a> {
    notebooks: &'a mut BTreeMap<NotebookId, MirroredNotebook>,
    device: DeviceId,
}

impl SharedWith<'_> {
    fn is_shared(&self, held: &MirroredNotebook) -> bool {
        held.membership().person_of(&self.device).is_some()
    }
}

impl Shared for SharedWith<'_> {
    fn get(&self, notebook: NotebookId) -> Option<&dyn Holding> {
        let held = self.notebooks.get(&notebook)?;
        self.is_shared(held).then_some(held)
    }

    fn get_mut(&mut self, notebook: NotebookId) -> Option<&mut dyn Holding> {
        self.get(notebook)?;
        let held = self.notebooks.get_mut(&notebook)?;
        Some(held)
    }

    fn all(&self) -> Box<dyn Iterator<Item = &dyn Holding> + '_> {
        let held = self.notebooks.values();
        let shared = held.filter(|held| self.is_shared(held));
        Box::new(shared.map(|held| held as &dyn Holding))
    }
}
