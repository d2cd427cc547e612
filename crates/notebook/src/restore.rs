//! Bringing an object back to how it was at a change.
//!
//! Invariants:
//! - A restore is a change like any other, by whoever restores: what it replaces stays in the history, and a
//!   later restore brings it back.
//! - It writes only what differs, field by field, so that what others write meanwhile merges as ever.
//! - What somebody signed or committed to is never rewritten: texts of an agreement that were kept to be
//!   signed, endorsements, commitments, openings, and who confirmed that they were there.
//! - What has to be made anew says who made it first, as an import does: its author is whoever restores.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;

use automerge::{Automerge, ChangeHash, ObjId, ObjType, ROOT, ReadDoc, Value};

use crate::Writer;
use crate::documents::{Documents, Unavailable};
use crate::error::EditError;
use crate::id::{DocumentId, Kind, ObjectId, Place};
use crate::limits::{DEPTH_MAX, RESTORE_CHANGES_MAX};
use crate::lookup::{self, Entry};
use crate::people::People;
use crate::plan::{Plan, Slot, commit};
use crate::record::{IMPORTED_FROM, Record, is_machinery_key, signed};
use crate::scalar::{Tree, from_json};
use crate::text::rewrite;

/// The fewest characters of a change's hash that serve to name it.
pub const CHANGE_CHARS_MIN: usize = 4;

/// Candidates that an ambiguous change lists.
const CANDIDATES_MAX: usize = 5;

/// Nothing was restored, and nothing changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// No change of this notebook begins so.
    #[error("no change of this notebook has the id “{0}”")]
    UnknownChange(String),
    /// Several changes do.
    #[error("“{text}” could be several changes: {}", .candidates.join(", "))]
    AmbiguousChange {
        /// What was typed.
        text: String,
        /// The first of the changes that begin so.
        candidates: Vec<String>,
    },
    /// The change is of a document that holds nothing of the object.
    #[error("change {change} is of {of}, and touches nothing of {object}")]
    ForeignChange {
        /// The change.
        change: String,
        /// What the change is of.
        of: String,
        /// What was to be restored.
        object: String,
    },
    /// The object was made later, or elsewhere.
    #[error("at change {change} there was no {object} yet")]
    NotThereYet {
        /// The change.
        change: String,
        /// What was to be restored.
        object: String,
    },
    /// What holds the object is gone itself.
    #[error("the {kind} that held it is gone: restore {parent} first")]
    HolderGone {
        /// What held it.
        kind: Kind,
        /// Its id.
        parent: ObjectId,
    },
    /// Others rely on it as it stands.
    #[error("a {0} stays as it was written, since others rely on its exact text")]
    Stands(Kind),
    /// A document cannot be opened.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A version of a notebook: for each document that was named the changes that it had last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// What was found, in full, in the order in which it was named.
    pub changes: Vec<String>,
    heads: HashMap<DocumentId, Vec<ChangeHash>>,
    at: i64,
}

/// What a restore is going to write.
#[derive(Debug)]
pub struct Prepared {
    plans: Vec<(DocumentId, Plan)>,
    /// The changes that name the version before the restore: restoring at them undoes it.
    pub way_back: Vec<String>,
}

impl Prepared {
    /// Says whether the object is already as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plans.iter().all(|(_, plan)| plan.is_empty())
    }
}

/// Finds the version that a person names: the beginning or end of a change's hash, or several with commas.
///
/// # Errors
/// [`RestoreError`] where a change is unknown or ambiguous.
pub fn version(docs: &mut dyn Documents, text: &str) -> Result<Version, RestoreError> {
    let mut version = Version {
        changes: Vec::new(),
        heads: HashMap::new(),
        at: i64::MIN,
    };
    let names: BTreeSet<&str> = text.split(',').map(str::trim).collect();
    for name in names.into_iter().take(RESTORE_CHANGES_MAX) {
        let (document, hash, at) = find_change(docs, name)?;
        version.changes.push(hash.to_string());
        version.heads.entry(document).or_default().push(hash);
        version.at = version.at.max(at);
    }
    Ok(version)
}

fn find_change(
    docs: &mut dyn Documents,
    text: &str,
) -> Result<(DocumentId, ChangeHash, i64), RestoreError> {
    let name = text.to_ascii_lowercase();
    let quoted = || crate::check::quote(text);
    if name.len() < CHANGE_CHARS_MIN || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(RestoreError::UnknownChange(quoted()));
    }
    let whole = ChangeHash::from_str(&name).ok();
    let mut found = Vec::new();
    for id in documents(docs)? {
        let Some(doc) = docs.read(id)? else { continue };
        if let Some(hash) = whole {
            found.extend(
                doc.get_change_meta_by_hash(&hash)
                    .map(|change| (id, hash, change.timestamp)),
            );
            continue;
        }
        for change in doc.get_changes_meta(&[]) {
            let hash = change.hash.to_string();
            if hash.starts_with(&name) || hash.ends_with(&name) {
                found.push((id, change.hash, change.timestamp));
            }
        }
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(RestoreError::UnknownChange(quoted())),
        several => Err(RestoreError::AmbiguousChange {
            text: quoted(),
            candidates: several
                .iter()
                .take(CANDIDATES_MAX)
                .map(|(_, hash, _)| hash.to_string())
                .collect(),
        }),
    }
}

fn documents(docs: &mut dyn Documents) -> Result<Vec<DocumentId>, Unavailable> {
    let mut documents = vec![DocumentId::INDEX];
    if let Some(index) = docs.read(DocumentId::INDEX)? {
        // Those of sessions that were removed too: their history is still there.
        let sessions = Record::all(index, Kind::Session).into_iter();
        documents.extend(sessions.map(|(id, _)| id.document()));
    }
    Ok(documents)
}

/// Finds what a person means among the objects that were there at a version, for what is there no more.
///
/// # Errors
/// [`lookup::ResolveError`] when none or several fit.
pub fn find_at(
    docs: &mut dyn Documents,
    version: &Version,
    text: &str,
) -> Result<Entry, lookup::ResolveError> {
    let mut entries = Vec::new();
    for (id, heads) in &version.heads {
        if let Some(doc) = docs.read(*id)? {
            gather(doc, &ROOT, heads, id.session(), 0, &mut entries);
        }
    }
    lookup::choose(text, entries)
}

fn gather(
    doc: &Automerge,
    obj: &ObjId,
    heads: &[ChangeHash],
    parent: Option<ObjectId>,
    depth: usize,
    entries: &mut Vec<Entry>,
) {
    let record = Record::read_at(doc, obj.clone(), heads);
    for (key, field) in &record.fields {
        let is_map = matches!(field.value, Value::Object(ObjType::Map));
        let Some((kind, id)) = Kind::from_key(key).filter(|_| is_map) else {
            continue;
        };
        let inner = Record::read_at(doc, field.op.clone(), heads);
        let title = inner.str("title").or_else(|| inner.str("text"));
        entries.push(Entry {
            id,
            kind,
            title: title.unwrap_or_default(),
            parent,
        });
        if depth < DEPTH_MAX {
            gather(doc, &field.op, heads, Some(id), depth + 1, entries);
        }
    }
}

/// Plans what brings an object back to a version. A session's header and its document are brought back both:
/// the one that the version does not name, to the time of the other.
///
/// # Errors
/// [`RestoreError`] where the version holds nothing of the object, or it must stay as it is.
pub fn prepare(
    docs: &mut dyn Documents,
    people: &dyn People,
    object: &Entry,
    version: &Version,
) -> Result<Prepared, RestoreError> {
    if object.kind == Kind::Exchange || stays(object.kind) {
        return Err(RestoreError::Stands(object.kind));
    }
    let documents = documents_of(object);
    let of_other = version.heads.keys().find(|id| !documents.contains(id));
    if let Some(other) = of_other {
        return Err(foreign(docs, version, *other, object));
    }
    let mut prepared = Prepared {
        plans: Vec::new(),
        way_back: Vec::new(),
    };
    for id in &documents {
        let Some(doc) = docs.read(*id)? else { continue };
        prepared
            .way_back
            .extend(doc.get_heads().iter().map(ToString::to_string));
        let heads = match version.heads.get(id) {
            Some(heads) => heads.clone(),
            None => heads_at(doc, version.at),
        };
        let mut plan = Plan::default();
        let is_content = object.kind == Kind::Session && *id != DocumentId::INDEX;
        if is_content || object.kind == Kind::Notebook {
            let root = Record::root(doc);
            let inner = Restore {
                heads: &heads,
                deep: is_content,
                people,
            };
            inner.fields(&mut plan, &root, &ROOT, 0);
        } else {
            let restore = Restore {
                heads: &heads,
                deep: true,
                people,
            };
            restore.header(&mut plan, doc, object, version)?;
        }
        prepared.plans.push((*id, plan));
    }
    Ok(prepared)
}

/// Writes what was planned.
///
/// # Errors
/// [`EditError`] where a document refuses it.
pub fn apply(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    prepared: Prepared,
) -> Result<(), EditError> {
    for (id, plan) in prepared.plans {
        commit(docs, id, plan, writer.now)?;
    }
    Ok(())
}

fn documents_of(object: &Entry) -> Vec<DocumentId> {
    match object.kind.place() {
        Place::SessionDocument => object.parent.map(ObjectId::document).into_iter().collect(),
        _ if object.kind == Kind::Session => vec![DocumentId::INDEX, object.id.document()],
        _ => vec![DocumentId::INDEX],
    }
}

fn foreign(
    docs: &mut dyn Documents,
    version: &Version,
    other: DocumentId,
    object: &Entry,
) -> RestoreError {
    let of = match other.session() {
        None => "the notebook's goals, actions, questions and dates".to_owned(),
        Some(session) => match lookup::find(docs, session) {
            Ok(Some(entry)) => format!("session {session} “{}”", crate::check::quote(&entry.title)),
            _ => format!("session {session}"),
        },
    };
    let hash = version.heads.get(&other).and_then(|heads| heads.first());
    RestoreError::ForeignChange {
        change: hash.map(ToString::to_string).unwrap_or_default(),
        of,
        object: format!("{} {}", object.kind, object.id),
    }
}

/// Finds an object: what holds it, and it.
fn locate(
    doc: &Automerge,
    object: &Entry,
    key: &str,
    heads: Option<&[ChangeHash]>,
) -> Option<(Option<ObjectId>, ObjId)> {
    let get = |obj: &ObjId, key: &str| {
        let found = match heads {
            Some(heads) => doc.get_at(obj, key, heads),
            None => doc.get(obj, key),
        };
        match found {
            Ok(Some((Value::Object(ObjType::Map), obj))) => Some(obj),
            _ => None,
        }
    };
    let Place::Within(holder) = object.kind.place() else {
        return get(&ROOT, key).map(|obj| (None, obj));
    };
    if let Some(parent) = object.parent {
        let obj = get(&ROOT, &holder.key(parent))?;
        return get(&obj, key).map(|obj| (Some(parent), obj));
    }
    let all = match heads {
        Some(heads) => Record::read_at(doc, ROOT, heads),
        None => Record::root(doc),
    };
    all.fields.iter().find_map(|(name, field)| {
        let (_, parent) = Kind::from_key(name).filter(|(kind, _)| *kind == holder)?;
        Some((Some(parent), get(&field.op, key)?))
    })
}

/// The changes that a document had last at a time, by the clocks of those who wrote them. What such a change
/// builds on belongs to it, whatever its own clock said.
fn heads_at(doc: &Automerge, at: i64) -> Vec<ChangeHash> {
    let mut reached = HashSet::new();
    let mut heads = Vec::new();
    for change in doc.get_changes_meta(&[]).into_iter().rev() {
        let is_reached = reached.contains(&change.hash);
        if is_reached || change.timestamp <= at {
            if !is_reached {
                heads.push(change.hash);
            }
            reached.extend(change.deps);
        }
    }
    heads
}

struct Restore<'a> {
    heads: &'a [ChangeHash],
    /// Whether objects within are brought back too.
    deep: bool,
    people: &'a dyn People,
}

impl Restore<'_> {
    /// Plans the object itself, where it stands in the index or within a session's document.
    fn header(
        &self,
        plan: &mut Plan,
        doc: &Automerge,
        object: &Entry,
        version: &Version,
    ) -> Result<(), RestoreError> {
        let key = object.kind.key(object.id);
        let missing = || RestoreError::NotThereYet {
            change: version.changes.join(", "),
            object: format!("{} {}", object.kind, object.id),
        };
        let past = locate(doc, object, &key, Some(self.heads)).ok_or_else(missing)?;
        if let Some((_, obj)) = locate(doc, object, &key, None) {
            self.fields(plan, &Record::read(doc, obj), &past.1, 0);
            return Ok(());
        }
        let holder = match object.kind.place() {
            Place::Within(kind) => {
                let parent = past.0.ok_or_else(missing)?;
                let there = Record::keyed(doc, &kind.key(parent));
                there.ok_or(RestoreError::HolderGone { kind, parent })?.obj
            }
            _ => ROOT,
        };
        let slot = plan.at(holder);
        self.made(plan, doc, slot, &key, &past.1);
        Ok(())
    }

    /// Plans what makes the fields of a map what those of `past` were.
    fn fields(&self, plan: &mut Plan, now: &Record<'_>, past: &ObjId, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        let was = Record::read_at(now.doc, past.clone(), self.heads);
        let slot = plan.at(now.obj.clone());
        let keys: BTreeSet<&String> = was.fields.keys().chain(now.fields.keys()).collect();
        for key in keys.into_iter().filter(|key| self.touches(key)) {
            let (old, new) = (was.fields.get(key), now.fields.get(key));
            match (old.map(|old| &old.value), new.map(|new| &new.value)) {
                // Who made it first stays said.
                (None, _) if key == IMPORTED_FROM => {}
                (None, _) => plan.delete(slot, key.clone()),
                (Some(Value::Scalar(old)), new_value) => {
                    let same = new_value.and_then(Value::as_scalar) == Some(old.as_ref());
                    if !same || new.is_some_and(|new| new.conflict) {
                        plan.put(slot, key.clone(), old.as_ref().clone());
                    }
                }
                (Some(Value::Object(ObjType::Text)), Some(Value::Object(ObjType::Text))) => {
                    let text = old.map(|old| now.doc.text_at(&old.op, self.heads));
                    if let (Some(Ok(text)), Some(new)) = (text, new) {
                        rewrite(plan, now.doc, &new.op, &text);
                    }
                }
                (Some(Value::Object(ObjType::Map)), Some(Value::Object(ObjType::Map))) => {
                    if let (Some(old), Some(new)) = (old, new) {
                        let inner = Record::read(now.doc, new.op.clone());
                        self.fields(plan, &inner, &old.op, depth + 1);
                    }
                }
                (Some(Value::Object(_)), _) => {
                    let Some(old) = old else { continue };
                    let mut tree = self.tree(now.doc, &old.value, &old.op, depth);
                    if Kind::from_key(key).is_some() {
                        tree = self.claimed(now.doc, &old.op, tree);
                    }
                    let is = new.map(|new| {
                        let now_heads = now.doc.get_heads();
                        let reader = Restore {
                            heads: &now_heads,
                            deep: true,
                            people: self.people,
                        };
                        reader.tree(now.doc, &new.value, &new.op, depth)
                    });
                    if is.as_ref() != Some(&tree) {
                        plan.tree(slot, key.clone(), tree);
                    }
                }
            }
        }
    }

    fn touches(&self, key: &str) -> bool {
        let stands = match Kind::from_key(key) {
            Some((kind, _)) if stays(kind) => true,
            Some(_) => !self.deep,
            None => false,
        };
        !stands && !is_machinery_key(key) && !key.starts_with("attend/")
    }

    /// Plans an object anew, as it was.
    fn made(&self, plan: &mut Plan, doc: &Automerge, slot: Slot, key: &str, past: &ObjId) {
        let tree = self.tree(doc, &Value::Object(ObjType::Map), past, 0);
        plan.tree(slot, key, self.claimed(doc, past, tree));
    }

    /// Adds to an object that is made anew who made it first, unless it says so already.
    fn claimed(&self, doc: &Automerge, first: &ObjId, tree: Tree) -> Tree {
        let Tree::Map(mut entries) = tree else {
            return tree;
        };
        if !entries.iter().any(|(key, _)| key == IMPORTED_FROM) {
            let (by, at) = signed(doc, first, self.people);
            let claim = serde_json::json!({ "created_by": by, "created_at": at });
            if let Ok(claim) = from_json(&claim, 0) {
                entries.push((IMPORTED_FROM.to_owned(), claim));
            }
        }
        Tree::Map(entries)
    }

    /// A value as it was, with what lies within.
    fn tree(&self, doc: &Automerge, value: &Value<'_>, obj: &ObjId, depth: usize) -> Tree {
        match value {
            Value::Scalar(scalar) => Tree::Scalar(scalar.as_ref().clone()),
            Value::Object(_) if depth > DEPTH_MAX => Tree::Map(Vec::new()),
            Value::Object(ObjType::Text) => {
                Tree::Text(doc.text_at(obj, self.heads).unwrap_or_default())
            }
            Value::Object(ObjType::List) => {
                let items = doc.list_range_at(obj, .., self.heads);
                Tree::List(
                    items
                        .map(|item| {
                            let id = item.id();
                            self.tree(doc, &item.value.into_value(), &id, depth + 1)
                        })
                        .collect(),
                )
            }
            Value::Object(ObjType::Map | ObjType::Table) => {
                let record = Record::read_at(doc, obj.clone(), self.heads);
                let entries = record.fields.iter().map(|(key, field)| {
                    let mut tree = self.tree(doc, &field.value, &field.op, depth + 1);
                    if Kind::from_key(key).is_some() {
                        tree = self.claimed(doc, &field.op, tree);
                    }
                    (key.clone(), tree)
                });
                Tree::Map(entries.collect())
            }
        }
    }
}

/// Whether objects of a kind stay as they are, since somebody signed or committed to them.
fn stays(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Version
            | Kind::Commitment
            | Kind::Opening
            | Kind::Endorsement
            | Kind::Closing
            | Kind::Certificate
            | Kind::Receipt
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::json;
    use crate::testing::{Bench, ben, bench, fill};
    use automerge::transaction::Transactable;

    fn now_of(docs: &mut dyn Documents) -> String {
        let mut all = Vec::new();
        for id in documents(docs).unwrap() {
            if let Some(doc) = docs.read(id).unwrap() {
                all.extend(doc.get_heads().iter().map(ToString::to_string));
            }
        }
        all.join(",")
    }

    /// Overwrites, clears or deletes everything in a document, and adds something.
    fn spoil(doc: &mut Automerge, obj: &ObjId) {
        let fields = Record::read(doc, obj.clone()).fields;
        for (key, field) in fields {
            let mut transaction = doc.transaction();
            match (&field.value, Kind::from_key(&key)) {
                (Value::Object(ObjType::Map), Some((Kind::KeyResult | Kind::Milestone, _))) => {
                    transaction.delete(obj, key.as_str()).unwrap();
                }
                (Value::Object(ObjType::Text), _) => {
                    transaction.splice_text(&field.op, 0, 1, "spoilt").unwrap();
                }
                (Value::Scalar(_), _) if key.len() % 2 == 0 => {
                    transaction.delete(obj, key.as_str()).unwrap();
                }
                (Value::Scalar(_), _) => {
                    transaction.put(obj, key.as_str(), "spoilt").unwrap();
                }
                _ => {}
            }
            transaction.commit();
            if matches!(field.value, Value::Object(ObjType::Map)) {
                spoil(doc, &field.op);
            }
        }
    }

    #[test]
    fn every_object_comes_back_with_every_field_and_its_notes() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        fill(&mut docs, &mut writer, "words");
        let before = json::canonical_json(&mut docs, &people).unwrap();
        let named = now_of(&mut docs);
        let at = version(&mut docs, &named).unwrap();
        let objects = lookup::all(&mut docs).unwrap();
        let ids: Vec<_> = docs.iter().map(|(id, _)| id).collect();
        for id in ids {
            spoil(docs.write(id).unwrap(), &ROOT);
        }
        assert_ne!(before, json::canonical_json(&mut docs, &people).unwrap());
        let stands = [
            Kind::Exchange,
            Kind::Entry,
            Kind::Closing,
            Kind::Certificate,
            Kind::Receipt,
        ];
        let is_whole =
            |object: &&Entry| object.kind.place() == Place::Index && !stands.contains(&object.kind);
        for object in objects.iter().filter(is_whole) {
            let mut of_object = at.clone();
            of_object
                .heads
                .retain(|id, _| documents_of(object).contains(id));
            let prepared = prepare(&mut docs, &people, object, &of_object).unwrap();
            assert!(!prepared.is_empty(), "{object:?}");
            apply(&mut docs, &mut writer, prepared).unwrap();
            assert!(
                prepare(&mut docs, &people, object, &of_object)
                    .unwrap()
                    .is_empty()
            );
        }
        let content = |text: &str| {
            let mut json = json::content_of(text);
            // What was signed, committed to or confirmed stays as it is, and the notebook was not restored.
            let top = json.as_object_mut().unwrap();
            top.remove("notebook");
            for kind in ["exchanges", "closings", "certificates", "receipts"] {
                top.remove(kind);
            }
            for skill in top["skills"].as_array_mut().unwrap() {
                skill.as_object_mut().unwrap().remove("endorsements");
            }
            for agreement in top["agreements"].as_array_mut().unwrap() {
                agreement.as_object_mut().unwrap().remove("versions");
            }
            for session in top["sessions"].as_array_mut().unwrap() {
                session.as_object_mut().unwrap().remove("attended");
                session.as_object_mut().unwrap().remove("extra");
            }
            json
        };
        let after = json::canonical_json(&mut docs, &people).unwrap();
        assert_eq!(content(&before), content(&after));
    }

    #[test]
    fn a_deleted_object_comes_back_and_the_way_back_undoes_it() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        fill(&mut docs, &mut writer, "words");
        let goal = lookup::resolve(&mut docs, "xwords", &[Kind::Goal]).unwrap();
        let before = now_of(&mut docs);
        let index_only = before.split(',').next().unwrap();
        let doc = docs.write(DocumentId::INDEX).unwrap();
        let mut transaction = doc.transaction();
        transaction.delete(ROOT, Kind::Goal.key(goal.id)).unwrap();
        transaction.commit();
        assert!(lookup::find(&mut docs, goal.id).unwrap().is_none());
        let at = version(&mut docs, index_only).unwrap();
        let found = find_at(&mut docs, &at, &goal.id.to_string()).unwrap();
        assert_eq!(found, goal);
        let prepared = prepare(&mut docs, &people, &found, &at).unwrap();
        let back = prepared.way_back.join(",");
        apply(&mut docs, &mut writer, prepared).unwrap();
        assert_eq!(
            crate::goal::show(&mut docs, &people, goal.id)
                .unwrap()
                .progress
                .len(),
            1
        );
        let at = version(&mut docs, &back).unwrap();
        let error = prepare(&mut docs, &people, &goal, &at).unwrap_err();
        assert!(matches!(error, RestoreError::NotThereYet { .. }), "{error}");
    }

    #[test]
    fn what_others_wrote_meanwhile_merges_with_a_restore() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        fill(&mut docs, &mut writer, "one two three");
        let session = lookup::all(&mut docs)
            .unwrap()
            .into_iter()
            .find(|entry| entry.kind == Kind::Session)
            .unwrap();
        let heads = docs
            .read(session.id.document())
            .unwrap()
            .unwrap()
            .get_heads();
        let at = version(&mut docs, &heads[0].to_string()[..16]).unwrap();
        crate::session::set_notes(&mut docs, &mut writer, session.id, "all else").unwrap();
        let mut theirs = docs.fork(ben());
        crate::session::set_notes(&mut theirs, &mut writer, session.id, "all else, and Ben")
            .unwrap();
        let prepared = prepare(&mut docs, &people, &session, &at).unwrap();
        apply(&mut docs, &mut writer, prepared).unwrap();
        docs.merge(&theirs).unwrap();
        let notes = crate::session::show(&mut docs, &people, session.id)
            .unwrap()
            .notes;
        assert!(
            notes.contains("one two three") && notes.contains("and Ben"),
            "{notes}"
        );
    }

    #[test]
    fn a_change_that_is_unknown_or_of_something_else_is_named() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        fill(&mut docs, &mut writer, "words");
        for unknown in ["", "abc", "zzzz", "ffffffffffff", "../..", "é"] {
            let error = version(&mut docs, unknown).unwrap_err();
            assert!(matches!(error, RestoreError::UnknownChange(_)), "{error}");
        }
        let entries = lookup::all(&mut docs).unwrap();
        let of = |kind| entries.iter().find(|entry| entry.kind == kind).unwrap();
        let session = of(Kind::Session);
        let heads = docs
            .read(session.id.document())
            .unwrap()
            .unwrap()
            .get_heads();
        let at = version(&mut docs, &heads[0].to_string()).unwrap();
        let error = prepare(&mut docs, &people, of(Kind::Goal), &at).unwrap_err();
        assert!(
            error.to_string().contains(&session.id.to_string()),
            "{error}"
        );
        let error = prepare(&mut docs, &people, of(Kind::Exchange), &at).unwrap_err();
        assert!(matches!(error, RestoreError::Stands(_)), "{error}");
    }
}
