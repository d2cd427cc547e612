//! `hearth goal …`

use clap::{Args, Subcommand};
use hearth_node::api::{Failure, GoalFields, GoalRequest, KeyResultFields, Request};

use crate::context::Context;
use crate::output::{Answer, view};
use crate::when;

const KINDS: [&str; 4] = ["smart", "okr", "woop", "plain"];
const STATUSES: [&str; 5] = ["proposed", "active", "paused", "achieved", "dropped"];

/// Write goals and follow their progress
#[derive(Subcommand, Debug)]
pub(crate) enum GoalCommand {
    /// Write a new goal
    #[command(after_long_help = "Examples:
  hearth goal add NB \"Lead a design review\" --owner Ben --due +6w
  hearth goal add NB \"Run 10 km\" --unit km --baseline 3 --target 10
  hearth goal add NB \"Better talks\" --kind okr --key-result 'talks given=0..4' \\
      --key-result 'rehearsals=0..8'")]
    Add {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// What is to be reached
        title: String,
        #[command(flatten)]
        options: Box<GoalOptions>,
    },
    /// List a notebook's goals
    #[command(after_long_help = "Examples:
  hearth goal list \"Ada and Ben\"")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Show a goal
    #[command(after_long_help = "Examples:
  hearth goal show ID")]
    Show {
        /// The goal's id
        #[arg(value_name = "ID")]
        goal: String,
    },
    /// Change a goal; what is not given stays as it is
    #[command(after_long_help = "Examples:
  hearth goal edit ID --due fri
  hearth goal edit ID --title \"Lead two design reviews\" --target 2
  hearth goal edit ID --due none")]
    Edit {
        /// The goal's id
        #[arg(value_name = "ID")]
        goal: String,
        /// A new title
        #[arg(long)]
        title: Option<String>,
        #[command(flatten)]
        options: Box<GoalOptions>,
    },
    /// Set a goal's status
    #[command(after_long_help = "Examples:
  hearth goal status ID active
  hearth goal status ID achieved --reason \"Shipped on Friday\"")]
    Status {
        /// The goal's id
        #[arg(value_name = "ID")]
        goal: String,
        /// Where it stands
        #[arg(value_parser = STATUSES)]
        status: String,
        /// Why: paused, achieved and dropped want a reason
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Record a value of the goal's measure
    #[command(after_long_help = "Examples:
  hearth goal progress ID 7.5
  hearth goal progress ID 7.5 --note \"Slow, but all the way\" --on yesterday")]
    Progress {
        /// The goal's id
        #[arg(value_name = "ID")]
        goal: String,
        /// The value, in the measure's unit
        #[arg(allow_negative_numbers = true, value_parser = when::finite)]
        value: f64,
        /// A line about it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// The day it was measured [default: today]
        #[arg(long, value_name = "DATE")]
        on: Option<String>,
    },
    /// Add a milestone
    #[command(after_long_help = "Examples:
  hearth goal milestone ID \"First draft\" --due +2w")]
    Milestone {
        /// The goal's id
        #[arg(value_name = "ID")]
        goal: String,
        /// What is reached then
        title: String,
        /// The day it is due
        #[arg(long, value_name = "DATE")]
        due: Option<String>,
    },
    /// Mark a milestone as reached
    #[command(after_long_help = "Examples:
  hearth goal milestone-done ID \"First draft\"")]
    MilestoneDone {
        /// The goal's id
        #[arg(value_name = "ID")]
        goal: String,
        /// The milestone's id or title
        milestone: String,
    },
    /// Record where a key result stands
    #[command(after_long_help = "Examples:
  hearth goal key-result ID RESULT 40")]
    KeyResult {
        /// The goal's id
        #[arg(value_name = "ID")]
        goal: String,
        /// The key result's id or title
        key_result: String,
        /// Its value now
        #[arg(allow_negative_numbers = true, value_parser = when::finite)]
        current: f64,
    },
}

/// The fields of a goal.
#[derive(Args, Debug)]
pub(crate) struct GoalOptions {
    /// Whose goal it is; may be given several times
    #[arg(long = "owner", value_name = "PERSON")]
    owners: Vec<String>,
    /// Why it matters; - reads standard input
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// How it is written [default: plain]
    #[arg(long, value_parser = KINDS)]
    kind: Option<String>,
    /// What is counted, as in km or reviews
    #[arg(long)]
    unit: Option<String>,
    /// The measure's value at the start
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = when::finite)]
    baseline: Option<f64>,
    /// The measure's value when reached
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = when::finite)]
    target: Option<f64>,
    /// The day it is due: 2026-12-01, tomorrow, fri, +2w
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
    /// A key result of an okr goal, two to five of them
    #[arg(long = "key-result", value_name = "TITLE=START..TARGET", value_parser = key_result)]
    key_results: Vec<KeyResultFields>,
    /// What you wish for (woop)
    #[arg(long, value_name = "TEXT")]
    wish: Option<String>,
    /// The best that could come of it (woop)
    #[arg(long, value_name = "TEXT")]
    outcome: Option<String>,
    /// What in you stands in the way (woop)
    #[arg(long, value_name = "TEXT")]
    obstacle: Option<String>,
    /// If the obstacle comes, then what (woop)
    #[arg(long, value_name = "TEXT")]
    plan: Option<String>,
}

impl GoalOptions {
    fn fields(self, context: &Context<'_>) -> Result<(Option<String>, GoalFields), Failure> {
        let due = self
            .due
            .map(|due| when::date_or_none(&due, context.clock()))
            .transpose()?;
        let fields = GoalFields {
            owners: self.owners,
            why: context.option_text(self.why)?,
            unit: self.unit,
            baseline: self.baseline,
            target: self.target,
            due,
            key_results: self.key_results,
            wish: self.wish,
            outcome: self.outcome,
            obstacle: self.obstacle,
            plan: self.plan,
        };
        Ok((self.kind, fields))
    }
}

impl GoalCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let day = |text: Option<String>| {
            text.map(|text| when::date(&text, context.clock()))
                .transpose()
        };
        let request = match self {
            Self::List { notebook } => {
                let data = context.call(Request::Goal(GoalRequest::List { notebook }))?;
                return Ok(Answer::page(data, view::goal::list));
            }
            Self::Add {
                notebook,
                title,
                options,
            } => {
                let (kind, fields) = options.fields(context)?;
                GoalRequest::Add {
                    notebook,
                    title,
                    kind,
                    fields,
                }
            }
            Self::Edit {
                goal,
                title,
                options,
            } => {
                let (kind, fields) = options.fields(context)?;
                if title.is_none() && kind.is_none() && fields == GoalFields::default() {
                    return Err(Failure::usage(
                        "nothing_to_change",
                        "Nothing to change was given.",
                    )
                    .with_hint("See `hearth goal edit --help`."));
                }
                GoalRequest::Edit {
                    goal,
                    title,
                    kind,
                    fields,
                }
            }
            Self::Show { goal } => GoalRequest::Show { goal },
            Self::Status {
                goal,
                status,
                reason,
            } => GoalRequest::Status {
                goal,
                status,
                reason: context.option_text(reason)?,
            },
            Self::Progress {
                goal,
                value,
                note,
                on,
            } => GoalRequest::Progress {
                goal,
                value,
                on: day(on)?,
                note: context.option_text(note)?,
            },
            Self::Milestone { goal, title, due } => GoalRequest::Milestone {
                goal,
                title,
                due: day(due)?,
            },
            Self::MilestoneDone { goal, milestone } => {
                GoalRequest::MilestoneDone { goal, milestone }
            }
            Self::KeyResult {
                goal,
                key_result,
                current,
            } => GoalRequest::KeyResult {
                goal,
                key_result,
                current,
            },
        };
        Ok(Answer::page(
            context.call(Request::Goal(request))?,
            view::goal::show,
        ))
    }
}

fn key_result(text: &str) -> Result<KeyResultFields, String> {
    let parsed = text.rsplit_once('=').and_then(|(title, range)| {
        let (start, target) = range.split_once("..")?;
        let title = title.trim();
        (!title.is_empty()).then_some(KeyResultFields {
            title: title.to_owned(),
            start: when::finite(start.trim()).ok()?,
            target: when::finite(target.trim()).ok()?,
        })
    });
    parsed.ok_or_else(|| "write a title and a range, as in 'talks given=0..4'".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{failing, requested};

    #[test]
    fn a_goal_is_asked_for_as_it_was_typed() {
        let request = requested(&[
            "goal",
            "add",
            "NB",
            "Run",
            "--owner",
            "Ben",
            "--owner",
            "Ada",
            "--kind",
            "smart",
            "--unit",
            "km",
            "--baseline",
            "-1",
            "--target",
            "10.5",
            "--due",
            "fri",
        ]);
        let expected = GoalFields {
            owners: vec!["Ben".into(), "Ada".into()],
            unit: Some("km".into()),
            baseline: Some(-1.0),
            target: Some(10.5),
            due: Some("2026-11-27".into()),
            ..GoalFields::default()
        };
        assert_eq!(
            request,
            Request::Goal(GoalRequest::Add {
                notebook: "NB".into(),
                title: "Run".into(),
                kind: Some("smart".into()),
                fields: expected,
            })
        );
    }

    #[test]
    fn a_due_date_can_be_cleared() {
        let request = requested(&["goal", "edit", "01J", "--due", "none"]);
        let Request::Goal(GoalRequest::Edit { fields, .. }) = request else {
            panic!("asked for {request:?}");
        };
        assert_eq!(fields.due, Some(String::new()));
    }

    #[test]
    fn progress_may_be_negative_and_dated() {
        let request = requested(&["goal", "progress", "01J", "-2.5", "--on", "yesterday"]);
        let expected = GoalRequest::Progress {
            goal: "01J".into(),
            value: -2.5,
            note: None,
            on: Some("2026-11-22".into()),
        };
        assert_eq!(request, Request::Goal(expected));
    }

    #[test]
    fn key_results_have_a_title_and_a_range() {
        let read = key_result("a=b = -1 .. 4").expect("reads");
        assert_eq!(
            (read.title.as_str(), read.start, read.target),
            ("a=b", -1.0, 4.0)
        );
        for wrong in ["", "a", "a=1", "=1..2", "a=1..x", "a=1..inf"] {
            assert!(key_result(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_meant_never_reaches_the_node() {
        assert_eq!(
            failing(&["goal", "add", "NB", "Run", "--due", "someday"]).code,
            "date_invalid"
        );
        assert_eq!(failing(&["goal", "edit", "01J"]).code, "nothing_to_change");
    }
}
