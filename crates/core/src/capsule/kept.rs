//! What is kept of a capsule beside itself: `version u8 ‖ person 32 ‖ head ‖ basis ‖ states of the journals`.

use super::{CapsuleHead, NotebookState};
use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::{CapsuleHash, CapsuleId, DeviceId, PersonId};
use crate::limits::JOURNAL_COPIES_MAX;

const VERSION: u8 = 1;

/// What this device's own capsule was made of, to see when that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Basis {
    /// Over what is renewed at once: roster, notebooks, who holds them.
    pub(crate) at_once: [u8; 32],
    /// Over all of it.
    pub(crate) whole: [u8; 32],
}

/// What is known of a capsule that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCapsule {
    /// Whose it is.
    pub person: PersonId,
    /// What it says in the clear.
    pub head: CapsuleHead,
    /// What became of the journals in it, where this device made it: one state for each.
    pub journals: Vec<NotebookState>,
    pub(crate) basis: Option<Basis>,
}

impl KeptCapsule {
    /// What is known of a capsule that another device made.
    pub(crate) const fn of_another(person: PersonId, head: CapsuleHead) -> Self {
        Self {
            person,
            head,
            journals: Vec::new(),
            basis: None,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let head = &self.head;
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .raw(self.person.as_bytes())
            .raw(head.id.as_bytes())
            .raw(head.device.as_bytes())
            .u64(head.counter)
            .u64(head.time_ms)
            .u32(head.length)
            .raw(head.hash.as_bytes());
        match &self.basis {
            None => {
                writer.u8(0);
            }
            Some(basis) => {
                writer.u8(1).raw(&basis.at_once).raw(&basis.whole);
            }
        }
        writer.varint(self.journals.len() as u64);
        for state in &self.journals {
            writer.u8(state.code());
        }
        writer.into_bytes()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8("kept capsule")?;
        if version != VERSION {
            return Err(DecodeError::Unknown {
                what: "kept capsule",
                value: version.into(),
            });
        }
        let person = PersonId::from_bytes(reader.array("person")?);
        let head = CapsuleHead {
            id: CapsuleId::from_bytes(reader.array("capsule id")?),
            device: DeviceId::from_bytes(reader.array("device")?),
            counter: reader.u64("counter")?,
            time_ms: reader.u64("time")?,
            length: reader.u32("length")?,
            hash: CapsuleHash::from_bytes(reader.array("hash of a capsule")?),
        };
        let basis = match reader.u8("basis")? {
            0 => None,
            1 => Some(Basis {
                at_once: reader.array("basis")?,
                whole: reader.array("basis")?,
            }),
            other => {
                return Err(DecodeError::Unknown {
                    what: "basis",
                    value: other.into(),
                });
            }
        };
        let mut journals = Vec::new();
        for _ in 0..reader.count("journals", JOURNAL_COPIES_MAX)? {
            journals.push(NotebookState::from_code(reader.u8("state of a notebook")?)?);
        }
        reader.finish()?;
        Ok(Self {
            person,
            head,
            journals,
            basis,
        })
    }
}
