//! Frames and the time: what comes in on a mirror's connections, and what goes out next.

use std::sync::Arc;

use super::door::Door;
use super::engine::{Connection, Mirror, MirrorEffect, PARTING_MS_MAX, reason_of};
use super::held::Held;
use super::notebook::MirroredNotebook;
use super::request::MirrorAnswer;
use super::shared::SharedWith;
use crate::control::{Heard, Hearing};
use crate::engine::{CloseReason, ConnectionId};
use crate::ids::{DeviceId, NotebookId, TransportId};
use crate::limits::MIRROR_NOTEBOOKS_MAX;
use crate::replica::Standings;
use crate::storage::{Storage, StorageError};
use crate::sync::{CheckpointFrame, Holding, Session, SessionError};

impl Mirror {
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
        let may_be_answered = match self.connections.get(&id) {
            // A segment is compared with entries on the disk, and so is whatever it rests on.
            Some(Connection::Sync { .. }) => first.is_some_and(|kind| {
                FIRST_FRAMES.contains(kind) || CheckpointFrame::TYPES.contains(kind)
            }),
            Some(Connection::Recover(_)) => true,
            Some(Connection::Request(_)) | None => false,
        };
        if may_be_answered {
            self.flush(storage, now_ms, false);
        }
        match self.connections.remove(&id) {
            None => {}
            Some(Connection::Request(mut door)) => {
                self.request_frame(&mut door, bytes, storage);
                self.connections.insert(id, Connection::Request(door));
            }
            Some(Connection::Recover(mut door)) => {
                self.recover_frame(&mut door, bytes, now_ms, storage);
                self.connections.insert(id, Connection::Recover(door));
            }
            Some(Connection::Sync {
                mut session,
                mut parting_ms,
            }) => match self.sync_frame(&mut session, bytes, now_ms, storage) {
                Ok(()) => {
                    // Whoever shows in rounds why they are a member has the time for one more.
                    if session.take_prolonged() {
                        parting_ms = parting_ms.map(|_| now_ms.saturating_add(PARTING_MS_MAX));
                    }
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
        storage: &mut dyn Storage,
    ) -> Result<(), SessionError> {
        let incoming = session.read(bytes, now_ms)?;
        if let Some(notebook) = incoming.notebook() {
            if self.is_shared(notebook, session.peer()) && !self.open_notebook(notebook, storage) {
                let failed = StorageError::Failed("a notebook did not open".to_owned());
                return Err(failed.into());
            }
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
            let full = MirrorEffect::Full(held.outline().notebook(), held.quota());
            self.effects.push_back(full);
        }
        session.forget_views();
        result?;
        self.hear_objections(session, now_ms, storage);
        self.hear_capsules(session, storage)?;
        self.hear_files(session, now_ms, storage)?;
        self.say_last_words(session, storage)
    }

    fn is_shared(&self, notebook: NotebookId, device: DeviceId) -> bool {
        let held = self.notebooks.get(&notebook);
        held.is_some_and(|held| held.device(&device).is_some())
    }

    /// Takes what a device says against being out: what makes it a member's is taken in, and anything else leaves no
    /// trace.
    fn hear_objections(&mut self, session: &mut Session, now_ms: u64, storage: &dyn Storage) {
        let peer = session.peer();
        for (notebook, shown) in session.take_objections() {
            self.open_notebook(notebook, storage);
            let Some(held) = self.notebooks.get(&notebook).and_then(Held::open) else {
                continue;
            };
            let standings = Standings::of(held.controls(), held.membership());
            let Some(ending) = standings.standing_of(&peer).ending() else {
                continue;
            };
            let controls = held.controls();
            let hearing = match session.take_hearing(notebook) {
                Some(hearing) if hearing.is_of(controls) => *hearing,
                Some(_) => continue,
                None if self.heard.is_due(notebook, peer, now_ms) => Hearing::of(controls),
                None => continue,
            };
            let entries = match hearing.hear(&peer, &shown) {
                Heard::Member(entries) => entries,
                Heard::More(hearing) => {
                    session.hear_on(notebook, hearing, ending);
                    continue;
                }
                Heard::Nothing => continue,
            };
            self.make_room(notebook);
            let held = self.notebooks.get_mut(&notebook);
            let held = held.and_then(Held::open_mut);
            if held.is_some_and(|held| held.take_controls(entries).is_ok()) {
                session.rejoin(notebook);
                self.touched.insert(notebook);
            }
        }
    }

    fn has_refused(&self, notebook: Option<NotebookId>) -> bool {
        let held = notebook.and_then(|notebook| self.notebooks.get(&notebook));
        held.is_some_and(Held::has_refused)
    }

    /// Tells a device what ended it in a notebook that it counts as shared.
    fn say_last_words(
        &mut self,
        session: &mut Session,
        storage: &dyn Storage,
    ) -> Result<(), SessionError> {
        if !session.has_any_early() {
            return Ok(());
        }
        let peer = session.peer();
        let early: Vec<NotebookId> = self
            .notebooks
            .iter()
            .filter(|(notebook, held)| {
                held.device(&peer).is_none() && session.has_early(**notebook)
            })
            .map(|(notebook, _)| *notebook)
            .collect();
        for notebook in early {
            self.open_notebook(notebook, storage);
            let Some(held) = self.notebooks.get(&notebook).and_then(Held::open) else {
                continue;
            };
            let standings = Standings::of(held.controls(), held.membership());
            if standings.standing_of(&peer).ending().is_some()
                && let Some(told) = session.take_early(notebook)?
            {
                let heads = &told.frontier.control_heads;
                if let Some(words) = standings.last_words_for(&peer, heads) {
                    let said = (words.entries, words.ending);
                    session.part(notebook, said, words.may_know_better);
                }
            }
        }
        Ok(())
    }

    /// Sets how much a notebook may hold now.
    pub(super) fn make_room(&mut self, notebook: NotebookId) {
        let quota = self.quota();
        let left = quota.max_bytes.saturating_sub(quota.used_bytes);
        let max_bytes = self.limits.notebook_bytes;
        if let Some(held) = self.notebooks.get_mut(&notebook).and_then(Held::open_mut) {
            let used = held.quota().used_bytes;
            held.set_max_bytes(max_bytes.min(used.saturating_add(left)));
        }
    }

    fn request_frame(&mut self, door: &mut Door, bytes: &[u8], storage: &dyn Storage) {
        let notebook = match door.read(bytes, &self.pass) {
            Ok(Some(notebook)) => notebook,
            Ok(None) => return,
            Err(answer) => {
                let refused = MirrorEffect::Refused(door.remote(), answer);
                self.effects.push_back(refused);
                return;
            }
        };
        let entries = door.take_entries();
        let answer = self.hold(notebook, door.remote(), entries, storage);
        door.answer(notebook, answer);
        self.effects.push_back(match answer {
            MirrorAnswer::Taken => MirrorEffect::Granted(door.remote(), notebook),
            _ => MirrorEffect::Refused(door.remote(), answer),
        });
    }

    /// Takes a notebook on that a device shows, if it is a member's and the notebook names this mirror.
    fn hold(
        &mut self,
        notebook: NotebookId,
        remote: TransportId,
        entries: Vec<crate::control::ControlEntry>,
        storage: &dyn Storage,
    ) -> MirrorAnswer {
        if self.notebooks.contains_key(&notebook) && !self.open_notebook(notebook, storage) {
            return MirrorAnswer::Unavailable;
        }
        let known = self.notebooks.get_mut(&notebook);
        if let Some(held) = known.and_then(Held::open_mut) {
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
        let used = self.uses();
        self.notebooks.insert(notebook, Held::opened(held, used));
        self.touched.insert(notebook);
        self.effects.push_back(MirrorEffect::Held(notebook));
        MirrorAnswer::Taken
    }

    /// Returns the next frame for a connection, `None` where there is none now.
    pub fn next_frame(&mut self, id: ConnectionId, storage: &dyn Storage) -> Option<Vec<u8>> {
        if let Connection::Recover(door) = self.connections.get_mut(&id)? {
            if let Err(error) = door.load(storage) {
                self.close(id, reason_of(&SessionError::Storage(error)));
                return None;
            }
            if let Some(notebook) = door.notebook()
                && !self.touched.contains(&notebook)
            {
                self.open_notebook(notebook, storage);
            }
        }
        loop {
            let frame = self.next_frame_of_open(id, storage);
            let Some(Connection::Sync { session, .. }) = self.connections.get_mut(&id) else {
                return frame;
            };
            match session.take_wants_open() {
                // Where it does not open, the connection is closed.
                Some(notebook) if self.open_notebook(notebook, storage) => {}
                _ => return frame,
            }
        }
    }

    /// Returns the next frame for a connection as far as that needs nothing but what is open.
    fn next_frame_of_open(&mut self, id: ConnectionId, storage: &dyn Storage) -> Option<Vec<u8>> {
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
            Connection::Recover(door) => {
                // Nothing is signed for that is not on disk.
                let about = door.notebook();
                if about.is_some_and(|held| touched.contains(&held)) {
                    return None;
                }
                let held = about.and_then(|notebook| self.notebooks.get(&notebook)?.open());
                let frame = door.next_frame(held.map(|held| held as &dyn Holding), storage);
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
                Connection::Recover(door) => {
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
                Connection::Recover(door) => door.deadline_ms(),
            })
            .min()
    }
}

/// Says whether a notebook names this mirror, and the device that proves itself by a transport key is one of a
/// member's.
fn is_by_member(held: &MirroredNotebook, remote: &TransportId) -> bool {
    let members = held.membership().members().values();
    let mut cards = members.flat_map(|member| member.devices.values());
    held.names_this_mirror() && cards.any(|card| card.transport == *remote)
}
