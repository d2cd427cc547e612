//! The node at work: one thread that owns the [`Host`], and tasks that carry its frames.
//!
//! The engine's thread runs a runtime of its own, with the readers and writers of all links on it, so
//! that a frame crosses no thread between the link and the engine. Everything that happens is an
//! [`Event`] of one queue; the loop handles what is there, lets the documents show it, puts it on
//! disk in one commit, and only then sends.

mod addresses;
mod dialer;
mod engine;
mod join;
mod links;
mod sync;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hearth_core::engine::ConnectionId;
use hearth_core::frontier::SignedFrontier;
use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::pairing::Joined;
use hearth_core::replica::Applied;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::api::{self, Failure, Request};
use crate::host::{Host, random};
use crate::net::{Link, Net, NetOptions, Profile};

use engine::EngineEnded;

/// Events that may wait for the engine before readers are held up: enough to keep it busy, few enough
/// to bound memory.
const EVENTS_MAX: usize = 1024;
/// The engine applies other people's changes; the documents' library recurses with their nesting.
const ENGINE_STACK_BYTES: usize = 64 * 1024 * 1024;

/// Where the events of one request go.
pub type EventSink = mpsc::UnboundedSender<api::Event>;

/// Something that happens to the engine.
pub(crate) enum Event {
    /// A link is up.
    Connected {
        link: Link,
        pairing: bool,
        dialled: bool,
    },
    /// A frame arrived.
    Frame {
        id: ConnectionId,
        bytes: bytes::Bytes,
    },
    /// A link is gone.
    Disconnected { id: ConnectionId },
    /// A link's queue has room again.
    Writable,
    /// A dial of a device did not succeed.
    DialFailed { device: DeviceId, why: String },
    /// A command.
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
    Work(Box<dyn FnOnce(&mut Host) + Send>),
    /// Somebody in this process wants to hear of every entry that is applied.
    Subscribe(mpsc::UnboundedSender<(NotebookId, Applied)>),
    /// All peers are to be tried now.
    Sync {
        notebook: Option<String>,
        done: oneshot::Sender<Result<sync::Outcome, Failure>>,
    },
    /// The wait for peers is over.
    SyncTimeout,
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
    events: mpsc::Sender<Event>,
    net: Arc<Net>,
    identity: hearth_core::engine::Identity,
}

/// A node's engine, for waiting until it ends.
#[derive(Debug)]
pub struct EngineTask(oneshot::Receiver<EngineEnded>);

impl EngineTask {
    /// Waits until the engine has ended and the home is closed. Cancel safe.
    ///
    /// # Errors
    /// A [`Failure`] where it did not end by itself but broke.
    pub async fn ended(&mut self) -> Result<(), Failure> {
        match (&mut self.0).await {
            Ok(EngineEnded) => Ok(()),
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
    /// Binds the endpoint and starts the engine on its thread. Call within a runtime, which carries
    /// the endpoint's own tasks.
    ///
    /// # Errors
    /// A [`Failure`] where the endpoint cannot be bound.
    pub async fn start(
        host: Host,
        listen: Option<std::net::SocketAddr>,
    ) -> Result<(Self, EngineTask), Failure> {
        let stored = host.identity.clone();
        let network = host.settings.network().unwrap_or(stored.profile.network);
        let profile: Profile = network
            .parse()
            .map_err(|error| Failure::usage("network_invalid", format!("{error}.")))?;
        let identity = stored.identity;
        let net = Net::bind(NetOptions {
            secret_key: zeroize::Zeroizing::new(*identity.device.transport_seed().expose()),
            profile,
            listen,
            port_kept: stored.profile.port,
            alpns: vec![
                hearth_core::sync::ALPN.to_vec(),
                hearth_core::sync::PAIRING_ALPN.to_vec(),
            ],
        })
        .await
        .map_err(|error| {
            Failure::error(
                "network_unavailable",
                crate::host::sentence(&error.to_string()),
            )
        })?;
        let net = Arc::new(net);
        let (events, queue) = mpsc::channel(EVENTS_MAX);
        tokio::spawn(accept(Arc::clone(&net), events.clone()));
        let ended = engine::spawn(
            host,
            Arc::clone(&net),
            events.clone(),
            queue,
            ENGINE_STACK_BYTES,
        )?;
        Ok((
            Self {
                events,
                net,
                identity,
            },
            EngineTask(ended),
        ))
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
            Request::Shutdown => {
                self.shutdown().await;
                Ok(serde_json::json!({ "stopping": true }))
            }
            request => {
                let (done, answer) = oneshot::channel();
                self.send(Event::Request {
                    request: Box::new(request),
                    events,
                    done,
                })
                .await?;
                answer.await.map_err(|_| stopping())?
            }
        }
    }

    /// Runs `work` on the open home, on the engine's thread, and returns what it returned. What it
    /// wrote through the host is on disk then and on its way to whoever is linked.
    ///
    /// # Errors
    /// A [`Failure`] where the node is stopping.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Host) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (done, answer) = oneshot::channel();
        let work = Box::new(move |host: &mut Host| {
            let _caller_left = done.send(work(host));
        });
        self.send(Event::Work(work)).await?;
        answer.await.map_err(|_| stopping())
    }

    /// Hears of every entry from now on, as soon as the documents show it.
    ///
    /// # Errors
    /// A [`Failure`] where the node is stopping.
    pub async fn subscribe(
        &self,
    ) -> Result<mpsc::UnboundedReceiver<(NotebookId, Applied)>, Failure> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.send(Event::Subscribe(sender)).await?;
        Ok(receiver)
    }

    /// Tells the engine to put everything on disk and end.
    pub async fn shutdown(&self) {
        // Where the queue is gone, the engine has ended already.
        let _ended = self.events.send(Event::Shutdown).await;
    }

    /// Tells the node that the computer's addresses may have changed.
    pub async fn network_changed(&self) {
        self.net.network_changed().await;
        let _ended = self.events.send(Event::NetworkChanged).await;
    }

    async fn send(&self, event: Event) -> Result<(), Failure> {
        self.events.send(event).await.map_err(|_| stopping())
    }
}

async fn accept(net: Arc<Net>, events: mpsc::Sender<Event>) {
    while let Some(incoming) = net.accept().await {
        let pairing = incoming.alpn == hearth_core::sync::PAIRING_ALPN;
        if events
            .send(Event::Connected {
                link: incoming.link,
                pairing,
                dialled: false,
            })
            .await
            .is_err()
        {
            break;
        }
    }
}

fn stopping() -> Failure {
    Failure::error("node_stopping", "The node is stopping.")
        .with_hint("Start it again with `hearth up`.")
}

/// Draws a number for jitter.
fn jitter() -> u64 {
    rand_core::Rng::next_u64(&mut random())
}
