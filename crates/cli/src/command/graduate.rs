//! `hearth graduate`

use std::path::{Path, PathBuf};

use clap::Args;
use hearth_node::api::{BackupRequest, Failure, GraduateRequest, Request};
use serde_json::{Value, json};

use crate::context::{Context, absolute};
use crate::editor::{Draft, Edited};
use crate::file::{self, Access};
use crate::input;
use crate::output::{Answer, Fields, view};

mod walk;

/// How long a receipt waits for somebody who hears it, in milliseconds.
const DELIVER_MS: u64 = 10_000;

/// End a mentoring relationship: words, certificates, a frozen archive, destroyed keys
///
/// In a terminal it walks through the end step by step, and goes on where it was left. Each option does one
/// step; without a terminal and without options it closes the notebook, which needs --yes.
///
/// Closed means: nobody's hearth writes in it any more. All who write in it can open it again together.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth graduate NB                          walk through the end
  hearth graduate NB --status                 see where it stands
  hearth graduate NB --thanks \"For the Tuesday when you only listened.\"
  hearth graduate NB --form > page.md; hearth graduate NB --from page.md
  hearth graduate NB --certify Ben --words \"He listens first.\"
  hearth graduate NB --close
  hearth graduate NB --certificate certificate.txt --copy notebook.hearthsg
  hearth verify certificate.txt               on any machine
  hearth graduate NB --destroy                the keys, on all your devices")]
pub(crate) struct GraduateCommand {
    /// The notebook's id or name
    #[arg(value_name = "NB")]
    notebook: String,
    /// Show where the end stands, and change nothing
    #[arg(long)]
    status: bool,
    /// Print the page for your own words
    #[arg(long, conflicts_with = "from")]
    form: bool,
    /// Take the page from a file, or from standard input for -
    #[arg(long, value_name = "FILE|-")]
    from: Option<PathBuf>,
    #[command(flatten)]
    said: Said,
    /// Sign a certificate of what somebody achieved
    #[arg(long, value_name = "PERSON")]
    certify: Option<String>,
    /// Your own words in it; - reads standard input
    #[arg(long, value_name = "TEXT", requires = "certify")]
    words: Option<String>,
    /// Close the notebook: nobody's hearth writes in it any more
    #[arg(long)]
    close: bool,
    /// Say that you want to go on; it is open once all who write in it say so
    #[arg(long, conflicts_with_all = ["close", "destroy"])]
    reopen: bool,
    /// Write the certificate that was signed for you, and a page to print beside it
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Write a copy with everybody's signatures, which `hearth verify FILE` checks anywhere
    #[arg(long, value_name = "FILE")]
    copy: Option<PathBuf>,
    /// Destroy the notebook's keys on all your devices
    #[arg(long)]
    destroy: bool,
}

/// What somebody says at the end, by topic.
#[derive(Args, Debug, Default)]
pub(crate) struct Said {
    /// What was reached, and what it took
    #[arg(long, value_name = "TEXT")]
    goals: Option<String>,
    /// What you do differently now
    #[arg(long, value_name = "TEXT")]
    learning: Option<String>,
    /// Where you use it
    #[arg(long, value_name = "TEXT")]
    application: Option<String>,
    /// What you thank the others for
    #[arg(long, value_name = "TEXT")]
    thanks: Option<String>,
    /// What you carry on, and what you let go
    #[arg(long, value_name = "TEXT")]
    unfinished: Option<String>,
    /// What becomes of the notes
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,
    /// Whether and how you stay in touch
    #[arg(long, value_name = "TEXT")]
    contact: Option<String>,
}

impl Said {
    fn into_answers(self) -> Vec<(String, String)> {
        let all = [
            ("goals", self.goals),
            ("learning", self.learning),
            ("application", self.application),
            ("thanks", self.thanks),
            ("unfinished", self.unfinished),
            ("notes", self.notes),
            ("contact", self.contact),
        ];
        let given = all.into_iter();
        given
            .filter_map(|(topic, text)| Some((topic.to_owned(), text?)))
            .collect()
    }
}

impl GraduateCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let notebook = self.notebook;
        let mut steps = Steps::new(&notebook);
        if self.form {
            let notebook = notebook.clone();
            let data = call(context, GraduateRequest::Form { notebook })?;
            let page = data.text("form").to_owned();
            return Ok(Answer::text(data, page));
        }
        if self.status {
            steps.show(context)?;
            return Ok(steps.into_answer());
        }
        let answers = self.said.into_answers();
        let steps_asked = self.from.is_some()
            || !answers.is_empty()
            || self.certify.is_some()
            || self.close
            || self.reopen
            || self.certificate.is_some()
            || self.copy.is_some()
            || self.destroy;
        if !steps_asked {
            return if context.may_ask() && context.output.terminal && !context.output.json {
                walk::walk(context, steps)
            } else {
                steps.close(context)?;
                Ok(steps.into_answer())
            };
        }
        if let Some(path) = &self.from {
            let form = input::file_or_stdin(path)?;
            steps.fill(context, form)?;
        }
        if !answers.is_empty() {
            steps.say(context, answers)?;
        }
        if let Some(person) = self.certify {
            let words = context.option_text(self.words)?.unwrap_or_default();
            steps.certify(context, person, words)?;
        }
        if self.close {
            steps.close(context)?;
        }
        if self.reopen {
            steps.reopen(context)?;
        }
        if let Some(path) = &self.certificate {
            steps.write_certificates(context, path)?;
        }
        if let Some(path) = &self.copy {
            steps.copy(context, path)?;
        }
        if self.destroy {
            steps.destroy(context)?;
        }
        Ok(steps.into_answer())
    }
}

fn call(context: &mut Context<'_>, request: GraduateRequest) -> Result<Value, Failure> {
    context.call(Request::Graduate(request))
}

/// What was done of the end, and where it stands.
pub(super) struct Steps {
    notebook: String,
    done: Vec<&'static str>,
    files: Vec<String>,
    data: Value,
}

impl Steps {
    fn new(notebook: &str) -> Self {
        Self {
            notebook: notebook.to_owned(),
            done: Vec::new(),
            files: Vec::new(),
            data: Value::Null,
        }
    }

    fn take(&mut self, step: &'static str, data: Value) {
        if !step.is_empty() {
            self.done.push(step);
        }
        self.data = data;
    }

    fn graduation(&self) -> &Value {
        self.data.at("graduation")
    }

    fn show(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let notebook = self.notebook.clone();
        let data = call(context, GraduateRequest::Show { notebook })?;
        self.take("", data);
        Ok(())
    }

    fn fill(&mut self, context: &mut Context<'_>, form: String) -> Result<(), Failure> {
        let notebook = self.notebook.clone();
        let data = call(context, GraduateRequest::Fill { notebook, form })?;
        self.take("said", data);
        Ok(())
    }

    fn say(
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
    fn certify(
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

    fn close(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
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

    fn reopen(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let notebook = self.notebook.clone();
        let data = call(context, GraduateRequest::Reopen { notebook })?;
        self.take("reopened", data);
        Ok(())
    }

    /// Writes the newest certificate of each signer: the signed text, and a page to print.
    fn write_certificates(
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

    fn copy(&mut self, context: &mut Context<'_>, path: &Path) -> Result<(), Failure> {
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
    fn destroy(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
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
    fn write_words(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
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

    fn into_answer(self) -> Answer {
        let mut data = self.data;
        data["done"] = json!(self.done);
        data["files"] = json!(self.files);
        Answer::page(data, view::graduate::show)
    }
}

/// The path of one of several files: the first as it was given.
fn numbered(path: &Path, place: usize) -> PathBuf {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{Canned, requested};

    fn stands(frozen: bool) -> Value {
        json!({"graduation": {"frozen": frozen, "notebook": {"id": "nb", "title": "T"}}})
    }

    #[test]
    fn without_a_word_nothing_is_closed_and_nothing_destroyed() {
        for option in [
            &["graduate", "NB"][..],
            &["graduate", "NB", "--close"],
            &["graduate", "NB", "--destroy"],
        ] {
            let mut canned = Canned::answering([stands(false)]);
            let failure = canned.run(option).expect_err("nobody is there to say yes");
            assert_eq!(
                (failure.code.as_str(), failure.exit.code()),
                ("confirmation_needed", 2)
            );
            assert_eq!(canned.requests.len(), 1, "it only looked");
        }
    }

    #[test]
    fn a_closed_notebook_is_not_closed_again() {
        let mut canned = Canned::answering([stands(true)]);
        canned
            .run(&["graduate", "NB", "--close"])
            .expect("is closed");
        assert_eq!(canned.requests.len(), 1);
    }

    #[test]
    fn what_is_said_goes_out_by_topic() {
        let request = requested(&[
            "graduate",
            "NB",
            "--thanks",
            "For Tuesday",
            "--goals",
            "All",
        ]);
        let answers = vec![
            ("goals".to_owned(), "All".to_owned()),
            ("thanks".to_owned(), "For Tuesday".to_owned()),
        ];
        let notebook = "NB".to_owned();
        assert_eq!(
            request,
            Request::Graduate(GraduateRequest::Say { notebook, answers })
        );
    }

    #[test]
    fn the_certificate_that_was_shown_is_signed_and_no_other() {
        let shown = json!({"certificate": {"words": "Ben\n"}});
        let mut canned = Canned::answering([shown, stands(false)]);
        canned
            .run(&["graduate", "NB", "--certify", "Ben", "--yes"])
            .expect("signs");
        let Some(Request::Graduate(GraduateRequest::Certify { text, .. })) = canned.requests.last()
        else {
            panic!("asked for {:?}", canned.requests);
        };
        assert_eq!(text, "Ben\n");
    }

    #[test]
    fn several_certificates_get_names_of_their_own() {
        let path = Path::new("/x/certificate.txt");
        assert_eq!(numbered(path, 0), path);
        assert_eq!(numbered(path, 1), Path::new("/x/certificate-2.txt"));
    }
}
