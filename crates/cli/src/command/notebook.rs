//! `hearth notebook …`

use clap::Subcommand;
use hearth_node::api::{Failure, NotebookRequest, Request};

use super::ROLES;
use crate::context::Context;
use crate::output::{Answer, view};

/// Create, list and rename notebooks
#[derive(Subcommand, Debug)]
pub(crate) enum NotebookCommand {
    /// Create a notebook
    #[command(after_long_help = "Examples:
  hearth notebook create \"Ada and Ben\" --form one-on-one
  hearth notebook create \"Rust circle\" --form peer")]
    Create {
        /// What it is called
        title: String,
        /// Who meets in it
        #[arg(long, value_parser = ["one-on-one", "group", "peer"])]
        form: String,
        /// Your own role [default: mentor, and peer in a peer notebook]
        #[arg(long = "as", value_name = "ROLE", value_parser = ROLES)]
        role: Option<String>,
        /// A template to begin with
        #[arg(long)]
        template: Option<String>,
    },
    /// List your notebooks
    #[command(after_long_help = "Examples:
  hearth notebook list
  hearth notebook list --json")]
    List,
    /// Show a notebook and its members
    #[command(after_long_help = "Examples:
  hearth notebook show \"Ada and Ben\"")]
    Show {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Move the relationship to another phase
    #[command(after_long_help = "Examples:
  hearth notebook phase \"Ada and Ben\" direction")]
    Phase {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The phase it is in now
        #[arg(value_parser = ["rapport", "direction", "progress", "winding-down", "closed"])]
        phase: String,
    },
    /// Give a notebook another title
    #[command(after_long_help = "Examples:
  hearth notebook rename \"Ada and Ben\" \"Ada, Ben and Cy\"")]
    Rename {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The new title
        title: String,
    },
}

impl NotebookCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, crate::output::View) = match self {
            Self::Create {
                title,
                form,
                role,
                template,
            } => {
                let request = NotebookRequest::Create {
                    title,
                    form,
                    role,
                    template,
                };
                (request, view::notebook::created)
            }
            Self::List => (NotebookRequest::List, view::notebook::list),
            Self::Show { notebook } => (NotebookRequest::Show { notebook }, view::notebook::show),
            Self::Phase { notebook, phase } => (
                NotebookRequest::Phase { notebook, phase },
                view::notebook::changed,
            ),
            Self::Rename { notebook, title } => (
                NotebookRequest::Rename { notebook, title },
                view::notebook::changed,
            ),
        };
        Ok(Answer::page(
            context.call(Request::Notebook(request))?,
            view,
        ))
    }
}
