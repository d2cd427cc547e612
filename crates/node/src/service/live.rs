//! Notes that several windows write at once.

use hearth_core::document::DocumentId;
use hearth_core::ids::{ActorId, DeviceId, NotebookId};
use hearth_core::presence::{Caret, Presence, PresenceState};
use hearth_notebook::{EditError, Kind, ObjectId, People, live};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{quote, to_json, unavailable};
use super::resolve::find_notebook;
use crate::api::{Failure, LiveRequest, Typed};
use crate::host::{Host, Merged, WINDOW_BYTES_MAX, invalid, random};

/// Does what a window asks; to follow is the driver's to serve.
pub(super) fn execute(host: &mut Host, request: &LiveRequest) -> Result<Value, Failure> {
    match request {
        LiveRequest::Type(typed) => type_notes(host, typed),
        LiveRequest::Leave {
            notebook,
            session,
            window,
        } => {
            let note = find(host, notebook, session)?;
            say(host, note, window, (PresenceState::Away, Caret::Nowhere));
            Ok(json!({ "left": true }))
        }
        LiveRequest::Merged {
            notebook,
            session,
            differences,
        } => {
            let note = find(host, notebook, session)?;
            Ok(json!({ "merged": merged(host, note, *differences) }))
        }
        LiveRequest::Reviewed {
            notebook,
            session,
            until,
        } => {
            let note = find(host, notebook, session)?;
            let until: Timestamp = until.parse().map_err(|_| {
                Failure::usage("invalid", format!("{} is no time.", quote(until)))
                    .with_hint("Write it as in 2026-12-01T15:00:00Z.")
            })?;
            host.reviewed(note, until.as_second())?;
            Ok(json!({ "reviewed": true }))
        }
        LiveRequest::Follow { .. } => Err(Failure::error(
            "internal",
            "This request reached the wrong part of the program.",
        )
        .with_hint("Nothing was changed. Please report this.")),
    }
}

/// Finds notes by full ids: a keystroke comes this way.
pub(crate) fn find(
    host: &mut Host,
    notebook: &str,
    session: &str,
) -> Result<(NotebookId, ObjectId), Failure> {
    let notebook = find_notebook(host, notebook)?;
    let session = session.parse().map_err(|_| {
        Failure::not_found(
            "not_found",
            format!("There is no {} with this id.", Kind::Session),
        )
    })?;
    Ok((notebook, session))
}

/// What a window is shown first.
pub(crate) fn first(
    host: &mut Host,
    (notebook, id): (NotebookId, ObjectId),
    base: Option<&[String]>,
) -> Result<Value, Failure> {
    if let Some(base) = base
        && let Ok(step) = step(host, (notebook, id), base)
    {
        return Ok(step);
    }
    let whole = host.read(notebook, |docs, _| live::whole(docs, id).map_err(failed))?;
    let mut told = to_json(&whole)?;
    told["turn"] = json!(host.live.next_turn());
    Ok(json!({ "whole": told }))
}

/// The version of notes.
pub(crate) fn version(
    host: &mut Host,
    (notebook, id): (NotebookId, ObjectId),
) -> Result<Vec<String>, Failure> {
    host.read(notebook, |docs, _| live::version(docs, id).map_err(failed))
}

/// What brings a window up to date that shows a version.
pub(crate) fn step(
    host: &mut Host,
    (notebook, id): (NotebookId, ObjectId),
    base: &[String],
) -> Result<Value, Failure> {
    let step = host.read(notebook, |docs, _| {
        live::since(docs, id, base).map_err(failed)
    })?;
    let mut told = to_json(&step)?;
    told["from"] = json!(base);
    told["turn"] = json!(host.live.next_turn());
    Ok(json!({ "step": told }))
}

fn type_notes(host: &mut Host, typed: &Typed) -> Result<Value, Failure> {
    let (notebook, id) = find(host, &typed.notebook, &typed.session)?;
    if typed.edits.is_empty() {
        let step = host.read(notebook, |docs, _| {
            live::since(docs, id, &typed.base).map_err(failed)
        })?;
        say_caret(host, (notebook, id), typed, &step.patches);
        let mut answer = to_json(&step)?;
        answer["turn"] = json!(host.live.next_turn());
        return Ok(answer);
    }
    if typed.window.is_empty() || typed.window.len() > WINDOW_BYTES_MAX {
        return Err(Failure::usage(
            "window_invalid",
            "This is no name of a window.",
        ));
    }
    let others = match written_before(host, (notebook, id), typed)? {
        Some(others) => others,
        None => host.edit(notebook, |docs, writer| {
            live::type_at(docs, writer, id, &typed.base, &typed.edits)
        })?,
    };
    host.live.note(&typed.window, typed.number);
    say_caret(host, (notebook, id), typed, &others);
    let now = host.read(notebook, |docs, _| live::whole(docs, id).map_err(failed))?;
    let (heads, sum, patches) = (now.heads, now.sum, to_json(&others)?);
    Ok(json!({ "heads": heads, "sum": sum, "patches": patches, "turn": host.live.next_turn() }))
}

/// Returns what others wrote since where a window's edits are in the notes already, since it asks again.
fn written_before(
    host: &mut Host,
    (notebook, id): (NotebookId, ObjectId),
    typed: &Typed,
) -> Result<Option<Vec<live::Patch>>, Failure> {
    let (base, edits) = (&typed.base, &typed.edits);
    match host.live.last_of(&typed.window) {
        Some(last) if typed.number <= last => {
            let rest = host.read(notebook, |docs, _| {
                live::after_typed(docs, id, base, edits).map_err(failed)
            })?;
            Ok(Some(rest))
        }
        // The node that had them may have ended before it answered.
        None if typed.is_again => {
            let me = host.my_device().to_string();
            host.read(notebook, |docs, people| {
                let is_own = |actor: &_| people.author(actor).device_id == me;
                live::typed_before(docs, id, base, edits, &is_own).map_err(failed)
            })
        }
        _ => Ok(None),
    }
}

/// Says to others where a writer is, where that is news.
fn say_caret(
    host: &mut Host,
    (notebook, id): (NotebookId, ObjectId),
    typed: &Typed,
    others: &[live::Patch],
) {
    let place = |caret: usize| others.iter().fold(caret, live::moved);
    let caret = typed.caret.map(place).and_then(|place| {
        let found = host.read(notebook, |docs, _| {
            let doc = docs.read(id.document()).map_err(unavailable)?;
            Ok(doc.and_then(|doc| live::caret_at(doc, place).ok()))
        });
        found.ok().flatten()
    });
    let caret = match caret {
        None => Caret::Nowhere,
        Some(live::Caret::End) => Caret::End,
        Some(live::Caret::Before { actor, counter }) => match actor.try_into() {
            Ok(actor) => Caret::Before {
                actor: ActorId::from_bytes(actor),
                counter,
            },
            Err(_) => Caret::Nowhere,
        },
    };
    let state = match typed.is_writing {
        true => PresenceState::Writing,
        false => PresenceState::Here,
    };
    say(host, (notebook, id), &typed.window, (state, caret));
}

fn say(
    host: &mut Host,
    (notebook, id): (NotebookId, ObjectId),
    window: &str,
    what: (PresenceState, Caret),
) {
    let place = (notebook, DocumentId::from_bytes(id.document().0));
    if let Some(news) = host.live.news(place, window, what, Host::now_ms()) {
        host.engine.say_presence(notebook, &news, &mut random());
    }
}

/// Who else is in notes than the window that asks, and where: each window by itself.
pub(crate) fn people(
    host: &mut Host,
    (notebook, id): (NotebookId, ObjectId),
    asks: &str,
) -> Option<Value> {
    let document = DocumentId::from_bytes(id.document().0);
    let (now_ms, own) = (Host::now_ms(), host.my_device());
    let others = host.engine.presences(notebook, now_ms);
    let own_windows = host.live.own_presences(notebook, now_ms);
    let own_windows = own_windows.filter(|(window, _)| *window != asks);
    let here: Vec<(DeviceId, Presence)> = others
        .chain(own_windows.map(|(_, presence)| (own, presence)))
        .filter(|(_, presence)| presence.document == document)
        .map(|(device, presence)| (device, *presence))
        .collect();
    let directory = host.directory(notebook);
    let controls = host.engine.replica(notebook)?.controls();
    let persons: Vec<_> = here
        .iter()
        .map(|(device, _)| controls.device(device).map(|(person, _)| person))
        .collect();
    let read = host.read(notebook, |docs, _| {
        let doc = docs.read(id.document()).map_err(unavailable)?;
        let places = here.iter().map(|(_, presence)| match &presence.caret {
            Caret::Nowhere => None,
            Caret::End => live::place_of(doc?, &live::Caret::End),
            Caret::Before { actor, counter } => {
                let caret = live::Caret::Before {
                    actor: actor.as_bytes().to_vec(),
                    counter: *counter,
                };
                live::place_of(doc?, &caret)
            }
        });
        Ok(places.collect::<Vec<_>>())
    });
    let people = here.iter().zip(persons).zip(read.ok()?);
    let people: Vec<Value> = people
        .filter_map(|(((device, presence), person), at)| {
            let person = person?;
            Some(json!({
                "person": person.to_string(),
                "name": directory.person_name(&person),
                "device": directory.device_label(device),
                "device_id": device.to_string(),
                "window": presence.window.number(),
                "writing": presence.state == PresenceState::Writing,
                "at": at,
            }))
        })
        .collect();
    Some(json!({ "people": people, "turn": host.live.next_turn() }))
}

fn merged(host: &mut Host, note: (NotebookId, ObjectId), differences: bool) -> Vec<Value> {
    let directory = host.directory(note.0);
    let mut told = Vec::new();
    for one in host.merged(note) {
        let controls = host
            .engine
            .replica(note.0)
            .map(|replica| replica.controls());
        let person = controls.and_then(|controls| controls.device(&one.device));
        let time = |at| Timestamp::from_second(at).ok();
        let mut view = json!({
            "person": person.as_ref().map(|(person, _)| person.to_string()),
            "name": person.as_ref().map(|(person, _)| directory.person_name(person)),
            "device": directory.device_label(&one.device),
            "device_id": one.device.to_string(),
            "edits": one.edits,
            "from": time(one.from),
            "to": time(one.to),
            "came": time(one.came),
        });
        if differences {
            view["pieces"] = pieces(host, note, &one).unwrap_or_default();
        }
        told.push(view);
    }
    told
}

/// What a device wrote while it was away; nothing where that is no part of the notes any more.
fn pieces(host: &mut Host, (notebook, id): (NotebookId, ObjectId), one: &Merged) -> Option<Value> {
    let before: Vec<String> = one.before.iter().map(ToString::to_string).collect();
    let found = host.read(notebook, |docs, _| {
        live::between(docs, id, &before, &[one.last.to_string()]).map_err(failed)
    });
    to_json(&found.ok()?).ok()
}

fn failed(error: EditError) -> Failure {
    invalid(&error)
}
