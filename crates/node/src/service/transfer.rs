//! Content on its way out of a notebook or into one.
//!
//! An import is one edit: it is cut into changes and entries of bounded size, and all of them are on
//! disk when it is done, or none is. Importing the same file again updates by id.

use hearth_notebook::json::{self, ImportError};
use hearth_notebook::{calendar, markdown, page, sheet};
use serde_json::{Value, json};

use super::answer::{to_json, unavailable, with};
use super::resolve::{brief, find_notebook};
use crate::api::{Event, ExportFormat, ExportReply, Failure, ImportFormat, Progress, TransferFile};
use crate::host::{Host, sentence};

/// The name of the one file of a JSON export.
const JSON_FILE: &str = "notebook.json";
/// The name of the one file of an HTML export.
const HTML_FILE: &str = "notebook.html";
/// The name of the one file of a calendar.
const ICS_FILE: &str = "sessions.ics";

/// The data of `export`: an [`ExportReply`].
pub(super) fn export(
    host: &mut Host,
    notebook: &str,
    format: ExportFormat,
    titles: bool,
    due: bool,
) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    let files = host.read(notebook, |docs, people| match format {
        ExportFormat::Json => {
            let text = json::export_json(docs, people).map_err(unavailable)?;
            Ok(vec![(JSON_FILE.to_owned(), text)])
        }
        ExportFormat::Markdown => markdown::export_markdown(docs, people).map_err(unavailable),
        ExportFormat::Csv => sheet::export_csv(docs, people).map_err(unavailable),
        ExportFormat::Html => {
            let text = page::export_html(docs, people).map_err(unavailable)?;
            Ok(vec![(HTML_FILE.to_owned(), text)])
        }
        ExportFormat::Ics => {
            let text = calendar::export_ics(docs, people, titles, due).map_err(unavailable)?;
            Ok(vec![(ICS_FILE.to_owned(), text)])
        }
    })?;
    let files = files
        .into_iter()
        .map(|(path, text)| TransferFile { path, text })
        .collect();
    to_json(&ExportReply {
        notebook: notebook.to_string(),
        format,
        files,
    })
}

/// The JSON Schema of a JSON export.
#[must_use]
pub fn export_schema() -> Value {
    json::schema()
}

/// The data of `import`: how many objects were `added`, `updated` and `unchanged`.
pub(super) fn import(
    host: &mut Host,
    notebook: &str,
    format: ImportFormat,
    files: &[TransferFile],
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    let notebook = find_notebook(host, notebook)?;
    on_event(Event::Progress(Progress::of("Importing")));
    let outcome = host.edit(notebook, |docs, writer| {
        let outcome = match (format, files) {
            (ImportFormat::Json, [file]) => json::import_json(docs, writer, &file.text),
            (ImportFormat::Ics, [file]) => calendar::import_ics(docs, writer, &file.text),
            (ImportFormat::Json | ImportFormat::Ics, _) => {
                return Ok(Err(not_one_file(files.len())));
            }
            (ImportFormat::Markdown, files) => {
                let files: Vec<(String, String)> = files
                    .iter()
                    .map(|file| (file.path.clone(), file.text.clone()))
                    .collect();
                markdown::import_markdown(docs, writer, &files)
            }
        };
        match outcome {
            // A document that failed in the middle: the whole edit is dropped.
            Err(ImportError::Edit(error)) => Err(error),
            Err(error) => Ok(Err(refused(&error))),
            Ok(report) => Ok(Ok(report)),
        }
    })?;
    let report = outcome?;
    Ok(with(
        to_json(&report)?,
        json!({ "notebook": brief(host, notebook) }),
    ))
}

fn not_one_file(count: usize) -> Failure {
    Failure::usage(
        "import_invalid",
        format!("An import of this form is exactly one file, and {count} came."),
    )
}

/// Every other error comes before the first write.
fn refused(error: &ImportError) -> Failure {
    Failure::error("import_refused", sentence(&error.to_string()))
        .with_hint("Nothing was changed. Correct the file and import it again.")
}
