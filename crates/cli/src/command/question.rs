//! `hearth ask`, `answer`, `question …`, `resolve` and `comment`

use clap::{Args, Subcommand};
use hearth_node::api::{Failure, QuestionRequest, Request};

use crate::context::Context;
use crate::output::{Answer, View, view};

use super::SHARING;

/// Ask a question
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth ask NB \"How do you prepare a hard conversation?\"
  hearth ask NB -         read it from standard input
  hearth ask NB           write it in your editor")]
pub(crate) struct AskCommand {
    /// The notebook's id or name
    #[arg(value_name = "NB")]
    notebook: String,
    /// The question; - reads standard input [default: your editor]
    text: Option<String>,
}

/// Answer a question
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth answer ID \"I write down what I want them to hear first.\"")]
pub(crate) struct AnswerCommand {
    /// The question's id
    #[arg(value_name = "ID")]
    question: String,
    /// The answer; - reads standard input [default: your editor]
    text: Option<String>,
}

/// See a notebook's questions
#[derive(Subcommand, Debug)]
pub(crate) enum QuestionCommand {
    /// List questions and their answers
    #[command(after_long_help = "Examples:
  hearth question list \"Ada and Ben\"")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Say who may hear of a question and its answers
    ///
    /// pair-only (the usual): nobody outside of this notebook. quotable-with-consent: only after asking
    /// everybody whose words they are. shareable: anybody. The mark is a promise between you, and stands in
    /// exports; no program can keep it for you.
    #[command(after_long_help = "Examples:
  hearth question mark ID shareable")]
    Mark {
        /// The question's id
        #[arg(value_name = "ID")]
        question: String,
        /// Who may hear of it
        #[arg(value_name = "MARK", value_parser = SHARING)]
        sharing: String,
    },
}

/// Mark a question as resolved
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth resolve ID")]
pub(crate) struct ResolveCommand {
    /// The question's id
    #[arg(value_name = "ID")]
    question: String,
}

/// Comment on anything
///
/// On a goal, an action, a session and what stands in it, a question, the agreement, feedback, a skill, a resource, a
/// check-in, a shared note, another comment. On an entry of your journal, it stays in your journal.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth comment ID \"Well put.\"")]
pub(crate) struct CommentCommand {
    /// The id of anything in a notebook, or of an entry of your journal
    #[arg(value_name = "ID")]
    object: String,
    /// The comment; - reads standard input [default: your editor]
    text: Option<String>,
}

impl AskCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let text = context.long_text(self.text, "question")?;
        let request = Request::Ask {
            notebook: self.notebook,
            text,
        };
        Ok(Answer::page(context.call(request)?, view::question::show))
    }
}

impl AnswerCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let text = context.long_text(self.text, "answer")?;
        let request = Request::Answer {
            question: self.question,
            text,
        };
        Ok(Answer::page(context.call(request)?, view::question::show))
    }
}

impl QuestionCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::List { notebook } => (QuestionRequest::List { notebook }, view::question::list),
            Self::Mark { question, sharing } => (
                QuestionRequest::Mark { question, sharing },
                view::question::show,
            ),
        };
        Ok(Answer::page(
            context.call(Request::Question(request))?,
            view,
        ))
    }
}

impl ResolveCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let request = Request::Resolve {
            question: self.question,
        };
        Ok(Answer::page(context.call(request)?, view::question::show))
    }
}

impl CommentCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let text = context.long_text(self.text, "comment")?;
        let request = Request::Comment {
            object: self.object,
            text,
        };
        Ok(Answer::page(
            context.call(request)?,
            view::question::comment,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{failing, requested};

    #[test]
    fn the_text_is_sent_as_typed() {
        let request = requested(&["ask", "NB", "Why?\n"]);
        assert_eq!(
            request,
            Request::Ask {
                notebook: "NB".into(),
                text: "Why?".into()
            }
        );
    }

    #[test]
    fn without_text_or_terminal_nothing_is_asked() {
        assert_eq!(failing(&["answer", "01J"]).code, "text_missing");
        assert_eq!(failing(&["comment", "01J", " \n"]).code, "text_empty");
    }
}
