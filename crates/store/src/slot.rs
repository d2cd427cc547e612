//! A key of somebody else's making, kept behind a passphrase as a store's key is.

use zeroize::Zeroizing;

use crate::keyfile::{ProtectError, UnlockError};
use crate::protection::KdfCost;
use crate::secret::{KEY_BYTES, Passphrase, StoreKey};
use crate::wrap::Wrap;

/// Keeps a slot apart from the wrap in a key file.
const PREAMBLE: &[u8] = b"hearth-store 1 key slot";

/// Wraps a key under a passphrase: `memory KiB (4) ‖ passes (4) ‖ lanes (4) ‖ salt (16) ‖ check (16) ‖
/// sealed key (73)`, numbers big-endian, as in a key file.
///
/// # Errors
/// [`ProtectError`] for an empty passphrase, or where there is no memory or randomness.
pub fn seal_key(
    key: &[u8; KEY_BYTES],
    passphrase: &Passphrase,
    cost: KdfCost,
) -> Result<Vec<u8>, ProtectError> {
    let key = StoreKey::from_bytes(key);
    Ok(Wrap::seal(PREAMBLE, &key, passphrase, cost)?.encode())
}

/// Opens what [`seal_key`] made.
///
/// # Errors
/// [`UnlockError`] for another passphrase, or bytes that are not what they were.
pub fn open_key(
    slot: &[u8],
    passphrase: &Passphrase,
) -> Result<Zeroizing<[u8; KEY_BYTES]>, UnlockError> {
    let key = Wrap::decode(slot)?.open(PREAMBLE, passphrase)?;
    Ok(Zeroizing::new(*key.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_out_with_its_passphrase_only() {
        let passphrase = Passphrase::new("open sesame".into());
        let slot = seal_key(&[7; KEY_BYTES], &passphrase, KdfCost::test_only()).unwrap();
        assert_eq!(*open_key(&slot, &passphrase).unwrap(), [7; KEY_BYTES]);
        let other = open_key(&slot, &Passphrase::new("open".into()));
        assert!(matches!(other, Err(UnlockError::WrongPassphrase)));
        for place in 0..slot.len() {
            let mut altered = slot.clone();
            altered[place] ^= 1;
            // An altered cost may ask for more memory than there is, so the sealed part alone is tried.
            if place >= 12 {
                assert!(open_key(&altered, &passphrase).is_err(), "byte {place}");
            }
        }
    }
}
