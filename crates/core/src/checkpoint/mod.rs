//! Checkpoints: a notebook's history as a mirror can give it out in packs, although it can make none.
//!
//! A checkpoint is a chain of *segments*, from the first entry of every log on. A segment is a sealed pack of entries,
//! made by the device of a member, and a *head* in the clear, signed by that device: which entries are in it, up to which
//! hash of each log, the hash of the pack, and the segment before. So the last head pins all of the chain.
//!
//! Nobody takes a segment's word for what is in it. A mirror takes one only where it holds the entries itself by which
//! each log ends in it; whoever is sent the pack makes the entries again and proves them by the signed ones, as with
//! any pack. Members' devices do so with every segment, compare what comes out with what they have, and sign that it is
//! the same. What one device of each person has checked so, a mirror need not keep entry by entry.

mod checked;
mod head;
mod reached;

pub use checked::Checked;
pub use head::{SegmentError, SegmentHead, SegmentLog};
pub use reached::Reached;

use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::{PersonId, SegmentHash};
use crate::limits::MEMBERS_MAX;

/// The place of a segment in its chain, from 1.
pub type SegmentNumber = u64;

/// A segment as it travels and is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What is in it, signed.
    pub head: SegmentHead,
    /// The pack, sealed.
    pub pack: Vec<u8>,
}

/// How the checkpoint of a notebook stands at a mirror, as that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointStanding {
    /// The number of the last segment, 0 without any.
    pub number: SegmentNumber,
    /// Its hash.
    pub last: SegmentHash,
    /// How many entries all segments hold.
    pub entries: u64,
    /// How many bytes they take.
    pub bytes: u64,
    /// Whether there was no room for one.
    pub is_full: bool,
    /// Up to which segment entries are not kept one by one any more.
    pub pruned: SegmentNumber,
    /// How many bytes that freed.
    pub freed_bytes: u64,
    /// Up to which segment each member has checked it, by the best of their devices.
    pub checked: Vec<(PersonId, SegmentNumber)>,
}

impl CheckpointStanding {
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer
            .varint(self.number)
            .raw(self.last.as_bytes())
            .varint(self.entries)
            .varint(self.bytes)
            .u8(self.is_full.into())
            .varint(self.pruned)
            .varint(self.freed_bytes)
            .varint(self.checked.len() as u64);
        for (person, number) in &self.checked {
            writer.raw(person.as_bytes()).varint(*number);
        }
    }

    /// Returns up to which segment a member has checked it.
    pub fn checked_by(&self, person: &PersonId) -> SegmentNumber {
        let mut checked = self.checked.iter();
        let found = checked.find(|(checker, _)| checker == person);
        found.map_or(0, |(_, number)| *number)
    }

    /// Returns up to which segment everybody has.
    pub fn checked_by_all(&self) -> SegmentNumber {
        let numbers = self.checked.iter().map(|(_, number)| *number);
        numbers.min().unwrap_or(0)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut standing = Self {
            number: reader.varint("number of segments")?,
            last: SegmentHash::from_bytes(reader.array("segment")?),
            entries: reader.varint("entries")?,
            bytes: reader.varint("bytes")?,
            is_full: match reader.u8("room")? {
                0 => false,
                1 => true,
                _ => return Err(DecodeError::Invalid("room")),
            },
            pruned: reader.varint("pruned segments")?,
            freed_bytes: reader.varint("freed bytes")?,
            checked: Vec::new(),
        };
        for _ in 0..reader.count("members", MEMBERS_MAX)? {
            let person = PersonId::from_bytes(reader.array("person")?);
            let number = reader.varint("checked segments")?;
            standing.checked.push((person, number));
        }
        Ok(standing)
    }
}
