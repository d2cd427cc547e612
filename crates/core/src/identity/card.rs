//! Cards: the public keys of a person's recovery and of a device, in fixed layouts.
//!
//! | card | layout |
//! | --- | --- |
//! | recovery | suite `u8` ‖ Ed25519 key 32 ‖ X-Wing key 1216 |
//! | device | suite `u8` ‖ Ed25519 signing key 32 ‖ Ed25519 transport key 32 ‖ X-Wing key 1216 |

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, SEALING_KEY_BYTES, SealingKey, Signature, SignatureError, VerifyKey};
use crate::ids::{DeviceId, PersonId, RecoveryId, TransportId};

/// A card whose bytes are no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// The bytes do not follow the layout.
    #[error("the card is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// A key is not a usable public key.
    #[error("the card holds a {0} key that cannot be used")]
    Key(&'static str),
}

/// The public half of a person's recovery keys; its hash is the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCard {
    /// Signs roster entries above every device.
    pub verify_key: VerifyKey,
    /// Every epoch key is wrapped to it.
    pub sealing_key: SealingKey,
}

impl RecoveryCard {
    /// Length of a card.
    pub const BYTES: usize = 1 + 32 + SEALING_KEY_BYTES;

    /// Reads a card from the front of `reader`.
    ///
    /// # Errors
    /// [`CardError`] for an unknown suite, missing bytes or unusable keys.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CardError> {
        read_suite(reader)?;
        let verify_key = read_verify_key(reader, "recovery signing")?;
        let sealing_key = read_sealing_key(reader, "recovery sealing")?;
        Ok(Self {
            verify_key,
            sealing_key,
        })
    }

    /// Returns the card's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(crypto::SUITE)
            .raw(&self.verify_key.to_bytes())
            .raw(self.sealing_key.as_bytes());
        writer.into_bytes()
    }

    /// Returns what names the card as a holder of epoch keys: for a person's first card, the same bytes as
    /// the person.
    pub fn id(&self) -> RecoveryId {
        RecoveryId::from_bytes(*self.person().as_bytes())
    }

    /// Returns whom this card makes, where it is their first.
    pub fn person(&self) -> PersonId {
        PersonId::from_bytes(crypto::digest(
            "hearthside 2026-11 person id",
            &[&self.to_bytes()],
        ))
    }
}

/// A device's card with what its own keys say: whose device it is. `card ‖ signature 64 by the signing key ‖
/// signature 64 by the transport key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceClaim {
    /// The device.
    pub card: DeviceCard,
    pub(super) signatures: [Signature; 2],
}

impl DeviceClaim {
    /// Reads a claim from the front of `reader`; whose it is says [`DeviceClaim::verify`].
    ///
    /// # Errors
    /// [`CardError`] for missing bytes or a bad card.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CardError> {
        Ok(Self {
            card: DeviceCard::read(reader)?,
            signatures: [
                reader.array("signing claim")?,
                reader.array("transport claim")?,
            ],
        })
    }

    /// Returns the claim's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let [signing, transport] = &self.signatures;
        [&self.card.to_bytes()[..], signing, transport].concat()
    }

    /// Checks that both of the device's keys say that it is a person's.
    ///
    /// # Errors
    /// [`SignatureError`] where one does not.
    pub fn verify(&self, person: PersonId) -> Result<(), SignatureError> {
        let [signing, transport] = &self.signatures;
        let claimed = self.card.claimed_bytes(person);
        self.card.verify_key.verify(&claimed, signing)?;
        VerifyKey::from_bytes(self.card.transport.as_bytes())?.verify(&claimed, transport)
    }
}

/// The public half of a device's three key pairs; its hash is the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCard {
    /// Signs the device's entries.
    pub verify_key: VerifyKey,
    /// Proves the device on connections.
    pub transport: TransportId,
    /// Epoch keys are wrapped to it.
    pub sealing_key: SealingKey,
    id: DeviceId,
}

impl DeviceCard {
    /// Length of a card.
    pub const BYTES: usize = 1 + 32 + 32 + SEALING_KEY_BYTES;

    /// Makes a card of three public keys.
    pub fn new(verify_key: VerifyKey, transport: TransportId, sealing_key: SealingKey) -> Self {
        let mut card = Self {
            verify_key,
            transport,
            sealing_key,
            id: DeviceId::ZERO,
        };
        card.id = DeviceId::from_bytes(crypto::digest(
            "hearthside 2026-11 device id",
            &[&card.to_bytes()],
        ));
        card
    }

    /// Reads a card from the front of `reader`.
    ///
    /// # Errors
    /// [`CardError`] for an unknown suite, missing bytes or unusable keys.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CardError> {
        read_suite(reader)?;
        let verify_key = read_verify_key(reader, "device signing")?;
        let transport = TransportId::from_bytes(reader.array("transport key")?);
        let sealing_key = read_sealing_key(reader, "device sealing")?;
        Ok(Self::new(verify_key, transport, sealing_key))
    }

    /// Returns the card's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(crypto::SUITE)
            .raw(&self.verify_key.to_bytes())
            .raw(self.transport.as_bytes())
            .raw(self.sealing_key.as_bytes());
        writer.into_bytes()
    }

    /// Returns what the device's keys sign to say whose device it is.
    pub(super) fn claimed_bytes(&self, person: PersonId) -> [u8; 32] {
        crypto::digest(
            "hearthside 2026-11 device claim",
            &[person.as_bytes(), &self.to_bytes()],
        )
    }

    /// Returns the device that this card makes.
    pub const fn id(&self) -> DeviceId {
        self.id
    }
}

fn read_suite(reader: &mut Reader<'_>) -> Result<(), CardError> {
    Ok(reader.known("suite", crypto::SUITE)?)
}

fn read_verify_key(reader: &mut Reader<'_>, what: &'static str) -> Result<VerifyKey, CardError> {
    VerifyKey::from_bytes(&reader.array(what)?).map_err(|_| CardError::Key(what))
}

fn read_sealing_key(reader: &mut Reader<'_>, what: &'static str) -> Result<SealingKey, CardError> {
    SealingKey::from_bytes(reader.take(what, SEALING_KEY_BYTES)?).map_err(|_| CardError::Key(what))
}
