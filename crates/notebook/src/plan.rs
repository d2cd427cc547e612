//! Edits as data: a command first plans all its operations, checks them, and only then touches a
//! document. One command is one change per document, split only where it would pass the limits of a
//! change.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, AutomergeError, ObjId, ObjType, ScalarValue};
use jiff::Timestamp;

use crate::documents::Documents;
use crate::error::EditError;
use crate::id::DocumentId;
use crate::limits::{CHANGE_BYTES_MAX, CHANGE_OBJECTS_MAX, CHANGE_OPERATIONS_MAX};
use crate::people::PersonRef;
use crate::record::Record;
use crate::scalar::Tree;

/// An object that the plan writes to: one that is there, or one that an earlier step makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot(usize);

#[derive(Debug)]
enum Target {
    There(ObjId),
    Made,
}

#[derive(Debug)]
enum Step {
    Object {
        parent: Slot,
        key: String,
        kind: ObjType,
        made: Slot,
    },
    Put {
        slot: Slot,
        key: String,
        value: ScalarValue,
    },
    Delete {
        slot: Slot,
        key: String,
    },
    Push {
        slot: Slot,
        index: usize,
        value: ScalarValue,
    },
    PushObject {
        parent: Slot,
        index: usize,
        kind: ObjType,
        made: Slot,
    },
    Splice {
        slot: Slot,
        position: usize,
        delete: usize,
        insert: String,
    },
}

/// The planned edits of one document.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    targets: Vec<Target>,
    steps: Vec<Step>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// An object that is there.
    pub(crate) fn at(&mut self, obj: ObjId) -> Slot {
        self.slot(Target::There(obj))
    }

    /// The root of the document.
    pub(crate) fn root(&mut self) -> Slot {
        self.at(automerge::ROOT)
    }

    fn slot(&mut self, target: Target) -> Slot {
        self.targets.push(target);
        Slot(self.targets.len() - 1)
    }

    /// Makes a map under a key.
    pub(crate) fn map(&mut self, parent: Slot, key: impl Into<String>) -> Slot {
        self.object(parent, key, ObjType::Map)
    }

    fn object(&mut self, parent: Slot, key: impl Into<String>, kind: ObjType) -> Slot {
        let made = self.slot(Target::Made);
        self.steps.push(Step::Object {
            parent,
            key: key.into(),
            kind,
            made,
        });
        made
    }

    /// Writes a value.
    pub(crate) fn put(
        &mut self,
        slot: Slot,
        key: impl Into<String>,
        value: impl Into<ScalarValue>,
    ) {
        self.steps.push(Step::Put {
            slot,
            key: key.into(),
            value: value.into(),
        });
    }

    /// Takes a key out, with what is under it.
    pub(crate) fn delete(&mut self, slot: Slot, key: impl Into<String>) {
        self.steps.push(Step::Delete {
            slot,
            key: key.into(),
        });
    }

    /// Writes a value where there is one.
    pub(crate) fn put_some(
        &mut self,
        slot: Slot,
        key: impl Into<String>,
        value: Option<impl Into<ScalarValue>>,
    ) {
        if let Some(value) = value {
            self.put(slot, key, value);
        }
    }

    /// Writes a value unless it already stands there undisputed, so that saving a form unchanged makes no
    /// change.
    pub(crate) fn set(
        &mut self,
        record: &Record<'_>,
        key: impl Into<String>,
        value: impl Into<ScalarValue>,
    ) {
        let (key, value) = (key.into(), value.into());
        let same = match record.fields.get(&key) {
            Some(field) => !field.conflict && field.value.as_scalar() == Some(&value),
            // A field that is not there reads like an empty one.
            None => value.is_null() || value.as_str() == Some(""),
        };
        if !same {
            let slot = self.at(record.obj.clone());
            self.put(slot, key, value);
        }
    }

    /// Makes the set of people under `word/PERSON` this list.
    pub(crate) fn set_people(&mut self, record: &Record<'_>, word: &str, people: &[PersonRef]) {
        for person in people {
            self.set(record, format!("{word}/{}", person.as_str()), true);
        }
        for key in record.fields.keys() {
            let Some(person) = key
                .strip_prefix(word)
                .and_then(|rest| rest.strip_prefix('/'))
            else {
                continue;
            };
            if !people.iter().any(|kept| kept.as_str() == person) {
                self.set(record, key.clone(), false);
            }
        }
    }

    /// Writes a set of people into a new object.
    pub(crate) fn put_people(&mut self, slot: Slot, word: &str, people: &[PersonRef]) {
        for person in people {
            self.put(slot, format!("{word}/{}", person.as_str()), true);
        }
    }

    /// Makes a Text with this content under a key.
    pub(crate) fn text(&mut self, parent: Slot, key: impl Into<String>, text: &str) -> Slot {
        let slot = self.object(parent, key, ObjType::Text);
        self.splice(slot, 0, 0, text);
        slot
    }

    /// Replaces characters of a Text; positions and counts are in Unicode scalar values.
    pub(crate) fn splice(&mut self, slot: Slot, position: usize, delete: usize, insert: &str) {
        // Cut into pieces that each fit a change: a character is an operation, whether it comes or goes.
        let mut deleted = 0;
        while deleted < delete {
            let delete = (delete - deleted).min(CHANGE_OPERATIONS_MAX / 2);
            self.steps.push(Step::Splice {
                slot,
                position,
                delete,
                insert: String::new(),
            });
            deleted += delete;
        }
        let mut at = position;
        let mut rest = insert;
        while !rest.is_empty() {
            let cut = rest
                .char_indices()
                .nth(CHANGE_OPERATIONS_MAX / 2)
                .map_or(rest.len(), |c| c.0);
            let (piece, after) = rest.split_at(cut);
            self.steps.push(Step::Splice {
                slot,
                position: at,
                delete: 0,
                insert: piece.to_owned(),
            });
            at += CHANGE_OPERATIONS_MAX / 2;
            rest = after;
        }
    }

    /// Writes any value under a key.
    pub(crate) fn tree(&mut self, slot: Slot, key: impl Into<String>, tree: Tree) {
        match tree {
            Tree::Scalar(value) => self.put(slot, key, value),
            Tree::Text(text) => {
                self.text(slot, key, &text);
            }
            Tree::Map(entries) => {
                let map = self.map(slot, key);
                for (key, value) in entries {
                    self.tree(map, key, value);
                }
            }
            Tree::List(items) => {
                let list = self.object(slot, key, ObjType::List);
                self.items(list, items);
            }
        }
    }

    fn items(&mut self, slot: Slot, items: Vec<Tree>) {
        for (index, item) in items.into_iter().enumerate() {
            let push = |plan: &mut Self, kind| {
                let made = plan.slot(Target::Made);
                plan.steps.push(Step::PushObject {
                    parent: slot,
                    index,
                    kind,
                    made,
                });
                made
            };
            match item {
                Tree::Scalar(value) => self.steps.push(Step::Push { slot, index, value }),
                Tree::Text(text) => {
                    let made = push(self, ObjType::Text);
                    self.splice(made, 0, 0, &text);
                }
                Tree::Map(entries) => {
                    let made = push(self, ObjType::Map);
                    for (key, value) in entries {
                        self.tree(made, key, value);
                    }
                }
                Tree::List(items) => {
                    let made = push(self, ObjType::List);
                    self.items(made, items);
                }
            }
        }
    }

    /// Carries out the plan. The changes carry `now` in whole seconds.
    ///
    /// # Errors
    /// When Automerge refuses a step; what the plan wrote before must then be dropped with the document.
    pub(crate) fn apply(self, doc: &mut Automerge, now: Timestamp) -> Result<(), AutomergeError> {
        let mut objects: Vec<Option<ObjId>> = self
            .targets
            .into_iter()
            .map(|target| match target {
                Target::There(obj) => Some(obj),
                Target::Made => None,
            })
            .collect();
        let mut steps = self.steps.into_iter().peekable();
        while steps.peek().is_some() {
            let mut transaction = doc.transaction();
            let mut spent = Cost::default();
            while let Some(step) = steps.next_if(|step| spent.fits(step)) {
                spent.add(&step);
                perform(&mut transaction, &mut objects, step)?;
            }
            let options = CommitOptions::default().with_time(now.as_second());
            transaction.commit_with(options);
        }
        Ok(())
    }
}

/// Carries out a plan on one document; a plan without steps does not touch it.
pub(crate) fn commit(
    docs: &mut dyn Documents,
    id: DocumentId,
    plan: Plan,
    now: Timestamp,
) -> Result<(), EditError> {
    if !plan.is_empty() {
        plan.apply(docs.write(id)?, now)?;
    }
    Ok(())
}

#[derive(Default)]
struct Cost {
    operations: usize,
    objects: usize,
    bytes: usize,
}

impl Cost {
    fn of(step: &Step) -> Self {
        let value_bytes = |value: &ScalarValue| match value {
            ScalarValue::Str(text) => text.len(),
            ScalarValue::Bytes(bytes) | ScalarValue::Unknown { bytes, .. } => bytes.len(),
            _ => 9,
        };
        let (operations, bytes) = match step {
            Step::Object { key, .. } | Step::Delete { key, .. } => (1, key.len()),
            Step::Put { key, value, .. } => (1, key.len() + value_bytes(value)),
            Step::Push { value, .. } => (1, value_bytes(value)),
            Step::PushObject { .. } => (1, 0),
            Step::Splice { delete, insert, .. } => (delete + insert.chars().count(), insert.len()),
        };
        let makes_object = matches!(step, Step::Object { .. } | Step::PushObject { .. });
        Self {
            operations,
            objects: usize::from(makes_object),
            bytes,
        }
    }

    /// Whether a step may join; the first of a change always does.
    fn fits(&self, step: &Step) -> bool {
        let more = Self::of(step);
        self.operations == 0
            || (self.operations + more.operations <= CHANGE_OPERATIONS_MAX
                && self.objects + more.objects <= CHANGE_OBJECTS_MAX
                && self.bytes + more.bytes <= CHANGE_BYTES_MAX)
    }

    fn add(&mut self, step: &Step) {
        let more = Self::of(step);
        self.operations += more.operations;
        self.objects += more.objects;
        self.bytes += more.bytes;
    }
}

fn perform<T: Transactable>(
    transaction: &mut T,
    objects: &mut [Option<ObjId>],
    step: Step,
) -> Result<(), AutomergeError> {
    // Steps come in the order in which they were planned, so an object is made before it is used.
    let found = |objects: &[Option<ObjId>], slot: Slot| {
        objects
            .get(slot.0)
            .cloned()
            .flatten()
            .ok_or(AutomergeError::NotAnObject)
    };
    match step {
        Step::Object {
            parent,
            key,
            kind,
            made,
        } => {
            let parent = found(objects, parent)?;
            let object = transaction.put_object(parent, key, kind)?;
            if let Some(place) = objects.get_mut(made.0) {
                *place = Some(object);
            }
        }
        Step::PushObject {
            parent,
            index,
            kind,
            made,
        } => {
            let parent = found(objects, parent)?;
            let object = transaction.insert_object(parent, index, kind)?;
            if let Some(place) = objects.get_mut(made.0) {
                *place = Some(object);
            }
        }
        Step::Put { slot, key, value } => transaction.put(found(objects, slot)?, key, value)?,
        Step::Delete { slot, key } => transaction.delete(found(objects, slot)?, key)?,
        Step::Push { slot, index, value } => {
            transaction.insert(found(objects, slot)?, index, value)?;
        }
        Step::Splice {
            slot,
            position,
            delete,
            insert,
        } => {
            let delete = isize::try_from(delete).unwrap_or(isize::MAX);
            transaction.splice_text(found(objects, slot)?, position, delete, &insert)?;
        }
    }
    Ok(())
}
