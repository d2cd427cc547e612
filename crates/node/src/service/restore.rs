//! Bringing an object back to how it was.

use hearth_core::ids::NotebookId;
use hearth_notebook::lookup::{Entry, ResolveError};
use hearth_notebook::restore::{self, RestoreError, Version};
use hearth_notebook::{
    Documents, Kind, ObjectId, action, comment, feedback, goal, question, session,
};
use serde_json::{Value, json};

use super::answer::{data, quote, read_failed, unavailable, with};
use super::journal::journals;
use super::resolve::{brief, find_notebook, find_object, notebooks, title};
use crate::api::{Exit, Failure};
use crate::host::{Directory, Host, sentence};

/// Characters of a change's id in a command to paste: unmistakable, and short enough for a line.
const CHANGE_CHARS: usize = 12;

/// The data of `restore`: the object under its noun, whether anything changed, and the way back.
pub(super) fn restore(host: &mut Host, text: &str, at: &str) -> Result<Value, Failure> {
    let (notebook, entry) = find(host, text, at)?;
    let version = version(host, notebook, &entry, at)?;
    let prepared = host.read(notebook, |docs, people| {
        Ok(restore::prepare(docs, people, &entry, &version))
    })?;
    let prepared = prepared.map_err(|error| failed(notebook, &entry, error))?;
    let way_back = prepared.way_back.clone();
    let changed = !prepared.is_empty();
    if changed {
        host.edit(notebook, |docs, writer| {
            restore::apply(docs, writer, prepared)
        })?;
    }
    let id = match entry.kind {
        Kind::Notebook => notebook.to_string(),
        _ => entry.id.to_string(),
    };
    let short: Vec<&str> = way_back
        .iter()
        .map(|change| change.get(..CHANGE_CHARS).unwrap_or(change))
        .collect();
    let command = changed.then(|| format!("hearth restore {id} --at {}", short.join(",")));
    let answer = json!({
        "restored": changed,
        "object": { "id": id, "kind": entry.kind, "title": entry.title },
        "at": version.changes,
        "way_back": changed.then(|| json!({ "changes": way_back, "command": command })),
        "notebook": brief(host, notebook),
    });
    Ok(with(shown(host, notebook, &entry)?, answer))
}

/// Finds the object: among what is there, or among what was there at the change.
fn find(host: &mut Host, text: &str, at: &str) -> Result<(NotebookId, Entry), Failure> {
    let missing = match find_object(host, text, &[]) {
        Err(failure) if failure.code == "not_found" => failure,
        found => return found,
    };
    let mut all = notebooks(host);
    all.extend(journals(host));
    for notebook in all {
        let found = host.read(notebook, |docs, _| Ok(was_there(docs, text, at)))?;
        match found {
            Some(Ok(entry)) => return Ok((notebook, entry)),
            Some(Err(error @ ResolveError::Ambiguous { .. })) => {
                return Err(
                    Failure::not_found("ambiguous", sentence(&error.to_string()))
                        .with_hint("Give the whole id."),
                );
            }
            _ => {}
        }
    }
    match find_notebook(host, text) {
        Ok(notebook) => Ok((
            notebook,
            Entry {
                id: ObjectId::from_bytes([0; 16]),
                kind: Kind::Notebook,
                title: title(host, notebook),
                parent: None,
            },
        )),
        Err(_) => Err(missing),
    }
}

fn was_there(
    docs: &mut dyn Documents,
    text: &str,
    at: &str,
) -> Option<Result<Entry, ResolveError>> {
    let version = restore::version(docs, at).ok()?;
    Some(restore::find_at(docs, &version, text))
}

fn version(
    host: &mut Host,
    notebook: NotebookId,
    entry: &Entry,
    at: &str,
) -> Result<Version, Failure> {
    let found = host.read(notebook, |docs, _| Ok(restore::version(docs, at)))?;
    let error = match found {
        Ok(version) => return Ok(version),
        Err(error) => error,
    };
    let failure = failed(notebook, entry, error);
    if failure.code != "change_unknown" {
        return Err(failure);
    }
    // A change of another notebook is named as one, so that nobody looks for a typing mistake.
    for other in notebooks(host) {
        let is_there = host.read(other, |docs, _| Ok(restore::version(docs, at).is_ok()))?;
        if is_there {
            let of = quote(&title(host, other));
            return Err(Failure::not_found(
                "change_foreign",
                format!(
                    "Change {} is of notebook {of}, and not of this one.",
                    quote(at)
                ),
            )
            .with_hint(see_log(notebook, entry)));
        }
    }
    Err(failure)
}

fn see_log(notebook: NotebookId, entry: &Entry) -> String {
    match entry.kind {
        Kind::Notebook => format!("See its changes with `hearth log {notebook}`."),
        _ => format!(
            "See its changes with `hearth log {notebook} --object {}`.",
            entry.id
        ),
    }
}

fn failed(notebook: NotebookId, entry: &Entry, error: RestoreError) -> Failure {
    let words = sentence(&error.to_string());
    let named =
        |code: &str| Failure::not_found(code, words.clone()).with_hint(see_log(notebook, entry));
    match error {
        RestoreError::UnknownChange(_) => named("change_unknown"),
        RestoreError::AmbiguousChange { candidates, .. } => Failure::not_found("ambiguous", words)
            .with_hint("Give more of the change's id.")
            .with_details(json!({ "candidates": candidates })),
        RestoreError::ForeignChange { .. } => named("change_foreign"),
        RestoreError::NotThereYet { .. } => named("not_there_yet"),
        RestoreError::HolderGone { parent, .. } => Failure::not_found("holder_gone", words)
            .with_hint(format!(
                "Run `hearth restore {parent} --at CHANGE`. It brings back what it held too."
            )),
        RestoreError::Unavailable(error) => unavailable(error),
        RestoreError::Stands(_) => {
            Failure::new(Exit::Error, "stands", words).with_hint("Nothing was changed.")
        }
        other => Failure::error("not_restored", sentence(&other.to_string()))
            .with_hint("Nothing was changed."),
    }
}

/// The object under its noun, for kinds that have a page of their own; otherwise nothing.
fn shown(host: &mut Host, notebook: NotebookId, entry: &Entry) -> Result<Value, Failure> {
    host.read(notebook, |docs, people: &Directory| {
        let id = entry.id;
        match entry.kind {
            Kind::Goal => data("goal", &goal::show(docs, people, id).map_err(read_failed)?),
            Kind::Action => data(
                "action",
                &action::show(docs, people, id).map_err(read_failed)?,
            ),
            Kind::Session => data(
                "session",
                &session::show(docs, people, id).map_err(read_failed)?,
            ),
            Kind::Question => data(
                "question",
                &question::show(docs, people, id).map_err(read_failed)?,
            ),
            Kind::Comment => data(
                "comment",
                &comment::show(docs, people, id).map_err(read_failed)?,
            ),
            Kind::Feedback => data(
                "feedback",
                &feedback::show(docs, people, id).map_err(read_failed)?,
            ),
            _ => Ok(json!({})),
        }
    })
}
