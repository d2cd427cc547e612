//! Goals.

use hearth_core::ids::NotebookId;
use hearth_notebook::goal::{
    self, GoalEdit, GoalView, NewGoal, NewKeyResult, NewMilestone, NewProgress, Woop,
};
use hearth_notebook::{Kind, ObjectId};
use serde_json::Value;

use super::answer::{data, read_failed, unavailable};
use super::resolve::{Candidate, choose, find_notebook, find_object, find_people, listed};
use crate::api::{Failure, GoalFields, GoalRequest};
use crate::host::Host;

/// Does what a request about goals asks.
pub(super) fn execute(host: &mut Host, request: &GoalRequest) -> Result<Value, Failure> {
    match request {
        GoalRequest::Add {
            notebook,
            title,
            kind,
            fields,
        } => add(host, notebook, title, kind.as_deref(), fields),
        GoalRequest::List { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            let goals = host.read(notebook, |docs, people| {
                goal::list(docs, people).map_err(unavailable)
            })?;
            Ok(listed(host, notebook, data("goals", &goals)?))
        }
        GoalRequest::Show { goal } => {
            let (notebook, id) = find(host, goal)?;
            show(host, notebook, id)
        }
        GoalRequest::Edit {
            goal,
            title,
            kind,
            fields,
        } => edit(host, goal, title.as_deref(), kind.as_deref(), fields),
        GoalRequest::Status {
            goal,
            status,
            reason,
        } => {
            let (notebook, id) = find(host, goal)?;
            host.edit(notebook, |docs, writer| {
                goal::set_status(docs, writer, id, status, reason.as_deref())
            })?;
            show(host, notebook, id)
        }
        GoalRequest::Progress {
            goal,
            value,
            note,
            on,
        } => {
            let (notebook, id) = find(host, goal)?;
            let new = NewProgress {
                value: *value,
                note: note.clone(),
                at: on.clone(),
            };
            host.edit(notebook, |docs, writer| {
                goal::add_progress(docs, writer, id, &new)
            })?;
            show(host, notebook, id)
        }
        GoalRequest::Milestone { goal, title, due } => {
            let (notebook, id) = find(host, goal)?;
            let new = NewMilestone {
                title: title.clone(),
                due: due.clone(),
            };
            host.edit(notebook, |docs, writer| {
                goal::add_milestone(docs, writer, id, &new)
            })?;
            show(host, notebook, id)
        }
        GoalRequest::MilestoneDone { goal, milestone } => {
            let (notebook, id) = find(host, goal)?;
            let milestones = view(host, notebook, id)?.milestones;
            let parts = milestones.into_iter().map(|part| (part.id, part.title));
            let milestone = choose("milestone", milestone, parts_of(parts))
                .map_err(|failure| in_goal(failure, id))?;
            host.edit(notebook, |docs, writer| {
                goal::milestone_done(docs, writer, id, milestone, true)
            })?;
            show(host, notebook, id)
        }
        GoalRequest::KeyResult {
            goal,
            key_result,
            current,
        } => {
            let (notebook, id) = find(host, goal)?;
            let key_results = view(host, notebook, id)?.key_results;
            let parts = key_results.into_iter().map(|part| (part.id, part.title));
            let key_result = choose("key result", key_result, parts_of(parts))
                .map_err(|failure| in_goal(failure, id))?;
            host.edit(notebook, |docs, writer| {
                goal::set_key_result(docs, writer, id, key_result, *current)
            })?;
            show(host, notebook, id)
        }
    }
}

fn add(
    host: &mut Host,
    notebook: &str,
    title: &str,
    kind: Option<&str>,
    fields: &GoalFields,
) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let new = NewGoal {
        title: title.to_owned(),
        why: fields.why.clone(),
        owners: find_people(host, notebook, &fields.owners)?,
        kind: kind.map(str::to_owned),
        unit: fields.unit.clone(),
        baseline: fields.baseline,
        target: fields.target,
        due: fields.due.clone().filter(|due| !due.trim().is_empty()),
        status: None,
        reason: None,
        key_results: key_results(fields),
        woop: woop(fields),
    };
    let id = host.edit(notebook, |docs, writer| goal::add(docs, writer, &new))?;
    show(host, notebook, id)
}

fn edit(
    host: &mut Host,
    goal: &str,
    title: Option<&str>,
    kind: Option<&str>,
    fields: &GoalFields,
) -> Result<Value, Failure> {
    let (notebook, id) = find(host, goal)?;
    let owners = find_people(host, notebook, &fields.owners)?;
    let key_results = key_results(fields);
    let edit = GoalEdit {
        title: title.map(str::to_owned),
        why: fields.why.clone(),
        owners: (!owners.is_empty()).then_some(owners),
        kind: kind.map(str::to_owned),
        unit: fields.unit.clone(),
        baseline: fields.baseline,
        target: fields.target,
        due: fields.due.clone(),
        woop: woop(fields),
        key_results: (!key_results.is_empty()).then_some(key_results),
    };
    host.edit(notebook, |docs, writer| goal::edit(docs, writer, id, &edit))?;
    show(host, notebook, id)
}

fn key_results(fields: &GoalFields) -> Vec<NewKeyResult> {
    let new = |fields: &crate::api::KeyResultFields| NewKeyResult {
        title: fields.title.clone(),
        start: fields.start,
        target: fields.target,
    };
    fields.key_results.iter().map(new).collect()
}

fn woop(fields: &GoalFields) -> Option<Woop> {
    let parts = [
        &fields.wish,
        &fields.outcome,
        &fields.obstacle,
        &fields.plan,
    ];
    parts.iter().any(|part| part.is_some()).then(|| Woop {
        wish: fields.wish.clone(),
        outcome: fields.outcome.clone(),
        obstacle: fields.obstacle.clone(),
        plan: fields.plan.clone(),
    })
}

fn find(host: &mut Host, text: &str) -> Result<(NotebookId, ObjectId), Failure> {
    let (notebook, entry) = find_object(host, text, &[Kind::Goal])?;
    Ok((notebook, entry.id))
}

fn view(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<GoalView, Failure> {
    host.read(notebook, |docs, people| {
        goal::show(docs, people, id).map_err(read_failed)
    })
}

fn show(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let shown = data("goal", &view(host, notebook, id)?)?;
    Ok(listed(host, notebook, shown))
}

/// Says where the parts of a goal are to be seen, where none of them is meant.
fn in_goal(failure: Failure, goal: ObjectId) -> Failure {
    if failure.code == "not_found" {
        failure.with_hint(format!("See them with `hearth goal show {goal}`."))
    } else {
        failure
    }
}

/// Candidates among the parts of one object.
pub(super) fn parts_of(
    parts: impl IntoIterator<Item = (ObjectId, String)>,
) -> impl Iterator<Item = Candidate<ObjectId>> {
    parts.into_iter().map(|(id, title)| Candidate {
        id: id.to_string(),
        title,
        value: id,
    })
}
