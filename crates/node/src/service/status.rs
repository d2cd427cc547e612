//! Who this is, whether the node runs, and what each peer has confirmed.

use std::collections::BTreeSet;

use hearth_core::engine::PeerStatus;
use hearth_core::ids::NotebookId;
use hearth_store::ProtectionKind;
use serde_json::{Value, json};

use super::NodeFacts;
use super::answer::{person, time, with};
use super::capsule;
use super::departure::departed;
use super::device;
use super::journal::journals;
use super::member::{is_match, verification, verification_word};
use super::mirror::mirrors;
use super::resolve::{brief, notebooks, unopened};
use super::set_aside::{Kept, adopted_in};
use super::turned_away::turned_away;
use crate::api::Failure;
use crate::host::{AwaitedNotebook, Directory, Host};
use crate::net::Profile;

/// Entries that are read at most to say who built on what does not count by itself: a tenth of a second.
const ADOPTED_READ_MAX: usize = 4_096;

/// The data of `status`.
///
/// A peer's `behind` counts the entries here that it has not confirmed, `ahead` those that it says
/// it has and that are not here, both as of `last_contact`, or where `bundle` is there as of `bundle.made`.
pub(super) fn status(host: &mut Host, node: &NodeFacts) -> Result<Value, Failure> {
    let mut listed = Vec::new();
    for notebook in notebooks(host) {
        listed.push(notebook_status(host, node, notebook)?);
    }
    let mut own = Vec::new();
    // What a device that was taken off still has of the journal waits for nobody.
    let journals = if host.engine.is_own_device() {
        journals(host)
    } else {
        Vec::new()
    };
    for journal in journals {
        own.push(notebook_status(host, node, journal)?);
    }
    for (notebook, error) in host.engine.unopened() {
        listed.push(json!({
            "id": notebook.to_string(),
            "title": "",
            "peers": [],
            "warning": unopened(error).message,
            "warned_of": "damaged",
        }));
    }
    let contact = device::contact(host, node);
    let devices = device::devices(host)?;
    let recovery_kept = host.kept_phrase()?.is_some();
    let identity = host.engine.identity();
    Ok(json!({
        "person": { "id": identity.person().to_string(), "name": identity.name },
        "device": { "id": identity.device.id().to_string(), "label": identity.device_label },
        "node": {
            "running": node.running,
            "addrs": node.addrs,
            "network": node.network,
            "reveals": node.network.parse::<Profile>().ok().map(|profile| profile.reveals()),
        },
        "protection": protection(host),
        "devices": devices,
        "contact": contact,
        "warning": warning(host).map(|(_, message)| message),
        "warned_of": warning(host).map(|(word, _)| word),
        "enrolled_anew": host.enrolled_anew()?,
        "capsule": capsule::view(host)?,
        "recovery_kept": recovery_kept,
        "awaited": awaited(host)?,
        "notebooks": listed,
        // The journal reaches one's own devices only, and whether it has is worth knowing too.
        "journals": own,
    }))
}

/// The notebooks that a recovery knew of and that nobody has handed over yet.
fn awaited(host: &Host) -> Result<Vec<Value>, Failure> {
    let awaited = host.awaited()?;
    let view = |one: &AwaitedNotebook| {
        let names: BTreeSet<&str> = one
            .holders
            .iter()
            .map(|holder| holder.name.as_str())
            .collect();
        json!({ "id": one.notebook, "title": one.title, "from": names })
    };
    Ok(awaited.iter().map(view).collect())
}

/// What the person should know about this device before anything else: a word for it, and a sentence.
fn warning(host: &Host) -> Option<(&'static str, &'static str)> {
    if host.restored().is_ok_and(|restored| !restored.is_null()) {
        return Some((
            "restored",
            "This home came out of a backup: it reads, and writes once it was taken in. Run `hearth recover` \
             with your recovery phrase, or `hearth device accept` with a ticket of another device of yours.",
        ));
    }
    (!host.engine.is_own_device()).then_some((
        "taken-off",
        "This device was taken off your devices: it gets nothing new, and what it writes counts nowhere.",
    ))
}

fn notebook_status(
    host: &mut Host,
    node: &NodeFacts,
    notebook: NotebookId,
) -> Result<Value, Failure> {
    let mirrors = mirrors(host, node, notebook);
    let directory = host.directory(notebook);
    let mut peers = Vec::new();
    for status in host.engine.peer_statuses(notebook) {
        peers.push(peer(host, node, notebook, &directory, &status)?);
    }
    let pending_out = host.engine.pending_out(notebook);
    let adopted =
        adopted_in(host, notebook, ADOPTED_READ_MAX).map_err(crate::host::storage_failed)?;
    let replica = host.engine.replica(notebook);
    let waiting = replica.map_or(0, |replica| replica.waiting());
    let set_aside = replica.map_or(0, |replica| replica.set_aside().len());
    let set_aside_by = replica.map(|replica| Kept::of(replica, &directory, &adopted).summed_up());
    let departed = departed(host, notebook)?;
    let replica = host.engine.replica(notebook);
    let is_stale = replica.is_some_and(|replica| replica.is_stale_copy());
    let controls =
        replica.map(|replica| data_encoding::HEXLOWER.encode(&replica.frontier().control_digest));
    let mut status = with(
        brief(host, notebook),
        json!({
            "pending_out": pending_out,
            // Another one where anything about members, devices, keys or signatures was said.
            "controls": controls,
            "waiting": waiting,
            "set_aside": set_aside,
            "set_aside_by": set_aside_by.unwrap_or_default(),
            "peers": peers,
            "mirrors": mirrors,
            "departed": departed,
            "turned_away": turned_away(host, notebook),
        }),
    );
    // A word for it stands beside the sentence, for whoever says it in another language.
    let warned = if is_stale {
        Some((
            "stale",
            json!(
                "This home is an older copy of itself: it becomes a device of its own when it is next opened."
            ),
        ))
    } else if departed.is_object() {
        Some(("departed", departed["message"].clone()))
    } else if host.engine.awaits_before_revoking(notebook) {
        Some((
            "awaits",
            json!(
                "Your other devices are not all off here yet: what a member had must arrive first."
            ),
        ))
    } else if host.is_ahead(notebook) {
        Some((
            "ahead",
            json!(
                "What was written last is shown already; the rest of this notebook is still on its way here."
            ),
        ))
    } else {
        None
    };
    if let Some((word, message)) = warned {
        status["warning"] = message;
        status["warned_of"] = json!(word);
    }
    Ok(status)
}

fn peer(
    host: &Host,
    node: &NodeFacts,
    notebook: NotebookId,
    directory: &Directory,
    status: &PeerStatus,
) -> Result<Value, Failure> {
    let words = verification(host, notebook, status.person)?;
    let is_me = status.person == host.me();
    let state = match (status.connected, status.heard_ms) {
        (true, _) => "connected",
        (false, Some(_)) => "seen",
        (false, None) => "never",
    };
    let has_enough_links = state != "connected" && node.have_enough_links.contains(&status.device);
    let path = match node.paths.get(&status.device) {
        Some(path) if status.connected => path.as_str(),
        _ => "none",
    };
    Ok(with(
        person(directory, &status.person),
        json!({
            "device": status.device.to_string(),
            "device_label": directory.device_label(&status.device),
            "state": state,
            "last_contact": status.heard_ms.and_then(time),
            // What it has is known from a file, not from it: `made` by its own clock.
            "bundle": status.bundle.map(|bundle| json!({
                "made": time(bundle.made_ms),
                "applied": time(bundle.taken_ms),
            })),
            "path": path,
            "behind": status.behind,
            "ahead": status.ahead,
            "stopped": status.stopped,
            "set_back": status.set_back.as_ref().map(|(set_back, is_made_good)| json!({
                "at": time(set_back.at_ms),
                "lost_entries": set_back.lost_entries(),
                "made_good": is_made_good,
            })),
            "has_enough_links": has_enough_links,
            "verified": is_me || is_match(words.as_ref()),
            "verification": verification_word(words.as_ref()),
        }),
    ))
}

/// How the home is protected, with a warning where that is less than it should be.
pub(super) fn protection(host: &Host) -> Value {
    let kind = host.storage.store().info().protection;
    let weak = kind.cost().is_some_and(hearth_store::KdfCost::is_weak);
    let word = match kind {
        ProtectionKind::Passphrase(_) => "passphrase",
        ProtectionKind::Keyring(_) => "keyring",
        ProtectionKind::Bare => "bare",
        _ => "other",
    };
    let warning = match kind {
        ProtectionKind::Bare => {
            Some("Nothing protects this home: anyone who can read its folder can read your notes.")
        }
        _ if weak => Some(
            "The passphrase is cheap to guess: this home was made for tests. Run `hearth passphrase change`.",
        ),
        _ => None,
    };
    json!({
        "kind": word,
        "weak": weak,
        "warning": warning,
        "unlocked_minutes": host.settings.unlock_for().as_secs() / 60,
    })
}
