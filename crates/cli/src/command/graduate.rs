//! `hearth graduate`

use std::path::PathBuf;

use clap::Args;
use hearth_node::api::{Failure, GraduateRequest, Request};
use serde_json::Value;

use crate::context::Context;
use crate::input;
use crate::output::{Answer, Fields};

mod steps;
mod walk;

use steps::Steps;

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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::steps::numbered;
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
