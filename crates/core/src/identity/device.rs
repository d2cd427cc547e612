//! A device's three key pairs: made on the device, never copied, in no backup.

use super::{DeviceCard, DeviceClaim};
use crate::crypto::{SealingSecret, Secret, SigningSecret};
use crate::ids::{DeviceId, PersonId, TransportId};

/// A device's secrets: signing, sealing and transport.
#[derive(Debug, Clone)]
pub struct DeviceSecrets {
    signing: SigningSecret,
    sealing: SealingSecret,
    transport: SigningSecret,
    card: DeviceCard,
}

impl DeviceSecrets {
    /// Draws new keys.
    pub fn random(rng: &mut dyn rand_core::CryptoRng) -> Self {
        Self::from_seeds([
            Secret::random(rng),
            Secret::random(rng),
            Secret::random(rng),
        ])
    }

    /// Reads the keys back from their seeds: signing, sealing, transport.
    pub fn from_seeds([signing, sealing, transport]: [Secret; 3]) -> Self {
        let signing = SigningSecret::from_secret(&signing);
        let sealing = SealingSecret::from_secret(sealing);
        let transport = SigningSecret::from_secret(&transport);
        let card = DeviceCard::new(
            signing.verify_key(),
            TransportId::from_bytes(transport.verify_key().to_bytes()),
            sealing.sealing_key().clone(),
        );
        Self {
            signing,
            sealing,
            transport,
            card,
        }
    }

    /// Returns the seeds for the sealed store: signing, sealing, transport.
    pub fn to_seeds(&self) -> [Secret; 3] {
        [
            self.signing.to_secret(),
            self.sealing.to_secret(),
            self.transport.to_secret(),
        ]
    }

    /// Returns the public half.
    pub const fn card(&self) -> &DeviceCard {
        &self.card
    }

    /// Returns the device.
    pub const fn id(&self) -> DeviceId {
        self.card.id()
    }

    /// Says with both keys that the device is a person's.
    pub fn claim(&self, person: PersonId) -> DeviceClaim {
        let claimed = self.card.claimed_bytes(person);
        DeviceClaim {
            card: self.card.clone(),
            signatures: [self.signing.sign(&claimed), self.transport.sign(&claimed)],
        }
    }

    /// Lends the key that signs entries.
    pub const fn signing(&self) -> &SigningSecret {
        &self.signing
    }

    /// Lends the key that opens wraps.
    pub const fn sealing(&self) -> &SealingSecret {
        &self.sealing
    }

    /// Returns the seed of the transport key, for the endpoint.
    pub fn transport_seed(&self) -> Secret {
        self.transport.to_secret()
    }
}
