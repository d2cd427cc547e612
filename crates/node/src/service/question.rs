//! Questions, answers and comments.

use hearth_core::ids::NotebookId;
use hearth_notebook::{Kind, ObjectId, comment, question};
use serde_json::Value;

use super::answer::{data, read_failed, unavailable};
use super::journal::journals;
use super::resolve::{find_notebook, find_object, find_object_in, listed};
use crate::api::{Failure, QuestionRequest};
use crate::host::Host;

/// Does what a request about questions asks.
pub(super) fn execute(host: &mut Host, request: &QuestionRequest) -> Result<Value, Failure> {
    match request {
        QuestionRequest::List { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            let questions = host.read(notebook, |docs, people| {
                question::list(docs, people).map_err(unavailable)
            })?;
            Ok(listed(host, notebook, data("questions", &questions)?))
        }
        QuestionRequest::Mark { question, sharing } => {
            let (notebook, entry) = find_object(host, question, &[Kind::Question])?;
            host.edit(notebook, |docs, writer| {
                question::set_sharing(docs, writer, entry.id, sharing)
            })?;
            show(host, notebook, entry.id)
        }
    }
}

/// Asks a question.
pub(super) fn ask(host: &mut Host, notebook: &str, text: &str) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let id = host.edit(notebook, |docs, writer| question::ask(docs, writer, text))?;
    show(host, notebook, id)
}

/// Answers a question.
pub(super) fn answer(host: &mut Host, question: &str, text: &str) -> Result<Value, Failure> {
    let (notebook, entry) = find_object(host, question, &[Kind::Question])?;
    host.edit(notebook, |docs, writer| {
        question::answer(docs, writer, entry.id, text)
    })?;
    show(host, notebook, entry.id)
}

/// Marks a question as settled.
pub(super) fn resolve(host: &mut Host, question: &str) -> Result<Value, Failure> {
    let (notebook, entry) = find_object(host, question, &[Kind::Question])?;
    host.edit(notebook, |docs, writer| {
        question::set_resolved(docs, writer, entry.id, true)
    })?;
    show(host, notebook, entry.id)
}

/// Comments on an object of any kind, or on an entry of one's own journal, where nobody else reads it.
pub(super) fn comment(host: &mut Host, object: &str, text: &str) -> Result<Value, Failure> {
    let (notebook, entry) = find_object(host, object, &[]).or_else(|failure| {
        let journals = journals(host);
        match failure.code.as_str() {
            "not_found" => find_object_in(host, &journals, object, &[Kind::Entry, Kind::Comment])
                .map_err(|_| failure),
            _ => Err(failure),
        }
    })?;
    let id = host.edit(notebook, |docs, writer| {
        comment::add(docs, writer, entry.id, text)
    })?;
    let view = host.read(notebook, |docs, people| {
        comment::show(docs, people, id).map_err(read_failed)
    })?;
    data("comment", &view)
}

fn show(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = host.read(notebook, |docs, people| {
        question::show(docs, people, id).map_err(read_failed)
    })?;
    data("question", &view)
}
