//! How a mirror is asked to hold a notebook: `hearth/mirror/1`.
//!
//! Whoever asks proves the mirror's pass on this connection and shows the notebook's control entries; the
//! mirror says whether it takes it, and why not where it does not. Content travels by sync, as with anybody.

use crate::codec::{DecodeError, Reader, Writer};
use crate::identity::MirrorPass;
use crate::ids::NotebookId;
use crate::limits::{CONTROL_BYTES_MAX, CONTROL_ENTRIES_MAX, FRAME_BYTES_AIM};

/// The protocol's name on the wire (ALPN).
pub const MIRROR_ALPN: &[u8] = b"hearth/mirror/1";

/// How much a mirror holds of a notebook, and how much it may, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Held.
    pub used_bytes: u64,
    /// Held at most.
    pub max_bytes: u64,
}

/// What a mirror answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MirrorAnswer {
    /// It holds the notebook from now on, or did already.
    Taken,
    /// The pass is not this mirror's.
    WrongPass,
    /// The notebook does not name this mirror, or the device is no member's.
    NotNamed,
    /// The control entries do not check.
    Invalid,
    /// It has no room for another notebook.
    Full,
    /// Its disk failed; to be tried again.
    Unavailable,
}

impl MirrorAnswer {
    const ALL: [Self; 6] = [
        Self::Taken,
        Self::WrongPass,
        Self::NotNamed,
        Self::Invalid,
        Self::Full,
        Self::Unavailable,
    ];

    /// Returns the code of the answer in formats.
    pub const fn code(self) -> u8 {
        match self {
            Self::Taken => 0,
            Self::WrongPass => 1,
            Self::NotNamed => 2,
            Self::Invalid => 3,
            Self::Full => 4,
            Self::Unavailable => 5,
        }
    }

    /// Reads the code of an answer.
    ///
    /// # Errors
    /// [`DecodeError::Unknown`] for a code that stands for none.
    pub fn from_code(code: u8) -> Result<Self, DecodeError> {
        let mut all = Self::ALL.into_iter();
        all.find(|answer| answer.code() == code)
            .ok_or(DecodeError::Unknown {
                what: "answer of a mirror",
                value: code.into(),
            })
    }
}

/// A message between somebody who wants a notebook held and a mirror, one frame each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MirrorMessage {
    /// 1: `notebook 32 ‖ proof 32 ‖ last u8`, control entries (count, bytes each), each after its past.
    Hold {
        /// The notebook.
        notebook: NotebookId,
        /// The proof of the pass on this connection.
        proof: [u8; 32],
        /// Whether this is the last part of it.
        is_last: bool,
        /// Control entries.
        entries: Vec<Vec<u8>>,
    },
    /// 2: `answer u8`.
    Answer(MirrorAnswer),
}

impl MirrorMessage {
    /// Returns the messages that ask for a notebook to be held.
    pub fn ask<'a>(
        notebook: NotebookId,
        pass: &MirrorPass,
        exporter: &[u8; 32],
        controls: impl Iterator<Item = &'a [u8]>,
    ) -> Vec<Self> {
        let proof = pass.proof(exporter, notebook);
        let mut parts = vec![Vec::new()];
        let mut bytes = 0;
        for entry in controls {
            if bytes >= FRAME_BYTES_AIM {
                parts.push(Vec::new());
                bytes = 0;
            }
            bytes += entry.len();
            if let Some(part) = parts.last_mut() {
                part.push(entry.to_vec());
            }
        }
        let count = parts.len();
        let parts = parts.into_iter().enumerate();
        parts
            .map(|(place, entries)| Self::Hold {
                notebook,
                proof,
                is_last: place + 1 == count,
                entries,
            })
            .collect()
    }

    /// Returns the message's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            Self::Hold {
                notebook,
                proof,
                is_last,
                entries,
            } => {
                writer
                    .u8(1)
                    .raw(notebook.as_bytes())
                    .raw(proof)
                    .u8((*is_last).into())
                    .varint(entries.len() as u64);
                for entry in entries {
                    writer.bytes(entry);
                }
            }
            Self::Answer(answer) => {
                writer.u8(2).u8(answer.code());
            }
        }
        writer.into_bytes()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let message = match reader.u8("message of a mirror")? {
            1 => {
                let notebook = NotebookId::from_bytes(reader.array("notebook")?);
                let proof = reader.array("mirror proof")?;
                let is_last = match reader.u8("last part")? {
                    0 => false,
                    1 => true,
                    _ => return Err(DecodeError::Invalid("last part")),
                };
                let count = reader.count("control entries", CONTROL_ENTRIES_MAX)?;
                let mut entries = Vec::new();
                for _ in 0..count {
                    entries.push(reader.bytes("control entry", CONTROL_BYTES_MAX)?.to_vec());
                }
                Self::Hold {
                    notebook,
                    proof,
                    is_last,
                    entries,
                }
            }
            2 => Self::Answer(MirrorAnswer::from_code(reader.u8("answer of a mirror")?)?),
            other => {
                return Err(DecodeError::Unknown {
                    what: "message of a mirror",
                    value: other.into(),
                });
            }
        };
        reader.finish()?;
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_read_back() {
        let pass = MirrorPass::from_bytes([1; 16]);
        let entries = [vec![5; FRAME_BYTES_AIM], vec![6; 10]];
        let asked = MirrorMessage::ask(
            NotebookId::from_bytes([2; 32]),
            &pass,
            &[3; 32],
            entries.iter().map(Vec::as_slice),
        );
        assert_eq!(asked.len(), 2);
        let answers = MirrorAnswer::ALL.into_iter().map(MirrorMessage::Answer);
        for message in asked.into_iter().chain(answers) {
            assert_eq!(MirrorMessage::parse(&message.to_bytes()), Ok(message));
        }
        assert!(MirrorMessage::parse(&[2, 9]).is_err());
    }
}
