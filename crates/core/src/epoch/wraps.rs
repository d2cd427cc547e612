//! The wraps of an epoch's key, and the root under which a re-key commits to them.

use crate::codec::{DecodeError, Reader, Writer};
use crate::control::{Recipient, Rekey};
use crate::crypto::{self, WRAP_OVERHEAD_BYTES};
use crate::ids::{ControlHash, EpochId};
use crate::limits::RECIPIENTS_MAX;

/// Length of a wrap: the encapsulated key, the 32-byte secret and its tag.
pub const WRAP_BYTES: usize = 32 + WRAP_OVERHEAD_BYTES;

/// The wraps of one epoch's key, in the order of the re-key's recipients.
///
/// On the wire and on disk: `epoch 32 ‖ count ‖ wraps of 1,168 bytes each`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wraps {
    /// The epoch whose key is wrapped.
    pub epoch: EpochId,
    pub(super) wraps: Vec<Vec<u8>>,
}

impl Wraps {
    /// Reads the wraps; whether they are those of the epoch says [`Wraps::belong_to`].
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let epoch = ControlHash::from_bytes(reader.array("epoch")?).as_epoch();
        let count = reader.count("wraps", RECIPIENTS_MAX)?;
        let mut wraps = Vec::with_capacity(count.min(reader.remaining() / WRAP_BYTES + 1));
        for _ in 0..count {
            wraps.push(reader.take("wrap", WRAP_BYTES)?.to_vec());
        }
        reader.finish()?;
        Ok(Self { epoch, wraps })
    }

    /// Returns the bytes that [`Wraps::parse`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .raw(self.epoch.as_bytes())
            .varint(self.wraps.len() as u64);
        for wrap in &self.wraps {
            writer.raw(wrap);
        }
        writer.into_bytes()
    }

    /// Says whether these are the wraps under the root of `rekey`.
    pub fn belong_to(&self, rekey: &Rekey) -> bool {
        self.wraps.len() == rekey.recipients.len()
            && merkle_root(&rekey.recipients, &self.wraps) == rekey.wraps_root
    }

    pub(super) fn for_recipient(&self, rekey: &Rekey, recipient: Recipient) -> Option<&[u8]> {
        let place = rekey.recipients.binary_search(&recipient).ok()?;
        self.wraps.get(place).map(Vec::as_slice)
    }
}

/// The root of a binary Merkle tree over (recipient, wrap); an odd node moves up as it is.
pub(super) fn merkle_root(recipients: &[Recipient], wraps: &[Vec<u8>]) -> [u8; 32] {
    let mut level: Vec<[u8; 32]> = recipients
        .iter()
        .zip(wraps)
        .map(|(recipient, wrap)| {
            crypto::digest(
                "hearthside 2026-11 wrap leaf",
                &[&recipient.to_bytes(), wrap],
            )
        })
        .collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => crypto::digest("hearthside 2026-11 wrap node", &[left, right]),
                [single] => *single,
                _ => [0; 32],
            })
            .collect();
    }
    level.first().copied().unwrap_or([0; 32])
}
