//! Connections: from the handshake's device key to frames.

use super::enrol::{EnrolDoor, Wish};
use super::pairing::Door;
use super::parting::Parting;
use super::{Effect, Engine};
use crate::ids::{DeviceId, TransportId};
use crate::limits::PAIRING_CONNECTIONS_MAX;
use crate::sync::{Session, SessionError, Shared as _};

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
    /// The same under [`ALPN_2`](crate::sync::ALPN_2): each side says what it reads beyond the first version.
    Sync2 {
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
            ConnectionKind::Sync { dialled } | ConnectionKind::Sync2 { dialled } => dialled,
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
        self.begun += 1;
        let is_own = self.is_own_other_device(&device);
        let is_mirror = self.is_mirror(&device);
        let shared = self.shared_with(device);
        // Where this device itself is out, the peer may know more, or less.
        // Two devices of one person may have nothing in common yet.
        let has_nothing = shared.all().next().is_none() && !is_own;
        let parting = parting.or(has_nothing.then(|| Parting::of_this_device(now_ms)));
        let says_features = matches!(kind, ConnectionKind::Sync2 { .. });
        let session = Session::new((device, key), dialled, exporter, instance, &shared, now_ms)
            .with_features(says_features)
            .with_own_device(is_own)
            .with_mirror(is_mirror)
            .with_begun(self.begun);
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
    pub(super) fn disconnected_as(&mut self, id: ConnectionId, reason: CloseReason) {
        self.disconnected(id, 0);
        self.effects.push_back(Effect::Close(id, reason));
    }

    /// Forgets a connection that is gone.
    pub fn disconnected(&mut self, id: ConnectionId, now_ms: u64) {
        if let Some(Connection::Sync { session, .. }) = self.connections.remove(&id) {
            self.note_heard(&session, now_ms);
        }
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
}

pub(super) fn reason_of(error: &SessionError) -> CloseReason {
    match error {
        SessionError::Silent => CloseReason::Silent,
        SessionError::Storage(_) => CloseReason::Storage,
        other => CloseReason::Protocol(other.to_string()),
    }
}
