//! Frames about the checkpoint of a notebook at a mirror: 31 to 36.

use crate::checkpoint::{Checked, CheckpointStanding, Segment, SegmentHead, SegmentNumber};
use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::SegmentHash;
use crate::limits::SEGMENT_BYTES_MAX;

/// What one side says about the checkpoint of a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CheckpointFrame {
    /// 31: asks a mirror how its checkpoint stands.
    Ask,
    /// 32: how it stands, as a [`CheckpointStanding`] is written.
    Standing(Box<CheckpointStanding>),
    /// 33: `head bytes ‖ pack`: the next segment, or to a member one that it asked for.
    Segment(Box<Segment>),
    /// 34: `number varint`: asks a mirror for a segment.
    Want(SegmentNumber),
    /// 35: `device 32 ‖ number varint ‖ segment 32 ‖ signature 64`: the sender has checked the checkpoint up to there.
    Checked(Box<Checked>),
    /// 36: `number varint ‖ segment 32`: the sender found the segment unsound.
    Unsound(SegmentNumber, SegmentHash),
}

impl CheckpointFrame {
    /// The first and the last type of a frame about a checkpoint.
    pub(crate) const TYPES: core::ops::RangeInclusive<u8> = 31..=36;
    /// The type of the frame that brings a segment.
    const SEGMENT: u8 = 33;

    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::Ask => 31,
            Self::Standing(_) => 32,
            Self::Segment(_) => Self::SEGMENT,
            Self::Want(_) => 34,
            Self::Checked(_) => 35,
            Self::Unsound(..) => 36,
        }
    }

    /// Returns how many bytes the frame has beside its fixed fields.
    pub(super) fn bytes_about(&self) -> usize {
        match self {
            Self::Segment(segment) => segment.bytes(),
            Self::Standing(standing) => standing.checked.len() * size_of::<SegmentHash>(),
            Self::Ask | Self::Want(_) | Self::Checked(_) | Self::Unsound(..) => 0,
        }
    }

    /// Writes what follows type and notebook.
    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Ask => {}
            Self::Standing(standing) => standing.write(writer),
            Self::Segment(segment) => {
                writer.bytes(segment.head.as_bytes()).raw(&segment.pack);
            }
            Self::Want(number) => {
                writer.varint(*number);
            }
            Self::Checked(checked) => checked.write(writer),
            Self::Unsound(number, segment) => {
                writer.varint(*number).raw(segment.as_bytes());
            }
        }
    }

    /// Reads what follows type and notebook.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub(super) fn read(kind: u8, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match kind {
            31 => Self::Ask,
            32 => Self::Standing(Box::new(CheckpointStanding::read(reader)?)),
            34 => Self::Want(reader.varint("number of a segment")?),
            35 => Self::Checked(Box::new(Checked::read(reader)?)),
            36 => {
                let number = reader.varint("number of a segment")?;
                let segment = SegmentHash::from_bytes(reader.array("segment")?);
                Self::Unsound(number, segment)
            }
            Self::SEGMENT => {
                let head = reader.bytes("head of a segment", SEGMENT_BYTES_MAX)?;
                let head = SegmentHead::parse(head)?;
                let pack = reader.take("pack of a segment", reader.remaining())?;
                let pack = pack.to_vec();
                Self::Segment(Box::new(Segment { head, pack }))
            }
            other => {
                return Err(DecodeError::Unknown {
                    what: "frame about a checkpoint",
                    value: other.into(),
                });
            }
        })
    }
}
