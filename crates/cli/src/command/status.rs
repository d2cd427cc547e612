//! `hearth status` and `hearth doctor`

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::output::{Answer, View, view};

/// See who you are, whether the node runs, and what each peer has confirmed
///
/// In the home of a mirror it says what the mirror holds, and whom it refused what since it was started.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth status
  hearth --home /var/lib/hearth-mirror status
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
        let status = context.call(Request::Status)?;
        // The home of a mirror is nobody's, and says what it holds.
        let view: View = match status.get("mirror") {
            Some(_) => view::mirror::status,
            None => view::status::status,
        };
        Ok(Answer::page(status, view))
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
