//! `hearth today`

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// See what is next, due and open, across notebooks
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth today")]
pub(crate) struct TodayCommand {}

impl TodayCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let zone = context.clock().zone_name();
        Ok(Answer::page(
            context.call(Request::Today { zone })?,
            view::overview::today,
        ))
    }
}
