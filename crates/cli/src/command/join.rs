//! `hearth join`

use std::path::Path;
use std::time::Duration;

use clap::Args;
use hearth_node::api::{Failure, Request};

use crate::context::Context;
use crate::input;
use crate::output::{Answer, view};
use crate::when;

/// How every ticket begins.
const TICKET_PREFIX: &str = "hearth1";

/// Join a notebook with a ticket
///
/// Waits until the notebook is here, then shows the verification words. Compare them with the
/// person who invited you, by voice or face to face: equal words mean that nobody is in between.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth join hearth1…
  hearth join ticket.txt
  pbpaste | hearth join -")]
pub(crate) struct JoinCommand {
    /// The ticket, a file that holds it, or - for standard input
    #[arg(value_name = "TICKET|FILE|-")]
    ticket: String,
    /// How long to wait for the inviting device
    #[arg(long, default_value = "60s", value_parser = when::duration)]
    timeout: Duration,
}

impl JoinCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let request = Request::Join {
            ticket: ticket(&self.ticket)?,
            timeout_ms: when::millis(self.timeout),
        };
        Ok(Answer::page(
            context.call(request)?,
            view::people::joined_notebook,
        ))
    }
}

fn ticket(given: &str) -> Result<String, Failure> {
    let is_file = given == "-" || (!given.starts_with(TICKET_PREFIX) && Path::new(given).exists());
    let ticket = if is_file {
        input::file_or_stdin(Path::new(given))?
    } else {
        given.to_owned()
    };
    // Mail and chat programs break long words; a ticket has no spaces of its own.
    let ticket: String = ticket.split_whitespace().collect();
    if ticket.starts_with(TICKET_PREFIX) {
        Ok(ticket)
    } else {
        Err(Failure::not_found(
            "ticket_invalid",
            "That is no ticket, and no file that holds one.",
        )
        .with_hint("A ticket begins with hearth1. Ask for a new one if it was cut off."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_taken_from_wherever_it_is() {
        assert_eq!(ticket("hearth1abc").ok().as_deref(), Some("hearth1abc"));
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("ticket.txt");
        std::fs::write(&path, "hearth1abc\n  def\n").expect("file");
        assert_eq!(
            ticket(&path.to_string_lossy()).ok().as_deref(),
            Some("hearth1abcdef")
        );
        for wrong in ["abc", "/nowhere/at/all", ""] {
            let failure = ticket(wrong).expect_err("no ticket");
            assert_eq!(
                (failure.code.as_str(), failure.exit.code()),
                ("ticket_invalid", 4)
            );
        }
    }
}
