//! The messages of a pairing.

use core::fmt;

use crate::codec::{DecodeError, Reader, Writer};
use crate::control::Role;
use crate::crypto::{self, Signature};
use crate::ids::{ControlHash, DeviceId};
use crate::limits::{CONTROL_BYTES_MAX, CONTROL_ENTRIES_MAX, FRAME_BYTES_MAX, NAME_BYTES_MAX};

/// Why an inviter does not admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No such invitation, or the secret is wrong. Both look alike to a guesser.
    Invalid,
    /// Somebody was admitted by it.
    Used,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
    /// The joiner broke the protocol.
    Protocol,
    /// The inviter cannot write just now.
    Unavailable,
    /// Another device of the inviter issued the ticket, and only that one redeems it.
    AskDevice(DeviceId),
}

impl Refusal {
    const fn code(self) -> u8 {
        match self {
            Self::Invalid => 1,
            Self::Used => 2,
            Self::Expired => 3,
            Self::Revoked => 4,
            Self::Protocol => 5,
            Self::Unavailable => 6,
            Self::AskDevice(_) => 7,
        }
    }

    fn write(self, writer: &mut Writer) {
        writer.u8(self.code());
        if let Self::AskDevice(device) = self {
            writer.raw(device.as_bytes());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8("reason")? {
            1 => Ok(Self::Invalid),
            2 => Ok(Self::Used),
            3 => Ok(Self::Expired),
            4 => Ok(Self::Revoked),
            5 => Ok(Self::Protocol),
            6 => Ok(Self::Unavailable),
            7 => Ok(Self::AskDevice(DeviceId::from_bytes(
                reader.array("device")?,
            ))),
            other => Err(DecodeError::Unknown {
                what: "refusal",
                value: other as u64,
            }),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AskDevice(device) => {
                return write!(
                    f,
                    "another device of the inviter issued the ticket, {device}, and only that one lets in by it"
                );
            }
            Self::Invalid => "the inviter does not know this ticket",
            Self::Used => "somebody has already joined with this ticket",
            Self::Expired => "the ticket has expired",
            Self::Revoked => "the inviter has taken the ticket back, or takes nobody in with these keys",
            Self::Protocol => "the two programs did not understand each other",
            Self::Unavailable => "the inviter's program cannot admit anybody right now",
        })
    }
}

/// A message of a pairing: a type byte and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PairingMessage {
    /// 1, joiner: `invitation 32 ‖ commitment 32 ‖ proof 32`.
    Hello {
        /// The invitation.
        invite: ControlHash,
        /// H(joiner's nonce ‖ roster).
        commitment: [u8; 32],
        /// Proof of the ticket's secret on this connection.
        proof: [u8; 32],
    },
    /// 2, inviter: `nonce 32 ‖ roster ‖ name ‖ role u8`.
    Offer {
        /// The inviter's nonce.
        nonce: [u8; 32],
        /// The inviter's roster.
        roster: Vec<u8>,
        /// The inviter's name.
        name: String,
        /// What the joiner will be called.
        role: Role,
    },
    /// 3, joiner: `nonce 32 ‖ roster ‖ name ‖ device label ‖ signature 64`.
    Reveal {
        /// The joiner's nonce.
        nonce: [u8; 32],
        /// The joiner's roster.
        roster: Vec<u8>,
        /// The joiner's name.
        name: String,
        /// The label of the joiner's device.
        device_label: String,
        /// The ticket key's signature over notebook, invitation and roster.
        proof: Signature,
    },
    /// 4, inviter, any number of times: control entries (count, bytes each).
    Controls(
        /// The notebook's control entries, each after its past.
        Vec<Vec<u8>>,
    ),
    /// 6, inviter, last: the inviter's signed frontier.
    Welcome {
        /// What the inviter has: the joiner waits until it has as much.
        frontier: Vec<u8>,
    },
    /// 5, inviter: `reason u8`, then `device 32` where another device is to be asked.
    Refused(Refusal),
}

impl PairingMessage {
    /// Returns the commitment of a joiner.
    pub fn commitment(nonce: &[u8; 32], roster: &[u8]) -> [u8; 32] {
        crypto::digest("hearthside 2026-11 pairing commitment", &[nonce, roster])
    }

    /// Returns the message's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            Self::Hello {
                invite,
                commitment,
                proof,
            } => {
                writer
                    .u8(1)
                    .raw(invite.as_bytes())
                    .raw(commitment)
                    .raw(proof);
            }
            Self::Offer {
                nonce,
                roster,
                name,
                role,
            } => {
                writer
                    .u8(2)
                    .raw(nonce)
                    .bytes(roster)
                    .bytes(name.as_bytes())
                    .u8(role.code());
            }
            Self::Reveal {
                nonce,
                roster,
                name,
                device_label,
                proof,
            } => {
                writer
                    .u8(3)
                    .raw(nonce)
                    .bytes(roster)
                    .bytes(name.as_bytes())
                    .bytes(device_label.as_bytes())
                    .raw(proof);
            }
            Self::Controls(entries) => {
                writer.u8(4).varint(entries.len() as u64);
                for entry in entries {
                    writer.bytes(entry);
                }
            }
            Self::Welcome { frontier } => {
                writer.u8(6).bytes(frontier);
            }
            Self::Refused(reason) => {
                reason.write(writer.u8(5));
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
                invite: ControlHash::from_bytes(reader.array("invitation")?),
                commitment: reader.array("commitment")?,
                proof: reader.array("proof")?,
            },
            2 => Self::Offer {
                nonce: reader.array("nonce")?,
                roster: reader.bytes("roster", CONTROL_BYTES_MAX)?.to_vec(),
                name: reader.text("name", NAME_BYTES_MAX)?.to_owned(),
                role: Role::from_code(reader.u8("role")?)?,
            },
            3 => Self::Reveal {
                nonce: reader.array("nonce")?,
                roster: reader.bytes("roster", CONTROL_BYTES_MAX)?.to_vec(),
                name: reader.text("name", NAME_BYTES_MAX)?.to_owned(),
                device_label: reader.text("device label", NAME_BYTES_MAX)?.to_owned(),
                proof: reader.array("proof")?,
            },
            4 => {
                let count = reader.count("control entries", CONTROL_ENTRIES_MAX)?;
                let mut entries = Vec::new();
                for _ in 0..count {
                    entries.push(reader.bytes("control entry", CONTROL_BYTES_MAX)?.to_vec());
                }
                Self::Controls(entries)
            }
            5 => Self::Refused(Refusal::read(&mut reader)?),
            6 => Self::Welcome {
                frontier: reader.bytes("frontier", FRAME_BYTES_MAX)?.to_vec(),
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
