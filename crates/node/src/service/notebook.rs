//! Notebooks themselves: title, form, phase, and what is in them.

use automerge::{ROOT, ReadDoc};
use hearth_core::base::BaseStanding;
use hearth_core::control::Role;
use hearth_core::engine::{AdoptError, FoundError};
use hearth_core::ids::NotebookId;
use hearth_notebook::{Author, Documents, EditError, Kind, People, Unavailable, meta};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::NodeFacts;
use super::answer::{quote, to_json, unavailable, with};
use super::departure::departed;
use super::fork::{self, Fork};
use super::member::{decide_failed, members};
use super::resolve::{find_notebook, notebooks, unopened};
use super::{glance, relationship, template};
use crate::api::{Failure, NotebookRequest};
use crate::host::{Directory, Host, edit_failed, invalid, random, sentence};

/// The kinds that a list of notebooks counts.
const COUNTED: [Kind; 4] = [Kind::Goal, Kind::Action, Kind::Session, Kind::Question];

/// Does what a request about notebooks asks.
pub(super) fn execute(
    host: &mut Host,
    node: &NodeFacts,
    request: &NotebookRequest,
) -> Result<Value, Failure> {
    match request {
        NotebookRequest::Create {
            title,
            form,
            role,
            template,
        } => create(host, title, form, role.as_deref(), template.as_deref()),
        NotebookRequest::List => {
            let mut listed = Vec::new();
            for notebook in notebooks(host) {
                // One damaged notebook must not hide the others.
                listed.push(
                    summary(host, notebook)
                        .unwrap_or_else(|failure| unreadable(notebook, &failure)),
                );
            }
            for (notebook, error) in host.engine.unopened() {
                listed.push(unreadable(*notebook, &unopened(error)));
            }
            Ok(json!({ "notebooks": listed }))
        }
        NotebookRequest::Show { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            show(host, notebook)
        }
        NotebookRequest::Glance { notebook, goals } => glance::glance(host, notebook, *goals),
        NotebookRequest::Timeline { notebook } => relationship::timeline(host, notebook),
        NotebookRequest::Reciprocity { notebook } => relationship::reciprocity(host, notebook),
        NotebookRequest::Phase { notebook, phase } => {
            let notebook = find_notebook(host, notebook)?;
            host.edit(notebook, |docs, writer| {
                meta::set_phase(docs, writer, phase)
            })?;
            show(host, notebook)
        }
        NotebookRequest::Fork {
            notebook,
            without,
            title,
            expires_s,
        } => fork::fork(
            host,
            node,
            notebook,
            Fork {
                without,
                title: title.as_deref(),
                expires_s: *expires_s,
            },
        ),
        NotebookRequest::Rekey { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            let Host {
                engine, storage, ..
            } = &mut *host;
            let started = engine.rekey(notebook, storage, &mut random());
            started.map_err(|error| decide_failed(host, notebook, error))?;
            show(host, notebook)
        }
        NotebookRequest::Rename { notebook, title } => {
            let notebook = find_notebook(host, notebook)?;
            host.edit(notebook, |docs, writer| meta::rename(docs, writer, title))?;
            show(host, notebook)
        }
    }
}

fn create(
    host: &mut Host,
    title: &str,
    form: &str,
    role: Option<&str>,
    template: Option<&str>,
) -> Result<Value, Failure> {
    // What was typed is judged before anything is made; the rest is one commit.
    meta::check(title, form).map_err(|error| invalid(&error.into()))?;
    if let Some(name) = template {
        template::find_shared(host, name)?;
    }
    let role = creator_role(form, role)?;
    let made = host.found(None, role, |docs, writer| {
        meta::create(docs, writer, title, form)?;
        match template {
            Some(name) => meta::set_template(docs, writer, name),
            None => Ok(()),
        }
    });
    let notebook = made.map_err(not_created)?;
    show(host, notebook)
}

/// The failure for a notebook that was not made.
pub(super) fn not_created(error: FoundError<EditError>) -> Failure {
    match error {
        FoundError::Edit(error) => edit_failed(error),
        FoundError::Create(AdoptError::Storage(error)) => crate::host::storage_failed(error),
        other => Failure::error("not_created", sentence(&other.to_string()))
            .with_hint("There is no new notebook."),
    }
}

pub(super) fn creator_role(form: &str, role: Option<&str>) -> Result<Role, Failure> {
    let role = match (role, form) {
        (Some(role), _) => parse_role(role)?,
        (None, "peer") => Role::Peer,
        (None, _) => Role::Mentor,
    };
    if role == Role::Observer {
        return Err(Failure::usage(
            "invalid",
            "Whoever creates a notebook writes in it, and an observer only reads.",
        )
        .with_hint("Use mentor, mentee or peer."));
    }
    Ok(role)
}

/// Reads a role as a person typed it.
pub(super) fn parse_role(role: &str) -> Result<Role, Failure> {
    role.parse().map_err(|_| {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        Failure::usage("invalid", format!("There is no role {}.", quote(role)))
            .with_hint(format!("There are: {}.", names.join(", ")))
    })
}

/// The data of a command on one notebook, with its members.
pub(super) fn show(host: &mut Host, notebook: NotebookId) -> Result<Value, Failure> {
    let summary = summary(host, notebook)?;
    let members = members(host, notebook)?;
    let state = state(host, notebook)?;
    let fits = template::suggestion(host, notebook)?;
    let state = with(state, json!({ "suggested_template": fits }));
    Ok(json!({ "notebook": with(with(summary, json!({ "members": members })), state) }))
}

/// What two devices compare to know that they have the same: the heads of the index document, and a
/// digest over all logs and control entries.
fn state(host: &mut Host, notebook: NotebookId) -> Result<Value, Failure> {
    let mut heads: Vec<String> = host.read(notebook, |docs, _| {
        let index = docs
            .read(hearth_notebook::DocumentId::INDEX)
            .map_err(unavailable)?;
        Ok(index.map_or_else(Vec::new, |index| {
            index.get_heads().iter().map(ToString::to_string).collect()
        }))
    })?;
    heads.sort();
    let frontier = host
        .engine
        .replica_mut(notebook)
        .map(|replica| data_encoding::HEXLOWER.encode(&replica.frontier_digest()));
    let from = host.engine.replica(notebook).map(|it| it.base());
    let from = match from {
        Some(BaseStanding::Sound(base)) => base.notebooks.first().map(ToString::to_string),
        _ => None,
    };
    Ok(json!({ "heads": heads, "frontier": frontier, "forked_from": from }))
}

/// A notebook as lists show it. Until its first content has arrived, it has neither title, form nor
/// phase.
fn summary(host: &mut Host, notebook: NotebookId) -> Result<Value, Failure> {
    let me = host.me();
    let role = host
        .directory(notebook)
        .profile(&me)
        .map(|profile| profile.role.as_str());
    let (view, founded, counts) = host.read(notebook, |docs, people| {
        let founded = founded(docs, people).map_err(unavailable)?;
        let view = meta::show(docs, people).map_err(unavailable)?;
        Ok((view, founded, counts(docs).map_err(unavailable)?))
    })?;
    let mut summary = json!({ "id": notebook.to_string() });
    summary = with(summary, to_json(&view)?);
    if founded.is_none() {
        summary = with(summary, json!({ "form": null, "phase": null }));
    }
    let departed = departed(host, notebook)?;
    let replica = host.engine.replica(notebook);
    let members = replica.map_or(0, |replica| replica.membership().members().len());
    let waiting = replica.map_or(0, |replica| replica.waiting());
    Ok(with(
        summary,
        json!({
            "role": role,
            "arrived": founded.is_some(),
            "created_at": founded.as_ref().and_then(|founded| founded.at),
            "created_by": founded.as_ref().map(|founded| to_json(&founded.by)).transpose()?,
            "counts": with(counts, json!({ "members": members })),
            "waiting": waiting,
            "departed": departed,
        }),
    ))
}

fn unreadable(notebook: NotebookId, failure: &Failure) -> Value {
    json!({ "id": notebook.to_string(), "title": "", "error": failure.message })
}

/// How many objects of each kind the index holds, without reading any of them.
fn counts(docs: &mut dyn Documents) -> Result<Value, Unavailable> {
    let mut counts = [0_u64; COUNTED.len()];
    if let Some(index) = docs.read(hearth_notebook::DocumentId::INDEX)? {
        for key in index.keys(ROOT) {
            let word = key.split_once('/').map(|(word, _)| word);
            for (count, kind) in counts.iter_mut().zip(COUNTED) {
                *count += u64::from(word == Some(kind.word()));
            }
        }
    }
    let counts: Map<String, Value> = COUNTED
        .iter()
        .zip(counts)
        .map(|(kind, count)| (kind.plural().to_owned(), count.into()))
        .collect();
    Ok(Value::Object(counts))
}

/// Who wrote the form of a notebook, and when.
pub(super) struct Founded {
    pub(super) by: Author,
    pub(super) at: Option<Timestamp>,
    /// Whether that was in the notebook that this one goes on from.
    pub(super) is_earlier: bool,
}

/// Reads who wrote the form that a notebook shows; `None` until it has arrived.
///
/// An honest notebook gets its form when it is created and never again.
pub(super) fn founded(
    docs: &mut dyn Documents,
    people: &Directory,
) -> Result<Option<Founded>, Unavailable> {
    let Some(index) = docs.read(hearth_notebook::DocumentId::INDEX)? else {
        return Ok(None);
    };
    let Ok(Some((_, operation))) = index.get(ROOT, "form") else {
        return Ok(None);
    };
    let (by, is_earlier) = match &operation {
        automerge::ObjId::Id(_, actor, _) => (people.author(actor), people.is_earlier(actor)),
        automerge::ObjId::Root => (Author::unknown(), false),
    };
    let at = index
        .hash_for_opid(&operation)
        .and_then(|hash| index.get_change_meta_by_hash(&hash))
        .and_then(|change| Timestamp::from_second(change.timestamp).ok());
    Ok(Some(Founded { by, at, is_earlier }))
}
