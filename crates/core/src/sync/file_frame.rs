//! Frames about files: 25 to 30.

use super::features::Features;
use crate::codec::{DecodeError, Reader, Writer};
use crate::file::Piece;
use crate::ids::FileRoot;
use crate::limits::{FILE_BYTES_MAX, FILE_CHUNKS_MAX};
use crate::mirror::Quota;

/// What one side says about a file of a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileFrame {
    /// 25: `root 32 ‖ piece varint`: asks for a piece.
    Want(FileRoot, Piece),
    /// 26: `root 32 ‖ piece varint ‖ bytes`: the piece.
    Piece(FileRoot, Piece, Vec<u8>),
    /// 27: `root 32 ‖ piece varint`: the sender lacks the piece.
    Lack(FileRoot, Piece),
    /// 28: `root 32 ‖ bytes varint`: to a mirror: the sender has the file, of that length, and a resource names it.
    Offer(FileRoot, u64),
    /// 29: `root 32 ‖ answer u8`, and where it has no room `used varint ‖ most varint`: what a mirror says to an offer.
    Answer(FileRoot, FileAnswer),
    /// 30: `root 32`: to a mirror: no resource names the file any more.
    LetGo(FileRoot),
}

/// What a mirror says to a file that it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileAnswer {
    /// 1: all of it is on its disk.
    Kept,
    /// 2: it has no room for it.
    Full(Quota),
    /// 3: it does not take it from this device.
    Refused,
}

impl FileFrame {
    /// The first and the last type of a frame about files.
    pub(super) const TYPES: core::ops::RangeInclusive<u8> = 25..=30;

    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::Want(..) => 25,
            Self::Piece(..) => 26,
            Self::Lack(..) => 27,
            Self::Offer(..) => 28,
            Self::Answer(..) => 29,
            Self::LetGo(..) => 30,
        }
    }

    /// Returns what a peer has to have said that it reads to be sent the frame. What answers a question of its own it reads.
    pub(super) const fn needs(&self) -> Features {
        match self {
            Self::Want(..) => Features::FILES,
            Self::Offer(..) | Self::LetGo(..) => Features::KEPT_FILES,
            Self::Piece(..) | Self::Lack(..) | Self::Answer(..) => Features::NONE,
        }
    }

    /// Returns how many bytes the frame has beside its fixed fields.
    pub(super) const fn bytes_about(&self) -> usize {
        match self {
            Self::Piece(_, _, bytes) => bytes.len(),
            _ => 0,
        }
    }

    /// Writes what follows type and notebook.
    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Want(root, piece) | Self::Lack(root, piece) => {
                writer.raw(root.as_bytes()).varint((*piece).into());
            }
            Self::Piece(root, piece, bytes) => {
                writer.raw(root.as_bytes()).varint((*piece).into());
                writer.raw(bytes);
            }
            Self::Offer(root, bytes) => {
                writer.raw(root.as_bytes()).varint(*bytes);
            }
            Self::Answer(root, answer) => {
                answer.write(writer.raw(root.as_bytes()));
            }
            Self::LetGo(root) => {
                writer.raw(root.as_bytes());
            }
        }
    }

    /// Reads what follows type and notebook.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub(super) fn read(kind: u8, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let root = FileRoot::from_bytes(reader.array("root of a file")?);
        Ok(match kind {
            25 => Self::Want(root, read_piece(reader)?),
            26 => {
                let piece = read_piece(reader)?;
                let bytes = reader.take("piece of a file", reader.remaining())?;
                Self::Piece(root, piece, bytes.to_vec())
            }
            27 => Self::Lack(root, read_piece(reader)?),
            28 => {
                let bytes = reader.varint("length of a file")?;
                if bytes > FILE_BYTES_MAX {
                    return Err(DecodeError::Invalid("length of a file"));
                }
                Self::Offer(root, bytes)
            }
            29 => Self::Answer(root, FileAnswer::read(reader)?),
            30 => Self::LetGo(root),
            other => {
                return Err(DecodeError::Unknown {
                    what: "frame",
                    value: other.into(),
                });
            }
        })
    }
}

impl FileAnswer {
    /// Writes it, as a frame has it and as it is remembered.
    pub(crate) fn write(self, writer: &mut Writer) {
        match self {
            Self::Kept => writer.u8(1),
            Self::Full(quota) => writer
                .u8(2)
                .varint(quota.used_bytes)
                .varint(quota.max_bytes),
            Self::Refused => writer.u8(3),
        };
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8("answer about a file")? {
            1 => Ok(Self::Kept),
            2 => Ok(Self::Full(Quota {
                used_bytes: reader.varint("bytes held")?,
                max_bytes: reader.varint("most bytes held")?,
            })),
            3 => Ok(Self::Refused),
            other => Err(DecodeError::Unknown {
                what: "answer about a file",
                value: other.into(),
            }),
        }
    }
}

fn read_piece(reader: &mut Reader<'_>) -> Result<Piece, DecodeError> {
    let piece = reader.count("piece of a file", FILE_CHUNKS_MAX)?;
    Piece::try_from(piece).map_err(|_| DecodeError::Invalid("piece of a file"))
}
