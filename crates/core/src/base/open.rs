//! Opens an archive with the rules for any notebook.

use super::archive::{Archive, Read};
use super::facts::BaseFacts;
use super::shelf::Shelf;
use super::{BaseStanding, nobody};
use crate::codec::DecodeError;
use crate::control::ControlError;
use crate::document::{Document, DocumentId};
use crate::limits::{
    BASE_DEPTH_MAX, BASE_ENTRIES_BYTES_MAX, WAITING_BYTES_PER_LOG_MAX, WAITING_ENTRIES_PER_LOG_MAX,
};
use crate::log::{EntryError, LogStates, RawEntry, UnpackEntriesError};
use crate::replica::{IngestError, Ingested, Replica};
use crate::storage::{Storage, StorageError};

/// Why something is no base that a notebook may go on from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseError {
    /// The bytes do not follow the layout.
    #[error("it is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// A control entry does not check.
    #[error("a control entry in it does not check: {0}")]
    Control(#[from] ControlError),
    /// Control entries are missing.
    #[error("control entries of it are missing")]
    ControlMissing,
    /// A key is not that of its epoch.
    #[error("a key in it is not that of its epoch")]
    Key,
    /// A pack does not give entries.
    #[error("a pack in it gives no entries: {0}")]
    Pack(#[from] UnpackEntriesError),
    /// An entry does not follow the layout.
    #[error("an entry in it is malformed: {0}")]
    Entry(#[from] EntryError),
    /// An entry does not check.
    #[error("an entry in it does not check: {0}")]
    Refused(#[from] IngestError),
    /// An entry is there twice.
    #[error("an entry is in it twice")]
    Twice,
    /// Entries cannot be read by what is in it.
    #[error("{0} entries in it wait for something that is not in it")]
    Waiting(usize),
    /// It unpacks to too much.
    #[error("its entries are longer than {BASE_ENTRIES_BYTES_MAX} bytes together")]
    TooLong,
    /// Forks of forks that go too deep.
    #[error("it is a fork of more than {BASE_DEPTH_MAX} forks")]
    TooDeep,
    /// What it goes on from itself does not check.
    #[error("what it goes on from does not check: {0}")]
    Below(String),
    /// What it goes on from itself is not in it.
    #[error("what it goes on from is not in it")]
    BelowMissing,
    /// There is nothing in it.
    #[error("nothing is written in it")]
    Empty,
    /// Its entries cannot be placed.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] StorageError),
}

/// What a base holds.
pub(crate) struct OpenedBase {
    /// Every document, as the old notebook showed it.
    pub(crate) documents: Vec<(DocumentId, Document)>,
    /// Who wrote in it.
    pub(crate) facts: BaseFacts,
}

/// Checks an archive, which is `depth` bases below a notebook.
pub(crate) fn open(archive: &[u8], depth: usize) -> Result<OpenedBase, BaseError> {
    if depth > BASE_DEPTH_MAX {
        return Err(BaseError::TooDeep);
    }
    let archive = Archive::parse(archive)?;
    let mut controls = archive.controls.into_iter();
    let create = controls.next().ok_or(BaseError::ControlMissing)?;
    let mut replica = Replica::join(nobody(), create)?;
    replica.set_base_depth(depth);
    replica.ingest_controls(controls)?;
    if replica.controls().waiting() > 0 {
        return Err(BaseError::ControlMissing);
    }
    for (epoch, key) in &archive.keys {
        replica.learn_epoch_key(*epoch, key);
        if replica.keys().get(epoch).map(|known| known.expose()) != Some(key.expose()) {
            return Err(BaseError::Key);
        }
    }
    let mut shelf = Shelf::default();
    let (mut states, mut bytes) = (LogStates::new(), 0_usize);
    for stretch in archive.stretches {
        let entries = match stretch.read()? {
            Read::Pack(pack) => pack.entries(replica.notebook(), replica.keys(), &mut states)?,
            Read::Entries(entries) => entries,
        };
        let length = entries.iter().map(|entry| entry.as_bytes().len());
        bytes = length.fold(bytes, usize::saturating_add);
        if bytes > BASE_ENTRIES_BYTES_MAX {
            return Err(BaseError::TooLong);
        }
        take(&mut replica, entries, &mut shelf)?;
    }
    match replica.base() {
        BaseStanding::None | BaseStanding::Sound(_) => {}
        BaseStanding::Awaited => return Err(BaseError::BelowMissing),
        BaseStanding::Refused(reason) => return Err(BaseError::Below(reason.to_owned())),
    }
    if replica.waiting() > 0 {
        return Err(BaseError::Waiting(replica.waiting()));
    }
    if replica.documents().is_empty() {
        return Err(BaseError::Empty);
    }
    let facts = BaseFacts::of(&mut replica, &shelf)?;
    Ok(OpenedBase {
        documents: replica.into_documents(),
        facts,
    })
}

/// Takes entries in as if a member had sent them, and places them a few at a time: of a log that is long no more
/// waits at once than of any notebook's.
fn take(replica: &mut Replica, entries: Vec<RawEntry>, shelf: &mut Shelf) -> Result<(), BaseError> {
    let proven = replica.prove(&entries);
    let (mut count, mut bytes) = (0, 0);
    for entry in entries {
        count += 1;
        bytes += entry.as_bytes().len();
        if replica.receive_compared(entry, &proven, shelf)? == Ingested::Known {
            return Err(BaseError::Twice);
        }
        if count >= WAITING_ENTRIES_PER_LOG_MAX / 2 || bytes >= WAITING_BYTES_PER_LOG_MAX / 2 {
            place(replica, shelf)?;
            (count, bytes) = (0, 0);
        }
    }
    place(replica, shelf)
}

fn place(replica: &mut Replica, shelf: &mut Shelf) -> Result<(), BaseError> {
    replica.advance(shelf)?;
    shelf.commit(replica.notebook(), replica.unsaved())?;
    replica.saved();
    replica.take_applied();
    Ok(())
}
