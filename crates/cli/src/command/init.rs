//! `hearth init`

use std::path::PathBuf;

use clap::Args;
use hearth_node::api::Failure;

use crate::backend::{InitOptions, Protection};
use crate::context::{Context, absolute};
use crate::output::{Answer, view};

/// Create your identity on this device
///
/// Makes your keys here and shows a recovery phrase of 24 words once. Write it down: it is the
/// only key to who you are once every device is lost, and nobody can make it again. It brings
/// back every notebook that somebody else still holds: those who share one with you also keep a
/// sealed list of all of them, which only the phrase opens. What only your own devices hold, such
/// as a notebook that nobody has joined, is lost with them, and so is your journal, unless you set
/// `journal_copies` to `members` (see `hearth journal --help`).
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth init --name \"Ada Lovelace\"
  hearth init --name Ada --device laptop --network lan
  hearth init --name Ada --recovery-out /media/usb/recovery.txt")]
pub(crate) struct InitCommand {
    /// What the others call you
    #[arg(long)]
    name: String,
    /// What this device is called [default: the computer's name]
    #[arg(long, value_name = "LABEL")]
    device: Option<String>,
    /// How devices find each other: direct, lan, relay=URL or public
    ///
    /// direct contacts nobody but the devices you share a notebook with. lan also announces this
    /// device on the local network. relay=URL also uses that relay, which learns device ids,
    /// addresses, times and sizes, never content; it may be given several times. public uses
    /// public relays and address lookup, which learn the same.
    #[arg(long, default_value = "direct", value_parser = network)]
    network: Vec<String>,
    /// What protects the keys on this device
    #[arg(long, value_enum, default_value_t = Protection::Passphrase)]
    unlock: Protection,
    /// Write the recovery phrase to a new file instead of showing it
    #[arg(long, value_name = "FILE")]
    recovery_out: Option<PathBuf>,
}

impl InitCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        if self.unlock == Protection::Bare {
            context.confirm("Anyone who can read this folder will read your notes. Go on?")?;
        }
        let recovery_out = self.recovery_out.as_deref().map(absolute).transpose()?;
        let data = context.backend.init(InitOptions {
            name: self.name,
            device: self.device,
            network: self.network,
            protection: self.unlock,
            recovery_out,
        })?;
        Ok(Answer::page(data, view::status::init))
    }
}

pub(super) fn network(text: &str) -> Result<String, String> {
    let relay = text.strip_prefix("relay=").is_some_and(|url| {
        url.strip_prefix("https://")
            .or(url.strip_prefix("http://"))
            .is_some_and(|host| !host.is_empty())
    });
    if relay || matches!(text, "direct" | "lan" | "public") {
        Ok(text.to_owned())
    } else {
        Err("write direct, lan, relay=https://HOST or public".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::testing::Canned;

    #[test]
    fn the_network_is_one_that_there_is() {
        for right in ["direct", "lan", "public", "relay=https://relay.example"] {
            assert_eq!(network(right).as_deref(), Ok(right));
        }
        for wrong in ["", "relay=", "relay=relay.example", "relay=https://", "tor"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_protection_needs_a_yes() {
        let bare = ["init", "--name", "Ada", "--unlock", "bare"];
        let mut canned = Canned::answering([json!({})]);
        let failure = canned.run(&bare).expect_err("unconfirmed");
        assert_eq!(
            (failure.code.as_str(), failure.exit.code()),
            ("confirmation_needed", 2)
        );
        assert!(canned.inits.is_empty());
        canned
            .run(&[&bare[..], &["--yes", "--recovery-out", "x"]].concat())
            .expect("confirmed");
        assert_eq!(canned.inits[0].protection, Protection::Bare);
        assert!(
            canned.inits[0]
                .recovery_out
                .as_ref()
                .is_some_and(|path| path.is_absolute())
        );
    }
}
