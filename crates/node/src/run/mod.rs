//! What a process of `hearth` does: reaches the running node, or opens the home for one command, or
//! is the node.

mod bundle;
mod call;
mod capsule;
mod demo;
mod enrol;
mod file;
mod init;
mod mirror;
mod recover;
mod remind;
mod row;
mod told;
mod up;

pub use bundle::{CreateBundle, apply_bundle, create_bundle};
pub use call::{call, change_passphrase};
pub use demo::demo;
pub use enrol::{NewDevice, accept};
pub use file::{AddFile, add_file, get_file};
pub use init::{init, init_keeping_phrase, new_phrase};
pub use mirror::{MirrorUp, init_mirror, mirror_up};
pub use recover::{Recovery, recover};
pub use remind::OnReminder;
pub use up::{Front, Given, UpOptions, Welcome, up};

use crate::api::{Failure, PassphraseSource, Secret};
use crate::backup::OpenWith;

/// Makes the runtime for a node's endpoint and sockets.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::error(
                "runtime",
                format!("The program cannot start its threads: {error}."),
            )
        })
}

/// Says what a backup is opened with: the recovery phrase where it is given, else a passphrase that is asked for.
///
/// # Errors
/// A [`Failure`] where the phrase is none, or nobody gives a passphrase.
pub fn open_with(
    phrase: Option<&Secret>,
    passphrases: &mut dyn PassphraseSource,
) -> Result<OpenWith, Failure> {
    match phrase {
        Some(phrase) => {
            let phrase = crate::service::recovery_secrets(phrase)?;
            Ok(OpenWith::Phrase(Box::new(phrase)))
        }
        None => {
            let typed = passphrases.existing()?;
            Ok(OpenWith::Passphrase(hearth_store::Passphrase::new(
                typed.expose().to_owned(),
            )))
        }
    }
}
