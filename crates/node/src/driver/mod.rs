//! The node at work: one task that owns the [`Host`], and others that carry its frames.
//!
//! All of them run on a thread of their own, with the sockets and the readers and writers of all links,
//! so that a frame crosses no thread between the socket and the engine. Everything that happens is a
//! `Command` or `Traffic`; the loop handles what is there, lets the documents show it, puts it on
//! disk in one commit, and only then sends.

mod addresses;
mod capsules;
mod cards;
mod checks;
mod departures;
mod dialer;
mod dialling;
mod engine;
mod enrol;
mod entering;
mod followers;
mod introduce;
mod join;
mod linking;
mod links;
mod mirroring;
mod mirrors;
mod naming;
mod orders;
mod queues;
mod requests;
mod room;
mod sync;
mod syncs;
#[cfg(test)]
mod tests;
mod threads;
mod watchers;

use std::sync::Arc;
use std::time::Duration;

use hearth_core::engine::{ConnectionId, ConnectionKind};
use hearth_core::enrol::Recovered;
use hearth_core::frontier::SignedFrontier;
use hearth_core::ids::{DeviceId, MirrorId, NotebookId};
use hearth_core::mirror::MirrorAnswer;
use hearth_core::pairing::Joined;
use hearth_core::replica::Applied;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use crate::api::{self, DeviceRequest, Failure, PassphraseRequest, Request};
use crate::host::{Host, random};
use crate::net::{Link, LinkStats, Net, NetOptions, Profile};

pub(crate) use cards::Cards;
pub(crate) use enrol::{be_linked, enter, no_ticket, seek};
pub(crate) use mirroring::{MirrorNode, MirrorRun, refusal as mirror_refusal, run_mirror};

pub use followers::only_session;

use engine::Engine;
use threads::{EngineEnded, Threads};

/// Events that may wait for whoever asked for them. A watch shows thousands of changes at once after
/// a sync; whoever does not keep up with these many is not listening.
const UNREAD_EVENTS_MAX: usize = 16_384;
/// The code of the failure for what a node did not begin with any more.
pub(crate) const STOPPING: &str = "node_stopping";
/// The longest that anybody waits for peers; a longer wait would be taken for it.
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Where the events of one request go; whoever does not read them is dropped or told less.
pub type EventSink = mpsc::Sender<api::Event>;

/// Entries as they are applied, each with its notebook.
pub type AppliedEntries = mpsc::Receiver<(NotebookId, Applied)>;

/// Makes the two ends for the events of one request.
pub fn event_queue() -> (EventSink, mpsc::Receiver<api::Event>) {
    mpsc::channel(UNREAD_EVENTS_MAX)
}

/// How long a node is meant to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until it is told to stop: others can reach it.
    Running,
    /// For the time of one command.
    OneCommand,
}

/// Tells whoever gave a command what became of it.
pub(crate) type Answer = Box<dyn FnOnce() + Send>;

/// What the network brings.
pub(crate) enum Traffic {
    /// A link is up.
    Connected { link: Link, kind: ConnectionKind },
    /// A frame arrived.
    Frame {
        id: ConnectionId,
        bytes: bytes::Bytes,
        /// Given back once the frame is handled, so that its link may bring another one.
        room: OwnedSemaphorePermit,
    },
    /// A link is gone.
    Disconnected { id: ConnectionId },
    /// A link's queue has room again.
    Writable,
    /// A dial of a device did not succeed.
    DialFailed { device: DeviceId, why: String },
    /// A device that did not know this one was shown whose it is, and told what speaks against it; nothing where it
    /// did not answer.
    Introduced {
        device: DeviceId,
        told: Option<Vec<introduce::Told>>,
    },
    /// A mirror was asked to hold a notebook; nothing where it did not answer.
    MirrorAnswered {
        notebook: NotebookId,
        mirror: MirrorId,
        answer: Option<MirrorAnswer>,
    },
    /// A device was asked for notebooks of this person's; nothing where it did not answer.
    Entered {
        device: DeviceId,
        answer: Option<Box<Recovered>>,
    },
}

/// What somebody wants of the engine.
pub(crate) enum Command {
    /// A request is to be done.
    Request {
        request: Box<Request>,
        events: EventSink,
        done: oneshot::Sender<Result<Value, Failure>>,
    },
    /// An inviter admitted this device.
    Adopt {
        joined: Box<Joined>,
        addrs: PeerAddrs,
        done: oneshot::Sender<Result<NotebookId, Failure>>,
    },
    /// Somebody waits until a notebook is here as far as the inviter had it.
    AwaitNotebook {
        notebook: NotebookId,
        frontier: Box<SignedFrontier>,
        done: oneshot::Sender<()>,
    },
    /// The description of a notebook is wanted, after joining it.
    Joined {
        notebook: NotebookId,
        words: String,
        done: oneshot::Sender<Result<Value, Failure>>,
    },
    /// Work of this process on the open home.
    Work(Box<dyn FnOnce(&mut Host) -> Answer + Send>),
    /// Somebody in this process wants to know what the links have cost.
    LinkStats(oneshot::Sender<Vec<LinkStats>>),
    /// Somebody in this process wants to hear of every entry that is applied.
    Subscribe(mpsc::Sender<(NotebookId, Applied)>),
    /// All peers are to be tried now.
    Sync {
        notebook: Option<String>,
        /// When the caller stops waiting.
        deadline: Instant,
        done: oneshot::Sender<Result<sync::Outcome, Failure>>,
    },
    /// A ticket for one more device is wanted.
    OfferLink {
        /// When the caller stops waiting.
        deadline: Instant,
        events: EventSink,
        done: oneshot::Sender<Result<Value, Failure>>,
    },
    /// The computer's addresses may have changed.
    NetworkChanged,
    /// The node is to end.
    Shutdown,
}

/// Where a device can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct PeerAddrs {
    /// Socket addresses.
    pub(crate) addrs: Vec<std::net::SocketAddr>,
    /// Relay URLs.
    pub(crate) relays: Vec<String>,
}

/// A node at work.
#[derive(Debug, Clone)]
pub struct Node {
    commands: mpsc::Sender<Command>,
    net: Arc<Net>,
}

/// A node's engine, for waiting until it ends.
#[derive(Debug)]
pub struct EngineTask(oneshot::Receiver<EngineEnded>);

impl EngineTask {
    /// Waits until the engine has ended and the home is closed; returns whether it is to be opened again,
    /// since it was found to be a copy and becomes a device of its own. Cancel safe.
    ///
    /// # Errors
    /// A [`Failure`] where it did not end by itself but broke.
    pub async fn ended(&mut self) -> Result<bool, Failure> {
        match (&mut self.0).await {
            Ok(EngineEnded { is_copy }) => Ok(is_copy),
            Err(_) => Err(Failure::error(
                "engine_died",
                "The node stopped at a fault of its own. What it had acknowledged is on disk.",
            )
            .with_hint(
                "Start it again with `hearth up`. If that happens again, run `hearth verify` and \
                 report what it and the log say.",
            )),
        }
    }
}

impl Node {
    /// Binds the endpoint and starts the engine, on threads of their own. Call within a runtime.
    ///
    /// # Errors
    /// A [`Failure`] where the endpoint cannot be bound.
    pub async fn start(
        host: Host,
        listen: Option<std::net::SocketAddr>,
        stay: Stay,
    ) -> Result<(Self, EngineTask), Failure> {
        let stored = host.identity.clone();
        let network = host.settings.network().unwrap_or(stored.profile.network);
        let profile: Profile = network
            .parse()
            .map_err(|error| Failure::usage("network_invalid", format!("{error}.")))?;
        let identity = stored.identity;
        let threads = Threads::start()?;
        let options = NetOptions {
            secret_key: zeroize::Zeroizing::new(*identity.device.transport_seed().expose()),
            profile,
            listen,
            port_kept: stored.profile.port,
            alpns: vec![
                hearth_core::sync::ALPN_2.to_vec(),
                hearth_core::sync::ALPN.to_vec(),
                hearth_core::sync::PAIRING_ALPN.to_vec(),
                hearth_core::enrol::LINK_ALPN.to_vec(),
                hearth_core::enrol::RECOVER_ALPN.to_vec(),
            ],
        };
        let net = threads
            .spawn(Net::bind(options))?
            .await
            .map_err(|error| network_unavailable(&error))?
            .map_err(|error| network_unavailable(&error))?;
        let net = Arc::new(net);
        let (commands, traffic, queues) = queues::queues();
        let _until_the_end = threads.spawn(accept(Arc::clone(&net), traffic.clone()))?;
        let engine = Engine::new(host, Arc::clone(&net), stay, traffic);
        let ended = threads.run(engine.run(queues))?;
        Ok((Self { commands, net }, EngineTask(ended)))
    }

    /// Returns the endpoint.
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// Has a command done.
    ///
    /// # Errors
    /// What the command says, or that the node is stopping.
    pub async fn call(&self, request: Request, events: EventSink) -> Result<Value, Failure> {
        match request {
            Request::Join { ticket, timeout_ms } => self.join(&ticket, timeout_ms).await,
            Request::Sync {
                notebook,
                timeout_ms,
            } => self.sync(notebook, timeout_ms).await,
            Request::Device(DeviceRequest::Link { timeout_ms }) => {
                self.link_device(timeout_ms, events).await
            }
            Request::Passphrase(request) => self.change_passphrase(request).await,
            Request::Shutdown => {
                self.shutdown().await;
                Ok(serde_json::json!({ "stopping": true }))
            }
            request => {
                let (done, answer) = oneshot::channel();
                self.send(Command::Request {
                    request: Box::new(request),
                    events,
                    done,
                })
                .await?;
                answer.await.map_err(|_| stopping())?
            }
        }
    }

    /// The engine goes on with its links while the new passphrase is worked out.
    async fn change_passphrase(&self, request: PassphraseRequest) -> Result<Value, Failure> {
        let home = self.work(|host| host.home().clone()).await?;
        let change = tokio::task::spawn_blocking(move || home.prepare_change(&request))
            .await
            .map_err(|_| stopping())??;
        self.work(|host| host.change_passphrase(change)).await??;
        Ok(serde_json::json!({ "changed": true }))
    }

    /// Runs `work` on the open home, on the node's thread, and returns what it returned. What it
    /// wrote through the host is on disk then and on its way to whoever is linked.
    ///
    /// It is to be as short as an edit: no frame moves meanwhile.
    ///
    /// # Errors
    /// A [`Failure`] where the node is stopping.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Host) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (done, answer) = oneshot::channel();
        let work = Box::new(move |host: &mut Host| {
            let value = work(host);
            let answer: Answer = Box::new(move || {
                let _caller_left = done.send(value);
            });
            answer
        });
        self.send(Command::Work(work)).await?;
        answer.await.map_err(|_| stopping())
    }

    /// Hears of every entry from now on, as soon as the documents show it. Whoever leaves many
    /// thousands unread hears no more.
    ///
    /// # Errors
    /// A [`Failure`] where the node is stopping.
    pub async fn subscribe(&self) -> Result<AppliedEntries, Failure> {
        let (sender, receiver) = mpsc::channel(UNREAD_EVENTS_MAX);
        self.send(Command::Subscribe(sender)).await?;
        Ok(receiver)
    }

    /// Returns what each open link has cost so far.
    ///
    /// # Errors
    /// A [`Failure`] where the node is stopping.
    pub async fn link_stats(&self) -> Result<Vec<LinkStats>, Failure> {
        let (done, answer) = oneshot::channel();
        self.send(Command::LinkStats(done)).await?;
        answer.await.map_err(|_| stopping())
    }

    /// Tells the engine to put everything on disk and end.
    pub async fn shutdown(&self) {
        // Where the queue is gone, the engine has ended already.
        let _ended = self.commands.send(Command::Shutdown).await;
    }

    /// Tells the node that the computer's addresses may have changed.
    pub async fn network_changed(&self) {
        self.net.network_changed().await;
        let _ended = self.commands.send(Command::NetworkChanged).await;
    }

    async fn send(&self, command: Command) -> Result<(), Failure> {
        self.commands.send(command).await.map_err(|_| stopping())
    }
}

async fn accept(net: Arc<Net>, traffic: mpsc::Sender<Traffic>) {
    while let Some(incoming) = net.accept().await {
        let kind = match incoming.alpn.as_slice() {
            hearth_core::sync::PAIRING_ALPN => ConnectionKind::Pairing,
            hearth_core::enrol::LINK_ALPN => ConnectionKind::Linking,
            hearth_core::enrol::RECOVER_ALPN => ConnectionKind::Recovering,
            hearth_core::sync::ALPN_2 => ConnectionKind::Sync2 { dialled: false },
            _ => ConnectionKind::Sync { dialled: false },
        };
        if traffic
            .send(Traffic::Connected {
                link: incoming.link,
                kind,
            })
            .await
            .is_err()
        {
            break;
        }
    }
}

fn network_unavailable(error: &dyn std::error::Error) -> Failure {
    Failure::error(
        "network_unavailable",
        crate::host::sentence(&error.to_string()),
    )
}

fn stopping() -> Failure {
    Failure::error(STOPPING, "The node is stopping.").with_hint("Start it again with `hearth up`.")
}

/// Returns when a wait that begins now is over.
pub(crate) fn deadline_after(timeout_ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(timeout_ms).min(WAIT_MAX)
}

/// Draws a number for jitter.
fn jitter() -> u64 {
    rand_core::Rng::next_u64(&mut random())
}
