//! `hearth init`.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hearth_core::identity::RecoveryPhrase;
use serde_json::{Value, json};

use crate::api::{Failure, PassphraseSource, Secret};
use crate::host::{HomeDir, InitHome, random};

/// Makes a home. The recovery phrase goes into the answer, or into `recovery_out` instead.
///
/// # Errors
/// A [`Failure`] where the home cannot be made, or the file for the phrase cannot be written.
pub fn init(
    home: &HomeDir,
    init: InitHome,
    recovery_out: Option<&Path>,
    passphrases: &mut dyn PassphraseSource,
) -> Result<Value, Failure> {
    // The file is made first: a home whose phrase reached nobody could not be recovered.
    let mut file = recovery_out.map(create_new).transpose()?;
    let network = init.network.clone();
    let made = home.init(init, passphrases);
    let outcome = match made {
        Ok(outcome) => outcome,
        Err(failure) => {
            if let Some(path) = recovery_out {
                // Still empty, so nothing is lost with it.
                let _left_behind = std::fs::remove_file(path);
            }
            return Err(failure);
        }
    };
    let identity = &outcome.identity;
    let mut data = json!({
        "person": { "id": identity.person().to_string(), "name": identity.name },
        "device": { "id": identity.device.id().to_string(), "label": identity.device_label },
        "network": network.to_string(),
        "reveals": network.reveals(),
    });
    match (&mut file, recovery_out) {
        (Some(file), Some(path)) => {
            let written =
                writeln!(file, "{}", outcome.phrase.as_str()).and_then(|()| file.sync_all());
            if written.is_err() {
                // Better on the screen than nowhere.
                data["recovery_phrase"] = json!(outcome.phrase.as_str());
            } else {
                data["recovery_out"] = json!(path);
            }
        }
        _ => data["recovery_phrase"] = json!(outcome.phrase.as_str()),
    }
    Ok(data)
}

/// Makes a home for somebody on the page, with the passphrase that they chose. The recovery phrase stays sealed in it
/// until they confirm that they have it.
///
/// # Errors
/// A [`Failure`] where the home cannot be made.
pub fn init_keeping_phrase(
    home: &HomeDir,
    init: InitHome,
    passphrases: &mut dyn PassphraseSource,
) -> Result<(), Failure> {
    home.init_keeping_phrase(init, passphrases).map(drop)
}

/// Draws a recovery phrase: 24 words.
pub fn new_phrase() -> Secret {
    Secret::new(RecoveryPhrase::random(&mut random()).to_words())
}

fn create_new(path: &Path) -> Result<std::fs::File, Failure> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| {
            Failure::usage(
                "recovery_out",
                format!(
                    "The file {} for the recovery phrase cannot be made: {error}.",
                    path.display()
                ),
            )
            .with_hint("Name a file that does not exist yet, in a folder that you can write to.")
        })
}
