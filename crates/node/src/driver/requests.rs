//! What commands want of the engine itself: to have a request done, to take a notebook over, to wait
//! until it is here.

use hearth_core::engine::AdoptError;
use hearth_core::frontier::SignedFrontier;
use hearth_core::ids::NotebookId;
use hearth_core::pairing::Joined;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::engine::{Engine, own_addresses};
use super::watchers::Watcher;
use super::{EventSink, PeerAddrs, Stay};
use crate::api::{ConfigRequest, Failure, LiveRequest, NotebookRequest, Request};
use crate::host::Host;
use crate::service::{self, NodeFacts};

/// Somebody who waits until a notebook is here as far as a device had it.
pub(super) struct Waiting {
    pub(super) notebook: NotebookId,
    pub(super) frontier: Box<SignedFrontier>,
    pub(super) done: oneshot::Sender<()>,
}

impl Engine {
    pub(super) fn request(
        &mut self,
        request: Request,
        events: EventSink,
        done: oneshot::Sender<Result<Value, Failure>>,
    ) {
        // Whoever asks is shown all that was acknowledged.
        self.host.engine.catch_up(&mut self.host.storage);
        if let Request::Watch { notebook } = &request {
            match notebook
                .as_deref()
                .map(|name| service::find_notebook(&mut self.host, name))
                .transpose()
            {
                Ok(notebook) => self.watchers.watch(Watcher {
                    notebook,
                    events,
                    done,
                }),
                Err(failure) => {
                    let _caller_left = done.send(Err(failure));
                }
            }
            return;
        }
        if let Request::Live(follow @ LiveRequest::Follow { .. }) = &request {
            self.follow(follow, events, done);
            return;
        }
        if matches!(request, Request::Config(ConfigRequest::Set { .. })) {
            self.capsule.press();
        }
        self.waits_for_orders |= matches!(request, Request::Graduate(_));
        let facts = self.facts();
        let result = service::execute(&mut self.host, &facts, &request, &mut |event| {
            // Only progress is told here, which may be skipped where nobody reads it.
            let _skipped = events.try_send(event);
        });
        if let (Request::Live(LiveRequest::Type(typed)), Ok(answer)) = (&request, &result) {
            self.note_answered(typed, answer);
        }
        if matches!(request, Request::Live(_)) {
            self.note_own_presences();
        }
        self.answers.push(Box::new(move || {
            let _caller_left = done.send(result);
        }));
    }

    fn facts(&self) -> NodeFacts {
        let paths = self
            .host
            .engine
            .sessions()
            .filter_map(|(id, session)| {
                let link = self.links.get(&id)?;
                Some((session.peer(), link.handle.path().to_string()))
            })
            .collect();
        let own = own_addresses(&self.net);
        NodeFacts {
            running: self.stay == Stay::Running,
            addrs: own.addrs.iter().map(ToString::to_string).collect(),
            network: self.net.profile().to_string(),
            paths,
            have_enough_links: self.resting.all(Host::now_ms()).collect(),
            reachable: (own.addrs, own.relays),
        }
    }

    pub(super) fn adopt(
        &mut self,
        joined: Joined,
        addrs: &PeerAddrs,
    ) -> Result<NotebookId, Failure> {
        let device = joined.inviter_device.id();
        let Host {
            engine, storage, ..
        } = &mut self.host;
        let notebook = engine.adopt(joined, storage).map_err(|error| {
            let hint = match error {
                AdoptError::Destroyed => {
                    "Ask for a ticket to a fork of it: `hearth notebook fork`."
                }
                _ => "Ask for a new ticket and try again.",
            };
            Failure::error("join_failed", crate::host::sentence(&error.to_string())).with_hint(hint)
        })?;
        self.host.remember_seen(device, addrs);
        self.membership_changed = true;
        Ok(notebook)
    }

    pub(super) fn describe_joined(
        &mut self,
        notebook: NotebookId,
        words: &str,
    ) -> Result<Value, Failure> {
        self.publish_addresses();
        let show = Request::Notebook(NotebookRequest::Show {
            notebook: notebook.to_string(),
        });
        let facts = self.facts();
        let mut data = service::execute(&mut self.host, &facts, &show, &mut |_| {})?;
        data["words"] = json!(words);
        Ok(data)
    }

    pub(super) fn settle_waiting(&mut self) {
        let engine = &self.host.engine;
        let is_here = |waiting: &Waiting| {
            let Some(replica) = engine.replica(waiting.notebook) else {
                return false;
            };
            // What arrived but cannot be opened yet is not here for a person.
            let has_key = replica
                .membership()
                .current_epoch()
                .is_some_and(|epoch| replica.keys().get(&epoch).is_some());
            let mut theirs = waiting.frontier.frontier.logs.iter();
            has_key && theirs.all(|(log, (seq, _))| replica.is_shown_to(log, *seq))
        };
        let (here, left): (Vec<Waiting>, Vec<Waiting>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(is_here);
        for waiting in here {
            let _caller_left = waiting.done.send(());
        }
        self.waiting = left;
        self.waiting.retain(|waiting| !waiting.done.is_closed());
    }
}
