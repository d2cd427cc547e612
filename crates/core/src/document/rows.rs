//! Reads a change's operations row by row and checks each against the rules that keep Automerge
//! from panicking or from saving something else than what was signed.

use crate::ids::ActorId;

use super::columns::Columns;
use super::leb::{Bytes, Malformed};
use super::limits::{
    CHANGE_OBJECTS_MAX, CHANGE_OPERATIONS_MAX, CHANGE_PREDECESSORS_MAX, COUNTER_MAX,
    TYPING_OPERATIONS_MAX,
};
use super::runs::{Booleans, OptionalRuns, Runs, Sum, required};
use super::scan::{Made, ObjectKind, ObjectRef, Place, Reference, ScanError, Target, Typing};

/// What the operations of a change say about it.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) count: u64,
    pub(super) references: Vec<Reference>,
    pub(super) targets: Vec<Target>,
    pub(super) made: Vec<Made>,
    pub(super) has_marks: bool,
    pub(super) typing: Option<Typing>,
}

impl Rows {
    /// Follows whether the change does nothing but type; `inserted` is `None` for a deletion.
    fn type_on(&mut self, object: ObjectRef, place: Place, inserted: Option<&str>) {
        if self.count == 0 {
            self.typing = Some(Typing {
                object,
                place,
                deleted: 0,
                typed: String::new(),
            });
        }
        if self.count >= TYPING_OPERATIONS_MAX as u64 {
            self.typing = None;
        }
        if let Some(typing) = self
            .typing
            .as_mut()
            .filter(|typing| typing.object == object)
        {
            match inserted {
                Some(text) => typing.typed.push_str(text),
                None => typing.deleted += 1,
            }
        } else {
            self.typing = None;
        }
    }
}

/// An operation id inside a change: an index into its list of actors, and a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Id {
    actor: usize,
    counter: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Name,
    Head,
    Element(Id),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Make(ObjectKind),
    Set,
    Delete,
    Increment,
    Mark,
}

impl Action {
    const fn from_number(number: u64) -> Option<Self> {
        // Number 6 makes a table, which no program has made for years and Automerge half supports.
        match number {
            0 => Some(Self::Make(ObjectKind::Map)),
            1 => Some(Self::Set),
            2 => Some(Self::Make(ObjectKind::List)),
            3 => Some(Self::Delete),
            4 => Some(Self::Make(ObjectKind::Text)),
            5 => Some(Self::Increment),
            7 => Some(Self::Mark),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    Null,
    Integer,
    Text(&'a str),
    Other,
}

/// Who may be referred to, and up to where.
struct Actors<'a> {
    author: ActorId,
    others: &'a [ActorId],
    /// The largest counter referred to, for each of the others; zero where none is.
    largest: Vec<u64>,
}

impl Actors<'_> {
    /// Checks a reference made by the operation numbered `at`: only an earlier operation can be
    /// meant, since every counter is above all that its writer had seen.
    fn refer(&mut self, actor: u64, counter: u64, at: u64) -> Result<Id, Fault> {
        if counter == 0 || counter >= at {
            return Err(Fault::Rule(
                "it refers to an operation that cannot come before it",
            ));
        }
        let actor = usize::try_from(actor).map_err(|_| Malformed)?;
        if let Some(other) = actor.checked_sub(1) {
            let largest = self.largest.get_mut(other).ok_or(Fault::Rule(
                "it refers to an actor that the change does not list",
            ))?;
            *largest = (*largest).max(counter);
        }
        Ok(Id { actor, counter })
    }

    fn object(&self, id: Option<Id>) -> ObjectRef {
        match id {
            None => ObjectRef::Root,
            Some(id) => ObjectRef::Made {
                actor: self.actor(id),
                counter: id.counter,
            },
        }
    }

    fn place(&self, key: Key, insert: bool) -> Place {
        match key {
            Key::Element(id) if insert => Place::Behind(self.actor(id), id.counter),
            Key::Element(id) => Place::At(self.actor(id), id.counter),
            Key::Name | Key::Head => Place::Beginning,
        }
    }

    fn actor(&self, id: Id) -> ActorId {
        let other = id
            .actor
            .checked_sub(1)
            .and_then(|other| self.others.get(other));
        other.copied().unwrap_or(self.author)
    }

    fn references(&self) -> Result<Vec<Reference>, ScanError> {
        let pairs = self.others.iter().zip(&self.largest);
        pairs
            .map(|(actor, largest)| match largest {
                0 => Err(ScanError::Actors),
                counter => Ok(Reference {
                    actor: *actor,
                    counter: *counter,
                }),
            })
            .collect()
    }
}

enum Fault {
    Bytes,
    Rule(&'static str),
    TooManyPredecessors,
    TooManyObjects,
}

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::Bytes
    }
}

struct Decoder<'a> {
    object_actor: OptionalRuns<'a, u64>,
    object_counter: OptionalRuns<'a, u64>,
    key_actor: OptionalRuns<'a, u64>,
    key_counter: OptionalRuns<'a, i64>,
    key_sum: Sum,
    key_name: OptionalRuns<'a, &'a str>,
    insert: Booleans<'a>,
    value_kind: Runs<'a, u64>,
    value: Bytes<'a>,
    group: Runs<'a, u64>,
    previous_actor: OptionalRuns<'a, u64>,
    previous_counter: OptionalRuns<'a, i64>,
    previous_sum: Sum,
    previous_count: u64,
    expand: Option<Booleans<'a>>,
    mark_name: OptionalRuns<'a, &'a str>,
}

/// Reads all rows.
///
/// # Errors
/// [`ScanError::TooManyOperations`], [`ScanError::TooManyPredecessors`] and
/// [`ScanError::TooManyObjects`] above the limits,
/// [`ScanError::ColumnData`] where columns are malformed or differ in length,
/// [`ScanError::Operation`] for an operation that breaks a rule, [`ScanError::Actors`] for a
/// listed actor that nothing refers to.
pub(super) fn read(
    columns: &Columns<'_>,
    author: ActorId,
    others: &[ActorId],
    start: u64,
) -> Result<Rows, ScanError> {
    let [
        object_actor,
        object_counter,
        key_actor,
        key_counter,
        key_name,
        insert,
        action,
        value_kind,
        value,
        group,
        previous_actor,
        previous_counter,
        expand,
        mark_name,
    ] = columns.data;
    let mut decoder = Decoder {
        object_actor: OptionalRuns::new(object_actor),
        object_counter: OptionalRuns::new(object_counter),
        key_actor: OptionalRuns::new(key_actor),
        key_counter: OptionalRuns::new(key_counter),
        key_sum: Sum::default(),
        key_name: OptionalRuns::new(key_name),
        insert: Booleans::new(insert),
        value_kind: Runs::new(value_kind),
        value: Bytes::new(value),
        group: Runs::new(group),
        previous_actor: OptionalRuns::new(previous_actor),
        previous_counter: OptionalRuns::new(previous_counter),
        previous_sum: Sum::default(),
        previous_count: 0,
        expand: (!expand.is_empty()).then(|| Booleans::new(expand)),
        mark_name: OptionalRuns::new(mark_name),
    };
    let mut actors = Actors {
        author,
        others,
        largest: vec![0; others.len()],
    };
    let mut rows = Rows::default();
    let mut actions = Runs::<u64>::new(action);
    while let Some(number) = actions.next()? {
        if rows.count >= CHANGE_OPERATIONS_MAX as u64 {
            return Err(ScanError::TooManyOperations);
        }
        let at = start + rows.count;
        let action = number.and_then(Action::from_number);
        let checked = action
            .ok_or(Fault::Rule("its action is unknown"))
            .and_then(|action| decoder.row(action, at, &mut actors, &mut rows));
        checked.map_err(|fault| match fault {
            Fault::Bytes => ScanError::ColumnData,
            Fault::Rule(problem) => ScanError::Operation {
                number: rows.count + 1,
                problem,
            },
            Fault::TooManyPredecessors => ScanError::TooManyPredecessors,
            Fault::TooManyObjects => ScanError::TooManyObjects,
        })?;
        rows.count += 1;
    }
    if rows.count > 0 {
        actions.finish()?;
        decoder.finish()?;
    } else if columns.data.iter().any(|column| !column.is_empty()) {
        return Err(ScanError::ColumnData);
    }
    if start + rows.count > COUNTER_MAX {
        return Err(ScanError::StartOperation);
    }
    rows.references = actors.references()?;
    Ok(rows)
}

impl<'a> Decoder<'a> {
    fn row(
        &mut self,
        action: Action,
        at: u64,
        actors: &mut Actors<'_>,
        rows: &mut Rows,
    ) -> Result<(), Fault> {
        let object = match (self.object_actor.next()?, self.object_counter.next()?) {
            (None, None) => None,
            (Some(actor), Some(counter)) => Some(actors.refer(actor, counter, at)?),
            _ => return Err(Fault::Bytes),
        };
        let key = self.key(at, actors)?;
        let insert = self.insert.next()?;
        let value = self.value()?;
        let predecessors = self.predecessors(at, actors)?;
        let expand = self.expand.as_mut().map_or(Ok(false), Booleans::next)?;
        let mark = self.mark_name.next()?.is_some();
        check(action, key, insert, value, predecessors, expand, mark).map_err(Fault::Rule)?;

        let target = Target {
            object: actors.object(object),
            sequence: key != Key::Name,
        };
        if target.object == ObjectRef::Root && target.sequence {
            return Err(Fault::Rule("it treats the root as a list"));
        }
        if rows.targets.last() != Some(&target) {
            rows.targets.push(target);
        }
        if let Action::Make(kind) = action {
            if rows.made.len() >= CHANGE_OBJECTS_MAX {
                return Err(Fault::TooManyObjects);
            }
            rows.made.push(Made {
                counter: at,
                parent: target.object,
                kind,
            });
        }
        rows.has_marks |= action == Action::Mark;
        match (action, value) {
            (Action::Set, Value::Text(text)) if insert => {
                rows.type_on(target.object, actors.place(key, true), Some(text));
            }
            (Action::Delete, _) if target.sequence => {
                rows.type_on(target.object, actors.place(key, false), None);
            }
            _ => rows.typing = None,
        }
        Ok(())
    }

    fn key(&mut self, at: u64, actors: &mut Actors<'_>) -> Result<Key, Fault> {
        let actor = self.key_actor.next()?;
        let counter = match self.key_counter.next()? {
            Some(difference) => Some(self.key_sum.add(difference)?),
            None => None,
        };
        match (actor, counter, self.key_name.next()?) {
            (None, None, Some(_)) => Ok(Key::Name),
            (None, Some(0), None) => Ok(Key::Head),
            (Some(actor), Some(counter), None) => {
                Ok(Key::Element(actors.refer(actor, counter, at)?))
            }
            _ => Err(Fault::Rule("its key is neither a name nor a list element")),
        }
    }

    fn value(&mut self) -> Result<Value<'a>, Fault> {
        let kind = required(&mut self.value_kind)?;
        let len = usize::try_from(kind >> 4).map_err(|_| Malformed)?;
        let mut bytes = Bytes::new(self.value.take(len)?);
        let value = match kind & 0x0f {
            0 => Value::Null,
            1 | 2 => Value::Other,
            3 => bytes.unsigned().map(|_| Value::Other)?,
            4 => bytes.signed().map(|_| Value::Integer)?,
            5 => bytes.array::<8>().map(|_| Value::Other)?,
            6 => {
                let text = bytes.take(len)?;
                Value::Text(core::str::from_utf8(text).map_err(|_| Malformed)?)
            }
            7 => bytes.take(len).map(|_| Value::Other)?,
            8 | 9 => bytes.signed().map(|_| Value::Other)?,
            _ => return Err(Fault::Rule("its value is of an unknown type")),
        };
        if bytes.is_empty() {
            Ok(value)
        } else {
            Err(Fault::Bytes)
        }
    }

    /// Returns how many predecessors the operation has; they must stand in order.
    fn predecessors(&mut self, at: u64, actors: &mut Actors<'_>) -> Result<u64, Fault> {
        let count = required(&mut self.group)?;
        self.previous_count = self.previous_count.saturating_add(count);
        if self.previous_count > CHANGE_PREDECESSORS_MAX as u64 {
            return Err(Fault::TooManyPredecessors);
        }
        let mut last = None;
        for _ in 0..count {
            let actor = self.previous_actor.next()?.ok_or(Malformed)?;
            let difference = self.previous_counter.next()?.ok_or(Malformed)?;
            let counter = self.previous_sum.add(difference)?;
            let id = actors.refer(actor, counter, at)?;
            let order = (counter, actors.actor(id));
            if last.is_some_and(|last| last >= order) {
                return Err(Fault::Rule("its predecessors are out of order"));
            }
            last = Some(order);
        }
        Ok(count)
    }

    fn finish(&self) -> Result<(), ScanError> {
        self.object_actor.finish()?;
        self.object_counter.finish()?;
        self.key_actor.finish()?;
        self.key_counter.finish()?;
        self.key_name.finish()?;
        self.insert.finish()?;
        self.value_kind.finish()?;
        self.group.finish()?;
        self.previous_actor.finish()?;
        self.previous_counter.finish()?;
        self.mark_name.finish()?;
        let expand_ends = self
            .expand
            .as_ref()
            .is_none_or(|expand| expand.finish().is_ok() && expand.has_true());
        if self.value.is_empty() && expand_ends {
            Ok(())
        } else {
            Err(ScanError::ColumnData)
        }
    }
}

/// Checks what belongs together: what Automerge does not store, it must not be given.
fn check(
    action: Action,
    key: Key,
    insert: bool,
    value: Value<'_>,
    predecessors: u64,
    expand: bool,
    mark: bool,
) -> Result<(), &'static str> {
    if insert && (key == Key::Name || predecessors > 0) {
        return Err("it inserts where nothing can be inserted");
    }
    if !insert && key == Key::Head {
        return Err("it changes the place before a list");
    }
    if (mark || expand) && action != Action::Mark {
        return Err("it carries parts of a mark but is none");
    }
    let sound = match action {
        Action::Make(_) => value == Value::Null,
        Action::Set => true,
        Action::Delete => value == Value::Null && !insert && predecessors > 0,
        Action::Increment => value == Value::Integer && !insert && predecessors > 0,
        // The end of a mark has neither name nor value.
        Action::Mark => insert && (mark || value == Value::Null),
    };
    if sound {
        Ok(())
    } else {
        Err("its parts do not fit its action")
    }
}
