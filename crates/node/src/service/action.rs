//! Actions.

use hearth_core::ids::NotebookId;
use hearth_notebook::action::{self, NewAction};
use hearth_notebook::{Documents, EditError, Kind, ObjectId, Writer};
use serde_json::Value;

use super::answer::{data, read_failed, unavailable};
use super::resolve::{find_notebook, find_object, find_object_in, find_person, listed, person_ref};
use crate::api::{ActionRequest, Failure};
use crate::host::Host;

/// Does what a request about actions asks.
pub(super) fn execute(host: &mut Host, request: &ActionRequest) -> Result<Value, Failure> {
    match request {
        ActionRequest::Add {
            notebook,
            title,
            owner,
            due,
            goal,
            session,
        } => {
            let notebook = find_notebook(host, notebook)?;
            let owner = match owner {
                Some(owner) => Some(person_ref(find_person(host, notebook, owner)?)?),
                None => None,
            };
            let new = NewAction {
                title: title.clone(),
                owner,
                due: due.clone(),
                goal: link(host, notebook, goal.as_deref(), Kind::Goal)?,
                session: link(host, notebook, session.as_deref(), Kind::Session)?,
            };
            let id = host.edit(notebook, |docs, writer| action::add(docs, writer, &new))?;
            show(host, notebook, id)
        }
        ActionRequest::List {
            notebook,
            open,
            mine,
        } => list(host, notebook, *open, *mine),
        ActionRequest::Done { action } => change(host, action, action::done),
        ActionRequest::Move {
            action,
            due,
            reason,
        } => change(host, action, |docs, writer, id| {
            action::move_to(docs, writer, id, due, reason.as_deref())
        }),
        ActionRequest::Drop { action, reason } => change(host, action, |docs, writer, id| {
            action::drop(docs, writer, id, reason)
        }),
    }
}

fn list(host: &mut Host, notebook: &str, open: bool, mine: bool) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let me = host.me().to_string();
    let mut actions = host.read(notebook, |docs, people| {
        action::list(docs, people).map_err(unavailable)
    })?;
    actions.retain(|action| {
        let is_mine = action
            .owner
            .as_ref()
            .is_some_and(|owner| owner.person == me);
        (!open || action.status.is_open()) && (!mine || is_mine)
    });
    Ok(listed(host, notebook, data("actions", &actions)?))
}

fn change(
    host: &mut Host,
    action: &str,
    work: impl FnOnce(&mut dyn Documents, &mut Writer<'_>, ObjectId) -> Result<(), EditError>,
) -> Result<Value, Failure> {
    let (notebook, entry) = find_object(host, action, &[Kind::Action])?;
    host.edit(notebook, |docs, writer| work(docs, writer, entry.id))?;
    show(host, notebook, entry.id)
}

/// Finds the object that an action belongs to, in the action's own notebook.
fn link(
    host: &mut Host,
    notebook: NotebookId,
    text: Option<&str>,
    kind: Kind,
) -> Result<Option<ObjectId>, Failure> {
    text.map(|text| Ok(find_object_in(host, &[notebook], text, &[kind])?.1.id))
        .transpose()
}

fn show(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = host.read(notebook, |docs, people| {
        action::show(docs, people, id).map_err(read_failed)
    })?;
    data("action", &view)
}
