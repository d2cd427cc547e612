//! Bundles: what a notebook's members lack as sealed files, made and taken in.

use data_encoding::BASE64;
use hearth_core::bundle::{BundleForm, BundleOpenError};
use hearth_core::engine::{
    BundleAim, BundleMakeError, BundleMaking, BundleMakingFacts, BundleTakeError, BundleTaken,
    BundleTaking,
};
use hearth_core::ids::{DeviceId, NotebookId, PersonId};
use serde_json::{Value, json};

use super::answer::{person, time, with};
use super::departure::not_a_member;
use super::resolve::{brief, find_notebook, find_person, unopened};
use crate::api::{BUNDLE_PIECE_BYTES, BundleRequest, Exit, Failure};
use crate::host::{Directory, Host, OpenBundle, no_notebook, random, sentence, storage_failed};

/// Does what a request about bundles asks.
pub(super) fn execute(host: &mut Host, request: &BundleRequest) -> Result<Value, Failure> {
    match request {
        BundleRequest::Create {
            notebook,
            person,
            full,
        } => create(host, notebook, person.as_deref(), *full),
        BundleRequest::Next { id } => next(host, *id),
        BundleRequest::Open => {
            let taking = host.engine.begin_taking_bundle();
            let taking = OpenBundle::Taking(Box::new(taking));
            Ok(json!({ "id": host.bundles.add(taking) }))
        }
        BundleRequest::Apply { id, bytes, last } => apply(host, *id, bytes, *last),
    }
}

fn create(
    host: &mut Host,
    notebook: &str,
    person: Option<&str>,
    full: bool,
) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let aim = match person {
        Some(text) => BundleAim::Person(find_person(host, notebook, text)?),
        None => BundleAim::All,
    };
    let form = if full {
        BundleForm::Whole
    } else {
        BundleForm::Lacking
    };
    let Host {
        engine, storage, ..
    } = host;
    let begun = engine.begin_bundle(notebook, aim, form, Host::now_ms(), storage, &mut random());
    let making = begun.map_err(|error| make_failed(host, notebook, aim, error))?;
    let making = OpenBundle::Making(Box::new(making));
    Ok(json!({ "id": host.bundles.add(making) }))
}

fn next(host: &mut Host, id: u64) -> Result<Value, Failure> {
    let Some(OpenBundle::Making(mut making)) = host.bundles.take(id) else {
        return Err(gone());
    };
    let notebook = making.facts().notebook;
    let mut bytes = Vec::new();
    while bytes.len() < BUNDLE_PIECE_BYTES {
        let more = host.engine.next_of_bundle(&mut making, &mut host.storage);
        match more.map_err(|error| make_failed(host, notebook, BundleAim::All, error))? {
            Some(more) => bytes.extend(more),
            None => break,
        }
    }
    if bytes.is_empty() {
        return Ok(made(host, &making));
    }
    let (done, total) = making.progress(&host.engine);
    let answer = json!({ "bytes": BASE64.encode(&bytes), "done": done, "total": total });
    host.bundles.put_back(id, OpenBundle::Making(making));
    Ok(answer)
}

/// What is known of a bundle that was made.
fn made(host: &mut Host, making: &BundleMaking) -> Value {
    let BundleMakingFacts {
        id,
        notebook,
        devices,
        unheard,
        entries,
        left_out,
        is_known,
        made_ms,
        form,
    } = making.facts();
    let directory = host.directory(*notebook);
    let of = |device: &DeviceId| {
        let owner = devices.get(device);
        device_view(&directory, owner, device)
    };
    let all: Vec<Value> = devices.keys().map(of).collect();
    let unheard: Vec<Value> = unheard.iter().map(of).collect();
    json!({
        "bundle": {
            "id": id.to_string(),
            "for": all,
            "made": time(*made_ms),
            "full": *form == BundleForm::Whole,
            "entries": entries,
            "left_out": left_out,
            "nothing_new": is_known,
            "never_heard": unheard,
        },
        "notebook": brief(host, *notebook),
    })
}

fn device_view(directory: &Directory, owner: Option<&PersonId>, device: &DeviceId) -> Value {
    let facts = json!({
        "device": device.to_string(),
        "device_label": directory.device_label(device),
    });
    match owner {
        Some(owner) => with(person(directory, owner), facts),
        None => facts,
    }
}

fn apply(host: &mut Host, id: u64, bytes: &str, is_last: bool) -> Result<Value, Failure> {
    let Some(OpenBundle::Taking(mut taking)) = host.bundles.take(id) else {
        return Err(gone());
    };
    let bytes = BASE64
        .decode(bytes.as_bytes())
        .map_err(|_| Failure::usage("bytes_invalid", "The part of the bundle is no base64."))?;
    let Host {
        engine, storage, ..
    } = host;
    let taken = engine.take_of_bundle(
        &mut taking,
        &bytes,
        is_last,
        Host::now_ms(),
        storage,
        &mut random(),
    );
    if let Err(error) = taken {
        return Err(take_failed(host, &taking, error));
    }
    if !is_last {
        let entries = taking
            .taken()
            .map_or(0, |taken| taken.entries + taken.known);
        host.bundles.put_back(id, OpenBundle::Taking(taking));
        return Ok(json!({ "entries": entries }));
    }
    let Some(taken) = taking.taken().cloned() else {
        // What was read to its end was believed, or refused above.
        return Err(gone());
    };
    let data = applied(host, &taken);
    if taken.missing > 0 || taken.misplaced > 0 {
        return Err(incomplete(&data, &taken));
    }
    Ok(data)
}

/// What became of a bundle that was taken in.
fn applied(host: &mut Host, taken: &BundleTaken) -> Value {
    let notebook = taken.notebook;
    let statuses = host.engine.peer_statuses(notebook);
    let of_maker = statuses.iter().find(|it| it.device == taken.device);
    let behind = of_maker.map_or(0, |status| status.behind);
    let directory = host.directory(notebook);
    let waiting = host.engine.replica(notebook).map_or(0, |it| it.waiting());
    json!({
        "bundle": {
            "id": taken.id.to_string(),
            "from": device_view(&directory, Some(&taken.person), &taken.device),
            "made": time(taken.made_ms),
            "full": taken.form == BundleForm::Whole,
            "entries": taken.entries,
            "known": taken.known,
            "controls": taken.controls,
            "missing": taken.missing,
            "news": taken.is_news,
            "new_notebook": taken.is_new_notebook,
        },
        "notebook": brief(host, notebook),
        "waiting": waiting,
        "behind": behind,
    })
}

/// The failure for a bundle that is sound and builds on what is not here.
fn incomplete(data: &Value, taken: &BundleTaken) -> Failure {
    let from = whose(data);
    let message = format!(
        "All of the bundle is taken in, but it builds on what is not here: {} that {from} had when it was made \
         did not come with it.",
        match taken.missing {
            0 => "something".to_owned(),
            1 => "a change".to_owned(),
            missing => format!("{missing} changes"),
        }
    );
    Failure::new(Exit::Partial, "bundle_incomplete", message)
        .with_hint(format!(
            "Apply the older bundles as well, if there are any. Otherwise ask {from} for all of it: \
             `hearth bundle create NOTEBOOK --for YOU --full --out FILE`."
        ))
        .with_details(data.clone())
}

fn whose(data: &Value) -> String {
    let from = data["bundle"]["from"].clone();
    let text = |key: &str| {
        from.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (name, label) = (text("name"), text("device_label"));
    if label.contains(&name) {
        label
    } else {
        format!("{name}'s {label}")
    }
}

fn gone() -> Failure {
    Failure::error("bundle_gone", "The node has lost track of the bundle.")
        .with_hint("Run the command again: a bundle may be applied as often as you like.")
}

fn make_failed(
    host: &mut Host,
    notebook: NotebookId,
    aim: BundleAim,
    error: BundleMakeError,
) -> Failure {
    match error {
        BundleMakeError::NoNotebook => no_notebook(),
        BundleMakeError::NotMember => not_a_member(host, notebook),
        BundleMakeError::Distrusted => Failure::new(
            Exit::NotAllowed,
            "distrusted",
            "You said that your words and theirs differ, so nothing is exchanged with them.",
        )
        .with_hint(format!(
            "If they are the same after all: `hearth member verify {notebook} PERSON --match`."
        )),
        BundleMakeError::Nobody => {
            let mine = aim == BundleAim::Person(host.me());
            Failure::error(
                "nobody",
                if mine {
                    "You have no other device in this notebook."
                } else {
                    "No other device is in this notebook, so there is nobody to make a bundle for."
                },
            )
            .with_hint(if mine {
                "Link one with `hearth device link`.".to_owned()
            } else {
                format!("Invite somebody: `hearth invite create {notebook} --as ROLE`.")
            })
        }
        BundleMakeError::MembersChanged => Failure::error(
            "members_changed",
            "Who is in the notebook changed while the bundle was written, so it is not finished.",
        )
        .with_hint("Run the command again."),
        BundleMakeError::Storage(error) => storage_failed(error),
        other => Failure::error("bundle_failed", sentence(&other.to_string())),
    }
}

fn take_failed(host: &mut Host, taking: &BundleTaking, error: BundleTakeError) -> Failure {
    let failure = match error {
        BundleTakeError::Open(error) => open_failed(&error, taking.taken().is_some()),
        BundleTakeError::Storage(error) => return storage_failed(error),
        BundleTakeError::Out(notebook, _) => {
            let why = not_a_member(host, notebook);
            Failure { hint: None, ..why }
                .with_hint("Nothing of the bundle was taken in, and nothing was changed.")
        }
        BundleTakeError::Unopened(notebook) => match host.engine.unopened().get(&notebook) {
            Some(error) => unopened(error),
            None => no_notebook(),
        },
        BundleTakeError::Stranger(notebook, device) => {
            let directory = host.directory(notebook);
            Failure::new(
                Exit::NotAllowed,
                "bundle_from_outsider",
                format!(
                    "The bundle was made by {}, which is no member's device of this notebook (any more).",
                    directory.device_label(&device)
                ),
            )
            .with_hint("Nothing was changed. Ask somebody who is a member for a bundle.")
        }
        BundleTakeError::Distrusted(notebook, person) => Failure::new(
            Exit::NotAllowed,
            "distrusted",
            format!(
                "The bundle was made by {}. You said that your words and theirs differ, so nothing is exchanged \
                 with them.",
                host.directory(notebook).person_name(&person)
            ),
        )
        .with_hint("Nothing was changed."),
        BundleTakeError::NotMember => Failure::new(
            Exit::NotAllowed,
            "not_a_member",
            "By what the bundle holds, this device is no member's of its notebook.",
        )
        .with_hint("Nothing was changed. Ask for an invitation."),
        BundleTakeError::NoBeginning => Failure::error(
            "bundle_without_beginning",
            "The notebook is not here yet, and this bundle holds only what came later.",
        )
        .with_hint(
            "Nothing was changed. Ask for all of it: `hearth bundle create NOTEBOOK --for YOU --full --out FILE`.",
        ),
        other => Failure::error("bundle_refused", sentence(&other.to_string())).with_hint(
            if taking.taken().is_some() {
                "What came before it is kept. Tell whoever made the bundle, and ask somebody else for one."
            } else {
                "Nothing was changed. Tell whoever made the bundle, and ask somebody else for one."
            },
        ),
    };
    match taking.taken().cloned() {
        Some(taken) => {
            let data = applied(host, &taken);
            failure.with_details(data)
        }
        None => failure,
    }
}

fn open_failed(error: &BundleOpenError, has_taken: bool) -> Failure {
    let message = sentence(&error.to_string());
    match error {
        BundleOpenError::NoBundle => Failure::usage("not_a_bundle", "This file is no bundle.")
            .with_hint("Make one with `hearth bundle create NOTEBOOK --for all --out FILE`."),
        BundleOpenError::Version(_) => Failure::error("bundle_version", message)
            .with_hint("Nothing was changed. Use a newer version of hearth."),
        BundleOpenError::NotForThisDevice => Failure::new(
            Exit::NotAllowed,
            "not_for_this_device",
            "This bundle is not for this device, which cannot open it.",
        )
        .with_hint(
            "Nothing was changed. It is for somebody else, or you made it yourself; or whoever made it did not know \
             of this device, or no longer counted you as a member. If this device is new, make a bundle on it for \
             them first, or ask for one on another device of yours.",
        ),
        error if error.is_damage() => {
            let kept = if has_taken {
                "What came before is sound and kept, and nothing else was changed."
            } else {
                "Nothing was changed."
            };
            Failure::new(Exit::Damaged, "bundle_damaged", message).with_hint(format!(
                "{kept} Copy the file once more, or ask for another one, and apply that: it goes on from there."
            ))
        }
        _ => Failure::error("bundle_not_understood", message)
            .with_hint("It may come from a newer version of hearth."),
    }
}
