//! `hearth action …`

use clap::Subcommand;
use hearth_node::api::{ActionRequest, Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};
use crate::when;

/// Keep track of what somebody said they would do
#[derive(Subcommand, Debug)]
pub(crate) enum ActionCommand {
    /// Write a new action
    #[command(after_long_help = "Examples:
  hearth action add NB \"Send the reading list\" --owner Ada --due fri
  hearth action add NB \"Try the checklist\" --session ID --goal ID")]
    Add {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// What is to be done
        title: String,
        /// Who does it [default: you]
        #[arg(long, value_name = "PERSON")]
        owner: Option<String>,
        /// The day it is due: 2026-12-01, tomorrow, fri, +2w
        #[arg(long, value_name = "DATE")]
        due: Option<String>,
        /// The goal it serves
        #[arg(long, value_name = "ID")]
        goal: Option<String>,
        /// The session it came from
        #[arg(long, value_name = "ID")]
        session: Option<String>,
    },
    /// List a notebook's actions
    #[command(after_long_help = "Examples:
  hearth action list NB --open --mine")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// Only open ones
        #[arg(long)]
        open: bool,
        /// Only your own
        #[arg(long)]
        mine: bool,
    },
    /// Mark an action as done
    #[command(after_long_help = "Examples:
  hearth action done ID")]
    Done {
        /// The action's id
        #[arg(value_name = "ID")]
        action: String,
    },
    /// Give an action another due date
    #[command(after_long_help = "Examples:
  hearth action move ID --due +1w --reason \"Waiting for the draft\"")]
    Move {
        /// The action's id
        #[arg(value_name = "ID")]
        action: String,
        /// The new day: 2026-12-01, tomorrow, fri, +2w
        #[arg(long, value_name = "DATE")]
        due: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Give an action up
    #[command(after_long_help = "Examples:
  hearth action drop ID --reason \"No longer needed\"")]
    Drop {
        /// The action's id
        #[arg(value_name = "ID")]
        action: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

impl ActionCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let request = match self {
            Self::List {
                notebook,
                open,
                mine,
            } => {
                let request = ActionRequest::List {
                    notebook,
                    open,
                    mine,
                };
                let data = context.call(Request::Action(request))?;
                return Ok(Answer::page(data, view::action::list));
            }
            Self::Add {
                notebook,
                title,
                owner,
                due,
                goal,
                session,
            } => {
                let due = due
                    .map(|due| when::date(&due, context.clock()))
                    .transpose()?;
                ActionRequest::Add {
                    notebook,
                    title,
                    owner,
                    due,
                    goal,
                    session,
                }
            }
            Self::Done { action } => ActionRequest::Done { action },
            Self::Move {
                action,
                due,
                reason,
            } => {
                let due = when::date(&due, context.clock())?;
                ActionRequest::Move {
                    action,
                    due,
                    reason,
                }
            }
            Self::Drop { action, reason } => ActionRequest::Drop { action, reason },
        };
        Ok(Answer::page(
            context.call(Request::Action(request))?,
            view::action::show,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::requested;

    #[test]
    fn moving_sends_the_day_itself() {
        let expected = ActionRequest::Move {
            action: "01J".into(),
            due: "2026-11-30".into(),
            reason: None,
        };
        assert_eq!(
            requested(&["action", "move", "01J", "--due", "+1w"]),
            Request::Action(expected)
        );
    }
}
