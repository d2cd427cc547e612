//! `hearth member …` and `hearth readers`

use clap::{Args, Subcommand};
use hearth_node::api::{Failure, MemberRequest, Request, VerifyStep};

use crate::context::Context;
use crate::output::{Answer, view};

/// See who is in a notebook, and verify them
#[derive(Subcommand, Debug)]
pub(crate) enum MemberCommand {
    /// List a notebook's members and their devices
    #[command(after_long_help = "Examples:
  hearth member list \"Ada and Ben\"")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Compare verification words with a member
    ///
    /// Shows the words; both of you should see the same ones. Say them by voice or face to face,
    /// then record what you heard with --match or --differ.
    #[command(after_long_help = "Examples:
  hearth member verify \"Ada and Ben\" Ben
  hearth member verify \"Ada and Ben\" Ben --match")]
    Verify {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The member's id or name
        person: String,
        /// The words were the same
        #[arg(long = "match", conflicts_with = "differ")]
        matches: bool,
        /// The words were not the same
        #[arg(long)]
        differ: bool,
    },
}

/// See who can read a notebook, computed from its keys
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth readers \"Ada and Ben\"")]
pub(crate) struct ReadersCommand {
    /// The notebook's id or name
    #[arg(value_name = "NB")]
    notebook: String,
}

impl MemberCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        match self {
            Self::List { notebook } => {
                let request = Request::Member(MemberRequest::List { notebook });
                Ok(Answer::page(context.call(request)?, view::people::members))
            }
            Self::Verify {
                notebook,
                person,
                matches,
                differ,
            } => {
                let step = match (matches, differ) {
                    (true, _) => VerifyStep::Match,
                    (_, true) => VerifyStep::Differ,
                    _ => VerifyStep::Show,
                };
                let request = Request::Member(MemberRequest::Verify {
                    notebook,
                    person,
                    step,
                });
                let view = match step {
                    VerifyStep::Show => view::people::words,
                    VerifyStep::Match => view::people::matched,
                    VerifyStep::Differ => view::people::differed,
                };
                Ok(Answer::page(context.call(request)?, view))
            }
        }
    }
}

impl ReadersCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let request = Request::Readers {
            notebook: self.notebook,
        };
        Ok(Answer::page(context.call(request)?, view::people::readers))
    }
}
