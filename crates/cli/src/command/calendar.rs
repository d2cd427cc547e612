//! `hearth calendar …`

use clap::Subcommand;
use hearth_node::api::{CalendarRequest, Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// A calendar of all notebooks, for the calendar program of this machine
///
/// While `hearth up` runs, it serves your sessions and what is due to you at an address that holds a secret; no other
/// machine can reach it. Titles and places stay out of it unless you ask for them, since a calendar program may hand on
/// what it reads. Off until you turn it on.
#[derive(Subcommand, Debug)]
pub(crate) enum CalendarCommand {
    /// Serve the calendar, and print its address
    #[command(after_long_help = "Examples:
  hearth calendar on
  hearth calendar on --titles")]
    On {
        /// Put titles and places into it
        #[arg(long)]
        titles: bool,
    },
    /// Print the address of the calendar
    #[command(after_long_help = "Examples:
  hearth calendar url
  hearth calendar url --json | jq -r .data.calendar.url")]
    Url,
    /// Give it another address, where somebody has seen it who should not read it
    #[command(after_long_help = "Examples:
  hearth calendar renew")]
    Renew,
    /// Serve it no more
    #[command(after_long_help = "Examples:
  hearth calendar off")]
    Off,
}

impl CalendarCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let request = match self {
            Self::On { titles } => CalendarRequest::On { titles },
            Self::Url => CalendarRequest::Show,
            Self::Renew => CalendarRequest::Renew,
            Self::Off => CalendarRequest::Off,
        };
        let data = context.call(Request::Calendar(request))?;
        Ok(Answer::page(data, view::settings::calendar))
    }
}
