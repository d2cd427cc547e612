//! Members, and the words that two of them compare.

use hearth_core::control::Member;
use hearth_core::engine::{Verification, VerificationState};
use hearth_core::ids::{NotebookId, PersonId};
use serde_json::{Value, json};

use super::answer::{person, with};
use super::resolve::{find_notebook, find_person};
use crate::api::{Failure, MemberRequest, VerifyStep};
use crate::host::{Directory, Host, no_notebook, storage_failed};

/// Does what a request about members asks.
pub(super) fn execute(host: &mut Host, request: &MemberRequest) -> Result<Value, Failure> {
    match request {
        MemberRequest::List { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            Ok(json!({ "members": members(host, notebook)? }))
        }
        MemberRequest::Verify {
            notebook,
            person,
            step,
        } => {
            let notebook = find_notebook(host, notebook)?;
            let person = find_person(host, notebook, person)?;
            verify(host, notebook, person, *step)
        }
    }
}

/// A notebook's members, the creator first, then in the order of their ids.
pub(super) fn members(host: &Host, notebook: NotebookId) -> Result<Vec<Value>, Failure> {
    let replica = host.engine.replica(notebook).ok_or_else(no_notebook)?;
    let directory = host.directory(notebook);
    let create = replica.controls().create();
    let mut all: Vec<_> = replica.membership().members().iter().collect();
    all.sort_by_key(|(person, member)| (member.admission != create, **person));
    all.into_iter()
        .map(|(person, member)| view(host, notebook, &directory, *person, member))
        .collect()
}

fn view(
    host: &Host,
    notebook: NotebookId,
    directory: &Directory,
    id: PersonId,
    member: &Member,
) -> Result<Value, Failure> {
    let is_me = id == host.me();
    let words = verification(host, notebook, id)?;
    let replica = host.engine.replica(notebook);
    let is_creator = replica.is_some_and(|replica| replica.controls().create() == member.admission);
    let devices: Vec<Value> = member
        .devices
        .keys()
        .map(|device| json!({ "id": device.to_string(), "label": directory.device_label(device) }))
        .collect();
    let added_by = replica
        .filter(|_| !is_creator)
        .and_then(|replica| replica.controls().device(&member.admitted_by))
        .map(|(by, _)| {
            let device = directory.device_label(&member.admitted_by);
            with(person(directory, &by), json!({ "device": device }))
        });
    let added_at = host
        .storage
        .seen(notebook, &member.admission)
        .map_err(storage_failed)?;
    // One's own words are compared with nobody.
    let verified = (!is_me).then(|| is_match(words.as_ref()));
    Ok(with(
        person(directory, &id),
        json!({
            "id": id.to_string(),
            "role": directory.profile(&id).map(|profile| profile.role.as_str()),
            "admin": member.rights.admin,
            "me": is_me,
            "verified": verified,
            "verification": words.as_ref().map_or("none", |words| state_word(words.state)),
            "devices": devices,
            "added_by": added_by,
            "added_at": added_at,
        }),
    ))
}

fn verify(
    host: &mut Host,
    notebook: NotebookId,
    id: PersonId,
    step: VerifyStep,
) -> Result<Value, Failure> {
    if id == host.me() {
        return Err(Failure::usage(
            "invalid",
            "These are your own words to compare with others.",
        )
        .with_hint("Name another member."));
    }
    let Some(mut words) = verification(host, notebook, id)? else {
        let directory = host.directory(notebook);
        let name = directory.person_name(&id);
        let by = host
            .engine
            .replica(notebook)
            .and_then(|replica| {
                let member = replica.membership().member(&id)?;
                let (by, _) = replica.controls().device(&member.admitted_by)?;
                Some(directory.person_name(&by))
            })
            .unwrap_or_else(|| "whoever invited them".to_owned());
        return Err(Failure::not_found(
            "no_words",
            format!("{name} was not paired with this device, so there are no words to compare."),
        )
        .with_hint(format!("{by} admitted {name} and can compare words.")));
    };
    let decided = match step {
        VerifyStep::Show => None,
        VerifyStep::Match => Some(VerificationState::Match),
        VerifyStep::Differ => Some(VerificationState::Differ),
    };
    if let Some(state) = decided {
        words.state = state;
        let Host {
            engine, storage, ..
        } = host;
        engine
            .decide_verification(notebook, id, &words, storage)
            .map_err(storage_failed)?;
    }
    let replica = host.engine.replica(notebook).ok_or_else(no_notebook)?;
    let member = replica.membership().member(&id).ok_or_else(no_notebook)?;
    let member = view(host, notebook, &host.directory(notebook), id, member)?;
    Ok(json!({ "member": member, "words": words.words, "state": state_word(words.state) }))
}

/// The words of the pairing with a person, where this device was the one that paired.
pub(super) fn verification(
    host: &Host,
    notebook: NotebookId,
    person: PersonId,
) -> Result<Option<Verification>, Failure> {
    host.engine
        .verification(notebook, person, &host.storage)
        .map_err(storage_failed)
}

/// Says whether the words were compared and found equal.
pub(super) fn is_match(words: Option<&Verification>) -> bool {
    words.is_some_and(|words| words.state == VerificationState::Match)
}

const fn state_word(state: VerificationState) -> &'static str {
    match state {
        VerificationState::Open => "open",
        VerificationState::Match => "match",
        VerificationState::Differ => "differ",
    }
}
