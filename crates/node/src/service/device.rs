//! This person's own devices.

use std::collections::BTreeMap;

use hearth_core::control::{ControlKind, Recipient};
use hearth_core::engine::DeviceError;
use hearth_core::enrol::ContactTicket;
use hearth_core::identity::{RecoveryPhrase, RecoverySecrets};
use hearth_core::ids::{DeviceId, NotebookId};
use hearth_core::replica::Replica;
use serde_json::{Value, json};

use super::NodeFacts;
use super::answer::{time, with};
use super::resolve::{Candidate, brief, choose};
use crate::api::{DeviceRequest, Exit, Failure, RecoveryRequest, Secret};
use crate::host::{Host, random, sentence, storage_failed};

/// The labels of devices, so that one that is off is still called by its name.
const LABELS_KEPT_AS: &str = "device-labels";

/// Words of a phrase that show that somebody has it: one in 2048³ guesses three of them.
const PLACES_MIN: usize = 3;

/// Does what a request about devices asks.
pub(super) fn execute(
    host: &mut Host,
    node: &NodeFacts,
    request: &DeviceRequest,
) -> Result<Value, Failure> {
    match request {
        DeviceRequest::List => Ok(json!({ "devices": devices(host)? })),
        DeviceRequest::Reach { device } => {
            let device = live_device(host, device)?;
            Ok(json!({ "device": view(host, device)?, "reads": reads(host, device)? }))
        }
        DeviceRequest::Revoke { device } => revoke(host, device),
        DeviceRequest::Contact => {
            let ticket = contact(host, node).ok_or_else(|| {
                Failure::error(
                    "not_reachable",
                    "No node runs here, so nobody could reach this device.",
                )
                .with_hint("Start one with `hearth up`.")
            })?;
            Ok(json!({ "ticket": ticket, "network": node.network }))
        }
        DeviceRequest::Link { .. } => Err(Failure::error(
            "internal",
            "This request reached the wrong part of the program.",
        )
        .with_hint("Nothing was changed. Please report this.")),
    }
}

/// Where this device is, for somebody who comes back with a phrase; `None` while no node runs.
pub(super) fn contact(host: &Host, node: &NodeFacts) -> Option<String> {
    let (addresses, relays) = node.reachable.clone();
    if !node.running || (addresses.is_empty() && relays.is_empty()) {
        return None;
    }
    let card = host.engine.identity().device.card();
    let ticket = ContactTicket {
        device: card.id(),
        transport: card.transport,
        addresses,
        relays,
    };
    Some(ticket.to_string())
}

/// This person's devices, this one first, those that are off last.
pub(super) fn devices(host: &Host) -> Result<Vec<Value>, Failure> {
    let view_of_all = host.engine.identity().roster.view();
    let own = host.my_device();
    let mut all: Vec<(bool, DeviceId)> = view_of_all
        .devices
        .keys()
        .map(|device| (false, *device))
        .chain(view_of_all.revoked.keys().map(|device| (true, *device)))
        .collect();
    all.sort_by_key(|(revoked, device)| (*revoked, *device != own, *device));
    all.into_iter()
        .map(|(_, device)| view(host, device))
        .collect()
}

fn view(host: &Host, device: DeviceId) -> Result<Value, Failure> {
    let identity = host.engine.identity();
    let is_this = device == host.my_device();
    let heard_ms = host
        .engine
        .notebooks()
        .filter_map(|notebook| host.engine.peer(notebook, device))
        .map(|record| record.heard_ms)
        .filter(|heard_ms| *heard_ms > 0)
        .max();
    let connected = host
        .engine
        .sessions()
        .any(|(_, session)| session.peer() == device);
    Ok(json!({
        "id": device.to_string(),
        "label": label(host, device)?,
        "person": identity.person().to_string(),
        "this": is_this,
        "revoked": !identity.roster.devices().contains_key(&device),
        "connected": connected,
        "last_seen": heard_ms.and_then(time),
    }))
}

pub(super) fn label(host: &Host, device: DeviceId) -> Result<String, Failure> {
    if let Some(label) = host.engine.label_of(device) {
        return Ok(label);
    }
    let known = kept_labels(host)?;
    let id = device.to_string();
    Ok(known
        .get(&id)
        .cloned()
        .unwrap_or_else(|| id.chars().take(8).collect()))
}

fn kept_labels(host: &Host) -> Result<BTreeMap<String, String>, Failure> {
    let kept = host.get_own(LABELS_KEPT_AS)?;
    Ok(kept
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default())
}

/// Keeps what a device is called, for when nothing else says it any more.
pub(crate) fn keep_label(host: &mut Host, device: DeviceId, label: &str) -> Result<(), Failure> {
    let mut labels = kept_labels(host)?;
    labels.insert(device.to_string(), label.to_owned());
    let bytes = serde_json::to_vec(&labels)
        .map_err(|error| Failure::error("internal", format!("{error}.")))?;
    host.put_own(LABELS_KEPT_AS, &bytes)
}

fn live_device(host: &Host, text: &str) -> Result<DeviceId, Failure> {
    let roster = &host.engine.identity().roster;
    let mut candidates = Vec::new();
    for device in roster.devices().keys() {
        candidates.push(Candidate {
            id: device.to_string(),
            title: label(host, *device)?,
            value: *device,
        });
    }
    choose("device", text, candidates).map_err(|failure| {
        if failure.code != "not_found" {
            return failure;
        }
        let hint = "See yours with `hearth device list`.";
        match off_device(host, text) {
            Some(called) => {
                Failure::not_found("not_found", format!("{called} was taken off already."))
                    .with_hint(hint)
            }
            None => failure.with_hint(hint),
        }
    })
}

/// Returns what a device is called that was meant and that is off.
fn off_device(host: &Host, text: &str) -> Option<String> {
    let revoked = host.engine.identity().roster.view().revoked.keys();
    let candidates = revoked.filter_map(|device| {
        let called = label(host, *device).ok()?;
        Some(Candidate {
            id: device.to_string(),
            title: called.clone(),
            value: called,
        })
    });
    choose("device", text, candidates).ok()
}

fn revoke(host: &mut Host, text: &str) -> Result<Value, Failure> {
    let device = live_device(host, text)?;
    let called = label(host, device)?;
    if device == host.my_device() {
        return Err(Failure::new(
            Exit::NotAllowed,
            "own_device",
            format!("{called} is this device, and a device cannot take itself off."),
        )
        .with_hint("Run `hearth device revoke` on another of your devices."));
    }
    let before = reads(host, device)?;
    keep_label(host, device, &called)?;
    let Host {
        engine, storage, ..
    } = host;
    engine
        .revoke_device(device, storage, &mut random())
        .map_err(device_failed)?;
    let mut told = Vec::new();
    for mut read in before {
        let notebook: Option<NotebookId> = read["id"].as_str().and_then(|id| id.parse().ok());
        let replica = notebook.and_then(|notebook| host.engine.replica(notebook));
        let is_off =
            replica.is_some_and(|replica| replica.membership().person_of(&device).is_none());
        read["revoked"] = json!(is_off);
        read["new_key"] = json!(replica.is_some_and(|replica| !holds_key(replica, device)));
        told.push(read);
    }
    Ok(json!({ "device": view(host, device)?, "reads": told }))
}

/// The notebooks that a device holds keys of, each since when.
fn reads(host: &mut Host, device: DeviceId) -> Result<Vec<Value>, Failure> {
    let notebooks: Vec<NotebookId> = host.engine.notebooks().collect();
    let mut reads = Vec::new();
    for notebook in notebooks {
        let Some(replica) = host.engine.replica(notebook) else {
            continue;
        };
        let holder = Recipient::Device(device);
        let first = replica.controls().iter().find(|entry| match &entry.kind {
            ControlKind::Rekey(rekey) => {
                entry.device == device || rekey.recipients.binary_search(&holder).is_ok()
            }
            ControlKind::Grant(grant) => grant.recipient == holder,
            _ => false,
        });
        let Some(first) = first.map(hearth_core::control::ControlEntry::hash) else {
            continue;
        };
        let since = host
            .storage
            .seen(notebook, &first)
            .map_err(storage_failed)?;
        let reads_now = holds_key(replica, device);
        reads.push(with(
            brief(host, notebook),
            json!({ "since": since, "all_before": true, "reads_now": reads_now }),
        ));
    }
    Ok(reads)
}

/// Says whether a device was given the key that new entries are sealed under.
fn holds_key(replica: &Replica, device: DeviceId) -> bool {
    let holder = Recipient::Device(device);
    let Some(epoch) = replica.membership().current_epoch() else {
        return false;
    };
    let sealed_to = match replica
        .controls()
        .get(&epoch.rekey())
        .map(|entry| &entry.kind)
    {
        Some(ControlKind::Rekey(rekey)) => rekey.recipients.binary_search(&holder).is_ok(),
        _ => false,
    };
    let mut grants = replica.controls().grants_to(holder);
    sealed_to || grants.any(|(_, grant)| grant.epoch == epoch)
}

/// Does what a request about the recovery phrase asks.
pub(super) fn recovery(host: &mut Host, request: &RecoveryRequest) -> Result<Value, Failure> {
    match request {
        RecoveryRequest::Show => {
            let kept = host.kept_phrase()?;
            Ok(json!({ "recovery_phrase": kept.as_ref().map(Secret::expose) }))
        }
        RecoveryRequest::Confirm { places, words } => confirm_phrase(host, places, words),
        RecoveryRequest::Rotate { present, new } => {
            let (present, new) = (secrets(present)?, secrets(new)?);
            let Host {
                engine, storage, ..
            } = host;
            engine
                .rotate_recovery(&present, &new, storage, &mut random())
                .map_err(device_failed)?;
            // What is kept is of the phrase that just ended, and shown no more. That the new one is in force is what
            // has to be told, whatever the disk does now: nobody can show it again.
            let leftover = host.forget_phrase().err().map(|failure| failure.message);
            let recovery = Recipient::Recovery(new.card().id());
            let total = host.engine.notebooks().count();
            let rekeyed = host
                .engine
                .notebooks()
                .filter_map(|notebook| host.engine.replica(notebook))
                .filter(|replica| {
                    let epoch = replica.membership().current_epoch();
                    let entry = epoch.and_then(|epoch| replica.controls().get(&epoch.rekey()));
                    entry.is_some_and(|entry| {
                        matches!(&entry.kind, ControlKind::Rekey(rekey)
                            if rekey.recipients.binary_search(&recovery).is_ok())
                    })
                })
                .count();
            Ok(json!({
                "person": { "id": host.me().to_string(), "name": host.engine.identity().name },
                "notebooks": total,
                "rekeyed": rekeyed,
                "warning": leftover.map(|why| format!(
                    "The new phrase is in force. The old one could not be erased here: {why}"
                )),
            }))
        }
    }
}

/// Erases the phrase that is kept here, once some of its words were given as they are; where none is kept, says of all
/// words whether they are those in force. `places` ascend: a word that is asked for twice shows no more than once.
fn confirm_phrase(host: &mut Host, places: &[u8], words: &Secret) -> Result<Value, Failure> {
    let Some(kept) = host.kept_phrase()? else {
        return confirm_unkept(host, places, words);
    };
    let all: Vec<&str> = kept.expose().split_whitespace().collect();
    let wanted: Vec<&str> = match places {
        [] => all.clone(),
        some => some
            .iter()
            .filter_map(|place| all.get(usize::from(*place).checked_sub(1)?).copied())
            .collect(),
    };
    let given = words.expose().to_lowercase();
    let given: Vec<&str> = given.split_whitespace().collect();
    // Whoever pastes all of them where some were asked for has them as well.
    let ascend = places.is_sorted_by(|one, next| one < next);
    let is_right = (ascend && wanted.len() >= PLACES_MIN && given == wanted) || given == all;
    if !is_right {
        return Err(Failure::usage(
            "phrase_differs",
            "These are not the words that were asked for.",
        )
        .with_hint("Look at the words once more; nothing was changed."));
    }
    host.forget_phrase()?;
    Ok(json!({ "confirmed": true, "erased": true }))
}

/// Compares words with the key that brings this person back.
fn confirm_unkept(host: &Host, places: &[u8], words: &Secret) -> Result<Value, Failure> {
    if host.is_phrase_in_force(words) {
        return Ok(json!({ "confirmed": true, "erased": false }));
    }
    if !places.is_empty() {
        // A key cannot be compared with some of the words that it comes from.
        return Err(Failure::not_found(
            "phrase_not_kept",
            "The recovery phrase is not kept on this device, so some of its words cannot be compared with it.",
        )
        .with_hint("Compare all 24 words: `hearth recovery confirm`."));
    }
    // What is no phrase at all is named as that.
    secrets(words)?;
    Err(Failure::usage(
        "phrase_differs",
        "This is not the phrase that brings you back.",
    )
    .with_hint(
        "If you have another one, try that. Without the one in force no new one can be made: see that another device of \
         yours stays, or that somebody who shares a notebook with you can invite you anew.",
    ))
}

/// Reads a recovery phrase.
pub(crate) fn secrets(phrase: &Secret) -> Result<RecoverySecrets, Failure> {
    RecoveryPhrase::parse(phrase.expose())
        .map(|phrase| RecoverySecrets::from_phrase(&phrase))
        .map_err(|error| {
            Failure::usage("phrase_invalid", sentence(&error.to_string()))
                .with_hint("Type all 24 words in their order, with spaces between.")
        })
}

/// The failure for devices that were not changed.
pub(crate) fn device_failed(error: DeviceError) -> Failure {
    let words = sentence(&error.to_string());
    match error {
        DeviceError::Storage(error) => storage_failed(error),
        DeviceError::OtherPhrase => Failure::new(Exit::NotAllowed, "phrase_not_in_force", words)
            .with_hint("Nothing was changed. Use the phrase that was shown last."),
        DeviceError::Revoked => Failure::new(Exit::NotAllowed, "device_revoked", words)
            .with_hint("Link it anew: `hearth device link` on one of your devices."),
        DeviceError::Unknown(_) => {
            Failure::not_found("not_found", words).with_hint("See yours with `hearth device list`.")
        }
        _ => Failure::error("devices_unchanged", words).with_hint("Nothing was changed."),
    }
}
