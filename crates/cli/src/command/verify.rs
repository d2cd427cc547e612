//! `hearth verify`

use clap::Args;
use hearth_node::api::{Exit, Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// Check every record, signature and chain on this device
///
/// Exits with 14 where something in this store is damaged. Entries of others that were refused are
/// listed with their signer; they are no damage.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth verify")]
pub(crate) struct VerifyCommand {}

impl VerifyCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let verified = context.call(Request::Verify);
        if let Err(failure) = &verified
            && failure.exit == Exit::Damaged
            && let Some(details) = &failure.details
            && !context.output.json
        {
            context.explain(details, view::overview::damaged)?;
        }
        Ok(Answer::page(verified?, view::overview::verified))
    }
}
