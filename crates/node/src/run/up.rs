//! `hearth up`: this process is the node.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::call::open_for_node;
use super::runtime;
use crate::api::{Failure, PassphraseSource};
use crate::driver::{Node, Stay};
use crate::host::HomeDir;
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
}

/// Runs the node until it is told to stop, by a signal or a command.
///
/// # Errors
/// A [`Failure`] where the home does not open, the endpoint cannot be bound, or the engine breaks.
pub fn up(
    home: &HomeDir,
    listen: Option<SocketAddr>,
    mut front: Option<&mut dyn Front>,
    passphrases: &mut dyn PassphraseSource,
    on_ready: &mut dyn FnMut(Value),
) -> Result<Value, Failure> {
    let host = open_for_node(home, passphrases)?;
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
        let mut host = Some(host);
        let mut is_first = true;
        while let Some(open) = host.take() {
            let key = open.storage.store().key().clone();
            let anew = open.enrolled_anew()?;
            let (node, mut ended) = Node::start(open, listen, Stay::Running).await?;
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
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                end = ended.ended() => {
                    waker.abort();
                    drop(server);
                    if end? {
                        // Opening it makes it a device of its own; its node goes on as that.
                        host = Some(home.open_with(key)?);
                    }
                    continue;
                }
            }
            waker.abort();
            node.shutdown().await;
            ended.ended().await?;
            drop(server);
        }
        Ok(json!({ "stopped": true }))
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
