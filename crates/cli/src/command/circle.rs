//! `hearth circle …`

use std::io::Write;
use std::time::Duration;

use clap::{Args, Subcommand};
use hearth_node::api::{CircleRequest, Failure, Request};
use serde_json::Value;

use crate::clock::Clock;
use crate::context::Context;
use crate::output::{Answer, Fields, View, view};
use crate::when;

/// How long the page of `--follow` stands until it is looked at again.
const FOLLOW_PAUSE: Duration = Duration::from_secs(1);

/// Puts the cursor at the top of the terminal and clears what is below.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Run a circle's meeting together: roles that go round, stages with their time
#[derive(Subcommand, Debug)]
pub(crate) enum CircleCommand {
    /// Hand out the roles and begin the first stage
    ///
    /// Takes the planned session that is nearest to now, and otherwise makes one, of an action-learning set
    /// where nothing else is named. The stages are its agenda items that have minutes. Presenter, facilitator
    /// and note taker go round: of each role whoever had it least often is next.
    #[command(after_long_help = "Examples:
  hearth circle start NB
  hearth circle start NB --absent Cy
  hearth circle start NB --template circle --presenter Ben --follow")]
    Start(Box<StartOptions>),
    /// Go on to the next stage; after the last one the meeting has ended
    ///
    /// Where two people go on at once, no stage is skipped.
    #[command(after_long_help = "Examples:
  hearth circle next NB")]
    Next {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The stage that you see, counted from 0; nothing is done where it is over already
        #[arg(long, value_name = "N")]
        from: Option<usize>,
    },
    /// Give the stage of now its time anew
    #[command(after_long_help = "Examples:
  hearth circle again NB")]
    Again {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// End the meeting here; the session counts as held
    #[command(after_long_help = "Examples:
  hearth circle end NB")]
    End {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Show where the meeting stands, and whose turn it is next time
    ///
    /// With --follow it stays, counts down and shows what others do, until the meeting has ended or you press
    /// Ctrl-C. Run `hearth up` meanwhile, so that you hear of it at once. With --json, or into a file, it prints
    /// each stage as it begins.
    #[command(after_long_help = "Examples:
  hearth circle show NB
  hearth circle show NB --follow")]
    Show {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// Stay, and count down
        #[arg(long)]
        follow: bool,
    },
}

/// What `circle start` takes.
#[derive(Args, Debug)]
pub(crate) struct StartOptions {
    /// The notebook's id or name
    #[arg(value_name = "NB")]
    notebook: String,
    /// The session [default: the planned one nearest to now, or else a new one]
    #[arg(long, value_name = "ID", conflicts_with = "template")]
    session: Option<String>,
    /// The template of a new session [default: action-learning]
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Who could not come; may be given several times
    #[arg(long, value_name = "PERSON")]
    absent: Vec<String>,
    /// Who presents, where that is not whose turn it is
    #[arg(long, value_name = "PERSON")]
    presenter: Option<String>,
    /// Stay, and count down
    #[arg(long)]
    follow: bool,
}

impl CircleCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::Start(options) => {
                let follow = options.follow;
                let notebook = options.notebook.clone();
                let request = options.request(context)?;
                let data = context.call(Request::Circle(request))?;
                if follow {
                    return Self::follow(context, &notebook);
                }
                return Ok(Answer::page(data, view::circle::show));
            }
            Self::Show {
                notebook,
                follow: true,
            } => return Self::follow(context, &notebook),
            Self::Show { notebook, .. } => (CircleRequest::Show { notebook }, view::circle::show),
            Self::Next { notebook, from } => {
                (CircleRequest::Next { notebook, from }, view::circle::gone)
            }
            Self::Again { notebook } => (CircleRequest::Again { notebook }, view::circle::show),
            Self::End { notebook } => (CircleRequest::End { notebook }, view::circle::show),
        };
        Ok(Answer::page(context.call(Request::Circle(request))?, view))
    }

    /// Shows the meeting until it has ended: again every second on a terminal, and elsewhere whenever
    /// something has changed.
    fn follow(context: &mut Context<'_>, notebook: &str) -> Result<Answer, Failure> {
        let is_live = context.output.terminal && !context.output.json;
        let mut shown = Value::Null;
        loop {
            let request = CircleRequest::Show {
                notebook: notebook.to_owned(),
            };
            let data = context.call(Request::Circle(request))?;
            context.output.clock = Clock::system();
            if is_live || data != shown {
                if is_live
                    && std::io::stdout()
                        .lock()
                        .write_all(CLEAR.as_bytes())
                        .is_err()
                {
                    return Ok(Answer::streamed());
                }
                if context.output.item(&data, view::circle::show).is_err() {
                    return Ok(Answer::streamed());
                }
            }
            if !data.at("circle").flag("running") {
                return Ok(Answer::streamed());
            }
            shown = data;
            std::thread::sleep(FOLLOW_PAUSE);
        }
    }
}

impl StartOptions {
    fn request(self, context: &Context<'_>) -> Result<CircleRequest, Failure> {
        let clock = context.clock();
        Ok(CircleRequest::Start {
            notebook: self.notebook,
            session: self.session,
            template: self.template,
            at: when::date_time(&clock.minute(), clock)?,
            zone: clock.zone_name(),
            absent: self.absent,
            presenter: self.presenter,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::testing::{Canned, requested};

    #[test]
    fn a_start_says_what_time_it_is_here() {
        let request = requested(&["circle", "start", "NB", "--absent", "Cy"]);
        let expected = CircleRequest::Start {
            notebook: "NB".into(),
            session: None,
            template: None,
            at: "2026-11-23T16:00".into(),
            zone: Some("Europe/Berlin".into()),
            absent: vec!["Cy".into()],
            presenter: None,
        };
        assert_eq!(request, Request::Circle(expected));
    }

    #[test]
    fn following_ends_with_the_meeting() {
        let over = json!({"circle": {"running": false}});
        let mut canned = Canned::answering([over]);
        canned
            .run(&["circle", "show", "NB", "--follow"])
            .expect("ends");
        assert_eq!(canned.requests.len(), 1);
    }
}
