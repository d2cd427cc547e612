//! `hearth sync`

use std::time::Duration;

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};
use crate::when;

/// Try all known peers now
///
/// Returns once every peer that answered has confirmed having everything. Once they have, those that say
/// nothing are waited for no longer than two seconds in all; where nobody answers, for all of the time.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth sync
  hearth sync \"Ada and Ben\" --timeout 10s")]
pub(crate) struct SyncCommand {
    /// One notebook only, by its id or name
    #[arg(value_name = "NB")]
    notebook: Option<String>,
    /// How long to wait for peers
    #[arg(long, default_value = "30s", value_parser = when::duration)]
    timeout: Duration,
}

impl SyncCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let timeout_ms = when::millis(self.timeout);
        let data = context.call(Request::Sync {
            notebook: self.notebook,
            timeout_ms,
        })?;
        Ok(Answer::page(data, view::overview::sync))
    }
}
