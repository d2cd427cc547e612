//! Somebody who comes back, at a mirror's end: with a recovery phrase, or as a device that their roster has.
//!
//! A mirror answers as a member does, and knows less: no name, and nothing that it hands over could it read. Who
//! proves the recovery key in force of somebody whose notebooks it holds gets the capsules of that person and the
//! control entries and wraps of these notebooks. The device then asks it to hold them with its own addition among
//! the entries, and syncs.

use std::collections::VecDeque;

use super::engine::Mirror;
use super::held::Held;
use crate::enrol::{EnrolMessage, EnrolRefusal, Outgoing, entering, proven_card, shown_roster};
use crate::identity::Roster;
use crate::ids::{CapsuleId, NotebookId, PersonId, TransportId};
use crate::limits::{HANDOVER_MS_MAX, MIRROR_REQUEST_MS_MAX};
use crate::storage::{CapsulePlace, Storage, StorageError};
use crate::sync::Holding;

/// One connection of `hearth/recover/1`, at the mirror's end.
#[derive(Debug)]
pub(super) struct RecoverDoor {
    remote: TransportId,
    exporter: [u8; 32],
    ends_ms: u64,
    frames: VecDeque<EnrolMessage>,
    /// Capsules that go next, read one after the other.
    capsules: VecDeque<CapsulePlace>,
    outgoing: Option<Outgoing>,
    is_answered: bool,
}

impl RecoverDoor {
    pub(super) const fn new(remote: TransportId, exporter: [u8; 32], now_ms: u64) -> Self {
        Self {
            remote,
            exporter,
            ends_ms: now_ms.saturating_add(MIRROR_REQUEST_MS_MAX),
            frames: VecDeque::new(),
            capsules: VecDeque::new(),
            outgoing: None,
            is_answered: false,
        }
    }

    pub(super) const fn deadline_ms(&self) -> u64 {
        self.ends_ms
    }

    /// Says whether all is said.
    pub(super) fn is_over(&self) -> bool {
        self.is_answered
            && self.frames.is_empty()
            && self.capsules.is_empty()
            && self.outgoing.is_none()
    }

    /// Returns the notebook that the next frame is about.
    pub(super) fn notebook(&self) -> Option<NotebookId> {
        if self.frames.is_empty() && self.capsules.is_empty() {
            self.outgoing.as_ref()?.notebook()
        } else {
            None
        }
    }

    fn answer(&mut self, (person, now_ms): (EnrolMessage, u64), outgoing: Outgoing) {
        self.frames.push_back(person);
        self.outgoing = Some(outgoing);
        self.ends_ms = now_ms.saturating_add(HANDOVER_MS_MAX);
    }

    /// Reads the next capsule where nothing else is to be sent before; one that was dropped meanwhile is left out.
    pub(super) fn load(&mut self, storage: &dyn Storage) -> Result<(), StorageError> {
        while self.frames.is_empty()
            && let Some(place) = self.capsules.pop_front()
        {
            if let Some(capsule) = storage.capsule(place)? {
                self.frames.extend(EnrolMessage::of_capsule(&capsule));
            }
        }
        Ok(())
    }

    /// Returns the next frame of what is loaded; `holding` is that of [`RecoverDoor::notebook`].
    pub(super) fn next_frame(
        &mut self,
        holding: Option<&dyn Holding>,
        storage: &dyn Storage,
    ) -> Option<Vec<u8>> {
        if let Some(message) = self.frames.pop_front() {
            return Some(message.to_bytes());
        }
        let message = self.outgoing.as_mut()?.next(holding, storage);
        if message.is_none() {
            self.outgoing = None;
        }
        message.map(|message| message.to_bytes())
    }
}

impl Mirror {
    /// Takes a frame of somebody who comes back; nothing is unsaved that a frontier would vouch for.
    pub(super) fn recover_frame(
        &mut self,
        door: &mut RecoverDoor,
        bytes: &[u8],
        now_ms: u64,
        storage: &mut dyn Storage,
    ) {
        if door.is_answered {
            // Whatever it says now is about nothing.
            return;
        }
        door.is_answered = true;
        let message = EnrolMessage::parse(bytes).map_err(|_| EnrolRefusal::Protocol);
        let answered = message.and_then(|message| match message {
            EnrolMessage::Ask { card, proof } => {
                let card = proven_card(&card, &proof, &door.exporter)?;
                let id = CapsuleId::of(&card);
                let person = self.person_under(id).ok_or(EnrolRefusal::Unknown)?;
                let kept = self.capsules.of(person).filter(|kept| kept.head.id == id);
                door.capsules = kept.map(|kept| (person, kept.head.device)).collect();
                let (roster, notebooks) = self.known_of(person, storage)?;
                door.answer((said(&roster), now_ms), Outgoing::new(notebooks, true));
                Ok(())
            }
            EnrolMessage::Enter { roster } => {
                let shown = shown_roster(&roster)?;
                let (known, notebooks) = self.known_of(shown.person(), storage)?;
                let roster = entering(known, &shown, door.remote)?;
                door.answer((said(&roster), now_ms), Outgoing::new(notebooks, false));
                Ok(())
            }
            // A device shows itself to a mirror by asking it to hold what it is in.
            _ => Err(EnrolRefusal::Protocol),
        });
        if let Err(refusal) = answered {
            door.frames.push_back(EnrolMessage::Refused(refusal));
        }
    }

    /// Returns the person whose recovery key in force has this id; one that was rotated away opens no door.
    fn person_under(&self, id: CapsuleId) -> Option<PersonId> {
        let mut held = self.notebooks.values();
        held.find_map(|held| held.person_under(id))
    }

    /// Returns the roster of a member, and the notebooks that they are in.
    fn known_of(
        &mut self,
        person: PersonId,
        storage: &mut dyn Storage,
    ) -> Result<(Roster, Vec<NotebookId>), EnrolRefusal> {
        let mut known: Option<Roster> = None;
        let theirs = self.notebooks.iter();
        let notebooks: Vec<NotebookId> = theirs
            .filter(|(_, held)| held.capsule_of(&person).is_some())
            .map(|(notebook, _)| *notebook)
            .collect();
        for notebook in &notebooks {
            if !self.open_notebook(*notebook, storage) {
                return Err(EnrolRefusal::Unavailable);
            }
            let held = self.notebooks.get(notebook).and_then(Held::open);
            let roster = held.and_then(|held| held.controls().roster(&person));
            match (&mut known, roster) {
                (None, roster) => known = roster.cloned(),
                (Some(known), Some(roster)) => {
                    // What does not fit any more is in no notebook's view either.
                    let _full = known.merge(roster);
                }
                (Some(_), None) => {}
            }
            self.close_unused(storage);
        }
        let known = known.ok_or(EnrolRefusal::Unknown)?;
        Ok((known, notebooks))
    }
}

/// A mirror knows nobody's name: those are sealed.
fn said(roster: &Roster) -> EnrolMessage {
    EnrolMessage::Person {
        roster: roster.to_bytes(),
        name: String::new(),
    }
}
