//! `hearth recover`: this folder becomes a device of somebody who has nothing left but their phrase.
//!
//! Whoever is named with `--contact` is asked first. What the capsules that they keep name is asked next, until
//! every notebook of them was handed over or nobody is left who might have it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hearth_core::engine::Identity;
use hearth_core::enrol::{ContactTicket, HandedNotebook, Recovered};
use hearth_core::identity::{DeviceSecrets, RecoverySecrets, Roster, RosterError};
use hearth_core::ids::{DeviceId, NotebookId};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::capsule::{Asked, OpenedCapsules};
use super::enrol::{Came, Enrolled, NewDevice, bind, remember, settle_in};
use super::runtime;
use crate::api::{Event, Failure, PassphraseSource, Progress, Secret};
use crate::driver;
use crate::host::{HomeDir, Host, is_restored, sentence};
use crate::net::Net;
use crate::service;

/// How long a device that a capsule names has to answer: it may be gone for years.
const CONTACT_WAIT: Duration = Duration::from_secs(12);
/// Devices that are asked at the same time.
const ASKED_AT_ONCE_MAX: usize = 16;
/// Devices that a capsule names and that are asked in all.
const ASKED_MAX: usize = 128;

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

/// What was found, by whomever.
#[derive(Default)]
struct Found {
    handed: Vec<HandedNotebook>,
    rosters: Vec<Roster>,
    name: String,
    capsules: OpenedCapsules,
}

impl Found {
    /// Takes what a device handed over.
    fn take(&mut self, asked: &ContactTicket, answer: Recovered) {
        self.capsules.take(asked.device, answer.capsules);
        self.rosters.push(answer.roster);
        if !answer.name.is_empty() {
            self.name = answer.name;
        }
        for handed in answer.handover.notebooks {
            self.capsules.handed(handed.notebook);
            self.handed.push(handed);
        }
    }
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
    let phrase = service::recovery_secrets(&recovery.phrase)?;
    if is_restored(home) {
        return recover_restored(home, &phrase, &recovery, &device, passphrases);
    }
    let contacts = contacts_of(&recovery)?;
    let new = home.begin(&device.label, device.protection, passphrases)?;
    let secrets = DeviceSecrets::random(&mut crate::host::random());
    let runtime = runtime()?;
    let deadline = driver::deadline_after(device.timeout_ms);
    let found = runtime.block_on(async {
        let net = Arc::new(bind(&secrets, &device.network, new.port()).await?);
        let found = search(&net, &contacts, &phrase, deadline, on_event).await;
        net.close().await;
        found
    });
    let enrolled = found.and_then(|found| {
        let (roster, name) = person_of(&found, &phrase, &secrets, &recovery)?;
        Ok(Enrolled {
            identity: Identity {
                device: Arc::new(secrets),
                roster,
                name,
                device_label: device.label.clone(),
            },
            notebooks: found.handed,
            contacts,
            came: Came::Recovered {
                recovery: Box::new(phrase),
                capsule: Box::new(found.capsules),
            },
        })
    });
    let enrolled = match enrolled {
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

/// Takes in a home that came out of a backup, by the phrase: all that it needs is in it, so nobody is asked. Where contacts
/// are is kept for the node, which asks them for what came since.
fn recover_restored(
    home: &HomeDir,
    phrase: &RecoverySecrets,
    recovery: &Recovery,
    device: &NewDevice,
    passphrases: &mut dyn PassphraseSource,
) -> Result<Value, Failure> {
    let contacts = tickets_of(recovery)?;
    let host = home.open(passphrases)?;
    let mut host = host.taken_in(|stored| {
        stored.identity.device_label.clone_from(&device.label);
        if let Some(name) = &recovery.name {
            stored.identity.name.clone_from(name);
        }
    })?;
    let Host {
        engine, storage, ..
    } = &mut host;
    engine
        .enrol_by_phrase(
            phrase,
            recovery.revoke_others,
            storage,
            &mut crate::host::random(),
        )
        .map_err(service::device_failed)?;
    let mut host = host.taken_in(|_| {})?;
    host.no_longer_restored()?;
    remember(&mut host, &contacts);
    let identity = host.engine.identity();
    let count = host.engine.notebooks().count();
    Ok(json!({
        "person": { "id": identity.person().to_string(), "name": identity.name },
        "device": { "id": identity.device.id().to_string(), "label": identity.device_label },
        "network": host.identity.profile.network,
        "notebooks": count,
        "arrived": count,
        "refused": [],
        "revoked_others": recovery.revoke_others,
        "from_backup": true,
    }))
}

fn tickets_of(recovery: &Recovery) -> Result<Vec<ContactTicket>, Failure> {
    let tickets = recovery.contacts.iter();
    tickets
        .map(|text| ContactTicket::of_any(text).map_err(|error| driver::no_ticket(&error)))
        .collect()
}

fn contacts_of(recovery: &Recovery) -> Result<Vec<ContactTicket>, Failure> {
    let contacts = tickets_of(recovery)?;
    if contacts.is_empty() {
        return Err(Failure::usage(
            "contact_needed",
            "Somebody who shares a notebook with you, or a mirror of one, must be reached.",
        )
        .with_hint(
            "Ask them for `hearth device contact`, then give --contact TICKET; a ticket of an \
             invitation serves as well, and that of a mirror of one of your notebooks.",
        ));
    }
    Ok(contacts)
}

/// Asks the contacts, and then whomever their capsules name.
async fn search(
    net: &Arc<Net>,
    contacts: &[ContactTicket],
    phrase: &RecoverySecrets,
    deadline: Instant,
    on_event: &mut dyn FnMut(Event),
) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut failed = None;
    let mut asked: BTreeSet<DeviceId> = BTreeSet::new();
    for contact in contacts {
        asked.insert(contact.device);
        match driver::seek(net, contact, phrase, deadline).await {
            Ok(answer) => found.take(contact, answer),
            Err(failure) => {
                found
                    .capsules
                    .asked(contact.device, Asked::Silent(failure.message.clone()));
                failed = Some(failure);
            }
        }
    }
    if let Some(failure) = failed
        && found.rosters.is_empty()
    {
        return Err(failure);
    }
    while asked.len() < ASKED_MAX {
        let mut next = found.capsules.whom_to_ask(&asked);
        next.truncate(ASKED_AT_ONCE_MAX);
        if next.is_empty() {
            break;
        }
        let wait = deadline.min(Instant::now() + CONTACT_WAIT);
        let mut answers = JoinSet::new();
        for contact in next {
            asked.insert(contact.device);
            let (net, phrase) = (Arc::clone(net), phrase.clone());
            answers.spawn(async move {
                let answer = driver::seek(&net, &contact, &phrase, wait).await;
                (contact, answer)
            });
        }
        while let Some(answer) = answers.join_next().await {
            match answer {
                Ok((contact, Ok(answer))) => found.take(&contact, answer),
                Ok((contact, Err(failure))) => found
                    .capsules
                    .asked(contact.device, Asked::Silent(failure.message)),
                Err(_) => {}
            }
            let mut progress = Progress::of("Notebooks handed over:");
            progress.done = found.handed.len() as u64;
            on_event(Event::Progress(progress));
        }
    }
    dedup(&mut found.handed);
    Ok(found)
}

/// Keeps what each of several devices handed over of a notebook only where it says more than the others.
fn dedup(handed: &mut Vec<HandedNotebook>) {
    let mut known: BTreeSet<(NotebookId, Vec<u8>)> = BTreeSet::new();
    handed.retain(|one| {
        let mut frontier = hearth_core::codec::Writer::new();
        one.frontier.frontier.write(&mut frontier);
        known.insert((one.notebook, frontier.into_bytes()))
    });
}

/// Puts together what everybody knows of the person, and signs this device's addition with the phrase.
fn person_of(
    found: &Found,
    phrase: &RecoverySecrets,
    device: &DeviceSecrets,
    recovery: &Recovery,
) -> Result<(Roster, String), Failure> {
    let mut known: Option<Roster> = None;
    for one in found.rosters.iter().chain(found.capsules.rosters()) {
        match &mut known {
            None => known = Some(one.clone()),
            Some(known) => {
                known.merge(one).map_err(|error| {
                    Failure::error("enrolling_failed", sentence(&error.to_string()))
                        .with_hint("Recover with one contact at a time.")
                })?;
            }
        }
    }
    let mut roster = known.ok_or_else(|| {
        Failure::error("enrolling_failed", "Nobody answered.").with_hint("Try again.")
    })?;
    if !phrase.fit(roster.recovery()) {
        // Whoever answered last knew more than those before.
        return Err(Failure::new(
            crate::api::Exit::NotAllowed,
            "phrase_not_in_force",
            "Another recovery phrase has taken the place of this one.",
        )
        .with_hint("Use the phrase that was shown last."));
    }
    let name = recovery
        .name
        .clone()
        .or_else(|| (!found.name.is_empty()).then(|| found.name.clone()))
        .or_else(|| found.capsules.name())
        .ok_or_else(|| {
            Failure::usage("name_needed", "Nobody could tell what you are called.")
                .with_hint("Give --name NAME.")
        })?;
    let full = |error: RosterError| {
        Failure::error("enrolling_failed", sentence(&error.to_string()))
            .with_hint("Nothing was changed.")
    };
    let added = roster.recover_device(phrase, &device.claim(roster.person()));
    roster.insert(added).map_err(full)?;
    if recovery.revoke_others {
        let reset = roster.revoke_others(phrase, device.id());
        roster.insert(reset).map_err(full)?;
    }
    Ok((roster, name))
}
