//! Builds and takes apart change chunks without any of the checks that others make.

use hearth_core::document::{ChangeHash, limits::CHANGE_BYTES_MAX};
use sha2::{Digest, Sha256};

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// The columns of a change, by Automerge's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Column {
    /// Actor of the object that is written into.
    ObjectActor = 0x01,
    /// Counter of that object.
    ObjectCounter = 0x02,
    /// Name in a map.
    KeyName = 0x15,
    /// Whether the operation inserts.
    Insert = 0x34,
    /// What the operation does.
    Action = 0x42,
    /// Type and length of the value.
    ValueKind = 0x56,
    /// The bytes of the value.
    Value = 0x57,
    /// How many predecessors it has.
    Predecessors = 0x70,
}

/// The parts of a change. Nothing keeps them consistent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The changes that it claims to build on.
    pub deps: Vec<ChangeHash>,
    /// Who claims to have written it; 16 bytes are usual.
    pub actor: Vec<u8>,
    /// Its number among the actor's changes.
    pub seq: u64,
    /// The counter of its first operation.
    pub start_op: u64,
    /// Seconds since 1970, as the LEB128 bytes that are written.
    pub timestamp: Vec<u8>,
    /// The message.
    pub message: Vec<u8>,
    /// The other actors that it lists.
    pub others: Vec<Vec<u8>>,
    /// The list of columns and their data, as they are written.
    pub columns: Vec<u8>,
}

impl Chunk {
    /// Starts a first change of `actor` without operations.
    pub fn new(actor: [u8; 16]) -> Self {
        Self {
            deps: Vec::new(),
            actor: actor.to_vec(),
            seq: 1,
            start_op: 1,
            timestamp: vec![0],
            message: Vec::new(),
            others: Vec::new(),
            columns: vec![0],
        }
    }

    /// Takes a valid chunk apart. Returns `None` where it is cut short.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.get(MAGIC.len() + 4 + 1..)?;
        take_number(&mut rest)?;
        let mut deps = Vec::new();
        for _ in 0..take_number(&mut rest)? {
            deps.push(ChangeHash(take(&mut rest, 32)?.try_into().ok()?));
        }
        let actor = take_prefixed(&mut rest)?;
        let seq = take_number(&mut rest)?;
        let start_op = take_number(&mut rest)?;
        let time_len = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let timestamp = take(&mut rest, time_len)?;
        let message = take_prefixed(&mut rest)?;
        let mut others = Vec::new();
        for _ in 0..take_number(&mut rest)? {
            others.push(take_prefixed(&mut rest)?);
        }
        let columns = rest.to_vec();
        Some(Self {
            deps,
            actor,
            seq,
            start_op,
            timestamp,
            message,
            others,
            columns,
        })
    }

    /// Sets the columns, which are written in ascending order.
    #[must_use]
    pub fn with_columns(mut self, mut columns: Vec<(Column, Vec<u8>)>) -> Self {
        columns.sort_by_key(|(column, _)| *column);
        self.columns.clear();
        number(&mut self.columns, columns.len() as u64);
        for (column, data) in &columns {
            number(&mut self.columns, u64::from(*column as u8));
            number(&mut self.columns, data.len() as u64);
        }
        for (_, data) in columns {
            self.columns.extend(data);
        }
        self
    }

    /// Writes what the checksum covers, without type and length.
    pub fn content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        number(&mut content, self.deps.len() as u64);
        for dep in &self.deps {
            content.extend_from_slice(&dep.0);
        }
        prefixed(&mut content, &self.actor);
        number(&mut content, self.seq);
        number(&mut content, self.start_op);
        content.extend_from_slice(&self.timestamp);
        prefixed(&mut content, &self.message);
        number(&mut content, self.others.len() as u64);
        for other in &self.others {
            prefixed(&mut content, other);
        }
        content.extend_from_slice(&self.columns);
        content
    }

    /// Writes the whole chunk with a correct checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        seal(&self.content())
    }
}

/// Puts a chunk around the content of a change, with a correct checksum.
pub(super) fn seal(content: &[u8]) -> Vec<u8> {
    let mut hashed = vec![1];
    number(&mut hashed, content.len() as u64);
    hashed.extend_from_slice(content);
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&checksum(&hashed));
    bytes.extend_from_slice(&hashed);
    bytes
}

/// Puts a chunk around compressed content whose checksum is given.
pub(super) fn seal_compressed(deflated: &[u8], checksum: [u8; 4]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&checksum);
    bytes.push(2);
    number(&mut bytes, deflated.len() as u64);
    bytes.extend_from_slice(deflated);
    bytes
}

/// The first four bytes of SHA-256.
pub(super) fn checksum(hashed: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(hashed).into();
    [a, b, c, d]
}

/// Appends an unsigned LEB128 number.
pub(super) fn number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        let [low, ..] = value.to_le_bytes();
        out.push(low | 0x80);
        value >>= 7;
    }
    let [low, ..] = value.to_le_bytes();
    out.push(low);
}

/// Writes a run of `count` items that are all `item`, as a run-length column has it.
pub(super) fn run(count: u64, item: &[u8]) -> Vec<u8> {
    let mut column = signed(count.cast_signed());
    column.extend_from_slice(item);
    column
}

/// Writes a signed LEB128 number.
pub(super) fn signed(mut value: i64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let [low, ..] = value.to_le_bytes();
        let done = (-64..64).contains(&value);
        value >>= 7;
        if done {
            out.push(low & 0x7f);
            return out;
        }
        out.push(low | 0x80);
    }
}

fn prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take(rest: &mut &[u8], len: usize) -> Option<Vec<u8>> {
    let (taken, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(taken.to_vec())
}

fn take_prefixed(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let len = usize::try_from(take_number(rest)?).ok()?;
    take(rest, len.min(CHANGE_BYTES_MAX))
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
