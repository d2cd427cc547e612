//! Planning the fields of one object: only what differs from what is there is written.

use automerge::{ObjType, Value};
use serde_json::{Map, Value as Json};

use crate::check::quote;
use crate::id::Kind;
use crate::json::error::{ImportError, malformed};
use crate::json::shape::{PEOPLE, RESERVED, SIGNED, is_list, mismatch};
use crate::limits::IMPORT_STRING_BYTES_MAX;
use crate::plan::{Plan, Slot};
use crate::record::{IMPORTED_FROM, Record};
use crate::scalar::{Tree, from_json, to_json, unescape};
use crate::text::rewrite;

/// Plans the fields of an object; whether any differs from what is there.
pub(super) fn fields(
    plan: &mut Plan,
    slot: Slot,
    there: Option<&Record<'_>>,
    kind: Kind,
    object: &Map<String, Json>,
    path: &str,
) -> Result<bool, ImportError> {
    let mut changed = false;
    for (key, value) in object {
        if RESERVED.contains(&key.as_str()) || is_list(kind, key) || key == IMPORTED_FROM {
            continue;
        }
        if let Some(expected) = mismatch(key, value) {
            return Err(malformed(&format!("{path}.{key}"), expected));
        }
        changed |= field(plan, slot, there, key, value, path)?;
    }
    for (word, name) in PEOPLE {
        let Some(list) = object.get(name) else {
            continue;
        };
        changed |= people(plan, slot, there, word, list, &format!("{path}.{name}"))?;
    }
    if let Some(extra) = object.get("extra") {
        let path = format!("{path}.extra");
        let extra = extra
            .as_object()
            .ok_or_else(|| malformed(&path, "an object"))?;
        for (key, value) in extra {
            changed |= field(plan, slot, there, &unescape(key), value, &path)?;
        }
    }
    Ok(changed)
}

/// Plans one field; whether it differs from what is there.
pub(super) fn field(
    plan: &mut Plan,
    slot: Slot,
    there: Option<&Record<'_>>,
    key: &str,
    value: &Json,
    path: &str,
) -> Result<bool, ImportError> {
    let path = format!("{path}.{key}");
    check_sizes(value, key, &path)?;
    let found = there.and_then(|record| Some((record, record.fields.get(key)?)));
    if let Some((record, field)) = found
        && to_json(record.doc, &field.value, &field.op, 0) == *value
    {
        return Ok(false);
    }
    match (found, tree(value, &path)?) {
        // Edited in place, so that what others write at the same time stays.
        (Some((record, field)), Tree::Text(text))
            if matches!(field.value, Value::Object(ObjType::Text)) =>
        {
            rewrite(plan, record.doc, &field.op, &text);
        }
        (_, tree) => plan.tree(slot, key, tree),
    }
    Ok(true)
}

/// Plans a set of people; whether it differs from what is there.
fn people(
    plan: &mut Plan,
    slot: Slot,
    there: Option<&Record<'_>>,
    word: &str,
    list: &Json,
    path: &str,
) -> Result<bool, ImportError> {
    let list = list
        .as_array()
        .ok_or_else(|| malformed(path, "a list of ids of people, or of tags"))?;
    let mut wanted = Vec::new();
    for (place, person) in list.iter().enumerate() {
        let path = format!("{path}[{place}]");
        let person = person
            .as_str()
            .ok_or_else(|| malformed(&path, "the id of a person, or a tag"))?;
        check_sizes(&Json::String(person.to_owned()), "", &path)?;
        wanted.push(person);
    }
    let mut changed = false;
    let is_in = |person: &str| there.is_some_and(|record| record.flag(&format!("{word}/{person}")));
    for person in &wanted {
        if !is_in(person) {
            plan.put(slot, format!("{word}/{person}"), true);
            changed = true;
        }
    }
    for key in there.iter().flat_map(|record| record.fields.keys()) {
        let person = key
            .strip_prefix(word)
            .and_then(|rest| rest.strip_prefix('/'));
        let Some(person) = person else { continue };
        if is_in(person) && !wanted.contains(&person) {
            plan.put(slot, key.clone(), false);
            changed = true;
        }
    }
    Ok(changed)
}

/// Plans where an object came from: what an earlier import says of it, or else its authors and times.
pub(super) fn origin(
    plan: &mut Plan,
    slot: Slot,
    there: Option<&Record<'_>>,
    object: &Map<String, Json>,
    path: &str,
) -> Result<(), ImportError> {
    let value = object.get(IMPORTED_FROM).cloned().unwrap_or_else(|| {
        let entry = |key: &str| Some((key.to_owned(), object.get(key)?.clone()));
        Json::Object(SIGNED.into_iter().filter_map(entry).collect())
    });
    field(plan, slot, there, IMPORTED_FROM, &value, path).map(|_| ())
}

fn tree(value: &Json, path: &str) -> Result<Tree, ImportError> {
    from_json(value, 0).map_err(|(inner, reason)| ImportError::Malformed {
        path: format!("{path}{inner}"),
        reason: reason.to_owned(),
    })
}

/// Refuses strings and keys that no change could hold.
fn check_sizes(value: &Json, key: &str, path: &str) -> Result<(), ImportError> {
    let refuse = || ImportError::Malformed {
        path: quote(path),
        reason: format!("it is longer than {IMPORT_STRING_BYTES_MAX} bytes"),
    };
    let mut pending = vec![(key, value)];
    while let Some((key, value)) = pending.pop() {
        if key.len() + value.as_str().map_or(0, str::len) > IMPORT_STRING_BYTES_MAX {
            return Err(refuse());
        }
        match value {
            Json::Array(items) => pending.extend(items.iter().map(|item| ("", item))),
            Json::Object(map) => {
                pending.extend(map.iter().map(|(key, item)| (key.as_str(), item)));
            }
            _ => {}
        }
    }
    Ok(())
}
