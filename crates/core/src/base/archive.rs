//! The layout of an archive.

use super::open::BaseError;
use crate::codec::{DecodeError, Reader, Writer};
use crate::control::ControlEntry;
use crate::crypto::Secret;
use crate::ids::{ControlHash, EpochId};
use crate::limits::{
    BASE_PART_BYTES, BASE_PARTS_MAX, CONTROL_BYTES_MAX, CONTROL_ENTRIES_MAX, ENTRY_BYTES_MAX,
    PACK_BYTES_MAX,
};
use crate::log::{EntryPack, RawEntry};

const VERSION: u8 = 1;
const FORM_PACK: u8 = 0;
const FORM_ENTRIES: u8 = 1;
/// Longest archive.
const ARCHIVE_BYTES_MAX: usize = BASE_PART_BYTES * BASE_PARTS_MAX;

/// What a notebook is told by, before it is checked.
pub(crate) struct Archive {
    /// The `create` first, each of the others after its past.
    pub(crate) controls: Vec<ControlEntry>,
    pub(crate) keys: Vec<(EpochId, Secret)>,
    pub(crate) stretches: Vec<Stretch>,
}

/// Some of a notebook's entries, in the order in which they arrived.
pub(crate) enum Stretch {
    /// As a pack.
    Pack(Vec<u8>),
    /// As they are.
    Entries(Vec<Vec<u8>>),
}

impl Archive {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(VERSION).varint(self.controls.len() as u64);
        for entry in &self.controls {
            writer.bytes(entry.as_bytes());
        }
        writer.varint(self.keys.len() as u64);
        for (epoch, key) in &self.keys {
            writer.raw(epoch.as_bytes()).raw(key.expose());
        }
        writer.varint(self.stretches.len() as u64);
        for stretch in &self.stretches {
            match stretch {
                Stretch::Pack(pack) => writer.u8(FORM_PACK).bytes(pack),
                Stretch::Entries(entries) => {
                    let mut list = Writer::new();
                    list.varint(entries.len() as u64);
                    for entry in entries {
                        list.bytes(entry);
                    }
                    writer.u8(FORM_ENTRIES).bytes(list.as_slice())
                }
            };
        }
        writer.into_bytes()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BaseError> {
        let mut reader = Reader::new(bytes);
        reader.known("version of the base", VERSION)?;
        let mut controls = Vec::new();
        for _ in 0..reader.count("control entries", CONTROL_ENTRIES_MAX)? {
            let entry = reader.bytes("control entry", CONTROL_BYTES_MAX)?;
            controls.push(ControlEntry::parse(entry)?);
        }
        let mut keys = Vec::new();
        for _ in 0..reader.count("keys", CONTROL_ENTRIES_MAX)? {
            let epoch = ControlHash::from_bytes(reader.array("epoch")?).as_epoch();
            keys.push((epoch, Secret::from_bytes(reader.array("epoch key")?)));
        }
        let mut stretches = Vec::new();
        for _ in 0..reader.count("stretches", ARCHIVE_BYTES_MAX)? {
            stretches.push(match reader.u8("form of a stretch")? {
                FORM_PACK => Stretch::Pack(reader.bytes("pack", PACK_BYTES_MAX)?.to_vec()),
                FORM_ENTRIES => Stretch::entries(reader.bytes("entries", ARCHIVE_BYTES_MAX)?)?,
                other => {
                    return Err(DecodeError::Unknown {
                        what: "form of a stretch",
                        value: other.into(),
                    }
                    .into());
                }
            });
        }
        reader.finish()?;
        Ok(Self {
            controls,
            keys,
            stretches,
        })
    }
}

impl Stretch {
    fn entries(bytes: &[u8]) -> Result<Self, BaseError> {
        let mut reader = Reader::new(bytes);
        let mut entries = Vec::new();
        for _ in 0..reader.count("entries", bytes.len())? {
            entries.push(reader.bytes("entry", ENTRY_BYTES_MAX)?.to_vec());
        }
        reader.finish()?;
        Ok(Self::Entries(entries))
    }

    /// Reads what it holds, as far as that needs no key.
    pub(super) fn read(self) -> Result<Read, BaseError> {
        match self {
            Self::Pack(bytes) => Ok(Read::Pack(EntryPack::parse(&bytes)?)),
            Self::Entries(entries) => {
                let entries = entries.into_iter().map(RawEntry::parse_any);
                Ok(Read::Entries(entries.collect::<Result<_, _>>()?))
            }
        }
    }
}

/// A stretch whose layout is right.
pub(super) enum Read {
    Pack(EntryPack),
    Entries(Vec<RawEntry>),
}
