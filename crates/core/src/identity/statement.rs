//! What a device signs beside entries: that a signed export is what it exported, and statements in words.

use super::{DeviceCard, DeviceSecrets};
use crate::crypto::Signature;

/// Keeps signatures of exports apart from all others.
const EXPORT: &[u8] = b"hearthside signed export 1";
/// Keeps signatures of statements apart from all others.
const STATEMENT: &[u8] = b"hearthside signed statement 1";

fn signed(domain: &[u8], digest: &[u8; 32]) -> Vec<u8> {
    [domain, digest].concat()
}

impl DeviceSecrets {
    /// Signs the digest of a signed export.
    pub fn sign_export(&self, digest: &[u8; 32]) -> Signature {
        self.signing().sign(&signed(EXPORT, digest))
    }

    /// Signs the digest of a statement: of a certificate, or of a receipt.
    pub fn sign_statement(&self, digest: &[u8; 32]) -> Signature {
        self.signing().sign(&signed(STATEMENT, digest))
    }
}

impl DeviceCard {
    /// Says whether this device signed the digest of a signed export.
    pub fn has_signed_export(&self, digest: &[u8; 32], signature: &Signature) -> bool {
        let bytes = signed(EXPORT, digest);
        self.verify_key.verify(&bytes, signature).is_ok()
    }

    /// Says whether this device signed the digest of a statement.
    pub fn has_signed_statement(&self, digest: &[u8; 32], signature: &Signature) -> bool {
        let bytes = signed(STATEMENT, digest);
        self.verify_key.verify(&bytes, signature).is_ok()
    }
}
