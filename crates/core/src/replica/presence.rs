//! What this device says of where its person is.

use super::Replica;
use crate::crypto::{Nonce, Signature};
use crate::presence::{Presence, SealedPresence};

impl Replica {
    /// Seals where this person is for those who hold the key in force; `None` while that is not here, or this device
    /// is no member's.
    pub fn seal_presence(&self, presence: &Presence, nonce: Nonce) -> Option<SealedPresence> {
        self.own_person()?;
        let epoch = self.sealing_epoch()?;
        let key = self.keys.get(&epoch)?;
        let device = self.device.id();
        SealedPresence::seal((self.notebook, device), (epoch, key), presence, nonce)
    }

    pub(crate) fn sign_presence(&self, words: &[u8]) -> Signature {
        self.device.signing().sign(words)
    }
}
