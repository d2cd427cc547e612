//! `hearth recover` and `hearth recovery …`

use std::io::BufRead;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hearth_node::api::{Exit, Failure, RecoveryRequest, Request, Secret};
use serde_json::{Value, json};

use super::device::{NewDeviceArguments, text_of};
use crate::backend::RecoverOptions;
use crate::context::{Context, absolute};
use crate::file::{self, Access};
use crate::output::{Answer, Page, view};

/// The longest phrase that is read; more is a wrong file.
const PHRASE_BYTES_MAX: u64 = 4096;

/// Come back with your recovery phrase, on a new device
///
/// Reads the 24 words from the prompt or from standard input. Somebody who shares a notebook with
/// you must run `hearth up`; they give you the ticket that `hearth device contact` prints. One is
/// enough: they also keep a sealed list of your notebooks and of whom to ask for each, which only
/// your phrase opens. What somebody holds who is away now comes later by itself, while `hearth up`
/// runs. The ticket of a mirror of one of your notebooks serves as well, where nobody is there. What
/// nobody else holds is lost; your journal too, unless another device of yours answers, a mirror
/// held it, or you had set `journal_copies` to `members`.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth recover --contact hearth1… --label laptop --revoke-others
  hearth recover --contact ticket.txt --label laptop < phrase.txt
  hearth recover --label laptop           in a home that `hearth backup restore` made")]
pub(crate) struct RecoverCommand {
    /// Where a member is: their contact ticket, a mirror's ticket, or a file with it; may be repeated. A home that came out
    /// of a backup needs none
    #[arg(long = "contact", value_name = "TICKET")]
    contacts: Vec<String>,
    /// What this device is called
    #[arg(long, value_name = "LABEL")]
    label: String,
    /// What you are called, where no member can tell
    #[arg(long)]
    name: Option<String>,
    /// Take all your other devices off, known or not
    #[arg(long)]
    revoke_others: bool,
    #[command(flatten)]
    new: NewDeviceArguments,
}

impl RecoverCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let mut contacts = Vec::new();
        for contact in &self.contacts {
            contacts.push(text_of(contact)?);
        }
        let device = self.new.options(self.label, context)?;
        let phrase = phrase(context, "Your recovery phrase: ")?;
        let recovered = context.recover(RecoverOptions {
            phrase,
            contacts,
            name: self.name,
            revoke_others: self.revoke_others,
            device,
        });
        if let Err(failure) = &recovered
            && failure.exit == Exit::Partial
            && let Some(details) = &failure.details
            && !context.output.json
        {
            // What is here and what is not is worth more than that something is missing.
            context.explain(details, view::device::recovered)?;
        }
        Ok(Answer::page(recovered?, view::device::recovered))
    }
}

/// See, confirm or change your recovery phrase
#[derive(Subcommand, Debug)]
pub(crate) enum RecoveryCommand {
    /// Show the phrase of a home that was made on the page, until you have confirmed it
    ///
    /// `hearth init` shows the phrase and keeps nothing of it. The page keeps it sealed until you have
    /// shown that you wrote it down, here with `hearth recovery confirm` or on the page.
    #[command(after_long_help = "Examples:
  hearth recovery show")]
    Show,
    /// Confirm that you have the phrase, so that it is erased here
    ///
    /// Reads the 24 words from the prompt or from standard input. Where none is kept here any more, it says whether these
    /// are the words that bring you back.
    #[command(after_long_help = "Examples:
  hearth recovery confirm
  hearth recovery confirm < phrase.txt")]
    Confirm,
    /// Put a new phrase in place of the present one
    ///
    /// Reads the present phrase from the prompt or from standard input and shows the new one. Every
    /// notebook gets a new key, which the old phrase does not open.
    #[command(after_long_help = "Examples:
  hearth recovery rotate
  hearth recovery rotate --recovery-out /media/usb/recovery.txt < phrase.txt")]
    Rotate {
        /// Write the new phrase to a new file instead of showing it
        #[arg(long, value_name = "FILE")]
        recovery_out: Option<PathBuf>,
    },
}

impl RecoveryCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let recovery_out = match self {
            Self::Show => return show(context),
            Self::Confirm => {
                let words = phrase(context, "Your recovery phrase: ")?;
                let request = RecoveryRequest::Confirm {
                    places: Vec::new(),
                    words,
                };
                let data = context.call(Request::Recovery(request))?;
                return Ok(Answer::page(data, view::device::confirmed));
            }
            Self::Rotate { recovery_out } => recovery_out,
        };
        let out = recovery_out.as_deref().map(absolute).transpose()?;
        let present = phrase(context, "Your present recovery phrase: ")?;
        let new = context.backend.new_phrase();
        // The new phrase is with the person before the old one is void: nobody can make it again.
        if let Some(path) = &out {
            let text = format!("{}\n", new.expose());
            file::write(path, text.as_bytes(), Access::Owner, false)?;
        } else if context.may_ask() && !context.output.json {
            let shown = json!({ "recovery_phrase": new.expose() });
            context.explain(&shown, view::device::new_phrase as fn(&Value, &mut Page))?;
            context.confirm("Have you written it down? The present one ends now.")?;
        }
        let request = Request::Recovery(RecoveryRequest::Rotate {
            present,
            new: new.clone(),
        });
        let mut data = match context.call(request) {
            Ok(data) => data,
            Err(failure) => not_told(context, failure, &new, out.as_deref())?,
        };
        match &out {
            Some(path) => data["recovery_out"] = json!(path),
            None => data["recovery_phrase"] = json!(new.expose()),
        }
        Ok(Answer::page(data, view::device::rotated))
    }
}

/// What there is to say where a rotation did not answer as it should: the phrase may be in force all the same, and then
/// nobody else has it. Its file is taken away only where it is sure that it opens nothing.
fn not_told(
    context: &mut Context<'_>,
    failure: Failure,
    new: &Secret,
    out: Option<&Path>,
) -> Result<Value, Failure> {
    let drop_file = || {
        if let Some(path) = out {
            // It holds a phrase that is nobody's.
            let _left_behind = std::fs::remove_file(path);
        }
    };
    // What was refused changed nothing.
    if let Exit::Usage
    | Exit::NotFound
    | Exit::NotAllowed
    | Exit::NoIdentity
    | Exit::Locked
    | Exit::WrongPassphrase = failure.exit
    {
        drop_file();
        return Err(failure);
    }
    let is_in_force = context.call(Request::Recovery(RecoveryRequest::Confirm {
        places: Vec::new(),
        words: new.clone(),
    }));
    match is_in_force {
        Ok(_) => Ok(json!({
            "warning": format!("The new phrase is in force, although this went wrong: {}", failure.message),
        })),
        Err(differs) if differs.code == "phrase_differs" => {
            drop_file();
            Err(failure)
        }
        Err(_) => {
            let kept = match out {
                Some(path) => format!("The new one is in {}.", path.display()),
                None if context.output.json => "The new one is in the details.".to_owned(),
                None => {
                    let shown = json!({ "recovery_phrase": new.expose() });
                    context.explain(&shown, view::device::new_phrase as fn(&Value, &mut Page))?;
                    "The new one is above.".to_owned()
                }
            };
            let unsure = Failure {
                hint: Some(format!(
                    "The new phrase may be in force or not: keep both. {kept} `hearth recovery confirm` says of a \
                     phrase whether it is."
                )),
                ..failure
            };
            Err(match out {
                Some(path) => unsure.with_details(json!({ "recovery_out": path })),
                None => unsure.with_details(json!({ "recovery_phrase": new.expose() })),
            })
        }
    }
}

fn show(context: &mut Context<'_>) -> Result<Answer, Failure> {
    let data = context.call(Request::Recovery(RecoveryRequest::Show))?;
    if data["recovery_phrase"].is_null() {
        return Err(Failure::not_found(
            "phrase_not_kept",
            "The recovery phrase is not kept on this device.",
        )
        .with_hint(
            "It was shown once and nobody can show it again; `hearth recovery confirm` says whether what you wrote down is \
             the one in force. If you do not have it, ask somebody who shares a \
             notebook with you to invite you anew should you lose this device.",
        ));
    }
    Ok(Answer::page(data, view::device::kept_phrase))
}

/// Reads a phrase from the terminal, unseen, or from standard input.
pub(super) fn phrase(context: &Context<'_>, prompt: &str) -> Result<Secret, Failure> {
    let failed = |error: std::io::Error| {
        Failure::error(
            "prompt_failed",
            format!("The phrase could not be read: {error}."),
        )
    };
    if context.may_ask() {
        return rpassword::prompt_password(prompt)
            .map(Secret::new)
            .map_err(failed);
    }
    let mut text = String::new();
    let stdin = std::io::stdin().lock();
    let mut limited = std::io::Read::take(stdin, PHRASE_BYTES_MAX);
    while limited.read_line(&mut text).map_err(failed)? > 0 {}
    if text.trim().is_empty() {
        return Err(
            Failure::usage("phrase_needed", "The recovery phrase is missing.")
                .with_hint("Type it when asked, or give it on standard input."),
        );
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cli::{Cli, GlobalOptions};
    use crate::command::testing::Canned;
    use clap::Parser as _;

    fn options() -> GlobalOptions {
        Cli::try_parse_from(["hearth", "recovery", "rotate", "--json"])
            .unwrap()
            .options
    }

    /// What is told where a rotation got no answer, and the new phrase then this one.
    fn told(then: Result<Value, Failure>, out: Option<&Path>) -> Result<Value, Failure> {
        told_of(Failure::error("node_gone", "The node is gone."), then, out)
    }

    fn told_of(
        lost: Failure,
        then: Result<Value, Failure>,
        out: Option<&Path>,
    ) -> Result<Value, Failure> {
        let new = Secret::new("the new words".to_owned());
        Canned::telling([then]).within(&options(), |context| not_told(context, lost, &new, out))
    }

    #[test]
    fn a_phrase_that_may_be_in_force_is_never_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recovery.txt");
        std::fs::write(&path, "the new words").unwrap();
        // In force, although nobody answered.
        let data = told(Ok(json!({ "confirmed": true })), Some(&path)).unwrap();
        assert!(data["warning"].as_str().unwrap().contains("is in force"));
        assert!(path.exists());
        // Nobody can say.
        let unsure = || Err(Failure::error("node_gone", "The node is gone."));
        let failure = told(unsure(), Some(&path)).unwrap_err();
        assert!(failure.hint.unwrap().contains("keep both"));
        assert!(path.exists());
        let failure = told(unsure(), None).unwrap_err();
        let shown = failure.details.unwrap();
        assert_eq!(shown["recovery_phrase"], "the new words");
        // It opens nothing.
        let differs = Err(Failure::usage("phrase_differs", "It differs."));
        assert_eq!(told(differs, Some(&path)).unwrap_err().code, "node_gone");
        assert!(!path.exists());
        // What was refused is not asked about.
        std::fs::write(&path, "the new words").unwrap();
        let refused = Failure::new(Exit::NotAllowed, "phrase_not_in_force", "It is not.");
        let failure = told_of(refused, unsure(), Some(&path)).unwrap_err();
        assert_eq!(failure.code, "phrase_not_in_force");
        assert!(!path.exists());
    }
}
