//! Tolerant reading of one map object, and who made it and changed it last.
//!
//! Invariant: whatever shape a document has, reading it neither fails nor panics. What does not fit is
//! left out.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use automerge::iter::MapRangeItem;
use automerge::{
    Automerge, ChangeHash, ObjId, ObjType, ReadDoc, ScalarValue, ScalarValueRef, Value, ValueRef,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::conflict::{self, Conflict};
use crate::id::{Kind, ObjectId};
use crate::limits::DEPTH_MAX;
use crate::people::{Author, Named, People};

/// One key of a map object: its winning value, the operation that wrote it, and whether others wrote
/// the same key concurrently.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) value: Value<'static>,
    pub(crate) op: ObjId,
    pub(crate) conflict: bool,
}

/// One map object with all its keys.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) doc: &'a Automerge,
    pub(crate) obj: ObjId,
    pub(crate) fields: BTreeMap<String, Field>,
}

impl<'a> Record<'a> {
    /// Reads the root map of a document.
    pub(crate) fn root(doc: &'a Automerge) -> Self {
        Self::read(doc, automerge::ROOT)
    }

    /// Reads a few keys of the root map of a document.
    pub(crate) fn root_with(doc: &'a Automerge, keys: &[&str]) -> Self {
        let read = |key: &&str| one_key(doc, &automerge::ROOT, key).map(field);
        Self {
            doc,
            obj: automerge::ROOT,
            fields: keys.iter().filter_map(read).collect(),
        }
    }

    /// Reads a map object; one that is no map has no fields.
    pub(crate) fn read(doc: &'a Automerge, obj: ObjId) -> Self {
        let fields = doc.map_range(&obj, ..).map(field).collect();
        Self { doc, obj, fields }
    }

    /// Reads a map object as it was at a version. What is read from within it is of now.
    pub(crate) fn read_at(doc: &'a Automerge, obj: ObjId, heads: &[ChangeHash]) -> Self {
        let fields = doc.map_range_at(&obj, .., heads).map(field).collect();
        Self { doc, obj, fields }
    }

    /// Reads this object as the change that made it left it, whatever was written into it since.
    pub(crate) fn as_made(&self) -> Option<Self> {
        let made = self.doc.hash_for_opid(&self.obj)?;
        Some(Self::read_at(self.doc, self.obj.clone(), &[made]))
    }

    /// Reads the object under `key` of the root, without reading the other keys.
    pub(crate) fn keyed(doc: &'a Automerge, key: &str) -> Option<Self> {
        map_under(doc, key).map(|obj| Self::read(doc, obj))
    }

    /// Says whether there is an object under `key` of the root.
    pub(crate) fn is_there(doc: &Automerge, key: &str) -> bool {
        map_under(doc, key).is_some()
    }

    /// Reads every object of a kind under the root, in the order of their ids.
    pub(crate) fn all(doc: &'a Automerge, kind: Kind) -> Vec<(ObjectId, Self)> {
        doc.map_range(automerge::ROOT, keys_of(kind))
            .filter_map(|item| child(doc, kind, &item.key.clone(), &field(item).1))
            .collect()
    }

    /// Reads those objects of a kind under the root that a glance at some of their fields chooses, in the
    /// order of their ids. Of ten thousand objects few are wanted, and reading one costs ten glances.
    pub(crate) fn all_where(
        doc: &'a Automerge,
        kind: Kind,
        keep: impl Fn(&Glance<'a>) -> bool,
    ) -> Vec<(ObjectId, Self)> {
        Glance::all(doc, kind)
            .filter(|glance| keep(glance))
            .map(|glance| (glance.id, glance.into_record()))
            .collect()
    }

    /// The objects of a kind within this one, in the order of their ids.
    pub(crate) fn children(&self, kind: Kind) -> Vec<(ObjectId, Self)> {
        self.fields
            .iter()
            .filter_map(|(key, field)| child(self.doc, kind, key, field))
            .collect()
    }

    /// The object of a kind with this id within this one.
    pub(crate) fn child(&self, kind: Kind, id: ObjectId) -> Option<Self> {
        let key = kind.key(id);
        child(self.doc, kind, &key, self.fields.get(&key)?).map(|(_, record)| record)
    }

    fn scalar(&self, key: &str) -> Option<&ScalarValue> {
        match &self.fields.get(key)?.value {
            Value::Scalar(scalar) => Some(scalar.as_ref()),
            Value::Object(_) => None,
        }
    }

    /// A string, from a string value or a Text object.
    pub(crate) fn str(&self, key: &str) -> Option<String> {
        let field = self.fields.get(key)?;
        match &field.value {
            Value::Scalar(scalar) => match scalar.as_ref() {
                ScalarValue::Str(text) => Some(text.to_string()),
                _ => None,
            },
            Value::Object(ObjType::Text) => self.doc.text(&field.op).ok(),
            Value::Object(_) => None,
        }
    }

    /// A string, or the empty one.
    pub(crate) fn str_or_empty(&self, key: &str) -> String {
        self.str(key).unwrap_or_default()
    }

    /// A finite number.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        let number = match self.scalar(key)? {
            ScalarValue::F64(number) => *number,
            #[expect(
                clippy::cast_precision_loss,
                reason = "a value of this size is no count"
            )]
            ScalarValue::Int(number) => *number as f64,
            #[expect(
                clippy::cast_precision_loss,
                reason = "a value of this size is no count"
            )]
            ScalarValue::Uint(number) => *number as f64,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&self, key: &str) -> Option<u32> {
        match self.scalar(key)? {
            ScalarValue::Int(number) => u32::try_from(*number).ok(),
            ScalarValue::Uint(number) => u32::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Exactly 32 bytes.
    pub(crate) fn bytes_32(&self, key: &str) -> Option<[u8; 32]> {
        match self.scalar(key)? {
            ScalarValue::Bytes(bytes) => bytes.as_slice().try_into().ok(),
            _ => None,
        }
    }

    /// The id of the person who wrote a field; empty where there is none or nobody knows the actor.
    pub(crate) fn writer_of(&self, key: &str, people: &dyn People) -> String {
        match self.fields.get(key).map(|field| &field.op) {
            Some(ObjId::Id(_, actor, _)) => people.author(actor).person,
            _ => String::new(),
        }
    }

    /// A truth value; false where there is none.
    pub(crate) fn flag(&self, key: &str) -> bool {
        matches!(self.scalar(key), Some(ScalarValue::Boolean(true)))
    }

    /// A date in the stored form.
    pub(crate) fn date(&self, key: &str) -> Option<String> {
        let text = self.str(key)?;
        crate::when::date(&text).ok().map(|date| date.to_string())
    }

    /// The id of another object.
    pub(crate) fn id(&self, key: &str) -> Option<ObjectId> {
        self.str(key)?.parse().ok()
    }

    /// The members of a set of people: the keys `word/PERSON` whose value is true.
    pub(crate) fn people(&self, word: &str, people: &dyn People) -> Vec<Named> {
        self.fields
            .keys()
            .filter_map(|key| Some((key, key.strip_prefix(word)?.strip_prefix('/')?)))
            .filter(|(key, _)| self.flag(key))
            .map(|(_, person)| people.named(person))
            .collect()
    }

    /// Who made this object and who changed it last.
    pub(crate) fn stamp(&self, people: &dyn People) -> Stamp {
        let latest = self.latest(0);
        let (updated_by, updated_at) = signed(self.doc, &latest, people);
        let (created_by, created_at) = signed(self.doc, &self.obj, people);
        Stamp {
            created_by,
            created_at,
            updated_by,
            updated_at,
        }
    }

    /// Says whether nothing was written into this object since the change that made it.
    pub(crate) fn is_as_made(&self) -> bool {
        let change = |op: &ObjId| self.doc.hash_for_opid(op);
        change(&self.latest(0)) == change(&self.obj)
    }

    /// The last operation in this object and what it holds: the highest in Automerge's own order, which
    /// never puts an edit before one that its author had seen.
    fn latest(&self, depth: usize) -> ObjId {
        let mut latest = self.obj.clone();
        for field in self.fields.values() {
            latest = latest.max(field.op.clone());
            let is_map = matches!(field.value, Value::Object(ObjType::Map));
            if is_map && depth < DEPTH_MAX {
                latest = latest.max(Record::read(self.doc, field.op.clone()).latest(depth + 1));
            }
        }
        latest
    }

    /// Where this object came from and what is disputed about it.
    pub(crate) fn provenance(&self, people: &dyn People) -> Provenance {
        let imported_from = self
            .fields
            .get(IMPORTED_FROM)
            .map(|field| crate::scalar::to_json(self.doc, &field.value, &field.op, 0));
        Provenance {
            stamp: self.stamp(people),
            imported_from,
            conflicts: conflict::within(self, people),
        }
    }
}

/// An object under the root of which nothing was read yet. What it holds is read at the first question, all of it
/// at once: to find one key takes as long as to read ten.
#[derive(Debug)]
pub(crate) struct Glance<'a> {
    doc: &'a Automerge,
    obj: ObjId,
    fields: OnceCell<Vec<MapRangeItem<'a>>>,
    pub(crate) id: ObjectId,
}

impl<'a> Glance<'a> {
    /// Every object of a kind under the root, in the order of their ids.
    pub(crate) fn all(doc: &'a Automerge, kind: Kind) -> impl Iterator<Item = Self> + 'a {
        doc.map_range(automerge::ROOT, keys_of(kind))
            .filter_map(move |item| {
                let (found, id) = Kind::from_key(&item.key)?;
                let is_map = matches!(item.value, ValueRef::Object(ObjType::Map));
                (found == kind && is_map).then(|| Self {
                    doc,
                    obj: item.id(),
                    fields: OnceCell::new(),
                    id,
                })
            })
    }

    /// The object of a kind with this id under the root.
    pub(crate) fn keyed(doc: &'a Automerge, kind: Kind, id: ObjectId) -> Option<Self> {
        Some(Self {
            doc,
            obj: map_under(doc, &kind.key(id))?,
            fields: OnceCell::new(),
            id,
        })
    }

    fn into_record(self) -> Record<'a> {
        let Some(fields) = self.fields.into_inner() else {
            return Record::read(self.doc, self.obj);
        };
        Record {
            doc: self.doc,
            obj: self.obj,
            fields: fields.into_iter().map(field).collect(),
        }
    }

    fn fields(&self) -> &[MapRangeItem<'a>] {
        let read = || self.doc.map_range(&self.obj, ..).collect();
        self.fields.get_or_init(read)
    }

    fn field(&self, key: &str) -> Option<&MapRangeItem<'a>> {
        self.fields().iter().find(|field| field.key == key)
    }

    /// A string, from a string value or a Text object.
    pub(crate) fn str(&self, key: &str) -> Option<String> {
        let field = self.field(key)?;
        match &field.value {
            ValueRef::Scalar(ScalarValueRef::Str(text)) => Some(text.to_string()),
            ValueRef::Object(ObjType::Text) => self.doc.text(field.id()).ok(),
            _ => None,
        }
    }

    /// A truth value; false where there is none.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.field(key).is_some_and(is_true)
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&self, key: &str) -> Option<u32> {
        match &self.field(key)?.value {
            ValueRef::Scalar(ScalarValueRef::Int(number)) => u32::try_from(*number).ok(),
            ValueRef::Scalar(ScalarValueRef::Uint(number)) => u32::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The members of a set of people: what follows `word/` in the keys whose value is true.
    pub(crate) fn set_of(&self, word: &str) -> Vec<String> {
        let person = |key: &str| Some(key.strip_prefix(word)?.strip_prefix('/')?.to_owned());
        self.fields()
            .iter()
            .filter(|field| is_true(field))
            .filter_map(|field| person(&field.key))
            .collect()
    }

    /// Says whether there is anything under a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.field(key).is_some()
    }
}

fn is_true(field: &MapRangeItem<'_>) -> bool {
    matches!(field.value, ValueRef::Scalar(ScalarValueRef::Boolean(true)))
}

/// What stands under a key of a map object. Automerge's own `get` takes three times as long to find it.
pub(crate) fn one_key<'a>(doc: &'a Automerge, obj: &ObjId, key: &str) -> Option<MapRangeItem<'a>> {
    doc.map_range(obj, key.to_owned()..=key.to_owned()).next()
}

/// The map object under a key of the root.
fn map_under(doc: &Automerge, key: &str) -> Option<ObjId> {
    let item = one_key(doc, &automerge::ROOT, key)?;
    matches!(item.value, ValueRef::Object(ObjType::Map)).then(|| item.id())
}

/// The keys under the root that objects of a kind have: "/" is followed by "0", so this range holds the keys
/// "kind/…" and no other.
fn keys_of(kind: Kind) -> std::ops::Range<String> {
    format!("{}/", kind.word())..format!("{}0", kind.word())
}

fn field(item: MapRangeItem<'_>) -> (String, Field) {
    let op = item.id();
    let conflict = item.conflict;
    (
        item.key.into_owned(),
        Field {
            value: item.value.into_value(),
            op,
            conflict,
        },
    )
}

fn child<'a>(
    doc: &'a Automerge,
    kind: Kind,
    key: &str,
    field: &Field,
) -> Option<(ObjectId, Record<'a>)> {
    let (found, id) = Kind::from_key(key)?;
    let is_map = matches!(field.value, Value::Object(ObjType::Map));
    (found == kind && is_map).then(|| (id, Record::read(doc, field.op.clone())))
}

/// The author of an operation and the time of its change; no time where it is out of range.
pub(crate) fn signed(
    doc: &Automerge,
    op: &ObjId,
    people: &dyn People,
) -> (Author, Option<Timestamp>) {
    let author = match op {
        ObjId::Id(_, actor, _) => people.author(actor),
        ObjId::Root => Author::unknown(),
    };
    let at = doc
        .hash_for_opid(op)
        .and_then(|hash| change_time(doc, &hash));
    (author, at)
}

/// The time that a change claims.
pub(crate) fn change_time(doc: &Automerge, hash: &ChangeHash) -> Option<Timestamp> {
    Timestamp::from_second(doc.get_change_meta_by_hash(hash)?.timestamp).ok()
}

/// Says whether a key at the root of the index belongs to the programs, which keep there what they need
/// to find each other. No person wrote it, and it means nothing outside of this notebook.
pub(crate) fn is_machinery_key(key: &str) -> bool {
    key.starts_with("address/")
}

/// The key under which an imported object says where it came from.
pub(crate) const IMPORTED_FROM: &str = "imported_from";

/// Where an object comes from: its authors, the import that brought it, and fields in dispute.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Provenance {
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// What the import recorded: the authors and times of the original, as the importer claims them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<serde_json::Value>,
    /// Fields with concurrent values that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
}

impl Provenance {
    /// Who made the object. Of one that was imported, whom the import names: a claim of the importer, which
    /// shows beside it.
    pub(crate) fn author(&self, people: &dyn People) -> Named {
        let origin = self.imported_from.as_ref();
        let claimed = origin.and_then(|origin| origin.pointer("/created_by/person")?.as_str());
        match claimed.filter(|person| !person.is_empty()) {
            Some(person) => people.named(person),
            None => self.stamp.created_by.named(),
        }
    }

    /// The day on which the object was made, in UTC; of an imported one the day that the import names.
    pub(crate) fn day(&self) -> Option<String> {
        let at = self.made_at()?;
        Some(at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
    }

    /// When the object was made; of an imported one, when the import says that it was.
    pub(crate) fn made_at(&self) -> Option<Timestamp> {
        let origin = self.imported_from.as_ref();
        let claimed = origin.and_then(|origin| origin.pointer("/created_at")?.as_str());
        let claimed = claimed.and_then(|at| at.parse::<Timestamp>().ok());
        claimed.or(self.stamp.created_at)
    }
}

/// Who made an object and who changed it last, from the signed history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Stamp {
    /// The author of the change that made it.
    pub created_by: Author,
    /// When that author's clock said it was.
    pub created_at: Option<Timestamp>,
    /// The author of the last change to it.
    pub updated_by: Author,
    /// When that author's clock said it was.
    pub updated_at: Option<Timestamp>,
}
