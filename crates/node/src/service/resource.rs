//! Resources and check-ins.

use hearth_core::ids::NotebookId;
use hearth_notebook::resource::{self, NewResource, ResourceEdit};
use hearth_notebook::{EditError, Kind, ObjectId, checkin};
use serde_json::{Value, json};

use super::answer::{data, read_failed, to_json, unavailable, with};
use super::resolve::{find_notebook, find_object, find_person, listed};
use crate::api::{CheckInRequest, Failure, ResourceRequest};
use crate::host::{Host, invalid};

/// Does what a request about resources asks.
pub(super) fn execute(host: &mut Host, request: &ResourceRequest) -> Result<Value, Failure> {
    match request {
        ResourceRequest::Add {
            notebook,
            title,
            link,
            why,
            tags,
        } => {
            let notebook = find_shared(host, notebook)?;
            let new = NewResource {
                title: title.clone(),
                link: link.clone(),
                why: why.clone(),
                tags: tags.clone(),
                file: None,
            };
            let id = host.edit(notebook, |docs, writer| resource::add(docs, writer, &new))?;
            show(host, notebook, id)
        }
        ResourceRequest::List {
            notebook,
            tags,
            removed,
        } => list(host, notebook, tags, *removed),
        ResourceRequest::Show { resource } => {
            let (notebook, id) = find(host, resource)?;
            show(host, notebook, id)
        }
        ResourceRequest::Edit {
            resource,
            title,
            link,
            why,
            add_tags,
            remove_tags,
        } => {
            let change = ResourceEdit {
                title: title.clone(),
                link: link.clone(),
                why: why.clone(),
                add_tags: add_tags.clone(),
                remove_tags: remove_tags.clone(),
                removed: None,
            };
            edit(host, resource, &change)
        }
        ResourceRequest::Remove { resource, undo } => {
            let change = ResourceEdit {
                removed: Some(!undo),
                ..ResourceEdit::default()
            };
            edit(host, resource, &change)
        }
    }
}

fn edit(host: &mut Host, resource: &str, change: &ResourceEdit) -> Result<Value, Failure> {
    let (notebook, id) = find(host, resource)?;
    host.edit(notebook, |docs, writer| {
        resource::edit(docs, writer, id, change)
    })?;
    show(host, notebook, id)
}

fn list(host: &mut Host, notebook: &str, tags: &[String], removed: bool) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let tags: Result<Vec<String>, _> = tags.iter().map(|tag| resource::tag(tag)).collect();
    let tags = tags.map_err(|error| invalid(&EditError::from(error)))?;
    let mut resources = host.read(notebook, |docs, people| {
        resource::list(docs, people).map_err(unavailable)
    })?;
    resources.retain(|one| one.removed == removed && tags.iter().all(|tag| one.tags.contains(tag)));
    let shown: Result<Vec<Value>, Failure> = resources
        .iter()
        .map(|view| super::file::shown(host, notebook, view))
        .collect();
    let shown = json!({ "resources": shown? });
    let shown = with(shown, json!({ "tags": tags, "removed": removed }));
    Ok(listed(host, notebook, shown))
}

fn find(host: &mut Host, text: &str) -> Result<(NotebookId, ObjectId), Failure> {
    let (notebook, entry) = find_object(host, text, &[Kind::Resource])?;
    Ok((notebook, entry.id))
}

fn show(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = host.read(notebook, |docs, people| {
        resource::show(docs, people, id).map_err(read_failed)
    })?;
    let shown = super::file::shown(host, notebook, &view)?;
    Ok(listed(host, notebook, json!({ "resource": shown })))
}

/// Does what a request about check-ins asks.
pub(super) fn check_in(host: &mut Host, request: &CheckInRequest) -> Result<Value, Failure> {
    match request {
        CheckInRequest::Add {
            notebook,
            value,
            text,
        } => {
            let notebook = find_shared(host, notebook)?;
            let id = host.edit(notebook, |docs, writer| {
                checkin::add(docs, writer, (*value).into(), text.as_deref())
            })?;
            let view = host.read(notebook, |docs, people| {
                checkin::show(docs, people, id).map_err(read_failed)
            })?;
            Ok(listed(host, notebook, data("checkin", &view)?))
        }
        CheckInRequest::List { notebook, of } => {
            let notebook = find_notebook(host, notebook)?;
            let of = match of {
                Some(text) => Some(find_person(host, notebook, text)?.to_string()),
                None => None,
            };
            let mut all = host.read(notebook, |docs, people| {
                checkin::list(docs, people).map_err(unavailable)
            })?;
            if let Some(of) = of {
                all.retain(|one| one.by.person == of);
            }
            let people = to_json(&checkin::figures(&all))?;
            let shown = with(data("checkins", &all)?, json!({ "people": people }));
            Ok(listed(host, notebook, shown))
        }
    }
}

fn find_shared(host: &mut Host, notebook: &str) -> Result<NotebookId, Failure> {
    let notebook = find_notebook(host, notebook)?;
    super::journal::refuse(host, notebook)?;
    Ok(notebook)
}
