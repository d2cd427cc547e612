//! Windows that show notes and hear of every change of them, as what to replace.

use std::collections::BTreeSet;

use hearth_core::document::DocumentId;
use hearth_core::ids::NotebookId;
use hearth_core::replica::Applied;
use hearth_notebook::ObjectId;
use serde_json::Value;
use tokio::sync::oneshot;

use super::EventSink;
use super::engine::Engine;
use crate::api::{Event, Failure, LiveRequest, Typed};
use crate::host::{Host, Late};
use crate::service::live;

/// Windows that follow notes at once: a person has few open, and each costs a look at the notes for every change.
const FOLLOWERS_MAX: usize = 64;

type Note = (NotebookId, ObjectId);

/// A window, and the version that it was brought to last.
struct Follower {
    note: Note,
    window: String,
    heads: Vec<String>,
    events: EventSink,
    done: oneshot::Sender<Result<Value, Failure>>,
}

/// All of them. Nobody is waited for: whoever does not keep up is dropped, and begins again.
#[derive(Default)]
pub(super) struct Followers {
    all: Vec<Follower>,
    changed: BTreeSet<Note>,
    /// Notebooks in which somebody came, left or moved.
    moved: BTreeSet<NotebookId>,
}

impl Followers {
    /// Notes that documents of a notebook changed.
    fn note(&mut self, notebook: NotebookId, is_changed: impl Fn(DocumentId) -> bool) {
        let notes = self.all.iter().map(|follower| follower.note);
        self.changed.extend(notes.filter(|(own, id)| {
            *own == notebook && is_changed(DocumentId::from_bytes(id.document().0))
        }));
    }

    /// Tells windows who is where in their notes.
    fn tell_people(&mut self, host: &mut Host) {
        let moved = std::mem::take(&mut self.moved);
        for follower in &self.all {
            if !moved.contains(&follower.note.0) {
                continue;
            }
            if let Some(line) = live::people(host, follower.note, &follower.window) {
                // Whoever has no room is dropped with the next change, and told anew.
                let _full = follower.events.try_send(Event::Item(line));
            }
        }
    }

    fn tell(&mut self, host: &mut Host) {
        let changed = std::mem::take(&mut self.changed);
        self.all.retain(|follower| !follower.events.is_closed());
        for note in changed {
            let Ok(now) = live::version(host, note) else {
                continue;
            };
            // Most windows of a note show the same version.
            let mut told: Vec<(Vec<String>, Value)> = Vec::new();
            let mut behind = Vec::new();
            for (place, follower) in self.all.iter_mut().enumerate() {
                // Whoever typed has it from the answer.
                if follower.note != note || follower.heads == now {
                    continue;
                }
                let known = told.iter().find(|(from, _)| *from == follower.heads);
                let line = match known {
                    Some((_, line)) => line.clone(),
                    None => match live::first(host, note, Some(&follower.heads)) {
                        Ok(line) => {
                            told.push((follower.heads.clone(), line.clone()));
                            line
                        }
                        Err(failure) => {
                            tracing::warn!(failure = %failure.message, "notes cannot be shown as they change");
                            continue;
                        }
                    },
                };
                follower.heads.clone_from(&now);
                if follower.events.try_send(Event::Item(line)).is_err() {
                    behind.push(place);
                }
            }
            for place in behind.into_iter().rev() {
                let _caller_left = self.all.swap_remove(place).done.send(Err(fell_behind()));
            }
        }
    }
}

/// Returns the session whose document alone an entry changed, as its id; nothing where the index changed as well.
pub fn only_session(applied: &Applied) -> Option<String> {
    let mut documents = applied.changes.iter().map(|change| change.document);
    let first = documents.next()?;
    let is_only = first != DocumentId::INDEX && documents.all(|other| other == first);
    is_only.then(|| ObjectId::from_bytes(*first.as_bytes()).to_string())
}

fn heads_of(line: &Value) -> Option<Vec<String>> {
    heads_in(line.get("step").or_else(|| line.get("whole"))?)
}

fn heads_in(told: &Value) -> Option<Vec<String>> {
    let heads = told.get("heads")?.as_array()?.iter();
    Some(
        heads
            .filter_map(|head| head.as_str().map(str::to_owned))
            .collect(),
    )
}

fn fell_behind() -> Failure {
    Failure::error(
        "window_fell_behind",
        "The window did not take what changed fast enough, and begins again.",
    )
}

impl Engine {
    /// Has a window hear of notes: of all that it lacks at once, then of every change.
    pub(super) fn follow(
        &mut self,
        request: &LiveRequest,
        events: EventSink,
        done: oneshot::Sender<Result<Value, Failure>>,
    ) {
        let LiveRequest::Follow {
            notebook,
            session,
            window,
            base,
        } = request
        else {
            return;
        };
        let begun = live::find(&mut self.host, notebook, session)
            .and_then(|note| Ok((note, live::first(&mut self.host, note, base.as_deref())?)));
        self.followers
            .all
            .retain(|follower| !follower.events.is_closed());
        let begun = begun.and_then(|begun| match self.followers.all.len() < FOLLOWERS_MAX {
            true => Ok(begun),
            false => Err(Failure::error(
                "too_many_windows",
                "Too many windows show notes as they are written. Close some of them.",
            )),
        });
        match begun {
            Ok((note, line)) => {
                let heads = heads_of(&line).unwrap_or_default();
                // The queue is new and has room.
                let _sent = events.try_send(Event::Item(line));
                self.followers.moved.insert(note.0);
                self.followers.all.push(Follower {
                    note,
                    window: window.clone(),
                    heads,
                    events,
                    done,
                });
            }
            Err(failure) => {
                let _caller_left = done.send(Err(failure));
            }
        }
    }

    /// Notes that a window is brought up to date by an answer.
    pub(super) fn note_answered(&mut self, typed: &Typed, answer: &Value) {
        let Some(heads) = heads_in(answer) else {
            return;
        };
        for follower in &mut self.followers.all {
            if !typed.window.is_empty()
                && follower.window == typed.window
                && follower.note.1.to_string() == typed.session
            {
                follower.heads.clone_from(&heads);
            }
        }
    }

    /// Notes that an entry changed documents that windows may show, and what of it comes late.
    pub(super) fn note_live(&mut self, notebook: NotebookId, applied: &Applied) {
        let changed = |document| {
            applied
                .changes
                .iter()
                .any(|change| change.document == document)
        };
        self.note_late(notebook, applied);
        self.followers.note(notebook, changed);
    }

    /// Notes that the documents of a notebook were built anew.
    pub(super) fn note_live_rebuilt(&mut self, notebook: NotebookId) {
        self.followers.note(notebook, |_| true);
    }

    /// Notes that somebody came, left or moved in a notebook.
    pub(super) fn note_presence(&mut self, notebook: NotebookId) {
        if self
            .followers
            .all
            .iter()
            .any(|follower| follower.note.0 == notebook)
        {
            self.followers.moved.insert(notebook);
        }
    }

    /// Notes that windows of this device came, left or moved, where others of it follow the same notebook.
    pub(super) fn note_own_presences(&mut self) {
        for notebook in self.host.live.take_moved() {
            let followers = self.followers.all.iter();
            if followers.filter(|one| one.note.0 == notebook).count() > 1 {
                self.followers.moved.insert(notebook);
            }
        }
    }

    /// Notes that a link is gone, and whoever was at its other end.
    pub(super) fn note_presences_gone(&mut self) {
        let notes = self.followers.all.iter().map(|follower| follower.note.0);
        self.followers.moved.extend(notes);
    }

    /// Tells windows what changed.
    pub(super) fn tell_followers(&mut self) {
        if !self.followers.changed.is_empty() {
            self.followers.tell(&mut self.host);
        }
        if !self.followers.moved.is_empty() {
            self.followers.tell_people(&mut self.host);
        }
    }

    /// Notes what a device wrote while it was away. While it is linked nothing of it is late, whatever its clock says.
    fn note_late(&mut self, notebook: NotebookId, applied: &Applied) {
        let device = applied.log.device;
        if device == self.host.my_device() || self.is_linked_for_long(&applied.log.device) {
            return;
        }
        let now = Host::now().as_second();
        for change in &applied.changes {
            if change.document == DocumentId::INDEX {
                continue;
            }
            let note = (notebook, ObjectId::from_bytes(*change.document.as_bytes()));
            if change.deps.is_empty() {
                self.host.merged.note_born(note, now);
            }
            let late = Late {
                device,
                at: change.timestamp,
                before: &change.deps,
                hash: change.hash,
            };
            self.host.note_late(note, &late, now);
        }
    }

    fn is_linked_for_long(&self, device: &hearth_core::ids::DeviceId) -> bool {
        let within = std::time::Duration::from_secs(crate::host::LATE_AFTER_SECONDS.unsigned_abs());
        self.host.engine.sessions().any(|(id, session)| {
            let since = self.links.get(&id).map(|link| link.since.elapsed());
            session.peer() == *device && since.is_some_and(|since| since > within)
        })
    }
}
