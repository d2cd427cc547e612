//! One step of the end at a time, and what was done so far.

use std::path::{Path, PathBuf};

use hearth_node::api::{BackupRequest, Failure, GraduateRequest, Request};
use serde_json::{Value, json};

use super::call;
use crate::context::{Context, absolute};
use crate::editor::{Draft, Edited};
use crate::file::{self, Access};
use crate::output::{Answer, Fields, view};

/// How long a receipt waits for somebody who hears it, in milliseconds.
const DELIVER_MS: u64 = 10_000;

/// What was done of the end, and where it stands.
pub(super) struct Steps {
    notebook: String,
    done: Vec<&'static str>,
    files: Vec<String>,
    pub(super) data: Value,
}

impl Steps {
    pub(super) fn new(notebook: &str) -> Self {
        Self {
            notebook: notebook.to_owned(),
            done: Vec::new(),
            files: Vec::new(),
            data: Value::Null,
        }
    }

    pub(super) fn take(&mut self, step: &'static str, data: Value) {
        if !step.is_empty() {
            self.done.push(step);
        }
        self.data = data;
    }

    pub(super) fn graduation(&self) -> &Value {
        self.data.at("graduation")
    }

    pub(super) fn show(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let notebook = self.notebook.clone();
        let data = call(context, GraduateRequest::Show { notebook })?;
        self.take("", data);
        Ok(())
    }

    pub(super) fn fill(&mut self, context: &mut Context<'_>, form: String) -> Result<(), Failure> {
        let notebook = self.notebook.clone();
        let data = call(context, GraduateRequest::Fill { notebook, form })?;
        self.take("said", data);
        Ok(())
    }

    pub(super) fn say(
        &mut self,
        context: &mut Context<'_>,
        answers: Vec<(String, String)>,
    ) -> Result<(), Failure> {
        let notebook = self.notebook.clone();
        let data = call(context, GraduateRequest::Say { notebook, answers })?;
        self.take("said", data);
        Ok(())
    }

    /// Shows the exact words, asks, and signs those and no others.
    pub(super) fn certify(
        &mut self,
        context: &mut Context<'_>,
        person: String,
        words: String,
    ) -> Result<(), Failure> {
        let preview = call(
            context,
            GraduateRequest::Preview {
                notebook: self.notebook.clone(),
                person: person.clone(),
                words: words.clone(),
            },
        )?;
        let text = preview.at("certificate").text("words").to_owned();
        if !context.yes {
            context.tell(&text);
            context.confirm("Sign exactly this certificate?")?;
        }
        let notebook = self.notebook.clone();
        let request = GraduateRequest::Certify {
            notebook,
            person,
            words,
            text,
        };
        let data = call(context, request)?;
        self.take("certified", data);
        Ok(())
    }

    pub(super) fn close(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        self.show(context)?;
        if self.graduation().flag("frozen") {
            return Ok(());
        }
        if !context.yes {
            context.explain(&self.data, view::graduate::before_closing)?;
            context.confirm("Close this notebook?")?;
        }
        let notebook = self.notebook.clone();
        let data = call(context, GraduateRequest::Close { notebook })?;
        self.take("closed", data);
        Ok(())
    }

    pub(super) fn reopen(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let notebook = self.notebook.clone();
        let data = call(context, GraduateRequest::Reopen { notebook })?;
        self.take("reopened", data);
        Ok(())
    }

    /// Writes the newest certificate of each signer: the signed text, and a page to print.
    pub(super) fn write_certificates(
        &mut self,
        context: &mut Context<'_>,
        path: &Path,
    ) -> Result<(), Failure> {
        self.show(context)?;
        let path = absolute(path)?;
        let is_page = |ending: &std::ffi::OsStr| ending.eq_ignore_ascii_case("html");
        if path.extension().is_some_and(is_page) {
            let words = "The page to print beside the certificate would get that name, too.";
            return Err(Failure::usage("path_invalid", words)
                .with_hint("Name the signed text otherwise, as in certificate.txt."));
        }
        let mut newest: Vec<Value> = Vec::new();
        for one in self.graduation().list("certificates") {
            if one.flag("mine") && one.flag("signed") {
                newest.retain(|other| other.at("by") != one.at("by"));
                newest.push(one.clone());
            }
        }
        if newest.is_empty() {
            return Err(Failure::not_found(
                "no_certificate",
                "Nobody has signed a certificate for you in this notebook yet.",
            )
            .with_hint("Ask the other side to run `hearth graduate NB --certify YOU`."));
        }
        for (place, one) in newest.iter().enumerate() {
            let text_path = numbered(&path, place);
            let page_path = text_path.with_extension("html");
            let page = view::graduate::certificate_page(one);
            for (path, text) in [(&text_path, one.text("statement")), (&page_path, &page)] {
                let overwrite = context.may_overwrite(path)?;
                file::write(path, text.as_bytes(), Access::Owner, overwrite)?;
                self.files.push(path.to_string_lossy().into_owned());
            }
        }
        self.done.push("certificate");
        Ok(())
    }

    pub(super) fn copy(&mut self, context: &mut Context<'_>, path: &Path) -> Result<(), Failure> {
        let path = absolute(path)?;
        if !context.may_overwrite(&path)? && path.symlink_metadata().is_ok() {
            return Err(file::exists(&path));
        }
        let text = path.to_str().ok_or_else(|| {
            Failure::usage("path_invalid", "The path is not in UTF-8.")
                .with_hint("Name another file.")
        })?;
        context.call(Request::Backup(BackupRequest::Signed {
            notebook: self.notebook.clone(),
            path: text.to_owned(),
        }))?;
        self.files.push(text.to_owned());
        self.done.push("copied");
        if self.data.is_null() {
            self.show(context)?;
        }
        Ok(())
    }

    /// Orders it, lets others hear the receipt, and destroys the keys here.
    pub(super) fn destroy(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        self.show(context)?;
        if self.graduation().flag("destroyed") {
            return Ok(());
        }
        if !context.yes {
            context.explain(&self.data, view::graduate::before_destroying)?;
            context.confirm("Destroy the keys on all your devices?")?;
        }
        let notebook = self.notebook.clone();
        let ordered = call(context, GraduateRequest::Destroy { notebook })?;
        let id = ordered
            .at("graduation")
            .at("notebook")
            .text("id")
            .to_owned();
        let sync = Request::Sync {
            notebook: None,
            timeout_ms: DELIVER_MS,
        };
        // Where nobody hears it, the receipt stays with the person, and the keys go all the same.
        let _unheard = context.call(sync);
        let mut data = call(context, GraduateRequest::Finish { notebook: id })?;
        if let Some(graduation) = data.get_mut("graduation") {
            let before = ordered.at("graduation");
            for key in ["devices", "mirrors"] {
                if let Some(facts) = before.get(key) {
                    graduation[key] = facts.clone();
                }
            }
        }
        self.take("destroyed", data);
        Ok(())
    }

    /// Lets the person write their own words in the editor.
    pub(super) fn write_words(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let notebook = self.notebook.clone();
        let data = call(context, GraduateRequest::Form { notebook })?;
        let draft = Draft::new(&context.environment, "closure.md", data.text("form"))?;
        match draft.edit(&context.environment)? {
            Edited::Unchanged => Ok(()),
            Edited::Text(form) => self
                .fill(context, form)
                .map_err(|failure| draft.keep(failure)),
        }
    }

    pub(super) fn into_answer(self) -> Answer {
        let mut data = self.data;
        data["done"] = json!(self.done);
        data["files"] = json!(self.files);
        Answer::page(data, view::graduate::show)
    }
}

/// The path of one of several files: the first as it was given.
pub(super) fn numbered(path: &Path, place: usize) -> PathBuf {
    if place == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    let mut name = format!("{}-{}", stem.unwrap_or_default(), place + 1);
    if let Some(extension) = path.extension() {
        name.push('.');
        name.push_str(&extension.to_string_lossy());
    }
    path.with_file_name(name)
}
