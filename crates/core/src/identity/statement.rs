//! What a device signs beside entries: that a signed export is what it exported.

use super::{DeviceCard, DeviceSecrets};
use crate::crypto::Signature;

/// Keeps these signatures apart from all others.
const DOMAIN: &[u8] = b"hearthside signed export 1";

fn signed(digest: &[u8; 32]) -> Vec<u8> {
    [DOMAIN, digest].concat()
}

impl DeviceSecrets {
    /// Signs the digest of a signed export.
    pub fn sign_export(&self, digest: &[u8; 32]) -> Signature {
        self.signing().sign(&signed(digest))
    }
}

impl DeviceCard {
    /// Says whether this device signed the digest of a signed export.
    pub fn has_signed_export(&self, digest: &[u8; 32], signature: &Signature) -> bool {
        self.verify_key.verify(&signed(digest), signature).is_ok()
    }
}
