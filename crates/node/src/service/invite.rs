//! Invitations.

use hearth_core::control::{ControlEntry, InviteState, Label, Role};
use hearth_core::engine::AdoptError;
use hearth_core::ids::{ControlHash, NotebookId};
use hearth_core::limits::PAIRING_ATTEMPTS_MAX;
use hearth_core::replica::InviteError;
use hearth_notebook::{Form, meta};
use serde_json::{Value, json};

use super::NodeFacts;
use super::answer::{control_failed, not_admin, person, time, unavailable};
use super::notebook::{founded, parse_role};
use super::resolve::{Candidate, brief, choose, find_notebook};
use crate::api::{Exit, Failure, InviteRequest};
use crate::host::{Host, random, storage_failed};

/// Longest time that a ticket may be good for: it is a secret on its way, and should not lie about.
const EXPIRES_SECONDS_MAX: u64 = 366 * 24 * 3600;

/// Does what a request about invitations asks.
pub(super) fn execute(
    host: &mut Host,
    node: &NodeFacts,
    request: &InviteRequest,
) -> Result<Value, Failure> {
    match request {
        InviteRequest::Create {
            notebook,
            role,
            expires_s,
        } => create(host, node, notebook, role, *expires_s),
        InviteRequest::List { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            let invites: Result<Vec<Value>, Failure> = invites(host, notebook)
                .into_iter()
                .map(|id| view(host, notebook, id))
                .collect();
            Ok(json!({ "invites": invites? }))
        }
        InviteRequest::Revoke { notebook, invite } => revoke(host, notebook, invite),
    }
}

fn create(
    host: &mut Host,
    node: &NodeFacts,
    notebook: &str,
    role: &str,
    expires_s: Option<u64>,
) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    super::journal::refuse(host, notebook)?;
    super::graduate::refuse_closed(host, notebook)?;
    let role = parse_role(role)?;
    let seconds = check_expiry(host, expires_s)?;
    let is_admin = host.engine.replica(notebook).is_some_and(|replica| {
        let membership = replica.membership();
        membership
            .member(&host.me())
            .is_some_and(|me| me.rights.admin)
    });
    if !is_admin {
        return Err(not_admin(host, notebook));
    }
    let admin = admits_as_admin(host, notebook, role)?;
    let expires_ms = Host::now_ms().saturating_add(seconds.saturating_mul(1000));
    let Host {
        engine, storage, ..
    } = host;
    let issued = engine.invite(
        notebook,
        role,
        admin,
        expires_ms,
        node.reachable.clone(),
        storage,
        &mut random(),
    );
    let issued = issued.map_err(|error| control_failed(host, notebook, error))?;
    let mut data = json!({
        "id": issued.id.to_string(),
        "ticket": issued.ticket.to_string(),
        "expires": time(expires_ms),
        "role": role.as_str(),
        "admin": admin,
        "notebook": brief(host, notebook),
    });
    if !node.running {
        data["hint"] = json!("Run `hearth up`: only while it runs can the ticket be used.");
    }
    Ok(data)
}

/// Returns for how many seconds a ticket is good.
pub(super) fn check_expiry(host: &Host, expires_s: Option<u64>) -> Result<u64, Failure> {
    let seconds = expires_s.unwrap_or_else(|| host.settings.invite_for().as_secs());
    if (1..=EXPIRES_SECONDS_MAX).contains(&seconds) {
        return Ok(seconds);
    }
    Err(Failure::usage(
        "invalid",
        "A ticket is good for a second at least and a year at most.",
    )
    .with_hint("Write --expires 24h, for example."))
}

/// Says whether whoever is invited as `role` becomes an admin: writers in `one-on-one` and `peer`,
/// only mentors in `group`, observers never.
///
/// Any writer can change the form in the document, and must not make admins by it: only a form that
/// an admin wrote counts. What a fork began with stands: its creator let it.
pub(super) fn admits_as_admin(
    host: &mut Host,
    notebook: NotebookId,
    role: Role,
) -> Result<bool, Failure> {
    let (form, founded) = host.read(notebook, |docs, people| {
        let founded = founded(docs, people).map_err(unavailable)?;
        Ok((meta::show(docs, people).map_err(unavailable)?.form, founded))
    })?;
    let Some(founded) = founded else {
        return Err(Failure::error(
            "not_arrived",
            format!("The content of notebook {notebook} has not arrived yet."),
        )
        .with_hint(format!("Run `hearth sync {notebook}`, then invite.")));
    };
    let by_admin = host
        .engine
        .replica(notebook)
        .zip(founded.by.person.parse().ok())
        .and_then(|(replica, person)| replica.membership().member(&person))
        .is_some_and(|member| member.rights.admin);
    if !by_admin && !founded.is_earlier {
        return Err(Failure::new(
            Exit::NotAllowed,
            "form_disputed",
            format!(
                "The form of notebook {notebook} was changed by {}, who is no admin of it.",
                founded.by.name
            ),
        )
        .with_hint(format!("See `hearth log {notebook}` and talk to them.")));
    }
    Ok(match (role, form) {
        (Role::Observer, _) => false,
        (role, Form::Group) => role == Role::Mentor,
        _ => true,
    })
}

fn revoke(host: &mut Host, notebook: &str, text: &str) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let candidates = invites(host, notebook).into_iter().map(|id| Candidate {
        id: id.to_string(),
        title: String::new(),
        value: id,
    });
    let id =
        choose("invitation", text, candidates).map_err(|failure| match failure.code.as_str() {
            "not_found" => {
                failure.with_hint(format!("See them with `hearth invite list {notebook}`."))
            }
            _ => failure,
        })?;
    let Host {
        engine, storage, ..
    } = host;
    match engine.revoke_invite(notebook, id, storage) {
        // Taking back what was taken back already changes nothing and is no error.
        Ok(()) | Err(AdoptError::Invite(InviteError::NotOpen(InviteState::Revoked))) => {}
        Err(AdoptError::Invite(InviteError::NotOpen(_))) => {
            return Err(Failure::error(
                "invite_used",
                format!("The invitation {id} was used, so it can no longer be taken back."),
            )
            .with_hint(format!(
                "See who joined with `hearth member list {notebook}`."
            )));
        }
        Err(error) => return Err(control_failed(host, notebook, error)),
    }
    Ok(json!({ "invite": view(host, notebook, id)? }))
}

/// The invitations that count, in the order in which they were made.
fn invites(host: &Host, notebook: NotebookId) -> Vec<ControlHash> {
    let Some(replica) = host.engine.replica(notebook) else {
        return Vec::new();
    };
    let known = replica.membership().invites();
    replica
        .controls()
        .iter()
        .map(ControlEntry::hash)
        .filter(|hash| known.contains_key(hash))
        .collect()
}

fn view(host: &Host, notebook: NotebookId, id: ControlHash) -> Result<Value, Failure> {
    let directory = host.directory(notebook);
    let replica = host.engine.replica(notebook);
    let entry = replica.and_then(|replica| replica.controls().get(&id));
    let label = replica
        .zip(entry)
        .and_then(|(replica, entry)| replica.open_label(entry));
    let (role, expires_ms) = match label {
        Some(Label::Invite { role, expires_ms }) => (Some(role.as_str()), Some(expires_ms)),
        _ => (None, None),
    };
    let record = host.engine.invite_record(id, &host.storage);
    // The device that issued it stops answering after so many tries, whoever made them.
    let is_worn_out = record.is_some_and(|(_, record)| record.attempts >= PAIRING_ATTEMPTS_MAX);
    let is_over = expires_ms.is_some_and(|expires_ms| Host::now_ms() >= expires_ms);
    let mut used_by = Value::Null;
    let state = match host.engine.invite_state(notebook, &id) {
        Some(InviteState::Used(by)) => {
            used_by = person(&directory, &by);
            "used"
        }
        Some(InviteState::Revoked) => "revoked",
        _ if is_worn_out => "used",
        _ if is_over => "expired",
        _ => "open",
    };
    let created_at = host
        .storage
        .seen(notebook, &id)
        .map_err(storage_failed)?
        .map(|at| at.to_string());
    let issuer = entry.map(|entry| entry.device);
    Ok(json!({
        "id": id.to_string(),
        "role": role,
        "state": state,
        "expires": expires_ms.and_then(time),
        "used_by": used_by,
        "created_at": created_at,
        "issued_by": issuer.map(|device| json!({
            "device": directory.device_label(&device),
            "device_id": device.to_string(),
        })),
        "redeemed_here": issuer == Some(host.my_device()),
    }))
}
