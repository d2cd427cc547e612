//! `hearth restore`

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// Bring an object back to how it was at a change
///
/// Every field comes back, a session's notes and agenda too, and what was deleted since. It is a change of
/// yours like any other: nothing is lost, and the answer says how to undo it. What somebody signed,
/// committed to or confirmed stays as it is.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth log NB --object ID               find the change
  hearth restore ID --at 3f2a9c1b         how it was right after that change
  hearth restore ID --at 3f2a9c1b,77e01d  a version that two people's changes make up")]
pub(crate) struct RestoreCommand {
    /// The object's id
    #[arg(value_name = "ID")]
    object: String,
    /// The change, as `hearth log` shows it
    #[arg(long, value_name = "CHANGE")]
    at: String,
}

impl RestoreCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let Self { object, at } = self;
        let data = context.call(Request::Restore { object, at })?;
        Ok(Answer::page(data, view::history::restored))
    }
}
