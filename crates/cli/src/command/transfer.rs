//! `hearth export` and `hearth import`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hearth_node::api::{
    BackupRequest, ExportFormat, ExportReply, Failure, ImportFormat, Request, TransferFile,
};
use serde_json::{Value, json};

use crate::context::{Context, absolute};
use crate::file::{self, Access};
use crate::input;
use crate::output::{Answer, view};

/// The forms in which a notebook leaves.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One file that loses nothing
    Json,
    /// A folder of Markdown files
    Markdown,
    /// A folder of tables, one for each kind of object
    Csv,
    /// A calendar of the sessions
    Ics,
    /// One page to read and to print
    Html,
    /// One file with everybody's signatures, which `hearth verify FILE` checks anywhere
    Signed,
}

impl Format {
    const fn api(self) -> Option<ExportFormat> {
        match self {
            Self::Json => Some(ExportFormat::Json),
            Self::Markdown => Some(ExportFormat::Markdown),
            Self::Csv => Some(ExportFormat::Csv),
            Self::Ics => Some(ExportFormat::Ics),
            Self::Html => Some(ExportFormat::Html),
            Self::Signed => None,
        }
    }

    const fn is_folder(self) -> bool {
        matches!(self, Self::Markdown | Self::Csv)
    }
}

/// The forms in which a notebook comes in.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportForm {
    /// The file of a JSON export
    Json,
    /// The folder of a Markdown export, or files added to it
    Markdown,
    /// A calendar: the times of sessions that are here
    Ics,
}

/// Write a notebook's content to files
///
/// The files are not encrypted: whoever has them can read them.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth export \"Ada and Ben\" --format json --out notebook.json
  hearth export \"Ada and Ben\" --format markdown --out notebook/
  hearth export \"Ada and Ben\" --format csv --out tables/
  hearth export \"Ada and Ben\" --format html --out notebook.html
  hearth export \"Ada and Ben\" --format ics --out sessions.ics --titles --due
  hearth export \"Ada and Ben\" --format signed --out notebook.hearthsg
  hearth export \"Ada and Ben\" --format json --out - | jq .goals
  hearth export --schema > schema.json        what a JSON export looks like")]
pub(crate) struct ExportCommand {
    /// The notebook's id or name
    #[arg(value_name = "NB", required_unless_present = "schema")]
    notebook: Option<String>,
    /// json, ics, html and signed are one file, markdown and csv a folder
    #[arg(long, value_enum, required_unless_present = "schema")]
    format: Option<Format>,
    /// Where to; - writes one file to standard output
    #[arg(long, value_name = "PATH", required_unless_present = "schema")]
    out: Option<PathBuf>,
    /// Put titles and places into a calendar, which others may see
    #[arg(long)]
    titles: bool,
    /// Put the days into a calendar on which actions and goals are due
    #[arg(long)]
    due: bool,
    /// Print the JSON Schema of a JSON export instead
    #[arg(long, conflicts_with_all = ["notebook", "format", "out", "titles", "due"])]
    schema: bool,
}

/// Take content into a notebook
///
/// Imported objects keep their ids and say where they came from; importing again updates them. You
/// sign what you import.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth import \"Ada and Ben\" --format json notebook.json
  hearth import \"Ada and Ben\" --format markdown notebook/
  hearth import \"Ada and Ben\" --format ics sessions.ics")]
pub(crate) struct ImportCommand {
    /// The notebook's id or name
    #[arg(value_name = "NB")]
    notebook: String,
    /// The form of what is at PATH
    #[arg(long, value_enum)]
    format: ImportForm,
    /// A file (- for standard input), or the folder of a Markdown export
    path: PathBuf,
}

impl ExportCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        if self.schema {
            let schema = hearth_node::service::export_schema();
            let text = format!("{schema:#}\n");
            return Ok(Answer::text(schema, text));
        }
        // The parser asks for all three where there is no --schema.
        let (Some(notebook), Some(format), Some(out)) = (self.notebook, self.format, self.out)
        else {
            return Err(Failure::usage("usage", "What is to be exported?"));
        };
        let to_stdout = out.as_os_str() == "-";
        if to_stdout && (format.is_folder() || context.output.json) {
            return Err(Failure::usage(
                "out_invalid",
                "Only a format of one file goes to -, and not with --json.",
            )
            .with_hint("Give --out PATH."));
        }
        if self.titles && format != Format::Ics {
            return Err(
                Failure::usage("titles_invalid", "--titles goes with --format ics.")
                    .with_hint("Every other format has them anyway."),
            );
        }
        if self.due && format != Format::Ics {
            return Err(
                Failure::usage("due_invalid", "--due goes with --format ics.")
                    .with_hint("Every other format has the dates anyway."),
            );
        }
        let Some(form) = format.api() else {
            return signed(context, notebook, &out);
        };
        let data = context.call(Request::Export {
            notebook,
            format: form,
            titles: self.titles,
            due: self.due,
        })?;
        let export = ExportReply::from_value(data).map_err(|error| {
            Failure::error(
                "export_invalid",
                format!("The export has another shape: {error}."),
            )
        })?;
        if to_stdout {
            let text = only_file(export.files)?.text;
            return Ok(Answer::text(Value::Null, text));
        }
        let out = absolute(&out)?;
        let files = if format.is_folder() {
            write_folder(context, &out, &export.files)?
        } else {
            let overwrite = context.may_overwrite(&out)?;
            let text = only_file(export.files)?.text;
            file::write(&out, text.as_bytes(), Access::Owner, overwrite)?;
            vec![out.clone()]
        };
        let files: Vec<_> = files.iter().map(|path| path.to_string_lossy()).collect();
        let data = json!({
            "notebook": export.notebook,
            "format": export.format,
            "out": out.to_string_lossy(),
            "files": files,
        });
        Ok(Answer::page(data, view::overview::exported))
    }
}

/// Has the node write a signed export.
fn signed(context: &mut Context<'_>, notebook: String, out: &Path) -> Result<Answer, Failure> {
    if out.as_os_str() == "-" {
        return Err(
            Failure::usage("out_invalid", "A signed export goes to a file.")
                .with_hint("Give --out PATH."),
        );
    }
    let out = absolute(out)?;
    if !context.may_overwrite(&out)? && out.symlink_metadata().is_ok() {
        return Err(file::exists(&out));
    }
    let path = out.to_str().ok_or_else(|| {
        Failure::usage("path_invalid", "The path is not in UTF-8.").with_hint("Name another file.")
    })?;
    let request = Request::Backup(BackupRequest::Signed {
        notebook,
        path: path.to_owned(),
    });
    Ok(Answer::page(
        context.call(request)?,
        view::overview::exported,
    ))
}

/// Writes into a folder of its own, or after a yes into one that holds something already.
fn write_folder(
    context: &Context<'_>,
    out: &Path,
    files: &[TransferFile],
) -> Result<Vec<PathBuf>, Failure> {
    let empty = match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => out.symlink_metadata().is_err(),
    };
    let overwrite = !empty && context.may_overwrite(out)?;
    file::write_all(out, files, overwrite)
}

fn only_file(files: Vec<TransferFile>) -> Result<TransferFile, Failure> {
    let mut files = files.into_iter();
    match (files.next(), files.next()) {
        (Some(file), None) => Ok(file),
        _ => Err(Failure::error(
            "export_invalid",
            "The export is not exactly one file.",
        )),
    }
}

impl ImportCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (format, files) = match self.format {
            ImportForm::Markdown if self.path.is_dir() => {
                (ImportFormat::Markdown, input::folder(&self.path)?)
            }
            ImportForm::Markdown => (ImportFormat::Markdown, vec![one(&self.path, "import.md")?]),
            ImportForm::Json => (ImportFormat::Json, vec![one(&self.path, "notebook.json")?]),
            ImportForm::Ics => (ImportFormat::Ics, vec![one(&self.path, "sessions.ics")?]),
        };
        let data = context.call(Request::Import {
            notebook: self.notebook,
            format,
            files,
        })?;
        Ok(Answer::page(data, view::overview::imported))
    }
}

fn one(path: &Path, default_name: &str) -> Result<TransferFile, Failure> {
    let text = input::file_or_stdin(path)?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .filter(|name| *name != "-");
    Ok(TransferFile {
        path: name.unwrap_or(default_name).to_owned(),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{Canned, failing, requested};

    fn exported(format: &str, files: &[(&str, &str)]) -> Value {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| json!({"path": path, "text": text}))
            .collect();
        json!({"notebook": "01J", "format": format, "files": files})
    }

    #[test]
    fn an_export_is_written_once_and_overwritten_only_on_yes() {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("out.json");
        let arguments = [
            "export",
            "NB",
            "--format",
            "json",
            "--out",
            &out.to_string_lossy(),
        ];
        let answer = || exported("json", &[("notebook.json", "{}")]);
        Canned::answering([answer()])
            .run(&arguments)
            .expect("writes");
        assert_eq!(std::fs::read_to_string(&out).expect("reads"), "{}");
        let again = Canned::answering([answer()])
            .run(&arguments)
            .expect_err("is there");
        assert_eq!((again.code.as_str(), again.exit.code()), ("file_exists", 2));
        let mut yes = arguments.to_vec();
        yes.push("--yes");
        Canned::answering([exported("json", &[("notebook.json", "[]")])])
            .run(&yes)
            .expect("writes");
        assert_eq!(std::fs::read_to_string(&out).expect("reads"), "[]");
    }

    #[test]
    fn a_markdown_export_is_read_back_by_an_import() {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("notebook");
        let out = out.to_string_lossy();
        let files = [("goals/run.md", "# Run\n"), ("questions.md", "q\n")];
        Canned::answering([exported("markdown", &files)])
            .run(&["export", "NB", "--format", "markdown", "--out", &out])
            .expect("writes");
        let request = requested(&["import", "NB", "--format", "markdown", &out]);
        let Request::Import {
            files: read,
            format: ImportFormat::Markdown,
            ..
        } = request
        else {
            panic!("asked for {request:?}");
        };
        let read: Vec<_> = read
            .iter()
            .map(|file| (file.path.as_str(), file.text.as_str()))
            .collect();
        assert_eq!(read, files);
    }

    #[test]
    fn an_export_that_leads_outside_writes_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("notebook");
        let failure = Canned::answering([exported("markdown", &[("../evil.md", "x")])])
            .run(&[
                "export",
                "NB",
                "--format",
                "markdown",
                "--out",
                &out.to_string_lossy(),
            ])
            .expect_err("refused");
        assert_eq!(failure.code, "name_unsafe");
        assert!(!folder.path().join("evil.md").exists());
    }

    #[test]
    fn one_document_on_stdout_is_enough() {
        let both = ["export", "NB", "--format", "json", "--out", "-", "--json"];
        assert_eq!(failing(&both).code, "out_invalid");
        assert_eq!(
            failing(&["import", "NB", "--format", "json", "/nowhere/at/all"])
                .exit
                .code(),
            4
        );
    }
}
