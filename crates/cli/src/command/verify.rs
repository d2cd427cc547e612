//! `hearth verify`

use std::path::PathBuf;

use clap::Args;
use hearth_node::api::{Exit, Failure, Request};
use hearth_node::signed;

use crate::context::Context;
use crate::output::{Answer, View, view};

/// Check every record, signature and chain on this device
///
/// Exits with 14 where something in this store is damaged. Entries of others that were refused are
/// listed with their signer; they are no damage. With a FILE that `export --format signed` wrote, or a certificate
/// or receipt of `graduate`, it checks every byte of that instead, and needs no identity: it says who signed what.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth verify
  hearth verify notebook.hearthsg
  hearth verify certificate.txt")]
pub(crate) struct VerifyCommand {
    /// A signed export, certificate or receipt to verify instead
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl VerifyCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let view: View = match &self.file {
            Some(_) => view::backup::verified,
            None => view::overview::verified,
        };
        let verified = match &self.file {
            Some(file) => context.with_progress(|_, on_event| signed::verify(file, on_event)),
            None => context.call(Request::Verify),
        };
        if let Err(failure) = &verified
            && failure.exit == Exit::Damaged
            && let Some(details) = &failure.details
            && !context.output.json
        {
            context.explain(details, view::overview::damaged)?;
        }
        let verified = verified?;
        let view: View = match verified.get("statement") {
            Some(_) => view::graduate::verified,
            None => view,
        };
        Ok(Answer::page(verified, view))
    }
}
