//! The shapes that answers and failures share.

use automerge::{Automerge, ObjId, ReadDoc};
use hearth_core::engine::AdoptError;
use hearth_core::ids::{NotebookId, PersonId};
use hearth_core::replica::InviteError;
use hearth_notebook::{ReadError, Unavailable};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::{Exit, Failure};
use crate::host::{Directory, Host, SEE_DAMAGE, sentence, storage_failed};

/// Longest part of what a person typed that a message repeats.
const QUOTE_CHARS_MAX: usize = 60;

/// Makes JSON of a view.
pub(super) fn to_json(view: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(view).map_err(|error| {
        Failure::error(
            "internal",
            format!("An answer could not be written: {error}."),
        )
    })
}

/// Makes the data of a command on one object or one list: `{key: view}`.
pub(super) fn data(key: &str, view: &impl Serialize) -> Result<Value, Failure> {
    Ok(json!({ key: to_json(view)? }))
}

/// Adds members to an object; what is no object stays as it is.
pub(super) fn with(mut object: Value, more: Value) -> Value {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}

/// A text under a key of a document; empty where there is none.
pub(super) fn text_of(doc: &Automerge, object: &ObjId, key: &str) -> String {
    match doc.get(object, key) {
        Ok(Some((automerge::Value::Scalar(text), _))) => {
            text.as_str().unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// Repeats what a person typed in a message: shortened, and without control characters.
pub(super) fn quote(text: &str) -> String {
    let mut letters = text.trim().chars();
    let mut short: String = letters
        .by_ref()
        .take(QUOTE_CHARS_MAX)
        .map(|letter| {
            if letter.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                letter
            }
        })
        .collect();
    if letters.next().is_some() {
        short.push('…');
    }
    format!("“{short}”")
}

/// Makes a text of somebody else fit for a terminal or a log: its control characters show.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                letter
            }
        })
        .collect()
}

/// A time of the protocol, milliseconds since 1970 UTC, as RFC 3339; `None` beyond the calendar.
pub(crate) fn time(at_ms: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(at_ms).ok()?).ok()
}

/// A person as answers name them.
pub(super) fn person(directory: &Directory, person: &PersonId) -> Value {
    json!({ "person": person.to_string(), "name": directory.person_name(person) })
}

/// The failure for a document that cannot be opened.
pub(super) fn unavailable(error: Unavailable) -> Failure {
    Failure::new(Exit::Damaged, "damaged", sentence(&error.to_string())).with_hint(SEE_DAMAGE)
}

/// The failure for a view that cannot be read.
pub(super) fn read_failed(error: ReadError) -> Failure {
    match error {
        ReadError::Unavailable(error) => unavailable(error),
        other => Failure::not_found("not_found", sentence(&other.to_string())),
    }
}

/// Whether this person may write into a notebook.
pub(super) fn may_write(host: &Host, notebook: NotebookId) -> bool {
    let me = host.me();
    let replica = host.engine.replica(notebook);
    let member = replica.and_then(|replica| replica.membership().members().get(&me));
    member.is_some_and(|member| member.rights.may_write)
}

/// The failure for something that only an admin may do.
pub(super) fn not_admin(host: &Host, notebook: NotebookId) -> Failure {
    let directory = host.directory(notebook);
    let admins: Vec<String> = host
        .engine
        .replica(notebook)
        .into_iter()
        .flat_map(|replica| replica.membership().members())
        .filter(|(_, member)| member.rights.admin)
        .map(|(person, _)| directory.person_name(person))
        .collect();
    Failure::new(
        Exit::NotAllowed,
        "not_allowed",
        format!("Only an admin of notebook {notebook} can do this, and you are none."),
    )
    .with_hint(format!("Ask {}.", any_of(&admins)))
}

/// Lists names of whom any one will do: `Ana`, `Ana or Ben`, `Ana, Ben or Cy`.
fn any_of(names: &[String]) -> String {
    match names {
        [] => "whoever invited you".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// The failure for a control entry that was not written.
pub(super) fn control_failed(host: &Host, notebook: NotebookId, error: AdoptError) -> Failure {
    match error {
        AdoptError::Invite(InviteError::NotAdmin) => not_admin(host, notebook),
        AdoptError::Invite(InviteError::Rekey(error)) => {
            Failure::error("key_missing", sentence(&error.to_string()))
                .with_hint(format!("Run `hearth sync {notebook}`, then try again."))
        }
        AdoptError::Storage(error) => storage_failed(error),
        other => Failure::error("not_done", sentence(&other.to_string()))
            .with_hint("Nothing was changed."),
    }
}
