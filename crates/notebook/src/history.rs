//! What changed between two versions of a document, in plain words.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use automerge::{
    Automerge, ChangeHash, ObjId, ObjType, Patch, PatchAction, Prop, ReadDoc, ScalarValue, Value,
};
use serde::Serialize;

use crate::check::quote;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::CHANGE_LINES_MAX;
use crate::record::{IMPORTED_FROM, is_machinery_key};
use crate::word::Topic;

/// One thing that changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ChangeLine {
    /// The object that changed; none for the notebook itself.
    pub object_id: Option<ObjectId>,
    /// What it is.
    pub kind: Kind,
    /// Its title, or the beginning of its text. Empty for a session that is described from its own
    /// document, because the index holds the title.
    pub title: String,
    /// What changed.
    pub what: What,
}

/// What changed of an object. It is told in English as `added`, `status active -> achieved`, `notes +12 -3`; its parts
/// are there for whoever tells it in another language. A field is named by its key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "did", rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields say what they are by their names")]
pub enum What {
    /// It was made.
    Added,
    /// It is gone.
    Removed,
    /// It came out of an export.
    Imported,
    /// Somebody confirmed that they were at a session.
    Attended,
    /// Who does what in a circle is settled.
    RolesHandedOut,
    /// A stage of a circle began, counted from 1 where it is a number.
    StageBegan { stage: String },
    /// A stage of a circle began once more.
    StageBeganAnew { stage: String },
    /// Something got a tag.
    TagAdded { tag: String },
    /// Something lost a tag.
    TagTakenOff { tag: String },
    /// A field is gone.
    FieldRemoved { field: String },
    /// A field changed in a way that is not told further.
    Changed { field: String },
    /// Who is named in a field that names several people changed.
    PeopleChanged { field: String },
    /// Of several values one was chosen.
    Chosen { field: String, value: String },
    /// A field got another value.
    Moved {
        field: String,
        from: String,
        to: String,
    },
    /// A field that was empty got a value.
    Set { field: String, to: String },
    /// A field is empty now.
    Cleared { field: String },
    /// Characters came into a text and went out of it.
    Text {
        field: String,
        inserted: usize,
        deleted: usize,
    },
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |field: &str| quote(&field_name(field));
        match self {
            Self::Added => formatter.write_str("added"),
            Self::Removed => formatter.write_str("removed"),
            Self::Imported => formatter.write_str("imported"),
            Self::Attended => formatter.write_str("attendance confirmed"),
            Self::RolesHandedOut => formatter.write_str("roles handed out"),
            Self::StageBegan { stage } => write!(formatter, "stage {stage} began"),
            Self::StageBeganAnew { stage } => write!(formatter, "stage {stage} began anew"),
            Self::TagAdded { tag } => write!(formatter, "tag {tag} added"),
            Self::TagTakenOff { tag } => write!(formatter, "tag {tag} taken off"),
            Self::FieldRemoved { field } => write!(formatter, "{} removed", name(field)),
            Self::Changed { field } => write!(formatter, "{} changed", name(field)),
            Self::PeopleChanged { field } => write!(formatter, "{}s changed", name(field)),
            Self::Chosen { field, value } => write!(formatter, "{} {value} chosen", name(field)),
            Self::Moved { field, from, to } => {
                write!(formatter, "{} {from} -> {to}", name(field))
            }
            Self::Set { field, to } => write!(formatter, "{} {to}", name(field)),
            Self::Cleared { field } => write!(formatter, "{} cleared", name(field)),
            Self::Text {
                field,
                inserted,
                deleted,
            } => {
                formatter.write_str(&name(field))?;
                for (sign, count) in [('+', inserted), ('-', deleted)] {
                    if *count > 0 {
                        write!(formatter, " {sign}{count}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Describes what the changes between two versions did, in the order of the objects' ids within the
/// document. Heads that the document does not know are left out.
///
/// For one change, `before` are its dependencies and `after` its hash.
#[must_use]
pub fn describe(
    id: DocumentId,
    doc: &Automerge,
    before: &[ChangeHash],
    after: &[ChangeHash],
) -> Vec<ChangeLine> {
    let known = |heads: &[ChangeHash]| -> Vec<ChangeHash> {
        let there = |head: &&ChangeHash| doc.get_change_meta_by_hash(head).is_some();
        heads.iter().filter(there).copied().collect()
    };
    let (before, after) = (known(before), known(after));
    let mut story = Story {
        doc,
        document: id,
        before: &before,
        after: &after,
        lines: Vec::new(),
        new: HashSet::new(),
        texts: BTreeMap::new(),
    };
    for patch in doc.diff(&before, &after) {
        if story.lines.len() >= CHANGE_LINES_MAX {
            break;
        }
        story.tell(&patch);
    }
    story.finish()
}

struct Story<'a> {
    doc: &'a Automerge,
    document: DocumentId,
    before: &'a [ChangeHash],
    after: &'a [ChangeHash],
    lines: Vec<ChangeLine>,
    /// Objects that were made between the versions: what is in them is part of their being added.
    new: HashSet<ObjId>,
    /// Characters that came and went, per Text.
    texts: BTreeMap<ObjId, TextChange>,
}

/// Says whether a patch is about what programs keep in the index for themselves: no person wrote it.
fn is_machinery(patch: &Patch) -> bool {
    match &patch.action {
        PatchAction::PutMap { key, .. } | PatchAction::DeleteMap { key } => {
            patch.obj == ObjId::Root && is_machinery_key(key)
        }
        _ => false,
    }
}

struct TextChange {
    subject: Subject,
    field: String,
    inserted: usize,
    deleted: usize,
}

/// The object that a patch is about.
#[derive(Clone)]
struct Subject {
    id: Option<ObjectId>,
    kind: Kind,
    obj: ObjId,
}

impl Story<'_> {
    fn tell(&mut self, patch: &Patch) {
        if patch.path.iter().any(|(obj, _)| self.new.contains(obj)) || self.new.contains(&patch.obj)
        {
            return;
        }
        let (subject, rest) = self.subject(patch);
        if is_machinery(patch) {
            return;
        }
        match &patch.action {
            PatchAction::PutMap { key, value, .. } => match (rest.as_slice(), object(key)) {
                ([], Some((kind, id))) if value.0.is_object() => {
                    self.new.insert(value.1.clone());
                    let made = Subject {
                        id: Some(id),
                        kind,
                        obj: value.1.clone(),
                    };
                    let title = self.title(&made, self.after);
                    self.push(&made, title, What::Added);
                }
                ([], _) => self.field(&subject, patch, key, &value.0),
                _ => self.note(&subject, &rest),
            },
            PatchAction::DeleteMap { key } => match (rest.as_slice(), object(key)) {
                ([], Some((kind, id))) => {
                    let was = self.doc.get_at(&patch.obj, key.as_str(), self.before);
                    let obj = was.ok().flatten().map_or(ObjId::Root, |(_, obj)| obj);
                    let gone = Subject {
                        id: Some(id),
                        kind,
                        obj,
                    };
                    let title = self.title(&gone, self.before);
                    self.push(&gone, title, What::Removed);
                }
                ([], None) => {
                    let title = self.title(&subject, self.after);
                    let field = key.clone();
                    self.push(&subject, title, What::FieldRemoved { field });
                }
                _ => self.note(&subject, &rest),
            },
            PatchAction::SpliceText { value, .. } => {
                self.text(
                    &subject,
                    &patch.obj,
                    &rest,
                    value.make_string().chars().count(),
                    0,
                );
            }
            PatchAction::DeleteSeq { length, .. } if self.is_text(&patch.obj) => {
                self.text(&subject, &patch.obj, &rest, 0, *length);
            }
            // A dispute is shown at the object; it is no change of its own.
            PatchAction::Conflict { .. } => {}
            _ => self.note(&subject, &rest),
        }
    }

    /// The innermost object of ours on the way to a patch, and the keys below it.
    fn subject(&self, patch: &Patch) -> (Subject, Vec<String>) {
        let mut subject = Subject {
            id: self.document.session(),
            kind: if self.document == DocumentId::INDEX {
                Kind::Notebook
            } else {
                Kind::Session
            },
            obj: ObjId::Root,
        };
        let mut rest = Vec::new();
        let below = patch
            .path
            .iter()
            .skip(1)
            .map(|(obj, _)| obj)
            .chain([&patch.obj]);
        for ((_, prop), obj) in patch.path.iter().zip(below) {
            let key = match prop {
                Prop::Map(key) => key.clone(),
                Prop::Seq(index) => index.to_string(),
            };
            match object(&key) {
                Some((kind, id)) if rest.is_empty() => {
                    subject = Subject {
                        id: Some(id),
                        kind,
                        obj: obj.clone(),
                    };
                }
                _ => rest.push(key),
            }
        }
        (subject, rest)
    }

    fn field(&mut self, subject: &Subject, patch: &Patch, key: &str, value: &Value<'_>) {
        let field = key.to_owned();
        let what = match (key.split_once('/'), value) {
            (None, Value::Object(ObjType::Text)) => return,
            (Some((answer, _)), _) if answer.starts_with("answer_") => What::Changed {
                field: answer.to_owned(),
            },
            (None, _) if key == IMPORTED_FROM => {
                if let Ok(Some((_, obj))) = self.doc.get_at(&patch.obj, key, self.after) {
                    self.new.insert(obj);
                }
                What::Imported
            }
            (Some(("attend", _)), _) => What::Attended,
            (Some(("stage", stage)), _) => What::StageBegan {
                stage: count_from_one(stage),
            },
            (Some(("again", stage)), _) => What::StageBeganAnew {
                stage: count_from_one(stage),
            },
            (None, Value::Scalar(_)) if key == "circle" => What::RolesHandedOut,
            (Some((word @ ("owner" | "attendee"), _)), _) => What::PeopleChanged {
                field: word.to_owned(),
            },
            (Some(("tag", tag)), Value::Scalar(is_on)) => match is_on.as_bool() {
                Some(true) => What::TagAdded { tag: quote(tag) },
                _ => What::TagTakenOff { tag: quote(tag) },
            },
            (None, Value::Scalar(new)) => {
                let old = self.doc.get_at(&patch.obj, key, self.before).ok().flatten();
                let old = match &old {
                    Some((Value::Scalar(old), _)) => word(old),
                    _ => None,
                };
                match (old, word(new)) {
                    (Some(old), Some(value)) if old == value => {
                        if !self.was_settled(&patch.obj, key) {
                            return;
                        }
                        What::Chosen { field, value }
                    }
                    (Some(from), Some(to)) => What::Moved { field, from, to },
                    (None, Some(to)) => What::Set { field, to },
                    (Some(_), None) => What::Cleared { field },
                    (None, None) => return,
                }
            }
            _ => What::Changed { field },
        };
        let title = self.title(subject, self.after);
        self.push(subject, title, what);
    }

    /// Whether a field held several values before and holds one now: somebody chose.
    fn was_settled(&self, obj: &ObjId, key: &str) -> bool {
        let values = |heads: &[ChangeHash]| {
            let all = self.doc.get_all_at(obj, key, heads);
            all.map_or(0, |all| all.len())
        };
        values(self.before) > 1 && values(self.after) == 1
    }

    fn note(&mut self, subject: &Subject, rest: &[String]) {
        let field = rest.first().map_or("content", String::as_str).to_owned();
        let what = What::Changed { field };
        let title = self.title(subject, self.after);
        // Many patches below one key are one change to people.
        if self
            .lines
            .last()
            .is_none_or(|line| line.object_id != subject.id || line.what != what)
        {
            self.push(subject, title, what);
        }
    }

    fn text(
        &mut self,
        subject: &Subject,
        obj: &ObjId,
        rest: &[String],
        inserted: usize,
        deleted: usize,
    ) {
        let field = rest.first().map_or("text", String::as_str);
        let change = self.texts.entry(obj.clone()).or_insert_with(|| TextChange {
            subject: subject.clone(),
            field: field.to_owned(),
            inserted: 0,
            deleted: 0,
        });
        change.inserted += inserted;
        change.deleted += deleted;
    }

    fn is_text(&self, obj: &ObjId) -> bool {
        matches!(self.doc.object_type(obj), Ok(ObjType::Text))
    }

    /// What an object is called at a version.
    fn title(&self, subject: &Subject, heads: &[ChangeHash]) -> String {
        let own_document = subject.kind == Kind::Session && subject.obj == ObjId::Root;
        // A kept text of the agreement is told by itself, not by its first words, which are always the same.
        let keys: &[&str] = if own_document || subject.kind == Kind::Version {
            &[]
        } else {
            &["title", "text", "note", "value", "behaviour", "situation"]
        };
        let found = keys.iter().find_map(|key| {
            match self.doc.get_at(&subject.obj, *key, heads).ok().flatten()?.0 {
                Value::Scalar(scalar) => word(&scalar),
                Value::Object(_) => None,
            }
        });
        found.unwrap_or_default()
    }

    fn push(&mut self, subject: &Subject, title: String, what: What) {
        self.lines.push(ChangeLine {
            object_id: subject.id,
            kind: subject.kind,
            title,
            what,
        });
    }

    fn finish(mut self) -> Vec<ChangeLine> {
        for change in std::mem::take(&mut self.texts).into_values() {
            let what = What::Text {
                field: change.field,
                inserted: change.inserted,
                deleted: change.deleted,
            };
            let title = self.title(&change.subject, self.after);
            self.push(&change.subject, title, what);
        }
        self.lines.truncate(CHANGE_LINES_MAX);
        self.lines
    }
}

/// The number of a stage as people count; what is no number stays as it is.
fn count_from_one(stage: &str) -> String {
    let number = stage.parse::<u32>().ok().and_then(|n| n.checked_add(1));
    number.map_or_else(|| quote(stage), |number| number.to_string())
}

/// A key in words: `consensus_exit` is the consensus on a topic of the agreement.
pub(crate) fn field_name(key: &str) -> String {
    for word in ["consensus", "answer"] {
        let topic = key
            .strip_prefix(word)
            .and_then(|rest| Topic::from_word(rest.strip_prefix('_')?));
        if let Some(topic) = topic {
            return format!("{word} on “{}”", topic.title());
        }
    }
    key.replace('_', " ")
}

fn object(key: &str) -> Option<(Kind, ObjectId)> {
    Kind::from_key(key)
}

/// A value in a line of history; `None` for an empty one.
fn word(scalar: &ScalarValue) -> Option<String> {
    match scalar {
        ScalarValue::Str(text) => Some(quote(text)).filter(|text| !text.is_empty()),
        ScalarValue::Boolean(true) => Some("yes".to_owned()),
        ScalarValue::Boolean(false) => Some("no".to_owned()),
        ScalarValue::Int(number) => Some(number.to_string()),
        ScalarValue::Uint(number) => Some(number.to_string()),
        ScalarValue::F64(number) => Some(number.to_string()),
        ScalarValue::Null => None,
        _ => Some("…".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use automerge::transaction::Transactable;

    use super::*;
    use crate::Writer;
    use crate::documents::{Documents, MemoryDocuments};
    use crate::goal::{self, NewGoal, NewProgress};
    use crate::session::{self, NewSession};
    use crate::testing::{Bench, bench};

    /// What one step changed in one document.
    fn changed(
        docs: &mut MemoryDocuments,
        writer: &mut Writer<'_>,
        id: DocumentId,
        step: impl FnOnce(&mut MemoryDocuments, &mut Writer<'_>),
    ) -> Vec<String> {
        let before = docs
            .read(id)
            .unwrap()
            .map(Automerge::get_heads)
            .unwrap_or_default();
        step(docs, writer);
        let doc = docs.read(id).unwrap().unwrap();
        describe(id, doc, &before, &doc.get_heads())
            .into_iter()
            .map(|line| format!("{} “{}”: {}", line.kind, line.title, line.what))
            .collect()
    }

    #[test]
    fn edits_are_told_in_plain_words() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let index = DocumentId::INDEX;
        let new = NewGoal {
            title: "Talk".to_owned(),
            ..NewGoal::default()
        };
        let mut id = None;
        let lines = changed(&mut docs, &mut writer, index, |docs, writer| {
            id = Some(goal::add(docs, writer, &new).unwrap());
        });
        assert_eq!(lines, ["goal “Talk”: added"]);
        let id = id.unwrap();
        let lines = changed(&mut docs, &mut writer, index, |docs, writer| {
            goal::set_status(docs, writer, id, "achieved", Some("Held it")).unwrap();
        });
        assert_eq!(
            lines,
            [
                "goal “Talk”: reason Held it",
                "goal “Talk”: status proposed -> achieved"
            ]
        );
        let lines = changed(&mut docs, &mut writer, index, |docs, writer| {
            let new = NewProgress {
                value: 2.0,
                note: Some("Twice".to_owned()),
                at: None,
            };
            goal::add_progress(docs, writer, id, &new).unwrap();
        });
        assert_eq!(lines, ["progress “Twice”: added"]);
        let lines = changed(&mut docs, &mut writer, index, |docs, _| {
            let mut transaction = docs.write(index).unwrap().transaction();
            transaction
                .delete(automerge::ROOT, Kind::Goal.key(id))
                .unwrap();
            transaction.commit();
        });
        assert_eq!(lines, ["goal “Talk”: removed"]);
    }

    #[test]
    fn to_choose_the_value_that_shows_is_told() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        crate::meta::create(&mut docs, &mut writer, "T", "peer").unwrap();
        let mut theirs = docs.fork(crate::testing::ben());
        crate::meta::rename(&mut docs, &mut writer, "Ours").unwrap();
        crate::meta::rename(&mut theirs, &mut writer, "Theirs").unwrap();
        docs.merge(&theirs).unwrap();
        let index = docs.read(DocumentId::INDEX).unwrap().unwrap();
        let (shown, _) = index.get(automerge::ROOT, "title").unwrap().unwrap();
        let shown = shown.into_string().unwrap();
        let mut choose = |docs: &mut MemoryDocuments| {
            changed(docs, &mut writer, DocumentId::INDEX, |docs, writer| {
                crate::meta::rename(docs, writer, &shown).unwrap();
            })
        };
        assert_eq!(
            choose(&mut docs),
            [format!("notebook “{shown}”: title {shown} chosen")]
        );
        assert!(
            choose(&mut docs).is_empty(),
            "there is nothing to choose any more"
        );
    }

    #[test]
    fn notes_are_counted_in_characters() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let new = NewSession {
            at: "2027-03-01 15:00".to_owned(),
            zone: "UTC".to_owned(),
            ..NewSession::default()
        };
        let id = session::plan(&mut docs, &mut writer, &new).unwrap();
        session::set_notes(&mut docs, &mut writer, id, "grün ist die Wiese").unwrap();
        let lines = changed(&mut docs, &mut writer, id.document(), |docs, writer| {
            session::set_notes(docs, writer, id, "grün ist die große Wiese").unwrap();
            session::splice_notes(docs, writer, id, 0, 4, "").unwrap();
        });
        assert_eq!(lines, ["session “”: notes +6 -4"]);
    }

    #[test]
    fn odd_data_is_told_without_a_panic() {
        let Bench {
            mut docs,
            mut rng,
            now,
            ..
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let id = writer.new_id();
        let lines = changed(&mut docs, &mut writer, DocumentId::INDEX, |docs, _| {
            let mut transaction = docs.write(DocumentId::INDEX).unwrap().transaction();
            transaction
                .put(automerge::ROOT, Kind::Goal.key(id), 1)
                .unwrap();
            let list = transaction
                .put_object(automerge::ROOT, "title", ObjType::List)
                .unwrap();
            let map = transaction.insert_object(&list, 0, ObjType::Map).unwrap();
            transaction.put(&map, "x", 1).unwrap();
            transaction.put(&map, "y", 1).unwrap();
            transaction.commit();
        });
        assert!(
            lines.iter().any(|line| line.ends_with("title changed")),
            "{lines:?}"
        );
        let doc = docs.read(DocumentId::INDEX).unwrap().unwrap();
        let unknown = ChangeHash([9; 32]);
        assert!(describe(DocumentId::INDEX, doc, &[unknown], &[unknown]).is_empty());
    }
}
