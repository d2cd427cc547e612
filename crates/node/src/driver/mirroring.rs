//! A mirror at work: one loop that owns its notebooks and its store, and the tasks that carry its frames.
//!
//! It accepts and never dials. What arrives in one burst is put on disk in one commit a notebook; only then
//! receipts and entries leave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hearth_core::engine::{CloseReason, ConnectionId};
use hearth_core::enrol::RECOVER_ALPN;
use hearth_core::ids::{NotebookId, TransportId};
use hearth_core::mirror::{MIRROR_ALPN, Mirror, MirrorAnswer, MirrorConnection, MirrorEffect};
use hearth_core::sync::{ALPN_2, EXPORTER_LABEL};
use hearth_store::ProtectionChange;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::checks::{Checks, Done};
use super::links::{OpenLink, pump};
use super::{EventSink, Traffic, stopping};
use crate::api::{Failure, PassphraseRequest, Request};
use crate::host::{HomeDir, Host, NodeStorage, StoredMirror};
use crate::net::{Link, Net};
use crate::server::Answering;
use crate::service::{
    DAY_MS, NodeFacts, OpenMirror, Refusals, answer_as_mirror, begin_check, removed_key,
};

/// Events that wait for the loop: frames beyond wait in their links.
const TRAFFIC_MAX: usize = 1_024;
/// Events that are handled before what they brought is put on disk.
const BURST_MAX: usize = 64;
/// How often what is not urgent is done.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(60);
/// How long files are dropped at a time, while links wait.
const DROPPING_MAX: Duration = Duration::from_millis(200);
/// Commands that may wait; who has another one waits for room.
const COMMANDS_MAX: usize = 16;

/// What a mirror runs with.
pub(crate) struct MirrorRun {
    /// The mirror.
    pub(crate) mirror: Mirror,
    /// Its disk.
    pub(crate) storage: NodeStorage,
    /// Its endpoint.
    pub(crate) net: Arc<Net>,
    /// What its home keeps about it.
    pub(crate) stored: StoredMirror,
    /// Its home.
    pub(crate) home: HomeDir,
}

/// Something that a command wants of a running mirror.
pub(crate) enum MirrorCommand {
    /// To be answered.
    Request {
        /// The request.
        request: Box<Request>,
        /// Where what happens meanwhile goes.
        events: EventSink,
        /// Where the answer goes.
        done: Done,
    },
    /// The home gets another passphrase.
    Protect(Box<ProtectionChange>, oneshot::Sender<Result<(), Failure>>),
    /// It ends.
    Shutdown,
}

/// A running mirror, for the commands that come over its control socket.
#[derive(Debug, Clone)]
pub(crate) struct MirrorNode {
    home: HomeDir,
    commands: mpsc::Sender<MirrorCommand>,
}

impl MirrorNode {
    /// Makes both ends of its queue.
    pub(crate) fn new(home: HomeDir) -> (Self, mpsc::Receiver<MirrorCommand>) {
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        (Self { home, commands }, queue)
    }

    async fn send(&self, command: MirrorCommand) -> Result<(), Failure> {
        self.commands.send(command).await.map_err(|_| stopping())
    }

    /// The mirror goes on with its links while the new passphrase is worked out.
    async fn change_passphrase(&self, request: PassphraseRequest) -> Result<Value, Failure> {
        let home = self.home.clone();
        let change = tokio::task::spawn_blocking(move || home.prepare_change(&request))
            .await
            .map_err(|_| stopping())??;
        let (done, answer) = oneshot::channel();
        self.send(MirrorCommand::Protect(Box::new(change), done))
            .await?;
        answer.await.map_err(|_| stopping())??;
        Ok(json!({ "changed": true }))
    }
}

impl Answering for MirrorNode {
    async fn answer(&self, request: Request, events: EventSink) -> Result<Value, Failure> {
        match request {
            Request::Passphrase(request) => self.change_passphrase(request).await,
            Request::Shutdown => {
                self.send(MirrorCommand::Shutdown).await?;
                Ok(json!({ "stopping": true }))
            }
            request => {
                let (done, answer) = oneshot::channel();
                let request = Box::new(request);
                self.send(MirrorCommand::Request {
                    request,
                    events,
                    done,
                })
                .await?;
                answer.await.map_err(|_| stopping())?
            }
        }
    }
}

/// Runs a mirror until `stopped` says so; what it holds is on disk then.
pub(crate) async fn run_mirror(
    run: MirrorRun,
    mut commands: mpsc::Receiver<MirrorCommand>,
    stopped: impl Future<Output = ()>,
) {
    let (traffic, mut events) = mpsc::channel(TRAFFIC_MAX);
    let (connections, mut incoming) = mpsc::channel(TRAFFIC_MAX);
    let accepting = tokio::spawn(accept(Arc::clone(&run.net), connections));
    let mut engine = MirrorEngine {
        run,
        traffic,
        links: BTreeMap::new(),
        next_link: 0,
        house_kept_at: Instant::now(),
        refusals: Refusals::default(),
        checks: Checks::default(),
    };
    engine.keep_house();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let due_at = engine.due_at();
        tokio::select! {
            () = &mut stopped => break,
            connection = incoming.recv() => match connection {
                Some((link, kind)) => engine.connected(link, kind),
                None => break,
            },
            Some(command) = commands.recv() => match command {
                MirrorCommand::Request { request, events, done } => {
                    engine.asked(&request, events, done);
                }
                MirrorCommand::Protect(change, done) => {
                    let _left = done.send(engine.protect(*change));
                }
                MirrorCommand::Shutdown => break,
            },
            event = events.recv() => {
                if let Some(event) = event {
                    engine.handle(event);
                }
            }
            // Whatever else is there comes first or next: it is ready only at the second look.
            () = tokio::task::yield_now(), if !engine.checks.is_empty() => {
                // What arrived before is on disk: each turn ends with that.
                engine.checks.step(&engine.run.storage);
            }
            () = tokio::time::sleep_until(due_at) => {}
        }
        for _ in 0..BURST_MAX {
            match events.try_recv() {
                Ok(event) => engine.handle(event),
                Err(_) => break,
            }
        }
        engine.settle();
    }
    accepting.abort();
    engine.end().await;
}

async fn accept(net: Arc<Net>, connections: mpsc::Sender<(Link, MirrorConnection)>) {
    while let Some(incoming) = net.accept().await {
        let kind = match incoming.alpn.as_slice() {
            MIRROR_ALPN => MirrorConnection::Request,
            RECOVER_ALPN => MirrorConnection::Recover,
            ALPN_2 => MirrorConnection::Sync2,
            _ => MirrorConnection::Sync,
        };
        if connections.send((incoming.link, kind)).await.is_err() {
            break;
        }
    }
}

struct MirrorEngine {
    run: MirrorRun,
    traffic: mpsc::Sender<Traffic>,
    links: BTreeMap<ConnectionId, OpenLink>,
    next_link: u64,
    house_kept_at: Instant,
    refusals: Refusals,
    checks: Checks,
}

impl MirrorEngine {
    fn due_at(&self) -> Instant {
        let house = self.house_kept_at + HOUSEKEEPING_EVERY;
        let protocol = self.run.mirror.deadline_ms().map(|at_ms| {
            Instant::now() + Duration::from_millis(at_ms.saturating_sub(Host::now_ms()))
        });
        protocol.map_or(house, |protocol| protocol.min(house))
    }

    /// Answers a command, or begins what takes longer.
    fn asked(&mut self, request: &Request, events: EventSink, done: Done) {
        if matches!(request, Request::Verify) {
            let MirrorRun {
                mirror, storage, ..
            } = &mut self.run;
            match begin_check(mirror, storage) {
                Ok(checking) => self.checks.push(checking, events, done),
                Err(failure) => {
                    let _left = done.send(Err(failure));
                }
            }
            return;
        }
        // A caller that left wants no answer.
        let _left = done.send(self.answer(request, &events));
    }

    fn answer(&mut self, request: &Request, events: &EventSink) -> Result<Value, Failure> {
        let own = self.run.net.local_addrs();
        let relays: Vec<String> = own.relays.iter().map(ToString::to_string).collect();
        let facts = NodeFacts {
            running: true,
            addrs: own.addrs.iter().map(ToString::to_string).collect(),
            network: self.run.net.profile().to_string(),
            reachable: (own.addrs, relays),
            ..NodeFacts::default()
        };
        let open = OpenMirror {
            home: &self.run.home,
            stored: &self.run.stored,
            mirror: &mut self.run.mirror,
            storage: &mut self.run.storage,
            refusals: &self.refusals,
        };
        answer_as_mirror(open, &facts, request, &mut |event| {
            // Whoever does not read what happens meanwhile gets the answer all the same.
            let _unread = events.try_send(event);
        })
    }

    fn protect(&mut self, change: ProtectionChange) -> Result<(), Failure> {
        let MirrorRun { home, storage, .. } = &mut self.run;
        home.protect(storage, change)
    }

    fn connected(&mut self, link: Link, kind: MirrorConnection) {
        let Ok(exporter) = link.handle().exporter(EXPORTER_LABEL, b"") else {
            return;
        };
        let remote = TransportId::from_bytes(link.handle().remote_id().to_bytes());
        let id = ConnectionId(self.next_link);
        self.next_link += 1;
        let open = OpenLink::open(id, link, false, self.traffic.clone());
        self.links.insert(id, open);
        let now_ms = Host::now_ms();
        self.run
            .mirror
            .connected(id, kind, remote, exporter, now_ms);
    }

    fn handle(&mut self, event: Traffic) {
        match event {
            Traffic::Frame {
                id,
                bytes,
                room: _until_handled,
            } => {
                let now_ms = Host::now_ms();
                let MirrorRun {
                    mirror, storage, ..
                } = &mut self.run;
                mirror.receive(id, &bytes, now_ms, storage);
            }
            Traffic::Disconnected { id } => {
                self.links.remove(&id);
                self.run.mirror.disconnected(id);
            }
            // A link has room again: what follows sends what is due. The others are for those who dial.
            _ => {}
        }
    }

    /// After a burst: puts what came on disk, then sends what is due.
    fn settle(&mut self) {
        let now_ms = Host::now_ms();
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        if mirror.deadline_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            mirror.tick(now_ms, storage);
        }
        mirror.flush(storage, now_ms, false);
        self.effects();
        self.pump();
        self.effects();
        // Nothing is dropped under a check that looks at it.
        if self.house_kept_at.elapsed() >= HOUSEKEEPING_EVERY && self.checks.is_empty() {
            self.keep_house();
        }
    }

    fn pump(&mut self) {
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        // It packs nothing, so the next frame is soon made.
        while pump(&self.links, |id| mirror.next_frame(id, storage)) {}
    }

    fn effects(&mut self) {
        for effect in self.run.mirror.take_effects() {
            match effect {
                MirrorEffect::Close(id, reason) => {
                    if let Some(link) = self.links.remove(&id) {
                        if let Some(transport) = stranger(&link, &reason) {
                            // A member's node comes like this before it shows what is to be held.
                            tracing::info!(%transport, "turned away: in nothing that is held here");
                            let why =
                                "in nothing that is held here, and asked for nothing to be held";
                            self.refusals
                                .note(transport.to_string(), None, why.to_owned());
                        }
                        link.close_as(&reason);
                    }
                }
                MirrorEffect::Held(notebook) => {
                    tracing::info!(%notebook, "a notebook is held from now on");
                }
                MirrorEffect::Granted(transport, notebook) => {
                    tracing::debug!(%transport, %notebook, "asked for and held");
                    self.refusals.forgive(&transport.to_string());
                }
                MirrorEffect::Refused(transport, answer) => {
                    tracing::warn!(%transport, why = refusal(answer), "a notebook was not taken");
                    let why = refused_words(answer).to_owned();
                    self.refusals.note(transport.to_string(), None, why);
                }
                MirrorEffect::Stopped(notebook, device, why) => {
                    tracing::warn!(%notebook, %device, %why, "a device sent what cannot be accepted");
                    let about = Some(notebook.to_string());
                    self.refusals.note(device.to_string(), about, why);
                }
                MirrorEffect::Full(notebook, quota) => {
                    tracing::warn!(
                        %notebook, held_bytes = quota.used_bytes, most_bytes = quota.max_bytes,
                        "a notebook does not fit"
                    );
                    let why = format!(
                        "no room: {} of at most {} bytes are held",
                        quota.used_bytes, quota.max_bytes
                    );
                    let about = Some(notebook.to_string());
                    self.refusals.note("its members".to_owned(), about, why);
                }
                MirrorEffect::Pruned(notebook, freed_bytes) => {
                    tracing::info!(%notebook, freed_bytes, "entries are kept in a checkpoint only");
                }
                _ => {}
            }
        }
    }

    /// Saves what the next start would have to find out, and drops what is kept for long enough.
    fn keep_house(&mut self) {
        self.house_kept_at = Instant::now();
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        if let Err(error) = mirror.snapshot(storage) {
            tracing::warn!(%error, "the next start will read more, since the disk failed");
        }
        let held: Vec<(NotebookId, bool)> = mirror
            .statuses()
            .map(|held| (held.notebook, held.is_named))
            .collect();
        for (notebook, is_named) in held {
            if let Err(error) = self.look_at(notebook, is_named) {
                tracing::warn!(%notebook, %error, "what was taken off could not be dropped");
            }
        }
        self.drop_files();
        self.prune();
    }

    /// Stops keeping one by one what everybody checked in a checkpoint, some of it each time.
    fn prune(&mut self) {
        let began = Instant::now();
        let MirrorRun {
            mirror,
            storage,
            stored,
            ..
        } = &mut self.run;
        let keep_ms = u64::from(stored.terms.keep_days) * DAY_MS;
        while began.elapsed() < DROPPING_MAX {
            match mirror.prune_some(Host::now_ms(), keep_ms, storage) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "what is in a checkpoint could not be dropped");
                    break;
                }
            }
        }
    }

    /// Drops files that nothing names, some of them each time.
    fn drop_files(&mut self) {
        let began = Instant::now();
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        while began.elapsed() < DROPPING_MAX {
            match mirror.drop_files(Host::now_ms(), storage) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "files that nothing names could not be dropped");
                    break;
                }
            }
        }
    }

    /// Drops a notebook from which this mirror was removed for long enough.
    fn look_at(
        &mut self,
        notebook: NotebookId,
        is_named: bool,
    ) -> Result<(), hearth_core::storage::StorageError> {
        let key = removed_key(&notebook.to_string());
        let MirrorRun {
            mirror,
            storage,
            stored,
            ..
        } = &mut self.run;
        let noted = storage.get_own(&key)?;
        if is_named {
            return match noted {
                Some(_) => storage.forget_own(&key),
                None => Ok(()),
            };
        }
        let now_ms = Host::now_ms();
        let since_ms = noted
            .and_then(|bytes| bytes.try_into().ok())
            .map(u64::from_be_bytes);
        let Some(since_ms) = since_ms else {
            storage.put_own(&key, &now_ms.to_be_bytes())?;
            return Ok(());
        };
        if now_ms.saturating_sub(since_ms) >= u64::from(stored.terms.keep_days) * DAY_MS {
            mirror.forget(notebook);
            storage.forget(notebook)?;
            storage.forget_own(&key)?;
            tracing::info!(%notebook, "dropped, since this mirror was removed from it");
        }
        Ok(())
    }

    async fn end(mut self) {
        let now_ms = Host::now_ms();
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        mirror.flush(storage, now_ms, true);
        self.pump();
        // The receipts that were just queued reach whoever listens.
        const LAST_FRAMES: Duration = Duration::from_millis(20);
        tokio::time::sleep(LAST_FRAMES).await;
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        if let Err(error) = mirror.snapshot(storage) {
            tracing::warn!(%error, "the next start will read more, since the disk failed");
        }
        self.run.net.close().await;
    }
}

/// Returns who is turned away as a stranger.
fn stranger(link: &OpenLink, reason: &CloseReason) -> Option<TransportId> {
    let is_one = *reason == CloseReason::Stranger;
    is_one.then(|| TransportId::from_bytes(link.handle.remote_id().to_bytes()))
}

/// Says in words for the mirror's owner why a notebook was not taken.
const fn refused_words(answer: MirrorAnswer) -> &'static str {
    match answer {
        MirrorAnswer::WrongPass => "a request with a wrong pass: an old or forged ticket",
        MirrorAnswer::NotNamed => {
            "a request by no member, or for a notebook that does not name this mirror"
        }
        MirrorAnswer::Invalid => "a request with control entries that do not check",
        MirrorAnswer::Full => "a request for which there is no room",
        MirrorAnswer::Unavailable => "a request that the disk could not keep",
        _ => "a request",
    }
}

/// Says in words why a mirror does not hold a notebook.
pub(crate) const fn refusal(answer: MirrorAnswer) -> &'static str {
    match answer {
        MirrorAnswer::Taken => "it is held",
        MirrorAnswer::WrongPass => "the mirror has another pass: its ticket is out of date",
        MirrorAnswer::NotNamed => "the mirror does not count this device among the members",
        MirrorAnswer::Invalid => "the mirror could not check the notebook's members",
        MirrorAnswer::Full => "the mirror has no room for another notebook",
        MirrorAnswer::Unavailable => "the mirror's disk failed",
        _ => "the mirror gives a reason that this program does not know",
    }
}
