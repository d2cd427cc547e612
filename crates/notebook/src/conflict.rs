//! Fields that several devices wrote without knowing of each other: both values show, with who and when,
//! until somebody chooses.
//!
//! Invariants:
//! - Which values stand beside each other follows from the history alone, so every device shows the same.
//! - To choose is to write one of the values with the others in view. Where two people choose at once,
//!   nothing is disputed any more: the document's own order decides between what they chose.
//! - Nothing here names a kind or a field: whatever an object holds is looked at alike.

use automerge::{Automerge, ObjType, ReadDoc, Value};
use jiff::Timestamp;
use serde::Serialize;

use crate::Writer;
use crate::documents::{Documents, Unavailable};
use crate::error::EditError;
use crate::history::field_name;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::{CONFLICTS_MAX, DEPTH_MAX};
use crate::people::{Author, People};
use crate::plan::{Plan, commit};
use crate::record::{Glance, IMPORTED_FROM, Record, is_machinery_key, signed};
use crate::scalar::{from_json, to_json};

/// One field that several devices wrote without knowing of each other.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Conflict {
    /// The key of the field.
    pub field: String,
    /// The field in words.
    pub name: String,
    /// The part of the object that has the field; none where it is the object itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// The values, the one that shows last.
    pub values: Vec<ConcurrentValue>,
}

/// A part of an object: a milestone of a goal, an agenda item of a session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Part {
    /// The id.
    pub id: ObjectId,
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
}

/// One of the concurrent values of a field.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ConcurrentValue {
    /// The value.
    pub value: serde_json::Value,
    /// The value in words: a person by name, nothing where the field was cleared.
    pub shown: String,
    /// Who wrote it.
    pub by: Author,
    /// When, by that author's clock.
    pub at: Option<Timestamp>,
}

/// A disputed field, and what has it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Disputed {
    /// The object; none for the notebook itself.
    pub object: Option<ObjectId>,
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
    /// The object that holds it: the goal of a milestone, the session of an agenda item.
    pub parent: Option<ObjectId>,
    /// The field and its values.
    pub conflict: Conflict,
}

/// Every disputed field of a notebook, those of the notebook itself first, at most [`CONFLICTS_MAX`].
///
/// The documents of sessions are opened where `may_be` says that something in them may be disputed: see
/// [`is_concurrent`].
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn list(
    docs: &mut dyn Documents,
    people: &dyn People,
    may_be: impl Fn(DocumentId) -> bool,
) -> Result<Vec<Disputed>, Unavailable> {
    let mut found = Vec::new();
    let mut sessions = Vec::new();
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        sessions.extend(Glance::all(index, Kind::Session).map(|one| one.id));
        walk(index, DocumentId::INDEX, &mut |place, record| {
            gather(&place, record, people, &mut found);
        });
    }
    for session in sessions {
        if found.len() >= CONFLICTS_MAX {
            break;
        }
        if !may_be(session.document()) {
            continue;
        }
        if let Some(doc) = docs.read(session.document())? {
            walk(doc, session.document(), &mut |place, record| {
                gather(&place, record, people, &mut found);
            });
        }
    }
    found.truncate(CONFLICTS_MAX);
    Ok(found)
}

/// Says whether any field of a document has more than one value: without one, nothing in it is disputed.
#[must_use]
pub fn is_concurrent(doc: &Automerge, id: DocumentId) -> bool {
    let mut found = false;
    walk(doc, id, &mut |_, record| {
        found |= record.fields.values().any(|field| field.conflict);
    });
    found
}

/// Writes one of the values of a disputed field, with all of them in view. Says whether the field was
/// still disputed, and had this value.
///
/// # Errors
/// [`EditError::Unavailable`] when a document cannot be opened.
pub fn choose(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    disputed: &Disputed,
    value: &serde_json::Value,
) -> Result<bool, EditError> {
    let session = match disputed.kind {
        Kind::Session => disputed.object,
        _ => disputed.parent,
    };
    let documents = [Some(DocumentId::INDEX), session.map(ObjectId::document)];
    for id in documents.into_iter().flatten() {
        let mut plan = Plan::default();
        if let Some(doc) = docs.read(id)? {
            walk(doc, id, &mut |place, record| {
                if place.object == disputed.object && place.kind == disputed.kind {
                    settle(&mut plan, record, &disputed.conflict.field, value);
                }
            });
        }
        if !plan.is_empty() {
            commit(docs, id, plan, writer.now)?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn settle(plan: &mut Plan, record: &Record<'_>, field: &str, value: &serde_json::Value) {
    let Ok(values) = record.doc.get_all(&record.obj, field) else {
        return;
    };
    let is_there = values
        .iter()
        .any(|(known, op)| to_json(record.doc, known, op, 0) == *value);
    if values.len() < 2 || !is_there {
        return;
    }
    if let Ok(tree) = from_json(value, 0) {
        let slot = plan.at(record.obj.clone());
        plan.tree(slot, field, tree);
    }
}

/// What a record is, on the way through a document.
#[derive(Clone, Copy)]
struct Place {
    object: Option<ObjectId>,
    kind: Kind,
    parent: Option<ObjectId>,
}

/// Visits the root of a document and every object in it, those within others too.
fn walk(doc: &Automerge, id: DocumentId, visit: &mut dyn FnMut(Place, &Record<'_>)) {
    let session = id.session();
    let place = Place {
        object: session,
        kind: if session.is_some() {
            Kind::Session
        } else {
            Kind::Notebook
        },
        parent: None,
    };
    walk_from(&Record::root(doc), place, 0, visit);
}

fn walk_from(
    record: &Record<'_>,
    place: Place,
    depth: usize,
    visit: &mut dyn FnMut(Place, &Record<'_>),
) {
    visit(place, record);
    if depth >= DEPTH_MAX {
        return;
    }
    for (key, field) in &record.fields {
        let is_map = matches!(field.value, Value::Object(ObjType::Map));
        if let Some((kind, id)) = Kind::from_key(key).filter(|_| is_map) {
            let inner = Place {
                object: Some(id),
                kind,
                parent: place.object,
            };
            let record = Record::read(record.doc, field.op.clone());
            walk_from(&record, inner, depth + 1, visit);
        }
    }
}

fn gather(place: &Place, record: &Record<'_>, people: &dyn People, found: &mut Vec<Disputed>) {
    if found.len() >= CONFLICTS_MAX {
        return;
    }
    found.extend(own(record, people).into_iter().map(|conflict| Disputed {
        object: place.object,
        kind: place.kind,
        title: title(record),
        parent: place.parent,
        conflict,
    }));
}

/// The disputed fields of an object and of its parts.
pub(crate) fn within(record: &Record<'_>, people: &dyn People) -> Vec<Conflict> {
    let mut found = own(record, people);
    for (key, field) in &record.fields {
        let is_map = matches!(field.value, Value::Object(ObjType::Map));
        if let Some((kind, id)) = Kind::from_key(key).filter(|_| is_map) {
            let part = Record::read(record.doc, field.op.clone());
            found.extend(own(&part, people).into_iter().map(|conflict| Conflict {
                part: Some(Part {
                    id,
                    kind,
                    title: title(&part),
                }),
                ..conflict
            }));
        }
    }
    found
}

/// The disputed fields of an object itself.
pub(crate) fn own(record: &Record<'_>, people: &dyn People) -> Vec<Conflict> {
    let is_ours =
        |key: &str| key != IMPORTED_FROM && !is_machinery_key(key) && Kind::from_key(key).is_none();
    record
        .fields
        .iter()
        .filter(|(key, field)| field.conflict && is_ours(key))
        .filter_map(|(key, _)| disputed(record, key, people))
        .collect()
}

fn disputed(record: &Record<'_>, key: &str, people: &dyn People) -> Option<Conflict> {
    let all = record.doc.get_all(&record.obj, key).ok()?;
    let written: Vec<_> = all
        .into_iter()
        .map(|(value, op)| (to_json(record.doc, &value, &op, 0), op))
        .collect();
    let differ = written.windows(2).any(|pair| match pair {
        [left, right] => left.0 != right.0,
        _ => false,
    });
    if !differ
        || written
            .iter()
            .all(|(value, op)| chosen(record, key, value, op))
    {
        return None;
    }
    let values = written
        .into_iter()
        .map(|(value, op)| {
            let (by, at) = signed(record.doc, &op, people);
            let shown = shown(&value, people);
            ConcurrentValue {
                value,
                shown,
                by,
                at,
            }
        })
        .collect();
    Some(Conflict {
        field: key.to_owned(),
        name: name(key, people),
        part: None,
        values,
    })
}

/// Says whether a value was written by somebody who saw it beside another one.
fn chosen(
    record: &Record<'_>,
    key: &str,
    value: &serde_json::Value,
    op: &automerge::ObjId,
) -> bool {
    let doc = record.doc;
    let seen = doc
        .hash_for_opid(op)
        .and_then(|hash| doc.get_change_meta_by_hash(&hash))
        .and_then(|change| doc.get_all_at(&record.obj, key, &change.deps).ok())
        .unwrap_or_default();
    let seen: Vec<_> = seen
        .into_iter()
        .map(|(value, op)| to_json(doc, &value, &op, 0))
        .collect();
    seen.contains(value) && seen.iter().any(|other| other != value)
}

/// The field in words: a set of people has one for each person.
fn name(key: &str, people: &dyn People) -> String {
    match key.split_once('/') {
        Some((word, person)) => {
            format!("{} {}", field_name(word), people.named(person).name)
        }
        None => field_name(key),
    }
}

/// A value in words.
fn shown(value: &serde_json::Value, people: &dyn People) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::Bool(true) => "yes".to_owned(),
        serde_json::Value::Bool(false) => "no".to_owned(),
        serde_json::Value::String(text) => people.named(text).name,
        serde_json::Value::Object(map) => match map.get("$text").and_then(|text| text.as_str()) {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        },
        other => other.to_string(),
    }
}

/// What an object is called.
fn title(record: &Record<'_>) -> String {
    ["title", "text", "note", "behaviour", "situation"]
        .into_iter()
        .filter_map(|key| record.str(key))
        .map(|text| crate::check::quote(&text))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::documents::MemoryDocuments;
    use crate::testing::{Bench, ben, bench, fill};
    use serde_json::json;

    /// Every scalar field of every object of a notebook that holds one of everything.
    fn every_field(docs: &MemoryDocuments) -> Vec<(DocumentId, Option<ObjectId>, Kind, String)> {
        let mut fields = Vec::new();
        for (id, doc) in docs.iter() {
            walk(doc, id, &mut |place, record| {
                for (key, field) in &record.fields {
                    if matches!(field.value, Value::Scalar(_)) {
                        fields.push((id, place.object, place.kind, key.clone()));
                    }
                }
            });
        }
        fields
    }

    fn put(
        docs: &mut MemoryDocuments,
        at: &(DocumentId, Option<ObjectId>, Kind, String),
        to: &str,
    ) {
        let doc = docs.write(at.0).unwrap();
        let mut plan = Plan::default();
        walk(&doc.clone(), at.0, &mut |place, record| {
            if (place.object, place.kind) == (at.1, at.2) {
                let slot = plan.at(record.obj.clone());
                plan.put(slot, at.3.clone(), to);
            }
        });
        plan.apply(doc, Timestamp::UNIX_EPOCH).unwrap();
    }

    #[test]
    fn every_field_of_every_kind_shows_both_values_until_somebody_chooses() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        fill(&mut docs, &mut Bench::writer(&mut rng, now), "words");
        let fields = every_field(&docs);
        assert!(fields.len() > 40, "{fields:?}");
        for at in &fields {
            let mut mine = docs.clone();
            let mut theirs = docs.fork(ben());
            put(&mut mine, at, "mine");
            put(&mut theirs, at, "theirs");
            mine.merge(&theirs).unwrap();
            theirs.merge(&mine).unwrap();
            let concurrent: Vec<DocumentId> = mine
                .iter()
                .filter(|(id, doc)| is_concurrent(doc, *id))
                .map(|(id, _)| id)
                .collect();
            assert_eq!(concurrent, [at.0]);
            let found = list(&mut mine, &people, |id| concurrent.contains(&id)).unwrap();
            assert_eq!(found, list(&mut theirs, &people, |_| true).unwrap());
            let [one] = found.as_slice() else {
                panic!("{at:?}: {found:?}")
            };
            assert_eq!(
                (one.object, one.kind, &one.conflict.field),
                (at.1, at.2, &at.3)
            );
            let mut told: Vec<_> = one
                .conflict
                .values
                .iter()
                .map(|value| (value.by.name.clone(), value.value.clone()))
                .collect();
            told.sort_by_key(|value| value.0.clone());
            assert_eq!(
                told,
                [
                    ("Ben".to_owned(), json!("theirs")),
                    ("Mia".to_owned(), json!("mine"))
                ]
            );
            let mut writer = Bench::writer(&mut rng, now);
            assert!(choose(&mut mine, &mut writer, one, &json!("mine")).unwrap());
            assert!(list(&mut mine, &people, |_| true).unwrap().is_empty());
            theirs.merge(&mine).unwrap();
            assert!(list(&mut theirs, &people, |_| true).unwrap().is_empty());
            assert!(!choose(&mut mine, &mut writer, one, &json!("mine")).unwrap());
        }
    }

    #[test]
    fn two_who_choose_differently_at_once_are_both_done() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        fill(&mut docs, &mut writer, "words");
        let at = (DocumentId::INDEX, None, Kind::Notebook, "title".to_owned());
        let mut theirs = docs.fork(ben());
        put(&mut docs, &at, "mine");
        put(&mut theirs, &at, "theirs");
        docs.merge(&theirs).unwrap();
        theirs.merge(&docs).unwrap();
        let one = list(&mut docs, &people, |_| true).unwrap().remove(0);
        assert!(choose(&mut docs, &mut writer, &one, &json!("mine")).unwrap());
        assert!(choose(&mut theirs, &mut writer, &one, &json!("theirs")).unwrap());
        docs.merge(&theirs).unwrap();
        theirs.merge(&docs).unwrap();
        assert!(list(&mut docs, &people, |_| true).unwrap().is_empty());
        let title = |docs: &mut MemoryDocuments| crate::meta::show(docs, &people).unwrap().title;
        assert_eq!(title(&mut docs), title(&mut theirs));
    }

    #[test]
    fn whoever_wrote_something_new_meanwhile_is_not_passed_over() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        fill(&mut docs, &mut writer, "words");
        let at = (DocumentId::INDEX, None, Kind::Notebook, "title".to_owned());
        let mut theirs = docs.fork(ben());
        put(&mut docs, &at, "mine");
        put(&mut theirs, &at, "theirs");
        docs.merge(&theirs).unwrap();
        let one = list(&mut docs, &people, |_| true).unwrap().remove(0);
        assert!(choose(&mut docs, &mut writer, &one, &json!("mine")).unwrap());
        put(&mut theirs, &at, "a third");
        docs.merge(&theirs).unwrap();
        let left = list(&mut docs, &people, |_| true).unwrap();
        let shown: Vec<_> = left[0].conflict.values.iter().map(|v| &v.shown).collect();
        assert_eq!(shown.len(), 2);
        assert!(shown.contains(&&"a third".to_owned()), "{shown:?}");
    }
}
