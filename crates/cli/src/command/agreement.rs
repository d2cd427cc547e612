//! `hearth agreement …`

use std::path::PathBuf;

use clap::Subcommand;
use hearth_node::api::{AgreementRequest, Failure, Request};
use serde_json::Value;

use crate::context::Context;
use crate::editor::{Draft, Edited};
use crate::input;
use crate::output::{Answer, Fields, View, view};

/// Agree on how you work together, and sign it
#[derive(Subcommand, Debug)]
pub(crate) enum AgreementCommand {
    /// Show both sides' answers, the consensus and who has signed it
    #[command(after_long_help = "Examples:
  hearth agreement show NB")]
    Show {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Write your answers and what you agree on
    ///
    /// Opens a page in your editor; without a terminal it prints the page, which --from takes back.
    /// What others write meanwhile is kept. A changed consensus is unsigned until all sign again.
    #[command(after_long_help = "Examples:
  hearth agreement edit NB
  hearth agreement edit NB --topic purpose --mine \"To learn to lead\"
  hearth agreement edit NB --topic exit --consensus \"Either of us may end it, and says so.\"
  hearth agreement edit NB > page.md
  hearth agreement edit NB --from page.md")]
    Edit {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// Take the page from a file, or from standard input for -
        #[arg(long, value_name = "FILE|-", conflicts_with = "topic")]
        from: Option<PathBuf>,
        /// Change one topic: purpose, outcomes, rhythm, agenda, contact, cancellation, scope,
        /// confidentiality, disclosure, conflict, exit, notes or review
        #[arg(long)]
        topic: Option<String>,
        /// Your own answer to the topic; - reads standard input
        #[arg(long, value_name = "TEXT", requires = "topic")]
        mine: Option<String>,
        /// What you agree on about the topic; - reads standard input
        #[arg(long, value_name = "TEXT", requires = "topic")]
        consensus: Option<String>,
    },
    /// Sign the exact text that you agreed on
    #[command(after_long_help = "Examples:
  hearth agreement sign NB
  hearth agreement sign NB --yes")]
    Sign {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// List every version that was signed, and check the signatures
    #[command(after_long_help = "Examples:
  hearth agreement log NB")]
    Log {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
}

impl AgreementCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::Show { notebook } => (AgreementRequest::Show { notebook }, view::agreement::show),
            Self::Edit {
                notebook,
                from: Some(path),
                ..
            } => {
                let form = input::file_or_stdin(&path)?;
                (
                    AgreementRequest::Fill { notebook, form },
                    view::agreement::saved,
                )
            }
            Self::Edit {
                notebook,
                topic: Some(topic),
                mine,
                consensus,
                ..
            } => {
                if mine.is_none() && consensus.is_none() {
                    return Err(
                        Failure::usage("text_missing", "There is nothing to write down.")
                            .with_hint("Give --mine TEXT, --consensus TEXT, or both."),
                    );
                }
                let request = AgreementRequest::Topic {
                    notebook,
                    topic,
                    mine: context.option_text(mine)?,
                    consensus: context.option_text(consensus)?,
                };
                (request, view::agreement::saved)
            }
            Self::Edit { notebook, .. } => return edit(context, notebook),
            Self::Sign { notebook } => return sign(context, notebook),
            Self::Log { notebook } => (AgreementRequest::Log { notebook }, view::agreement::log),
        };
        Ok(Answer::page(call(context, request)?, view))
    }
}

fn call(context: &mut Context<'_>, request: AgreementRequest) -> Result<Value, Failure> {
    context.call(Request::Agreement(request))
}

/// Lets the person fill in the page, or prints it where nobody can.
fn edit(context: &mut Context<'_>, notebook: String) -> Result<Answer, Failure> {
    let request = AgreementRequest::Form {
        notebook: notebook.clone(),
    };
    let data = call(context, request)?;
    let page = data.text("form").to_owned();
    if !context.may_ask() || !context.output.terminal || context.output.json {
        return Ok(Answer::text(data, page));
    }
    let draft = Draft::new(&context.environment, "agreement.md", &page)?;
    match draft.edit(&context.environment)? {
        Edited::Unchanged => {
            let data = call(context, AgreementRequest::Show { notebook })?;
            Ok(Answer::page(data, view::agreement::unchanged))
        }
        Edited::Text(form) => match call(context, AgreementRequest::Fill { notebook, form }) {
            Ok(data) => Ok(Answer::page(data, view::agreement::saved)),
            Err(failure) => Err(draft.keep(failure)),
        },
    }
}

/// Shows the exact text, asks, and signs that text and no other.
fn sign(context: &mut Context<'_>, notebook: String) -> Result<Answer, Failure> {
    let request = AgreementRequest::Show {
        notebook: notebook.clone(),
    };
    let data = call(context, request)?;
    let agreement = data.at("agreement");
    let text_hash = agreement.text("text_hash").to_owned();
    if !text_hash.is_empty() && !context.yes {
        context.tell(agreement.text("text"));
        context.confirm("Sign exactly this text?")?;
    }
    let request = AgreementRequest::Sign {
        notebook,
        text_hash,
    };
    Ok(Answer::page(
        call(context, request)?,
        view::agreement::signed,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::testing::{Canned, failing, requested};
    use crate::environment::Environment;

    fn agreement() -> Value {
        json!({"agreement": {"text": "Agreement\n", "text_hash": "abcd"}})
    }

    #[test]
    fn a_topic_is_changed_by_its_options() {
        let typed = ["agreement", "edit", "NB", "--topic", "exit"];
        assert_eq!(failing(&typed).code, "text_missing");
        let mut typed = typed.to_vec();
        typed.extend(["--consensus", "Say so."]);
        assert_eq!(
            requested(&typed),
            Request::Agreement(AgreementRequest::Topic {
                notebook: "NB".into(),
                topic: "exit".into(),
                mine: None,
                consensus: Some("Say so.".into()),
            })
        );
    }

    #[test]
    fn the_text_that_was_shown_is_signed_and_only_after_a_yes() {
        let refused = Canned::answering([agreement()]).run(&["agreement", "sign", "NB"]);
        let refused = refused.expect_err("nobody is there to say yes");
        assert_eq!(
            (refused.code.as_str(), refused.exit.code()),
            ("confirmation_needed", 2)
        );
        let mut canned = Canned::answering([agreement(), agreement()]);
        canned
            .run(&["agreement", "sign", "NB", "--yes"])
            .expect("signs");
        let Some(Request::Agreement(AgreementRequest::Sign { text_hash, .. })) =
            canned.requests.last()
        else {
            panic!("asked for {:?}", canned.requests);
        };
        assert_eq!(text_hash, "abcd");
    }

    #[test]
    fn the_page_goes_through_the_editor_or_to_stdout() {
        let page = json!({"form": "# Exit\n\n## Consensus\nold\n"});
        let mut canned = Canned::answering([page.clone(), agreement()]);
        canned.environment = Environment::terminal().with("EDITOR", "sed -i s/old/new/");
        canned.run(&["agreement", "edit", "NB"]).expect("edits");
        let Some(Request::Agreement(AgreementRequest::Fill { form, .. })) = canned.requests.last()
        else {
            panic!("asked for {:?}", canned.requests);
        };
        assert!(form.contains("new"));
        let mut canned = Canned::answering([page]);
        canned.run(&["agreement", "edit", "NB"]).expect("prints");
        assert_eq!(canned.requests.len(), 1);
    }
}
