//! What a side reads beyond the first version of the protocol, as it says in its hello.
//!
//! Only a hello under [`ALPN_2`](super::ALPN_2) says so: a program of the first version would refuse a longer one. A frame
//! that belongs to a feature goes to no peer that did not say it.

use crate::codec::{DecodeError, Reader, Writer};

/// A set of features.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Features(u64);

impl Features {
    /// None: what every program reads.
    pub(super) const NONE: Self = Self(0);
    /// Pieces of files: asked for, sent, and said to be lacking.
    pub(super) const FILES: Self = Self(1);
    /// Files at mirrors: offered, answered, and let go.
    pub(super) const KEPT_FILES: Self = Self(1 << 1);
    /// Checkpoints at mirrors: asked for, told, and gone on with.
    pub(super) const CHECKPOINTS: Self = Self(1 << 2);
    /// All that this program reads.
    pub(super) const ALL: Self = Self(Self::FILES.0 | Self::KEPT_FILES.0 | Self::CHECKPOINTS.0);

    /// Says whether all of `others` are among them.
    pub(super) const fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    pub(super) fn write(self, writer: &mut Writer) {
        writer.varint(self.0);
    }

    /// Reads a set; features that this program does not know say nothing to it.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(reader.varint("features")?))
    }
}
