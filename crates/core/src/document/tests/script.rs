//! Random edit scripts over every kind of operation, replayable from a seed.

use automerge::marks::{ExpandMark, Mark};
use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{Automerge, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};

use crate::document::{Change, scan};
use crate::ids::ActorId;

/// A small generator with a seed (SplitMix64), so that a failure replays.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

pub(super) fn actor(number: u8) -> ActorId {
    // Neither the order of the numbers nor that of time is the order of the ids.
    ActorId::from_bytes([number.wrapping_mul(0x9d) ^ 0x5a; 16])
}

pub(super) fn automerge_actor(number: u8) -> automerge::ActorId {
    automerge::ActorId::from(actor(number).as_bytes().as_slice())
}

/// Some writers who edit one document concurrently, merging now and then.
pub(super) struct Script {
    pub(super) writers: Vec<Automerge>,
    random: Random,
}

impl Script {
    pub(super) fn new(seed: u64, writers: u8) -> Self {
        let mut first = Automerge::new().with_actor(automerge_actor(0));
        let mut transaction = first.transaction();
        let text = transaction
            .put_object(ROOT, "notes", ObjType::Text)
            .unwrap();
        transaction
            .splice_text(&text, 0, 0, "A first note, söme ünïcode 🙂.")
            .unwrap();
        transaction.put_object(ROOT, "list", ObjType::List).unwrap();
        transaction.put_object(ROOT, "map", ObjType::Map).unwrap();
        transaction
            .put(ROOT, "count", ScalarValue::counter(3))
            .unwrap();
        transaction.commit_with(CommitOptions::default().with_time(1_790_000_000));
        let writers = (0..writers).map(|at| first.clone().with_actor(automerge_actor(at)));
        Self {
            writers: writers.collect(),
            random: Random::new(seed),
        }
    }

    /// Makes `steps` changes or merges.
    pub(super) fn run(mut self, steps: usize) -> Self {
        for step in 0..steps {
            let writer = self.random.below(self.writers.len());
            match self.random.below(12) {
                0..=2 => {
                    let mut other = self.writers[self.random.below(self.writers.len())].clone();
                    self.writers[writer].merge(&mut other).unwrap();
                }
                3 => {
                    self.writers[writer].empty_commit(CommitOptions::default());
                }
                _ => self.change(writer, step),
            }
        }
        self
    }

    fn change(&mut self, writer: usize, step: usize) {
        let mut transaction = self.writers[writer].transaction();
        for _ in 0..=self.random.below(4) {
            operation(&mut transaction, &mut self.random);
        }
        let mut options = CommitOptions::default().with_time(1_790_000_000 + step as i64 * 7);
        if self.random.below(10) == 0 {
            options = options.with_message("a word about it");
        }
        transaction.commit_with(options);
    }

    /// Merges all writers into one document.
    pub(super) fn merged(&self) -> Automerge {
        let mut all = self.writers[0].clone();
        for writer in &self.writers[1..] {
            all.merge(&mut writer.clone()).unwrap();
        }
        all
    }
}

/// Scans every change of a document, in causal order.
pub(super) fn changes(document: &Automerge) -> Vec<Change> {
    document
        .get_changes(&[])
        .iter()
        .map(|change| scan(change.raw_bytes()).unwrap())
        .collect()
}

fn object(transaction: &Transaction<'_>, random: &mut Random) -> (ObjId, ObjType) {
    let mut at = (ROOT, ObjType::Map);
    for _ in 0..random.below(4) {
        let children: Vec<(ObjId, ObjType)> = match at.1 {
            ObjType::Map => transaction
                .map_range(&at.0, ..)
                .filter_map(|item| child(item.value.clone().into_value(), item.id()))
                .collect(),
            ObjType::List => transaction
                .list_range(&at.0, ..)
                .filter_map(|item| child(item.value.clone().into_value(), item.id()))
                .collect(),
            _ => Vec::new(),
        };
        if children.is_empty() {
            break;
        }
        at = children[random.below(children.len())].clone();
    }
    at
}

fn child(value: Value<'_>, id: ObjId) -> Option<(ObjId, ObjType)> {
    match value {
        Value::Object(kind) => Some((id, kind)),
        Value::Scalar(_) => None,
    }
}

fn scalar(random: &mut Random) -> ScalarValue {
    match random.below(11) {
        0 => ScalarValue::Null,
        1 => ScalarValue::Boolean(random.below(2) == 0),
        2 => ScalarValue::Uint(random.next()),
        3 => ScalarValue::Int(random.next() as i64),
        4 => ScalarValue::F64(random.next() as f64 / 3.0),
        5 => ScalarValue::Timestamp(random.next() as i64),
        6 => ScalarValue::Bytes(random.next().to_le_bytes().to_vec()),
        7 => ScalarValue::counter(random.below(100) as i64),
        8 => ScalarValue::Str("".into()),
        _ => ScalarValue::Str(format!("wört {}", random.below(5)).into()),
    }
}

fn operation(transaction: &mut Transaction<'_>, random: &mut Random) {
    let kinds = [ObjType::Map, ObjType::List, ObjType::Text];
    let kind = kinds[random.below(3)];
    let (id, of) = object(transaction, random);
    let len = transaction.length(&id);
    let key = format!("key {}", random.below(4));
    match (of, random.below(8)) {
        (ObjType::Map, 0) => transaction.put_object(&id, key, kind).map(|_| ()).unwrap(),
        (ObjType::Map, 1) => transaction.delete(&id, key).unwrap(),
        (ObjType::Map, 2) => {
            // Only a counter can be incremented; elsewhere this is refused and changes nothing.
            let _ = transaction.increment(&ROOT, "count", random.below(9) as i64 - 4);
            let _ = transaction.increment(&id, key, 2);
        }
        (ObjType::Map, _) => transaction.put(&id, key, scalar(random)).unwrap(),
        (ObjType::List, 0) => {
            transaction
                .insert_object(&id, random.below(len + 1), kind)
                .map(|_| ())
                .unwrap();
        }
        (ObjType::List, 1) if len > 0 => transaction.delete(&id, random.below(len)).unwrap(),
        (ObjType::List, 2) if len > 0 => {
            transaction
                .put(&id, random.below(len), scalar(random))
                .unwrap();
        }
        (ObjType::List, 3) if len > 0 => {
            let _ = transaction.increment(&id, random.below(len), 5);
        }
        (ObjType::List, _) => {
            transaction
                .insert(&id, random.below(len + 1), scalar(random))
                .unwrap();
        }
        (_, 0) if len > 1 => {
            let start = random.below(len - 1);
            let end = start + 1 + random.below(len - start - 1);
            let value = if random.below(3) == 0 {
                ScalarValue::Null
            } else {
                scalar(random)
            };
            let mark = Mark::new("bold".to_owned(), value, start, end);
            let expand = [ExpandMark::Both, ExpandMark::None, ExpandMark::After][random.below(3)];
            transaction.mark(&id, mark, expand).unwrap();
        }
        (_, 1) if len > 0 => {
            let at = random.below(len);
            let count = 1 + random.below(3.min(len - at));
            transaction
                .splice_text(&id, at, count.min(len - at) as isize, "")
                .unwrap();
        }
        _ => {
            let words = ["x", "hello", "żółw", "aaaa", "🙂", " "];
            transaction
                .splice_text(&id, random.below(len + 1), 0, words[random.below(6)])
                .unwrap();
        }
    }
}
