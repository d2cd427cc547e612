//! Members, and the words that two of them compare.

use hearth_core::control::{ControlKind, Member};
use hearth_core::engine::{DecideError, Verification, VerificationState};
use hearth_core::epoch::RekeyError;
use hearth_core::ids::{NotebookId, PersonId};
use hearth_core::replica::MemberError;
use serde_json::{Value, json};

use super::answer::{not_admin, person, with};
use super::departure::{departed, not_a_member};
use super::invite::admits_as_admin;
use super::notebook::parse_role;
use super::resolve::{brief, find_former, find_notebook, find_person};
use super::turned_away::turned_away;
use crate::api::{Exit, Failure, MemberRequest, VerifyStep};
use crate::host::{Directory, Host, no_notebook, random, sentence, storage_failed};

/// Does what a request about members asks.
pub(super) fn execute(host: &mut Host, request: &MemberRequest) -> Result<Value, Failure> {
    match request {
        MemberRequest::List { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            Ok(json!({
                "members": members(host, notebook)?,
                "turned_away": turned_away(host, notebook),
                "notebook": brief(host, notebook),
            }))
        }
        MemberRequest::Remove {
            notebook,
            person,
            check,
        } => remove(host, notebook, person, *check),
        MemberRequest::Role {
            notebook,
            person,
            role,
        } => set_role(host, notebook, person, role),
        MemberRequest::Admin {
            notebook,
            person,
            admin,
        } => set_admin(host, notebook, person, *admin),
        MemberRequest::Leave { notebook, check } => leave(host, notebook, *check),
        MemberRequest::Verify {
            notebook,
            person,
            step,
        } => {
            let notebook = find_notebook(host, notebook)?;
            match find_person(host, notebook, person) {
                Err(failure) if *step == VerifyStep::Match && failure.code == "not_found" => {
                    take_back(host, notebook, person, failure)
                }
                found => verify(host, notebook, found?, *step),
            }
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
            "verification": verification_word(words.as_ref()),
            "devices": devices,
            "added_by": added_by,
            "added_at": added_at,
        }),
    ))
}

/// Removes a member; `check` only says whether it could be done.
fn remove(host: &mut Host, notebook: &str, person: &str, check: bool) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let id = find_person(host, notebook, person)?;
    let member = member_view(host, notebook, id)?;
    let Host {
        engine, storage, ..
    } = &mut *host;
    let done = if check {
        engine.may_remove(notebook, id)
    } else {
        engine
            .remove_member(notebook, id, None, storage, &mut random())
            .map(drop)
    };
    done.map_err(|error| decide_failed(host, notebook, error))?;
    Ok(json!({ "member": member, "removed": !check, "notebook": brief(host, notebook) }))
}

fn set_role(host: &mut Host, notebook: &str, person: &str, role: &str) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let id = find_person(host, notebook, person)?;
    let role = parse_role(role)?;
    let before = host.directory(notebook).profile(&id).map(|it| it.role);
    // Who is an admin goes by the role, in each form in its way, unless somebody decided otherwise since.
    let admin = match before {
        Some(before) if is_admin(host, notebook, host.me()) => {
            let [was, is] = [before, role].map(|role| admits_as_admin(host, notebook, role));
            let (was, is) = (was?, is?);
            (was != is).then_some(is)
        }
        _ => None,
    };
    let Host {
        engine, storage, ..
    } = &mut *host;
    let set = engine.set_role(notebook, id, role, admin, storage, &mut random());
    decided(host, notebook, set)?;
    let member = member_view(host, notebook, id)?;
    Ok(json!({ "member": member, "notebook": brief(host, notebook) }))
}

fn set_admin(host: &mut Host, notebook: &str, person: &str, admin: bool) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let id = find_person(host, notebook, person)?;
    let Host {
        engine, storage, ..
    } = &mut *host;
    let set = engine.set_admin(notebook, id, admin, storage, &mut random());
    decided(host, notebook, set.map(drop))?;
    let member = member_view(host, notebook, id)?;
    Ok(json!({ "member": member, "notebook": brief(host, notebook) }))
}

fn leave(host: &mut Host, notebook: &str, check: bool) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    super::journal::refuse(host, notebook)?;
    let Host {
        engine, storage, ..
    } = &mut *host;
    let done = if check {
        engine.may_leave(notebook)
    } else {
        engine.leave(notebook, storage).map(drop)
    };
    done.map_err(|error| decide_failed(host, notebook, error))?;
    let departed = departed(host, notebook)?;
    Ok(json!({
        "notebook": with(brief(host, notebook), json!({ "departed": departed })),
        "left": !check,
    }))
}

/// What is so already is no failure: the command says what is.
fn decided(
    host: &mut Host,
    notebook: NotebookId,
    result: Result<(), DecideError>,
) -> Result<(), Failure> {
    match result {
        Ok(()) | Err(DecideError::Member(MemberError::Unchanged)) => Ok(()),
        Err(error) => Err(decide_failed(host, notebook, error)),
    }
}

fn is_admin(host: &Host, notebook: NotebookId, person: PersonId) -> bool {
    host.engine
        .replica(notebook)
        .and_then(|replica| replica.membership().member(&person))
        .is_some_and(|member| member.rights.admin)
}

/// The failure for something about members that was not done, with the way out.
pub(super) fn decide_failed(host: &mut Host, notebook: NotebookId, error: DecideError) -> Failure {
    let refused = |code: &str, message: String| Failure::new(Exit::NotAllowed, code, message);
    match error {
        DecideError::NoNotebook => no_notebook(),
        DecideError::Storage(error) => storage_failed(error),
        DecideError::Member(error) => match error {
            MemberError::NotMember => not_a_member(host, notebook),
            MemberError::NotAdmin => {
                let failure = not_admin(host, notebook);
                let asks = failure.hint.clone().unwrap_or_default();
                failure.with_hint(format!("{asks} {}", ways_out(notebook, None)))
            }
            MemberError::Senior(person) => {
                let name = host.directory(notebook).person_name(&person);
                refused(
                    "senior",
                    format!(
                        "{name} is senior to you in notebook {notebook}, so the rules would not \
                         count it."
                    ),
                )
                .with_hint(ways_out(notebook, Some(person)))
            }
            MemberError::LastAdmin => refused(
                "last_admin",
                format!("You are the last admin of notebook {notebook}, and others stay in it."),
            )
            .with_hint(format!(
                "Make somebody else an admin first, with `hearth member admin {notebook} NAME on`: \
                 `hearth member list {notebook}` names them."
            )),
            MemberError::Unknown(person) => Failure::not_found(
                "not_found",
                format!("There is no member {person} in notebook {notebook}."),
            )
            .with_hint(format!("See them with `hearth member list {notebook}`.")),
            MemberError::Myself => Failure::usage("invalid", "That is you.").with_hint(format!(
                "To go yourself, use `hearth member leave {notebook}`."
            )),
            MemberError::Rekey(RekeyError::NotAllowed) => refused(
                "read_only",
                "You can read this notebook, but not write in it.".to_owned(),
            )
            .with_hint("Ask an admin of the notebook to change your role."),
            MemberError::Rekey(error) => {
                Failure::error("key_missing", sentence(&error.to_string()))
                    .with_hint(format!("Run `hearth sync {notebook}`, then try again."))
            }
            other => Failure::error("not_done", sentence(&other.to_string()))
                .with_hint("Nothing was changed."),
        },
        other => Failure::error("not_done", sentence(&other.to_string()))
            .with_hint("Nothing was changed."),
    }
}

fn ways_out(notebook: NotebookId, without: Option<PersonId>) -> String {
    let without = without.map_or_else(|| "PERSON".to_owned(), |person| person.to_string());
    format!(
        "You can leave with `hearth member leave {notebook}`, or go on without them in a notebook \
         of your own: `hearth notebook fork {notebook} --without {without}`."
    )
}

fn member_view(host: &Host, notebook: NotebookId, id: PersonId) -> Result<Value, Failure> {
    let replica = host.engine.replica(notebook).ok_or_else(no_notebook)?;
    let member = replica.membership().member(&id).ok_or_else(no_notebook)?;
    view(host, notebook, &host.directory(notebook), id, member)
}

/// Whoever stands in between is out for everybody, where this person may say so.
fn remove_impostor(host: &mut Host, notebook: NotebookId, id: PersonId) -> Result<Value, Failure> {
    let replica = host.engine.replica(notebook).ok_or_else(no_notebook)?;
    let admission = replica.membership().member(&id).map(|it| it.admission);
    let invite = admission
        .and_then(|admission| replica.controls().get(&admission))
        .and_then(|entry| match &entry.kind {
            ControlKind::Admit(admit) if !admit.invite.is_zero() => Some(admit.invite),
            _ => None,
        });
    let Host {
        engine, storage, ..
    } = &mut *host;
    match engine.remove_member(notebook, id, invite, storage, &mut random()) {
        Ok(_) => Ok(json!({ "removed": true })),
        Err(
            error @ DecideError::Member(
                MemberError::NotAdmin
                | MemberError::Senior(_)
                | MemberError::NotMember
                | MemberError::Rekey(_),
            ),
        ) => {
            let failure = decide_failed(host, notebook, error);
            let who_can = who_can_remove(host, notebook, id);
            let hint = failure.hint;
            Ok(json!({ "removed": false, "who_can": who_can, "hint": hint }))
        }
        Err(error) => Err(decide_failed(host, notebook, error)),
    }
}

/// The members by whom the rules would count a removal, as far as this device can tell: those who let the
/// other one in, up to the creator.
fn who_can_remove(host: &Host, notebook: NotebookId, id: PersonId) -> Vec<Value> {
    let directory = host.directory(notebook);
    let Some(replica) = host.engine.replica(notebook) else {
        return Vec::new();
    };
    let membership = replica.membership();
    let seniors = membership
        .members()
        .iter()
        .filter(|(other, member)| {
            **other != id && member.rights.admin && membership.is_senior(other, &id)
        })
        .map(|(other, _)| person(&directory, other));
    seniors.collect()
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
    let member = member_view(host, notebook, id)?;
    let data = json!({ "member": member, "words": words.words, "state": state_word(words.state) });
    if decided == Some(VerificationState::Differ) {
        return Ok(with(data, remove_impostor(host, notebook, id)?));
    }
    Ok(data)
}

/// Takes back that words differed, for somebody who is out since: otherwise no new ticket would let them in.
/// The words are open again, for the next pairing has others; `unknown` is the failure where nobody is meant.
fn take_back(
    host: &mut Host,
    notebook: NotebookId,
    text: &str,
    unknown: Failure,
) -> Result<Value, Failure> {
    let Ok(id) = find_former(host, notebook, text) else {
        return Err(unknown);
    };
    let differed =
        verification(host, notebook, id)?.filter(|words| words.state == VerificationState::Differ);
    let Some(mut words) = differed else {
        return Err(unknown);
    };
    words.state = VerificationState::Open;
    let Host {
        engine, storage, ..
    } = host;
    engine
        .decide_verification(notebook, id, &words, storage)
        .map_err(storage_failed)?;
    let member = with(
        person(&host.directory(notebook), &id),
        json!({ "id": id.to_string(), "verified": false, "verification": state_word(words.state) }),
    );
    Ok(json!({
        "member": member,
        "words": words.words,
        "state": state_word(words.state),
        "out": true,
        "notebook": brief(host, notebook),
    }))
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

/// What became of the words, in a word: `none` where this device was not the one that paired.
pub(super) fn verification_word(words: Option<&Verification>) -> &'static str {
    words.map_or("none", |words| state_word(words.state))
}

const fn state_word(state: VerificationState) -> &'static str {
    match state {
        VerificationState::Open => "open",
        VerificationState::Match => "match",
        VerificationState::Differ => "differ",
    }
}
