//! The sealed and signed form: `version u8 ‖ suite u8 ‖ capsule id 32 ‖ device 32 ‖ counter u64 ‖ time u64 ‖
//! sealed content (length, bytes) ‖ signature 64`.

use zeroize::Zeroizing;

use super::CapsuleContent;
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, KemError, SIGNATURE_BYTES, Signature, SignatureError, VerifyKey};
use crate::identity::{DeviceSecrets, RecoveryCard, RecoverySecrets, RosterError};
use crate::ids::{CapsuleHash, CapsuleId, DeviceId};
use crate::limits::CAPSULE_BYTES_MAX;
use crate::log::{pad, unpad};

const VERSION: u8 = 1;

/// A capsule that cannot be made or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CapsuleError {
    /// The bytes do not follow the layout, or come from a newer version.
    #[error("the capsule is damaged, or was made by a newer version of the program: {0}")]
    Layout(#[from] DecodeError),
    /// It would be too large to be kept.
    #[error("the capsule would be larger than {CAPSULE_BYTES_MAX} bytes")]
    TooLarge,
    /// It was made for another phrase.
    #[error("the capsule was made for another recovery phrase")]
    OtherPhrase,
    /// It does not open: it is damaged, or was never made for this phrase.
    #[error("the capsule does not open: it is damaged")]
    Seal(#[from] KemError),
    /// The roster inside does not check.
    #[error("the roster in the capsule does not check: {0}")]
    Roster(#[from] RosterError),
    /// No device of the person signed it.
    #[error("the capsule is not signed by a device of its person")]
    Signature(#[from] SignatureError),
}

impl CapsuleId {
    /// Returns where the capsules of whoever has this recovery card are found.
    pub fn of(card: &RecoveryCard) -> Self {
        Self::from_bytes(crypto::digest(
            "hearthside 2026-11 capsule id",
            &[&card.to_bytes()],
        ))
    }
}

/// What a capsule says in the clear, with its hash and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapsuleHead {
    /// Where it is found.
    pub id: CapsuleId,
    /// The device that made it.
    pub device: DeviceId,
    /// How many that device has made, this one included.
    pub counter: u64,
    /// When it was made by that device's clock, in milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// Its hash.
    pub hash: CapsuleHash,
    /// Its length in bytes.
    pub length: u32,
}

/// A capsule, sealed and signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capsule {
    bytes: Vec<u8>,
    head: CapsuleHead,
    sealed: core::ops::Range<usize>,
}

impl Capsule {
    /// Seals what a capsule holds to a recovery card, and signs it.
    ///
    /// # Errors
    /// [`CapsuleError::TooLarge`], or a card that cannot be sealed to.
    pub fn seal(
        content: &CapsuleContent,
        card: &RecoveryCard,
        device: &DeviceSecrets,
        (counter, time_ms): (u64, u64),
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<Self, CapsuleError> {
        let mut plain = content.to_bytes();
        if plain.len() > CAPSULE_BYTES_MAX {
            return Err(CapsuleError::TooLarge);
        }
        pad(&mut plain);
        let id = CapsuleId::of(card);
        let mut writer = Writer::new();
        write_clear(&mut writer, id, device.id(), counter, time_ms);
        let sealed = crypto::seal_to(&card.sealing_key, &info(writer.as_slice()), &plain, rng)?;
        writer.bytes(&sealed);
        let signature = device.signing().sign(&signed_bytes(writer.as_slice()));
        writer.raw(&signature);
        let bytes = writer.into_bytes();
        if bytes.len() > CAPSULE_BYTES_MAX {
            return Err(CapsuleError::TooLarge);
        }
        Ok(Self::parse(bytes)?)
    }

    /// Reads a capsule; who signed it says [`Capsule::verify`].
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        if bytes.len() > CAPSULE_BYTES_MAX {
            return Err(DecodeError::Invalid("length of a capsule"));
        }
        let mut reader = Reader::new(&bytes);
        for (what, known) in [("capsule", VERSION), ("suite", crypto::SUITE)] {
            let value = reader.u8(what)?;
            if value != known {
                return Err(DecodeError::Unknown {
                    what,
                    value: value.into(),
                });
            }
        }
        let id = CapsuleId::from_bytes(reader.array("capsule id")?);
        let device = DeviceId::from_bytes(reader.array("device")?);
        let counter = reader.u64("counter")?;
        let time_ms = reader.u64("time")?;
        let length = reader.bytes("sealed content", CAPSULE_BYTES_MAX)?.len();
        let end = bytes.len() - reader.remaining();
        reader.array::<SIGNATURE_BYTES>("signature")?;
        reader.finish()?;
        let hash = crypto::digest("hearthside 2026-11 capsule", &[&bytes]);
        let head = CapsuleHead {
            id,
            device,
            counter,
            time_ms,
            hash: CapsuleHash::from_bytes(hash),
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        };
        Ok(Self {
            bytes,
            head,
            sealed: end - length..end,
        })
    }

    /// Returns what it says in the clear.
    pub const fn head(&self) -> &CapsuleHead {
        &self.head
    }

    /// Returns its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Checks that a device signed it, by the device's key.
    ///
    /// # Errors
    /// [`SignatureError`] where it did not.
    pub fn verify(&self, key: &VerifyKey) -> Result<(), SignatureError> {
        let (signed, signature) = self
            .bytes
            .split_last_chunk::<SIGNATURE_BYTES>()
            .ok_or(SignatureError)?;
        let signature: &Signature = signature;
        key.verify(&signed_bytes(signed), signature)
    }

    /// Opens it with the keys of the phrase, and checks that a device of the person made it: one that was on
    /// the roster inside, which proves itself.
    ///
    /// # Errors
    /// [`CapsuleError`], naming what does not fit.
    pub fn open(&self, recovery: &RecoverySecrets) -> Result<CapsuleContent, CapsuleError> {
        if CapsuleId::of(&recovery.card()) != self.head.id {
            return Err(CapsuleError::OtherPhrase);
        }
        let mut clear = Writer::new();
        let CapsuleHead {
            id,
            device,
            counter,
            time_ms,
            ..
        } = self.head;
        write_clear(&mut clear, id, device, counter, time_ms);
        let sealed = self.bytes.get(self.sealed.clone()).unwrap_or_default();
        let opened = crypto::open_from(recovery.sealing(), &info(clear.as_slice()), sealed)?;
        let opened = Zeroizing::new(opened);
        let plain = unpad(&opened).ok_or(DecodeError::Invalid("padding"))?;
        let content = CapsuleContent::parse(plain)?;
        let added = content
            .roster
            .entries()
            .filter_map(|entry| entry.kind.added());
        let key = added
            .map(|card| (card.id(), card.verify_key))
            .find_map(|(id, key)| (id == device).then_some(key))
            .ok_or(SignatureError)?;
        self.verify(&key)?;
        if !recovery.fit(content.roster.recovery()) {
            return Err(CapsuleError::OtherPhrase);
        }
        Ok(content)
    }
}

fn write_clear(writer: &mut Writer, id: CapsuleId, device: DeviceId, counter: u64, time_ms: u64) {
    writer
        .u8(VERSION)
        .u8(crypto::SUITE)
        .raw(id.as_bytes())
        .raw(device.as_bytes())
        .u64(counter)
        .u64(time_ms);
}

/// HPKE info: the label, then all that stands in the clear.
fn info(clear: &[u8]) -> Vec<u8> {
    [b"hearthside capsule", clear].concat()
}

fn signed_bytes(before: &[u8]) -> [u8; 32] {
    crypto::digest("hearthside 2026-11 capsule signature", &[before])
}
