//! Requests about this person's own devices and their recovery phrase.

use serde::{Deserialize, Serialize};

use super::Secret;

/// `device …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum DeviceRequest {
    /// Makes a ticket for one more device, told at once as an [`Event::Item`](super::Event::Item) with
    /// `ticket` and `expires`, and waits for the device. Answers `device`, `words`, `notebooks`,
    /// `complete`.
    Link {
        /// How long to wait for it, in milliseconds.
        timeout_ms: u64,
    },
    /// Answers `devices[]`.
    List,
    /// Says what a device can read now. Answers `device` and `reads[]`.
    Reach {
        /// The device's id or label.
        device: String,
    },
    /// Takes a device off. Answers `device` and `reads[]`: what it could read, and what is done.
    Revoke {
        /// The device's id or label.
        device: String,
    },
    /// Says where this device is, for somebody who comes back with a phrase. Answers `ticket`.
    Contact,
}

/// `recovery …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum RecoveryRequest {
    /// Shows the phrase of a home that was made on the page, until it was confirmed. Answers
    /// `recovery_phrase`, null where it is not kept any more.
    Show,
    /// Shows that the person has the words, so that the phrase is erased here. Answers `confirmed`.
    Confirm {
        /// Which words are given, counted from 1; empty where all are.
        places: Vec<u8>,
        /// The words in that order, with blanks between.
        words: Secret,
    },
    /// Puts a new phrase in force. Answers `notebooks` and `rekeyed`.
    Rotate {
        /// The phrase in force.
        present: Secret,
        /// The new one, which the person has already.
        new: Secret,
    },
}
