//! The engine's loop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hearth_core::document::DocumentId;
use hearth_core::engine::{CloseReason, ConnectionId, ConnectionKind, Effect};
use hearth_core::frontier::SignedFrontier;
use hearth_core::ids::{DeviceId, NotebookId, TransportId};
use hearth_core::pairing::Joined;
use hearth_core::replica::Applied;
use hearth_core::sync::EXPORTER_LABEL;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::dialer::Dialer;
use super::links::OpenLink;
use super::sync::{Outcome, PeerOutcome};
use super::{Event, EventSink, PeerAddrs};
use crate::api::{self, Failure, NotebookRequest, Request};
use crate::host::{Host, random};
use crate::net::{CloseCode, Link, Net, PathKind};
use crate::service::{self, NodeFacts};

/// Events that are handled before what they brought is put on disk: one commit serves all of them.
const BURST_EVENTS_MAX: usize = 64;
/// How often what peers said is kept for a restart.
const SAVE_PEERS_EVERY: Duration = Duration::from_secs(5);
/// Most links over which one notebook is kept live.
const LIVE_PEERS_MAX: usize = 8;

/// The engine has ended: everything is on disk and the store is closed.
#[derive(Debug)]
pub(super) struct EngineEnded;

struct Waiting {
    notebook: NotebookId,
    frontier: Box<SignedFrontier>,
    done: oneshot::Sender<()>,
}

struct Syncing {
    notebooks: Vec<NotebookId>,
    outcome: Outcome,
    done: oneshot::Sender<Result<Outcome, Failure>>,
}

struct Watcher {
    notebook: Option<NotebookId>,
    events: EventSink,
    /// Dropped with the watcher, which ends the request.
    _done: oneshot::Sender<Result<Value, Failure>>,
}

struct Engine {
    host: Host,
    net: Arc<Net>,
    events: mpsc::Sender<Event>,
    links: BTreeMap<ConnectionId, OpenLink>,
    next_link: u64,
    dialers: BTreeMap<DeviceId, Dialer>,
    waiting: Vec<Waiting>,
    watchers: Vec<Watcher>,
    subscribers: Vec<mpsc::UnboundedSender<(NotebookId, Applied)>>,
    syncs: Vec<Syncing>,
    peers_changed: bool,
    /// Whether dialling is to be looked at: members, links or addresses changed.
    membership_changed: bool,
    /// Whether a document that also holds addresses changed.
    index_changed: bool,
}

/// Starts the engine on a thread of its own.
pub(super) fn spawn(
    host: Host,
    net: Arc<Net>,
    events: mpsc::Sender<Event>,
    queue: mpsc::Receiver<Event>,
    stack_bytes: usize,
) -> Result<oneshot::Receiver<EngineEnded>, Failure> {
    let (ended, task) = oneshot::channel();
    let failed = |error: std::io::Error| {
        Failure::error(
            "engine_not_started",
            format!("The node's engine could not start: {error}."),
        )
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    std::thread::Builder::new()
        .name("engine".to_owned())
        .stack_size(stack_bytes)
        .spawn(move || {
            let mut engine = Engine {
                host,
                net,
                events,
                links: BTreeMap::new(),
                next_link: 0,
                dialers: BTreeMap::new(),
                waiting: Vec::new(),
                watchers: Vec::new(),
                subscribers: Vec::new(),
                syncs: Vec::new(),
                peers_changed: false,
                membership_changed: true,
                index_changed: false,
            };
            runtime.block_on(engine.run(queue));
            // The store closes before anybody hears that the engine has ended.
            drop(engine);
            let _nobody_waits = ended.send(EngineEnded);
        })
        .map_err(failed)?;
    Ok(task)
}

impl Engine {
    async fn run(&mut self, mut queue: mpsc::Receiver<Event>) {
        let mut save = tokio::time::interval(SAVE_PEERS_EVERY);
        self.host.publish_addresses(&own_addresses(&self.net));
        self.settle();
        loop {
            let wait = self
                .host
                .engine
                .deadline_ms()
                .map_or(SAVE_PEERS_EVERY, |at| {
                    Duration::from_millis(at.saturating_sub(Host::now_ms()))
                });
            tokio::select! {
                event = queue.recv() => {
                    let Some(event) = event else { break };
                    if !self.handle_burst(event, &mut queue) {
                        break;
                    }
                }
                () = tokio::time::sleep(wait) => {
                    self.host.engine.tick(Host::now_ms(), &mut self.host.storage);
                }
                _ = save.tick() => {
                    self.save_peers();
                    self.membership_changed |= std::mem::take(&mut self.index_changed);
                }
            }
            self.settle();
        }
        self.end().await;
    }

    /// Handles what is there; false once the node is to end.
    fn handle_burst(&mut self, first: Event, queue: &mut mpsc::Receiver<Event>) -> bool {
        let mut next = Some(first);
        for _ in 0..BURST_EVENTS_MAX {
            let Some(event) = next.take().or_else(|| queue.try_recv().ok()) else {
                break;
            };
            if matches!(event, Event::Shutdown) {
                return false;
            }
            self.handle(event);
        }
        true
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Connected {
                link,
                pairing,
                dialled,
            } => self.connected(link, pairing, dialled),
            Event::Frame { id, bytes } => {
                let Host {
                    engine, storage, ..
                } = &mut self.host;
                engine.receive(id, &bytes, Host::now_ms(), storage, &mut random());
            }
            Event::Disconnected { id } => {
                self.links.remove(&id);
                self.host.engine.disconnected(id, Host::now_ms());
                self.membership_changed = true;
            }
            Event::Writable | Event::Shutdown => {}
            Event::DialFailed { device, why } => self.dial_failed(device, &why),
            Event::Request {
                request,
                events,
                done,
            } => self.request(*request, events, done),
            Event::Adopt {
                joined,
                addrs,
                done,
            } => {
                let _caller_left = done.send(self.adopt(*joined, &addrs));
            }
            Event::AwaitNotebook {
                notebook,
                frontier,
                done,
            } => {
                self.waiting.push(Waiting {
                    notebook,
                    frontier,
                    done,
                });
            }
            Event::Joined {
                notebook,
                words,
                done,
            } => {
                let _caller_left = done.send(self.describe_joined(notebook, &words));
            }
            Event::Work(work) => work(&mut self.host),
            Event::Subscribe(sender) => self.subscribers.push(sender),
            Event::Sync { notebook, done } => self.sync(notebook.as_deref(), done),
            Event::SyncTimeout => {
                for sync in self.syncs.drain(..) {
                    let _caller_left = sync.done.send(Ok(sync.outcome));
                }
            }
            Event::NetworkChanged => {
                self.host.publish_addresses(&own_addresses(&self.net));
                for dialer in self.dialers.values() {
                    dialer.nudge();
                }
            }
        }
    }

    /// After a burst: shows what came, puts it on disk, sends what is due, and adjusts who is dialled.
    fn settle(&mut self) {
        self.effects();
        let Host {
            engine, storage, ..
        } = &mut self.host;
        engine.flush(storage, Host::now_ms(), false);
        self.effects();
        if std::mem::take(&mut self.membership_changed) {
            self.adjust_dialers();
        }
        self.pump();
        self.effects();
        self.settle_waiting();
        self.settle_syncs();
    }

    fn pump(&mut self) {
        let ids: Vec<ConnectionId> = self.links.keys().copied().collect();
        for id in ids {
            while self
                .links
                .get(&id)
                .is_some_and(|link| !link.closing && link.has_room())
            {
                let Host {
                    engine, storage, ..
                } = &mut self.host;
                let Some(frame) = engine.next_frame(id, storage) else {
                    break;
                };
                if let Some(link) = self.links.get(&id) {
                    link.push(frame);
                }
            }
        }
    }

    fn effects(&mut self) {
        for effect in self.host.engine.take_effects() {
            match effect {
                Effect::Close(id, reason) => self.close(id, &reason),
                Effect::Applied(notebook, applied) => {
                    self.index_changed |= applied
                        .changes
                        .iter()
                        .any(|change| change.document == DocumentId::INDEX);
                    self.subscribers
                        .retain(|sender| sender.send((notebook, applied.clone())).is_ok());
                    self.watchers.retain(|watcher| !watcher.events.is_closed());
                    let wanted =
                        |watcher: &Watcher| watcher.notebook.is_none_or(|only| only == notebook);
                    if self.watchers.iter().any(wanted) {
                        for line in service::describe_applied(&mut self.host, notebook, &applied) {
                            for watcher in self.watchers.iter().filter(|watcher| wanted(watcher)) {
                                let _left = watcher.events.send(api::Event::Item(line.clone()));
                            }
                        }
                    }
                }
                Effect::MembershipChanged(_) => self.membership_changed = true,
                Effect::PeerHeard(_) => self.peers_changed = true,
                Effect::StaleCopy(notebook) => {
                    tracing::error!(%notebook, "this home is an older copy of itself and may not write");
                }
                other => tracing::debug!(?other, "nothing to do"),
            }
        }
    }

    fn connected(&mut self, link: Link, pairing: bool, dialled: bool) {
        let Ok(exporter) = link.handle().exporter(EXPORTER_LABEL, b"") else {
            return;
        };
        let remote = TransportId::from_bytes(link.handle().remote_id().to_bytes());
        let id = ConnectionId(self.next_link);
        self.next_link += 1;
        let kind = if pairing {
            ConnectionKind::Pairing
        } else {
            ConnectionKind::Sync { dialled }
        };
        self.links
            .insert(id, OpenLink::open(id, link, self.events.clone()));
        self.host
            .engine
            .connected(id, kind, remote, exporter, Host::now_ms());
        self.membership_changed = true;
    }

    fn close(&mut self, id: ConnectionId, reason: &CloseReason) {
        let Some(mut link) = self.links.remove(&id) else {
            return;
        };
        match reason {
            CloseReason::Done => {
                link.close_after_queue(CloseCode::BYE, "done");
                // The reader's report of the end finds nothing to do.
            }
            CloseReason::Stranger => link.handle.close(CloseCode::NOT_A_MEMBER, "not a member"),
            CloseReason::Duplicate => link
                .handle
                .close(CloseCode::DUPLICATE, "another link is open"),
            CloseReason::Storage => link.handle.close(CloseCode::BUSY, "the disk failed"),
            CloseReason::Busy => link.handle.close(CloseCode::BUSY, "try again in a moment"),
            CloseReason::Silent => link.handle.close(CloseCode::DROPPED, "nothing was heard"),
            CloseReason::Protocol(words) => {
                tracing::warn!(%words, "a link was closed");
                link.handle.close(CloseCode::PROTOCOL, words);
            }
            _ => link.handle.close(CloseCode::DROPPED, "closed"),
        }
        self.membership_changed = true;
    }

    /// Starts dialling devices that are new, ends dialling those that are gone, and tells each task
    /// whether there is a link.
    fn adjust_dialers(&mut self) {
        let own = self.host.my_device();
        let mut linked: BTreeMap<DeviceId, ConnectionId> = BTreeMap::new();
        let mut live: BTreeMap<NotebookId, usize> = BTreeMap::new();
        for (id, session) in self.host.engine.sessions() {
            linked.insert(session.peer(), id);
            for notebook in session.notebooks() {
                *live.entry(notebook).or_default() += 1;
            }
        }
        let mut wanted: BTreeMap<DeviceId, TransportId> = BTreeMap::new();
        for notebook in self.host.engine.notebooks() {
            let full = live.get(&notebook).copied().unwrap_or(0) >= LIVE_PEERS_MAX;
            let Some(replica) = self.host.engine.replica(notebook) else {
                continue;
            };
            for (person, member) in replica.membership().members() {
                if self.host.engine.is_distrusted(notebook, *person) {
                    continue;
                }
                for (device, card) in &member.devices {
                    if *device != own && (!full || linked.contains_key(device)) {
                        wanted.insert(*device, card.transport);
                    }
                }
            }
        }
        self.dialers.retain(|device, _| wanted.contains_key(device));
        for (device, transport) in wanted {
            let link = linked.get(&device).and_then(|id| self.links.get(id));
            if let Some(PathKind::Direct(addr) | PathKind::Lan(addr)) =
                link.map(|link| link.handle.path())
            {
                let mut seen = PeerAddrs {
                    addrs: vec![addr],
                    relays: Vec::new(),
                };
                seen.merge(
                    self.dialers
                        .get(&device)
                        .map(Dialer::addrs)
                        .unwrap_or_default(),
                );
                seen.addrs.truncate(8);
                self.host.remember_seen(device, &seen);
            }
            let addrs = self.host.addresses_of(device);
            let connected = linked.contains_key(&device);
            let dialer = self.dialers.entry(device).or_insert_with(|| {
                let (net, events) = (Arc::clone(&self.net), self.events.clone());
                Dialer::start(device, transport, own > device, addrs.clone(), net, events)
            });
            dialer.set_addrs(addrs);
            dialer.set_connected(connected);
        }
    }

    fn dial_failed(&mut self, device: DeviceId, why: &str) {
        tracing::debug!(%device, %why, "a dial failed");
        for sync in &mut self.syncs {
            if let Some((_, state)) = sync.outcome.peers.get_mut(&device)
                && *state == PeerOutcome::Pending
            {
                *state = PeerOutcome::Unreachable(why.to_owned());
            }
        }
    }

    fn request(
        &mut self,
        request: Request,
        events: EventSink,
        done: oneshot::Sender<Result<Value, Failure>>,
    ) {
        if let Request::Watch { notebook } = &request {
            match notebook
                .as_deref()
                .map(|name| service::find_notebook(&mut self.host, name))
                .transpose()
            {
                Ok(notebook) => self.watchers.push(Watcher {
                    notebook,
                    events,
                    _done: done,
                }),
                Err(failure) => {
                    let _caller_left = done.send(Err(failure));
                }
            }
            return;
        }
        let facts = self.facts();
        let result = service::execute(&mut self.host, &facts, &request, &mut |event| {
            let _caller_left = events.send(event);
        });
        let _caller_left = done.send(result);
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
            running: true,
            addrs: own.addrs.iter().map(ToString::to_string).collect(),
            network: self.net.profile().to_string(),
            paths,
            reachable: (own.addrs, own.relays),
        }
    }

    fn adopt(&mut self, joined: Joined, addrs: &PeerAddrs) -> Result<NotebookId, Failure> {
        let device = joined.inviter_device.id();
        let Host {
            engine, storage, ..
        } = &mut self.host;
        let notebook = engine.adopt(joined, storage).map_err(|error| {
            Failure::error("join_failed", crate::host::sentence(&error.to_string()))
                .with_hint("Ask for a new ticket and try again.")
        })?;
        self.host.remember_seen(device, addrs);
        self.membership_changed = true;
        Ok(notebook)
    }

    fn describe_joined(&mut self, notebook: NotebookId, words: &str) -> Result<Value, Failure> {
        self.host.publish_addresses(&own_addresses(&self.net));
        let show = Request::Notebook(NotebookRequest::Show {
            notebook: notebook.to_string(),
        });
        let facts = self.facts();
        let mut data = service::execute(&mut self.host, &facts, &show, &mut |_| {})?;
        data["words"] = json!(words);
        Ok(data)
    }

    fn settle_waiting(&mut self) {
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

    fn sync(&mut self, notebook: Option<&str>, done: oneshot::Sender<Result<Outcome, Failure>>) {
        let only = match notebook
            .map(|name| service::find_notebook(&mut self.host, name))
            .transpose()
        {
            Ok(only) => only,
            Err(failure) => {
                let _caller_left = done.send(Err(failure));
                return;
            }
        };
        let mut outcome = Outcome::default();
        let notebooks: Vec<NotebookId> = self
            .host
            .engine
            .notebooks()
            .filter(|id| only.is_none_or(|only| only == *id))
            .collect();
        for notebook in notebooks.iter().copied() {
            let directory = self.host.directory(notebook);
            for status in self.host.engine.peer_statuses(notebook) {
                outcome.peers.entry(status.device).or_insert_with(|| {
                    let about = json!({
                        "person": status.person.to_string(),
                        "name": directory.person_name(&status.person),
                        "device": status.device.to_string(),
                        "device_label": directory.device_label(&status.device),
                    });
                    (about, PeerOutcome::Pending)
                });
            }
        }
        for device in outcome.peers.keys() {
            if let Some(dialer) = self.dialers.get(device) {
                dialer.nudge();
            }
        }
        let Host {
            engine, storage, ..
        } = &mut self.host;
        engine.flush(storage, Host::now_ms(), true);
        self.syncs.push(Syncing {
            notebooks,
            outcome,
            done,
        });
    }

    fn settle_syncs(&mut self) {
        if self.syncs.is_empty() {
            return;
        }
        let answered: Vec<DeviceId> = self
            .host
            .engine
            .sessions()
            .filter(|(_, session)| session.is_greeted())
            .map(|(_, session)| session.peer())
            .collect();
        let mut open = Vec::new();
        for mut sync in std::mem::take(&mut self.syncs) {
            let confirmed = self.confirmed(&sync.notebooks);
            for (device, (_, state)) in &mut sync.outcome.peers {
                if confirmed.get(device) == Some(&true) {
                    *state = PeerOutcome::Confirmed;
                } else if answered.contains(device) {
                    *state = PeerOutcome::Answered;
                }
            }
            let is_open =
                sync.outcome.peers.values().any(|(_, state)| {
                    matches!(state, PeerOutcome::Pending | PeerOutcome::Answered)
                });
            if is_open {
                open.push(sync);
            } else {
                let _caller_left = sync.done.send(Ok(sync.outcome));
            }
        }
        self.syncs = open;
    }

    /// Says of each device whether it has all that is here of some notebooks, and the reverse.
    fn confirmed(&mut self, notebooks: &[NotebookId]) -> BTreeMap<DeviceId, bool> {
        let mut confirmed = BTreeMap::new();
        for notebook in notebooks {
            for status in self.host.engine.peer_statuses(*notebook) {
                let is_whole = status.connected && status.behind == 0 && status.ahead == 0;
                *confirmed.entry(status.device).or_insert(true) &= is_whole;
            }
        }
        confirmed
    }

    fn save_peers(&mut self) {
        if !std::mem::take(&mut self.peers_changed) {
            return;
        }
        let Host {
            engine, storage, ..
        } = &mut self.host;
        if let Err(error) = engine.save_peers(storage) {
            tracing::warn!(%error, "what peers said could not be kept");
        }
    }

    async fn end(&mut self) {
        self.dialers.clear();
        let Host {
            engine, storage, ..
        } = &mut self.host;
        engine.flush(storage, Host::now_ms(), true);
        self.pump();
        // The acknowledgements that were just queued reach whoever listens.
        const LAST_FRAMES: Duration = Duration::from_millis(20);
        tokio::time::sleep(LAST_FRAMES).await;
        let Host {
            engine, storage, ..
        } = &mut self.host;
        for kept in [engine.save_peers(storage), engine.snapshot(storage)] {
            if let Err(error) = kept {
                tracing::warn!(%error, "the next start will read more, since the disk failed");
            }
        }
        if let Err(failure) = service::keep_search_index(&mut self.host) {
            tracing::warn!(failure = %failure.message, "the next search will read everything again");
        }
        self.net.close().await;
    }
}

fn own_addresses(net: &Net) -> PeerAddrs {
    let own = net.local_addrs();
    PeerAddrs {
        addrs: own.addrs,
        relays: own.relays.iter().map(ToString::to_string).collect(),
    }
}
