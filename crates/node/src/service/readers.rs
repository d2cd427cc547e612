//! Who can read, computed from keys and not from the list of members.
//!
//! The current text is sealed under the epochs that nothing supersedes. A re-key seals the keys that
//! it supersedes under its own, so whoever was given the key of one that leads there can read as
//! well, whether the rules count that re-key or not: what was handed out stays handed out.

use std::collections::{BTreeMap, BTreeSet};

use hearth_core::control::{ControlKind, Recipient};
use hearth_core::ids::{ControlHash, DeviceId, EpochId, NotebookId, PersonId};
use hearth_core::replica::Replica;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{person, with};
use super::departure::departed;
use super::resolve::{brief, find_notebook};
use crate::api::Failure;
use crate::host::{Host, no_notebook, storage_failed};

/// The data of `readers`; `past_readers` are those who hold keys of older text alone. `since` is when this device learned that the key was given to the reader,
/// by its own clock: re-keys themselves carry no time.
pub(super) fn readers(host: &mut Host, notebook: &str) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let replica = host.engine.replica(notebook).ok_or_else(no_notebook)?;
    let epochs = leading_to_current(replica);
    let mut people: BTreeMap<PersonId, Keys> = BTreeMap::new();
    let mut before: BTreeMap<PersonId, Keys> = BTreeMap::new();
    for (recipient, (first, is_current)) in holders(replica, &epochs) {
        let people = if is_current { &mut people } else { &mut before };
        let since = host
            .storage
            .seen(notebook, &first)
            .map_err(storage_failed)?;
        match recipient {
            Recipient::Device(device) => {
                let Some((owner, _)) = replica.controls().device(&device) else {
                    continue;
                };
                let keys = people.entry(owner).or_default();
                keys.devices.insert(device, since);
            }
            Recipient::Recovery(card) => {
                let Some(owner) = replica.controls().recovery_owner(&card) else {
                    continue;
                };
                people.entry(owner).or_default().recovery = Some(since);
            }
        }
    }
    // A lost device of somebody who reads on is no news about that person.
    before.retain(|person, _| !people.contains_key(person));
    let [readers, past_readers] = [&people, &before].map(|people| -> Vec<Value> {
        let views = people
            .iter()
            .map(|(id, keys)| view(host, notebook, id, keys));
        views.collect()
    });
    let current = replica.membership().current_epoch();
    // Whoever is out hears of no later key.
    let missing = epochs
        .iter()
        .filter(|epoch| !replica.wraps().contains_key(epoch))
        .count();
    let epoch = current.map(|epoch| epoch.rekey().to_string());
    Ok(json!({
        "notebook": brief(host, notebook),
        "departed": departed(host, notebook)?,
        "readers": readers,
        "past_readers": past_readers,
        "epoch": epoch,
        "wraps_not_here": missing,
    }))
}

#[derive(Default)]
struct Keys {
    devices: BTreeMap<DeviceId, Option<Timestamp>>,
    /// Since when a wrap to the recovery key exists; `Some(None)` where that was not noted.
    recovery: Option<Option<Timestamp>>,
}

fn view(host: &Host, notebook: NotebookId, id: &PersonId, keys: &Keys) -> Value {
    let directory = host.directory(notebook);
    let profile = directory.profile(id);
    let devices: Vec<Value> = keys
        .devices
        .iter()
        .map(|(device, since)| {
            json!({
                "id": device.to_string(),
                "label": directory.device_label(device),
                "since": since,
            })
        })
        .collect();
    let recovery = keys.recovery.as_ref();
    let since = keys.devices.values().chain(recovery).flatten().min();
    with(
        person(&directory, id),
        json!({
            "role": profile.map(|profile| profile.role.as_str()),
            "member": profile.is_some(),
            "since": since,
            "devices": devices,
            "recovery_key": recovery.is_some(),
        }),
    )
}

/// The epochs whose key opens the current text: those in force, and those whose key leads to one.
fn leading_to_current(replica: &Replica) -> BTreeSet<EpochId> {
    let membership = replica.membership();
    let mut epochs = membership.epoch_heads().clone();
    epochs.extend(membership.current_epoch());
    // Each re-key comes after those that it supersedes, so one pass finds all chains.
    for entry in replica.controls().iter() {
        if let ControlKind::Rekey(rekey) = &entry.kind
            && rekey
                .supersedes
                .iter()
                .any(|old| epochs.contains(&old.epoch))
        {
            epochs.insert(entry.hash().as_epoch());
        }
    }
    epochs
}

/// Who was given a key, each with the first re-key or grant of all that gave them any,
/// whether the rules count it or not, and whether what they were given opens the current text.
fn holders(
    replica: &Replica,
    epochs: &BTreeSet<EpochId>,
) -> BTreeMap<Recipient, (ControlHash, bool)> {
    let mut first: BTreeMap<Recipient, ControlHash> = BTreeMap::new();
    let mut holders: BTreeSet<Recipient> = BTreeSet::new();
    for entry in replica.controls().iter() {
        let (epoch, recipients) = match &entry.kind {
            ControlKind::Rekey(rekey) => (entry.hash().as_epoch(), rekey.recipients.as_slice()),
            ControlKind::Grant(grant) => (grant.epoch, std::slice::from_ref(&grant.recipient)),
            _ => continue,
        };
        // Whoever made the key or hands it on has it, named as a recipient or not.
        let given: BTreeSet<Recipient> = recipients
            .iter()
            .copied()
            .chain([Recipient::Device(entry.device)])
            .collect();
        for recipient in &given {
            first.entry(*recipient).or_insert(entry.hash());
        }
        if epochs.contains(&epoch) {
            holders.extend(given);
        }
    }
    first
        .into_iter()
        .map(|(recipient, first)| (recipient, (first, holders.contains(&recipient))))
        .collect()
}
