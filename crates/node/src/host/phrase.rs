//! The recovery phrase while its person has not written it down: sealed in the store like everything else.
//!
//! Only a home that was made on the page keeps it, and only until somebody shows that they have the words.

use hearth_core::identity::{RecoveryPhrase, RecoverySecrets};
use zeroize::Zeroizing;

use super::{Host, NodeStorage, storage_failed};
use crate::api::{Failure, Secret};
use hearth_core::storage::StorageError;

const PHRASE_KEPT_AS: &str = "phrase";

impl NodeStorage {
    /// Keeps a phrase until it was written down.
    pub(crate) fn keep_phrase(&mut self, words: &str) -> Result<(), StorageError> {
        self.put_own(PHRASE_KEPT_AS, words.as_bytes())
    }
}

impl Host {
    /// Returns the phrase where it is still kept and in force. Another device may have put a new one in its place: then it
    /// opens nothing that is written from now on, and is erased.
    ///
    /// # Errors
    /// A [`Failure`] where the disk fails.
    pub fn kept_phrase(&mut self) -> Result<Option<Secret>, Failure> {
        let kept = self.storage.get_own(PHRASE_KEPT_AS);
        let kept = kept.map_err(storage_failed)?.map(Zeroizing::new);
        let words = kept.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        let Some(words) = words.map(Secret::new) else {
            return Ok(None);
        };
        if self.is_phrase_in_force(&words) {
            return Ok(Some(words));
        }
        // Nobody is shown it whether it can be erased now or with the next look.
        if let Err(failure) = self.forget_phrase() {
            tracing::warn!(failure = %failure.message, "a phrase that is void could not be erased");
        }
        Ok(None)
    }

    /// Says whether these are the words that bring this person back, as far as this device has heard.
    pub fn is_phrase_in_force(&self, words: &Secret) -> bool {
        let recovery = self.engine.identity().roster.recovery();
        RecoveryPhrase::parse(words.expose())
            .is_ok_and(|phrase| RecoverySecrets::from_phrase(&phrase).fit(recovery))
    }

    /// Erases the phrase: its person has it now, or another took its place.
    ///
    /// # Errors
    /// A [`Failure`] where the disk fails.
    pub fn forget_phrase(&mut self) -> Result<(), Failure> {
        let forgotten = self.storage.forget_own(PHRASE_KEPT_AS);
        forgotten.map_err(storage_failed)
    }
}
