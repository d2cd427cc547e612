//! `hearth status` and `hearth doctor`

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// See who you are, whether the node runs, and what each peer has confirmed
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth status
  hearth status --json | jq '.data.notebooks[].peers[].state'")]
pub(crate) struct StatusCommand {}

/// Check this installation, for a bug report
///
/// The output is redacted: it holds no names, titles, notes or keys, and can be pasted as it is.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth doctor > report.txt")]
pub(crate) struct DoctorCommand {}

impl StatusCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        Ok(Answer::page(
            context.call(Request::Status)?,
            view::status::status,
        ))
    }
}

impl DoctorCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        Ok(Answer::page(
            context.call(Request::Doctor)?,
            view::status::doctor,
        ))
    }
}
