//! `hearth lock` and `hearth unlock`

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// Forget the keys until the passphrase is given again
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth lock")]
pub(crate) struct LockCommand {}

/// Give the passphrase once for a while
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth unlock
  hearth unlock --passphrase-command 'pass show hearth'")]
pub(crate) struct UnlockCommand {}

impl LockCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        Ok(Answer::page(
            context.call(Request::Lock)?,
            view::settings::locked,
        ))
    }
}

impl UnlockCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let data = context.call(Request::Unlock { passphrase: None })?;
        Ok(Answer::page(data, view::settings::unlocked))
    }
}
