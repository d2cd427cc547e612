//! What leaves a notebook and comes into it: export, import, another title. Its end stands below, in `ending`.

use std::sync::Arc;

use hearth_node::api::{
    ExportFormat, ExportReply, Failure, ImportFormat, NotebookRequest, Request, TransferFile,
};
use maud::html;

use crate::reply::Reply;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;

/// The forms that are one file each, so that a browser can keep them: word, what is asked for, kind, ending.
const FORMATS: [(&str, ExportFormat, &str, &str); 3] = [
    (
        "html",
        ExportFormat::Html,
        "text/html; charset=utf-8",
        "html",
    ),
    ("json", ExportFormat::Json, "application/json", "json"),
    (
        "ics",
        ExportFormat::Ics,
        "text/calendar; charset=utf-8",
        "ics",
    ),
];

/// `GET /n/…/move`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let export = FormView::new(visit, notebook.at("/export"));
    let import = FormView::new(visit, notebook.at("/import"));
    let rename = FormView::new(visit, notebook.at("/rename"));
    let formats: Vec<(String, String)> = FORMATS
        .iter()
        .map(|(word, ..)| ((*word).to_owned(), visit.words.of("export", word)))
        .collect();
    let page = html! {
        (part::section("export", &visit.say("export"), &html! {
            p class="soft measure" { (visit.say("export-why")) }
            (export.wrap("stack measure", &html! {
                (export.select(&Field { name: "format", label: &visit.say("as-what"), ..Field::default() }, &formats))
                (export.confirmation(&visit.say("export-sure")))
                p { button class="btn first" type="submit" { (visit.say("export")) } }
            }))
        }))
        @if notebook.may_write() {
            (part::section("import", &visit.say("import"), &html! {
                p class="soft measure" { (visit.say("import-why")) }
                (import.wrap("stack measure", &html! {
                    (import.area_of(&Field { name: "text", label: &visit.say("import-text"), is_required: true, ..Field::default() }, 4))
                    p { label class="sr" for="import-from" { (visit.say("import-file")) } input type="file" id="import-from" accept=".json" data-into=(import.id("text")) hidden; }
                    p { button class="btn" type="submit" { (visit.say("import")) } }
                }))
            }))
            (part::section("rename", &visit.say("rename"), &rename.wrap("row end measure", &html! {
                (rename.text(&Field { name: "title", label: &visit.say("notebook-title"), value: notebook.title(), is_required: true, ..Field::default() }))
                button class="btn" type="submit" { (visit.say("rename")) }
            })))
        }
        (super::bundle::make_section(visit, &notebook))
        (super::ending::section(visit, &notebook).await)
    };
    let screen = Screen::new(visit.words.of("part", "move"), page);
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/move", &screen),
    ))
}

/// `POST /n/…/export`
pub(crate) async fn export(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let wanted = visit.form.text("format");
    let found = FORMATS.iter().find(|(word, ..)| *word == wanted);
    let Some((_, format, kind, ending)) = found else {
        return Err(missing(visit.words, &visit.say("as-what")));
    };
    let notebook = Notebook::load(&visit).await?;
    let answer = visit
        .ask(Request::Export {
            notebook: notebook.id.clone(),
            format: *format,
            titles: true,
            due: true,
        })
        .await?;
    let reply = ExportReply::from_value(answer)
        .map_err(|_| Failure::error("export_unreadable", visit.say("failed")))?;
    let bytes = reply
        .files
        .into_iter()
        .next()
        .map(|file| file.text.into_bytes())
        .ok_or_else(|| Failure::error("export_empty", visit.say("failed")))?;
    Ok(Reply::File {
        name: format!("{}.{ending}", notebook.title()),
        kind,
        bytes,
    })
}

/// `POST /n/…/import`
pub(crate) async fn import(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.param("notebook");
    let back = format!("/n/{notebook}/move#import");
    let file = TransferFile {
        path: "notebook.json".to_owned(),
        text: visit.form.raw("text").to_owned(),
    };
    visit
        .ask(Request::Import {
            notebook,
            format: ImportFormat::Json,
            files: vec![file],
        })
        .await?;
    Ok(visit.done(&back, visit.say("imported")))
}

/// `POST /n/…/rename`
pub(crate) async fn rename(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let title = visit
        .form
        .given("title")
        .ok_or_else(|| missing(visit.words, &visit.say("notebook-title")))?;
    let notebook = visit.param("notebook");
    let back = format!("/n/{notebook}");
    visit
        .ask(Request::Notebook(NotebookRequest::Rename {
            notebook,
            title,
        }))
        .await?;
    Ok(visit.done(&back, visit.say("saved-here")))
}
