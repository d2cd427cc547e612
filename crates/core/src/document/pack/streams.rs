//! The streams of a pack. Like parts of all its changes stand in one stream, one after the other.
//!
//! | stream | each item | for each |
//! | --- | --- | --- |
//! | documents | id 16, number of changes | section |
//! | actors | id 16, in the order in which they first come up | actor |
//! | authors | place among the actors | change |
//! | seqs | number, less the one that follows the author's last, signed | change |
//! | dependency counts | how many | change |
//! | dependencies | places back, or 0 where the hash is written out | dependency |
//! | hashes | 32 bytes | dependency written out |
//! | starts | counter of the first operation, less the one that follows from the dependencies, signed | change |
//! | times | seconds since the change before in the pack, signed | change |
//! | message lengths, messages | length, bytes | change |
//! | others counts, others | how many; place among the actors, in the change's own order | change, actor |
//! | lengths | bytes of each kind of column, 0 where there is none; a stream a kind | change |
//! | data | the columns' bytes; a stream a kind | change |
//!
//! Numbers are LEB128 in their shortest form.

use crate::document::columns::COLUMN_KINDS;
use crate::document::leb::{Bytes, Malformed, write_unsigned};

/// How many streams there are.
pub(super) const STREAMS: usize = FIRST_LENGTHS + 2 * COLUMN_KINDS;

/// The streams that are not of a kind of column, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Documents,
    Actors,
    Authors,
    Seqs,
    DependencyCounts,
    Dependencies,
    Hashes,
    Starts,
    Times,
    MessageLengths,
    Messages,
    OthersCounts,
    Others,
}

/// Where the lengths of the columns begin; their data follow.
const FIRST_LENGTHS: usize = Stream::Others as usize + 1;

/// Streams that are being written.
#[derive(Debug)]
pub(super) struct Writing {
    streams: [Vec<u8>; STREAMS],
    /// What a stream that is not there would take; there is none.
    spare: Vec<u8>,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            streams: std::array::from_fn(|_| Vec::new()),
            spare: Vec::new(),
        }
    }
}

impl Writing {
    pub(super) fn stream(&mut self, stream: Stream) -> &mut Vec<u8> {
        self.at(stream as usize)
    }

    pub(super) fn lengths(&mut self, kind: usize) -> &mut Vec<u8> {
        self.at(FIRST_LENGTHS + kind)
    }

    pub(super) fn data(&mut self, kind: usize) -> &mut Vec<u8> {
        self.at(FIRST_LENGTHS + COLUMN_KINDS + kind)
    }

    fn at(&mut self, place: usize) -> &mut Vec<u8> {
        self.streams.get_mut(place).unwrap_or(&mut self.spare)
    }

    /// All streams as one text.
    pub(super) fn finish(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.streams.iter().map(|stream| stream.len() + 3).sum());
        for stream in &self.streams {
            write_unsigned(&mut text, stream.len() as u64);
        }
        for stream in &self.streams {
            text.extend_from_slice(stream);
        }
        text
    }
}

/// Streams that are being read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    streams: [Bytes<'a>; STREAMS],
    spare: Bytes<'a>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(text: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Bytes::new(text);
        let mut lengths = [0_usize; STREAMS];
        for length in &mut lengths {
            *length = usize::try_from(reader.unsigned()?).map_err(|_| Malformed)?;
        }
        let mut streams = [Bytes::new(&[]); STREAMS];
        for (stream, length) in streams.iter_mut().zip(lengths) {
            *stream = Bytes::new(reader.take(length)?);
        }
        if reader.is_empty() {
            Ok(Self {
                streams,
                spare: Bytes::new(&[]),
            })
        } else {
            Err(Malformed)
        }
    }

    pub(super) fn stream(&mut self, stream: Stream) -> &mut Bytes<'a> {
        self.at(stream as usize)
    }

    pub(super) fn lengths(&mut self, kind: usize) -> &mut Bytes<'a> {
        self.at(FIRST_LENGTHS + kind)
    }

    pub(super) fn data(&mut self, kind: usize) -> &mut Bytes<'a> {
        self.at(FIRST_LENGTHS + COLUMN_KINDS + kind)
    }

    fn at(&mut self, place: usize) -> &mut Bytes<'a> {
        self.streams.get_mut(place).unwrap_or(&mut self.spare)
    }

    /// Says whether every stream was read to its end.
    pub(super) fn is_read(&self) -> bool {
        self.streams.iter().all(Bytes::is_empty)
    }
}
