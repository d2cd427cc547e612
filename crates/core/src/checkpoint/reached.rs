//! How far a checkpoint goes: its last segment, and the last entry of each log in it.
//!
//! `version u8 = 1 ‖ number varint ‖ segment 32 ‖ bytes varint ‖ logs: list as in a frontier`.

use std::collections::BTreeMap;

use super::{SegmentError, SegmentHead, SegmentNumber};
use crate::codec::{DecodeError, Reader, Writer};
use crate::frontier::{self, LogTip};
use crate::ids::{LogId, NotebookId, SegmentHash, Seq};

const VERSION: u8 = 1;

/// How far a checkpoint goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The number of its last segment, 0 without any.
    pub number: SegmentNumber,
    /// That segment; zero without any.
    pub last: SegmentHash,
    /// The bytes of all segments.
    pub bytes: u64,
    /// The last entry of each log.
    pub logs: BTreeMap<LogId, LogTip>,
}

impl Default for Reached {
    fn default() -> Self {
        Self {
            number: 0,
            last: SegmentHash::ZERO,
            bytes: 0,
            logs: BTreeMap::new(),
        }
    }
}

impl Reached {
    /// Returns the last entry in it of a log.
    pub fn seq(&self, log: &LogId) -> Seq {
        self.logs.get(log).map_or(Seq::NONE, |(seq, _)| *seq)
    }

    /// Returns how many entries all segments hold.
    pub fn entries(&self) -> u64 {
        let counts = self.logs.values().map(|(seq, _)| seq.get());
        counts.fold(0, u64::saturating_add)
    }

    /// Says whether a segment goes on from here: behind the last one, and in each log behind the last entry.
    ///
    /// # Errors
    /// [`SegmentError`] where it does not.
    pub fn check(&self, head: &SegmentHead) -> Result<(), SegmentError> {
        if head.number != self.number.saturating_add(1) || head.previous != self.last {
            return Err(SegmentError::Elsewhere);
        }
        let follows = |log: &LogId, first: Seq| first == self.seq(log).next();
        match head.logs.iter().find(|log| !follows(&log.log, log.first)) {
            Some(log) => Err(SegmentError::Gap(log.log)),
            None => Ok(()),
        }
    }

    /// Goes on by a segment that was checked.
    pub fn extend(&mut self, notebook: NotebookId, head: &SegmentHead) {
        self.number = head.number;
        self.last = head.hash(notebook);
        self.bytes += (head.as_bytes().len() + head.length) as u64;
        let tips = head.logs.iter().map(|log| (log.log, log.last));
        self.logs.extend(tips);
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .varint(self.number)
            .raw(self.last.as_bytes())
            .varint(self.bytes);
        let tips = self.logs.iter().map(|(log, tip)| (log, vec![*tip]));
        frontier::write_tips(tips, &mut writer);
        writer.into_bytes()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("checkpoint", VERSION)?;
        let number = reader.varint("number of segments")?;
        let last = SegmentHash::from_bytes(reader.array("segment")?);
        let bytes = reader.varint("bytes")?;
        let mut logs = BTreeMap::new();
        for (log, tips) in frontier::read_tips(&mut reader)? {
            let [tip] = tips.as_slice() else {
                return Err(DecodeError::Invalid("tips of a log"));
            };
            logs.insert(log, *tip);
        }
        reader.finish()?;
        Ok(Self {
            number,
            last,
            bytes,
            logs,
        })
    }
}
