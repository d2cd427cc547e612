//! `hearth recover` and `hearth recovery …`

use std::io::BufRead;
use std::path::PathBuf;

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
/// runs. What nobody else holds is lost; your journal too, unless another device of yours answers
/// or you had set `journal_copies` to `members`.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth recover --contact hearth1… --label laptop --revoke-others
  hearth recover --contact ticket.txt --label laptop < phrase.txt
  hearth recover --label laptop           in a home that `hearth backup restore` made")]
pub(crate) struct RecoverCommand {
    /// Where a member is: their contact ticket, or a file with it; may be repeated. A home that came out
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

/// Change your recovery phrase
#[derive(Subcommand, Debug)]
pub(crate) enum RecoveryCommand {
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
        let Self::Rotate { recovery_out } = self;
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
        let rotated = context.call(request);
        let mut data = match rotated {
            Ok(data) => data,
            Err(failure) => {
                if let Some(path) = &out {
                    // It holds a phrase that is nobody's.
                    let _left_behind = std::fs::remove_file(path);
                }
                return Err(failure);
            }
        };
        match &out {
            Some(path) => data["recovery_out"] = json!(path),
            None => data["recovery_phrase"] = json!(new.expose()),
        }
        Ok(Answer::page(data, view::device::rotated))
    }
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
