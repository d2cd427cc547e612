//! `hearth invite …`

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use hearth_node::api::{Failure, InviteRequest, Request};
use serde_json::{Value, json};

use super::ROLES;
use crate::context::{Context, absolute};
use crate::file::{self, Access};
use crate::output::{Answer, view};
use crate::when;

/// Invite people into a notebook
#[derive(Subcommand, Debug)]
pub(crate) enum InviteCommand {
    /// Make a ticket for one person
    ///
    /// Whoever has the ticket can join once, until it expires. Send it over a channel that you
    /// trust, then compare the verification words.
    #[command(after_long_help = "Examples:
  hearth invite create \"Ada and Ben\" --as mentee
  hearth invite create \"Ada and Ben\" --as mentee --expires 2h --out ticket.txt
  hearth invite create \"Rust circle\" --as peer --qr")]
    Create {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The role of whoever joins
        #[arg(long = "as", value_name = "ROLE", value_parser = ROLES)]
        role: String,
        /// How long the ticket is good for, as in 24h or 2w [default: 24h]
        #[arg(long, value_parser = when::duration)]
        expires: Option<Duration>,
        /// Write the ticket to a file that only you can read
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Show the ticket as a code to scan
        #[arg(long)]
        qr: bool,
    },
    /// List a notebook's invitations
    #[command(after_long_help = "Examples:
  hearth invite list \"Ada and Ben\"")]
    List {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
    },
    /// Make a ticket useless
    #[command(after_long_help = "Examples:
  hearth invite revoke \"Ada and Ben\" INVITE")]
    Revoke {
        /// The notebook's id or name
        #[arg(value_name = "NB")]
        notebook: String,
        /// The invitation's id
        invite: String,
    },
}

impl InviteCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        match self {
            Self::Create {
                notebook,
                role,
                expires,
                out,
                qr,
            } => create(context, notebook, role, expires, out, qr),
            Self::List { notebook } => {
                let request = Request::Invite(InviteRequest::List { notebook });
                Ok(Answer::page(context.call(request)?, view::people::invites))
            }
            Self::Revoke { notebook, invite } => {
                let request = Request::Invite(InviteRequest::Revoke { notebook, invite });
                Ok(Answer::page(context.call(request)?, view::people::revoked))
            }
        }
    }
}

fn create(
    context: &mut Context<'_>,
    notebook: String,
    role: String,
    expires: Option<Duration>,
    out: Option<PathBuf>,
    qr: bool,
) -> Result<Answer, Failure> {
    let out = out.as_deref().map(absolute).transpose()?;
    // Asked before the ticket exists, so that a no leaves no live invitation behind.
    let overwrite = match &out {
        Some(path) => {
            let overwrite = context.may_overwrite(path)?;
            if !overwrite && path.symlink_metadata().is_ok() {
                return Err(file::exists(path));
            }
            overwrite
        }
        None => false,
    };
    let expires_s = expires.map(|expires| expires.as_secs());
    let request = Request::Invite(InviteRequest::Create {
        notebook,
        role,
        expires_s,
    });
    let mut data = context.call(request)?;
    let ticket = data
        .get("ticket")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if let (Some(path), Some(members)) = (&out, data.as_object_mut()) {
        file::write(
            path,
            format!("{ticket}\n").as_bytes(),
            Access::Owner,
            overwrite,
        )?;
        members.insert("out".to_owned(), json!(path.to_string_lossy()));
    }
    if let (true, Some(members)) = (qr, data.as_object_mut()) {
        members.insert("qr".to_owned(), json!(code(&ticket)?));
    }
    Ok(Answer::page(data, view::people::invite))
}

/// Draws a ticket as a code to scan, two rows of modules to a line.
fn code(ticket: &str) -> Result<String, Failure> {
    use qrcode::QrCode;
    use qrcode::render::unicode::Dense1x2;
    let code = QrCode::new(ticket).map_err(|error| {
        Failure::error(
            "qr_failed",
            format!("The ticket cannot be drawn as a code: {error}."),
        )
        .with_hint("The invitation is made; see `hearth invite list`.")
    })?;
    // Light on dark is how most terminals are; the quiet zone makes it readable on both.
    Ok(code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build())
}
