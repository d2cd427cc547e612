//! Connections: from the handshake's device key to frames.

use std::collections::{BTreeMap, BTreeSet};

use super::enrol::{EnrolDoor, Wish};
use super::pairing::Door;
use super::parting::{Apart, Parting, part_from};
use super::{Effect, Engine};
use crate::ids::{DeviceId, NotebookId, PersonId, TransportId};
use crate::limits::{DOCUMENTS_OPEN_MAX, PAIRING_CONNECTIONS_MAX};
use crate::replica::{EditFailed, Replica};
use crate::storage::{Storage, StorageError};
use crate::sync::{Session, SessionError};

/// How long a notebook that did not open again waits for the next try, in milliseconds: a disk that
/// fails is seldom back at once, and reading a notebook may take a while.
const REOPEN_AFTER_MS: u64 = 10_000;

/// Two connections that come up within this time of each other were dialled at the same time. A peer
/// that dials later than that has lost the older one, even where this side has not noticed yet.
const SIMULTANEOUS_MS: u64 = 1_000;

/// A connection, as the driver numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What a connection was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionKind {
    /// Sync, dialled by this side or by the peer.
    Sync {
        /// Whether this side dialled.
        dialled: bool,
    },
    /// Somebody wants to redeem a ticket of this device.
    Pairing,
    /// A device wants to be linked.
    Linking,
    /// Somebody comes with a recovery phrase, or shows that it is a member's device.
    Recovering,
}

/// Why a connection is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The device is in no notebook that is here.
    Stranger,
    /// The device was a member's and is no more; it was told what ended that.
    Removed,
    /// There is another connection with the same device.
    Duplicate,
    /// Something came that cannot be accepted, in words for the log.
    Protocol(String),
    /// Nothing was heard for too long.
    Silent,
    /// What was received could not be put on disk.
    Storage,
    /// Too many joiners are at the door.
    Busy,
    /// All is said.
    Done,
}

#[derive(Debug)]
pub(super) enum Connection {
    Sync {
        session: Box<Session>,
        dialled: bool,
        since_ms: u64,
        /// Set where nothing is shared any more and only last words are exchanged.
        parting: Option<Parting>,
    },
    Pairing(Box<Door>),
    Enrolling(Box<EnrolDoor>),
}

impl Connection {
    /// Says whether a stranger may be at the other end.
    const fn is_door(&self) -> bool {
        matches!(self, Self::Pairing(_) | Self::Enrolling(_))
    }
}

impl Engine {
    /// Takes a connection whose handshake proved `remote`. Frames may follow; where the device is a
    /// stranger, [`Effect::Close`] does.
    pub fn connected(
        &mut self,
        id: ConnectionId,
        kind: ConnectionKind,
        remote: TransportId,
        exporter: [u8; 32],
        now_ms: u64,
    ) {
        let dialled = match kind {
            ConnectionKind::Pairing => {
                let door = Door::new(remote, exporter, now_ms);
                self.open_door_for(id, Connection::Pairing(Box::new(door)));
                return;
            }
            ConnectionKind::Linking | ConnectionKind::Recovering => {
                let wish = match kind {
                    ConnectionKind::Linking => Wish::Link,
                    _ => Wish::Recover,
                };
                let door = EnrolDoor::new(wish, remote, exporter, now_ms);
                self.open_door_for(id, Connection::Enrolling(Box::new(door)));
                return;
            }
            ConnectionKind::Sync { dialled } => dialled,
        };
        let (found, parting) = match self.device_of(&remote) {
            Some(member) => (Some(member), None),
            None => (
                self.former_device_of(&remote),
                Some(Parting::with_the_peer(now_ms)),
            ),
        };
        let Some((device, key)) = found else {
            self.effects
                .push_back(Effect::Close(id, CloseReason::Stranger));
            return;
        };
        if let Some(loser) = self.duplicate_of(id, device, dialled, now_ms) {
            self.close(loser, CloseReason::Duplicate);
            if loser == id {
                return;
            }
        }
        let instance = self.instance;
        let is_own = self.is_own_other_device(&device);
        let mut shared = self.shared_with(device);
        // Where this device itself is out, the peer may know more, or less.
        // Two devices of one person may have nothing in common yet.
        let has_nothing = shared.is_empty() && !is_own;
        let parting = parting.or(has_nothing.then(|| Parting::of_this_device(now_ms)));
        let session = Session::new(
            (device, key),
            dialled,
            exporter,
            instance,
            &mut shared,
            now_ms,
        )
        .with_own_device(is_own);
        self.connections.insert(
            id,
            Connection::Sync {
                session: Box::new(session),
                dialled,
                since_ms: now_ms,
                parting,
            },
        );
    }

    fn open_door_for(&mut self, id: ConnectionId, door: Connection) {
        let doors = self.connections.values().filter(|open| open.is_door());
        if doors.count() >= PAIRING_CONNECTIONS_MAX {
            self.effects.push_back(Effect::Close(id, CloseReason::Busy));
            return;
        }
        self.connections.insert(id, door);
    }

    /// Two connections with one device: of two dialled by the same side, or one long after the other,
    /// the newer stays, since the older is dead; of two dialled by both at the same time the one that
    /// the lower device id dialled stays, so that both sides keep the same.
    fn duplicate_of(
        &self,
        id: ConnectionId,
        device: DeviceId,
        dialled: bool,
        now_ms: u64,
    ) -> Option<ConnectionId> {
        let (other, other_dialled, since_ms) =
            self.connections
                .iter()
                .find_map(|(other, connection)| match connection {
                    Connection::Sync {
                        session,
                        dialled,
                        since_ms,
                        ..
                    } if session.peer() == device => Some((*other, *dialled, *since_ms)),
                    _ => None,
                })?;
        if other_dialled == dialled || now_ms.saturating_sub(since_ms) > SIMULTANEOUS_MS {
            return Some(other);
        }
        let lower_is_me = self.identity.device.id() < device;
        Some(if dialled == lower_is_me { other } else { id })
    }

    pub(super) fn close(&mut self, id: ConnectionId, reason: CloseReason) {
        self.connections.remove(&id);
        self.effects.push_back(Effect::Close(id, reason));
    }

    /// Forgets a connection on which all is said, and has it closed.
    fn disconnected_as(&mut self, id: ConnectionId, reason: CloseReason) {
        self.disconnected(id, 0);
        self.effects.push_back(Effect::Close(id, reason));
    }

    /// Forgets a connection that is gone.
    pub fn disconnected(&mut self, id: ConnectionId, now_ms: u64) {
        if let Some(Connection::Sync { session, .. }) = self.connections.remove(&id) {
            self.note_heard(&session, now_ms);
        }
    }

    /// Takes a frame. What it brings is in memory only until [`Engine::flush`].
    pub fn receive(
        &mut self,
        id: ConnectionId,
        bytes: &[u8],
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) {
        // A frontier vouches for the disk, and these frames may be answered by one. This comes before
        // the connection is taken out, since a failing disk closes it.
        const FIRST_FRAMES: core::ops::RangeInclusive<u8> = 1..=3;
        let is_sync = matches!(self.connections.get(&id), Some(Connection::Sync { .. }));
        if is_sync
            && bytes
                .first()
                .is_some_and(|kind| FIRST_FRAMES.contains(kind))
        {
            self.flush(storage, now_ms, false);
        }
        match self.connections.remove(&id) {
            None => {}
            Some(Connection::Pairing(mut door)) => {
                let is_open = self.pairing_frame(&mut door, bytes, now_ms, storage, rng);
                if is_open || door.has_frames() {
                    self.connections.insert(id, Connection::Pairing(door));
                } else {
                    self.effects.push_back(Effect::Close(id, CloseReason::Done));
                }
            }
            Some(Connection::Enrolling(mut door)) => {
                if self.enrol_frame(&mut door, bytes, now_ms, storage, rng) {
                    self.connections.insert(id, Connection::Enrolling(door));
                } else {
                    self.effects.push_back(Effect::Close(id, CloseReason::Done));
                }
            }
            Some(Connection::Sync {
                mut session,
                dialled,
                since_ms,
                parting,
            }) => {
                let peer = session.peer();
                let (mut effects, mut changed) = (Vec::new(), Vec::new());
                let awaited = self.own.awaited();
                let mut shared = self.shared_with(peer);
                let before: Vec<((usize, usize), bool)> = shared
                    .iter()
                    .map(|replica| {
                        let held = (replica.controls().len(), replica.wraps().len());
                        (held, replica.is_stale_copy())
                    })
                    .collect();
                let result = session.receive(bytes, &mut shared, storage, now_ms);
                let mut broken = Vec::new();
                for replica in &mut shared {
                    replica.rekey_after_merge(rng);
                    if let Err(EditFailed::Entry(_)) = replica.write_again(storage, rng) {
                        broken.push(replica.notebook());
                    }
                }
                for (replica, (held, was_stale)) in shared.iter().zip(before) {
                    let notebook = replica.notebook();
                    if (replica.controls().len(), replica.wraps().len()) != held {
                        changed.push(notebook);
                    }
                    if replica.controls().len() != held.0 {
                        effects.push(Effect::MembershipChanged(notebook));
                    }
                    changed.extend(awaited.contains(&notebook).then_some(notebook));
                    if replica.is_stale_copy() && !was_stale {
                        effects.push(Effect::StaleCopy(notebook));
                    }
                }
                self.effects.extend(effects);
                for notebook in changed {
                    self.rekeys.look_at(notebook);
                    self.own.check(notebook);
                }
                for notebook in session.take_stopped() {
                    if let Some(reason) = session.stopped(notebook) {
                        self.effects
                            .push_back(Effect::Stopped(notebook, peer, reason.to_string()));
                    }
                }
                for (notebook, entries) in session.take_handed() {
                    self.take_handed(notebook, entries, storage);
                }
                self.note_views(&mut session);
                for notebook in &broken {
                    // The documents show what could not be made an entry: nobody may build on that.
                    self.close_all_of(*notebook);
                    self.reopen(*notebook, storage);
                }
                let result = result
                    .and_then(|()| self.heard_apart(&mut session))
                    .and_then(|()| Ok(self.hear_capsules(&mut session, storage)?));
                match result {
                    Ok(()) if !broken.is_empty() => {
                        self.note_heard(&session, now_ms);
                        self.effects
                            .push_back(Effect::Close(id, CloseReason::Storage));
                    }
                    Ok(()) => {
                        self.connections.insert(
                            id,
                            Connection::Sync {
                                session,
                                dialled,
                                since_ms,
                                parting,
                            },
                        );
                    }
                    Err(error) => {
                        self.note_heard(&session, now_ms);
                        self.effects.push_back(Effect::Close(id, reason_of(&error)));
                    }
                }
            }
        }
    }

    /// Returns the next frame for a connection, `None` where there is none now.
    pub fn next_frame(&mut self, id: ConnectionId, storage: &dyn Storage) -> Option<Vec<u8>> {
        let frame = match self.connections.get_mut(&id)? {
            Connection::Pairing(door) => {
                let frame = door.next_frame();
                if frame.is_none() && door.is_closed() {
                    self.close(id, CloseReason::Done);
                }
                return frame;
            }
            Connection::Enrolling(_) => return self.enrol_frame_for(id),
            Connection::Sync {
                session, parting, ..
            } => {
                let peer = session.peer();
                let shared = shared_in(&mut self.replicas, &self.apart, peer);
                let frame = session.next_frame(&shared, storage);
                if matches!(frame, Ok(None)) && parting.is_some() && session.has_parted() {
                    self.disconnected_as(id, CloseReason::Removed);
                    return None;
                }
                frame
            }
        };
        let frame = match frame {
            Ok(None) => self.next_capsule_frame(id, storage),
            frame => frame,
        };
        match frame {
            Ok(frame) => frame,
            Err(error) => {
                self.close(id, reason_of(&SessionError::Storage(error)));
                None
            }
        }
    }

    fn enrol_frame_for(&mut self, id: ConnectionId) -> Option<Vec<u8>> {
        let Some(Connection::Enrolling(mut door)) = self.connections.remove(&id) else {
            return None;
        };
        let frame = self.enrol_next(&mut door);
        if frame.is_none() && door.is_over() {
            self.effects.push_back(Effect::Close(id, CloseReason::Done));
        } else {
            self.connections.insert(id, Connection::Enrolling(door));
        }
        frame
    }

    /// Notes the time: signs of life, silent peers, acknowledgements that have waited long enough.
    pub fn tick(
        &mut self,
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) {
        self.reopen_due(now_ms, storage);
        self.rekey_due(now_ms, rng);
        self.freeze_due(now_ms, storage);
        self.flush(storage, now_ms, false);
        let mut over = Vec::new();
        for (id, connection) in &mut self.connections {
            let reason = match connection {
                Connection::Sync {
                    session, parting, ..
                } => match (session.tick(now_ms), parting) {
                    (Err(_), _) => Some(CloseReason::Silent),
                    (Ok(()), Some(parting)) => parting.is_over(now_ms),
                    _ => None,
                },
                Connection::Pairing(door) => {
                    (now_ms >= door.deadline_ms()).then_some(CloseReason::Silent)
                }
                Connection::Enrolling(door) => {
                    (now_ms >= door.deadline_ms()).then_some(CloseReason::Silent)
                }
            };
            over.extend(reason.map(|reason| (*id, reason)));
        }
        for (id, reason) in over {
            self.disconnected(id, now_ms);
            self.effects.push_back(Effect::Close(id, reason));
        }
    }

    /// Returns when [`Engine::tick`] next has something to do, in milliseconds.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.connections
            .values()
            .map(|connection| match connection {
                Connection::Sync {
                    session, parting, ..
                } => parting
                    .as_ref()
                    .map_or(u64::MAX, Parting::ends_ms)
                    .min(session.deadline_ms()),
                Connection::Pairing(door) => door.deadline_ms(),
                Connection::Enrolling(door) => door.deadline_ms(),
            })
            .chain(self.own.deadline_ms())
            .chain(self.reopen_at_ms.values().copied())
            .chain(self.rekeys.next_ms())
            .chain(self.freezes.next_ms())
            .min()
    }

    /// Returns the sessions by connection.
    pub fn sessions(&self) -> impl Iterator<Item = (ConnectionId, &Session)> {
        self.connections
            .iter()
            .filter_map(|(id, connection)| match connection {
                Connection::Sync { session, .. } => Some((*id, &**session)),
                Connection::Pairing(_) | Connection::Enrolling(_) => None,
            })
    }

    /// Puts everything that is in memory only on disk and queues the acknowledgements of it; those
    /// that could wait a little for more as well, if `at_once`.
    ///
    /// Where the disk fails, the notebook is opened anew as the disk has it, and its connections are
    /// closed: nothing of what was lost had been acknowledged.
    pub fn flush(&mut self, storage: &mut dyn Storage, now_ms: u64, at_once: bool) {
        let unsaved: Vec<NotebookId> = self
            .replicas
            .iter()
            .filter(|(_, replica)| replica.has_unsaved())
            .map(|(notebook, _)| *notebook)
            .collect();
        for notebook in unsaved {
            // A failure has closed whatever rested on what is lost; there is nobody else to tell.
            let _reported_by_closing = self.commit(notebook, storage);
        }
        self.share_changed(now_ms);
        self.schedule_rekeys(now_ms);
        self.schedule_freezes(now_ms);
        for connection in self.connections.values_mut() {
            if let Connection::Sync { session, .. } = connection {
                let mut shared = shared_in(&mut self.replicas, &self.apart, session.peer());
                session.acknowledge(&mut shared, now_ms, at_once);
            }
        }
    }

    /// Commits what is unsaved of a notebook, and then a fresh saved state where that is due. Where
    /// the first fails, the notebook is opened anew as the disk has it and its connections are closed,
    /// since their peers believe that what they sent is here.
    pub(super) fn commit(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Ok(());
        };
        // Control entries may have changed which entries count.
        let placed = if replica.wants_advance() {
            replica.advance(storage).map(drop)
        } else {
            Ok(())
        };
        if let Err(error) = placed.and_then(|()| storage.commit(notebook, replica.unsaved())) {
            self.close_all_of(notebook);
            self.reopen(notebook, storage);
            return Err(error);
        }
        replica.saved();
        if replica.wants_snapshot()
            && let Err(error) = self.save_state(notebook, storage)
        {
            let failed = Effect::SnapshotFailed(notebook, error);
            self.effects.push_back(failed);
        }
        Ok(())
    }

    /// Commits a fresh saved state of a notebook of which nothing is unsaved.
    pub(super) fn save_state(
        &mut self,
        notebook: NotebookId,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return Ok(());
        };
        replica.snapshot();
        let result = storage.commit(notebook, replica.unsaved());
        match result {
            Ok(()) => {
                replica.saved();
                replica.close_unused(DOCUMENTS_OPEN_MAX);
            }
            Err(_) => replica.snapshot_failed(),
        }
        result
    }

    /// Opens a notebook as the disk has it, dropping what memory had beyond that. Where it does not
    /// open, it is tried again as time passes.
    pub(super) fn reopen(&mut self, notebook: NotebookId, storage: &dyn Storage) {
        let device = std::sync::Arc::clone(&self.identity.device);
        let before = self.replicas.remove(&notebook);
        match Replica::open(notebook, device, storage) {
            Ok(replica) => {
                self.replicas.insert(notebook, replica);
                self.look_again(notebook);
            }
            // A new notebook of which nothing reached the disk.
            Err(_) if before.is_some_and(|replica| !replica.is_on_disk()) => {}
            Err(error) => {
                self.unopened.insert(notebook, error);
                self.reopen_at_ms.insert(notebook, 0);
            }
        }
    }

    /// What was made in memory only, such as a new key, is still to be done.
    fn look_again(&mut self, notebook: NotebookId) {
        self.rekeys.look_at(notebook);
        self.own.check(notebook);
    }

    /// Tries again to open notebooks that were open until their disk failed.
    fn reopen_due(&mut self, now_ms: u64, storage: &dyn Storage) {
        let next_ms = now_ms.saturating_add(REOPEN_AFTER_MS);
        let due: Vec<NotebookId> = self
            .reopen_at_ms
            .iter()
            // A time further off was noted before the clock went back.
            .filter(|(_, at)| **at <= now_ms || **at > next_ms)
            .map(|(notebook, _)| *notebook)
            .collect();
        for notebook in due {
            let device = std::sync::Arc::clone(&self.identity.device);
            match Replica::open(notebook, device, storage) {
                Ok(replica) => {
                    self.replicas.insert(notebook, replica);
                    self.look_again(notebook);
                    self.unopened.remove(&notebook);
                    self.reopen_at_ms.remove(&notebook);
                    self.effects.push_back(Effect::MembershipChanged(notebook));
                }
                Err(error) => {
                    self.unopened.insert(notebook, error);
                    self.reopen_at_ms.insert(notebook, next_ms);
                }
            }
        }
    }

    pub(super) fn close_all_of(&mut self, notebook: NotebookId) {
        let ids: Vec<ConnectionId> = self
            .sessions()
            .filter(|(_, session)| session.notebooks().any(|shared| shared == notebook))
            .map(|(id, _)| id)
            .collect();
        for id in ids {
            self.close(id, CloseReason::Storage);
        }
    }

    /// Extends open connections by notebooks whose membership has come to include the peer, and
    /// drops those that no longer do: a connection over none is closed.
    fn share_changed(&mut self, now_ms: u64) {
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
fn shared_in<'a>(
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

fn reason_of(error: &SessionError) -> CloseReason {
    match error {
        SessionError::Silent => CloseReason::Silent,
        SessionError::Storage(_) => CloseReason::Storage,
        other => CloseReason::Protocol(other.to_string()),
    }
}
