//! `hearth up`: this process is the node.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::call::open_for_node;
use super::remind::{OnReminder, remind};
use super::runtime;
use crate::api::{Exit, Failure, PassphraseSource, Secret};
use crate::driver::{Node, Stay};
use crate::host::{HomeDir, Host};
use crate::server::Server;

/// How often the node looks whether the computer slept or moved to another network.
const WAKE_CHECK: Duration = Duration::from_secs(5);

/// What a running node serves beside its control socket, such as the local page. This crate knows no more of it.
pub trait Front {
    /// Serves `node` from now on, in the place of one that was served before. Called within the runtime.
    /// Returns the address to open, with what lets in whoever opens it first.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot listen.
    fn serve(&mut self, node: Node) -> Result<String, Failure>;

    /// Serves whoever has no identity in the home yet, so that they make one. Called within the runtime, once.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot listen.
    fn welcome(&mut self) -> Result<Welcome, Failure>;
}

/// A front that waits for somebody without an identity.
#[derive(Debug)]
pub struct Welcome {
    /// The address to open, with what lets in whoever opens it first.
    pub link: String,
    /// Comes once there is an identity: with the passphrase that opens the home, where it has one.
    pub made: oneshot::Receiver<Option<Secret>>,
}

/// What `up` is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct UpOptions {
    /// Where to listen; all addresses and the port of the home where nothing is said.
    pub listen: Option<SocketAddr>,
    /// Whether the front welcomes whoever has no identity yet, rather than that being a failure.
    pub welcomes: bool,
}

/// Runs the node until it is told to stop, by a signal or a command. With `on_reminder` it reminds the person, and calls
/// that where no desktop does.
///
/// # Errors
/// A [`Failure`] where the home does not open, the endpoint cannot be bound, or the engine breaks.
pub fn up(
    home: &HomeDir,
    options: UpOptions,
    mut front: Option<&mut dyn Front>,
    passphrases: &mut dyn PassphraseSource,
    on_reminder: Option<OnReminder>,
    on_ready: &mut dyn FnMut(Value),
) -> Result<Value, Failure> {
    let mut host = match open_for_node(home, passphrases) {
        Err(failure) if failure.exit == Exit::NoIdentity && options.welcomes && front.is_some() => {
            None
        }
        opened => Some(opened?),
    };
    let socket = home.socket()?;
    runtime()?.block_on(async {
        let signals = |kind| {
            signal(kind).map_err(|error| {
                Failure::error(
                    "signals",
                    format!("The program cannot listen for signals: {error}."),
                )
            })
        };
        let mut terminate = signals(SignalKind::terminate())?;
        let mut interrupt = signals(SignalKind::interrupt())?;
        if host.is_none()
            && let Some(front) = &mut front
        {
            let welcome = front.welcome()?;
            on_ready(welcoming(&welcome.link));
            let made = tokio::select! {
                _ = terminate.recv() => None,
                _ = interrupt.recv() => None,
                made = welcome.made => made.ok(),
            };
            let Some(passphrase) = made else {
                return Ok(json!({ "stopped": true }));
            };
            host = Some(open_made(home, passphrase).await?);
        }
        let mut is_first = true;
        while let Some(open) = host.take() {
            let key = open.storage.store().key().clone();
            let anew = open.enrolled_anew()?;
            let (node, mut ended) = Node::start(open, options.listen, Stay::Running).await?;
            let server = Server::start(&socket, node.clone())?;
            let url = match &mut front {
                Some(front) => Some(front.serve(node.clone())?),
                None => None,
            };
            if std::mem::take(&mut is_first) {
                let mut line = ready(&node);
                line["web_url"] = json!(url);
                line["enrolled_anew"] = anew;
                on_ready(line);
            }
            let waker = tokio::spawn(watch_for_wake(node.clone()));
            let reminding = on_reminder
                .clone()
                .map(|on_reminder| tokio::spawn(remind(node.clone(), on_reminder)));
            let stop = || {
                waker.abort();
                if let Some(reminding) = &reminding {
                    reminding.abort();
                }
            };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                end = ended.ended() => {
                    stop();
                    drop(server);
                    if end? {
                        // Opening it makes it a device of its own; its node goes on as that.
                        host = Some(home.open_with(key)?);
                    }
                    continue;
                }
            }
            stop();
            node.shutdown().await;
            ended.ended().await?;
            drop(server);
        }
        Ok(json!({ "stopped": true }))
    })
}

/// Opens the home that was just made on the page.
async fn open_made(home: &HomeDir, passphrase: Option<Secret>) -> Result<Host, Failure> {
    let home = home.clone();
    let opened = tokio::task::spawn_blocking(move || open_for_node(&home, &mut Given(passphrase)));
    opened.await.unwrap_or_else(|_| {
        Err(Failure::error(
            "home_not_opened",
            "The new home could not be opened.",
        ))
    })
}

/// A passphrase that was given already, as in a form; nobody is asked.
#[derive(Debug)]
pub struct Given(pub Option<Secret>);

impl PassphraseSource for Given {
    fn existing(&mut self) -> Result<Secret, Failure> {
        self.0.clone().ok_or_else(|| {
            Failure::usage(
                "passphrase_needed",
                "The passphrase of this home is needed.",
            )
        })
    }

    fn fresh(&mut self) -> Result<Secret, Failure> {
        self.existing()
    }
}

/// The line that says that somebody is welcome who has no identity here yet.
fn welcoming(link: &str) -> Value {
    json!({
        "first_run": true,
        "endpoint": null,
        "addrs": [],
        "web_url": link,
        "pid": std::process::id(),
    })
}

fn ready(node: &Node) -> Value {
    let own = node.net().local_addrs();
    let addrs: Vec<String> = own.addrs.iter().map(ToString::to_string).collect();
    let relays: Vec<String> = own.relays.iter().map(ToString::to_string).collect();
    let port = match node.net().port() {
        crate::net::Port::Instead { port, taken } => json!({ "port": port, "taken": taken }),
        port => json!({ "port": port.get() }),
    };
    json!({
        "endpoint": data_encoding::HEXLOWER.encode(node.net().id().as_bytes()),
        "addrs": addrs,
        "relays": relays,
        "udp": port,
        "network": node.net().profile().to_string(),
        "reveals": node.net().profile().reveals(),
        "web_url": null,
        "pid": std::process::id(),
    })
}

/// A computer that slept finds its clock far ahead of the timer: the links are stale then.
async fn watch_for_wake(node: Node) {
    let mut last = std::time::SystemTime::now();
    loop {
        tokio::time::sleep(WAKE_CHECK).await;
        let now = std::time::SystemTime::now();
        let slept = now
            .duration_since(last)
            .is_ok_and(|passed| passed > WAKE_CHECK * 3);
        last = now;
        if slept {
            node.network_changed().await;
        }
    }
}
