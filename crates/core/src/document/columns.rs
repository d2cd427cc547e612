//! The columns of a change's operations: which there are, and where each begins and ends.

use super::leb::Bytes;
use super::scan::ScanError;

/// How many kinds of column a change can have.
pub(super) const COLUMN_KINDS: usize = 14;

/// Automerge's number for each kind of column, in the order in which they stand: the low three bits
/// are the encoding, the fourth says "deflated", the rest is the id.
const SPECIFICATIONS: [u64; COLUMN_KINDS] = [
    0x01, // Object, actor.
    0x02, // Object, counter.
    0x11, // Key, actor of the list element.
    0x13, // Key, counter of the list element.
    0x15, // Key, name in a map.
    0x34, // Whether the operation inserts.
    0x42, // Action.
    0x56, // Value, type and length.
    0x57, // Value, bytes.
    0x70, // How many predecessors.
    0x71, // Predecessors, actor.
    0x73, // Predecessors, counter.
    0x94, // Whether a mark grows with text at its edge.
    0xa5, // Name of a mark.
];

const DEFLATED: u64 = 0x08;

/// The data of each column; empty where the column is left out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Columns<'a> {
    /// In the order of Automerge's column numbers.
    pub(super) data: [&'a [u8]; COLUMN_KINDS],
}

impl<'a> Columns<'a> {
    /// Reads the list of columns and their data, which must fill the rest of `bytes` exactly.
    ///
    /// # Errors
    /// [`ScanError::Columns`] for an unknown, repeated, empty or misplaced column or trailing
    /// bytes, [`ScanError::Compressed`] for a deflated one.
    pub(super) fn read(bytes: &mut Bytes<'a>) -> Result<Self, ScanError> {
        let count = bytes.unsigned()?;
        let mut lengths = [0_usize; COLUMN_KINDS];
        let mut kinds = SPECIFICATIONS.iter().zip(lengths.iter_mut());
        for _ in 0..count {
            let specification = bytes.unsigned()?;
            if specification & DEFLATED != 0 {
                return Err(ScanError::Compressed);
            }
            let (_, length) = kinds
                .find(|(kind, _)| **kind == specification)
                .ok_or(ScanError::Columns)?;
            *length = usize::try_from(bytes.unsigned()?).map_err(|_| ScanError::Columns)?;
            if *length == 0 {
                return Err(ScanError::Columns);
            }
        }
        let mut columns = Self::default();
        for (column, length) in columns.data.iter_mut().zip(lengths) {
            *column = bytes.take(length).map_err(|_| ScanError::Columns)?;
        }
        if bytes.is_empty() {
            Ok(columns)
        } else {
            Err(ScanError::Columns)
        }
    }

    /// Appends the list of columns and their data as Automerge writes them.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let present = || {
            SPECIFICATIONS
                .iter()
                .zip(self.data)
                .filter(|(_, data)| !data.is_empty())
        };
        super::leb::write_unsigned(out, present().count() as u64);
        for (specification, data) in present() {
            super::leb::write_unsigned(out, *specification);
            super::leb::write_unsigned(out, data.len() as u64);
        }
        for (_, data) in present() {
            out.extend_from_slice(data);
        }
    }
}
