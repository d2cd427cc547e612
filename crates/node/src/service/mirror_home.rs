//! What a mirror's home answers: what it holds, whether it is sound, and nothing that needs a person.
//!
//! Everything is in numbers and ids. A mirror knows no names, and a report of it can be pasted.

use std::collections::VecDeque;

use hearth_core::mirror::{HeldStatus, Mirror};
use hearth_store::ProtectionKind;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::NodeFacts;
use super::answer::time;
use super::doctor::{Check, Verdict, clock_check, folder, network, port_check, report, socket_at};
use super::mirror::checkpoint_view;
use super::verify::Checking;
use crate::api::{Event, Failure, Request};
use crate::host::{HomeDir, Host, NodeStorage, StoredMirror, is_a_mirror, storage_failed};

/// Refusals that a running mirror remembers: what its owner may want to see, whoever knocks how often.
const REFUSALS_KEPT_MAX: usize = 64;
/// A part of the quota that is left, below which the owner is told: one in so many.
const NEARLY_FULL_PART: u64 = 10;

/// A mirror's home that is open in this process.
pub(crate) struct OpenMirror<'a> {
    pub(crate) home: &'a HomeDir,
    pub(crate) stored: &'a StoredMirror,
    pub(crate) mirror: &'a mut Mirror,
    pub(crate) storage: &'a mut NodeStorage,
    pub(crate) refusals: &'a Refusals,
}

/// Somebody who was refused something, since the mirror was started.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// When first and last, and how often in a row.
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) times: u64,
    /// A device or the key of a connection.
    pub(crate) who: String,
    /// The notebook, where it was about one.
    pub(crate) notebook: Option<String>,
    pub(crate) why: String,
}

/// The last refusals, newest first.
#[derive(Debug, Default)]
pub(crate) struct Refusals(VecDeque<Refusal>);

impl Refusals {
    /// Notes one; the same again counts up.
    pub(crate) fn note(&mut self, who: String, notebook: Option<String>, why: String) {
        let now = Host::now();
        let same = self
            .0
            .iter()
            .position(|known| (&known.who, &known.notebook, &known.why) == (&who, &notebook, &why));
        let refusal = match same.and_then(|place| self.0.remove(place)) {
            Some(known) => Refusal {
                last: now,
                times: known.times + 1,
                ..known
            },
            None => Refusal {
                first: now,
                last: now,
                times: 1,
                who,
                notebook,
                why,
            },
        };
        self.0.push_front(refusal);
        self.0.truncate(REFUSALS_KEPT_MAX);
    }

    /// Forgets those of somebody who turned out to be a member with something to be held.
    pub(crate) fn forgive(&mut self, who: &str) {
        self.0.retain(|refusal| refusal.who != who);
    }

    fn view(&self) -> Vec<Value> {
        let view = |refusal: &Refusal| {
            json!({
                "at": refusal.last.to_string(),
                "since": refusal.first.to_string(),
                "times": refusal.times,
                "who": refusal.who,
                "notebook": refusal.notebook,
                "why": refusal.why,
            })
        };
        self.0.iter().map(view).collect()
    }
}

/// Does what a request asks of a mirror's home.
///
/// # Errors
/// A [`Failure`] for whatever a mirror cannot do, which is nearly all, and for what it finds damaged.
pub(crate) fn answer_as_mirror(
    open: OpenMirror<'_>,
    node: &NodeFacts,
    request: &Request,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    match request {
        Request::Status => status(&open, node),
        Request::Doctor => Ok(doctor(&open, node)),
        Request::Verify => verify(open, on_event),
        Request::Unlock { .. } if node.running => Ok(json!({ "unlocked": true, "node": true })),
        Request::Unlock { .. } => unlocked(open.storage),
        _ => Err(is_a_mirror(open.home)),
    }
}

fn status(open: &OpenMirror<'_>, node: &NodeFacts) -> Result<Value, Failure> {
    let OpenMirror { stored, mirror, .. } = open;
    let quota = mirror.quota();
    let capsules = mirror.capsules_quota();
    let mut notebooks = Vec::new();
    for held in mirror.statuses() {
        notebooks.push(notebook(open, &held)?);
    }
    let damaged: Vec<Value> = mirror
        .unopened()
        .iter()
        .map(|(notebook, error)| json!({ "id": notebook.to_string(), "why": error.to_string() }))
        .collect();
    Ok(json!({
        "mirror": { "id": stored.secrets.id().to_string(), "name": stored.name },
        // Where it can be reached shows only while it runs.
        "ticket": node.running.then(|| stored.ticket(node.reachable.clone()).to_string()),
        "node": {
            "running": node.running,
            "addrs": node.addrs,
            "network": node.network,
        },
        "protection": protection_word(open.storage),
        "quota": {
            "used_bytes": quota.used_bytes,
            "total_bytes": quota.max_bytes,
            "notebook_bytes": stored.terms.limits.notebook_bytes,
            "keep_days": stored.terms.keep_days,
        },
        "capsules": {
            "count": mirror.kept_capsules().count(),
            "bytes": capsules.used_bytes,
            "bytes_max": capsules.max_bytes,
        },
        "connected": mirror.peers().count(),
        "notebooks": notebooks,
        "damaged": damaged,
        "refused": open.refusals.view(),
    }))
}

/// Says what it is good for that the passphrase was just given: nothing remembers a mirror's but the kernel's keyring, which
/// opening the home has filled.
fn unlocked(storage: &NodeStorage) -> Result<Value, Failure> {
    match storage.store().info().protection {
        ProtectionKind::Passphrase(_) => Err(Failure::usage(
            "mirror_home",
            "This is a mirror's home: nothing remembers its passphrase, and each command asks for it.",
        )
        .with_hint("While `hearth mirror up` runs, that process answers, and nothing asks again.")),
        _ => Ok(json!({
            "unlocked": true,
            "until": null,
            "protection": protection_word(storage),
        })),
    }
}

fn protection_word(storage: &NodeStorage) -> &'static str {
    match storage.store().info().protection {
        ProtectionKind::Passphrase(_) => "passphrase",
        ProtectionKind::Keyring(_) => "keyring",
        ProtectionKind::Bare => "bare",
        _ => "other",
    }
}

fn notebook(open: &OpenMirror<'_>, held: &HeldStatus) -> Result<Value, Failure> {
    let removed_ms = open
        .storage
        .get_own(&removed_key(&held.notebook.to_string()))
        .map_err(storage_failed)?
        .and_then(|bytes| bytes.try_into().ok())
        .map(u64::from_be_bytes);
    let keep_ms = u64::from(open.stored.terms.keep_days) * DAY_MS;
    let dropped_ms = removed_ms.map(|since_ms| since_ms.saturating_add(keep_ms));
    Ok(json!({
        "id": held.notebook.to_string(),
        "bytes": held.quota.used_bytes,
        "bytes_max": held.quota.max_bytes,
        "entries": held.entries,
        "checkpoint": checkpoint_view(&held.checkpoint, |person| json!(person.to_string())),
        "files": held.files,
        "files_bytes": held.files_bytes,
        "control_entries": held.controls,
        "people": held.people,
        "devices": held.devices,
        "connected": held.connected,
        "last_kept": held.pushed_ms.and_then(time),
        "last_heard": held.heard_ms.and_then(time),
        "full": held.has_refused,
        // It was taken off: what it has it keeps until then.
        "removed": !held.is_named,
        "dropped_after": dropped_ms.filter(|_| !held.is_named).and_then(time),
    }))
}

/// One day in milliseconds.
pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Under which word a mirror notes since when a notebook does not name it any more.
pub(crate) fn removed_key(notebook: &str) -> String {
    format!("removed/{notebook}")
}

fn doctor(open: &OpenMirror<'_>, node: &NodeFacts) -> Value {
    let OpenMirror { stored, mirror, .. } = open;
    let mut checks = vec![
        folder(open.home.root()),
        protection(open.storage),
        clock_check(),
        socket_at(open.home, node),
        port_check(stored.port, node),
        network(node),
        room(mirror),
    ];
    let full = mirror.statuses().filter(|held| held.has_refused).count();
    if full > 0 {
        let detail =
            format!("{full} notebooks have no room for what was sent: raise --notebook-quota");
        checks.push(Check::new("notebooks", Verdict::Warn, detail));
    } else {
        let detail = format!("{} held", mirror.statuses().count());
        checks.push(Check::new("notebooks", Verdict::Ok, detail));
    }
    if !mirror.unopened().is_empty() {
        let detail = format!("{} damaged, and given to nobody", mirror.unopened().len());
        checks.push(Check::new("notebooks", Verdict::Fail, detail));
    }
    report(&checks)
}

fn protection(storage: &NodeStorage) -> Check {
    let detail = match storage.store().info().protection {
        ProtectionKind::Bare => {
            "none: whoever can read the folder can pass for this mirror, and read no notebook"
        }
        ProtectionKind::Keyring(_) => "keyring and passphrase",
        _ => "passphrase",
    };
    Check::new("protection", Verdict::Ok, detail)
}

fn room(mirror: &Mirror) -> Check {
    const NAME: &str = "room";
    let quota = mirror.quota();
    let left = quota.max_bytes.saturating_sub(quota.used_bytes);
    let detail = format!("{} of at most {} bytes", quota.used_bytes, quota.max_bytes);
    if left < quota.max_bytes / NEARLY_FULL_PART {
        return Check::new(NAME, Verdict::Warn, format!("{detail}: raise --quota"));
    }
    Check::new(NAME, Verdict::Ok, detail)
}

/// Checks a mirror that does not run: nobody waits for it meanwhile.
fn verify(open: OpenMirror<'_>, on_event: &mut dyn FnMut(Event)) -> Result<Value, Failure> {
    let mut checking = begin_check(open.mirror, open.storage)?;
    while checking.step(open.storage, None, on_event) {}
    checked(checking)
}

/// Begins a check of all that a mirror holds.
///
/// # Errors
/// A [`Failure`] where the disk does not say what that is.
pub(crate) fn begin_check(
    mirror: &mut Mirror,
    storage: &mut NodeStorage,
) -> Result<Checking, Failure> {
    // What arrived in the same burst is in memory only yet, and would pass for a loss.
    mirror.flush(storage, Host::now_ms(), false);
    let all = storage.notebooks().map_err(storage_failed)?;
    Ok(Checking::new(all))
}

/// Says what a check of a mirror came to, once it is through.
///
/// # Errors
/// Exit code 14 with every damage in the details.
pub(crate) fn checked(checking: Checking) -> Result<Value, Failure> {
    checking.told(json!([])).map_err(|failure| {
        failure.with_hint(
            "Keep this folder to look into it. Make a mirror in a new folder and add it to the notebooks: \
             members send it all that they have.",
        )
    })
}
