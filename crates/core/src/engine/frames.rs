//! Frames and the time: what comes in on a connection, and what goes out next.

use super::connections::{CloseReason, Connection, ConnectionId, reason_of};
use super::parting::Parting;
use super::sharing::SharedWith;
use super::{Effect, Engine};
use crate::ids::NotebookId;
use crate::replica::EditFailed;
use crate::storage::Storage;
use crate::sync::{Session, SessionError};

/// What a notebook holds besides content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    controls: usize,
    wraps: usize,
    is_stale: bool,
}

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
            }) => match self.take_frame(&mut session, bytes, now_ms, storage, rng) {
                Ok(()) => {
                    // Whoever shows in rounds why they are a member has the time for one more.
                    let is_prolonged = session.take_prolonged();
                    let parting = parting.map(|parting| parting.prolonged(is_prolonged, now_ms));
                    let connection = Connection::Sync {
                        session,
                        dialled,
                        since_ms,
                        parting,
                    };
                    self.connections.insert(id, connection);
                }
                Err(reason) => {
                    self.note_heard(&session, now_ms);
                    self.note_broken_session(&session, &reason, now_ms);
                    self.effects.push_back(Effect::Close(id, reason));
                }
            },
        }
    }

    /// Takes a frame of a sync connection, which is taken out meanwhile.
    ///
    /// # Errors
    /// Why the connection is to be closed.
    fn take_frame(
        &mut self,
        session: &mut Session,
        bytes: &[u8],
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), CloseReason> {
        let close = |error: SessionError| reason_of(&error);
        let incoming = session.read(bytes, now_ms).map_err(close)?;
        let notebook = incoming.notebook();
        let concerned = self.concerned_by(session, notebook);
        let mut shared = self.shared_with(session.peer());
        let result = session.receive(incoming, &mut shared, storage, now_ms);
        let mut broken = Vec::new();
        for (notebook, before) in concerned {
            if self.follow_up(notebook, before, storage, rng) {
                broken.push(notebook);
            }
        }
        for notebook in session.take_stopped() {
            if let Some(reason) = session.stopped(notebook) {
                let (peer, reason) = (session.peer(), reason.to_string());
                self.note_mirror_fault(notebook, peer, &reason, now_ms);
                self.effects
                    .push_back(Effect::Stopped(notebook, peer, reason));
            }
        }
        self.hear_full(session, now_ms);
        if session.take_checkpoint_news() {
            self.checkpoints.note_answer();
        }
        self.hear_presences(session.peer(), session.take_presences(), now_ms);
        self.hear_files(session.peer(), session.take_file_events(), now_ms);
        for (notebook, entries) in session.take_handed() {
            self.take_handed(notebook, entries, storage);
        }
        self.note_views(session);
        for notebook in &broken {
            // The documents show what could not be made an entry: nobody may build on that.
            self.close_all_of(*notebook);
            self.reopen(*notebook, storage);
        }
        result.map_err(close)?;
        self.heard_apart(session, notebook).map_err(close)?;
        self.hear_objections(session, now_ms);
        let heard = self.hear_capsules(session, storage);
        heard.map_err(|error| close(error.into()))?;
        if broken.is_empty() {
            return Ok(());
        }
        Err(CloseReason::Storage)
    }

    /// Returns the notebooks of a session in which a frame may lead to something: the one that it is about, and
    /// those in which something is left to be done that each frame gives occasion to.
    fn concerned_by(
        &self,
        session: &Session,
        about: Option<NotebookId>,
    ) -> Vec<(NotebookId, Seen)> {
        let unfinished = self.replicas.unfinished().iter().copied();
        let others =
            unfinished.filter(|notebook| Some(*notebook) != about && session.is_of(*notebook));
        let all = about.into_iter().chain(others);
        all.filter_map(|notebook| Some((notebook, self.seen_of(notebook)?)))
            .collect()
    }

    pub(super) fn seen_of(&self, notebook: NotebookId) -> Option<Seen> {
        let replica = self.replicas.get(&notebook)?;
        Some(Seen {
            controls: replica.controls().len(),
            wraps: replica.wraps().len(),
            is_stale: replica.is_stale_copy(),
        })
    }

    /// Does what a frame about a notebook leads to; says whether it left what could not be made an entry.
    pub(super) fn follow_up(
        &mut self,
        notebook: NotebookId,
        before: Seen,
        storage: &dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> bool {
        let is_unfinished = self.replicas.unfinished().contains(&notebook);
        if !is_unfinished && !self.replicas.touched().contains(&notebook) {
            return false;
        }
        let Some(replica) = self.replicas.get_mut(&notebook) else {
            return false;
        };
        replica.rekey_after_merge(rng);
        let again = replica.write_again(storage, rng);
        let is_broken = matches!(again, Err(EditFailed::Entry(_)));
        let Some(now) = self.seen_of(notebook) else {
            return is_broken;
        };
        let has_more = (now.controls, now.wraps) != (before.controls, before.wraps);
        if now.controls != before.controls {
            self.effects.push_back(Effect::MembershipChanged(notebook));
        }
        if now.is_stale && !before.is_stale {
            self.effects.push_back(Effect::StaleCopy(notebook));
        }
        if has_more || self.own.awaits(&notebook) {
            self.rekeys.look_at(notebook);
            self.own.check(notebook);
        }
        is_broken
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
            Connection::Enrolling(_) => return self.enrol_frame_for(id, storage),
            Connection::Sync {
                session, parting, ..
            } => {
                // What was committed since the last flush is to be sent as well.
                for notebook in self.replicas.touched() {
                    session.note_changed(*notebook);
                }
                let shared = SharedWith {
                    device: session.peer(),
                    replicas: &mut self.replicas,
                    apart: &self.apart,
                };
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

    fn enrol_frame_for(&mut self, id: ConnectionId, storage: &dyn Storage) -> Option<Vec<u8>> {
        let Some(Connection::Enrolling(mut door)) = self.connections.remove(&id) else {
            return None;
        };
        let frame = self.enrol_next(&mut door, storage);
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
