//! The header of an entry: one fixed layout, in the clear, authenticated by seal and signature.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 1 | version, 1 or 2 |
//! | 1 | 1 | suite, 1 |
//! | 2 | 1 | kind, 1: changes, 2: a part of a base |
//! | 3 | 1 | number of control heads, n ≤ 32 |
//! | 4 | 16 | notebook tag |
//! | 20 | 32 | device |
//! | 52 | 16 | incarnation |
//! | 68 | 8 | seq, from 1 |
//! | 76 | 32 | hash of the previous entry, zero for the first |
//! | 108 | 32 | epoch |
//! | 140 | 32 n | control heads, sorted |
//! | then | 24 | nonce |
//! | then | 4 | length of the ciphertext |
//!
//! All but nonce and length follow from the previous entry of the log as long as neither epoch nor
//! control heads change, so a connection sends them once ([`super::WireEncoder`]).

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, Nonce};
use crate::ids::{
    ActorId, ControlHash, DeviceId, EntryHash, EpochId, Incarnation, LogId, NotebookId,
    NotebookTag, Seq,
};
use crate::limits::{CONTROL_HEADS_MAX, ENTRY_BYTES_MAX};

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Changes of documents.
    Changes,
    /// A part of what a forked notebook goes on from.
    BasePart,
}

impl EntryKind {
    const fn code(self) -> u8 {
        match self {
            Self::Changes => 1,
            Self::BasePart => 2,
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8("entry kind")? {
            1 => Ok(Self::Changes),
            2 => Ok(Self::BasePart),
            other => Err(DecodeError::Unknown {
                what: "entry kind",
                value: other.into(),
            }),
        }
    }
}

/// The version of an entry, which says what of it follows from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryVersion {
    /// The nonce was drawn, the body may be compressed, and the entry's hash covers the signature.
    /// Read for ever and written no more.
    One,
    /// The nonce follows from what is sealed, the body is written in one way only, and the hash
    /// covers all but the signature. So whoever has the changes makes the entry again, byte for byte,
    /// and a signed entry proves all those before it in its log.
    Two,
}

impl EntryVersion {
    /// What is written.
    pub const NEWEST: Self = Self::Two;

    const fn code(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// A header, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The entry's version.
    pub version: EntryVersion,
    /// What it holds.
    pub kind: EntryKind,
    /// Which notebook, under the tag that only those who know its id can compute.
    pub tag: NotebookTag,
    /// Which log.
    pub log: LogId,
    /// The entry's place in the log.
    pub seq: Seq,
    /// The entry before it.
    pub previous: EntryHash,
    /// The epoch whose key seals it.
    pub epoch: EpochId,
    /// The control entries that the author knew; the entry is judged as of them.
    pub heads: Vec<ControlHash>,
    /// The nonce of the seal.
    pub nonce: Nonce,
    /// Length of the ciphertext, check value and tag included.
    pub ciphertext_len: usize,
}

impl Header {
    /// Reads a header from the front of `reader`.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout, or a newer version, suite or kind.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = match reader.u8("entry version")? {
            1 => EntryVersion::One,
            2 => EntryVersion::Two,
            other => {
                return Err(DecodeError::Unknown {
                    what: "entry version",
                    value: other.into(),
                });
            }
        };
        reader.known("suite", crypto::SUITE)?;
        let kind = EntryKind::read(reader)?;
        if version == EntryVersion::One && kind != EntryKind::Changes {
            return Err(DecodeError::Invalid("entry kind"));
        }
        let count = usize::from(reader.u8("control heads")?);
        if count == 0 || count > CONTROL_HEADS_MAX {
            return Err(DecodeError::TooMany {
                what: "control heads",
                found: count as u64,
                limit: CONTROL_HEADS_MAX as u64,
            });
        }
        let tag = NotebookTag::from_bytes(reader.array("notebook tag")?);
        let device = DeviceId::from_bytes(reader.array("device")?);
        let incarnation = Incarnation::from_bytes(reader.array("incarnation")?);
        let seq = Seq::new(reader.u64("seq")?);
        let previous = EntryHash::from_bytes(reader.array("previous entry")?);
        if (seq == Seq::new(1)) != previous.is_zero() || seq == Seq::NONE {
            return Err(DecodeError::Invalid("place in the log"));
        }
        let epoch = ControlHash::from_bytes(reader.array("epoch")?).as_epoch();
        let mut heads: Vec<ControlHash> = Vec::with_capacity(count);
        for _ in 0..count {
            let head = ControlHash::from_bytes(reader.array("control head")?);
            if heads.last().is_some_and(|last| *last >= head) {
                return Err(DecodeError::Invalid("order of control heads"));
            }
            heads.push(head);
        }
        let nonce = reader.array("nonce")?;
        let ciphertext_len = reader.u32("ciphertext length")? as usize;
        if ciphertext_len > ENTRY_BYTES_MAX {
            return Err(DecodeError::TooMany {
                what: "ciphertext",
                found: ciphertext_len as u64,
                limit: ENTRY_BYTES_MAX as u64,
            });
        }
        let log = LogId {
            device,
            incarnation,
        };
        Ok(Self {
            version,
            kind,
            tag,
            log,
            seq,
            previous,
            epoch,
            heads,
            nonce,
            ciphertext_len,
        })
    }

    /// Appends the header's bytes.
    pub fn write(&self, writer: &mut Writer) {
        writer
            .u8(self.version.code())
            .u8(crypto::SUITE)
            .u8(self.kind.code())
            .u8(self.heads.len() as u8)
            .raw(self.tag.as_bytes())
            .raw(self.log.device.as_bytes())
            .raw(self.log.incarnation.as_bytes())
            .u64(self.seq.get())
            .raw(self.previous.as_bytes())
            .raw(self.epoch.as_bytes());
        for head in &self.heads {
            writer.raw(head.as_bytes());
        }
        writer.raw(&self.nonce).u32(self.ciphertext_len as u32);
    }
}

/// Returns the tag under which a notebook's entries travel.
pub fn notebook_tag(notebook: NotebookId) -> NotebookTag {
    let hash = crypto::digest("hearthside 2026-11 notebook tag", &[notebook.as_bytes()]);
    let mut tag = [0; NotebookTag::LEN];
    tag.copy_from_slice(&hash[..NotebookTag::LEN]);
    NotebookTag::from_bytes(tag)
}

/// Returns the only Automerge actor whose changes a log may carry.
pub fn actor_of(notebook: NotebookId, log: LogId) -> ActorId {
    let hash = crypto::digest(
        "hearthside 2026-11 automerge actor",
        &[
            notebook.as_bytes(),
            log.device.as_bytes(),
            log.incarnation.as_bytes(),
        ],
    );
    let mut actor = [0; ActorId::LEN];
    actor.copy_from_slice(&hash[..ActorId::LEN]);
    ActorId::from_bytes(actor)
}
