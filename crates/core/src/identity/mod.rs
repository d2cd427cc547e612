//! People and their devices: recovery phrase, cards of public keys, roster.
//!
//! A person is known by their recovery card, a device by its device card. The roster is a small
//! signed log that says which devices are a person's; it travels inside every notebook.

mod card;
mod device;
mod mirror;
mod phrase;
mod recovery;
mod roster;
mod statement;

pub use card::{CardError, DeviceCard, DeviceClaim, RecoveryCard};
pub use device::DeviceSecrets;
pub use mirror::{MirrorCard, MirrorPass, MirrorSecrets};
pub use phrase::{PHRASE_WORDS, PhraseError, RecoveryPhrase, words_of};
pub use recovery::RecoverySecrets;
pub use roster::{Roster, RosterEntry, RosterError, RosterKind, RosterSigner, RosterView};
