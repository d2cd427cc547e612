//! Who hears of entries as they are applied, and what else the engine's effects lead to.

use hearth_core::document::DocumentId;
use hearth_core::engine::Effect;
use hearth_core::ids::NotebookId;
use hearth_core::replica::Applied;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::EventSink;
use super::engine::Engine;
use crate::api::{self, Failure};
use crate::host::{Host, KeeperWord};
use crate::service;

/// A request that hears of every entry until its caller leaves.
pub(super) struct Watcher {
    pub(super) notebook: Option<NotebookId>,
    pub(super) events: EventSink,
    pub(super) done: oneshot::Sender<Result<Value, Failure>>,
}

/// Everybody who hears of entries. Nobody is waited for: whoever does not keep up is dropped.
#[derive(Default)]
pub(super) struct Watchers {
    requests: Vec<Watcher>,
    subscribers: Vec<mpsc::Sender<(NotebookId, Applied)>>,
}

impl Watchers {
    pub(super) fn watch(&mut self, watcher: Watcher) {
        self.requests.push(watcher);
    }

    pub(super) fn subscribe(&mut self, subscriber: mpsc::Sender<(NotebookId, Applied)>) {
        self.subscribers.push(subscriber);
    }

    fn tell(&mut self, host: &mut Host, notebook: NotebookId, applied: &Applied) {
        self.subscribers
            .retain(|sender| sender.try_send((notebook, applied.clone())).is_ok());
        self.requests.retain(|watcher| !watcher.events.is_closed());
        if self.requests.is_empty() {
            return;
        }
        // The journal is told to whoever asks for it by name.
        let is_journal = host.is_journal(notebook);
        let wanted = |watcher: &Watcher| {
            watcher
                .notebook
                .map_or(!is_journal, |only| only == notebook)
        };
        if !self.requests.iter().any(wanted) {
            return;
        }
        let lines = service::describe_applied(host, notebook, applied);
        self.send(wanted, &lines);
    }

    /// Tells those who watch a notebook something about the notebook itself.
    pub(super) fn tell_of(&mut self, notebook: NotebookId, line: Value) {
        let wanted = |watcher: &Watcher| watcher.notebook.is_none_or(|only| only == notebook);
        self.send(wanted, &[line]);
    }

    /// Tells those who want it, and drops whoever has no room left.
    fn send(&mut self, wanted: impl Fn(&Watcher) -> bool, lines: &[Value]) {
        let told = |watcher: &Watcher| {
            let mut events = lines.iter().cloned().map(api::Event::Item);
            !wanted(watcher) || events.all(|event| watcher.events.try_send(event).is_ok())
        };
        let (kept, dropped): (Vec<Watcher>, Vec<Watcher>) = std::mem::take(&mut self.requests)
            .into_iter()
            .partition(told);
        self.requests = kept;
        for watcher in dropped {
            let _caller_left = watcher.done.send(Err(fell_behind()));
        }
    }
}

fn fell_behind() -> Failure {
    Failure::error(
        "watch_fell_behind",
        "What happened was not read fast enough, so the rest is not shown.",
    )
    .with_hint("Run `hearth watch` again; `hearth log` shows what was missed.")
}

impl Engine {
    /// Does what the engine asks for.
    pub(super) fn effects(&mut self) {
        for effect in self.host.engine.take_effects() {
            // What peers have, what is here, who is a member: each may end somebody's wait.
            self.syncs_changed = true;
            match effect {
                Effect::Close(id, reason) => self.close(id, &reason),
                Effect::Applied(notebook, applied) => {
                    let is_index = applied
                        .changes
                        .iter()
                        .any(|change| change.document == DocumentId::INDEX);
                    self.index_changed |= is_index;
                    if is_index {
                        self.orders_changed |= self.host.is_journal(notebook);
                        self.series_changed.insert(notebook);
                        self.naming.note(notebook);
                    }
                    self.capsule.note_change();
                    self.note_live(notebook, &applied);
                    self.watchers.tell(&mut self.host, notebook, &applied);
                }
                Effect::MembershipChanged(notebook) => {
                    self.membership_changed = true;
                    // It may have a mirror now.
                    self.naming.note(notebook);
                    self.capsule.press();
                    self.departures.look_at(notebook);
                }
                Effect::DevicesChanged => {
                    self.membership_changed = true;
                    self.capsule.press();
                }
                Effect::CapsuleKept { keeper, capsule } => {
                    self.capsule_answered(keeper, capsule, KeeperWord::Kept);
                }
                Effect::CapsuleRefused {
                    keeper,
                    capsule,
                    is_full,
                } => {
                    let word = if is_full {
                        KeeperWord::Full
                    } else {
                        KeeperWord::Refused
                    };
                    self.capsule_answered(keeper, capsule, word);
                }
                Effect::DeviceLinked {
                    offer,
                    device,
                    label,
                    words,
                } => self.device_linked(offer, device, label, words),
                Effect::MirrorFault(notebook, mirror, fault) => {
                    self.tell_of_mirror(notebook, mirror, &fault);
                }
                Effect::Rebuilt(notebook) => {
                    self.index_changed = true;
                    self.orders_changed = true;
                    self.series_changed.insert(notebook);
                    self.naming.note(notebook);
                    self.note_live_rebuilt(notebook);
                }
                Effect::PresenceHeard(notebook) => self.note_presence(notebook),
                Effect::PeerHeard(_) => self.peers_changed = true,
                Effect::StaleCopy(notebook) => {
                    tracing::warn!(%notebook, "this home is an older copy of itself: it becomes a device of its own");
                    self.is_copy = true;
                }
                other => tracing::debug!(?other, "nothing to do"),
            }
        }
        if let Err(failure) = self.host.keep_merged() {
            tracing::warn!(failure = %failure.message, "what came from devices that had been away is not kept yet");
        }
        self.tell_followers();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_watch_that_is_not_read_is_ended_with_the_reason() {
        let (events, mut read) = mpsc::channel(2);
        let (done, mut answer) = oneshot::channel();
        let mut watchers = Watchers::default();
        watchers.watch(Watcher {
            notebook: None,
            events,
            done,
        });
        for line in 0..2 {
            watchers.send(|_| true, &[json!(line)]);
        }
        assert_eq!(watchers.requests.len(), 1);
        watchers.send(|_| true, &[json!(2)]);
        assert!(watchers.requests.is_empty());
        let ended = answer
            .try_recv()
            .map(|end| end.map_err(|failure| failure.code));
        assert_eq!(ended, Ok(Err("watch_fell_behind".into())));
        let mut lines = 0;
        while read.try_recv().is_ok() {
            lines += 1;
        }
        assert_eq!(lines, 2);
    }
}
