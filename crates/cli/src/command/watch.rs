//! `hearth watch`

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// Print a line for each change as it arrives
///
/// Goes on until you stop it with Ctrl-C. With --json each line is one document.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth watch
  hearth watch \"Ada and Ben\" --json")]
pub(crate) struct WatchCommand {
    /// One notebook only, by its id or name
    #[arg(value_name = "NB")]
    notebook: Option<String>,
}

impl WatchCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let request = Request::Watch {
            notebook: self.notebook,
        };
        context.stream(request, view::overview::change)?;
        Ok(Answer::streamed())
    }
}
