//! The head of a segment: what is in its pack, in the clear, under the maker's signature.
//!
//! `version u8 = 1 ‖ number varint ‖ segment before 32 (zero: none) ‖ device 32 ‖ length of the pack varint ‖ hash of the
//! pack 32 ‖ logs: list of (device 32 ‖ incarnation 16 ‖ first seq varint ‖ last seq varint ‖ hash of the last entry 32),
//! sorted ‖ signature 64`. The signature is over `"hearthside checkpoint 1" ‖ H("segment head"; notebook, all before it)`.

use super::{Segment, SegmentNumber};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, SIGNATURE_BYTES, Signature, SignatureError, VerifyKey};
use crate::frontier::LogTip;
use crate::identity::DeviceSecrets;
use crate::ids::{DeviceId, EntryHash, Incarnation, LogId, NotebookId, SegmentHash, Seq};
use crate::limits::{PACK_ENTRIES_MAX, SEGMENT_BYTES_MAX};
use crate::storage::StorageError;

const VERSION: u8 = 1;
const SIGNED_AS: &[u8] = b"hearthside checkpoint 1";

/// Why a segment does not go on from a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The bytes do not follow the layout.
    #[error("the head of a segment is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// It does not follow the last segment.
    #[error("the segment does not follow the last one")]
    Elsewhere,
    /// Its entries do not follow those of the segments before.
    #[error("the segment leaves entries of device {} out, or repeats them", .0.device)]
    Gap(LogId),
    /// The device is none of a member's, or did not sign it.
    #[error("the segment is not signed by a device of a member")]
    Signature,
    /// The pack is not the one that the head names.
    #[error("the pack of the segment is another one")]
    OtherPack,
    /// A log does not end there.
    #[error("the segment names an entry of device {} that is not here", .0.device)]
    OtherEntry(LogId),
    /// There is no room for it.
    #[error("there is no room for the segment")]
    Full,
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<SignatureError> for SegmentError {
    fn from(_: SignatureError) -> Self {
        Self::Signature
    }
}

/// What a segment holds of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentLog {
    /// The log.
    pub log: LogId,
    /// The first entry in it.
    pub first: Seq,
    /// The last entry in it.
    pub last: LogTip,
}

/// The head of a segment, kept as the bytes that were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHead {
    /// Its place in the chain.
    pub number: SegmentNumber,
    /// The segment before.
    pub previous: SegmentHash,
    /// The device that made it.
    pub device: DeviceId,
    /// The length of the sealed pack.
    pub length: usize,
    /// What it holds of each log.
    pub logs: Vec<SegmentLog>,
    pack: [u8; 32],
    bytes: Vec<u8>,
}

impl SegmentHead {
    /// Makes the head of a sealed pack, signed by a device.
    pub fn sign(
        notebook: NotebookId,
        (number, previous): (SegmentNumber, SegmentHash),
        logs: Vec<SegmentLog>,
        pack: &[u8],
        device: &DeviceSecrets,
    ) -> Self {
        let hash = hash_of_pack(pack);
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .varint(number)
            .raw(previous.as_bytes())
            .raw(device.id().as_bytes())
            .varint(pack.len() as u64)
            .raw(&hash)
            .varint(logs.len() as u64);
        for SegmentLog { log, first, last } in &logs {
            writer
                .raw(log.device.as_bytes())
                .raw(log.incarnation.as_bytes())
                .varint(first.get())
                .varint(last.0.get())
                .raw(last.1.as_bytes());
        }
        let signature = device.signing().sign(&signed(notebook, writer.as_slice()));
        writer.raw(&signature);
        Self {
            number,
            previous,
            device: device.id(),
            length: pack.len(),
            logs,
            pack: hash,
            bytes: writer.into_bytes(),
        }
    }

    /// Reads a head; nothing of it is checked beyond its layout.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("head of a segment", VERSION)?;
        let number = reader.varint("number of a segment")?;
        let previous = SegmentHash::from_bytes(reader.array("segment before")?);
        let device = DeviceId::from_bytes(reader.array("device")?);
        let length = reader.count("length of a pack", SEGMENT_BYTES_MAX)?;
        let pack = reader.array("hash of a pack")?;
        let mut logs: Vec<SegmentLog> = Vec::new();
        for _ in 0..reader.count("logs", PACK_ENTRIES_MAX)? {
            let log = LogId {
                device: DeviceId::from_bytes(reader.array("device")?),
                incarnation: Incarnation::from_bytes(reader.array("incarnation")?),
            };
            let first = Seq::new(reader.varint("first entry")?);
            let last = Seq::new(reader.varint("last entry")?);
            if first == Seq::NONE || last < first {
                return Err(DecodeError::Invalid("entries of a segment"));
            }
            let hash = EntryHash::from_bytes(reader.array("last entry")?);
            if logs.last().is_some_and(|before| before.log >= log) {
                return Err(DecodeError::Invalid("order of logs"));
            }
            logs.push(SegmentLog {
                log,
                first,
                last: (last, hash),
            });
        }
        reader.array::<SIGNATURE_BYTES>("signature")?;
        reader.finish()?;
        Ok(Self {
            number,
            previous,
            device,
            length,
            logs,
            pack,
            bytes: bytes.to_vec(),
        })
    }

    /// Returns the bytes that were signed, with the signature.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the hash by which the next segment names it.
    pub fn hash(&self, notebook: NotebookId) -> SegmentHash {
        let parts = [&notebook.as_bytes()[..], &self.bytes];
        SegmentHash::from_bytes(crypto::digest("hearthside 2026-11 segment", &parts))
    }

    /// Returns how many entries it holds.
    pub fn entries(&self) -> u64 {
        let counts = self.logs.iter().map(|log| {
            let before = log.first.get().saturating_sub(1);
            log.last.0.get().saturating_sub(before)
        });
        counts.fold(0, u64::saturating_add)
    }

    /// Checks that its device signed it.
    ///
    /// # Errors
    /// [`SegmentError::Signature`].
    pub fn verify(&self, notebook: NotebookId, key: &VerifyKey) -> Result<(), SegmentError> {
        let (before, signature) = self
            .bytes
            .split_last_chunk::<SIGNATURE_BYTES>()
            .ok_or(SegmentError::Signature)?;
        let signature: &Signature = signature;
        Ok(key.verify(&signed(notebook, before), signature)?)
    }

    /// Says whether a sealed pack is the one that it names.
    pub fn names(&self, pack: &[u8]) -> bool {
        pack.len() == self.length && hash_of_pack(pack) == self.pack
    }
}

impl Segment {
    /// Returns how many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.head.as_bytes().len() + self.pack.len()
    }
}

fn hash_of_pack(pack: &[u8]) -> [u8; 32] {
    crypto::digest("hearthside 2026-11 segment pack", &[pack])
}

fn signed(notebook: NotebookId, before: &[u8]) -> Vec<u8> {
    let parts = [&notebook.as_bytes()[..], before];
    let hash = crypto::digest("hearthside 2026-11 segment head", &parts);
    [SIGNED_AS, &hash].concat()
}
