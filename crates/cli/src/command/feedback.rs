//! `hearth feedback …` and `hearth sealed …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hearth_node::api::{Failure, FeedbackFields, FeedbackRequest, Request, SealedRequest};

use crate::context::Context;
use crate::input;
use crate::output::{Answer, View, view};

/// Give feedback
#[derive(Subcommand, Debug)]
pub(crate) enum FeedbackCommand {
    /// Give feedback, open or sealed
    ///
    /// Open feedback can be read at once by everybody in the notebook. With --sealed it stays in your
    /// journal until the other has written theirs too.
    #[command(after_long_help = "Examples:
  hearth feedback give NB --situation \"On Monday\" --behaviour \"you let me finish\" \\
      --impact \"I found the mistake myself\" --request \"please keep doing that\"
  hearth feedback give NB --to Ben \"Thank you for the introduction.\"
  hearth feedback give NB --sealed --behaviour \"you came late three times\"")]
    Give(Box<GiveOptions>),
    /// List feedback and sealed exchanges of it
    #[command(after_long_help = "Examples:
  hearth feedback list NB")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Write so that nobody reads before all have written; the same as `hearth sealed`
    #[command(subcommand)]
    Sealed(SealedCommand),
}

/// What `feedback give` takes.
#[derive(Args, Debug)]
pub(crate) struct GiveOptions {
    /// The notebook's id or name
    #[arg(value_name = "NB")]
    notebook: String,
    /// The feedback in one text; - reads standard input [default: your editor]
    text: Option<String>,
    /// Whom it is for [default: the other one of two]
    #[arg(long, value_name = "PERSON")]
    to: Option<String>,
    /// When and where it was
    #[arg(long, value_name = "TEXT")]
    situation: Option<String>,
    /// What the person did
    #[arg(long, value_name = "TEXT", alias = "behavior")]
    behaviour: Option<String>,
    /// What that led to
    #[arg(long, value_name = "TEXT")]
    impact: Option<String>,
    /// What you wish for
    #[arg(long, value_name = "TEXT")]
    request: Option<String>,
    /// Begin a sealed exchange with it: nobody reads it before the other has written too
    #[arg(long)]
    sealed: bool,
}

/// Write to each other so that nobody reads before all have written
#[derive(Subcommand, Debug)]
pub(crate) enum SealedCommand {
    /// Start a sealed exchange
    #[command(after_long_help = "Examples:
  hearth sealed start NB --kind expectations
  hearth sealed start NB --kind rating --title \"Half-time\"
  hearth sealed start NB --kind feedback --with Ben")]
    Start {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// What it is about
        #[arg(long, default_value = "feedback", value_parser = ["feedback", "expectations", "rating"])]
        kind: String,
        /// What it is called
        #[arg(long)]
        title: Option<String>,
        /// Who takes part with you; may be given several times [default: everybody who writes]
        #[arg(long = "with", value_name = "PERSON")]
        with: Vec<String>,
    },
    /// Write your text and commit to it
    ///
    /// The text stays in your journal; the notebook gets a salted hash that does not give it away, and
    /// that you cannot change once all have committed.
    #[command(after_long_help = "Examples:
  hearth sealed commit ID
  hearth sealed commit ID --from thoughts.md
  hearth sealed commit ID --rating 4 \"More challenge, please.\"")]
    Commit {
        /// The exchange's id
        #[arg(value_name = "ID")]
        exchange: String,
        /// The text; - reads standard input [default: your editor]
        text: Option<String>,
        /// Take the text from a file, or from standard input for -
        #[arg(long, value_name = "FILE|-", conflicts_with = "text")]
        from: Option<PathBuf>,
        /// The number of a rating
        #[arg(long, value_name = "1..5", value_parser = clap::value_parser!(u8).range(1..=5))]
        rating: Option<u8>,
    },
    /// Show your text to the others, once all have committed
    #[command(after_long_help = "Examples:
  hearth sealed open ID")]
    Open {
        /// The exchange's id
        #[arg(value_name = "ID")]
        exchange: String,
    },
    /// Take back a stalled exchange that you started, or your own text
    #[command(after_long_help = "Examples:
  hearth sealed withdraw ID")]
    Withdraw {
        /// The exchange's id
        #[arg(value_name = "ID")]
        exchange: String,
    },
    /// Show who has committed, who has opened, and what is open
    #[command(after_long_help = "Examples:
  hearth sealed show ID")]
    Show {
        /// The exchange's id
        #[arg(value_name = "ID")]
        exchange: String,
    },
    /// List a notebook's sealed exchanges
    #[command(after_long_help = "Examples:
  hearth sealed list NB")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
}

impl FeedbackCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::Give(options) => {
                let view = if options.sealed {
                    view::feedback::committed
                } else {
                    view::feedback::given
                };
                (options.request(context)?, view)
            }
            Self::List { notebook } => (FeedbackRequest::List { notebook }, view::feedback::list),
            Self::Sealed(command) => return command.run(context),
        };
        Ok(Answer::page(
            context.call(Request::Feedback(request))?,
            view,
        ))
    }
}

impl GiveOptions {
    fn request(self, context: &Context<'_>) -> Result<FeedbackRequest, Failure> {
        let is_told = [
            &self.situation,
            &self.behaviour,
            &self.impact,
            &self.request,
        ]
        .iter()
        .any(|part| part.is_some());
        let text = match self.text {
            None if is_told => None,
            text => Some(context.long_text(text, "feedback")?),
        };
        Ok(FeedbackRequest::Give {
            notebook: self.notebook,
            to: self.to,
            sealed: self.sealed,
            fields: FeedbackFields {
                text,
                situation: self.situation,
                behaviour: self.behaviour,
                impact: self.impact,
                request: self.request,
            },
        })
    }
}

impl SealedCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::Start {
                notebook,
                kind,
                title,
                with,
            } => (
                SealedRequest::Start {
                    notebook,
                    kind,
                    title,
                    with,
                },
                view::feedback::exchange,
            ),
            Self::Commit {
                exchange,
                text,
                from,
                rating,
            } => {
                let text = match (text, from) {
                    (None, Some(path)) => input::file_or_stdin(&path)?.trim_end().to_owned(),
                    // A number says enough by itself.
                    (None, None) if rating.is_some() => String::new(),
                    (text, _) => context.long_text(text, "text")?,
                };
                (
                    SealedRequest::Commit {
                        exchange,
                        text,
                        rating,
                    },
                    view::feedback::committed,
                )
            }
            Self::Open { exchange } => (SealedRequest::Open { exchange }, view::feedback::opened),
            Self::Withdraw { exchange } => (
                SealedRequest::Withdraw { exchange },
                view::feedback::withdrawn,
            ),
            Self::Show { exchange } => (SealedRequest::Show { exchange }, view::feedback::exchange),
            Self::List { notebook } => {
                (SealedRequest::List { notebook }, view::feedback::exchanges)
            }
        };
        Ok(Answer::page(context.call(Request::Sealed(request))?, view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{failing, requested};

    #[test]
    fn feedback_comes_in_parts_or_as_one_text() {
        let request = requested(&[
            "feedback",
            "give",
            "NB",
            "--behavior",
            "Listened",
            "--sealed",
        ]);
        let Request::Feedback(FeedbackRequest::Give { fields, sealed, .. }) = request else {
            panic!("asked for {request:?}");
        };
        assert_eq!(
            (fields.behaviour.as_deref(), fields.text, sealed),
            (Some("Listened"), None, true)
        );
        assert_eq!(failing(&["feedback", "give", "NB"]).code, "text_missing");
    }

    #[test]
    fn a_sealed_exchange_is_feedback_too() {
        let as_feedback = requested(&["feedback", "sealed", "withdraw", "ID"]);
        let by_itself = requested(&["sealed", "withdraw", "ID"]);
        assert_eq!(format!("{as_feedback:?}"), format!("{by_itself:?}"));
        let Request::Sealed(SealedRequest::Withdraw { exchange }) = as_feedback else {
            panic!("asked for {as_feedback:?}");
        };
        assert_eq!(exchange, "ID");
    }

    #[test]
    fn a_rating_needs_no_words_and_a_text_does() {
        let request = requested(&["sealed", "commit", "ID", "--rating", "4"]);
        let Request::Sealed(SealedRequest::Commit { text, rating, .. }) = request else {
            panic!("asked for {request:?}");
        };
        assert_eq!((text.as_str(), rating), ("", Some(4)));
        assert_eq!(failing(&["sealed", "commit", "ID"]).code, "text_missing");
        assert_eq!(
            failing(&["sealed", "commit", "ID", "--rating", "9"])
                .exit
                .code(),
            2
        );
    }
}
