//! `hearth passphrase …`

use clap::Subcommand;
use hearth_node::api::Failure;

use crate::context::Context;
use crate::output::{Answer, view};

/// Change what protects this device's keys
#[derive(Subcommand, Debug)]
pub(crate) enum PassphraseCommand {
    /// Choose another passphrase
    ///
    /// Without a terminal the old one comes from where it always does, and the new one from
    /// HEARTH_NEW_PASSPHRASE_FILE or HEARTH_NEW_PASSPHRASE.
    #[command(after_long_help = "Examples:
  hearth passphrase change
  HEARTH_PASSPHRASE_FILE=old HEARTH_NEW_PASSPHRASE_FILE=new hearth passphrase change")]
    Change,
}

impl PassphraseCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let Self::Change = self;
        let data = context.backend.change_passphrase()?;
        Ok(Answer::page(data, view::settings::passphrase_changed))
    }
}
