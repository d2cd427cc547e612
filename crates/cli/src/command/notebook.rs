//! `hearth notebook …`

use std::time::Duration;

use clap::Subcommand;
use hearth_node::api::{Failure, NotebookRequest, Request};

use super::ROLES;
use crate::context::Context;
use crate::output::{Answer, view};
use crate::when;

/// Create, list, rename and fork notebooks, look back on them
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
        #[arg(
            long,
            // An error that it is missing names nothing else.
            value_name = "one-on-one|group|peer",
            value_parser = ["one-on-one", "group", "peer"],
            hide_possible_values = true
        )]
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
    /// See what became of the relationship: phases, sessions held, signatures, goals and milestones
    ///
    /// Each day is that of the change that did it, by its author's clock; a session stands at its planned day. A
    /// signature carries no clock: it stands at the newest change that its signer had seen, and may be later.
    #[command(after_long_help = "Examples:
  hearth notebook timeline \"Ada and Ben\"")]
    Timeline {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// See what goes both ways: what each learned, brought, gave, asked, answered and did
    ///
    /// Counts, and no marks: they show where it runs one way only. Sealed feedback counts once it is open.
    #[command(after_long_help = "Examples:
  hearth notebook reciprocity \"Ada and Ben\"")]
    Reciprocity {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Move the relationship to another phase
    ///
    /// The phase is a word about where you are, and says which templates fit. To end, and to keep an archive in
    /// which nobody writes any more, there is `hearth graduate NB`.
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
    /// Go on in a new notebook, with or without somebody
    ///
    /// The new notebook begins with all of this one's history and the signatures under it, so everybody in
    /// it can prove who wrote what, on which device and when. You are its creator. Everybody else gets a
    /// ticket, but for those named with --without. The old notebook stays as it is.
    #[command(after_long_help = "Examples:
  hearth notebook fork \"Rust circle\" --without Ben
  hearth notebook fork \"Rust circle\" --title \"Rust circle 2\"")]
    Fork {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// A member who gets no ticket; may be given several times
        #[arg(long, value_name = "PERSON")]
        without: Vec<String>,
        /// What the new notebook is called [default: the old title and \"(fork)\"]
        #[arg(long)]
        title: Option<String>,
        /// How long the tickets are good for, as in 24h or 2w [default: 24h]
        #[arg(long, value_parser = when::duration)]
        expires: Option<Duration>,
    },
    /// Start a new key for what is written from now on
    ///
    /// Removals, revoked devices and age do that by themselves; see `hearth config` for the age.
    #[command(after_long_help = "Examples:
  hearth notebook rekey \"Ada and Ben\"")]
    Rekey {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
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
            Self::Timeline { notebook } => (
                NotebookRequest::Timeline { notebook },
                view::relationship::timeline,
            ),
            Self::Reciprocity { notebook } => (
                NotebookRequest::Reciprocity { notebook },
                view::relationship::reciprocity,
            ),
            Self::Phase { notebook, phase } => (
                NotebookRequest::Phase { notebook, phase },
                view::notebook::changed,
            ),
            Self::Fork {
                notebook,
                without,
                title,
                expires,
            } => (
                NotebookRequest::Fork {
                    notebook,
                    without,
                    title,
                    expires_s: expires.map(|expires| expires.as_secs()),
                },
                view::notebook::forked,
            ),
            Self::Rekey { notebook } => {
                (NotebookRequest::Rekey { notebook }, view::notebook::rekeyed)
            }
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
