//! `hearth journal …`

use std::path::PathBuf;

use clap::Subcommand;
use hearth_node::api::{Failure, JournalRequest, Request, TemplateRequest};

use crate::context::Context;
use crate::editor::{Draft, Edited};
use crate::output::{Answer, Fields, View, view};

/// Write for yourself: only your own devices have it
///
/// Nobody can be invited into it, and nobody else can read it. If your last device is lost, so is
/// your journal, even with the recovery phrase. You can change that: with `hearth config set
/// journal_copies members` those who share a notebook with you also keep a sealed copy, up to 4 MiB,
/// renewed at most every 15 minutes while the node runs. They cannot open it, and see how large it
/// is and when it changes; whoever has your phrase and such a copy can read the journal. Mirrors of
/// your notebooks then keep one too. With `hearth mirror add journal TICKET` a mirror holds all of the
/// journal, however long, and all the time, sealed as any notebook. `hearth status` says who keeps it. `hearth config set journal_copies own-devices` ends it: what is kept
/// is replaced by one without the journal as soon as they are met.
#[derive(Subcommand, Debug)]
pub(crate) enum JournalCommand {
    /// Write an entry
    #[command(after_long_help = "Examples:
  hearth journal add
  hearth journal add NB --text \"What I do not dare to ask yet\"
  hearth journal add --for SESSION --from preparation.md
  hearth journal add --template plan
  echo 'A thought' | hearth journal add --from -")]
    Add {
        /// The notebook that it is about; it stays in your journal all the same
        #[arg(value_name = "NB")]
        about: Option<String>,
        /// Take the text from a file, or from standard input for - [default: your editor]
        #[arg(long, value_name = "FILE|-")]
        from: Option<PathBuf>,
        /// The text itself
        #[arg(long, conflicts_with = "from")]
        text: Option<String>,
        /// The template that the entry begins with, as in plan
        #[arg(long, value_name = "NAME", conflicts_with_all = ["from", "text"])]
        template: Option<String>,
        /// The session that it prepares
        #[arg(long = "for", value_name = "SESSION")]
        session: Option<String>,
    },
    /// List your entries
    #[command(after_long_help = "Examples:
  hearth journal list
  hearth journal list NB")]
    List {
        /// Only what is about this notebook, and what was shared into it
        #[arg(value_name = "NB")]
        about: Option<String>,
    },
    /// Show an entry
    #[command(after_long_help = "Examples:
  hearth journal show ID")]
    Show {
        /// The entry's id
        #[arg(value_name = "ID")]
        entry: String,
    },
    /// Copy an entry into a notebook, where all its members can read it
    ///
    /// Says first what becomes readable to whom, and asks at a terminal. It cannot be taken back.
    #[command(after_long_help = "Examples:
  hearth journal share ID NB")]
    Share {
        /// The entry's id
        #[arg(value_name = "ID")]
        entry: String,
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
}

impl JournalCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, View) = match self {
            Self::Add {
                about,
                from,
                text,
                template,
                session,
            } => {
                let text = match (from, template) {
                    (_, Some(name)) => from_template(context, name)?,
                    (Some(path), None) => context.file_text(&path, "entry")?,
                    (None, None) => context.long_text(text, "entry")?,
                };
                (
                    JournalRequest::Add {
                        text,
                        about,
                        session,
                    },
                    view::journal::added,
                )
            }
            Self::List { about } => (JournalRequest::List { about }, view::journal::list),
            Self::Show { entry } => (JournalRequest::Show { entry }, view::journal::show),
            Self::Share { entry, notebook } => {
                let preview = context.call(Request::Journal(JournalRequest::SharePreview {
                    entry: entry.clone(),
                    notebook: notebook.clone(),
                }))?;
                context.tell(&format!(
                    "{}\n\nThis becomes readable to {} in {}.",
                    preview.at("entry").text("text"),
                    view::journal::readers(&preview),
                    preview.called("notebook"),
                ));
                if context.may_ask() {
                    context.confirm("Share it?")?;
                }
                (
                    JournalRequest::Share { entry, notebook },
                    view::journal::shared,
                )
            }
        };
        Ok(Answer::page(context.call(Request::Journal(request))?, view))
    }
}

/// The notes of a template, as the person fills them in; as they are where nobody can.
fn from_template(context: &mut Context<'_>, name: String) -> Result<String, Failure> {
    let data = context.call(Request::Template(TemplateRequest::Show { name }))?;
    let template = data.at("template");
    let text = format!("# {}\n\n{}", template.text("title"), template.text("notes"));
    if !context.may_ask() {
        return Ok(text);
    }
    let draft = Draft::new(&context.environment, "entry.md", &text)?;
    match draft.edit(&context.environment)? {
        Edited::Text(text) => Ok(text),
        Edited::Unchanged => Err(
            Failure::usage("text_unchanged", "The template is as it was.")
                .with_hint("Nothing was written. Fill in something, and save it."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::testing::{Canned, failing, requested};

    #[test]
    fn an_entry_may_be_about_a_notebook() {
        let typed = ["journal", "add", "NB", "--text", "Hm.", "--for", "S"];
        assert_eq!(
            requested(&typed),
            Request::Journal(JournalRequest::Add {
                text: "Hm.".into(),
                about: Some("NB".into()),
                session: Some("S".into()),
            })
        );
        assert_eq!(failing(&["journal", "add"]).code, "text_missing");
    }

    #[test]
    fn what_sharing_does_is_asked_before_it_is_done() {
        let mut canned = Canned::answering([json!({"entry": {"text": "Hm."}}), json!({})]);
        canned
            .run(&["journal", "share", "ID", "NB"])
            .expect("shares");
        assert!(matches!(
            canned.requests.as_slice(),
            [
                Request::Journal(JournalRequest::SharePreview { .. }),
                Request::Journal(JournalRequest::Share { .. })
            ]
        ));
    }
}
