//! Feedback, open or as the beginning of a sealed exchange.

use hearth_core::ids::NotebookId;
use hearth_notebook::feedback::{self, NewFeedback};
use hearth_notebook::{ExchangeKind, ObjectId, PersonRef};
use serde_json::{Value, json};

use super::answer::{data, read_failed, to_json, unavailable};
use super::resolve::{find_notebook, find_person, listed, person_ref};
use super::sealed;
use crate::api::{Failure, FeedbackFields, FeedbackRequest};
use crate::host::Host;

/// Does what a request about feedback asks.
pub(super) fn execute(host: &mut Host, request: &FeedbackRequest) -> Result<Value, Failure> {
    match request {
        FeedbackRequest::Give {
            notebook,
            to,
            sealed,
            fields,
        } => {
            let notebook = find_notebook(host, notebook)?;
            super::journal::refuse(host, notebook)?;
            give(host, notebook, to.as_deref(), *sealed, fields)
        }
        FeedbackRequest::List { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            let feedback = host.read(notebook, |docs, people| {
                feedback::list(docs, people).map_err(unavailable)
            })?;
            let mut sealed = sealed::list(host, notebook)?;
            sealed.retain(|exchange| exchange["kind"] == ExchangeKind::Feedback.word());
            let told = json!({ "feedback": to_json(&feedback)?, "sealed": sealed });
            Ok(listed(host, notebook, told))
        }
    }
}

fn give(
    host: &mut Host,
    notebook: NotebookId,
    to: Option<&str>,
    is_sealed: bool,
    fields: &FeedbackFields,
) -> Result<Value, Failure> {
    let to = match to {
        Some(text) => Some(person_ref(find_person(host, notebook, text)?)?),
        None => the_other_one(host, notebook)?,
    };
    let FeedbackFields {
        text,
        situation,
        behaviour,
        impact,
        request,
    } = fields.clone();
    let new = NewFeedback {
        to,
        text,
        situation,
        behaviour,
        impact,
        request,
    };
    if is_sealed {
        let words = new.as_text();
        if words.is_empty() {
            return Err(Failure::usage(
                "invalid",
                "The feedback is empty; write something.",
            ));
        }
        let with: Vec<String> = new.to.iter().map(|to| to.as_str().to_owned()).collect();
        let kind = ExchangeKind::Feedback.word();
        let id = sealed::start(host, notebook, kind, None, &with)?;
        return sealed::commit(host, notebook, id, &words, None);
    }
    let id = host.edit(notebook, |docs, writer| feedback::give(docs, writer, &new))?;
    show(host, notebook, id)
}

/// The other one of two members; nobody where there are more.
fn the_other_one(host: &Host, notebook: NotebookId) -> Result<Option<PersonRef>, Failure> {
    let me = host.me();
    let others: Vec<_> = host
        .engine
        .replica(notebook)
        .into_iter()
        .flat_map(|replica| replica.membership().members().keys().copied())
        .filter(|person| *person != me)
        .collect();
    match others.as_slice() {
        [one] => person_ref(*one).map(Some),
        _ => Ok(None),
    }
}

fn show(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = host.read(notebook, |docs, people| {
        feedback::show(docs, people, id).map_err(read_failed)
    })?;
    data("feedback", &view)
}
