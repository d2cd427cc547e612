//! What the parts of a backup hold.
//!
//! ```text
//! 1 person:   1 ‖ made at u64 (ms since 1970) ‖ roster bytes ‖ name text ‖ device 32 ‖ device label text ‖ network text
//! 2 records:  2 ‖ notebook 32 ‖ list of (space u8 ‖ key bytes ‖ value bytes)
//! 3 entries:  3 ‖ notebook 32 ‖ place of the first u64 ‖ list of bytes
//! 4 end:      4 ‖ notebooks u64 ‖ records u64 ‖ entries u64 ‖ files u64 ‖ pieces u64
//! 5 home:     5 ‖ list of (word text ‖ value bytes)
//! 6 file:     6 ‖ notebook 32 ‖ root 32 ‖ record of the file bytes
//! 7 piece:    7 ‖ notebook 32 ‖ root 32 ‖ piece u32 ‖ bytes
//! ```
//!
//! Files follow the entries of their notebook, each before its pieces, which are those that are here, as they are sealed. The
//! end of versions 1 and 2 does not count files and pieces, of which there are none.
//!
//! The first part is the person, the second the home, the last one the end. A notebook's records come before its
//! entries, its control entries first; the entries come in the order of the stream, so that they are replayed as they
//! arrived.

use hearth_core::codec::{DecodeError, Reader, Writer};
use hearth_core::file::{HeldFile, Piece};
use hearth_core::identity::Roster;
use hearth_core::ids::{DeviceId, FileRoot, NotebookId};
use hearth_core::limits::{CONTROL_BYTES_MAX, NAME_BYTES_MAX};
use hearth_core::storage::Space;
use zeroize::Zeroizing;

use super::envelope::PART_BYTES_MAX;
use crate::host::{PROFILE_BYTES_MAX, Settings};
use crate::service::TEMPLATES_KEPT_AS;

/// Longest word of a record of the home; those that there are have nine letters.
const WORD_BYTES_MAX: usize = 64;

/// The spaces whose records a backup holds; all others are made anew from these and the entries. Keys are what a
/// restored device reads by, and no device's own.
pub(super) const SPACES: [Space; 4] = [
    Space::Control,
    Space::Wraps,
    Space::Verification,
    Space::Key,
];

/// The records of the home itself that a backup holds, by their words; all others are this device's own.
pub(super) const WORDS: [&str; 2] = [Settings::KEPT_AS, TEMPLATES_KEPT_AS];

/// A kept record.
pub(super) struct Kept {
    pub(super) space: Space,
    pub(super) key: Vec<u8>,
    /// In one space it is a key that opens content.
    pub(super) value: Zeroizing<Vec<u8>>,
}

/// Whose backup it is, and when it was made.
pub(super) struct Whose {
    pub(super) made_at_ms: u64,
    pub(super) roster: Roster,
    pub(super) name: String,
    pub(super) device: DeviceId,
    pub(super) device_label: String,
    pub(super) network: String,
}

/// What a backup holds in all.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Totals {
    pub(super) notebooks: u64,
    pub(super) records: u64,
    pub(super) entries: u64,
    pub(super) files: u64,
    pub(super) pieces: u64,
}

/// One part of a backup.
pub(super) enum Part {
    Whose(Box<Whose>),
    Records(NotebookId, Vec<Kept>),
    Entries {
        notebook: NotebookId,
        first: u64,
        entries: Vec<Vec<u8>>,
    },
    End(Totals),
    /// Records of the home itself, each a word of [`WORDS`] and its value.
    Home(Vec<(&'static str, Vec<u8>)>),
    /// What is kept of a file.
    File(NotebookId, FileRoot, HeldFile),
    /// A piece of one.
    Piece(NotebookId, FileRoot, Piece, Vec<u8>),
}

impl Part {
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        match self {
            Self::Whose(whose) => {
                writer
                    .u8(1)
                    .u64(whose.made_at_ms)
                    .bytes(&whose.roster.to_bytes())
                    .bytes(whose.name.as_bytes())
                    .raw(whose.device.as_bytes())
                    .bytes(whose.device_label.as_bytes())
                    .bytes(whose.network.as_bytes());
            }
            Self::Records(notebook, records) => {
                writer.u8(2).raw(notebook.as_bytes());
                writer.varint(records.len() as u64);
                for record in records {
                    writer
                        .u8(record.space.code())
                        .bytes(&record.key)
                        .bytes(&record.value);
                }
            }
            Self::Entries {
                notebook,
                first,
                entries,
            } => {
                writer.u8(3).raw(notebook.as_bytes()).u64(*first);
                writer.varint(entries.len() as u64);
                for entry in entries {
                    writer.bytes(entry);
                }
            }
            Self::End(totals) => {
                writer
                    .u8(4)
                    .u64(totals.notebooks)
                    .u64(totals.records)
                    .u64(totals.entries)
                    .u64(totals.files)
                    .u64(totals.pieces);
            }
            Self::File(notebook, root, held) => {
                writer.u8(6).raw(notebook.as_bytes()).raw(root.as_bytes());
                writer.bytes(&held.encode());
            }
            Self::Piece(notebook, root, piece, bytes) => {
                writer.u8(7).raw(notebook.as_bytes()).raw(root.as_bytes());
                writer.u32(*piece).bytes(bytes);
            }
            Self::Home(records) => {
                writer.u8(5).varint(records.len() as u64);
                for (word, value) in records {
                    writer.bytes(word.as_bytes()).bytes(value);
                }
            }
        }
        Zeroizing::new(writer.into_bytes())
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let part = match reader.u8("kind of part")? {
            1 => Self::Whose(Box::new(parse_whose(&mut reader)?)),
            2 => {
                let notebook = NotebookId::from_bytes(reader.array("notebook")?);
                let count = reader.count("records", PART_BYTES_MAX)?;
                let mut records = Vec::new();
                for _ in 0..count {
                    let code = reader.u8("space")?;
                    let space = SPACES
                        .into_iter()
                        .find(|space| code == space.code())
                        .ok_or(DecodeError::Invalid("space"))?;
                    let key = reader.bytes("key", PART_BYTES_MAX)?.to_vec();
                    let value = Zeroizing::new(reader.bytes("value", PART_BYTES_MAX)?.to_vec());
                    records.push(Kept { space, key, value });
                }
                Self::Records(notebook, records)
            }
            3 => {
                let notebook = NotebookId::from_bytes(reader.array("notebook")?);
                let first = reader.u64("place")?;
                let count = reader.count("entries", PART_BYTES_MAX)?;
                let mut entries = Vec::new();
                for _ in 0..count {
                    entries.push(reader.bytes("entry", PART_BYTES_MAX)?.to_vec());
                }
                Self::Entries {
                    notebook,
                    first,
                    entries,
                }
            }
            4 => {
                let mut totals = Totals {
                    notebooks: reader.u64("notebooks")?,
                    records: reader.u64("records")?,
                    entries: reader.u64("entries")?,
                    ..Totals::default()
                };
                if reader.remaining() > 0 {
                    totals.files = reader.u64("files")?;
                    totals.pieces = reader.u64("pieces")?;
                }
                Self::End(totals)
            }
            6 => {
                let notebook = NotebookId::from_bytes(reader.array("notebook")?);
                let root = FileRoot::from_bytes(reader.array("root of a file")?);
                let held = HeldFile::decode(reader.bytes("record of a file", PART_BYTES_MAX)?)?;
                Self::File(notebook, root, held)
            }
            7 => {
                let notebook = NotebookId::from_bytes(reader.array("notebook")?);
                let root = FileRoot::from_bytes(reader.array("root of a file")?);
                let piece = reader.u32("piece of a file")?;
                let bytes = reader.bytes("piece of a file", PART_BYTES_MAX)?.to_vec();
                Self::Piece(notebook, root, piece, bytes)
            }
            5 => {
                let count = reader.count("records of the home", WORDS.len())?;
                let mut records = Vec::new();
                for _ in 0..count {
                    let read = reader.text("word", WORD_BYTES_MAX)?;
                    let word = WORDS
                        .into_iter()
                        .find(|word| *word == read)
                        .ok_or(DecodeError::Invalid("word"))?;
                    let value = reader.bytes("value", PART_BYTES_MAX)?.to_vec();
                    records.push((word, value));
                }
                Self::Home(records)
            }
            _ => return Err(DecodeError::Invalid("kind of part")),
        };
        reader.finish()?;
        Ok(part)
    }
}

fn parse_whose(reader: &mut Reader<'_>) -> Result<Whose, DecodeError> {
    let made_at_ms = reader.u64("time")?;
    let mut roster = Reader::new(reader.bytes("roster", CONTROL_BYTES_MAX)?);
    Ok(Whose {
        made_at_ms,
        roster: Roster::read(&mut roster).map_err(|_| DecodeError::Invalid("roster"))?,
        name: reader.text("name", NAME_BYTES_MAX)?.to_owned(),
        device: DeviceId::from_bytes(reader.array("device")?),
        device_label: reader.text("device label", NAME_BYTES_MAX)?.to_owned(),
        network: reader.text("network", PROFILE_BYTES_MAX)?.to_owned(),
    })
}
