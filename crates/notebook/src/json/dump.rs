//! Writing the JSON.

use automerge::{Automerge, ObjType, ReadDoc, ScalarValue, Value};
use serde_json::{Map, Value as Json, json};

use crate::agreement::{signatures_under, version_hash};
use crate::conflict;
use crate::documents::{Documents, Unavailable};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::journal;
use crate::json::shape::{CONTENT, PEOPLE, TOP, is_field, mismatch, parts};
use crate::json::{FORMAT, VERSION};
use crate::people::People;
use crate::record::{Field, Record, is_machinery_key};
use crate::scalar::{escape, to_json};
use crate::skill;

/// The whole notebook as one JSON document, indented, with a newline at the end.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn export_json(docs: &mut dyn Documents, people: &dyn People) -> Result<String, Unavailable> {
    Ok(format!("{:#}\n", dump(docs, people)?))
}

/// The whole notebook as one line of JSON: equal documents and equal names give equal bytes.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn canonical_json(
    docs: &mut dyn Documents,
    people: &dyn People,
) -> Result<String, Unavailable> {
    Ok(dump(docs, people)?.to_string())
}

/// The whole notebook as a JSON value with sorted keys.
pub(crate) fn dump(docs: &mut dyn Documents, people: &dyn People) -> Result<Json, Unavailable> {
    let mut top = Map::new();
    top.insert("format".to_owned(), FORMAT.into());
    top.insert("version".to_owned(), VERSION.into());
    let mut sessions = Vec::new();
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        let is_journal = journal::has_form(index);
        let listed: Vec<Kind> = TOP
            .into_iter()
            .filter(|kind| *kind != Kind::Entry || is_journal)
            .collect();
        top.insert(
            "notebook".to_owned(),
            Json::Object(root(index, Kind::Notebook, &listed)),
        );
        for kind in listed {
            let objects = Record::all(index, kind).into_iter().map(|(id, record)| {
                if kind == Kind::Session {
                    sessions.push(id);
                }
                Json::Object(object(kind, id, &record, people))
            });
            top.insert(kind.plural().to_owned(), objects.collect());
        }
    }
    for (place, id) in sessions.into_iter().enumerate() {
        // What has not arrived is left out: an import must not take it for empty.
        let Some(doc) = docs.read(id.document())? else {
            continue;
        };
        let session = top
            .get_mut(Kind::Session.plural())
            .and_then(|list| list.get_mut(place));
        if let Some(Json::Object(session)) = session {
            content(session, doc, people);
        }
    }
    Ok(sorted(Json::Object(top)))
}

/// The fields at the root of a document, without the objects of the kinds that stand in lists.
fn root(doc: &Automerge, kind: Kind, listed: &[Kind]) -> Map<String, Json> {
    let mut entry = Map::new();
    let mut extra = Map::new();
    for (key, field) in &Record::root(doc).fields {
        let is_listed = listed.iter().any(|kind| is_object(key, field, *kind));
        if !is_listed && !is_machinery_key(key) {
            place(kind, key, value(doc, field), &mut entry, &mut extra);
        }
    }
    if !extra.is_empty() {
        entry.insert("extra".to_owned(), Json::Object(extra));
    }
    entry
}

fn object(kind: Kind, id: ObjectId, record: &Record<'_>, people: &dyn People) -> Map<String, Json> {
    let mut entry = Map::new();
    entry.insert("id".to_owned(), id.to_string().into());
    if let Ok(Json::Object(stamp)) = serde_json::to_value(record.stamp(people)) {
        entry.extend(stamp);
    }
    let hash = match kind {
        Kind::Version => version_hash(id, record),
        Kind::Endorsement => skill::hash_of(record, people),
        _ => None,
    };
    if let Some(hash) = hash {
        let signatures = signatures_under(hash, &people.signatures(), people);
        if !signatures.is_empty() {
            entry.insert("signatures".to_owned(), signatures.into());
        }
    }
    let conflicts = conflict::own(record, people);
    if !conflicts.is_empty() {
        entry.insert("conflicts".to_owned(), json!(conflicts));
    }
    for part in parts(kind) {
        let list = record.children(*part);
        let list = list
            .iter()
            .map(|(id, part_record)| object(*part, *id, part_record, people));
        entry.insert(part.plural().to_owned(), list.map(Json::Object).collect());
    }
    let mut extra = Map::new();
    for (key, field) in &record.fields {
        if parts(kind).iter().any(|part| is_object(key, field, *part)) {
            continue;
        }
        match member(key, field) {
            Some((list, person, true)) => {
                let list = entry.entry(list).or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.push(person.into());
                }
            }
            // Who was taken out of a set is no part of it.
            Some((_, _, false)) => {}
            None => place(kind, key, value(record.doc, field), &mut entry, &mut extra),
        }
    }
    if !extra.is_empty() {
        entry.insert("extra".to_owned(), Json::Object(extra));
    }
    entry
}

/// Adds what a session's document holds; without a Text the notes are empty.
fn content(session: &mut Map<String, Json>, doc: &Automerge, people: &dyn People) {
    session.insert("notes".to_owned(), "".into());
    let mut extra = Map::new();
    for (key, field) in &Record::root(doc).fields {
        let is_text = matches!(field.value, Value::Object(ObjType::Text));
        if key == "notes" && is_text {
            session.insert(key.clone(), doc.text(&field.op).unwrap_or_default().into());
        } else if !CONTENT.into_iter().any(|kind| is_object(key, field, kind)) {
            extra.insert(escape(key), value(doc, field));
        }
    }
    for kind in CONTENT {
        let list = Record::all(doc, kind);
        let list = list
            .iter()
            .map(|(id, record)| object(kind, *id, record, people));
        session.insert(kind.plural().to_owned(), list.map(Json::Object).collect());
    }
    if !extra.is_empty() {
        session.insert("document_extra".to_owned(), Json::Object(extra));
    }
}

fn is_object(key: &str, field: &Field, kind: Kind) -> bool {
    let is_map = matches!(field.value, Value::Object(ObjType::Map));
    is_map && Kind::from_key(key).is_some_and(|(found, _)| found == kind)
}

/// Reads a key of a set of people: the name of its list, the person, and whether the person is in it.
fn member(key: &str, field: &Field) -> Option<(&'static str, String, bool)> {
    let (word, person) = key.split_once('/')?;
    let (_, list) = PEOPLE.into_iter().find(|(of, _)| *of == word)?;
    match field.value.as_scalar()? {
        ScalarValue::Boolean(is_in) => Some((list, person.to_owned(), *is_in)),
        _ => None,
    }
}

fn place(
    kind: Kind,
    key: &str,
    value: Json,
    entry: &mut Map<String, Json>,
    extra: &mut Map<String, Json>,
) {
    if is_field(kind, key) && mismatch(key, &value).is_none() {
        entry.insert(key.to_owned(), value);
    } else {
        extra.insert(escape(key), value);
    }
}

fn value(doc: &Automerge, field: &Field) -> Json {
    to_json(doc, &field.value, &field.op, 0)
}

/// The same value with the keys of every map in order, whatever order the map type keeps.
fn sorted(value: Json) -> Json {
    match value {
        Json::Array(items) => items.into_iter().map(sorted).collect(),
        Json::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            entries
                .into_iter()
                .map(|(key, item)| (key, sorted(item)))
                .collect()
        }
        other => other,
    }
}
