//! `hearth member …` and `hearth readers`

use clap::{Args, Subcommand, ValueEnum};
use hearth_node::api::{Failure, MemberRequest, Request, VerifyStep};

use super::ROLES;
use crate::context::Context;
use crate::output::fields::Fields;
use crate::output::{Answer, clean, view};

/// See who is in a notebook, verify them, change who is
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
    /// Remove a member
    ///
    /// They keep what they could read until now. What is written from then on gets a new key that they
    /// do not have, whatever they hold and whoever helps them. You can remove whom you or somebody
    /// after you let in or made an admin, and any member who is no admin; nobody removes the creator.
    #[command(after_long_help = "Examples:
  hearth member remove \"Rust circle\" Ben
  hearth member remove \"Rust circle\" Ben --yes")]
    Remove {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The member's id or name
        person: String,
    },
    /// Give a member another role
    ///
    /// An observer reads and writes nothing. In a group, mentors are admins and others are not; in other
    /// notebooks everybody who writes is one. Where a new role changes that, the admin bit goes along.
    #[command(after_long_help = "Examples:
  hearth member role \"Rust circle\" Ben observer")]
    Role {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The member's id or name
        person: String,
        /// The new role
        #[arg(value_parser = ROLES)]
        role: String,
    },
    /// Make a member an admin, or none
    ///
    /// Admins invite, remove and change roles.
    #[command(after_long_help = "Examples:
  hearth member admin \"Rust circle\" Ben on")]
    Admin {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The member's id or name
        person: String,
        /// Whether they are to be an admin
        state: Switch,
    },
    /// Leave a notebook
    ///
    /// The copy on your devices stays readable; you write nothing more in it and get nothing new.
    #[command(after_long_help = "Examples:
  hearth member leave \"Rust circle\"")]
    Leave {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Compare verification words with a member
    ///
    /// Shows the words; both of you should see the same ones. Say them by voice or face to face,
    /// then record what you heard with --match or --differ. Where they differ, somebody may stand in
    /// between: --differ removes whoever joined, if you may, and starts a new key.
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

/// Whether something is to be so.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    /// It is to be so
    On,
    /// It is not to be so
    Off,
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
            Self::Remove { notebook, person } => remove(context, notebook, person),
            Self::Role {
                notebook,
                person,
                role,
            } => {
                let request = Request::Member(MemberRequest::Role {
                    notebook,
                    person,
                    role,
                });
                Ok(Answer::page(context.call(request)?, view::people::changed))
            }
            Self::Admin {
                notebook,
                person,
                state,
            } => {
                let request = Request::Member(MemberRequest::Admin {
                    notebook,
                    person,
                    admin: state == Switch::On,
                });
                Ok(Answer::page(context.call(request)?, view::people::changed))
            }
            Self::Leave { notebook } => leave(context, notebook),
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

/// Asks only for what could be done.
fn remove(context: &mut Context<'_>, notebook: String, person: String) -> Result<Answer, Failure> {
    let request = |check| {
        let (notebook, person) = (notebook.clone(), person.clone());
        Request::Member(MemberRequest::Remove {
            notebook,
            person,
            check,
        })
    };
    if !context.yes {
        let data = context.call(request(true))?;
        let [name, title] = [data.at("member").text("name"), data.called("notebook")];
        context.confirm(&format!(
            "Remove {0} from {1}? {0} keeps what was readable until now, and reads nothing new.",
            clean::line(name),
            clean::line(title)
        ))?;
    }
    let data = context.call(request(false))?;
    Ok(Answer::page(data, view::people::removed))
}

fn leave(context: &mut Context<'_>, notebook: String) -> Result<Answer, Failure> {
    let request = |check| {
        let notebook = notebook.clone();
        Request::Member(MemberRequest::Leave { notebook, check })
    };
    if !context.yes {
        let data = context.call(request(true))?;
        context.confirm(&format!(
            "Leave {}? You will write nothing more in it, and get nothing new.",
            clean::line(data.called("notebook"))
        ))?;
    }
    let data = context.call(request(false))?;
    Ok(Answer::page(data, view::people::left))
}

impl ReadersCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let request = Request::Readers {
            notebook: self.notebook,
        };
        Ok(Answer::page(context.call(request)?, view::people::readers))
    }
}
