//! `hearth log`

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// See who changed what, when and on which device
///
/// Authors come from the signature of each change, not from a field that anyone can fill in.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth log \"Ada and Ben\"
  hearth log \"Ada and Ben\" --object ID
  hearth log \"Ada and Ben\" --limit 20 --from PLACE")]
pub(crate) struct LogCommand {
    /// The notebook's id or name
    #[arg(value_name = "NB")]
    notebook: String,
    /// Only changes of this goal, action, session or question
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// Show at most this many changes, newest first
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// Begin further back: the place that an earlier answer ends with
    #[arg(long, value_name = "PLACE")]
    from: Option<String>,
}

impl LogCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let Self {
            notebook,
            object,
            limit,
            from,
        } = self;
        let data = context.call(Request::Log {
            notebook,
            object,
            limit,
            from,
        })?;
        Ok(Answer::page(data, view::overview::log))
    }
}
