//! The columns of a change's operations: which there are, and where each begins and ends.

use super::leb::{Bytes, Malformed, write_unsigned};
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

/// How one item of a column is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Unsigned,
    Signed,
    Text,
    Insert,
    ValueKind,
    Value,
    Expand,
}

/// The items of each kind of column, in the same order.
const ITEMS: [Item; COLUMN_KINDS] = [
    Item::Unsigned,
    Item::Unsigned,
    Item::Unsigned,
    Item::Signed,
    Item::Text,
    Item::Insert,
    Item::Unsigned,
    Item::ValueKind,
    Item::Value,
    Item::Unsigned,
    Item::Unsigned,
    Item::Signed,
    Item::Expand,
    Item::Text,
];

/// What stands before the only value of a run-length column.
const LITERAL_OF_ONE: &[u8] = &[0x7f];

/// A boolean column of one false item, and one of a true item.
const FALSE: &[u8] = &[1];
const TRUE: &[u8] = &[0, 1];

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
        write_unsigned(out, present().count() as u64);
        for (specification, data) in present() {
            write_unsigned(out, *specification);
            write_unsigned(out, data.len() as u64);
        }
        for (_, data) in present() {
            out.extend_from_slice(data);
        }
    }

    /// Appends which columns there are as bits of one number, their lengths, and their data.
    pub(super) fn write_short(&self, out: &mut Vec<u8>) {
        let present = || self.data.iter().filter(|data| !data.is_empty());
        write_unsigned(out, bits(self.data.iter().map(|data| !data.is_empty())));
        for data in present() {
            write_unsigned(out, data.len() as u64);
        }
        for data in present() {
            out.extend_from_slice(data);
        }
    }

    /// Reads what [`Columns::write_short`] wrote.
    pub(super) fn read_short(bytes: &mut Bytes<'a>) -> Result<Self, Malformed> {
        let present = read_bits(bytes)?;
        let mut lengths = [0_usize; COLUMN_KINDS];
        for (length, _) in lengths
            .iter_mut()
            .zip(present)
            .filter(|(_, present)| *present)
        {
            *length = usize::try_from(bytes.unsigned()?).map_err(|_| Malformed)?;
        }
        let mut columns = Self::default();
        for (column, length) in columns.data.iter_mut().zip(lengths) {
            *column = bytes.take(length)?;
        }
        Ok(columns)
    }

    /// Writes the columns of a single operation without their run lengths: one number whose bits
    /// say which columns there are, or for booleans which are true, and the bare values. Returns
    /// `None` where a column holds anything but one value.
    pub(super) fn to_row(self) -> Option<Vec<u8>> {
        let mut present = [false; COLUMN_KINDS];
        let mut values: Vec<&[u8]> = Vec::with_capacity(COLUMN_KINDS);
        for ((present, column), item) in present.iter_mut().zip(self.data).zip(ITEMS) {
            *present = match item {
                Item::Insert | Item::Expand => column == TRUE,
                _ => !column.is_empty(),
            };
            match item {
                Item::Insert if column == TRUE || column == FALSE => {}
                Item::Expand if column == TRUE || column.is_empty() => {}
                Item::Insert | Item::Expand => return None,
                Item::Value => values.push(column),
                _ if column.is_empty() => {}
                _ => values.push(column.strip_prefix(LITERAL_OF_ONE)?),
            }
        }
        let mut out = Vec::new();
        write_unsigned(&mut out, bits(present.into_iter()));
        for value in values {
            out.extend_from_slice(value);
        }
        Some(out)
    }

    /// Reads what [`Columns::to_row`] wrote and appends it as Automerge writes it.
    pub(super) fn restore_row(bytes: &mut Bytes<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let mut owned: [Vec<u8>; COLUMN_KINDS] = Default::default();
        let mut value_len = 0;
        for ((column, present), item) in owned.iter_mut().zip(read_bits(bytes)?).zip(ITEMS) {
            let before = bytes.rest();
            let literal = match item {
                Item::Insert => {
                    column.extend_from_slice(if present { TRUE } else { FALSE });
                    continue;
                }
                _ if !present => continue,
                Item::Expand => {
                    column.extend_from_slice(TRUE);
                    continue;
                }
                Item::Value => {
                    column.extend_from_slice(bytes.take(value_len)?);
                    continue;
                }
                Item::Unsigned => bytes.unsigned().map(|_| ()),
                Item::ValueKind => bytes.unsigned().map(|kind| {
                    value_len = usize::try_from(kind >> 4).unwrap_or(usize::MAX);
                }),
                Item::Signed => bytes.signed().map(|_| ()),
                Item::Text => bytes.prefixed().map(|_| ()),
            };
            literal?;
            let taken = before.len() - bytes.rest().len();
            column.extend_from_slice(LITERAL_OF_ONE);
            column.extend_from_slice(before.split_at_checked(taken).ok_or(Malformed)?.0);
        }
        let mut columns = Columns::default();
        for (column, data) in columns.data.iter_mut().zip(&owned) {
            *column = data;
        }
        columns.write(out);
        Ok(())
    }
}

/// Packs flags into a number, the first into its lowest bit.
fn bits(flags: impl Iterator<Item = bool>) -> u64 {
    flags
        .enumerate()
        .fold(0, |number, (at, flag)| number | (u64::from(flag) << at))
}

fn read_bits(bytes: &mut Bytes<'_>) -> Result<[bool; COLUMN_KINDS], Malformed> {
    let number = bytes.unsigned()?;
    if number >> COLUMN_KINDS != 0 {
        return Err(Malformed);
    }
    let mut flags = [false; COLUMN_KINDS];
    for (at, flag) in flags.iter_mut().enumerate() {
        *flag = (number >> at) & 1 == 1;
    }
    Ok(flags)
}
