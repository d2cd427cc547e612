//! Hashes and derives under labels.
//!
//! Every part is prefixed with its length, so no two lists of parts hash alike.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroize;

use super::Secret;

/// Hashes `parts` under a label that is unique to one use.
pub fn digest(label: &'static str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(label);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// Derives a key from `secret` for the use that `label` and `parts` name (HKDF-SHA256).
pub fn derive(secret: &Secret, label: &'static str, parts: &[&[u8]]) -> Secret {
    Extracted::from(secret).derive(label, parts)
}

/// Derives a key and a 16-byte check value that commits to it.
pub fn derive_pair(secret: &Secret, label: &'static str, parts: &[&[u8]]) -> (Secret, [u8; 16]) {
    Extracted::from(secret).derive_pair(label, parts)
}

/// A secret from which many keys are derived: the half of HKDF that is about the secret alone is done once.
///
/// It gives away as much as the secret does and lives as long as one piece of work.
pub struct Extracted(Hkdf<Sha256>);

impl From<&Secret> for Extracted {
    fn from(secret: &Secret) -> Self {
        Self(Hkdf::new(None, secret.expose()))
    }
}

impl core::fmt::Debug for Extracted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Extracted(redacted)")
    }
}

impl Extracted {
    /// Derives a key like [`derive()`].
    pub fn derive(&self, label: &'static str, parts: &[&[u8]]) -> Secret {
        let mut out = [0; 32];
        self.expand(label, parts, &mut out);
        Secret::from_bytes(out)
    }

    /// Derives a key and a check value like [`derive_pair`].
    pub fn derive_pair(&self, label: &'static str, parts: &[&[u8]]) -> (Secret, [u8; 16]) {
        let mut out = [0; 48];
        self.expand(label, parts, &mut out);
        let (mut key, mut check) = ([0; 32], [0; 16]);
        key.copy_from_slice(&out[..32]);
        check.copy_from_slice(&out[32..]);
        out.zeroize();
        (Secret::from_bytes(key), check)
    }

    fn expand(&self, label: &'static str, parts: &[&[u8]], out: &mut [u8]) {
        let info = digest("hearthside 2026-11 key derivation info", &{
            let mut all = vec![label.as_bytes()];
            all.extend_from_slice(parts);
            all
        });
        // The only error is a length over 8,160 bytes, and callers ask for 48 at most.
        let _length_fits = self.0.expand(&info, out);
    }
}

/// Authenticates `parts` under `key` (BLAKE3 in keyed mode, the label first).
pub fn mac(key: &Secret, label: &'static str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key.expose());
    for part in core::iter::once(&label.as_bytes()).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_in_other_parts_hash_differently() {
        assert_ne!(
            digest("label", &[b"ab", b"c"]),
            digest("label", &[b"a", b"bc"])
        );
        assert_ne!(digest("label", &[b"abc"]), digest("other", &[b"abc"]));
    }

    #[test]
    fn a_check_value_differs_with_the_key() {
        let (key_a, check_a) = derive_pair(&Secret::from_bytes([1; 32]), "entry", &[b"x"]);
        let (key_b, check_b) = derive_pair(&Secret::from_bytes([2; 32]), "entry", &[b"x"]);
        assert_ne!(key_a, key_b);
        assert_ne!(check_a, check_b);
    }
}
