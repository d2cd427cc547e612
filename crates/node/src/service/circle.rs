//! Circles: timed runs through a session, with roles that go round.

use hearth_core::ids::NotebookId;
use hearth_notebook::circle::{self, Advanced, CircleView, NewRun};
use hearth_notebook::session::{self, NewSession, Turn};
use hearth_notebook::{Form, Kind, Moment, ObjectId, People, PersonRef, SessionStatus, meta};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::answer::{to_json, unavailable};
use super::resolve::{brief, find_notebook, find_object_in, find_people, find_person, person_ref};
use super::session::keep_up;
use super::template;
use crate::api::{CircleRequest, Failure};
use crate::host::Host;

/// How far from now a planned session may begin to be the one that is meant.
const NEAR_HOURS: i64 = 12;

/// The template of a circle that nobody has planned.
const USUAL: &str = "action-learning";

/// Does what a request about circles asks.
pub(super) fn execute(host: &mut Host, request: &CircleRequest) -> Result<Value, Failure> {
    match request {
        CircleRequest::Start { .. } => start(host, request),
        CircleRequest::Next { notebook, from } => {
            let (notebook, session) = going_on(host, notebook)?;
            let gone = host.edit(notebook, |docs, writer| {
                circle::next(docs, writer, session, *from)
            })?;
            let advanced = match gone {
                Advanced::Next => "next",
                Advanced::Ended => "ended",
                Advanced::Already => "already",
            };
            if gone == Advanced::Ended {
                keep_up(host, notebook, Turn::Now)?;
            }
            let mut shown = show(host, notebook)?;
            shown["advanced"] = json!(advanced);
            Ok(shown)
        }
        CircleRequest::Again { notebook } => {
            let (notebook, session) = going_on(host, notebook)?;
            host.edit(notebook, |docs, writer| {
                circle::again(docs, writer, session)
            })?;
            show(host, notebook)
        }
        CircleRequest::End { notebook } => {
            let (notebook, session) = going_on(host, notebook)?;
            host.edit(notebook, |docs, writer| circle::end(docs, writer, session))?;
            keep_up(host, notebook, Turn::Now)?;
            show(host, notebook)
        }
        CircleRequest::Show { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            show(host, notebook)
        }
    }
}

fn start(host: &mut Host, request: &CircleRequest) -> Result<Value, Failure> {
    let CircleRequest::Start {
        notebook,
        session,
        template,
        at,
        zone,
        absent,
        presenter,
    } = request
    else {
        return Err(Failure::error("internal", "This is no start of a circle."));
    };
    let notebook = find_notebook(host, notebook)?;
    super::journal::refuse(host, notebook)?;
    refuse_pair(host, notebook)?;
    let running = view(host, notebook)?;
    if running.running && session.is_none() {
        return Err(Failure::error(
            "circle_running",
            format!("A circle is going on already: {}.", running.title),
        )
        .with_hint(format!(
            "See it with `hearth circle show {notebook}`, or end it with `hearth circle end {notebook}`."
        )));
    }
    let absent = find_people(host, notebook, absent)?;
    let find = |name: &String| person_ref(find_person(host, notebook, name)?);
    let presenter = presenter.as_ref().map(find).transpose()?;
    let present = present(host, notebook, &absent)?;
    if let Some(away) = presenter.as_ref().filter(|one| !present.contains(*one)) {
        let reason = if absent.contains(away) {
            "The presenter cannot be absent."
        } else {
            "Whoever only reads has no role in a circle."
        };
        return Err(Failure::usage("invalid", reason));
    }
    let found = match session {
        Some(text) => Some(
            find_object_in(host, &[notebook], text, &[Kind::Session])?
                .1
                .id,
        ),
        None => nearest(host, notebook)?,
    };
    let template = match (found, template) {
        (Some(_), _) => None,
        (None, name) => Some(template::find_shared(
            host,
            name.as_deref().unwrap_or(USUAL),
        )?),
    };
    let planned = NewSession {
        at: at.clone(),
        zone: zone.clone().unwrap_or_else(|| host.settings.zone()),
        template,
        ..NewSession::default()
    };
    host.edit(notebook, |docs, writer| {
        let session = match found {
            Some(session) => session,
            None => session::plan(docs, writer, &planned)?,
        };
        let new = NewRun {
            session: Some(session),
            present,
            absent,
            presenter,
        };
        circle::start(docs, writer, &new)
    })?;
    show(host, notebook)
}

/// A circle needs more than two; two have a conversation.
fn refuse_pair(host: &mut Host, notebook: NotebookId) -> Result<(), Failure> {
    let form = host
        .read(notebook, |docs, people| {
            meta::show(docs, people).map_err(unavailable)
        })?
        .form;
    if form != Form::OneOnOne {
        return Ok(());
    }
    Err(Failure::usage(
        "circle_form",
        "A circle is for a peer notebook or a group, and this one is of two.",
    )
    .with_hint(format!(
        "Two may meet as peers: `hearth notebook create TITLE --form peer` makes a notebook for it. In this one, plan a \
         session: `hearth session plan {notebook} --at \"DATE TIME\"`."
    )))
}

/// Who may write and is not away.
fn present(
    host: &Host,
    notebook: NotebookId,
    absent: &[PersonRef],
) -> Result<Vec<PersonRef>, Failure> {
    let mut present = Vec::new();
    for one in host.directory(notebook).writers() {
        let person =
            PersonRef::new(one.person).map_err(|error| Failure::error("internal", error))?;
        if !absent.contains(&person) {
            present.push(person);
        }
    }
    Ok(present)
}

/// The planned session that begins nearest to now.
fn nearest(host: &mut Host, notebook: NotebookId) -> Result<Option<ObjectId>, Failure> {
    let all = host.read(notebook, |docs, people| {
        session::list(docs, people).map_err(unavailable)
    })?;
    let now = Host::now();
    let distance = |at: &Moment| at.timestamp().duration_since(now).abs();
    let near = all
        .iter()
        .filter(|one| one.status == SessionStatus::Planned)
        .filter_map(|one| Some((distance(one.at.as_ref()?), one.id)))
        .filter(|(distance, _)| *distance < SignedDuration::from_hours(NEAR_HOURS));
    Ok(near.min().map(|(_, id)| id))
}

fn going_on(host: &mut Host, notebook: &str) -> Result<(NotebookId, ObjectId), Failure> {
    let notebook = find_notebook(host, notebook)?;
    let view = view(host, notebook)?;
    match view.id.filter(|_| view.running) {
        Some(session) => Ok((notebook, session)),
        None => Err(
            Failure::error("no_circle", "No circle is going on in this notebook.")
                .with_hint(format!("Begin one with `hearth circle start {notebook}`.")),
        ),
    }
}

fn view(host: &mut Host, notebook: NotebookId) -> Result<CircleView, Failure> {
    host.read(notebook, |docs, people| {
        circle::show(docs, people).map_err(unavailable)
    })
}

fn show(host: &mut Host, notebook: NotebookId) -> Result<Value, Failure> {
    let view = to_json(&view(host, notebook)?)?;
    Ok(json!({ "circle": view, "notebook": brief(host, notebook) }))
}
