//! `hearth device accept`: this folder becomes a device of somebody who exists already.

use std::sync::Arc;

use hearth_core::engine::{Identity, Way};
use hearth_core::enrol::{ContactTicket, HandedNotebook, LinkTicket};
use hearth_core::frontier::SignedFrontier;
use hearth_core::identity::{DeviceSecrets, RecoverySecrets};
use hearth_core::ids::NotebookId;
use hearth_core::pairing::TicketError;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::capsule::OpenedCapsules;
use super::runtime;
use crate::api::{Event, Exit, Failure, PassphraseSource};
use crate::driver::{self, Node, PeerAddrs, Stay};
use crate::host::{HomeDir, Host, InitProtection, NewHome, is_restored, random, sentence};
use crate::net::{Net, NetOptions, Profile};

/// How a new device is made.
#[derive(Debug)]
pub struct NewDevice {
    /// What it is called.
    pub label: String,
    /// How it reaches others.
    pub network: Profile,
    /// What protects it.
    pub protection: InitProtection,
    /// How long to wait for the other device, and then for the notebooks, in milliseconds.
    pub timeout_ms: u64,
}

/// What both ways lead to.
pub(super) struct Enrolled {
    pub(super) identity: Identity,
    pub(super) notebooks: Vec<HandedNotebook>,
    pub(super) contacts: Vec<ContactTicket>,
    pub(super) came: Came,
}

/// How a device came to be one of a person's.
pub(super) enum Came {
    /// Another device linked it.
    Linked,
    /// By the phrase, with what capsules held.
    Recovered {
        recovery: Box<RecoverySecrets>,
        capsule: Box<OpenedCapsules>,
    },
}

/// Makes this folder a device of the person whose device made the ticket.
///
/// # Errors
/// A [`Failure`] where there is a home already, or the other device did not take this one in.
pub fn accept(
    home: &HomeDir,
    ticket: &str,
    device: NewDevice,
    passphrases: &mut dyn PassphraseSource,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let ticket: LinkTicket = ticket
        .parse()
        .map_err(|error: TicketError| driver::no_ticket(&error))?;
    if is_restored(home) {
        return accept_restored(home.open(passphrases)?, &ticket, device, on_event);
    }
    let new = home.begin(&device.label, device.protection, passphrases)?;
    let secrets = DeviceSecrets::random(&mut random());
    let runtime = runtime()?;
    let deadline = driver::deadline_after(device.timeout_ms);
    let linked = runtime.block_on(async {
        let net = bind(&secrets, &device.network, new.port()).await?;
        let me = (&secrets, device.label.as_str());
        let linked = driver::be_linked(&net, &ticket, me, deadline, on_event).await;
        net.close().await;
        linked
    });
    let linked = match linked {
        Ok(linked) => linked,
        Err(failure) => {
            new.abandon();
            return Err(failure);
        }
    };
    let contact = ContactTicket {
        device: ticket.device,
        transport: ticket.transport,
        addresses: ticket.addresses,
        relays: ticket.relays,
    };
    let enrolled = Enrolled {
        identity: Identity {
            device: Arc::new(secrets),
            roster: linked.roster,
            name: linked.name,
            device_label: device.label,
        },
        notebooks: linked.handover.notebooks,
        contacts: vec![contact],
        came: Came::Linked,
    };
    let words = linked.words;
    let arrival = runtime.block_on(settle_in(
        new,
        enrolled,
        &device.network,
        device.timeout_ms,
        on_event,
    ))?;
    let mut data = arrival.data.clone();
    data["words"] = json!(words);
    arrival.outcome(data)
}

/// Has another device of the person take in a home that came out of a backup.
fn accept_restored(
    host: Host,
    ticket: &LinkTicket,
    device: NewDevice,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let runtime = runtime()?;
    let deadline = driver::deadline_after(device.timeout_ms);
    let own = Arc::clone(&host.engine.identity().device);
    let port = host.identity.profile.port;
    let linked = runtime.block_on(async {
        let net = bind(&own, &device.network, port).await?;
        let me = (&*own, device.label.as_str());
        let linked = driver::be_linked(&net, ticket, me, deadline, on_event).await;
        net.close().await;
        linked
    })?;
    if linked.roster.person() != host.me() {
        return Err(Failure::new(
            Exit::NotAllowed,
            "another_person",
            "That device is somebody else's, and this home came out of your backup.",
        )
        .with_hint("Link it to a device of your own."));
    }
    let mut host = host.taken_in(|stored| {
        stored.identity.roster = linked.roster;
        stored.identity.name = linked.name;
        stored.identity.device_label = device.label;
    })?;
    host.no_longer_restored()?;
    let contact = ContactTicket {
        device: ticket.device,
        transport: ticket.transport,
        addresses: ticket.addresses.clone(),
        relays: ticket.relays.clone(),
    };
    let brought = Brought {
        notebooks: linked.handover.notebooks,
        contacts: vec![contact],
        came: Came::Linked,
    };
    let words = linked.words;
    let network = device.network.clone();
    let arrival = runtime.block_on(settle(host, brought, &network, device.timeout_ms, on_event))?;
    let mut data = arrival.data.clone();
    data["words"] = json!(words);
    arrival.outcome(data)
}

pub(super) async fn bind(
    device: &DeviceSecrets,
    network: &Profile,
    port: u16,
) -> Result<Net, Failure> {
    Net::bind(NetOptions {
        secret_key: zeroize::Zeroizing::new(*device.transport_seed().expose()),
        profile: network.clone(),
        listen: None,
        port_kept: port,
        alpns: Vec::new(),
    })
    .await
    .map_err(|error| Failure::error("network_unavailable", sentence(&error.to_string())))
}

/// What a new device has once its first sync is over.
pub(super) struct Arrival {
    pub(super) data: Value,
    is_whole: bool,
}

impl Arrival {
    pub(super) fn outcome(&self, data: Value) -> Result<Value, Failure> {
        if self.is_whole {
            return Ok(data);
        }
        Err(Failure::new(
            Exit::Partial,
            "notebooks_on_their_way",
            "This device is yours now, but not everything has arrived yet.",
        )
        .with_details(data)
        .with_hint("Run `hearth up` and leave it running: the rest comes by itself."))
    }
}

/// Makes the home, takes the notebooks over, and syncs with whoever handed them over.
pub(super) async fn settle_in(
    new: NewHome,
    enrolled: Enrolled,
    network: &Profile,
    timeout_ms: u64,
    on_event: &mut dyn FnMut(Event),
) -> Result<Arrival, Failure> {
    let Enrolled {
        identity,
        notebooks,
        contacts,
        came,
    } = enrolled;
    let host = new.finish(identity, network)?;
    let brought = Brought {
        notebooks,
        contacts,
        came,
    };
    settle(host, brought, network, timeout_ms, on_event).await
}

/// What a device came by.
struct Brought {
    notebooks: Vec<HandedNotebook>,
    contacts: Vec<ContactTicket>,
    came: Came,
}

/// Takes over what a device of the person was handed, and syncs with whoever handed it over.
async fn settle(
    mut host: Host,
    brought: Brought,
    network: &Profile,
    timeout_ms: u64,
    on_event: &mut dyn FnMut(Event),
) -> Result<Arrival, Failure> {
    let Brought {
        notebooks,
        contacts,
        came,
    } = brought;
    let identity = host.engine.identity();
    let mut data = json!({
        "person": { "id": identity.person().to_string(), "name": identity.name },
        "device": { "id": identity.device.id().to_string(), "label": identity.device_label },
        "network": network.to_string(),
        "reveals": network.reveals(),
    });
    let total = notebooks.len();
    let mut awaited: Vec<(NotebookId, SignedFrontier)> = Vec::new();
    let mut refused = Vec::new();
    let way = match &came {
        Came::Recovered { recovery, capsule } => Way::Added {
            recovery: Some(recovery),
            keys: &capsule.keys,
        },
        Came::Linked => Way::Linked,
    };
    for handed in notebooks {
        let (notebook, frontier) = (handed.notebook, handed.frontier.clone());
        let Host {
            engine, storage, ..
        } = &mut host;
        match engine.take_over(handed, &way, storage, &mut random()) {
            Ok(()) => awaited.push((notebook, frontier)),
            Err(error) => refused.push(json!({
                "id": notebook.to_string(),
                "reason": sentence(&error.to_string()),
            })),
        }
    }
    let mut is_complete = true;
    if let Came::Recovered { capsule, .. } = &came {
        let told = capsule.settle(&mut host)?;
        is_complete = told.is_complete;
        data["recovered"] = told.data;
    }
    drop(came);
    // After the capsules, which say where a device was when they were made.
    remember(&mut host, &contacts);
    let deadline = driver::deadline_after(timeout_ms);
    let (arrived, is_confirmed) = first_sync(host, awaited, deadline, on_event).await?;
    data["notebooks"] = json!(total);
    data["arrived"] = json!(arrived);
    data["refused"] = json!(refused);
    Ok(Arrival {
        data,
        is_whole: arrived + refused.len() >= total && is_confirmed && is_complete,
    })
}

/// Keeps where devices are.
pub(super) fn remember(host: &mut Host, contacts: &[ContactTicket]) {
    for contact in contacts {
        let addrs = PeerAddrs {
            addrs: contact.addresses.clone(),
            relays: contact.relays.clone(),
        };
        host.remember_seen(contact.device, &addrs);
    }
}

async fn first_sync(
    host: Host,
    awaited: Vec<(NotebookId, SignedFrontier)>,
    deadline: Instant,
    on_event: &mut dyn FnMut(Event),
) -> Result<(usize, bool), Failure> {
    if awaited.is_empty() {
        return Ok((0, true));
    }
    let (node, mut ended) = Node::start(host, None, Stay::OneCommand).await?;
    let arrived = node.arrivals(awaited, deadline, on_event).await;
    // What this device wrote of itself reaches whoever handed the notebooks over before it is gone again.
    let left = deadline.saturating_duration_since(Instant::now());
    let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    let confirmed = node.confirmed(left_ms.max(FAREWELL_MS)).await;
    node.shutdown().await;
    ended.ended().await?;
    Ok((arrived?, confirmed))
}

/// Least time for the last acknowledgements, in milliseconds.
const FAREWELL_MS: u64 = 3_000;
