//! The copy of a journal in a capsule: its control entries and log entries as they are, packed together.
//!
//! `length varint ‖ zstd frame` of `control entries: list of bytes ‖ log entries: list of bytes`, each control
//! entry after its past and the log entries in the order in which they arrived. Nothing is taken out of an
//! entry, so that signatures and chains still prove who wrote what.

use crate::codec::{DecodeError, Reader, Writer};
use crate::control::{ControlEntry, ControlError};
use crate::ids::NotebookId;
use crate::limits::{
    CAPSULE_BYTES_MAX, CONTROL_BYTES_MAX, CONTROL_ENTRIES_MAX, ENTRY_BYTES_MAX,
    JOURNAL_COPY_UNPACKED_BYTES_MAX,
};
use crate::log::{EntryError, RawEntry};

/// zstd's default level: what can be packed are headers that repeat themselves.
const ZSTD_LEVEL: i32 = 3;

/// A copy that cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The journal is too large for a capsule.
    #[error("the journal is too large for a capsule")]
    TooLarge,
    /// The bytes do not follow the layout.
    #[error("the copy of the journal is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// It does not unpack.
    #[error("the copy of the journal does not unpack")]
    Compression,
    /// A control entry does not check.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// An entry is malformed.
    #[error("an entry of the journal is malformed: {0}")]
    Entry(#[from] EntryError),
}

/// A copy of a journal, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalCopy {
    /// The journal.
    pub notebook: NotebookId,
    packed: Vec<u8>,
}

impl JournalCopy {
    /// Packs a journal: its control entries, and its log entries in the order in which they arrived.
    ///
    /// # Errors
    /// [`CopyError::TooLarge`] where no capsule could hold it.
    pub fn pack<'a>(
        notebook: NotebookId,
        controls: impl IntoIterator<Item = &'a ControlEntry>,
        entries: &[Vec<u8>],
    ) -> Result<Self, CopyError> {
        let controls: Vec<&[u8]> = controls.into_iter().map(ControlEntry::as_bytes).collect();
        let mut writer = Writer::new();
        writer.varint(controls.len() as u64);
        for entry in controls {
            writer.bytes(entry);
        }
        writer.varint(entries.len() as u64);
        for entry in entries {
            writer.bytes(entry);
        }
        if writer.len() > JOURNAL_COPY_UNPACKED_BYTES_MAX {
            return Err(CopyError::TooLarge);
        }
        let frame = zstd::bulk::compress(writer.as_slice(), ZSTD_LEVEL)
            .map_err(|_| CopyError::Compression)?;
        let mut packed = Writer::new();
        packed.varint(writer.len() as u64).raw(&frame);
        if packed.len() > CAPSULE_BYTES_MAX {
            return Err(CopyError::TooLarge);
        }
        Ok(Self {
            notebook,
            packed: packed.into_bytes(),
        })
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            notebook: NotebookId::from_bytes(reader.array("notebook")?),
            packed: reader.bytes("journal", CAPSULE_BYTES_MAX)?.to_vec(),
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.raw(self.notebook.as_bytes()).bytes(&self.packed);
    }

    /// Returns the control entries and the log entries.
    ///
    /// # Errors
    /// [`CopyError`] for what does not unpack or is malformed.
    pub fn unpack(&self) -> Result<(Vec<ControlEntry>, Vec<RawEntry>), CopyError> {
        let mut reader = Reader::new(&self.packed);
        let length = reader.count("journal", JOURNAL_COPY_UNPACKED_BYTES_MAX)?;
        let frame = reader.take("journal", reader.remaining())?;
        let unpacked = zstd::bulk::decompress(frame, length).map_err(|_| CopyError::Compression)?;
        if unpacked.len() != length {
            return Err(CopyError::Compression);
        }
        let mut reader = Reader::new(&unpacked);
        let mut controls = Vec::new();
        for _ in 0..reader.count("control entries", CONTROL_ENTRIES_MAX)? {
            let bytes = reader.bytes("control entry", CONTROL_BYTES_MAX)?;
            controls.push(ControlEntry::parse(bytes)?);
        }
        let mut entries = Vec::new();
        for _ in 0..reader.count("log entries", JOURNAL_COPY_UNPACKED_BYTES_MAX)? {
            let bytes = reader.bytes("log entry", ENTRY_BYTES_MAX)?;
            entries.push(RawEntry::parse_any(bytes.to_vec())?);
        }
        reader.finish()?;
        Ok((controls, entries))
    }
}
