//! A person's roster: the signed log that says which devices are theirs.
//!
//! An entry is `version u8 ‖ kind u8 ‖ person 32 ‖ signer (u8, device 32) ‖ parents (count, 32 each)
//! ‖ body (length, bytes) ‖ signature 64`; the signature covers all before it. The first entry
//! carries the recovery card, whose hash is the person, the device card, and the signatures of the
//! device's signing and transport keys over both, so a roster proves itself and nobody can claim
//! another's device.

use std::collections::BTreeMap;

use super::{CardError, DeviceCard, DeviceSecrets, RecoveryCard, RecoverySecrets};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, SIGNATURE_BYTES, Signature};
use crate::ids::{DeviceId, PersonId, RosterHash};
use crate::limits::{ROSTER_ENTRIES_MAX, ROSTER_ENTRY_BYTES_MAX};

const VERSION: u8 = 1;
const SIGNER_RECOVERY: u8 = 0;

/// A roster, or an entry of one, that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// The bytes do not follow the layout.
    #[error("the roster entry is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// A card inside holds no usable keys.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The first entry does not make the person that it names.
    #[error("the roster's recovery card is not that of the person it names")]
    WrongPerson,
    /// The signature does not fit.
    #[error("the roster entry's signature does not fit its signer")]
    Signature,
    /// The device's own keys do not say that it is this person's.
    #[error("the roster names a device whose keys do not say that it is this person's")]
    NotClaimed,
    /// There is no first entry, or more than one.
    #[error("a roster begins with exactly one founding entry")]
    NoFounding,
    /// The signer is no device on this roster.
    #[error("the roster entry is signed by a device that is not on the roster")]
    UnknownSigner,
}

/// What a roster entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RosterKind {
    /// Founds the person and adds the first device; signed by the recovery key.
    Found {
        /// The person's first recovery card.
        recovery: Box<RecoveryCard>,
        /// The person's first device.
        device: Box<DeviceCard>,
    },
}

impl RosterKind {
    const FOUND: u8 = 0;
}

/// One signed entry of a roster, with the bytes that it came as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// Whose roster.
    pub person: PersonId,
    /// What it says.
    pub kind: RosterKind,
    bytes: Vec<u8>,
    hash: RosterHash,
}

impl RosterEntry {
    pub(super) fn found(recovery: &RecoverySecrets, secrets: &DeviceSecrets) -> Self {
        let card = recovery.card();
        let device = secrets.card();
        let person = card.person();
        let mut body = card.to_bytes();
        body.extend_from_slice(&device.to_bytes());
        for signature in secrets.claim(person) {
            body.extend_from_slice(&signature);
        }
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .u8(RosterKind::FOUND)
            .raw(person.as_bytes())
            .u8(SIGNER_RECOVERY)
            .raw(DeviceId::ZERO.as_bytes())
            .varint(0)
            .bytes(&body);
        let signature = recovery.signing().sign(writer.as_slice());
        writer.raw(&signature);
        let kind = RosterKind::Found {
            recovery: Box::new(card),
            device: Box::new(device.clone()),
        };
        Self::assemble(person, kind, writer.into_bytes())
    }

    /// Reads an entry and checks its signature.
    ///
    /// # Errors
    /// [`RosterError`] for a malformed, unknown or wrongly signed entry.
    pub fn parse(bytes: &[u8]) -> Result<Self, RosterError> {
        if bytes.len() > ROSTER_ENTRY_BYTES_MAX {
            return Err(DecodeError::TooMany {
                what: "roster entry",
                found: bytes.len() as u64,
                limit: ROSTER_ENTRY_BYTES_MAX as u64,
            }
            .into());
        }
        let signed_len = bytes
            .len()
            .checked_sub(SIGNATURE_BYTES)
            .ok_or(DecodeError::Truncated("signature"))?;
        let mut reader = Reader::new(bytes);
        match reader.u8("version")? {
            VERSION => {}
            other => {
                return Err(DecodeError::Unknown {
                    what: "roster version",
                    value: other.into(),
                }
                .into());
            }
        }
        let kind = reader.u8("kind")?;
        let person = PersonId::from_bytes(reader.array("person")?);
        let signer = reader.u8("signer")?;
        let signing_device = DeviceId::from_bytes(reader.array("signing device")?);
        let parents = reader.count("parents", ROSTER_ENTRIES_MAX)?;
        reader.take("parents", parents * RosterHash::LEN)?;
        let body = reader.bytes("body", ROSTER_ENTRY_BYTES_MAX)?;
        let signature: Signature = reader.array("signature")?;
        reader.finish()?;

        match kind {
            RosterKind::FOUND => {}
            other => {
                return Err(DecodeError::Unknown {
                    what: "roster kind",
                    value: other.into(),
                }
                .into());
            }
        }
        if signer != SIGNER_RECOVERY || !signing_device.is_zero() || parents != 0 {
            return Err(RosterError::NoFounding);
        }
        let mut body = Reader::new(body);
        let recovery = Box::new(RecoveryCard::read(&mut body)?);
        let device = Box::new(DeviceCard::read(&mut body)?);
        let claim = [body.array("signing claim")?, body.array("transport claim")?];
        body.finish()?;
        if recovery.person() != person {
            return Err(RosterError::WrongPerson);
        }
        device
            .verify_claim(person, &claim)
            .map_err(|_| RosterError::NotClaimed)?;
        let signed = bytes
            .get(..signed_len)
            .ok_or(DecodeError::Truncated("signature"))?;
        recovery
            .verify_key
            .verify(signed, &signature)
            .map_err(|_| RosterError::Signature)?;
        Ok(Self::assemble(
            person,
            RosterKind::Found { recovery, device },
            bytes.to_vec(),
        ))
    }

    fn assemble(person: PersonId, kind: RosterKind, bytes: Vec<u8>) -> Self {
        let hash =
            RosterHash::from_bytes(crypto::digest("hearthside 2026-11 roster entry", &[&bytes]));
        Self {
            person,
            kind,
            bytes,
            hash,
        }
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

/// A person's roster, resolved: which devices are theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    person: PersonId,
    recovery: RecoveryCard,
    devices: BTreeMap<DeviceId, DeviceCard>,
    entries: Vec<RosterEntry>,
}

impl Roster {
    /// Starts a roster from its founding entry.
    pub fn new(founding: RosterEntry) -> Self {
        let RosterKind::Found { recovery, device } = &founding.kind;
        Self {
            person: founding.person,
            recovery: (**recovery).clone(),
            devices: BTreeMap::from([(device.id(), (**device).clone())]),
            entries: vec![founding],
        }
    }

    /// Reads a roster: a count, then each entry with its length.
    ///
    /// # Errors
    /// [`RosterError`] for the first entry that cannot be accepted.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, RosterError> {
        let count = reader.count("roster entries", ROSTER_ENTRIES_MAX)?;
        if count != 1 {
            return Err(RosterError::NoFounding);
        }
        Ok(Self::new(RosterEntry::parse(
            reader.bytes("roster entry", ROSTER_ENTRY_BYTES_MAX)?,
        )?))
    }

    /// Appends the roster in the form that [`Roster::read`] takes.
    pub fn write(&self, writer: &mut Writer) {
        writer.varint(self.entries.len() as u64);
        for entry in &self.entries {
            writer.bytes(entry.as_bytes());
        }
    }

    /// Returns the roster's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        self.write(&mut writer);
        writer.into_bytes()
    }

    /// Returns whose roster it is.
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// Returns the card that epoch keys are wrapped to for recovery.
    pub const fn recovery(&self) -> &RecoveryCard {
        &self.recovery
    }

    /// Returns the person's devices.
    pub const fn devices(&self) -> &BTreeMap<DeviceId, DeviceCard> {
        &self.devices
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::identity::RecoveryPhrase;

    fn founding() -> RosterEntry {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let recovery = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut rng));
        recovery.found_roster(&DeviceSecrets::random(&mut rng))
    }

    #[test]
    fn a_roster_proves_itself() {
        let roster = Roster::new(founding());
        let bytes = roster.to_bytes();
        assert_eq!(Roster::read(&mut Reader::new(&bytes)), Ok(roster));
    }

    #[test]
    fn every_flipped_bit_is_refused() {
        let entry = founding();
        for bit in 0..entry.as_bytes().len() * 8 {
            let mut bytes = entry.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(
                RosterEntry::parse(&bytes).is_err(),
                "bit {bit} was accepted"
            );
        }
    }

    #[test]
    fn another_person_cannot_claim_a_roster() {
        let (mine, mut rng) = (founding(), ChaCha20Rng::seed_from_u64(6));
        let other = RecoverySecrets::from_phrase(&RecoveryPhrase::random(&mut rng));
        let theirs = other.found_roster(&DeviceSecrets::random(&mut rng));
        assert_ne!(mine.person, theirs.person);
        let mut spliced = theirs.as_bytes().to_vec();
        spliced[2..34].copy_from_slice(mine.person.as_bytes());
        assert_eq!(RosterEntry::parse(&spliced), Err(RosterError::WrongPerson));
    }
}
