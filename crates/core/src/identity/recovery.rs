//! The recovery keys that a phrase stands for. They leave the device once the phrase was shown.

use super::{RecoveryCard, RecoveryPhrase};
use crate::crypto::{self, SealingSecret, Signature, SignatureError, SigningSecret, derive};
use crate::ids::PersonId;

/// A person's secret recovery keys, derived from their phrase.
#[derive(Debug, Clone)]
pub struct RecoverySecrets {
    signing: SigningSecret,
    sealing: SealingSecret,
}

impl RecoverySecrets {
    /// Derives the keys (HKDF-SHA256 over the phrase's 256 bits, one label each).
    pub fn from_phrase(phrase: &RecoveryPhrase) -> Self {
        Self {
            signing: SigningSecret::from_secret(&derive(phrase.entropy(), "recovery signing", &[])),
            sealing: SealingSecret::from_secret(derive(phrase.entropy(), "recovery sealing", &[])),
        }
    }

    /// Returns the public half.
    pub fn card(&self) -> RecoveryCard {
        RecoveryCard {
            verify_key: self.signing.verify_key(),
            sealing_key: self.sealing.sealing_key().clone(),
        }
    }

    /// Returns the person, where these are their first recovery keys.
    pub fn person(&self) -> PersonId {
        self.card().person()
    }

    /// Lends the key that opens what was wrapped to the recovery card.
    pub const fn sealing(&self) -> &SealingSecret {
        &self.sealing
    }

    /// Proves on one connection that whoever speaks has the recovery key.
    pub fn prove(&self, exporter: &[u8; 32]) -> Signature {
        self.signing.sign(&proof_bytes(exporter))
    }

    /// Lends the signing half to the roster.
    pub(super) const fn signing(&self) -> &SigningSecret {
        &self.signing
    }
}

impl RecoveryCard {
    /// Checks what [`RecoverySecrets::prove`] signed.
    ///
    /// # Errors
    /// [`SignatureError`] where the key does not fit, or the proof is another connection's.
    pub fn check_proof(
        &self,
        exporter: &[u8; 32],
        proof: &Signature,
    ) -> Result<(), SignatureError> {
        self.verify_key.verify(&proof_bytes(exporter), proof)
    }
}

fn proof_bytes(exporter: &[u8; 32]) -> [u8; 32] {
    crypto::digest("hearthside 2026-11 recovery proof", &[exporter])
}
