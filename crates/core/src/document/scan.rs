//! Scans one Automerge change without Automerge, in time and memory that its length bounds.
//!
//! A change comes from another member and is compressed by run lengths: three bytes may claim a
//! million operations. So nothing of Automerge sees it before it went through here. The scan
//! accepts exactly the form in which Automerge writes, because a change in any other form would be
//! saved under another hash than the one that was signed.

use automerge::ChangeHash;
use sha2::{Digest, Sha256};

use crate::ids::ActorId;

use super::columns::Columns;
use super::leb::{Bytes, Malformed, write_signed, write_unsigned};
use super::limits::{
    CHANGE_ACTORS_MAX, CHANGE_BYTES_MAX, CHANGE_DEPENDENCIES_MAX, CHANGE_MESSAGE_BYTES_MAX,
    CHANGE_OBJECTS_MAX, CHANGE_OPERATIONS_MAX, CHANGE_PREDECESSORS_MAX, COUNTER_MAX, TIMESTAMP_MAX,
};
use super::rows;

/// The first bytes of every chunk.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// The chunk type of an uncompressed change, the only one that is taken from others.
const CHANGE_TYPE: u8 = 1;

/// Why bytes are not a change that this program takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// Longer than [`CHANGE_BYTES_MAX`].
    #[error("the change has {found} bytes, the limit is {CHANGE_BYTES_MAX}")]
    TooLong {
        /// Its length in bytes.
        found: usize,
    },
    /// Not an Automerge chunk.
    #[error("this is not an Automerge change")]
    NotAChange,
    /// A chunk of another type: a document, a bundle or a compressed change.
    #[error("chunk type {0} is not taken from others, only uncompressed changes are")]
    ChunkType(u8),
    /// A deflated column.
    #[error("a column is compressed, only uncompressed changes are taken")]
    Compressed,
    /// The length field does not fit the bytes.
    #[error("the change is cut short or something follows it")]
    Length,
    /// The checksum does not fit the content.
    #[error("the checksum does not match, the change was damaged")]
    Checksum,
    /// A field of the head is cut short or not in its shortest form.
    #[error("the head of the change is malformed")]
    Head,
    /// An actor id that is not 16 bytes long, repeated, unused or out of order.
    #[error("the actors of the change are not 16 bytes each, in order and all in use")]
    Actors,
    /// More than [`CHANGE_ACTORS_MAX`] other actors.
    #[error("the change refers to {found} other actors, the limit is {CHANGE_ACTORS_MAX}")]
    TooManyActors {
        /// How many it lists.
        found: u64,
    },
    /// A change number of zero or above [`COUNTER_MAX`].
    #[error("the number of the change is out of range")]
    Seq,
    /// An operation counter of zero or above [`COUNTER_MAX`].
    #[error("the operation counters are out of range")]
    StartOperation,
    /// A time further from 1970 than [`TIMESTAMP_MAX`].
    #[error("the time of the change is out of range")]
    Timestamp,
    /// More than [`CHANGE_DEPENDENCIES_MAX`] dependencies.
    #[error("the change has {found} dependencies, the limit is {CHANGE_DEPENDENCIES_MAX}")]
    TooManyDependencies {
        /// How many it lists.
        found: u64,
    },
    /// Dependencies that are repeated or out of order.
    #[error("the dependencies of the change are repeated or out of order")]
    Dependencies,
    /// A message above [`CHANGE_MESSAGE_BYTES_MAX`] or not UTF-8.
    #[error("the message is too long or not UTF-8")]
    Message,
    /// Columns that are unknown, repeated, empty or out of order.
    #[error("the columns of the change are unknown, repeated, empty or out of order")]
    Columns,
    /// Column data that is malformed, not as Automerge writes it, or of unequal length.
    #[error("the columns of the change are malformed")]
    ColumnData,
    /// More than [`CHANGE_OPERATIONS_MAX`] operations.
    #[error("the change has more than {CHANGE_OPERATIONS_MAX} operations, write it as several")]
    TooManyOperations,
    /// More than [`CHANGE_PREDECESSORS_MAX`] predecessors.
    #[error("the operations have more than {CHANGE_PREDECESSORS_MAX} predecessors")]
    TooManyPredecessors,
    /// More than [`CHANGE_OBJECTS_MAX`] maps, lists and texts.
    #[error("the change makes more than {CHANGE_OBJECTS_MAX} objects, write it as several")]
    TooManyObjects,
    /// One operation that breaks a rule.
    #[error("operation {number} of the change is not valid: {problem}")]
    Operation {
        /// Its place in the change, from 1.
        number: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl From<Malformed> for ScanError {
    fn from(_: Malformed) -> Self {
        Self::ColumnData
    }
}

/// What kind of container an operation makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// Values by name.
    Map,
    /// Values in order.
    List,
    /// Characters in order.
    Text,
}

/// A container: the root, or the one that an operation made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectRef {
    /// The map at the top of every document.
    Root,
    /// Made by the operation of this actor and counter.
    Made {
        /// Who made it.
        actor: ActorId,
        /// The counter of the operation.
        counter: u64,
    },
}

/// A container that a change makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The counter of the operation that makes it.
    pub counter: u64,
    /// What it stands in.
    pub parent: ObjectRef,
    /// What it is.
    pub kind: ObjectKind,
}

/// A container that operations of a change write into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Which.
    pub object: ObjectRef,
    /// Whether they treat it as a list or text, else as a map.
    pub sequence: bool,
}

/// The newest operation of another actor that a change refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// Whose.
    pub actor: ActorId,
    /// Its counter.
    pub counter: u64,
}

/// A place in a list or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the beginning.
    Beginning,
    /// Behind the element that this actor inserted by the operation of this counter.
    Behind(ActorId, u64),
    /// At that element itself.
    At(ActorId, u64),
}

/// Characters that a change deletes from and inserts into one list or text, all at one place as
/// far as its operations tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// Where.
    pub object: ObjectRef,
    /// The place of the first operation.
    pub place: Place,
    /// How many elements are deleted.
    pub deleted: usize,
    /// What is inserted.
    pub typed: String,
}

/// What the scan found out about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFacts {
    /// SHA-256 over type, length and content: names the change and all it depends on.
    pub hash: ChangeHash,
    /// Who wrote it.
    pub actor: ActorId,
    /// Its number among the actor's changes to this document, from 1.
    pub seq: u64,
    /// The counter of its first operation, from 1.
    pub start_op: u64,
    /// How many operations it has; a merge has none.
    pub op_count: u64,
    /// The changes it was written on top of, in ascending order.
    pub deps: Vec<ChangeHash>,
    /// When its writer's clock says that it was written: seconds since 1970, zero for unknown.
    pub timestamp: i64,
    /// The newest operation of each other actor that it refers to.
    pub references: Vec<Reference>,
    /// The containers that it writes into, without immediate repetitions.
    pub targets: Vec<Target>,
    /// The containers that it makes, in ascending order of counter.
    pub made: Vec<Made>,
    /// Whether it has marks, whose order Automerge checks only when it loads a document.
    pub has_marks: bool,
    /// What it types, if it does nothing else and has at most [`TYPING_OPERATIONS_MAX`](super::limits::TYPING_OPERATIONS_MAX)
    /// operations.
    pub typing: Option<Typing>,
}

impl ChangeFacts {
    /// Returns the actors that it refers to besides its own, in ascending order.
    pub fn other_actors(&self) -> impl ExactSizeIterator<Item = ActorId> + '_ {
        self.references.iter().map(|reference| reference.actor)
    }

    /// Returns the counter of its last operation, or of the one before its first if it has none.
    pub const fn max_op(&self) -> u64 {
        self.start_op + self.op_count - 1
    }
}

/// A change that went through the scan: its exact bytes and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    facts: ChangeFacts,
    bytes: Vec<u8>,
}

impl Change {
    /// Returns what the scan found out.
    pub const fn facts(&self) -> &ChangeFacts {
        &self.facts
    }

    /// Returns the whole chunk as Automerge reads it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the whole chunk, giving up the facts.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Scans one uncompressed change chunk.
///
/// Time and memory are bounded by the length of the input and by the limits in
/// [`limits`](super::limits), whatever run lengths it claims.
///
/// # Errors
/// [`ScanError`] names the first thing that is wrong.
pub fn scan(bytes: &[u8]) -> Result<Change, ScanError> {
    if bytes.len() > CHANGE_BYTES_MAX {
        return Err(ScanError::TooLong { found: bytes.len() });
    }
    let (content, hash) = open_chunk(bytes)?;
    let facts = read_content(content, hash)?;
    Ok(Change {
        facts,
        bytes: bytes.to_vec(),
    })
}

/// Puts a chunk around a change's content and scans it, hashing it once.
///
/// # Errors
/// As [`scan`].
pub(super) fn scan_content(content: &[u8]) -> Result<Change, ScanError> {
    let (bytes, hash) = seal_chunk(content);
    if bytes.len() > CHANGE_BYTES_MAX {
        return Err(ScanError::TooLong { found: bytes.len() });
    }
    let facts = read_content(content, hash)?;
    Ok(Change { facts, bytes })
}

/// The parts of a change's content before its columns.
#[derive(Debug, Clone)]
pub(super) struct Head<'a> {
    pub(super) deps: Vec<ChangeHash>,
    pub(super) actor: ActorId,
    pub(super) seq: u64,
    pub(super) start_op: u64,
    pub(super) timestamp: i64,
    pub(super) message: &'a [u8],
    pub(super) others: Vec<ActorId>,
}

impl Head<'_> {
    /// Appends the head as Automerge writes it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write_unsigned(out, self.deps.len() as u64);
        for dep in &self.deps {
            out.extend_from_slice(&dep.0);
        }
        write_actor(out, &self.actor);
        write_unsigned(out, self.seq);
        write_unsigned(out, self.start_op);
        write_signed(out, self.timestamp);
        write_unsigned(out, self.message.len() as u64);
        out.extend_from_slice(self.message);
        write_unsigned(out, self.others.len() as u64);
        for other in &self.others {
            write_actor(out, other);
        }
    }
}

fn write_actor(out: &mut Vec<u8>, actor: &ActorId) {
    write_unsigned(out, ActorId::LEN as u64);
    out.extend_from_slice(actor.as_bytes());
}

fn open_chunk(bytes: &[u8]) -> Result<(&[u8], ChangeHash), ScanError> {
    let mut reader = Bytes::new(bytes);
    if reader.array() != Ok(MAGIC) {
        return Err(ScanError::NotAChange);
    }
    let checksum: [u8; 4] = reader.array().map_err(|_| ScanError::NotAChange)?;
    let hashed = reader.rest();
    match reader.byte().map_err(|_| ScanError::NotAChange)? {
        CHANGE_TYPE => {}
        other => return Err(ScanError::ChunkType(other)),
    }
    let content = reader.prefixed().map_err(|_| ScanError::Length)?;
    if !reader.is_empty() {
        return Err(ScanError::Length);
    }
    let hash: [u8; 32] = Sha256::digest(hashed).into();
    if hash.first_chunk() == Some(&checksum) {
        Ok((content, ChangeHash(hash)))
    } else {
        Err(ScanError::Checksum)
    }
}

/// Puts a chunk around a change's content: magic, checksum, type and length.
pub(super) fn close_chunk(content: &[u8]) -> Vec<u8> {
    seal_chunk(content).0
}

fn seal_chunk(content: &[u8]) -> (Vec<u8>, ChangeHash) {
    let mut hashed = Vec::with_capacity(content.len() + 4);
    hashed.push(CHANGE_TYPE);
    write_unsigned(&mut hashed, content.len() as u64);
    hashed.extend_from_slice(content);
    let hash: [u8; 32] = Sha256::digest(&hashed).into();
    let [a, b, c, d, ..] = hash;
    let mut bytes = Vec::with_capacity(hashed.len() + 8);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&[a, b, c, d]);
    bytes.append(&mut hashed);
    (bytes, ChangeHash(hash))
}

/// Splits a scanned chunk into its head and its columns.
pub(super) fn split(bytes: &[u8]) -> Result<(Head<'_>, Columns<'_>), ScanError> {
    let mut reader = Bytes::new(bytes);
    reader
        .take(MAGIC.len() + 4 + 1)
        .map_err(|_| ScanError::NotAChange)?;
    let mut reader = Bytes::new(reader.prefixed().map_err(|_| ScanError::Length)?);
    Ok((read_head(&mut reader)?, Columns::read(&mut reader)?))
}

fn read_content(content: &[u8], hash: ChangeHash) -> Result<ChangeFacts, ScanError> {
    let mut reader = Bytes::new(content);
    let head = read_head(&mut reader)?;
    let columns = Columns::read(&mut reader)?;
    let rows = rows::read(&columns, head.actor, &head.others, head.start_op)?;
    Ok(ChangeFacts {
        hash,
        actor: head.actor,
        seq: head.seq,
        start_op: head.start_op,
        op_count: rows.count,
        deps: head.deps,
        timestamp: head.timestamp,
        references: rows.references,
        targets: rows.targets,
        made: rows.made,
        has_marks: rows.has_marks,
        typing: rows.typing,
    })
}

fn read_head<'a>(reader: &mut Bytes<'a>) -> Result<Head<'a>, ScanError> {
    let head = |_: Malformed| ScanError::Head;
    let deps = read_dependencies(reader)?;
    let actor = read_actor(reader)?;
    let seq = reader.unsigned().map_err(head)?;
    if seq == 0 || seq > COUNTER_MAX {
        return Err(ScanError::Seq);
    }
    let start_op = reader.unsigned().map_err(head)?;
    if start_op == 0 || start_op > COUNTER_MAX {
        return Err(ScanError::StartOperation);
    }
    let timestamp = reader.signed().map_err(head)?;
    if !(-TIMESTAMP_MAX..=TIMESTAMP_MAX).contains(&timestamp) {
        return Err(ScanError::Timestamp);
    }
    let message = reader.prefixed().map_err(head)?;
    if message.len() > CHANGE_MESSAGE_BYTES_MAX || core::str::from_utf8(message).is_err() {
        return Err(ScanError::Message);
    }
    let others = read_other_actors(reader, actor)?;
    Ok(Head {
        deps,
        actor,
        seq,
        start_op,
        timestamp,
        message,
        others,
    })
}

fn read_dependencies(reader: &mut Bytes<'_>) -> Result<Vec<ChangeHash>, ScanError> {
    let count = reader.unsigned().map_err(|_| ScanError::Head)?;
    if count > CHANGE_DEPENDENCIES_MAX as u64 {
        return Err(ScanError::TooManyDependencies { found: count });
    }
    let mut deps: Vec<ChangeHash> = Vec::new();
    for _ in 0..count {
        let hash = ChangeHash(reader.array().map_err(|_| ScanError::Head)?);
        if deps.last().is_some_and(|last| *last >= hash) {
            return Err(ScanError::Dependencies);
        }
        deps.push(hash);
    }
    Ok(deps)
}

fn read_actor(reader: &mut Bytes<'_>) -> Result<ActorId, ScanError> {
    let bytes = reader.prefixed().map_err(|_| ScanError::Head)?;
    bytes
        .try_into()
        .map(ActorId::from_bytes)
        .map_err(|_| ScanError::Actors)
}

fn read_other_actors(reader: &mut Bytes<'_>, author: ActorId) -> Result<Vec<ActorId>, ScanError> {
    let count = reader.unsigned().map_err(|_| ScanError::Head)?;
    if count > CHANGE_ACTORS_MAX as u64 {
        return Err(ScanError::TooManyActors { found: count });
    }
    let mut others: Vec<ActorId> = Vec::new();
    for _ in 0..count {
        let actor = read_actor(reader)?;
        if actor == author || others.last().is_some_and(|last| *last >= actor) {
            return Err(ScanError::Actors);
        }
        others.push(actor);
    }
    Ok(others)
}
