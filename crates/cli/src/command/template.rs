//! `hearth template …`

use std::path::PathBuf;

use clap::Subcommand;
use hearth_node::api::{Failure, Request, TemplateRequest};
use serde_json::Value;

use crate::context::Context;
use crate::output::{Answer, Fields, view};

/// See and change what sessions begin with
#[derive(Subcommand, Debug)]
pub(crate) enum TemplateCommand {
    /// List the templates, those that come with hearth and your own
    #[command(after_long_help = "Examples:
  hearth template list")]
    List,
    /// Show a template: agenda, prompts, minutes, headings for the notes
    ///
    /// Without a terminal it prints the template as JSON, which `template add` takes back.
    #[command(after_long_help = "Examples:
  hearth template show grow
  hearth template show grow > ours.json")]
    Show {
        /// The template's name
        name: String,
    },
    /// Keep a template of your own, beside the others or in the place of one
    ///
    /// The file is what `template show NAME > FILE` writes. A template with the name of another stands in
    /// its place until it is removed.
    #[command(after_long_help = "Examples:
  hearth template show regular > ours.json     change the file, then:
  hearth template add ours.json --name ours
  hearth session plan NB --at \"fri 15:00\" --template ours")]
    Add {
        /// The file; - reads standard input
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// The name to keep it under [default: the one in the file]
        #[arg(long)]
        name: Option<String>,
    },
    /// Remove a template of your own
    #[command(after_long_help = "Examples:
  hearth template remove ours")]
    Remove {
        /// The template's name
        name: String,
    },
}

impl TemplateCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let call = |context: &mut Context<'_>, request| context.call(Request::Template(request));
        match self {
            Self::List => {
                let data = call(context, TemplateRequest::List)?;
                Ok(Answer::page(data, view::template::list))
            }
            Self::Show { name } => {
                let data = call(context, TemplateRequest::Show { name })?;
                if context.output.terminal {
                    return Ok(Answer::page(data, view::template::show));
                }
                let text = as_file(data.at("template"));
                Ok(Answer::text(data, text))
            }
            Self::Add { file, name } => {
                let text = context.file_text(&file, "template")?;
                let data = call(context, TemplateRequest::Add { text, name })?;
                Ok(Answer::page(data, view::template::added))
            }
            Self::Remove { name } => {
                let data = call(context, TemplateRequest::Remove { name })?;
                Ok(Answer::page(data, view::template::removed))
            }
        }
    }
}

/// The template as a file that a person changes.
fn as_file(template: &Value) -> String {
    format!("{template:#}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::testing::{Canned, requested};

    #[test]
    fn what_show_writes_to_a_file_is_what_add_takes() {
        let template = json!({"name": "ours", "title": "T"});
        let mut canned = Canned::answering([json!({"template": template})]);
        canned.run(&["template", "show", "ours"]).expect("shows it");
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), as_file(&template)).expect("writes");
        let path = file.path().to_string_lossy();
        let request = requested(&["template", "add", &path, "--name", "x"]);
        let Request::Template(TemplateRequest::Add { text, name }) = request else {
            panic!("asked for {request:?}");
        };
        assert_eq!(name.as_deref(), Some("x"));
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read, template);
    }
}
