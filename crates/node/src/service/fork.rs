//! A notebook that goes on from another one: all of its signed history, and a ticket for everybody else.
//!
//! Every object keeps its id, and every change its author, device and time, proven by the signatures of the old notebook,
//! which are inside the new one.

use std::time::Duration;

use hearth_core::control::Role;
use hearth_core::engine::{AdoptError, FoundError};
use hearth_core::ids::{NotebookId, PersonId};
use hearth_core::limits::{BASE_ENTRIES_BYTES_MAX, BASE_PART_BYTES, BASE_PARTS_MAX};
use hearth_core::replica::ArchiveError;
use hearth_notebook::{closure, meta};
use serde_json::{Value, json};

use super::NodeFacts;
use super::answer::{control_failed, unavailable, with};
use super::carry::carry_into;
use super::invite::{admits_as_admin, check_expiry};
use super::notebook::{creator_role, founded, show};
use super::resolve::{find_notebook, find_person};
use crate::api::{Exit, Failure};
use crate::host::{Host, edit_failed, invalid, random, sentence, storage_failed};

/// How long files are taken over before the answer: those of most notebooks all are then.
const CARRY_MAX: Duration = Duration::from_secs(1);

/// What is added to a title where no other is given.
const TITLE_SUFFIX: &str = " (fork)";

/// What a fork carries over, in words for people.
const NOTICE: &str = "All that was written so far is in it, with the signatures of those who wrote it, and the files that are on this device. The old \
     notebook stays as it is: who is left out goes on there, and learns nothing of this one.";

/// Whom a new notebook invites, and what it is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fork<'a> {
    pub(super) without: &'a [String],
    pub(super) title: Option<&'a str>,
    pub(super) expires_s: Option<u64>,
}

/// The data of `notebook fork`.
pub(super) fn fork(
    host: &mut Host,
    node: &NodeFacts,
    notebook: &str,
    wishes: Fork<'_>,
) -> Result<Value, Failure> {
    let old = find_notebook(host, notebook)?;
    super::journal::refuse(host, old)?;
    let seconds = check_expiry(host, wishes.expires_s)?;
    let invited = invited(host, old, wishes.without)?;
    let (form, title) = content(host, old)?;
    let title = wishes
        .title
        .map_or_else(|| format!("{title}{TITLE_SUFFIX}"), str::to_owned);
    meta::check(&title, &form).map_err(|error| invalid(&error.into()))?;
    let role = own_role(host, old, &form)?;
    let new = found(host, old, role, &title)?;
    // What is left is taken over while the node runs, or when it is wanted.
    let has_more_files = carry_into(host, new, CARRY_MAX);

    let expires_ms = Host::now_ms().saturating_add(seconds.saturating_mul(1000));
    let mut tickets = Vec::new();
    for (person, name, role) in invited {
        let admin = admits_as_admin(host, new, role)?;
        let Host {
            engine, storage, ..
        } = &mut *host;
        let reachable = node.reachable.clone();
        let issued = engine.invite(
            new,
            role,
            admin,
            expires_ms,
            reachable,
            storage,
            &mut random(),
        );
        let issued = match issued {
            Ok(issued) => issued,
            Err(error) => {
                let failure = control_failed(host, new, error);
                return Err(in_part(new, &name, &failure));
            }
        };
        tickets.push(json!({
            "person": person.to_string(),
            "name": name,
            "role": role.as_str(),
            "admin": admin,
            "id": issued.id.to_string(),
            "ticket": issued.ticket.to_string(),
            "expires": super::answer::time(expires_ms),
        }));
    }
    let mut data = with(
        show(host, new)?,
        json!({
            "tickets": tickets,
            "forked_from": old.to_string(),
            "notice": NOTICE,
            "files_on_their_way": has_more_files,
        }),
    );
    if !node.running && !tickets.is_empty() {
        data["hint"] = json!("Run `hearth up`: only while it runs can the tickets be used.");
    }
    Ok(data)
}

/// Everybody else in the old notebook but those who are left out.
fn invited(
    host: &Host,
    old: NotebookId,
    without: &[String],
) -> Result<Vec<(PersonId, String, Role)>, Failure> {
    let me = host.me();
    let mut left_out = Vec::new();
    for text in without {
        let person = find_person(host, old, text).map_err(|failure| {
            let code = failure.code.clone();
            let hint = format!(
                "See who is in it with `hearth member list {old}`. Whoever is out already is not invited again."
            );
            if code == "not_found" {
                failure.with_hint(hint)
            } else {
                failure
            }
        })?;
        if person == me {
            return Err(
                Failure::usage("invalid", "You are in your own notebook in any case.")
                    .with_hint("Name somebody else."),
            );
        }
        left_out.push(person);
    }
    let directory = host.directory(old);
    Ok(directory
        .profiles()
        .filter(|profile| profile.person != me && !left_out.contains(&profile.person))
        .map(|profile| (profile.person, profile.name.clone(), profile.role))
        .collect())
}

fn content(host: &mut Host, old: NotebookId) -> Result<(String, String), Failure> {
    let (arrived, view) = host.read(old, |docs, people| {
        let arrived = founded(docs, people).map_err(unavailable)?.is_some();
        let view = meta::show(docs, people).map_err(unavailable)?;
        Ok((arrived, view))
    })?;
    if !arrived {
        return Err(not_arrived(old));
    }
    let form = view.form.word().to_owned();
    Ok((form, view.title))
}

/// Whoever forks writes in the new notebook, whatever they were in the old one.
fn own_role(host: &Host, old: NotebookId, form: &str) -> Result<Role, Failure> {
    let me = host.me();
    let directory = host.directory(old);
    let before = directory
        .profile(&me)
        .or_else(|| directory.former().find(|profile| profile.person == me));
    match before.map(|profile| profile.role) {
        Some(role) if role.may_write() => Ok(role),
        _ => creator_role(form, None),
    }
}

fn found(host: &mut Host, old: NotebookId, role: Role, title: &str) -> Result<NotebookId, Failure> {
    let made = host.found(Some(old), role, |docs, writer| {
        closure::go_on(docs, writer)?;
        meta::rename(docs, writer, title)
    });
    made.map_err(|error| match error {
        FoundError::Edit(error) => edit_failed(error),
        FoundError::Create(AdoptError::Storage(error))
        | FoundError::Archive(ArchiveError::Storage(error)) => storage_failed(error),
        FoundError::Archive(ArchiveError::NotArrived) => not_arrived(old),
        FoundError::Archive(ArchiveError::TooLong) => too_long(old),
        FoundError::Archive(_) | FoundError::Base(_) => Failure::error(
            "fork_refused",
            format!("Notebook {old} cannot be gone on from: {error}."),
        )
        .with_hint(format!(
            "Nothing was made. Run `hearth verify`; what is in notebook {old} stays readable."
        )),
        other => Failure::error("not_created", sentence(&other.to_string()))
            .with_hint("There is no new notebook."),
    })
}

/// The signed history does not fit into another notebook; the content does.
fn too_long(old: NotebookId) -> Failure {
    const MIB: usize = 1024 * 1024;
    let packed = BASE_PARTS_MAX * BASE_PART_BYTES / MIB;
    let entries = BASE_ENTRIES_BYTES_MAX / MIB;
    Failure::error(
        "fork_too_long",
        format!(
            "Notebook {old} has more history than a fork takes along: {packed} MiB packed, {entries} MiB in all."
        ),
    )
    .with_hint(format!(
        "Nothing was made. Its content goes on in a new notebook all the same: `hearth export {old} --format json \
         --out FILE`, `hearth notebook create TITLE`, `hearth import TITLE --format json FILE`; it is signed by you \
         then. `hearth export {old} --format signed --out FILE` keeps the proof of who wrote what."
    ))
}

fn not_arrived(old: NotebookId) -> Failure {
    Failure::error(
        "not_arrived",
        format!("The content of notebook {old} has not arrived yet."),
    )
    .with_hint(format!("Run `hearth sync {old}`, then fork it."))
}

fn in_part(new: NotebookId, name: &str, failure: &Failure) -> Failure {
    Failure::new(
        Exit::Partial,
        "fork_in_part",
        format!(
            "The new notebook {new} is made, and {name} could not be invited: {}",
            failure.message
        ),
    )
    .with_hint(format!(
        "See `hearth invite list {new}`, and invite the others with `hearth invite create {new}`."
    ))
}
