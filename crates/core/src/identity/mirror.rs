//! A mirror's keys: one that signs, one that proves it on connections, and none that opens anything.
//!
//! There is no sealing key among them, so nothing can be sealed to a mirror.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, Secret, SigningSecret, VerifyKey};
use crate::ids::{MirrorId, NotebookId, TransportId};

/// The public half of a mirror's keys, `suite u8 ‖ Ed25519 signing key 32 ‖ Ed25519 transport key 32`; its
/// hash is the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorCard {
    /// Signs what the mirror says that it has.
    pub verify_key: VerifyKey,
    /// Proves the mirror on connections.
    pub transport: TransportId,
    id: MirrorId,
}

impl MirrorCard {
    /// Length of a card.
    pub const BYTES: usize = 1 + 32 + 32;

    /// Makes a card of two public keys.
    pub fn new(verify_key: VerifyKey, transport: TransportId) -> Self {
        let mut card = Self {
            verify_key,
            transport,
            id: MirrorId::ZERO,
        };
        card.id = MirrorId::from_bytes(crypto::digest(
            "hearthside 2026-11 mirror id",
            &[&card.to_bytes()],
        ));
        card
    }

    /// Reads a card from the front of `reader`.
    ///
    /// # Errors
    /// [`DecodeError`] for an unknown suite, missing bytes or an unusable key.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.known("suite", crypto::SUITE)?;
        let key = reader.array("mirror signing key")?;
        let verify_key =
            VerifyKey::from_bytes(&key).map_err(|_| DecodeError::Invalid("mirror signing key"))?;
        let transport = TransportId::from_bytes(reader.array("mirror transport key")?);
        Ok(Self::new(verify_key, transport))
    }

    /// Returns the card's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(crypto::SUITE)
            .raw(&self.verify_key.to_bytes())
            .raw(self.transport.as_bytes());
        writer.into_bytes()
    }

    /// Returns the mirror that this card makes.
    pub const fn id(&self) -> MirrorId {
        self.id
    }
}

/// A mirror's secrets: signing and transport. None of them opens a content key.
#[derive(Debug, Clone)]
pub struct MirrorSecrets {
    signing: SigningSecret,
    transport: SigningSecret,
    card: MirrorCard,
}

impl MirrorSecrets {
    /// Draws new keys.
    pub fn random(rng: &mut dyn rand_core::CryptoRng) -> Self {
        Self::from_seeds([Secret::random(rng), Secret::random(rng)])
    }

    /// Reads the keys back from their seeds: signing, transport.
    pub fn from_seeds([signing, transport]: [Secret; 2]) -> Self {
        let signing = SigningSecret::from_secret(&signing);
        let transport = SigningSecret::from_secret(&transport);
        let card = MirrorCard::new(
            signing.verify_key(),
            TransportId::from_bytes(transport.verify_key().to_bytes()),
        );
        Self {
            signing,
            transport,
            card,
        }
    }

    /// Returns the seeds for the store: signing, transport.
    pub fn to_seeds(&self) -> [Secret; 2] {
        [self.signing.to_secret(), self.transport.to_secret()]
    }

    /// Returns the public half.
    pub const fn card(&self) -> &MirrorCard {
        &self.card
    }

    /// Returns the mirror.
    pub const fn id(&self) -> MirrorId {
        self.card.id()
    }

    /// Lends the key that signs what the mirror has.
    pub const fn signing(&self) -> &SigningSecret {
        &self.signing
    }

    /// Returns the seed of the transport key, for the endpoint.
    pub fn transport_seed(&self) -> Secret {
        self.transport.to_secret()
    }
}

/// What a mirror's owner gives to those whose notebooks it may hold: 128 bits. It stands in the mirror's ticket
/// and, sealed, in every notebook that the mirror was added to.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MirrorPass([u8; 16]);

impl MirrorPass {
    /// Draws a new one.
    pub fn random(rng: &mut dyn rand_core::CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Wraps secret bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Lends the bytes.
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// Proves the pass for one notebook on one connection.
    pub fn proof(&self, exporter: &[u8; 32], notebook: NotebookId) -> [u8; 32] {
        let root = crypto::digest("hearthside 2026-11 mirror pass", &[&self.0]);
        crypto::mac(
            &Secret::from_bytes(root),
            "mirror proof",
            &[exporter, notebook.as_bytes()],
        )
    }
}

impl PartialEq for MirrorPass {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for MirrorPass {}

impl fmt::Debug for MirrorPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MirrorPass(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_no_device_whatever_its_keys() {
        let secrets =
            MirrorSecrets::from_seeds([Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32])]);
        let device = crate::identity::DeviceSecrets::from_seeds([
            Secret::from_bytes([1; 32]),
            Secret::from_bytes([3; 32]),
            Secret::from_bytes([2; 32]),
        ]);
        assert_eq!(device.card().transport, secrets.card().transport);
        assert_ne!(device.id(), secrets.id().as_peer());
        let bytes = secrets.card().to_bytes();
        assert_eq!(bytes.len(), MirrorCard::BYTES);
        let read = MirrorCard::read(&mut Reader::new(&bytes));
        assert_eq!(read.as_ref(), Ok(secrets.card()));
    }

    #[test]
    fn a_proof_holds_for_one_connection_and_one_notebook() {
        let pass = MirrorPass::from_bytes([7; 16]);
        let (one, other) = (
            NotebookId::from_bytes([1; 32]),
            NotebookId::from_bytes([2; 32]),
        );
        assert_eq!(pass.proof(&[1; 32], one), pass.proof(&[1; 32], one));
        assert_ne!(pass.proof(&[1; 32], one), pass.proof(&[2; 32], one));
        assert_ne!(pass.proof(&[1; 32], one), pass.proof(&[1; 32], other));
        let wrong = MirrorPass::from_bytes([8; 16]);
        assert_ne!(pass.proof(&[1; 32], one), wrong.proof(&[1; 32], one));
    }
}
