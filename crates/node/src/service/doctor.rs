//! Checks that can be pasted into a report: no names, no titles, no full ids, no full paths.

use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hearth_core::ids::NotebookId;
use hearth_core::limits::CAPSULE_BYTES_MAX;
use hearth_store::{ProtectionKind, Scope};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::NodeFacts;
use super::capsule::JournalCopy;
use super::resolve::with_journals;
use crate::api::Failure;
use crate::host::{HomeDir, Host};

/// Before this program was written no clock can be right.
const EARLIEST_CLOCK: &str = "2026-11-01T00:00:00Z";
/// A peer that was heard this far in the future says that the clock went back.
const CLOCK_SLACK_MS: u64 = 5 * 60 * 1000;
/// Characters of an id that tell notebooks apart in a report and name none.
const ID_CHARS: usize = 6;
/// What the check of the clock is called.
const CLOCK: &str = "clock";

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

pub(super) struct Check {
    name: &'static str,
    verdict: Verdict,
    detail: String,
}

impl Check {
    pub(super) fn new(name: &'static str, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            name,
            verdict,
            detail: detail.into(),
        }
    }

    fn view(&self) -> Value {
        json!({
            "name": self.name,
            "ok": self.verdict == Verdict::Ok,
            "status": self.verdict.word(),
            "detail": self.detail,
        })
    }
}

/// The data of `doctor`: `checks[]` with `name`, `ok`, `status` (`ok`, `warn` or `fail`) and `detail`.
pub(super) fn doctor(host: &mut Host, node: &NodeFacts) -> Result<Value, Failure> {
    let mut checks = vec![
        folder(host.home().root()),
        protection(host),
        clock(host),
        socket_at(host.home(), node),
        port_check(host.identity.profile.port, node),
        network(node),
        capsule(host)?,
    ];
    for notebook in with_journals(host) {
        checks.push(stream(host, notebook));
        checks.extend(content(host, notebook));
    }
    for notebook in host.engine.unopened().keys() {
        let detail = format!("notebook {}: damaged, it does not open", short(*notebook));
        checks.push(Check::new("content", Verdict::Fail, detail));
    }
    Ok(report(&checks))
}

/// Puts checks together.
pub(super) fn report(checks: &[Check]) -> Value {
    let all_ok = checks.iter().all(|check| check.verdict == Verdict::Ok);
    let checks: Vec<Value> = checks.iter().map(Check::view).collect();
    json!({
        "checks": checks,
        "healthy": all_ok,
        "version": env!("CARGO_PKG_VERSION"),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "next": "hearth verify",
    })
}

pub(super) fn folder(root: &Path) -> Check {
    const NAME: &str = "home folder";
    match std::fs::metadata(root) {
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            let verdict = if mode & 0o077 == 0 {
                Verdict::Ok
            } else {
                Verdict::Warn
            };
            Check::new(NAME, verdict, format!("mode {mode:04o}"))
        }
        Err(error) => Check::new(NAME, Verdict::Fail, error.kind().to_string()),
    }
}

fn protection(host: &Host) -> Check {
    let (verdict, detail) = match host.storage.store().info().protection {
        ProtectionKind::Bare => (
            Verdict::Warn,
            "none: whoever can read the folder can read the notes",
        ),
        kind if kind.cost().is_some_and(hearth_store::KdfCost::is_weak) => {
            (Verdict::Warn, "a passphrase that is cheap to guess")
        }
        ProtectionKind::Keyring(_) => (Verdict::Ok, "keyring and passphrase"),
        _ => (Verdict::Ok, "passphrase"),
    };
    Check::new("protection", verdict, detail)
}

/// Says whether the clock can be right.
pub(super) fn clock_check() -> Check {
    let now = Host::now();
    if EARLIEST_CLOCK
        .parse()
        .is_ok_and(|earliest: Timestamp| now < earliest)
    {
        return Check::new(CLOCK, Verdict::Warn, "it is set to a time long past");
    }
    let detail = "plausible; nothing depends on it but times that are shown";
    Check::new(CLOCK, Verdict::Ok, detail)
}

fn clock(host: &mut Host) -> Check {
    let now_ms = Host::now_ms();
    let mut newest_ms = 0;
    for notebook in with_journals(host) {
        let peers = host.engine.peer_statuses(notebook);
        newest_ms = peers
            .iter()
            .filter_map(|peer| peer.heard_ms)
            .fold(newest_ms, u64::max);
    }
    if newest_ms > now_ms.saturating_add(CLOCK_SLACK_MS) {
        return Check::new(CLOCK, Verdict::Warn, "it went back since a peer was heard");
    }
    clock_check()
}

/// Says where the control socket of a home is.
pub(super) fn socket_at(home: &HomeDir, node: &NodeFacts) -> Check {
    const NAME: &str = "control socket";
    match home.socket() {
        Err(_) => Check::new(
            NAME,
            Verdict::Fail,
            "the home's path is too long for one, and there is no runtime folder",
        ),
        Ok(path) => {
            let place = if path.starts_with(home.root()) {
                "in the home"
            } else {
                "in the runtime folder"
            };
            match (node.running, path.exists()) {
                (true, false) => Check::new(NAME, Verdict::Fail, format!("missing {place}")),
                (false, true) => Check::new(
                    NAME,
                    Verdict::Ok,
                    format!("left {place} by a node that ended; the next one replaces it"),
                ),
                _ => Check::new(NAME, Verdict::Ok, place),
            }
        }
    }
}

/// Says whether the port that a home keeps is used, or free.
pub(super) fn port_check(kept: u16, node: &NodeFacts) -> Check {
    const NAME: &str = "network port";
    if node.running {
        let suffix = format!(":{kept}");
        return if node.addrs.iter().any(|addr| addr.ends_with(&suffix)) {
            Check::new(NAME, Verdict::Ok, "the node listens on the kept port")
        } else {
            Check::new(
                NAME,
                Verdict::Warn,
                "the node listens on another port than the kept one, which older tickets name",
            )
        };
    }
    match UdpSocket::bind(("0.0.0.0", kept)) {
        Ok(_free) => Check::new(NAME, Verdict::Ok, "the kept port is free"),
        Err(error) => Check::new(
            NAME,
            Verdict::Warn,
            format!("the kept port cannot be used: {}", error.kind()),
        ),
    }
}

pub(super) fn network(node: &NodeFacts) -> Check {
    // The addresses of relays name whoever runs them.
    let profile = node.network.split('=').next().unwrap_or_default();
    let detail = if node.running {
        format!("{profile}, {} addresses", node.addrs.len())
    } else {
        format!("{profile}, the node does not run")
    };
    Check::new("network", Verdict::Ok, detail)
}

/// Says whether the list of notebooks that a recovery needs is with others.
fn capsule(host: &Host) -> Result<Check, Failure> {
    const NAME: &str = "capsule";
    let Some(facts) = super::capsule::facts(host)? else {
        let detail = "none: no other device could keep one";
        return Ok(Check::new(NAME, Verdict::Ok, detail));
    };
    let mut kept = format!("kept by {} of {} devices", facts.keepers, facts.others);
    if !facts.mirrors.is_empty() {
        let keeping = facts.mirrors.iter().filter(|mirror| mirror.keeps).count();
        kept.push_str(&format!(
            " and {keeping} of {} mirrors",
            facts.mirrors.len()
        ));
    }
    kept.push_str(&format!(", {} bytes", facts.bytes));
    if facts.mirrors.iter().any(|mirror| mirror.had_no_room) {
        let detail = format!("{kept}; a mirror has no room for it");
        return Ok(Check::new(NAME, Verdict::Warn, detail));
    }
    Ok(match facts.journal {
        JournalCopy::TooLarge => Check::new(
            NAME,
            Verdict::Warn,
            format!(
                "{kept}; the journal is too large to be in it (a capsule has {CAPSULE_BYTES_MAX} bytes at most)"
            ),
        ),
        JournalCopy::Copied => Check::new(NAME, Verdict::Ok, format!("{kept}, journal included")),
        _ => Check::new(NAME, Verdict::Ok, kept),
    })
}

/// Compares the stream's recorded length with what was read of it; `verify` opens all of it.
fn stream(host: &Host, notebook: NotebookId) -> Check {
    const NAME: &str = "entries";
    let id = short(notebook);
    let expected = host
        .engine
        .replica(notebook)
        .map_or(0, |replica| replica.next_position());
    let scope = Scope(*notebook.as_bytes());
    match host.storage.store().stream_length(scope) {
        Ok(length) if length.0 == expected => {
            Check::new(NAME, Verdict::Ok, format!("notebook {id}: {expected}"))
        }
        Ok(length) => Check::new(
            NAME,
            Verdict::Fail,
            format!("notebook {id}: {} on disk, {expected} in memory", length.0),
        ),
        Err(_) => Check::new(NAME, Verdict::Fail, format!("notebook {id}: damaged")),
    }
}

fn content(host: &Host, notebook: NotebookId) -> Vec<Check> {
    const NAME: &str = "content";
    let id = short(notebook);
    let Some(replica) = host.engine.replica(notebook) else {
        return Vec::new();
    };
    let mut checks = Vec::new();
    if replica.is_stale_copy() {
        let detail = format!("notebook {id}: this home is an older copy of itself");
        checks.push(Check::new(NAME, Verdict::Fail, detail));
    }
    if replica.waiting() > 0 {
        let detail = format!(
            "notebook {id}: {} entries wait for others",
            replica.waiting()
        );
        checks.push(Check::new(NAME, Verdict::Warn, detail));
    }
    if !replica.set_aside().is_empty() {
        let count = replica.set_aside().len();
        let detail = format!("notebook {id}: {count} entries are set aside");
        checks.push(Check::new(NAME, Verdict::Warn, detail));
    }
    checks
}

fn short(notebook: NotebookId) -> String {
    notebook.to_string().chars().take(ID_CHARS).collect()
}
