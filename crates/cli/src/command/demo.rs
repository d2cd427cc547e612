//! `hearth demo`

use clap::Args;
use hearth_node::api::{Exit, Failure, Progress};

use crate::context::Context;
use crate::output::{Answer, view};

/// Watch two nodes pair, write offline and agree
///
/// Runs two real nodes, each its own process with its own home, in a temporary folder, and prints
/// each step with the time that it took. Your own notebooks are not touched.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth demo
  hearth demo --keep      leave both homes for a look around")]
pub(crate) struct DemoCommand {
    /// Leave the temporary folder and say where it is
    #[arg(long)]
    keep: bool,
}

impl DemoCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let output = &context.output;
        let mut unread = None;
        let data = context.backend.demo(self.keep, &mut |step| {
            let shown = if output.json {
                output.progress(&Progress::of(view::status::step_name(&step)))
            } else {
                output.item(&step, view::status::step)
            };
            unread = shown.err().or(unread.take());
        });
        unread = output.clear_progress().err().or(unread);
        // The demo goes to its end even where nobody reads it: it has two processes to stop.
        if unread.is_some() {
            return data.map(|_| Answer::streamed());
        }
        let data = data?;
        if data.get("converged").and_then(serde_json::Value::as_bool) == Some(true) {
            Ok(Answer::page(data, view::status::demo))
        } else {
            Err(Failure::new(
                Exit::Error,
                "not_converged",
                "The two copies are not equal.",
            )
            .with_hint("Run it again with --keep, then `hearth doctor` in both homes.")
            .with_details(data))
        }
    }
}
