//! What several kinds of control entries hold: cuts, grants of keys, freezes, signed texts.

use super::Recipient;
use crate::codec::{DecodeError, Reader, Writer};
use crate::document::{ChangeHash, DocumentId};
use crate::epoch::WRAP_BYTES;
use crate::ids::{ControlHash, DeviceId, EntryHash, EpochId, Incarnation, LogId, Seq};
use crate::limits::{CUT_LOGS_MAX, SIGNED_HEADS_MAX};

/// The last entry of a log that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CutLog {
    /// The log.
    pub log: LogId,
    /// The place of its last entry that counts.
    pub seq: Seq,
    /// That entry.
    pub hash: EntryHash,
}

impl CutLog {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            log: LogId {
                device: DeviceId::from_bytes(reader.array("device")?),
                incarnation: Incarnation::from_bytes(reader.array("incarnation")?),
            },
            seq: Seq::new(reader.u64("seq")?),
            hash: EntryHash::from_bytes(reader.array("entry")?),
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer
            .raw(self.log.device.as_bytes())
            .raw(self.log.incarnation.as_bytes())
            .u64(self.seq.get())
            .raw(self.hash.as_bytes());
    }
}

/// How far the logs of somebody who is out count: `count ‖ (device 32 ‖ incarnation 16 ‖ seq u64 ‖ entry
/// 32) each`, sorted by log. A log that it does not name counts for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cut {
    logs: Vec<CutLog>,
}

impl Cut {
    /// Makes a cut of the last entries that count, at most [`CUT_LOGS_MAX`] of them.
    pub fn new(logs: impl IntoIterator<Item = CutLog>) -> Self {
        let mut logs: Vec<CutLog> = logs.into_iter().collect();
        logs.sort_unstable();
        logs.dedup_by_key(|log| log.log);
        logs.truncate(CUT_LOGS_MAX);
        Self { logs }
    }

    /// Returns the logs.
    pub fn logs(&self) -> &[CutLog] {
        &self.logs
    }

    /// Says whether no log counts.
    pub const fn is_empty(&self) -> bool {
        self.logs.is_empty()
    }

    /// Returns how far a log counts.
    pub fn of(&self, log: &LogId) -> Option<&CutLog> {
        let at = self.logs.binary_search_by_key(log, |cut| cut.log).ok()?;
        self.logs.get(at)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.count("cut logs", CUT_LOGS_MAX)?;
        let mut logs: Vec<CutLog> = Vec::new();
        for _ in 0..count {
            let log = CutLog::read(reader)?;
            if logs.last().is_some_and(|last| last.log >= log.log) {
                return Err(DecodeError::Invalid("order of cut logs"));
            }
            logs.push(log);
        }
        Ok(Self { logs })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.varint(self.logs.len() as u64);
        for log in &self.logs {
            log.write(writer);
        }
    }
}

/// The key of an epoch, sealed to one more holder: `epoch 32 ‖ recipient 33 ‖ wrap 1168`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGrant {
    /// The epoch.
    pub epoch: EpochId,
    /// Who gets its key.
    pub recipient: Recipient,
    /// HPKE of the epoch's key to the recipient.
    pub wrap: Vec<u8>,
}

impl KeyGrant {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            epoch: ControlHash::from_bytes(reader.array("epoch")?).as_epoch(),
            recipient: Recipient::read(reader)?,
            wrap: reader.take("wrap", WRAP_BYTES)?.to_vec(),
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer
            .raw(self.epoch.as_bytes())
            .raw(&self.recipient.to_bytes())
            .raw(&self.wrap);
    }
}

/// The branch of a forked log that counts, by one entry on it: a [`CutLog`] in the same layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freeze(pub CutLog);

impl Freeze {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        CutLog::read(reader).map(Self)
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

/// A text that its author signs: `text hash 32 ‖ document 16 ‖ heads (count, 32 each, sorted)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// The salted hash of the exact text.
    pub text_hash: [u8; 32],
    /// The document that holds it.
    pub document: DocumentId,
    /// The heads of the document when it was signed.
    pub document_heads: Vec<ChangeHash>,
}

impl SignedText {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text_hash = reader.array("text hash")?;
        let document = DocumentId::from_bytes(reader.array("document")?);
        let count = reader.count("document heads", SIGNED_HEADS_MAX)?;
        let mut document_heads: Vec<ChangeHash> = Vec::with_capacity(count);
        for _ in 0..count {
            let head = ChangeHash(reader.array("document head")?);
            if document_heads.last().is_some_and(|last| *last >= head) {
                return Err(DecodeError::Invalid("order of document heads"));
            }
            document_heads.push(head);
        }
        Ok(Self {
            text_hash,
            document,
            document_heads,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer
            .raw(&self.text_hash)
            .raw(self.document.as_bytes())
            .varint(self.document_heads.len() as u64);
        for head in &self.document_heads {
            writer.raw(&head.0);
        }
    }
}
