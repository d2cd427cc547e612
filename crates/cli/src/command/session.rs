//! `hearth session …`

use std::path::PathBuf;

use clap::Subcommand;
use hearth_node::api::{Failure, Request, SessionRequest};

use super::SHARING;
use crate::context::Context;
use crate::output::{Answer, View, view};

mod fields;
mod notes;

use fields::{EditOptions, PlanOptions, WrapOptions};
use notes::Notes;

/// Plan sessions and write their notes together
#[derive(Subcommand, Debug)]
pub(crate) enum SessionCommand {
    /// Plan a session
    #[command(after_long_help = "Examples:
  hearth session plan NB --at \"2026-12-01 15:00\" --every 2w --template regular
  hearth session plan NB --at \"fri 9:30\" --zone Europe/Berlin --place https://meet.example/ada")]
    Plan(Box<PlanOptions>),
    /// List a notebook's sessions
    #[command(after_long_help = "Examples:
  hearth session list \"Ada and Ben\"")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Show a session with its agenda and notes
    #[command(after_long_help = "Examples:
  hearth session show ID")]
    Show {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
    },
    /// Put something on the agenda, or tick it off
    #[command(after_long_help = "Examples:
  hearth session agenda ID \"The draft\" --minutes 15
  hearth session agenda ID \"Her talk\" --by Ben
  hearth session agenda ID \"The draft\" --done")]
    Agenda {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
        /// What it is about; with --done, an item's id or title
        title: String,
        /// How long it should take
        #[arg(long, value_name = "N", conflicts_with = "done")]
        minutes: Option<u32>,
        /// Who brings it [default: you]
        #[arg(long, value_name = "PERSON", conflicts_with = "done")]
        by: Option<String>,
        /// Tick off an item instead
        #[arg(long)]
        done: bool,
    },
    /// Write or read the notes
    ///
    /// Opens your editor; without a terminal it prints the text. What others write meanwhile is
    /// kept: only what you changed is saved.
    #[command(after_long_help = "Examples:
  hearth session notes ID
  hearth session notes ID > notes.md
  hearth session notes ID --from notes.md
  echo '- call Ben' | hearth session notes ID --from - --append")]
    Notes {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
        /// Take the text from a file, or from standard input for -
        #[arg(long, value_name = "FILE|-")]
        from: Option<PathBuf>,
        /// Add the text at the end
        #[arg(long)]
        append: bool,
    },
    /// Record how a session went
    #[command(after_long_help = "Examples:
  hearth session wrap ID --decision \"Ship the draft\" --learned \"Ask earlier\" --mood 4
  hearth session wrap ID --mentee-learned \"To pause first\" --action-for Ben \"Send the draft\"
  hearth session wrap ID --mood 2 --mood-text \"Tired, and glad that we spoke\"
  hearth session wrap ID --next \"2026-12-15 15:00\"")]
    Wrap(Box<WrapOptions>),
    /// Change the plan of a session; what is not given stays as it is
    ///
    /// Of sessions that come again, only this one changes: moving it moves no other. With --series the
    /// sessions to come change too, and --every none ends the series.
    #[command(after_long_help = "Examples:
  hearth session edit ID --at \"fri 16:00\"
  hearth session edit ID --at \"2026-12-03 16:00\" --series
  hearth session edit ID --every 3w
  hearth session edit ID --every none")]
    Edit(Box<EditOptions>),
    /// Call a planned session off
    ///
    /// What is on its agenda carries over. Where sessions come again, the next one is planned at once.
    #[command(after_long_help = "Examples:
  hearth session cancel ID --reason \"Ben is ill\"
  hearth session cancel ID --undo")]
    Cancel {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
        /// Why
        #[arg(long, value_name = "TEXT", conflicts_with = "undo")]
        reason: Option<String>,
        /// Plan it again
        #[arg(long)]
        undo: bool,
    },
    /// Say who may hear of the notes
    ///
    /// pair-only (the usual): nobody outside of this notebook. quotable-with-consent: only after asking
    /// everybody whose words they are. shareable: anybody. The mark is a promise between you, and stands in
    /// exports; no program can keep it for you.
    #[command(after_long_help = "Examples:
  hearth session mark ID quotable-with-consent")]
    Mark {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
        /// Who may hear of them
        #[arg(value_name = "MARK", value_parser = SHARING)]
        sharing: String,
    },
    /// Confirm that you were there
    #[command(after_long_help = "Examples:
  hearth session attend ID")]
    Attend {
        /// The session's id
        #[arg(value_name = "ID")]
        session: String,
    },
}

impl SessionCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::Plan(options) => (options.request(context)?, view::session::planned),
            Self::List { notebook } => (SessionRequest::List { notebook }, view::session::list),
            Self::Show { session } => (SessionRequest::Show { session }, view::session::show),
            Self::Agenda {
                session,
                title,
                minutes,
                by,
                done: false,
            } => (
                SessionRequest::AgendaAdd {
                    session,
                    title,
                    minutes,
                    by,
                },
                view::session::agenda,
            ),
            Self::Agenda {
                session,
                title,
                done: true,
                ..
            } => (
                SessionRequest::AgendaDone {
                    session,
                    item: title,
                },
                view::session::agenda,
            ),
            Self::Notes {
                session,
                from,
                append,
            } => {
                return Notes {
                    session,
                    from,
                    append,
                }
                .run(context);
            }
            Self::Wrap(options) => (options.request(context)?, view::session::wrapped),
            Self::Edit(options) => (options.request(context)?, view::session::planned),
            Self::Cancel {
                session,
                reason,
                undo,
            } => {
                let reason = context.option_text(reason)?;
                (
                    SessionRequest::Cancel {
                        session,
                        reason,
                        undo,
                    },
                    view::session::planned,
                )
            }
            Self::Mark { session, sharing } => (
                SessionRequest::Mark { session, sharing },
                view::session::planned,
            ),
            Self::Attend { session } => {
                (SessionRequest::Attend { session }, view::session::attended)
            }
        };
        Ok(Answer::page(context.call(Request::Session(request))?, view))
    }
}
