//! Reading packs that somebody else wrote.

use automerge::ChangeHash;

use super::streams::{Reading, Stream};
use super::{Histories, History, Section, WRITTEN_OUT};
use crate::document::columns::{COLUMN_KINDS, Columns};
use crate::document::leb::{Bytes, Malformed};
use crate::document::limits::{CHANGE_ACTORS_MAX, CHANGE_DEPENDENCIES_MAX};
use crate::document::scan::{Head, ScanError, scan_content};
use crate::document::{Change, DocumentId};
use crate::ids::ActorId;
use crate::limits::{PACK_ACTORS_MAX, PACK_CHANGES_MAX, PACK_OPERATIONS_MAX, PACK_TEXT_BYTES_MAX};

/// Why a pack cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// It is cut short, has something left over, or numbers that nothing fits.
    #[error("the pack is malformed")]
    Malformed,
    /// It does not unpack, or to more than it may.
    #[error("the pack does not unpack within {PACK_TEXT_BYTES_MAX} bytes")]
    Compression,
    /// It holds more changes than it may.
    #[error("the pack holds more than {PACK_CHANGES_MAX} changes")]
    TooManyChanges,
    /// Its changes have more operations than they may.
    #[error("the changes of the pack have more than {PACK_OPERATIONS_MAX} operations together")]
    TooManyOperations,
    /// A change stands in it twice, or was in an earlier one.
    #[error("the pack repeats the change {0}")]
    Repeated(ChangeHash),
    /// A change does not pass the scan.
    #[error("a change in the pack is not acceptable: {0}")]
    Scan(#[from] ScanError),
}

impl From<Malformed> for UnpackError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Unpacks what [`pack`](super::pack()) wrote for a reader with the same histories, and takes it in there.
///
/// That the changes come back as they were follows from their hashes alone, which the caller compares with
/// signed ones; a pack whose dependencies are not among its own and earlier changes is for the caller to
/// judge as well. Memory and time are bounded by the limits that the errors name.
///
/// # Errors
/// [`UnpackError`] says what is wrong. The histories are then of no more use.
pub fn unpack(packed: &[u8], known: &mut Histories) -> Result<Vec<Section>, UnpackError> {
    let mut head = Bytes::new(packed);
    let len = usize::try_from(head.unsigned()?).map_err(|_| UnpackError::Compression)?;
    if len > PACK_TEXT_BYTES_MAX {
        return Err(UnpackError::Compression);
    }
    let text = zstd::bulk::decompress(head.rest(), len).map_err(|_| UnpackError::Compression)?;
    if text.len() != len {
        return Err(UnpackError::Compression);
    }
    let mut reader = PackReader::new(&text)?;
    let mut sections = Vec::new();
    while let Some((document, count)) = reader.section()? {
        let history = known.entry(document).or_default();
        let mut changes = Vec::new();
        for _ in 0..count {
            let change = reader.change(history)?;
            let hash = change.facts().hash;
            if history.has(&hash) {
                return Err(UnpackError::Repeated(hash));
            }
            history.push(change.facts());
            changes.push(change);
        }
        sections.push((document, changes));
    }
    if reader.streams.is_read() {
        Ok(sections)
    } else {
        Err(UnpackError::Malformed)
    }
}

#[derive(Debug)]
struct PackReader<'a> {
    streams: Reading<'a>,
    actors: Vec<ActorId>,
    timestamp: i64,
    /// How many changes and operations may still come.
    changes: usize,
    operations: u64,
}

impl<'a> PackReader<'a> {
    fn new(text: &'a [u8]) -> Result<Self, UnpackError> {
        let mut streams = Reading::new(text)?;
        let ids = streams.stream(Stream::Actors);
        let mut actors = Vec::new();
        while !ids.is_empty() && actors.len() < PACK_ACTORS_MAX {
            actors.push(ActorId::from_bytes(ids.array()?));
        }
        Ok(Self {
            streams,
            actors,
            timestamp: 0,
            changes: PACK_CHANGES_MAX,
            operations: PACK_OPERATIONS_MAX,
        })
    }

    /// The next document and how many changes of it follow.
    fn section(&mut self) -> Result<Option<(DocumentId, usize)>, UnpackError> {
        let documents = self.streams.stream(Stream::Documents);
        if documents.is_empty() {
            return Ok(None);
        }
        let id = DocumentId::from_bytes(documents.array()?);
        let count = documents.unsigned()?;
        let count = usize::try_from(count).map_err(|_| UnpackError::TooManyChanges)?;
        // A section of none would cost its reader more than its bytes.
        if count == 0 {
            return Err(UnpackError::Malformed);
        }
        self.changes = self
            .changes
            .checked_sub(count)
            .ok_or(UnpackError::TooManyChanges)?;
        Ok(Some((id, count)))
    }

    fn change(&mut self, history: &History) -> Result<Change, UnpackError> {
        let author = self.streams.stream(Stream::Authors).unsigned()?;
        let actor = self.actor(author)?;
        let seq = self.streams.stream(Stream::Seqs).signed()?;
        let deps = self.dependencies(history)?;
        let start = self.streams.stream(Stream::Starts).signed()?;
        let seconds = self.streams.stream(Stream::Times).signed()?;
        self.timestamp = self.timestamp.checked_add(seconds).ok_or(Malformed)?;
        let length = self.streams.stream(Stream::MessageLengths).unsigned()?;
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let message = self.streams.stream(Stream::Messages).take(length)?;
        let head = Head {
            actor,
            seq: moved(history.next_seq(&actor), seq)?,
            start_op: moved(history.start_op(&deps), start)?,
            deps,
            timestamp: self.timestamp,
            message,
            others: self.others()?,
        };
        let mut content = Vec::new();
        head.write(&mut content);
        self.columns()?.write(&mut content);
        let change = scan_content(&content)?;
        self.operations = self
            .operations
            .checked_sub(change.facts().op_count)
            .ok_or(UnpackError::TooManyOperations)?;
        Ok(change)
    }

    fn dependencies(&mut self, history: &History) -> Result<Vec<ChangeHash>, UnpackError> {
        let count = self.streams.stream(Stream::DependencyCounts).unsigned()?;
        if count > CHANGE_DEPENDENCIES_MAX as u64 {
            return Err(ScanError::TooManyDependencies { found: count }.into());
        }
        let mut dependencies = Vec::new();
        for _ in 0..count {
            let hash = match self.streams.stream(Stream::Dependencies).unsigned()? {
                WRITTEN_OUT => ChangeHash(self.streams.stream(Stream::Hashes).array()?),
                distance => history.at_distance(distance).ok_or(Malformed)?,
            };
            dependencies.push(hash);
        }
        Ok(dependencies)
    }

    fn others(&mut self) -> Result<Vec<ActorId>, UnpackError> {
        let count = self.streams.stream(Stream::OthersCounts).unsigned()?;
        if count > CHANGE_ACTORS_MAX as u64 {
            return Err(ScanError::TooManyActors { found: count }.into());
        }
        let mut others = Vec::new();
        for _ in 0..count {
            let place = self.streams.stream(Stream::Others).unsigned()?;
            others.push(self.actor(place)?);
        }
        Ok(others)
    }

    fn columns(&mut self) -> Result<Columns<'a>, Malformed> {
        let mut columns = Columns::default();
        for kind in 0..COLUMN_KINDS {
            let length = self.streams.lengths(kind).unsigned()?;
            let length = usize::try_from(length).map_err(|_| Malformed)?;
            let data = self.streams.data(kind).take(length)?;
            if let Some(column) = columns.data.get_mut(kind) {
                *column = data;
            }
        }
        Ok(columns)
    }

    fn actor(&self, place: u64) -> Result<ActorId, Malformed> {
        let place = usize::try_from(place).map_err(|_| Malformed)?;
        self.actors.get(place).copied().ok_or(Malformed)
    }
}

fn moved(number: u64, by: i64) -> Result<u64, Malformed> {
    number.checked_add_signed(by).ok_or(Malformed)
}
