//! One command.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::runtime;
use crate::api::client::{Client, ConnectError};
use crate::api::{
    DeviceRequest, Event, Exit, Failure, InviteRequest, LiveRequest, PassphraseSource, Request,
};
use crate::driver::{Node, STOPPING, Stay, event_queue};
use crate::host::{HomeDir, Host, NodeStorage, Opened, StoredMirror};
use crate::service::{self, NodeFacts};

/// How long a command, or a node that starts, waits for another command to let go of the home.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Pause between two looks; short, so that a row of commands leaves a gap that is found.
pub(super) const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Has a command done: by the node where one runs, else in this process.
///
/// # Errors
/// What the command says.
pub fn call(
    home: &HomeDir,
    request: Request,
    passphrases: &mut dyn PassphraseSource,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match call_once(home, request.clone(), passphrases, on_event) {
            // A node that is ending has not begun with it. One that became a device of its own is back at once.
            Err(failure)
                if failure.code == STOPPING && can_wait(&request) && Instant::now() < deadline =>
            {
                std::thread::sleep(LOCK_PAUSE);
            }
            result => return result,
        }
    }
}

/// Says whether a command is done by the next node, or by this process, where one node ends.
const fn can_wait(request: &Request) -> bool {
    !matches!(
        request,
        Request::Lock
            | Request::Shutdown
            | Request::Watch { .. }
            | Request::Live(LiveRequest::Follow { .. })
            | Request::Join { .. }
            | Request::Device(DeviceRequest::Link { .. })
    )
}

fn call_once(
    home: &HomeDir,
    request: Request,
    passphrases: &mut dyn PassphraseSource,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    if let Some(client) = connect(home)? {
        return match request {
            Request::Lock => {
                home.forget_key()?;
                client.call(Request::Shutdown, on_event)?;
                Ok(json!({ "locked": true, "node_stopped": true }))
            }
            // The node holds the key for as long as it runs.
            Request::Unlock { .. } => Ok(json!({ "unlocked": true, "node": true })),
            request => Ok(client.call(request, on_event)?),
        };
    }
    match request {
        Request::Lock => {
            home.forget_key()?;
            Ok(json!({ "locked": true, "node_stopped": false }))
        }
        Request::Shutdown | Request::Watch { .. } | Request::Live(LiveRequest::Follow { .. }) => {
            Err(not_running(home))
        }
        request => {
            let deadline = Instant::now() + LOCK_WAIT;
            loop {
                match begin(home, &request, passphrases, on_event) {
                    Ok(Begun::Opened(host)) => return in_process(*host, request, on_event),
                    Ok(Begun::Mirror(stored, storage)) => {
                        return super::mirror::answer(home, &stored, *storage, &request, on_event);
                    }
                    Ok(Begun::Done(data)) => return Ok(data),
                    Err(failure) if failure.exit == Exit::Locked && Instant::now() < deadline => {
                        std::thread::sleep(LOCK_PAUSE);
                        // Whoever has the home may be a node that is just starting.
                        if let Some(client) = connect(home)? {
                            return Ok(client.call(request, on_event)?);
                        }
                    }
                    Err(failure) => return Err(failure),
                }
            }
        }
    }
}

/// How far a command is that this process does.
enum Begun {
    Opened(Box<Host>),
    Mirror(Box<StoredMirror>, Box<NodeStorage>),
    Done(Value),
}

fn begin(
    home: &HomeDir,
    request: &Request,
    passphrases: &mut dyn PassphraseSource,
    on_event: &mut dyn FnMut(Event),
) -> Result<Begun, Failure> {
    match request {
        // It needs nothing but the key file, and brings what opens that.
        Request::Passphrase(change) => {
            home.change_passphrase(change)?;
            Ok(Begun::Done(json!({ "changed": true })))
        }
        _ => match home.open_whatever(passphrases)? {
            Opened::Whole(host) => Ok(Begun::Opened(host)),
            Opened::Mirror(stored, storage) => Ok(Begun::Mirror(stored, storage)),
            Opened::Damaged(storage, why) if matches!(request, Request::Verify) => {
                Err(service::verify_closed(&storage, why, on_event))
            }
            Opened::Damaged(_, why) => Err(why),
        },
    }
}

/// Opens a home for a node, once the commands that have it are done. A node that has it stays.
pub(super) fn open_for_node(
    home: &HomeDir,
    passphrases: &mut dyn PassphraseSource,
) -> Result<Host, Failure> {
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match home.open(passphrases) {
            Err(failure)
                if failure.exit == Exit::Locked
                    && Instant::now() < deadline
                    && connect(home)?.is_none() =>
            {
                std::thread::sleep(LOCK_PAUSE);
            }
            opened => return opened,
        }
    }
}

pub(super) fn connect(home: &HomeDir) -> Result<Option<Client>, Failure> {
    let path = home.socket()?;
    match Client::connect(&path) {
        Ok(client) => Ok(Some(client)),
        Err(ConnectError::NotRunning) => Ok(None),
        Err(error) => Err(Failure::error(
            "node_connection",
            format!("{error}: {}.", path.display()),
        )),
    }
}

fn in_process(
    mut host: Host,
    request: Request,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    service::finish_due(&mut host)?;
    let needs_network = matches!(
        request,
        Request::Join { .. }
            | Request::Sync { .. }
            | Request::Device(DeviceRequest::Link { .. })
            | Request::Invite(InviteRequest::Create { .. })
    );
    if needs_network {
        return with_network(host, request, on_event);
    }
    if matches!(request, Request::Unlock { .. }) {
        let until = Host::now().checked_add(host.settings.unlock_for()).ok();
        return Ok(json!({ "unlocked": true, "until": until.map(|until| until.to_string()) }));
    }
    let network = host
        .settings
        .network()
        .unwrap_or_else(|| host.identity.profile.network.clone());
    let facts = NodeFacts {
        network,
        ..NodeFacts::default()
    };
    let result = service::execute(&mut host, &facts, &request, on_event);
    if !request.is_read_only()
        && let Err(error) = host.engine.snapshot(&mut host.storage)
    {
        // The next command only reads more.
        tracing::warn!(%error, "the saved state is not up to date");
    }
    if let Err(failure) = host.keep_registers(false) {
        tracing::debug!(failure = %failure.message, "what is known of sessions is not kept");
    }
    result
}

/// Runs a node for the time of one command.
fn with_network(
    host: Host,
    request: Request,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    runtime()?.block_on(async {
        let (node, mut ended) = Node::start(host, None, Stay::OneCommand).await?;
        let (events, mut queue) = event_queue();
        let call = node.call(request, events);
        tokio::pin!(call);
        let result = loop {
            tokio::select! {
                result = &mut call => break result,
                Some(event) = queue.recv() => on_event(event),
            }
        };
        while let Ok(event) = queue.try_recv() {
            on_event(event);
        }
        node.shutdown().await;
        // A broken engine is why the command failed, and says more than the command can.
        ended.ended().await?;
        result
    })
}

/// Protects the home with another passphrase.
///
/// # Errors
/// A [`Failure`] where the old one is wrong or the new one cannot be set; the old one serves on then.
pub fn change_passphrase(
    home: &HomeDir,
    passphrases: &mut dyn PassphraseSource,
) -> Result<Value, Failure> {
    let request = Request::Passphrase(home.ask_for_change(passphrases)?);
    call(home, request, passphrases, &mut |_| {})
}

/// The failure for a home without a running node.
fn not_running(home: &HomeDir) -> Failure {
    Failure::error(
        "node_not_running",
        format!("No node runs in {}.", home.root().display()),
    )
    .with_hint("Start one with `hearth up`.")
}
