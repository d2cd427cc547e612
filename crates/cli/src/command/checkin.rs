//! `hearth checkin …`

use clap::{Args, Subcommand};
use hearth_node::api::{CheckInRequest, Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// Say how it is going, from 1 to 5
///
/// A number and, where you like, a line: 1 is badly, 3 is so-so, 5 is very well. Everybody in the notebook
/// sees it. `checkin list` shows how it has been going over time.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_long_help = "Examples:
  hearth checkin NB 4
  hearth checkin NB 2 \"Too many meetings, no time for the draft\"
  hearth checkin list NB"
)]
pub(crate) struct CheckInCommand {
    #[command(subcommand)]
    verb: Option<CheckInVerb>,
    /// The notebook's id or name
    #[arg(value_name = "NB", required = true)]
    notebook: Option<String>,
    /// From 1 (badly) to 5 (very well)
    #[arg(value_name = "1..5", required = true, value_parser = clap::value_parser!(u8).range(1..=5))]
    value: Option<u8>,
    /// A line about it; - reads standard input
    text: Option<String>,
}

#[derive(Subcommand, Debug)]
enum CheckInVerb {
    /// Show how it has been going for each, over time
    #[command(after_long_help = "Examples:
  hearth checkin list \"Ada and Ben\"
  hearth checkin list NB --of Ben")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// Only those of one person
        #[arg(long, value_name = "PERSON")]
        of: Option<String>,
    },
}

impl CheckInCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        if let Some(CheckInVerb::List { notebook, of }) = self.verb {
            let request = Request::Checkin(CheckInRequest::List { notebook, of });
            return Ok(Answer::page(context.call(request)?, view::checkin::list));
        }
        let (Some(notebook), Some(value)) = (self.notebook, self.value) else {
            return Err(Failure::usage(
                "usage",
                "A notebook and a number are missing.",
            ));
        };
        let request = Request::Checkin(CheckInRequest::Add {
            notebook,
            value,
            text: context.option_text(self.text)?,
        });
        Ok(Answer::page(context.call(request)?, view::checkin::added))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{failing, requested};

    #[test]
    fn a_number_stands_alone_or_with_a_line() {
        let request = requested(&["checkin", "NB", "4", "Fine"]);
        let expected = CheckInRequest::Add {
            notebook: "NB".into(),
            value: 4,
            text: Some("Fine".into()),
        };
        assert_eq!(request, Request::Checkin(expected));
        let expected = CheckInRequest::List {
            notebook: "NB".into(),
            of: None,
        };
        assert_eq!(
            requested(&["checkin", "list", "NB"]),
            Request::Checkin(expected)
        );
        for wrong in [
            &["checkin", "NB"][..],
            &["checkin", "NB", "6"],
            &["checkin"],
        ] {
            assert_eq!(failing(wrong).exit.code(), 2);
        }
    }
}
