//! Writes again, on top of a document, what somebody wrote on top of something that is not in it.
//!
//! A change names what it was written on top of, so one that stood on a branch of a forked log which does not
//! count is lost with it. What it did is found out on a copy that holds the branch, step by step, and done
//! anew: text goes behind the nearest character before it that both have, values go where they were, and an
//! object that only the lost side has is made whole.

use std::collections::HashMap;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{
    Automerge, AutomergeError, ChangeHash, Cursor, ObjId, ObjType, Patch, PatchAction, Prop,
    ReadDoc, ScalarValue, Value,
};

use super::lost::LostSide;
use super::quiet::contain;
use super::scan::Change;

/// Characters that go into one change: a long text is cut into several, as others would refuse one.
const CHARACTERS_PER_CHANGE: usize = 10_000;

/// Why nothing could be written again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgainError {
    /// Automerge returned an error.
    #[error("what was written cannot be read any more ({0})")]
    Automerge(String),
    /// Automerge broke off.
    #[error("what was written cannot be read any more, the document library broke off ({0})")]
    Panicked(String),
}

impl From<AutomergeError> for AgainError {
    fn from(error: AutomergeError) -> Self {
        Self::Automerge(error.to_string())
    }
}

/// Does again, in `document`, what `changes` did in `side`, which holds them; they are by one author and in
/// the order of writing. Where it fails, `document` is as before.
///
/// # Errors
/// [`AgainError`] where what they did cannot be found out or done.
pub fn write_again(
    document: &mut Automerge,
    side: &LostSide,
    changes: &[&Change],
) -> Result<(), AgainError> {
    let written = contain(|| {
        let mut copy = document.clone();
        let mut work = Again::new(&mut copy, side);
        for step in steps(changes) {
            work.step(&step)?;
        }
        Ok(copy)
    });
    *document = written.unwrap_or_else(|panic| Err(AgainError::Panicked(panic)))?;
    Ok(())
}

/// Changes that follow one another directly, so that what they did shows as one.
struct Step {
    before: Vec<ChangeHash>,
    after: Vec<ChangeHash>,
    timestamp: i64,
}

fn steps(changes: &[&Change]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for change in changes {
        let facts = change.facts();
        match steps.last_mut() {
            Some(last) if last.after == facts.deps => {
                last.after = vec![facts.hash];
                last.timestamp = facts.timestamp;
            }
            _ => steps.push(Step {
                before: facts.deps.clone(),
                after: vec![facts.hash],
                timestamp: facts.timestamp,
            }),
        }
    }
    steps
}

/// An element of a list or text of the lost side, as a cursor in bytes.
type Element = Vec<u8>;

/// An element as a step has left it so far.
enum Place {
    /// It was there before.
    Old(Element),
    /// The step made it; this is the one in the document.
    New(Element),
}

struct Again<'a> {
    document: &'a mut Automerge,
    lost: &'a LostSide,
    side: &'a Automerge,
    /// Objects of the lost side and what stands for them, where that is another one.
    objects: HashMap<ObjId, ObjId>,
    /// Elements of the lost side and what stands for them, where that is another one.
    elements: HashMap<(ObjId, Element), Element>,
    timestamp: i64,
}

impl<'a> Again<'a> {
    fn new(document: &'a mut Automerge, lost: &'a LostSide) -> Self {
        Self {
            document,
            lost,
            side: &lost.document,
            objects: HashMap::new(),
            elements: HashMap::new(),
            timestamp: 0,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), AgainError> {
        self.timestamp = step.timestamp;
        let mut mirrors: HashMap<ObjId, Vec<Place>> = HashMap::new();
        for patch in self.side.diff(&step.before, &step.after) {
            let Some(target) = self.target(&patch, step)? else {
                continue;
            };
            if !mirrors.contains_key(&patch.obj) && self.is_sequence(&patch.obj) {
                let mirror = self.mirror(&patch.obj, &step.before)?;
                mirrors.insert(patch.obj.clone(), mirror);
            }
            let mirror = mirrors.entry(patch.obj.clone()).or_default();
            self.apply(&patch, &target, mirror)?;
        }
        // What the step made has a name on the lost side only now.
        for (object, mirror) in mirrors {
            for (index, place) in mirror.into_iter().enumerate() {
                if let Place::New(new) = place
                    && let Ok(old) = self.side.get_cursor(&object, index, Some(&step.after))
                {
                    self.elements.insert((object.clone(), old.to_bytes()), new);
                }
            }
        }
        Ok(())
    }

    fn is_sequence(&self, object: &ObjId) -> bool {
        matches!(
            self.side.object_type(object),
            Ok(ObjType::Text | ObjType::List)
        )
    }

    fn mirror(&self, object: &ObjId, heads: &[ChangeHash]) -> Result<Vec<Place>, AgainError> {
        (0..self.side.length_at(object, heads))
            .map(|index| {
                let cursor = self.side.get_cursor(object, index, Some(heads))?;
                Ok(Place::Old(cursor.to_bytes()))
            })
            .collect()
    }

    /// Returns the object that stands for the one which a patch is about, made whole where there is none.
    fn target(&mut self, patch: &Patch, step: &Step) -> Result<Option<ObjId>, AgainError> {
        if let Some(known) = self.counterpart(&patch.obj) {
            return Ok(Some(known));
        }
        let children = patch.path.iter().skip(1).map(|(object, _)| object);
        let children: Vec<&ObjId> = children.chain([&patch.obj]).collect();
        for ((parent, prop), child) in patch.path.iter().zip(children) {
            if self.counterpart(child).is_some() {
                continue;
            }
            let Some(parent) = self.counterpart(parent) else {
                return Ok(None);
            };
            let kind = self.side.object_type(child)?;
            let made = self.make(&parent, prop, kind)?;
            self.objects.insert(child.clone(), made.clone());
            self.copy(child, &made, &step.before)?;
        }
        Ok(self.counterpart(&patch.obj))
    }

    fn counterpart(&self, object: &ObjId) -> Option<ObjId> {
        if let Some(other) = self.objects.get(object) {
            return Some(other.clone());
        }
        if self.lost.is_object_alone(object) {
            return None;
        }
        self.document
            .object_type(object)
            .ok()
            .map(|_| object.clone())
    }

    /// Makes an object, or takes the one of its kind that is at that key already: whoever else writes the
    /// same again may have been first.
    fn make(&mut self, parent: &ObjId, prop: &Prop, kind: ObjType) -> Result<ObjId, AgainError> {
        if let Prop::Map(key) = prop
            && let Some((Value::Object(found), object)) = self.document.get(parent, key.as_str())?
            && found == kind
        {
            return Ok(object);
        }
        let prop = prop.clone();
        let end = self.document.length(parent);
        self.change(|transaction| match prop {
            Prop::Map(key) => transaction.put_object(parent, key, kind),
            Prop::Seq(_) => transaction.insert_object(parent, end, kind),
        })
    }

    fn change<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, AutomergeError>,
    ) -> Result<T, AgainError> {
        let options = CommitOptions::default().with_time(self.timestamp);
        let mut transaction = self.document.transaction();
        let value = work(&mut transaction)?;
        transaction.commit_with(options);
        Ok(value)
    }

    /// Copies what an object of the lost side held into a new one.
    fn copy(&mut self, from: &ObjId, to: &ObjId, heads: &[ChangeHash]) -> Result<(), AgainError> {
        match self.side.object_type(from)? {
            ObjType::Text => {
                if self.document.length(to) > 0 {
                    return Ok(());
                }
                let text = self.side.text_at(from, heads)?;
                self.type_in(to, 0, &text)?;
                for index in 0..self.side.length_at(from, heads) {
                    let old = self.side.get_cursor(from, index, Some(heads))?;
                    let new = self.document.get_cursor(to, index, None)?;
                    self.elements
                        .insert((from.clone(), old.to_bytes()), new.to_bytes());
                }
            }
            ObjType::List => {
                for index in 0..self.side.length_at(from, heads) {
                    let found = self.side.get_at(from, index, heads)?;
                    if let Some((value, id)) = found {
                        let value = value.into_owned();
                        let end = self.document.length(to);
                        self.insert(to, end, &value, &id)?;
                        if let Value::Object(_) = value
                            && let Some(made) = self.counterpart(&id)
                        {
                            self.copy(&id, &made, heads)?;
                        }
                    }
                }
            }
            ObjType::Map | ObjType::Table => {
                let keys: Vec<String> = self.side.keys_at(from, heads).collect();
                for key in keys {
                    if let Some((value, id)) = self.side.get_at(from, key.as_str(), heads)? {
                        let value = value.into_owned();
                        self.put(to, &Prop::Map(key), &value, &id)?;
                        if let Value::Object(_) = value
                            && let Some(made) = self.counterpart(&id)
                        {
                            self.copy(&id, &made, heads)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn put(
        &mut self,
        target: &ObjId,
        prop: &Prop,
        value: &Value<'_>,
        id: &ObjId,
    ) -> Result<(), AgainError> {
        match value {
            Value::Object(kind) => {
                let made = self.make(target, prop, *kind)?;
                self.objects.insert(id.clone(), made);
                Ok(())
            }
            Value::Scalar(scalar) => {
                let scalar: ScalarValue = scalar.clone().into_owned();
                let prop = prop.clone();
                self.change(|transaction| transaction.put(target, prop, scalar))
            }
        }
    }

    fn insert(
        &mut self,
        target: &ObjId,
        at: usize,
        value: &Value<'_>,
        id: &ObjId,
    ) -> Result<(), AgainError> {
        match value {
            Value::Object(kind) => {
                let made =
                    self.change(|transaction| transaction.insert_object(target, at, *kind))?;
                self.objects.insert(id.clone(), made);
                Ok(())
            }
            Value::Scalar(scalar) => {
                let scalar: ScalarValue = scalar.clone().into_owned();
                self.change(|transaction| transaction.insert(target, at, scalar))
            }
        }
    }

    fn type_in(&mut self, target: &ObjId, at: usize, text: &str) -> Result<(), AgainError> {
        let mut at = at;
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(CHARACTERS_PER_CHANGE) {
            let typed: String = piece.iter().collect();
            let before = self.document.length(target);
            self.change(|transaction| transaction.splice_text(target, at, 0, &typed))?;
            at += self.document.length(target).saturating_sub(before);
        }
        Ok(())
    }

    fn apply(
        &mut self,
        patch: &Patch,
        target: &ObjId,
        mirror: &mut Vec<Place>,
    ) -> Result<(), AgainError> {
        match &patch.action {
            PatchAction::PutMap { key, value, .. } => {
                self.put(target, &Prop::Map(key.clone()), &value.0, &value.1)
            }
            PatchAction::DeleteMap { key } => {
                if self.document.get(target, key.as_str())?.is_none() {
                    return Ok(());
                }
                self.change(|transaction| transaction.delete(target, key.as_str()))
            }
            PatchAction::Increment {
                prop: Prop::Map(key),
                value,
            } => self.change(|transaction| transaction.increment(target, key.as_str(), *value)),
            PatchAction::SpliceText { index, value, .. } => {
                let at = self.place_behind(&patch.obj, target, mirror, *index);
                let before = self.document.length(target);
                self.type_in(target, at, &value.make_string())?;
                let count = self.document.length(target).saturating_sub(before);
                self.note_new(target, mirror, *index, at..at + count)
            }
            PatchAction::Insert { index, values } => {
                for (offset, (value, id, _)) in values.iter().enumerate() {
                    let index = index + offset;
                    let at = self.place_behind(&patch.obj, target, mirror, index);
                    self.insert(target, at, value, id)?;
                    self.note_new(target, mirror, index, at..at + 1)?;
                }
                Ok(())
            }
            PatchAction::PutSeq { index, value, .. } => {
                let place = mirror.get(*index);
                match place.and_then(|place| self.visible(&patch.obj, target, place)) {
                    Some(at) => self.put(target, &Prop::Seq(at), &value.0, &value.1),
                    None => Ok(()),
                }
            }
            PatchAction::DeleteSeq { index, length } => {
                let end = index.saturating_add(*length).min(mirror.len());
                let gone: Vec<Place> = mirror.drain(*index.min(&end)..end).collect();
                for place in gone {
                    if let Some(at) = self.visible(&patch.obj, target, &place) {
                        self.change(|transaction| transaction.delete(target, at))?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Notes elements that were made in the document at `made`, at `index` of the mirror.
    fn note_new(
        &self,
        target: &ObjId,
        mirror: &mut Vec<Place>,
        index: usize,
        made: std::ops::Range<usize>,
    ) -> Result<(), AgainError> {
        let mut new = Vec::with_capacity(made.len());
        for at in made {
            let cursor = self.document.get_cursor(target, at, None)?;
            new.push(Place::New(cursor.to_bytes()));
        }
        let index = index.min(mirror.len());
        mirror.splice(index..index, new);
        Ok(())
    }

    /// Returns the place in the document behind the nearest element before `index` that is known there.
    fn place_behind(
        &self,
        object: &ObjId,
        target: &ObjId,
        mirror: &[Place],
        index: usize,
    ) -> usize {
        let before = mirror.get(..index.min(mirror.len())).unwrap_or_default();
        before
            .iter()
            .rev()
            .find_map(|place| {
                let cursor = self.cursor(object, place)?;
                let at = self
                    .document
                    .get_cursor_position(target, &cursor, None)
                    .ok()?;
                let is_visible = self.is_at(target, &cursor, at);
                Some(at + usize::from(is_visible))
            })
            .unwrap_or(0)
            .min(self.document.length(target))
    }

    /// Returns where the counterpart of an element is, unless it was deleted or never was.
    fn visible(&self, object: &ObjId, target: &ObjId, place: &Place) -> Option<usize> {
        let cursor = self.cursor(object, place)?;
        let at = self
            .document
            .get_cursor_position(target, &cursor, None)
            .ok()?;
        self.is_at(target, &cursor, at).then_some(at)
    }

    fn cursor(&self, object: &ObjId, place: &Place) -> Option<Cursor> {
        let bytes = match place {
            Place::New(new) => new,
            Place::Old(old) => match self.elements.get(&(object.clone(), old.clone())) {
                Some(new) => new,
                None if self.lost.is_element_alone(old) => return None,
                None => old,
            },
        };
        Cursor::try_from(bytes.as_slice()).ok()
    }

    fn is_at(&self, target: &ObjId, cursor: &Cursor, at: usize) -> bool {
        self.document
            .get_cursor(target, at, None)
            .is_ok_and(|found| found == *cursor)
    }
}
