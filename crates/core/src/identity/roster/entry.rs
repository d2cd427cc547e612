//! One signed entry of a roster.
//!
//! `version u8 ‖ kind u8 ‖ person 32 ‖ signer (u8, device 32) ‖ parents (count, 32 each) ‖ body (length,
//! bytes) ‖ signature 64`; the signature covers all before it, the hash covers all.
//!
//! | kind | body | signer |
//! | --- | --- | --- |
//! | 0 found | recovery card, device claim | recovery key |
//! | 1 add | device claim | a device or the recovery key |
//! | 2 revoke | device 32 | a device or the recovery key |
//! | 3 rotate | recovery card | recovery key |
//! | 4 revoke others | device 32 that stays | recovery key |

use super::RosterError;
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, SIGNATURE_BYTES, Signature, VerifyKey};
use crate::identity::{DeviceCard, DeviceClaim, DeviceSecrets, RecoveryCard, RecoverySecrets};
use crate::ids::{DeviceId, PersonId, RosterHash};
use crate::limits::{ROSTER_ENTRY_BYTES_MAX, ROSTER_PARENTS_MAX};

const VERSION: u8 = 1;
const SIGNER_RECOVERY: u8 = 0;
const SIGNER_DEVICE: u8 = 1;

/// Who signed a roster entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RosterSigner {
    /// The person's recovery key.
    Recovery,
    /// One of the person's devices.
    Device(DeviceId),
}

/// What a roster entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RosterKind {
    /// Founds the person and adds the first device.
    Found {
        /// The person's first recovery card.
        recovery: Box<RecoveryCard>,
        /// The person's first device.
        device: Box<DeviceCard>,
    },
    /// Adds a device.
    Add {
        /// The device.
        device: Box<DeviceCard>,
    },
    /// Takes a device off, for good.
    Revoke {
        /// The device.
        device: DeviceId,
    },
    /// Puts another recovery key in place of the one that signs this.
    Rotate {
        /// The new recovery card.
        recovery: Box<RecoveryCard>,
    },
    /// Takes every device off but one, known or not, that was not added after this.
    RevokeOthers {
        /// The device that stays.
        keep: DeviceId,
    },
}

impl RosterKind {
    const FOUND: u8 = 0;
    const ADD: u8 = 1;
    const REVOKE: u8 = 2;
    const ROTATE: u8 = 3;
    const REVOKE_OTHERS: u8 = 4;

    /// Returns the device that the entry adds.
    pub fn added(&self) -> Option<&DeviceCard> {
        match self {
            Self::Found { device, .. } | Self::Add { device } => Some(device),
            _ => None,
        }
    }

    /// Returns the recovery card that the entry puts in force.
    pub fn recovery(&self) -> Option<&RecoveryCard> {
        match self {
            Self::Found { recovery, .. } | Self::Rotate { recovery } => Some(recovery),
            _ => None,
        }
    }

    /// Says whether the entry takes devices off.
    pub const fn revokes(&self) -> bool {
        matches!(self, Self::Revoke { .. } | Self::RevokeOthers { .. })
    }
}

/// Who signs the next entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum SignWith<'a> {
    Recovery(&'a RecoverySecrets),
    Device(&'a DeviceSecrets),
}

/// What the next entry says, with what has to stand in it.
#[derive(Debug)]
pub(super) enum Statement<'a> {
    Found(&'a RecoveryCard, &'a DeviceClaim),
    Add(&'a DeviceClaim),
    Revoke(DeviceId),
    Rotate(&'a RecoveryCard),
    RevokeOthers(DeviceId),
}

/// One signed entry of a roster, with the bytes that it came as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// Whose roster.
    pub person: PersonId,
    /// Who signed it.
    pub signer: RosterSigner,
    /// The entries that its author knew and that no other one named, sorted.
    pub parents: Vec<RosterHash>,
    /// What it says.
    pub kind: RosterKind,
    bytes: Vec<u8>,
    hash: RosterHash,
}

impl RosterEntry {
    pub(super) fn sign(
        person: PersonId,
        parents: Vec<RosterHash>,
        statement: &Statement<'_>,
        with: SignWith<'_>,
    ) -> Self {
        let (code, body, kind) = statement.parts();
        let (signer, tag, device) = match with {
            SignWith::Recovery(_) => (RosterSigner::Recovery, SIGNER_RECOVERY, DeviceId::ZERO),
            SignWith::Device(device) => {
                let id = device.id();
                (RosterSigner::Device(id), SIGNER_DEVICE, id)
            }
        };
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .u8(code)
            .raw(person.as_bytes())
            .u8(tag)
            .raw(device.as_bytes())
            .varint(parents.len() as u64);
        for parent in &parents {
            writer.raw(parent.as_bytes());
        }
        writer.bytes(&body);
        let signature = match with {
            SignWith::Recovery(recovery) => recovery.signing().sign(writer.as_slice()),
            SignWith::Device(device) => device.signing().sign(writer.as_slice()),
        };
        writer.raw(&signature);
        let bytes = writer.into_bytes();
        Self {
            person,
            signer,
            parents,
            kind,
            hash: hash_of(&bytes),
            bytes,
        }
    }

    /// Reads an entry. A founding one proves itself and is checked whole; the signature of any other
    /// needs the entries before it ([`super::Roster::insert`]).
    ///
    /// # Errors
    /// [`RosterError`] for a malformed or unknown entry, a founding one that is wrongly signed, or a
    /// device that does not say itself whose it is.
    pub fn parse(bytes: &[u8]) -> Result<Self, RosterError> {
        if bytes.len() > ROSTER_ENTRY_BYTES_MAX {
            return Err(DecodeError::TooMany {
                what: "roster entry",
                found: bytes.len() as u64,
                limit: ROSTER_ENTRY_BYTES_MAX as u64,
            }
            .into());
        }
        let mut reader = Reader::new(bytes);
        match reader.u8("version")? {
            VERSION => {}
            other => return Err(unknown("roster version", other)),
        }
        let code = reader.u8("kind")?;
        let person = PersonId::from_bytes(reader.array("person")?);
        let tag = reader.u8("signer")?;
        let device = DeviceId::from_bytes(reader.array("signing device")?);
        let signer = match tag {
            SIGNER_RECOVERY if device.is_zero() => RosterSigner::Recovery,
            SIGNER_DEVICE => RosterSigner::Device(device),
            other => return Err(unknown("roster signer", other)),
        };
        let parents = read_parents(&mut reader)?;
        let body = reader.bytes("body", ROSTER_ENTRY_BYTES_MAX)?;
        reader.take("signature", SIGNATURE_BYTES)?;
        reader.finish()?;

        let kind = read_kind(code, person, body)?;
        let is_founding = matches!(kind, RosterKind::Found { .. });
        let needs_recovery = matches!(
            kind,
            RosterKind::Rotate { .. } | RosterKind::RevokeOthers { .. }
        );
        if is_founding != parents.is_empty() {
            return Err(RosterError::NoFounding);
        }
        if (is_founding || needs_recovery) && signer != RosterSigner::Recovery {
            return Err(RosterError::UnknownSigner);
        }
        let entry = Self {
            person,
            signer,
            parents,
            kind,
            hash: hash_of(bytes),
            bytes: bytes.to_vec(),
        };
        if let RosterKind::Found { recovery, .. } = &entry.kind {
            if recovery.person() != person {
                return Err(RosterError::WrongPerson);
            }
            entry.verify(&recovery.verify_key)?;
        }
        Ok(entry)
    }

    /// Checks the signature under the signer's key.
    ///
    /// # Errors
    /// [`RosterError::Signature`] where it does not fit.
    pub(super) fn verify(&self, key: &VerifyKey) -> Result<(), RosterError> {
        let Some((signed, signature)) = self.bytes.split_last_chunk::<SIGNATURE_BYTES>() else {
            return Err(RosterError::Signature);
        };
        let signature: &Signature = signature;
        key.verify(signed, signature)
            .map_err(|_| RosterError::Signature)
    }

    /// Returns the entry's bytes as they were signed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the hash that names the entry.
    pub const fn hash(&self) -> RosterHash {
        self.hash
    }
}

impl Statement<'_> {
    fn parts(&self) -> (u8, Vec<u8>, RosterKind) {
        let boxed = |claim: &DeviceClaim| Box::new(claim.card.clone());
        match self {
            Self::Found(recovery, claim) => (
                RosterKind::FOUND,
                [recovery.to_bytes(), claim.to_bytes()].concat(),
                RosterKind::Found {
                    recovery: Box::new((*recovery).clone()),
                    device: boxed(claim),
                },
            ),
            Self::Add(claim) => (
                RosterKind::ADD,
                claim.to_bytes(),
                RosterKind::Add {
                    device: boxed(claim),
                },
            ),
            Self::Revoke(device) => (
                RosterKind::REVOKE,
                device.as_bytes().to_vec(),
                RosterKind::Revoke { device: *device },
            ),
            Self::Rotate(recovery) => (
                RosterKind::ROTATE,
                recovery.to_bytes(),
                RosterKind::Rotate {
                    recovery: Box::new((*recovery).clone()),
                },
            ),
            Self::RevokeOthers(keep) => (
                RosterKind::REVOKE_OTHERS,
                keep.as_bytes().to_vec(),
                RosterKind::RevokeOthers { keep: *keep },
            ),
        }
    }
}

fn read_parents(reader: &mut Reader<'_>) -> Result<Vec<RosterHash>, DecodeError> {
    let count = reader.count("parents", ROSTER_PARENTS_MAX)?;
    let mut parents: Vec<RosterHash> = Vec::with_capacity(count);
    for _ in 0..count {
        let parent = RosterHash::from_bytes(reader.array("parent")?);
        if parents.last().is_some_and(|last| *last >= parent) {
            return Err(DecodeError::Invalid("order of parents"));
        }
        parents.push(parent);
    }
    Ok(parents)
}

fn read_kind(code: u8, person: PersonId, body: &[u8]) -> Result<RosterKind, RosterError> {
    let mut body = Reader::new(body);
    let claimed = |body: &mut Reader<'_>| -> Result<Box<DeviceCard>, RosterError> {
        let claim = DeviceClaim::read(body)?;
        claim.verify(person).map_err(|_| RosterError::NotClaimed)?;
        Ok(Box::new(claim.card))
    };
    let kind = match code {
        RosterKind::FOUND => RosterKind::Found {
            recovery: Box::new(RecoveryCard::read(&mut body)?),
            device: claimed(&mut body)?,
        },
        RosterKind::ADD => RosterKind::Add {
            device: claimed(&mut body)?,
        },
        RosterKind::REVOKE => RosterKind::Revoke {
            device: DeviceId::from_bytes(body.array("device")?),
        },
        RosterKind::ROTATE => RosterKind::Rotate {
            recovery: Box::new(RecoveryCard::read(&mut body)?),
        },
        RosterKind::REVOKE_OTHERS => RosterKind::RevokeOthers {
            keep: DeviceId::from_bytes(body.array("device")?),
        },
        other => return Err(unknown("roster kind", other)),
    };
    body.finish()?;
    Ok(kind)
}

fn unknown(what: &'static str, value: u8) -> RosterError {
    DecodeError::Unknown {
        what,
        value: value.into(),
    }
    .into()
}

fn hash_of(bytes: &[u8]) -> RosterHash {
    RosterHash::from_bytes(crypto::digest("hearthside 2026-11 roster entry", &[bytes]))
}
