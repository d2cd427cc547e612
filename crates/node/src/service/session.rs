//! Sessions and their notes.

use std::collections::BTreeSet;

use hearth_core::ids::NotebookId;
use hearth_notebook::action::NewAction;
use hearth_notebook::session::{
    self, Learned, Mood, NewAgendaItem, NewSession, SessionEdit, Turn, Window, Wrap,
};
use hearth_notebook::template::{NONE, built_in, language_of, plain_name};
use hearth_notebook::{Kind, Moment, ObjectId, PersonRef, SessionStatus, meta};
use serde_json::{Value, json};

use super::answer::{data, may_write, read_failed, to_json, unavailable};
use super::goal::parts_of;
use super::resolve::{
    choose, find_notebook, find_object, find_people, find_person, listed, person_ref,
};
use super::template;
use crate::api::{Failure, NotesRequest, SessionFields, SessionRequest, WrapFields};
use crate::host::{Host, invalid};

/// Does what a request about sessions asks.
pub(super) fn execute(host: &mut Host, request: &SessionRequest) -> Result<Value, Failure> {
    match request {
        SessionRequest::Plan { .. } => plan(host, request),
        SessionRequest::List { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            let sessions = host.read(notebook, |docs, people| {
                session::list(docs, people).map_err(unavailable)
            })?;
            Ok(listed(host, notebook, data("sessions", &sessions)?))
        }
        SessionRequest::Near {
            notebook,
            ahead,
            skip,
            past,
        } => {
            let notebook = find_notebook(host, notebook)?;
            let count = |count: &u32| usize::try_from(*count).unwrap_or(usize::MAX);
            let window = Window {
                now: Host::now(),
                ahead_max: count(ahead),
                past_skip: count(skip),
                past_max: count(past),
            };
            let near = host.read(notebook, |docs, people| {
                session::near(docs, people, window).map_err(unavailable)
            })?;
            Ok(listed(host, notebook, to_json(&near)?))
        }
        SessionRequest::Show { session } => {
            let (notebook, id) = find(host, session)?;
            show(host, notebook, id)
        }
        SessionRequest::AgendaAdd {
            session,
            title,
            minutes,
            by,
        } => {
            let (notebook, id) = find(host, session)?;
            let new = NewAgendaItem {
                title: title.clone(),
                minutes: *minutes,
                brought_by: bringer(host, notebook, by.as_deref())?,
            };
            host.edit(notebook, |docs, writer| {
                session::add_agenda_item(docs, writer, id, &new)
            })?;
            show(host, notebook, id)
        }
        SessionRequest::AgendaDone { session, item } => {
            let (notebook, id) = find(host, session)?;
            let view = host.read(notebook, |docs, people| {
                session::show(docs, people, id).map_err(read_failed)
            })?;
            let items = view.agenda.into_iter().map(|item| (item.id, item.title));
            let item = choose("agenda item", item, parts_of(items))?;
            host.edit(notebook, |docs, writer| {
                session::set_agenda_done(docs, writer, id, item, true)
            })?;
            show(host, notebook, id)
        }
        SessionRequest::Notes { session, notes } => edit_notes(host, session, notes),
        SessionRequest::Note {
            session,
            decision,
            insight,
        } => {
            let (notebook, id) = find(host, session)?;
            host.edit(notebook, |docs, writer| {
                if let Some(text) = decision {
                    session::add_decision(docs, writer, id, text)?;
                }
                if let Some(text) = insight {
                    session::add_insight(docs, writer, id, text)?;
                }
                Ok(())
            })?;
            show(host, notebook, id)
        }
        SessionRequest::Wrap { session, fields } => {
            let (notebook, id) = find(host, session)?;
            wrap(host, notebook, id, fields)
        }
        SessionRequest::Edit { session, fields } => edit(host, session, fields),
        SessionRequest::Cancel {
            session,
            reason,
            undo,
        } => {
            let (notebook, id) = find(host, session)?;
            host.edit(notebook, |docs, writer| {
                session::cancel(docs, writer, id, !undo, reason.as_deref())
            })?;
            keep_up(host, notebook, Turn::Now)?;
            show(host, notebook, id)
        }
        SessionRequest::Mark { session, sharing } => {
            let (notebook, id) = find(host, session)?;
            host.edit(notebook, |docs, writer| {
                session::set_sharing(docs, writer, id, sharing)
            })?;
            show(host, notebook, id)
        }
        SessionRequest::Attend { session } => {
            let (notebook, id) = find(host, session)?;
            host.edit(notebook, |docs, writer| session::attend(docs, writer, id))?;
            show(host, notebook, id)
        }
    }
}

fn plan(host: &mut Host, request: &SessionRequest) -> Result<Value, Failure> {
    let SessionRequest::Plan {
        notebook,
        title,
        at,
        zone,
        minutes,
        place,
        every,
        template,
        attendees,
    } = request
    else {
        return Err(Failure::error("internal", "This is no plan of a session."));
    };
    let notebook = find_notebook(host, notebook)?;
    let template = match template.as_deref() {
        Some(NONE) => None,
        Some(name) => Some(template::find_shared(host, name)?),
        None => {
            let view = host.read(notebook, |docs, people| {
                meta::show(docs, people).map_err(unavailable)
            })?;
            // Another member's own template is not here, and the session begins without one.
            view.template
                .and_then(|name| template::find_shared(host, &name).ok())
        }
    };
    let has_template = template.is_some();
    let new = NewSession {
        at: at.clone(),
        zone: zone.clone().unwrap_or_else(|| host.settings.zone()),
        title: title.clone(),
        minutes: *minutes,
        place: place.clone(),
        every: every.clone(),
        template,
        attendees: find_people(host, notebook, attendees)?,
    };
    let id = host.edit(notebook, |docs, writer| session::plan(docs, writer, &new))?;
    let mut shown = show(host, notebook, id)?;
    if !has_template && let Some(fits) = template::suggestion(host, notebook)? {
        shown["suggested_template"] = fits;
    }
    Ok(shown)
}

fn edit(host: &mut Host, session: &str, fields: &SessionFields) -> Result<Value, Failure> {
    let (notebook, id) = find(host, session)?;
    let attendees = find_people(host, notebook, &fields.attendees)?;
    let fields = fields.clone();
    let edit = SessionEdit {
        at: fields.at,
        zone: fields.zone,
        title: fields.title,
        minutes: fields.minutes,
        place: fields.place,
        every: fields.every,
        attendees: (!attendees.is_empty()).then_some(attendees),
        whole_series: fields.whole_series,
    };
    host.edit(notebook, |docs, writer| {
        session::edit(docs, writer, id, &edit)
    })?;
    show(host, notebook, id)
}

/// Makes the next session of every series whose last one is over, where it is this person's turn. Whoever
/// only reads waits for others to do it.
pub(super) fn keep_up(host: &mut Host, notebook: NotebookId, turn: Turn) -> Result<(), Failure> {
    if !may_write(host, notebook) {
        return Ok(());
    }
    let (me, now) = (person_ref(host.me())?, Host::now());
    let is_due = host.read(notebook, |docs, people| {
        session::is_due(docs, people, &me, now, turn).map_err(unavailable)
    })?;
    if !is_due {
        return Ok(());
    }
    let directory = host.directory(notebook);
    let own = template::own(host)?;
    let find = |name: &str| hearth_notebook::template::find(&own, name).ok();
    host.edit(notebook, |docs, writer| {
        session::keep_up(docs, &directory, writer, turn, &find)
    })?;
    Ok(())
}

fn edit_notes(host: &mut Host, session: &str, notes: &NotesRequest) -> Result<Value, Failure> {
    let (notebook, entry) = find_object(host, session, &[Kind::Session])?;
    let id = entry.id;
    match notes {
        NotesRequest::Read => {}
        NotesRequest::Edit { base, text } => host.edit(notebook, |docs, writer| {
            session::edit_notes(docs, writer, id, base, text)
        })?,
        NotesRequest::Append { text } => host.edit(notebook, |docs, writer| {
            session::append_notes(docs, writer, id, text)
        })?,
        NotesRequest::Set { text } => host.edit(notebook, |docs, writer| {
            session::set_notes(docs, writer, id, text)
        })?,
    }
    let notes = host.read(notebook, |docs, _| {
        session::notes(docs, id).map_err(read_failed)
    })?;
    Ok(json!({ "session": {
        "id": id.to_string(),
        "title": entry.title,
        "notes": notes.text,
        "notes_heads": notes.heads,
    } }))
}

fn wrap(
    host: &mut Host,
    notebook: NotebookId,
    id: ObjectId,
    fields: &WrapFields,
) -> Result<Value, Failure> {
    let mut learned: Vec<Learned> = Vec::new();
    learned.extend(fields.learned.iter().map(|text| Learned {
        person: None,
        text: text.clone(),
    }));
    for (who, text) in &fields.learned_by {
        learned.push(Learned {
            person: Some(find_learner(host, notebook, who)?),
            text: text.clone(),
        });
    }
    let mut actions = Vec::new();
    for (owner, title) in &fields.actions {
        let owner = owner
            .as_deref()
            .map(|owner| find_learner(host, notebook, owner));
        actions.push(NewAction {
            title: title.clone(),
            owner: owner.transpose()?,
            ..NewAction::default()
        });
    }
    let wrap = Wrap {
        decisions: fields.decisions.clone(),
        insights: fields.insights.clone(),
        learned,
        mood: fields.mood.map(|value| Mood {
            value: value.into(),
            text: fields.mood_text.clone(),
        }),
        actions,
        next: fields.next.clone(),
    };
    let next = follower(host, notebook, id, fields.next.as_deref())?;
    let planned = host.edit(notebook, |docs, writer| {
        session::wrap(docs, writer, id, &wrap)?;
        next.map(|next| session::plan(docs, writer, &next))
            .transpose()
    })?;
    keep_up(host, notebook, Turn::Now)?;
    let mut shown = show(host, notebook, id)?;
    let session = planned
        .map(|planned| show(host, notebook, planned))
        .transpose()?;
    shown["planned"] = session.map_or(Value::Null, |mut session| session["session"].take());
    Ok(shown)
}

/// The session that follows one at the agreed time: like it, where nobody has planned one for then and it does not
/// come again by itself.
fn follower(
    host: &mut Host,
    notebook: NotebookId,
    id: ObjectId,
    next: Option<&str>,
) -> Result<Option<NewSession>, Failure> {
    let Some(next) = next else { return Ok(None) };
    let (view, all) = host.read(notebook, |docs, people| {
        let view = session::show(docs, people, id).map_err(read_failed)?;
        Ok((view, session::list(docs, people).map_err(unavailable)?))
    })?;
    let header = view.header;
    let at = Moment::parse(next, &header.zone).map_err(|error| invalid(&error.into()))?;
    let is_then = |one: &session::SessionHeader| {
        let then = one.at.as_ref().map(Moment::timestamp) == Some(at.timestamp());
        then && one.status == SessionStatus::Planned
    };
    if header.every.is_some() || all.iter().any(is_then) {
        return Ok(None);
    }
    let template = header.template.as_deref();
    let template = template.and_then(|name| template::find_shared(host, name).ok());
    // A first meeting, a review or an end comes once; what follows is a meeting like any other.
    let comes_again = template.as_ref().is_none_or(|template| {
        let name = plain_name(&template.name);
        ["regular", "grow", "action-learning", "circle"].contains(&name)
            || !built_in().iter().any(|built_in| built_in.name == name)
    });
    let default = host.read(notebook, |docs, people| {
        meta::show(docs, people).map_err(unavailable)
    })?;
    // What follows a meeting whose template spoke another language speaks it, too.
    let language = header.template.as_deref().and_then(language_of);
    let usual = language.map_or_else(
        || "regular".to_owned(),
        |language| format!("regular.{language}"),
    );
    let default = default.template.unwrap_or(usual);
    let (title, template) = if comes_again {
        (Some(header.title), template)
    } else {
        (None, template::find_shared(host, &default).ok())
    };
    let attendees: Result<Vec<PersonRef>, _> = header
        .attendees
        .into_iter()
        .map(|one| PersonRef::new(one.person))
        .collect();
    Ok(Some(NewSession {
        at: at.local(),
        zone: header.zone,
        title,
        minutes: header.minutes.filter(|_| comes_again),
        place: Some(header.place).filter(|place| !place.is_empty()),
        every: None,
        template,
        attendees: attendees.map_err(|error| invalid(&error.into()))?,
    }))
}

/// Who brings something to the agenda; nobody where that is whoever writes it down.
fn bringer(
    host: &Host,
    notebook: NotebookId,
    by: Option<&str>,
) -> Result<Option<PersonRef>, Failure> {
    let person = by
        .map(|by| find_person(host, notebook, by))
        .transpose()?
        .filter(|person| *person != host.me());
    person.map(person_ref).transpose()
}

/// Who learned something: a member, or the only one with a role.
fn find_learner(host: &Host, notebook: NotebookId, who: &str) -> Result<PersonRef, Failure> {
    if !["mentor", "mentee"].contains(&who) {
        return person_ref(find_person(host, notebook, who)?);
    }
    let directory = host.directory(notebook);
    let mut with_role = directory
        .profiles()
        .filter(|profile| profile.role.as_str() == who);
    match (with_role.next(), with_role.next()) {
        (Some(only), None) => person_ref(only.person),
        (None, _) => Err(Failure::not_found(
            "not_found",
            format!("Nobody in this notebook is a {who}."),
        )
        .with_hint("Name the person: --learned-by PERSON TEXT.")),
        _ => Err(
            Failure::not_found("ambiguous", format!("More than one member is a {who}."))
                .with_hint("Name the person: --learned-by PERSON TEXT."),
        ),
    }
}

/// Makes the next session of every series in some notebooks, where it is this person's turn.
pub(crate) fn keep_series(host: &mut Host, some: BTreeSet<NotebookId>) {
    for notebook in some {
        if host.is_journal(notebook) {
            continue;
        }
        if let Err(failure) = keep_up(host, notebook, Turn::Mine) {
            tracing::warn!(%notebook, failure = %failure.message, "the next session of a series is not made");
        }
    }
}

fn find(host: &mut Host, text: &str) -> Result<(NotebookId, ObjectId), Failure> {
    let (notebook, entry) = find_object(host, text, &[Kind::Session])?;
    Ok((notebook, entry.id))
}

fn show(host: &mut Host, notebook: NotebookId, id: ObjectId) -> Result<Value, Failure> {
    let view = host.read(notebook, |docs, people| {
        session::show(docs, people, id).map_err(read_failed)
    })?;
    Ok(listed(host, notebook, data("session", &view)?))
}
