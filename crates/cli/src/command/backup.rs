//! `hearth backup …`

use std::path::PathBuf;

use clap::Subcommand;
use hearth_node::api::Failure;

use super::recovery::phrase;
use crate::backend::{Protection, RestoreOptions};
use crate::context::{Context, absolute};
use crate::file;
use crate::output::{Answer, view};

/// What is asked for where the recovery phrase opens a backup.
const PHRASE_PROMPT: &str = "Your recovery phrase: ";

/// Keep everything in one sealed file, check it, and come back from it
#[derive(Subcommand, Debug)]
pub(crate) enum BackupCommand {
    /// Write a backup
    ///
    /// It holds every notebook, with the journal, and opens with a passphrase that you give now, or with
    /// your recovery phrase. It holds no key of this device: what is restored from it is a device of its own.
    #[command(after_long_help = "Examples:
  hearth backup create /media/usb/hearth.backup
  hearth backup create notes.backup --phrase-only    only the recovery phrase opens it")]
    Create {
        /// The file to write
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Have no passphrase open it, only the recovery phrase
        #[arg(long)]
        phrase_only: bool,
    },
    /// Open every record of a backup, and check every signature in it
    #[command(after_long_help = "Examples:
  hearth backup check /media/usb/hearth.backup
  hearth backup check notes.backup --phrase < phrase.txt")]
    Check {
        /// The backup
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Open it with the recovery phrase, from the prompt or standard input
        #[arg(long)]
        phrase: bool,
    },
    /// Make a new home out of a backup
    ///
    /// The home must be new: name one with --home. It reads at once, and writes once it was taken in: by
    /// `hearth recover` with your recovery phrase, or by `hearth device accept` with a ticket of another
    /// device of yours.
    #[command(after_long_help = "Examples:
  hearth --home ~/hearth backup restore /media/usb/hearth.backup --label \"new laptop\"
  hearth backup restore notes.backup --phrase < phrase.txt")]
    Restore {
        /// The backup
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Open it with the recovery phrase, from the prompt or standard input
        #[arg(long)]
        phrase: bool,
        /// What this device is called [default: as in the backup]
        #[arg(long)]
        label: Option<String>,
        /// How devices find each other: direct, lan, relay=URL or public [default: as in the backup]
        #[arg(long, value_parser = super::init::network)]
        network: Vec<String>,
        /// What protects the keys on this device
        #[arg(long, value_enum, default_value_t = Protection::Passphrase)]
        unlock: Protection,
    },
}

impl BackupCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        match self {
            Self::Create {
                file: path,
                phrase_only,
            } => {
                let out = absolute(&path)?;
                if !context.may_overwrite(&out)? && out.symlink_metadata().is_ok() {
                    return Err(file::exists(&out));
                }
                let data = context.with_progress(|backend, on_event| {
                    backend.backup(&out, phrase_only, on_event)
                })?;
                Ok(Answer::page(data, view::backup::created))
            }
            Self::Check { file, phrase } => {
                let typed = typed(context, phrase)?;
                let checked = context.with_progress(|backend, on_event| {
                    backend.check_backup(&file, typed, on_event)
                });
                explained(context, checked)
            }
            Self::Restore {
                file,
                phrase,
                label,
                network,
                unlock,
            } => {
                if unlock == Protection::Bare {
                    context
                        .confirm("Anyone who can read this folder will read your notes. Go on?")?;
                }
                let options = RestoreOptions {
                    file: absolute(&file)?,
                    phrase: typed(context, phrase)?,
                    label,
                    network,
                    protection: unlock,
                };
                let restored = context
                    .with_progress(|backend, on_event| backend.restore_backup(options, on_event));
                let data = refused(context, restored)?;
                Ok(Answer::page(data, view::backup::restored))
            }
        }
    }
}

fn typed(context: &Context<'_>, wanted: bool) -> Result<Option<hearth_node::api::Secret>, Failure> {
    wanted.then(|| phrase(context, PHRASE_PROMPT)).transpose()
}

fn explained(
    context: &Context<'_>,
    checked: Result<serde_json::Value, Failure>,
) -> Result<Answer, Failure> {
    Ok(Answer::page(
        refused(context, checked)?,
        view::backup::checked,
    ))
}

/// Lists what is damaged before the failure is told.
fn refused(
    context: &Context<'_>,
    outcome: Result<serde_json::Value, Failure>,
) -> Result<serde_json::Value, Failure> {
    if let Err(failure) = &outcome
        && let Some(details) = &failure.details
        && !context.output.json
    {
        context.explain(details, view::overview::damaged)?;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use crate::command::testing::{Canned, failing};

    #[test]
    fn a_backup_is_never_written_over_unasked() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("a.backup");
        std::fs::write(&file, "mine").expect("writes");
        let failure = Canned::answering([])
            .run(&["backup", "create", &file.to_string_lossy()])
            .expect_err("is there");
        assert_eq!(failure.code, "file_exists");
    }

    #[test]
    fn a_bare_home_is_made_on_a_yes_only() {
        let failure = failing(&["backup", "restore", "x", "--unlock", "bare", "--no-input"]);
        assert_eq!(failure.code, "confirmation_needed");
    }
}
