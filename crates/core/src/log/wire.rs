//! How entries travel on an open connection: what follows from the log's previous entry is left out
//! and put back byte for byte, so a keystroke does not cost 200 bytes of header.
//!
//! A wire entry is `0 ‖ length ‖ whole entry`, which makes the log known under the next free number;
//! or `1 ‖ log number ‖ nonce 24 ‖ length ‖ ciphertext ‖ signature 64`, for the entry after the last
//! one of that log on this connection with the same version, kind, epoch and control heads; or `2 ‖ log number ‖
//! length ‖ whole entry` where those changed; or `3`, which is 1 for a bare entry, without the signature.
//! Numbers start at 0. Whole entries may be bare as well.

use std::collections::BTreeMap;

use super::{EntryError, Header, RawEntry};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::SIGNATURE_BYTES;
use crate::ids::{EntryHash, LogId};
use crate::limits::{ENTRY_BYTES_MAX, LOGS_MAX};

const NEW_LOG: u8 = 0;
const NEXT: u8 = 1;
const WHOLE: u8 = 2;
const NEXT_BARE: u8 = 3;

/// Bytes that are no wire entry on this connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The bytes do not follow the layout.
    #[error(transparent)]
    Layout(#[from] DecodeError),
    /// The entry inside is malformed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A log number that was not made known.
    #[error("log number {0} was not announced on this connection")]
    UnknownLog(u64),
}

#[derive(Debug, Clone)]
struct Last {
    header: Header,
    hash: EntryHash,
}

impl Last {
    fn of(entry: &RawEntry) -> Self {
        Self {
            header: entry.header().clone(),
            hash: entry.hash(),
        }
    }

    fn is_followed_by(&self, next: &Header) -> bool {
        next.seq == self.header.seq.next()
            && next.previous == self.hash
            && next.version == self.header.version
            && next.kind == self.header.kind
            && next.epoch == self.header.epoch
            && next.heads == self.header.heads
    }
}

/// Encodes the entries of one notebook for one connection.
#[derive(Debug, Default)]
pub struct WireEncoder {
    numbers: BTreeMap<LogId, (u64, Last)>,
}

impl WireEncoder {
    /// Appends an entry.
    pub fn encode(&mut self, entry: &RawEntry, writer: &mut Writer) {
        let header = entry.header();
        let next_number = self.numbers.len() as u64;
        let Some((number, last)) = self.numbers.get_mut(&header.log) else {
            writer.u8(NEW_LOG).bytes(entry.as_bytes());
            self.numbers
                .insert(header.log, (next_number, Last::of(entry)));
            return;
        };
        if last.is_followed_by(header) {
            let form = if entry.is_bare() { NEXT_BARE } else { NEXT };
            writer
                .u8(form)
                .varint(*number)
                .raw(&header.nonce)
                .varint(header.ciphertext_len as u64)
                .raw(entry.after_header());
        } else {
            writer.u8(WHOLE).varint(*number).bytes(entry.as_bytes());
        }
        *last = Last::of(entry);
    }
}

/// Decodes the entries of one notebook from one connection.
#[derive(Debug, Default)]
pub struct WireDecoder {
    logs: Vec<Last>,
}

impl WireDecoder {
    /// Reads the next entry and puts back what was left out.
    ///
    /// # Errors
    /// [`WireError`]; the connection cannot go on then, since both sides' memory differs.
    pub fn decode(&mut self, reader: &mut Reader<'_>) -> Result<RawEntry, WireError> {
        match reader.u8("wire form")? {
            NEW_LOG => {
                let entry = read_whole(reader)?;
                if self.logs.len() >= LOGS_MAX {
                    return Err(WireError::UnknownLog(LOGS_MAX as u64));
                }
                self.logs.push(Last::of(&entry));
                Ok(entry)
            }
            form @ (NEXT | NEXT_BARE) => {
                let last = self.log(reader)?;
                let nonce = reader.array("nonce")?;
                let ciphertext_len = reader.count("ciphertext", ENTRY_BYTES_MAX)?;
                let signature_len = if form == NEXT { SIGNATURE_BYTES } else { 0 };
                let rest = reader.take("ciphertext", ciphertext_len + signature_len)?;
                let header = Header {
                    seq: last.header.seq.next(),
                    previous: last.hash,
                    nonce,
                    ciphertext_len,
                    ..last.header.clone()
                };
                let mut writer = Writer::new();
                header.write(&mut writer);
                writer.raw(rest);
                let entry = RawEntry::parse_any(writer.into_bytes())?;
                *last = Last::of(&entry);
                Ok(entry)
            }
            WHOLE => {
                let last = self.log(reader)?;
                let entry = read_whole(reader)?;
                *last = Last::of(&entry);
                Ok(entry)
            }
            other => Err(DecodeError::Unknown {
                what: "wire form",
                value: other.into(),
            }
            .into()),
        }
    }

    fn log(&mut self, reader: &mut Reader<'_>) -> Result<&mut Last, WireError> {
        let number = reader.varint("log number")?;
        usize::try_from(number)
            .ok()
            .and_then(|place| self.logs.get_mut(place))
            .ok_or(WireError::UnknownLog(number))
    }
}

fn read_whole(reader: &mut Reader<'_>) -> Result<RawEntry, WireError> {
    let bytes = reader.bytes("entry", ENTRY_BYTES_MAX)?;
    Ok(RawEntry::parse_any(bytes.to_vec())?)
}
