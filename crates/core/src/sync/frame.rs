//! Frames: one message each, a type byte and its fields.
//!
//! A notebook is named by `0 ‖ tag 16` the first time and by its number from 1 afterwards; each
//! direction of a connection counts its own.

use std::collections::BTreeMap;

use super::brief::{Brief, Sum};
use super::checkpoint_frame::CheckpointFrame;
use super::features::Features;
use super::file_frame::FileFrame;
use super::presence::SaidPresence;
use crate::capsule::CapsuleHead;
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{SIGNATURE_BYTES, Signature};
use crate::frontier::{self, LogTip, SignedFrontier};
use crate::ids::{CapsuleHash, CapsuleId, ControlHash, DeviceId, LogId, NotebookId};
use crate::limits::{
    CAPSULE_BYTES_MAX, CONTROL_BYTES_MAX, CONTROL_ENTRIES_MAX, CONTROL_HEADS_MAX, FRAME_BYTES_MAX,
    SHARED_NOTEBOOKS_MAX,
};
use crate::mirror::Quota;
use crate::presence::SealedPresence;

/// The tag of a notebook on one connection: a MAC under the connection's exporter.
pub(super) type WireTag = [u8; 16];

/// One notebook in a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SummaryLine {
    /// The notebook.
    pub(super) tag: WireTag,
    /// A MAC of the frontier's digest.
    pub(super) digest: [u8; 16],
}

/// What has been added to the sender's frontier since it last told, under its signature over the
/// whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Acknowledgement {
    /// The sender's counter.
    pub(super) counter: u64,
    /// The logs that grew, each with all of its tips.
    pub(super) logs: BTreeMap<LogId, Vec<LogTip>>,
    /// New control digest and heads, where they changed.
    pub(super) control: Option<([u8; 32], Vec<ControlHash>)>,
    /// The signature over the whole frontier.
    pub(super) signature: Signature,
}

/// A message between two synced devices. Notebooks stand as tags; [`NotebookNumbers`] shortens them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// 1: `version u16 ‖ instance u64 ‖ digest 32`, and under the second ALPN `features varint`.
    Hello {
        /// Version of the protocol.
        version: u16,
        /// Random for each run of the program: tells a restart from a second connection.
        instance: u64,
        /// A MAC over all shared notebooks and their frontiers.
        digest: [u8; 32],
        /// What the sender reads beyond the first version, where it may say so.
        features: Option<Features>,
    },
    /// 2: count, then `tag 16 ‖ digest 16` each.
    Summary(Vec<SummaryLine>),
    /// 3: notebook, signed frontier.
    Frontier(WireTag, Box<SignedFrontier>),
    /// 4: notebook, control entries (count, bytes each).
    Controls(WireTag, Vec<Vec<u8>>),
    /// 5: notebook, the wraps of one epoch.
    Wraps(WireTag, Vec<u8>),
    /// 6: notebook, number of entries, wire entries.
    Entries(WireTag, u64, Vec<u8>),
    /// 7: notebook, counter, logs, control, signature.
    Ack(WireTag, Acknowledgement),
    /// 8: asks for a sign of life.
    Ping,
    /// 9: gives one.
    Pong,
    /// 10: `capsule id 32 ‖ device 32 ‖ counter u64 ‖ time u64 ‖ length u32 ‖ hash 32`: a capsule that the
    /// sender would like to be kept.
    CapsuleOffer(CapsuleHead),
    /// 11: `hash 32 ‖ answer u8`.
    CapsuleAnswer(CapsuleHash, CapsuleAnswer),
    /// 12: `hash 32 ‖ offset varint ‖ bytes`: the next part of a capsule that was asked for.
    CapsulePart(CapsuleHash, usize, Vec<u8>),
    /// 13: `notebook 32 ‖ last u8`, control entries (count, bytes each): a notebook that the peer, another
    /// device of the same person, lacks.
    Handed {
        /// The notebook.
        notebook: NotebookId,
        /// Whether this is the last part of it.
        is_last: bool,
        /// Its control entries, each after its past.
        entries: Vec<Vec<u8>>,
    },
    /// 14: `bits u8 ‖ sum 8` for each group: in place of a long summary.
    Brief(Brief),
    /// 15: notebook, a sealed pack of entries.
    Packed(WireTag, Vec<u8>),
    /// 16: notebook: what packs hold is to be sent entry by entry.
    Unpacked(WireTag),
    /// 17: notebook, `used varint ‖ most varint`: some of it was not taken, for want of room.
    Full(WireTag, Quota),
    /// 18: notebook, the control entry that ended the peer: it is out, and was sent what lies before that.
    Ended(WireTag, ControlHash),
    /// 19: notebook, control entries (count, bytes each): what makes the sender a member all the same; without any
    /// it has nothing to say against being out.
    Objection(WireTag, Vec<Vec<u8>>),
    /// 20: notebook, sealed: documents that are to be shown before their entries are here.
    Ahead(WireTag, Vec<u8>),
    /// 24: notebook, `counter varint ‖ epoch 32 ‖ nonce 24 ‖ sealed 59 ‖ signature 64`: where the sender's person is.
    Presence(WireTag, Box<SaidPresence>),
    /// 25 to 30: notebook, and what is said about a file of it.
    File(WireTag, FileFrame),
    /// 31 to 33: notebook, and what is said about a checkpoint of it.
    Checkpoint(WireTag, CheckpointFrame),
}

/// What becomes of a capsule that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapsuleAnswer {
    /// It is to be sent.
    Wanted,
    /// It is on disk.
    Kept,
    /// It is not kept.
    Refused,
    /// It is not kept for want of room. Only a mirror says so.
    Full,
}

impl CapsuleAnswer {
    const ALL: [Self; 4] = [Self::Wanted, Self::Kept, Self::Refused, Self::Full];

    const fn code(self) -> u8 {
        match self {
            Self::Wanted => 1,
            Self::Kept => 2,
            Self::Refused => 3,
            Self::Full => 4,
        }
    }

    fn from_code(code: u8) -> Result<Self, DecodeError> {
        Self::ALL
            .into_iter()
            .find(|answer| answer.code() == code)
            .ok_or(DecodeError::Unknown {
                what: "answer about a capsule",
                value: code.into(),
            })
    }
}

/// The version of the protocol that this program speaks.
pub(super) const VERSION: u16 = 1;

/// About what a log takes in a frontier, here and on the wire.
const LOG_BYTES: usize = 96;
/// What a control head takes.
const HEAD_BYTES: usize = 32;

/// The numbers of notebooks in one direction of a connection.
#[derive(Debug, Default)]
pub(super) struct NotebookNumbers {
    by_tag: BTreeMap<WireTag, u64>,
    by_number: Vec<WireTag>,
}

impl NotebookNumbers {
    fn write(&mut self, tag: WireTag, writer: &mut Writer) {
        if let Some(number) = self.by_tag.get(&tag) {
            writer.varint(number + 1);
            return;
        }
        self.by_tag.insert(tag, self.by_tag.len() as u64);
        writer.varint(0).raw(&tag);
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Result<WireTag, DecodeError> {
        let number = reader.count("notebook number", SHARED_NOTEBOOKS_MAX)?;
        if let Some(place) = number.checked_sub(1) {
            return self
                .by_number
                .get(place)
                .copied()
                .ok_or(DecodeError::Invalid("notebook number"));
        }
        if self.by_number.len() >= SHARED_NOTEBOOKS_MAX {
            return Err(DecodeError::Invalid("number of notebooks"));
        }
        let tag = reader.array("notebook tag")?;
        self.by_number.push(tag);
        Ok(tag)
    }
}

impl Frame {
    /// Returns the tag of the notebook that the frame is about, where it is about one that both share.
    pub(super) const fn tag(&self) -> Option<WireTag> {
        match self {
            Self::Frontier(tag, _)
            | Self::Controls(tag, _)
            | Self::Wraps(tag, _)
            | Self::Entries(tag, _, _)
            | Self::Packed(tag, _)
            | Self::Unpacked(tag)
            | Self::Full(tag, _)
            | Self::Ended(tag, _)
            | Self::Objection(tag, _)
            | Self::Ahead(tag, _)
            | Self::Presence(tag, _)
            | Self::File(tag, _)
            | Self::Checkpoint(tag, _)
            | Self::Ack(tag, _) => Some(*tag),
            Self::Hello { .. }
            | Self::Summary(_)
            | Self::Brief(_)
            | Self::Ping
            | Self::Pong
            | Self::CapsuleOffer(_)
            | Self::CapsuleAnswer(..)
            | Self::CapsulePart(..)
            | Self::Handed { .. } => None,
        }
    }

    /// Returns about how many bytes the frame takes.
    pub(super) fn bytes_about(&self) -> usize {
        const FIXED: usize = 128;
        let rest = match self {
            Self::Hello { .. }
            | Self::Ping
            | Self::Pong
            | Self::CapsuleOffer(_)
            | Self::CapsuleAnswer(..)
            | Self::Unpacked(_)
            | Self::Full(..)
            | Self::Presence(..)
            | Self::Ended(..) => 0,
            Self::CapsulePart(_, _, bytes) => bytes.len(),
            Self::File(_, frame) => frame.bytes_about(),
            Self::Checkpoint(_, frame) => frame.bytes_about(),
            Self::Summary(lines) => lines.len() * size_of::<SummaryLine>(),
            Self::Brief(brief) => size_of_val(brief.sums()),
            Self::Frontier(_, signed) => {
                let frontier = &signed.frontier;
                frontier.logs.len() * LOG_BYTES + frontier.control_heads.len() * HEAD_BYTES
            }
            Self::Controls(_, entries)
            | Self::Objection(_, entries)
            | Self::Handed { entries, .. } => entries.iter().map(Vec::len).sum(),
            Self::Wraps(_, bytes)
            | Self::Entries(_, _, bytes)
            | Self::Packed(_, bytes)
            | Self::Ahead(_, bytes) => bytes.len(),
            Self::Ack(_, ack) => {
                let heads = ack.control.as_ref().map_or(0, |(_, heads)| heads.len());
                ack.logs.len() * LOG_BYTES + heads * HEAD_BYTES
            }
        };
        FIXED + rest
    }

    /// Encodes the frame for a connection.
    pub(super) fn encode(&self, numbers: &mut NotebookNumbers) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            Self::Hello {
                version,
                instance,
                digest,
                features,
            } => {
                writer.u8(1).u16(*version).u64(*instance).raw(digest);
                if let Some(features) = features {
                    features.write(&mut writer);
                }
            }
            Self::Summary(lines) => {
                writer.u8(2).varint(lines.len() as u64);
                for line in lines {
                    writer.raw(&line.tag).raw(&line.digest);
                }
            }
            Self::Brief(brief) => {
                writer.u8(14).u8(brief.bits());
                for sum in brief.sums() {
                    writer.raw(sum);
                }
            }
            Self::Frontier(tag, frontier) => {
                numbers.write(*tag, writer.u8(3));
                frontier.write(&mut writer);
            }
            Self::Controls(tag, entries) => {
                numbers.write(*tag, writer.u8(4));
                write_entries(entries, &mut writer);
            }
            Self::Wraps(tag, wraps) => {
                numbers.write(*tag, writer.u8(5));
                writer.bytes(wraps);
            }
            Self::Entries(tag, count, entries) => {
                numbers.write(*tag, writer.u8(6));
                writer.varint(*count).raw(entries);
            }
            Self::Ack(tag, ack) => {
                numbers.write(*tag, writer.u8(7));
                write_ack(ack, &mut writer);
            }
            Self::Ping => {
                writer.u8(8);
            }
            Self::Pong => {
                writer.u8(9);
            }
            Self::Packed(tag, pack) => {
                numbers.write(*tag, writer.u8(15));
                writer.raw(pack);
            }
            Self::Ahead(tag, documents) => {
                numbers.write(*tag, writer.u8(20));
                writer.raw(documents);
            }
            Self::Unpacked(tag) => {
                numbers.write(*tag, writer.u8(16));
            }
            Self::Full(tag, quota) => {
                numbers.write(*tag, writer.u8(17));
                writer.varint(quota.used_bytes).varint(quota.max_bytes);
            }
            Self::Ended(tag, entry) => {
                numbers.write(*tag, writer.u8(18));
                writer.raw(entry.as_bytes());
            }
            Self::Objection(tag, entries) => {
                numbers.write(*tag, writer.u8(19));
                write_entries(entries, &mut writer);
            }
            Self::Presence(tag, said) => {
                numbers.write(*tag, writer.u8(24));
                let sealed = &said.sealed;
                writer.varint(said.counter).raw(sealed.epoch.as_bytes());
                writer
                    .raw(&sealed.nonce)
                    .raw(&sealed.sealed)
                    .raw(&said.signature);
            }
            Self::File(tag, frame) => {
                numbers.write(*tag, writer.u8(frame.kind()));
                frame.write(&mut writer);
            }
            Self::Checkpoint(tag, frame) => {
                numbers.write(*tag, writer.u8(frame.kind()));
                frame.write(&mut writer);
            }
            Self::Handed {
                notebook,
                is_last,
                entries,
            } => {
                writer.u8(13).raw(notebook.as_bytes());
                writer.u8(u8::from(*is_last));
                write_entries(entries, &mut writer);
            }
            Self::CapsuleOffer(head) => {
                writer
                    .u8(10)
                    .raw(head.id.as_bytes())
                    .raw(head.device.as_bytes())
                    .u64(head.counter)
                    .u64(head.time_ms)
                    .u32(head.length)
                    .raw(head.hash.as_bytes());
            }
            Self::CapsuleAnswer(hash, answer) => {
                writer.u8(11).raw(hash.as_bytes()).u8(answer.code());
            }
            Self::CapsulePart(hash, offset, bytes) => {
                writer
                    .u8(12)
                    .raw(hash.as_bytes())
                    .varint(*offset as u64)
                    .raw(bytes);
            }
        }
        writer.into_bytes()
    }

    /// Decodes a frame of a connection.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub(super) fn decode(bytes: &[u8], numbers: &mut NotebookNumbers) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let frame = match reader.u8("frame")? {
            1 => Self::Hello {
                version: reader.u16("protocol version")?,
                instance: reader.u64("instance")?,
                digest: reader.array("digest")?,
                features: match reader.remaining() {
                    0 => None,
                    _ => Some(Features::read(&mut reader)?),
                },
            },
            2 => {
                let count = reader.count("notebooks", SHARED_NOTEBOOKS_MAX)?;
                let mut lines = Vec::with_capacity(count.min(reader.remaining() / 32));
                for _ in 0..count {
                    lines.push(SummaryLine {
                        tag: reader.array("tag")?,
                        digest: reader.array("digest")?,
                    });
                }
                Self::Summary(lines)
            }
            14 => Self::Brief(read_brief(&mut reader)?),
            3 => {
                let tag = numbers.read(&mut reader)?;
                Self::Frontier(tag, Box::new(SignedFrontier::read(&mut reader)?))
            }
            4 => {
                let tag = numbers.read(&mut reader)?;
                Self::Controls(tag, read_entries(&mut reader)?)
            }
            5 => {
                let tag = numbers.read(&mut reader)?;
                Self::Wraps(tag, reader.bytes("wraps", FRAME_BYTES_MAX)?.to_vec())
            }
            6 => {
                let tag = numbers.read(&mut reader)?;
                let count = reader.varint("entries")?;
                let entries = reader.take("entries", reader.remaining())?.to_vec();
                Self::Entries(tag, count, entries)
            }
            7 => {
                let tag = numbers.read(&mut reader)?;
                Self::Ack(tag, read_ack(&mut reader)?)
            }
            15 => {
                let tag = numbers.read(&mut reader)?;
                Self::Packed(tag, reader.take("pack", reader.remaining())?.to_vec())
            }
            20 => {
                let tag = numbers.read(&mut reader)?;
                let documents = reader.take("documents", reader.remaining())?;
                Self::Ahead(tag, documents.to_vec())
            }
            16 => Self::Unpacked(numbers.read(&mut reader)?),
            17 => {
                let tag = numbers.read(&mut reader)?;
                let quota = Quota {
                    used_bytes: reader.varint("bytes held")?,
                    max_bytes: reader.varint("most bytes held")?,
                };
                Self::Full(tag, quota)
            }
            18 => {
                let tag = numbers.read(&mut reader)?;
                Self::Ended(tag, ControlHash::from_bytes(reader.array("control entry")?))
            }
            19 => {
                let tag = numbers.read(&mut reader)?;
                Self::Objection(tag, read_entries(&mut reader)?)
            }
            24 => {
                let tag = numbers.read(&mut reader)?;
                let said = SaidPresence {
                    counter: reader.varint("counter")?,
                    sealed: SealedPresence {
                        epoch: ControlHash::from_bytes(reader.array("epoch")?).as_epoch(),
                        nonce: reader.array("nonce")?,
                        sealed: reader.array("presence")?,
                    },
                    signature: reader.array("signature")?,
                };
                Self::Presence(tag, Box::new(said))
            }
            kind if FileFrame::TYPES.contains(&kind) => {
                let tag = numbers.read(&mut reader)?;
                Self::File(tag, FileFrame::read(kind, &mut reader)?)
            }
            kind if CheckpointFrame::TYPES.contains(&kind) => {
                let tag = numbers.read(&mut reader)?;
                Self::Checkpoint(tag, CheckpointFrame::read(kind, &mut reader)?)
            }
            8 => Self::Ping,
            9 => Self::Pong,
            13 => Self::Handed {
                notebook: NotebookId::from_bytes(reader.array("notebook")?),
                is_last: match reader.u8("last part")? {
                    0 => false,
                    1 => true,
                    other => {
                        return Err(DecodeError::Unknown {
                            what: "last part",
                            value: other.into(),
                        });
                    }
                },
                entries: read_entries(&mut reader)?,
            },
            10 => Self::CapsuleOffer(CapsuleHead {
                id: CapsuleId::from_bytes(reader.array("capsule id")?),
                device: DeviceId::from_bytes(reader.array("device")?),
                counter: reader.u64("counter")?,
                time_ms: reader.u64("time")?,
                length: reader.u32("length")?,
                hash: CapsuleHash::from_bytes(reader.array("hash of a capsule")?),
            }),
            11 => {
                let hash = CapsuleHash::from_bytes(reader.array("hash of a capsule")?);
                let answer = CapsuleAnswer::from_code(reader.u8("answer about a capsule")?)?;
                Self::CapsuleAnswer(hash, answer)
            }
            12 => {
                let hash = CapsuleHash::from_bytes(reader.array("hash of a capsule")?);
                let offset = reader.count("offset in a capsule", CAPSULE_BYTES_MAX)?;
                let bytes = reader
                    .take("part of a capsule", reader.remaining())?
                    .to_vec();
                Self::CapsulePart(hash, offset, bytes)
            }
            other => {
                return Err(DecodeError::Unknown {
                    what: "frame",
                    value: other.into(),
                });
            }
        };
        reader.finish()?;
        Ok(frame)
    }
}

fn write_entries(entries: &[Vec<u8>], writer: &mut Writer) {
    writer.varint(entries.len() as u64);
    for entry in entries {
        writer.bytes(entry);
    }
}

fn read_entries(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, DecodeError> {
    let count = reader.count("control entries", CONTROL_ENTRIES_MAX)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(reader.bytes("control entry", CONTROL_BYTES_MAX)?.to_vec());
    }
    Ok(entries)
}

fn read_brief(reader: &mut Reader<'_>) -> Result<Brief, DecodeError> {
    let bits = reader.u8("bits of a brief")?;
    let sums = reader.take("sums", reader.remaining())?;
    let (sums, rest) = sums.as_chunks::<{ size_of::<Sum>() }>();
    let brief = Brief::from_parts(bits, sums.to_vec());
    brief
        .filter(|_| rest.is_empty())
        .ok_or(DecodeError::Invalid("number of sums"))
}

fn write_ack(ack: &Acknowledgement, writer: &mut Writer) {
    writer.varint(ack.counter);
    let logs = ack.logs.iter().map(|(log, tips)| (log, tips.clone()));
    frontier::write_tips(logs, writer);
    match &ack.control {
        None => {
            writer.u8(0);
        }
        Some((digest, heads)) => {
            writer.u8(1).raw(digest).varint(heads.len() as u64);
            for head in heads {
                writer.raw(head.as_bytes());
            }
        }
    }
    writer.raw(&ack.signature);
}

fn read_ack(reader: &mut Reader<'_>) -> Result<Acknowledgement, DecodeError> {
    let counter = reader.varint("counter")?;
    let logs = frontier::read_tips(reader)?;
    let control = match reader.u8("control")? {
        0 => None,
        1 => {
            let digest = reader.array("control digest")?;
            let mut heads = Vec::new();
            for _ in 0..reader.count("control heads", CONTROL_HEADS_MAX)? {
                heads.push(ControlHash::from_bytes(reader.array("control head")?));
            }
            Some((digest, heads))
        }
        other => {
            return Err(DecodeError::Unknown {
                what: "control",
                value: other.into(),
            });
        }
    };
    let signature = reader.array::<SIGNATURE_BYTES>("signature")?;
    Ok(Acknowledgement {
        counter,
        logs,
        control,
        signature,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::altered::{altered, cases, of_vectors};

    proptest! {
        #![proptest_config(cases())]

        #[test]
        fn an_altered_frame_is_refused_or_read_again_from_what_it_is_written_as(
            bytes in altered(of_vectors(include_str!("../../../testkit/vectors/frames.json"))),
        ) {
            if let Ok(frame) = Frame::decode(&bytes, &mut NotebookNumbers::default()) {
                let again = frame.encode(&mut NotebookNumbers::default());
                let again = Frame::decode(&again, &mut NotebookNumbers::default());
                prop_assert_eq!(again, Ok(frame));
            }
        }
    }

    #[test]
    fn a_hello_says_what_its_side_reads_or_is_as_the_first_version_has_it() {
        let hello = |features| Frame::Hello {
            version: VERSION,
            instance: 7,
            digest: [5; 32],
            features,
        };
        let first = hello(None).encode(&mut NotebookNumbers::default());
        assert_eq!(first.len(), 1 + 2 + 8 + 32);
        for (features, bytes) in [(None, &[][..]), (Some(Features::FILES), &[1][..])] {
            let said = hello(features).encode(&mut NotebookNumbers::default());
            assert_eq!(said, [&first, bytes].concat());
            let read = Frame::decode(&said, &mut NotebookNumbers::default());
            assert_eq!(read, Ok(hello(features)));
        }
        // Bits that this program does not know say nothing to it.
        let more = [&first[..], &[0x83, 0x10]].concat();
        let read = Frame::decode(&more, &mut NotebookNumbers::default());
        let Ok(Frame::Hello {
            features: Some(features),
            ..
        }) = read
        else {
            panic!("{read:?}");
        };
        assert!(features.has(Features::FILES) && features.has(Features::KEPT_FILES));
    }

    #[test]
    fn what_is_said_about_being_out_comes_back_from_its_bytes() {
        let tag = [3; 16];
        for frame in [
            Frame::Ended(tag, ControlHash::from_bytes([9; 32])),
            Frame::Objection(tag, vec![vec![1, 2], Vec::new()]),
            Frame::Objection(tag, Vec::new()),
        ] {
            let bytes = frame.encode(&mut NotebookNumbers::default());
            let read = Frame::decode(&bytes, &mut NotebookNumbers::default());
            assert_eq!(read, Ok(frame));
            let cut = &bytes[..bytes.len() - 1];
            assert!(Frame::decode(cut, &mut NotebookNumbers::default()).is_err());
        }
    }

    #[test]
    fn what_is_handed_over_comes_back_from_its_bytes_and_another_last_is_refused() {
        let handed = Frame::Handed {
            notebook: NotebookId::from_bytes([7; 32]),
            is_last: true,
            entries: vec![vec![1, 2], Vec::new()],
        };
        let mut bytes = handed.encode(&mut NotebookNumbers::default());
        let read = Frame::decode(&bytes, &mut NotebookNumbers::default());
        assert_eq!(read, Ok(handed));
        bytes[33] = 2;
        assert!(Frame::decode(&bytes, &mut NotebookNumbers::default()).is_err());
    }
}
