//! The words that both people compare.

use crate::crypto;
use crate::identity::words_of;
use crate::ids::{ControlHash, DeviceId, PersonId};

/// How many words are compared: 66 bits.
const WORDS: usize = 6;

/// Spells the words of a pairing: six from the BIP-39 list, over both people, both devices, both
/// nonces and the invitation. Equal on both sides unless somebody stands between.
pub fn verification_words(
    invite: ControlHash,
    inviter: (PersonId, DeviceId),
    joiner: (PersonId, DeviceId),
    nonces: (&[u8; 32], &[u8; 32]),
) -> String {
    let transcript = crypto::digest(
        "hearthside 2026-11 pairing transcript",
        &[
            invite.as_bytes(),
            inviter.0.as_bytes(),
            inviter.1.as_bytes(),
            joiner.0.as_bytes(),
            joiner.1.as_bytes(),
            nonces.0,
            nonces.1,
        ],
    );
    words_of(&transcript, WORDS)
}
