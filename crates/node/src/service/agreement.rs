//! The agreement of a notebook, and the signatures under it.

use hearth_core::ids::NotebookId;
use hearth_notebook::agreement::{self, TopicEdit};
use hearth_notebook::{DocumentId, Topic};
use serde_json::{Value, json};

use super::answer::{quote, to_json, unavailable, with};
use super::resolve::{brief, find_notebook, person_ref};
use crate::api::{AgreementRequest, Exit, Failure};
use crate::host::Host;

/// Does what a request about an agreement asks.
pub(super) fn execute(host: &mut Host, request: &AgreementRequest) -> Result<Value, Failure> {
    match request {
        AgreementRequest::Show { notebook } => {
            let notebook = find_shared(host, notebook)?;
            show(host, notebook)
        }
        AgreementRequest::Form { notebook } => {
            let notebook = find_shared(host, notebook)?;
            let me = person_ref(host.me())?;
            let form = host.read(notebook, |docs, people| {
                agreement::form(docs, people, &me).map_err(unavailable)
            })?;
            Ok(json!({ "notebook": brief(host, notebook), "form": form }))
        }
        AgreementRequest::Fill { notebook, form } => {
            let notebook = find_shared(host, notebook)?;
            host.edit(notebook, |docs, writer| {
                let form = agreement::parse_form(form)?;
                agreement::edit(docs, writer, &form.edits, &form.base)
            })?;
            show(host, notebook)
        }
        AgreementRequest::Topic {
            notebook,
            topic,
            mine,
            consensus,
        } => {
            let notebook = find_shared(host, notebook)?;
            let edit = TopicEdit {
                topic: find_topic(topic)?,
                mine: mine.clone(),
                consensus: consensus.clone(),
            };
            host.edit(notebook, |docs, writer| {
                agreement::edit(docs, writer, &[edit], &[])
            })?;
            show(host, notebook)
        }
        AgreementRequest::Sign {
            notebook,
            text_hash,
        } => {
            let notebook = find_shared(host, notebook)?;
            sign(host, notebook, text_hash)
        }
        AgreementRequest::Log { notebook } => {
            let notebook = find_shared(host, notebook)?;
            log(host, notebook)
        }
    }
}

fn find_shared(host: &mut Host, notebook: &str) -> Result<NotebookId, Failure> {
    let notebook = find_notebook(host, notebook)?;
    super::journal::refuse(host, notebook)?;
    Ok(notebook)
}

fn find_topic(text: &str) -> Result<Topic, Failure> {
    Topic::named(text).ok_or_else(|| {
        let words: Vec<&str> = Topic::ALL.iter().map(|topic| topic.word()).collect();
        Failure::usage("invalid", format!("There is no topic {}.", quote(text)))
            .with_hint(format!("There are: {}.", words.join(", ")))
    })
}

fn show(host: &mut Host, notebook: NotebookId) -> Result<Value, Failure> {
    let view = host.read(notebook, |docs, people| {
        agreement::show(docs, people).map_err(unavailable)
    })?;
    let directory = host.directory(notebook);
    let me = host.me().to_string();
    let mine = view.missing.iter().any(|missing| missing.person == me);
    let more = json!({ "notebook": brief(host, notebook), "mine": mine });
    let mut shown = with(to_json(&view)?, more);
    // Who a mentor is and who a mentee, the membership knows.
    let answers = shown["topics"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(|topic| topic["answers"].as_array_mut())
        .flatten();
    for answer in answers {
        let person = answer["person"].as_str().and_then(|id| id.parse().ok());
        let profile = person.and_then(|person| directory.profile(&person));
        answer["role"] = json!(profile.map(|profile| profile.role.as_str()));
    }
    Ok(json!({ "agreement": shown }))
}

fn sign(host: &mut Host, notebook: NotebookId, shown: &str) -> Result<Value, Failure> {
    let view = host.read(notebook, |docs, people| {
        agreement::show(docs, people).map_err(unavailable)
    })?;
    let Some(now) = view.text_hash else {
        return Err(Failure::error(
            "agreement_empty",
            "Nothing is agreed on yet, so there is nothing to sign.",
        )
        .with_hint(format!("Write it with `hearth agreement edit {notebook}`.")));
    };
    if now.to_string() != shown {
        return Err(Failure::error(
            "agreement_changed",
            "The agreement is not the text that was shown any more. Nothing was signed.",
        )
        .with_hint(format!("Run `hearth agreement sign {notebook}` again.")));
    }
    let me = host.me().to_string();
    if !view.missing.iter().any(|missing| missing.person == me) {
        let has_signed = view
            .signatures
            .iter()
            .any(|signature| signature.person == me && signature.stands);
        if has_signed {
            // Signing what one has signed already changes nothing and is no error.
            return show(host, notebook);
        }
        return Err(Failure::new(
            Exit::NotAllowed,
            "read_only",
            "You only read this notebook, so you are no party to its agreement.",
        )
        .with_hint("Ask an admin of the notebook to change your role."));
    }
    let signed = host.edit(notebook, |docs, writer| {
        agreement::record_version(docs, writer)
    })?;
    let heads = host.read(notebook, |docs, _| {
        let index = docs.read(DocumentId::INDEX).map_err(unavailable)?;
        Ok(index.map_or_else(Vec::new, automerge::Automerge::get_heads))
    })?;
    host.sign_text(notebook, signed.hash, DocumentId::INDEX, heads)?;
    show(host, notebook)
}

fn log(host: &mut Host, notebook: NotebookId) -> Result<Value, Failure> {
    let log = host.read(notebook, |docs, people| {
        agreement::log(docs, people).map_err(unavailable)
    })?;
    Ok(with(
        with(show(host, notebook)?, to_json(&log)?),
        json!({ "notebook": brief(host, notebook) }),
    ))
}
