//! `hearth device accept` and `hearth recover`: this folder becomes a device of somebody who exists already.

use std::sync::Arc;

use hearth_core::engine::{Identity, Way};
use hearth_core::enrol::{ContactTicket, HandedNotebook, LinkTicket, Recovered};
use hearth_core::frontier::SignedFrontier;
use hearth_core::identity::{DeviceSecrets, RecoverySecrets, Roster};
use hearth_core::ids::NotebookId;
use hearth_core::pairing::TicketError;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::runtime;
use crate::api::{Event, Exit, Failure, PassphraseSource, Secret};
use crate::driver::{self, Node, PeerAddrs, Stay};
use crate::host::{HomeDir, Host, InitProtection, NewHome, random, sentence};
use crate::net::{Net, NetOptions, Profile};
use crate::service;

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

/// How somebody comes back with a phrase.
#[derive(Debug)]
pub struct Recovery {
    /// The phrase.
    pub phrase: Secret,
    /// Tickets that say where members are.
    pub contacts: Vec<String>,
    /// The person's name, for where no member knows it.
    pub name: Option<String>,
    /// Whether all other devices are taken off.
    pub revoke_others: bool,
}

/// What both ways lead to.
struct Enrolled {
    identity: Identity,
    notebooks: Vec<HandedNotebook>,
    contacts: Vec<ContactTicket>,
    recovery: Option<RecoverySecrets>,
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
    let new = home.begin(&device.label, device.protection, passphrases)?;
    let secrets = DeviceSecrets::random(&mut random());
    let runtime = runtime()?;
    let deadline = driver::deadline_after(device.timeout_ms);
    let linked = runtime.block_on(async {
        let net = bind(&secrets, &device.network, &new).await?;
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
        recovery: None,
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

/// Brings somebody back on a new device, by their phrase.
///
/// # Errors
/// A [`Failure`] where there is a home already, or no member knows the person under this phrase.
pub fn recover(
    home: &HomeDir,
    recovery: Recovery,
    device: NewDevice,
    passphrases: &mut dyn PassphraseSource,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let secrets_of_phrase = service::recovery_secrets(&recovery.phrase)?;
    let mut contacts = Vec::new();
    for text in &recovery.contacts {
        contacts.push(ContactTicket::of_any(text).map_err(|error| driver::no_ticket(&error))?);
    }
    if contacts.is_empty() {
        return Err(Failure::usage(
            "contact_needed",
            "Somebody who shares a notebook with you must be reached.",
        )
        .with_hint(
            "Ask them for `hearth device contact`, then give --contact TICKET; a ticket of an \
             invitation serves as well.",
        ));
    }
    let new = home.begin(&device.label, device.protection, passphrases)?;
    let secrets = DeviceSecrets::random(&mut random());
    let runtime = runtime()?;
    let deadline = driver::deadline_after(device.timeout_ms);
    let found = runtime.block_on(async {
        let net = bind(&secrets, &device.network, &new).await?;
        let mut found: Vec<Recovered> = Vec::new();
        let mut failed = None;
        for contact in &contacts {
            match driver::seek(&net, contact, &secrets_of_phrase, deadline).await {
                Ok(known) => found.push(known),
                Err(failure) => failed = Some(failure),
            }
        }
        net.close().await;
        match failed {
            Some(failure) if found.is_empty() => Err(failure),
            _ => Ok(found),
        }
    });
    let person = found.and_then(|found| {
        person_of(found, &secrets_of_phrase, &secrets, &recovery).map(
            |(roster, name, notebooks)| Enrolled {
                identity: Identity {
                    device: Arc::new(secrets),
                    roster,
                    name,
                    device_label: device.label.clone(),
                },
                notebooks,
                contacts,
                recovery: Some(secrets_of_phrase),
            },
        )
    });
    let enrolled = match person {
        Ok(enrolled) => enrolled,
        Err(failure) => {
            new.abandon();
            return Err(failure);
        }
    };
    let arrival = runtime.block_on(settle_in(
        new,
        enrolled,
        &device.network,
        device.timeout_ms,
        on_event,
    ))?;
    let mut data = arrival.data.clone();
    data["revoked_others"] = json!(recovery.revoke_others);
    arrival.outcome(data)
}

/// Puts together what several members know, and signs this device's addition with the phrase.
fn person_of(
    found: Vec<Recovered>,
    phrase: &RecoverySecrets,
    device: &DeviceSecrets,
    recovery: &Recovery,
) -> Result<(Roster, String, Vec<HandedNotebook>), Failure> {
    let mut known: Option<Roster> = None;
    let mut name = String::new();
    let mut notebooks = Vec::new();
    for one in found {
        match &mut known {
            None => known = Some(one.roster),
            Some(known) => {
                known.merge(&one.roster).map_err(|error| {
                    Failure::error("enrolling_failed", sentence(&error.to_string()))
                        .with_hint("Recover with one contact at a time.")
                })?;
            }
        }
        if !one.name.is_empty() {
            name = one.name;
        }
        notebooks.extend(one.handover.notebooks);
    }
    if let Some(given) = &recovery.name {
        name.clone_from(given);
    }
    let mut roster = known.ok_or_else(|| {
        Failure::error("enrolling_failed", "Nobody answered.").with_hint("Try again.")
    })?;
    if name.is_empty() {
        return Err(
            Failure::usage("name_needed", "Nobody could tell what you are called.")
                .with_hint("Give --name NAME."),
        );
    }
    let full = |error: hearth_core::identity::RosterError| {
        Failure::error("enrolling_failed", sentence(&error.to_string()))
            .with_hint("Nothing was changed.")
    };
    let added = roster.recover_device(phrase, &device.claim(roster.person()));
    roster.insert(added).map_err(full)?;
    if recovery.revoke_others {
        let reset = roster.revoke_others(phrase, device.id());
        roster.insert(reset).map_err(full)?;
    }
    Ok((roster, name, notebooks))
}

async fn bind(device: &DeviceSecrets, network: &Profile, new: &NewHome) -> Result<Net, Failure> {
    Net::bind(NetOptions {
        secret_key: zeroize::Zeroizing::new(*device.transport_seed().expose()),
        profile: network.clone(),
        listen: None,
        port_kept: new.port(),
        alpns: Vec::new(),
    })
    .await
    .map_err(|error| Failure::error("network_unavailable", sentence(&error.to_string())))
}

/// What a new device has once its first sync is over.
struct Arrival {
    data: Value,
    is_whole: bool,
}

impl Arrival {
    fn outcome(&self, data: Value) -> Result<Value, Failure> {
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
async fn settle_in(
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
        recovery,
    } = enrolled;
    let mut data = json!({
        "person": { "id": identity.person().to_string(), "name": identity.name },
        "device": { "id": identity.device.id().to_string(), "label": identity.device_label },
        "network": network.to_string(),
        "reveals": network.reveals(),
    });
    let mut host = new.finish(identity, network)?;
    for contact in &contacts {
        let addrs = PeerAddrs {
            addrs: contact.addresses.clone(),
            relays: contact.relays.clone(),
        };
        host.remember_seen(contact.device, &addrs);
    }
    let total = notebooks.len();
    let mut awaited: Vec<(NotebookId, SignedFrontier)> = Vec::new();
    let mut refused = Vec::new();
    let way = match &recovery {
        Some(recovery) => Way::Added {
            recovery: Some(recovery),
            keys: &[],
        },
        None => Way::Linked,
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
    drop(recovery);
    let deadline = driver::deadline_after(timeout_ms);
    let (arrived, is_confirmed) = first_sync(host, awaited, deadline, on_event).await?;
    data["notebooks"] = json!(total);
    data["arrived"] = json!(arrived);
    data["refused"] = json!(refused);
    Ok(Arrival {
        data,
        is_whole: arrived + refused.len() >= total && is_confirmed,
    })
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
