//! Frames and the time: what comes in on a connection, and what goes out next.

use super::connections::{CloseReason, Connection, ConnectionId, reason_of};
use super::parting::Parting;
use super::sharing::shared_in;
use super::{Effect, Engine};
use crate::replica::EditFailed;
use crate::storage::Storage;
use crate::sync::SessionError;

impl Engine {
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
}
