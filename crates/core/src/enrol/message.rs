//! The messages of linking and recovering, each one frame.

use core::fmt;

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::Signature;
use crate::identity::DeviceCard;
use crate::ids::NotebookId;
use crate::limits::{
    CONTROL_BYTES_MAX, CONTROL_ENTRIES_MAX, FRAME_BYTES_AIM, FRAME_BYTES_MAX, NAME_BYTES_MAX,
};

/// Longest claim of a device: its card and two signatures.
const CLAIM_BYTES_MAX: usize = DeviceCard::BYTES + 128;
/// Longest recovery card; a card of another suite may be longer than today's.
const CARD_BYTES_MAX: usize = 2 * DeviceCard::BYTES;
/// Longest roster: all its entries at their limit.
const ROSTER_BYTES_MAX: usize = FRAME_BYTES_MAX - 1024;

/// Why a device is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnrolRefusal {
    /// No such ticket, or the secret is wrong; or nobody here has that recovery key.
    Unknown,
    /// Another device was linked with it.
    Used,
    /// Its time is over.
    Expired,
    /// The other side broke the protocol.
    Protocol,
    /// The device cannot write just now.
    Unavailable,
}

impl EnrolRefusal {
    const ALL: [Self; 5] = [
        Self::Unknown,
        Self::Used,
        Self::Expired,
        Self::Protocol,
        Self::Unavailable,
    ];

    const fn code(self) -> u8 {
        match self {
            Self::Unknown => 1,
            Self::Used => 2,
            Self::Expired => 3,
            Self::Protocol => 4,
            Self::Unavailable => 5,
        }
    }

    fn from_code(code: u8) -> Result<Self, DecodeError> {
        Self::ALL
            .into_iter()
            .find(|refusal| refusal.code() == code)
            .ok_or(DecodeError::Unknown {
                what: "refusal",
                value: code.into(),
            })
    }
}

impl fmt::Display for EnrolRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the other device does not know this ticket or phrase",
            Self::Used => "another device was linked with this ticket",
            Self::Expired => "the ticket has expired",
            Self::Protocol => "the two programs did not understand each other",
            Self::Unavailable => "the other device cannot do this right now",
        })
    }
}

/// A message: a type byte and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnrolMessage {
    /// 1, new: `commitment 32 ‖ proof 32`.
    Hello {
        /// H(nonce ‖ claim).
        commitment: [u8; 32],
        /// Proof of the ticket's secret on this connection.
        proof: [u8; 32],
    },
    /// 2, old: `nonce 32 ‖ roster ‖ name`.
    Offer {
        /// The linking device's nonce.
        nonce: [u8; 32],
        /// The person's roster.
        roster: Vec<u8>,
        /// The person's name.
        name: String,
    },
    /// 3, new: `nonce 32 ‖ claim ‖ label`.
    Reveal {
        /// The new device's nonce.
        nonce: [u8; 32],
        /// Its card, with its own keys' word whose it is.
        claim: Vec<u8>,
        /// What it is called.
        label: String,
    },
    /// 4, new: `recovery card ‖ signature 64`.
    Ask {
        /// The recovery card that the phrase stands for.
        card: Vec<u8>,
        /// Its key's proof on this connection.
        proof: Signature,
    },
    /// 5, old or member: `roster ‖ name`; the notebooks follow.
    Person {
        /// The person's roster.
        roster: Vec<u8>,
        /// Their name; empty where it is not known.
        name: String,
    },
    /// 6: `notebook 32 ‖ control entries (count, bytes each)`, each after its past; may repeat.
    Controls {
        /// The notebook.
        notebook: NotebookId,
        /// Its control entries.
        entries: Vec<Vec<u8>>,
    },
    /// 7: `notebook 32 ‖ wraps`; may repeat.
    Wraps {
        /// The notebook.
        notebook: NotebookId,
        /// The wraps of one epoch.
        wraps: Vec<u8>,
    },
    /// 8: `notebook 32 ‖ signed frontier`; ends a notebook.
    Frontier {
        /// The notebook.
        notebook: NotebookId,
        /// What the sender has of it.
        frontier: Vec<u8>,
    },
    /// 9: all is said.
    Done,
    /// 10: `reason u8`.
    Refused(EnrolRefusal),
    /// 11, new: `notebook 32 ‖ control entries (count, bytes each)` by which this device is a member's.
    Present {
        /// The notebook.
        notebook: NotebookId,
        /// The entries.
        entries: Vec<Vec<u8>>,
    },
    /// 12, member: `last u8 ‖ bytes`: the next part of a capsule; after the last one the next capsule begins.
    Capsule {
        /// Whether it is the last part of one.
        is_last: bool,
        /// The part.
        bytes: Vec<u8>,
    },
    /// 13, new: `roster`: asks for the notebooks of the person whose roster has this device.
    Enter {
        /// The roster.
        roster: Vec<u8>,
    },
}

impl EnrolMessage {
    /// Cuts a capsule into messages.
    pub(crate) fn of_capsule(capsule: &[u8]) -> impl Iterator<Item = Self> {
        let parts = capsule.chunks(FRAME_BYTES_AIM);
        let count = parts.len();
        parts.enumerate().map(move |(place, part)| Self::Capsule {
            is_last: place + 1 == count,
            bytes: part.to_vec(),
        })
    }

    /// Returns the message's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            Self::Hello { commitment, proof } => {
                writer.u8(1).raw(commitment).raw(proof);
            }
            Self::Offer {
                nonce,
                roster,
                name,
            } => {
                writer.u8(2).raw(nonce).bytes(roster).bytes(name.as_bytes());
            }
            Self::Reveal {
                nonce,
                claim,
                label,
            } => {
                writer.u8(3).raw(nonce).bytes(claim).bytes(label.as_bytes());
            }
            Self::Ask { card, proof } => {
                writer.u8(4).bytes(card).raw(proof);
            }
            Self::Person { roster, name } => {
                writer.u8(5).bytes(roster).bytes(name.as_bytes());
            }
            Self::Controls { notebook, entries } => {
                write_entries(&mut writer, 6, notebook, entries)
            }
            Self::Wraps { notebook, wraps } => {
                writer.u8(7).raw(notebook.as_bytes()).bytes(wraps);
            }
            Self::Frontier { notebook, frontier } => {
                writer.u8(8).raw(notebook.as_bytes()).bytes(frontier);
            }
            Self::Done => {
                writer.u8(9);
            }
            Self::Refused(reason) => {
                writer.u8(10).u8(reason.code());
            }
            Self::Present { notebook, entries } => {
                write_entries(&mut writer, 11, notebook, entries)
            }
            Self::Capsule { is_last, bytes } => {
                writer.u8(12).u8(u8::from(*is_last)).bytes(bytes);
            }
            Self::Enter { roster } => {
                writer.u8(13).bytes(roster);
            }
        }
        writer.into_bytes()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let message = match reader.u8("message")? {
            1 => Self::Hello {
                commitment: reader.array("commitment")?,
                proof: reader.array("proof")?,
            },
            2 => Self::Offer {
                nonce: reader.array("nonce")?,
                roster: reader.bytes("roster", ROSTER_BYTES_MAX)?.to_vec(),
                name: reader.text("name", NAME_BYTES_MAX)?.to_owned(),
            },
            3 => Self::Reveal {
                nonce: reader.array("nonce")?,
                claim: reader.bytes("claim", CLAIM_BYTES_MAX)?.to_vec(),
                label: reader.text("label", NAME_BYTES_MAX)?.to_owned(),
            },
            4 => Self::Ask {
                card: reader.bytes("recovery card", CARD_BYTES_MAX)?.to_vec(),
                proof: reader.array("proof")?,
            },
            5 => Self::Person {
                roster: reader.bytes("roster", ROSTER_BYTES_MAX)?.to_vec(),
                name: reader.text("name", NAME_BYTES_MAX)?.to_owned(),
            },
            6 => {
                let (notebook, entries) = read_entries(&mut reader)?;
                Self::Controls { notebook, entries }
            }
            7 => Self::Wraps {
                notebook: NotebookId::from_bytes(reader.array("notebook")?),
                wraps: reader.bytes("wraps", FRAME_BYTES_MAX)?.to_vec(),
            },
            8 => Self::Frontier {
                notebook: NotebookId::from_bytes(reader.array("notebook")?),
                frontier: reader.bytes("frontier", FRAME_BYTES_MAX)?.to_vec(),
            },
            9 => Self::Done,
            10 => Self::Refused(EnrolRefusal::from_code(reader.u8("reason")?)?),
            11 => {
                let (notebook, entries) = read_entries(&mut reader)?;
                Self::Present { notebook, entries }
            }
            12 => Self::Capsule {
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
                bytes: reader.bytes("part of a capsule", FRAME_BYTES_MAX)?.to_vec(),
            },
            13 => Self::Enter {
                roster: reader.bytes("roster", ROSTER_BYTES_MAX)?.to_vec(),
            },
            other => {
                return Err(DecodeError::Unknown {
                    what: "message",
                    value: other.into(),
                });
            }
        };
        reader.finish()?;
        Ok(message)
    }
}

fn write_entries(writer: &mut Writer, code: u8, notebook: &NotebookId, entries: &[Vec<u8>]) {
    writer
        .u8(code)
        .raw(notebook.as_bytes())
        .varint(entries.len() as u64);
    for entry in entries {
        writer.bytes(entry);
    }
}

fn read_entries(reader: &mut Reader<'_>) -> Result<(NotebookId, Vec<Vec<u8>>), DecodeError> {
    let notebook = NotebookId::from_bytes(reader.array("notebook")?);
    let count = reader.count("control entries", CONTROL_ENTRIES_MAX)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(reader.bytes("control entry", CONTROL_BYTES_MAX)?.to_vec());
    }
    Ok((notebook, entries))
}
