//! Fields that several devices wrote without knowing of each other, and choosing between their values.

use hearth_core::ids::NotebookId;
use hearth_notebook::conflict::{self, Disputed};
use hearth_notebook::lookup::Entry;
use hearth_notebook::{ConcurrentValue, Kind};
use serde_json::{Value, json};

use super::answer::{quote, to_json, unavailable, with};
use super::document_facts;
use super::resolve::{brief, find_notebook, find_object};
use crate::api::{ConflictRequest, Failure};
use crate::host::Host;

/// The fewest characters of the beginning of a value that serve to name it.
const VALUE_CHARS_MIN: usize = 4;

/// Does what a request about disputed fields asks.
pub(super) fn execute(host: &mut Host, request: &ConflictRequest) -> Result<Value, Failure> {
    match request {
        ConflictRequest::List { notebook } => {
            let notebook = find_notebook(host, notebook)?;
            let conflicts = read(host, notebook)?
                .iter()
                .map(|disputed| view(notebook, disputed))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(json!({ "conflicts": conflicts, "notebook": brief(host, notebook) }))
        }
        ConflictRequest::Choose {
            conflict,
            value,
            nth,
        } => choose(host, conflict, value.as_deref(), *nth),
    }
}

fn choose(
    host: &mut Host,
    text: &str,
    value: Option<&str>,
    nth: Option<u32>,
) -> Result<Value, Failure> {
    let (notebook, disputed) = find(host, text)?;
    let picked = pick(notebook, &disputed, value, nth)?.clone();
    let done = host.edit(notebook, |docs, writer| {
        conflict::choose(docs, writer, &disputed, &picked.value)
    })?;
    if !done {
        return Err(Failure::error(
            "changed_meanwhile",
            format!("{} was changed meanwhile.", id(notebook, &disputed)),
        )
        .with_hint(format!(
            "Look again with `hearth conflict list {notebook}`. Nothing was changed."
        )));
    }
    let over: Vec<&ConcurrentValue> = disputed
        .conflict
        .values
        .iter()
        .filter(|other| other.value != picked.value)
        .collect();
    let mut chosen =
        json!({ "chosen": picked.value, "shown": picked.shown, "passed_over": to_json(&over)? });
    // What was read names the object as it was before.
    if disputed.conflict.field == "title" {
        chosen = with(chosen, json!({ "title": picked.value }));
    }
    Ok(json!({
        "conflict": with(view(notebook, &disputed)?, chosen),
        "notebook": brief(host, notebook),
    }))
}

fn read(host: &mut Host, notebook: NotebookId) -> Result<Vec<Disputed>, Failure> {
    let facts = document_facts::of_sessions(host, notebook)?;
    let may_be = |id| facts.get(&id).is_none_or(|known| known.is_concurrent);
    host.read(notebook, |docs, people| {
        conflict::list(docs, people, may_be).map_err(unavailable)
    })
}

/// What names a disputed field: the object's id, a dot, and the field.
fn id(notebook: NotebookId, disputed: &Disputed) -> String {
    let field = &disputed.conflict.field;
    match disputed.object {
        Some(object) => format!("{object}.{field}"),
        None => format!("{notebook}.{field}"),
    }
}

fn view(notebook: NotebookId, disputed: &Disputed) -> Result<Value, Failure> {
    let count = disputed.conflict.values.len();
    let mut values = Vec::new();
    for (place, value) in disputed.conflict.values.iter().enumerate() {
        let more = json!({ "nth": place + 1, "shows": place + 1 == count });
        values.push(with(to_json(value)?, more));
    }
    let object = match disputed.object {
        Some(object) => object.to_string(),
        None => notebook.to_string(),
    };
    Ok(json!({
        "id": id(notebook, disputed),
        "object": { "id": object, "kind": disputed.kind, "title": disputed.title },
        "object_id": object,
        "kind": disputed.kind,
        "title": disputed.title,
        "parent": disputed.parent,
        "field": disputed.conflict.field,
        "name": disputed.conflict.name,
        "values": values,
    }))
}

/// What holds the disputed field that a person means.
enum Holder {
    Notebook,
    Object(Entry),
}

/// Finds the one disputed field that a person means.
fn find(host: &mut Host, text: &str) -> Result<(NotebookId, Disputed), Failure> {
    let (notebook, holder, field) = find_holder(host, text)?;
    let is_of = |disputed: &Disputed| match &holder {
        Holder::Notebook => disputed.kind == Kind::Notebook,
        Holder::Object(entry) => {
            disputed.object == Some(entry.id) || disputed.parent == Some(entry.id)
        }
    };
    let all = read(host, notebook)?;
    let mut found: Vec<Disputed> = all
        .into_iter()
        .filter(|disputed| {
            is_of(disputed)
                && field
                    .as_ref()
                    .is_none_or(|field| *field == disputed.conflict.field)
        })
        .collect();
    if found.len() > 1 {
        let ids: Vec<String> = found.iter().map(|one| id(notebook, one)).collect();
        return Err(Failure::not_found(
            "ambiguous",
            format!("Several fields of it have two values: {}.", ids.join(", ")),
        )
        .with_hint("Give the id of one of them.")
        .with_details(json!({ "candidates": ids })));
    }
    let hint = format!("See what is disputed with `hearth conflict list {notebook}`.");
    found.pop().map(|one| (notebook, one)).ok_or_else(|| {
        Failure::not_found(
            "not_disputed",
            format!("Nothing is disputed at {}.", quote(text)),
        )
        .with_hint(hint)
    })
}

fn find_holder(
    host: &mut Host,
    text: &str,
) -> Result<(NotebookId, Holder, Option<String>), Failure> {
    let is_field = |field: &&str| {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_/".contains(&byte);
        !field.is_empty() && field.bytes().all(plain)
    };
    let split = text.trim().rsplit_once('.');
    let split = split.filter(|(_, field)| is_field(field));
    if let Some((object, field)) = split
        && let Ok((notebook, holder)) = holder(host, object)
    {
        return Ok((notebook, holder, Some(field.to_owned())));
    }
    let (notebook, holder) = holder(host, text)?;
    Ok((notebook, holder, None))
}

fn holder(host: &mut Host, text: &str) -> Result<(NotebookId, Holder), Failure> {
    match find_object(host, text, &[]) {
        Ok((notebook, entry)) => Ok((notebook, Holder::Object(entry))),
        Err(failure) if failure.code == "not_found" => match find_notebook(host, text) {
            Ok(notebook) => Ok((notebook, Holder::Notebook)),
            Err(_) => Err(failure),
        },
        Err(failure) => Err(failure),
    }
}

/// Picks the value that a person means: as it stands in the data, as it shows, or an unmistakable beginning.
fn pick<'a>(
    notebook: NotebookId,
    disputed: &'a Disputed,
    value: Option<&str>,
    nth: Option<u32>,
) -> Result<&'a ConcurrentValue, Failure> {
    let values = &disputed.conflict.values;
    let found = match (value, nth) {
        (_, Some(nth)) => usize::try_from(nth)
            .ok()
            .and_then(|nth| values.get(nth.checked_sub(1)?)),
        (Some(text), None) => meant(values, text),
        (None, None) => None,
    };
    found.ok_or_else(|| {
        let words: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(place, value)| format!("{} {}", place + 1, quote(&value.shown)))
            .collect();
        Failure::not_found(
            "value_unknown",
            format!(
                "{} has these values and no other: {}.",
                id(notebook, disputed),
                words.join(", ")
            ),
        )
        .with_hint(
            "Give one of them, or its number with --nth. To write a new value, edit the object.",
        )
    })
}

fn meant<'a>(values: &'a [ConcurrentValue], text: &str) -> Option<&'a ConcurrentValue> {
    let trimmed = text.trim();
    let as_data = |value: &ConcurrentValue| match &value.value {
        Value::String(known) => known == text,
        // As it is written in JSON: a number, true or false.
        other => serde_json::from_str::<Value>(trimmed).is_ok_and(|typed| typed == *other),
    };
    let begins = |known: &str| {
        trimmed.chars().count() >= VALUE_CHARS_MIN
            && known.to_lowercase().starts_with(&trimmed.to_lowercase())
    };
    let tests: [&dyn Fn(&ConcurrentValue) -> bool; 4] = [
        &as_data,
        &|value| value.shown == trimmed,
        &|value| value.shown.trim().to_lowercase() == trimmed.to_lowercase(),
        &|value| begins(value.shown.trim_start()) || value.value.as_str().is_some_and(begins),
    ];
    tests.iter().find_map(|test| {
        let mut fits = values.iter().filter(|value| test(value));
        let first = fits.next()?;
        fits.all(|other| other.value == first.value)
            .then_some(first)
    })
}
