//! Backups: one sealed file with everything that cannot be made anew.
//!
//! A backup holds each notebook's control entries, wraps, epoch keys and content entries, the journal's among
//! them, who the person is, and the settings of the home. It holds no key of a device: what is restored from it is a
//! device of its own, which reads, and writes once another device or the recovery phrase has taken it in.
//!
//! Invariants:
//! - The file is written and read as a stream: one part of it is in memory at a time.
//! - Every byte is covered: the parts are sealed under a key that is bound to the header, each to its place and
//!   the last one to being the last.
//! - A part that was altered is named with its place and with what came before it, and the rest is still read.

mod check;
mod create;
mod envelope;
mod part;
mod restore;

pub use check::check;
pub(crate) use create::{cannot_write, create, whole_or_absent};
pub use envelope::{OpenWith, is_begun};
pub use restore::{Restoring, restore};

use crate::api::{Exit, Failure};
use envelope::EnvelopeError;

/// The failure for a backup that cannot be read.
fn unreadable(error: EnvelopeError) -> Failure {
    let words = crate::host::sentence(&error.to_string());
    match error {
        EnvelopeError::WrongPassphrase => {
            Failure::new(Exit::WrongPassphrase, "wrong_passphrase", words).with_hint(
                "Try again, or open it with --phrase: the recovery phrase opens every backup.",
            )
        }
        EnvelopeError::NoPassphrase => Failure::usage("phrase_needed", words)
            .with_hint("Give --phrase, and the recovery phrase when asked or on standard input."),
        EnvelopeError::OtherPhrase => Failure::new(Exit::NotAllowed, "phrase_not_in_force", words)
            .with_hint("Use the phrase that was in force when the backup was made."),
        EnvelopeError::NoBackup | EnvelopeError::Newer(_) => Failure::usage("no_backup", words)
            .with_hint("Name a file that `hearth backup create` wrote."),
        EnvelopeError::Damaged(_) => {
            Failure::new(Exit::Damaged, "damaged", words).with_hint(ANOTHER_ONE)
        }
        EnvelopeError::File(_) => Failure::error("backup_unreadable", words)
            .with_hint("Name a file that is there and that you may read."),
        EnvelopeError::Seal => Failure::error("internal", words).with_hint("Nothing was changed."),
    }
}

/// What to do about a damaged backup.
const ANOTHER_ONE: &str = "Use another copy of it, or another backup. What others have of your notebooks comes back whole with `hearth recover`.";
