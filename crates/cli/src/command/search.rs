//! `hearth search`

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// Find words in everything you can read
///
/// All words must be there, in any order; the last one may be only its beginning.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth search \"design review\"
  hearth search checklist \"Ada and Ben\"")]
pub(crate) struct SearchCommand {
    /// The words
    text: String,
    /// Search one notebook only, by its id or name
    #[arg(value_name = "NB")]
    notebook: Option<String>,
    /// Show at most this many hits
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

impl SearchCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let Self {
            text,
            notebook,
            limit,
        } = self;
        let data = context.call(Request::Search {
            text,
            notebook,
            limit,
        })?;
        Ok(Answer::page(data, view::overview::search))
    }
}
