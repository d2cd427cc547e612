//! `hearth device …`

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use hearth_node::api::{DeviceRequest, Failure, Request};
use serde_json::Value;

use super::init::network;
use crate::backend::{NewDeviceOptions, Protection};
use crate::context::Context;
use crate::input;
use crate::output::{Answer, Page, view};
use crate::when;

/// How long both sides of a link wait where nothing else was said: as long as a ticket is good.
const LINK_WAIT: Duration = Duration::from_secs(15 * 60);

/// Use your notebooks on several devices, and take lost ones off
#[derive(Subcommand, Debug)]
pub(crate) enum DeviceCommand {
    /// Make a ticket for one more device of yours, and wait for it
    ///
    /// Both devices must be able to reach each other. Compare the words that both show. With --json
    /// the ticket is the first line, and what came of it the second.
    #[command(after_long_help = "Examples:
  hearth device link
  hearth device link --timeout 5m")]
    Link {
        /// How long to wait, as in 90s or 10m
        #[arg(long, value_parser = when::duration, value_name = "TIME", default_value = "15m")]
        timeout: Duration,
    },
    /// Make this computer one of your devices, with a ticket of another
    ///
    /// Creates a home: new keys are made here, none are copied. All notebooks follow.
    #[command(after_long_help = "Examples:
  hearth device accept hearth1… --label phone
  hearth device accept - --label phone < ticket.txt")]
    Accept {
        /// The ticket, a file with it, or - for standard input
        ticket: String,
        /// What this device is called
        #[arg(long, value_name = "LABEL")]
        label: String,
        #[command(flatten)]
        new: NewDeviceArguments,
    },
    /// List your devices
    #[command(after_long_help = "Examples:
  hearth device list")]
    List,
    /// Take a device off everywhere, for good
    ///
    /// Says what it could read. Every notebook gets a new key, so it reads nothing that is written
    /// from now on; what it has read, it has.
    #[command(after_long_help = "Examples:
  hearth device revoke phone
  hearth device revoke phone --yes")]
    Revoke {
        /// The device's id or label
        device: String,
    },
    /// Say where this device is, for somebody who comes back with their phrase
    ///
    /// The ticket holds no secret. Keep `hearth up` running while they use it.
    #[command(after_long_help = "Examples:
  hearth device contact")]
    Contact,
}

/// How a device is made that was not there before.
#[derive(clap::Args, Debug)]
pub(crate) struct NewDeviceArguments {
    /// How devices find each other: direct, lan, relay=URL or public
    #[arg(long, default_value = "direct", value_parser = network)]
    network: Vec<String>,
    /// What protects the keys on this device
    #[arg(long, value_enum, default_value_t = Protection::Passphrase)]
    unlock: Protection,
    /// How long to wait, as in 90s or 10m
    #[arg(long, value_parser = when::duration, value_name = "TIME", default_value = "5m")]
    timeout: Duration,
}

impl NewDeviceArguments {
    /// Asks where nothing is to protect the home, and says how the device is made.
    pub(super) fn options(
        self,
        label: String,
        context: &Context<'_>,
    ) -> Result<NewDeviceOptions, Failure> {
        if self.unlock == Protection::Bare {
            context.confirm("Anyone who can read this folder will read your notes. Go on?")?;
        }
        Ok(NewDeviceOptions {
            label,
            network: self.network,
            protection: self.unlock,
            timeout_ms: milliseconds(self.timeout),
        })
    }
}

impl DeviceCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        match self {
            Self::Link { timeout } => {
                let timeout_ms = milliseconds(timeout.min(LINK_WAIT));
                let request = Request::Device(DeviceRequest::Link { timeout_ms });
                let data = context.stream(request, view::device::ticket)?;
                Ok(Answer::page(data, view::device::linked))
            }
            Self::Accept { ticket, label, new } => {
                let ticket = text_of(&ticket)?;
                let options = new.options(label, context)?;
                let data = context.accept(ticket, options)?;
                Ok(Answer::page(data, view::device::accepted))
            }
            Self::List => {
                let request = Request::Device(DeviceRequest::List);
                Ok(Answer::page(context.call(request)?, view::device::devices))
            }
            Self::Revoke { device } => revoke(context, device),
            Self::Contact => {
                let request = Request::Device(DeviceRequest::Contact);
                Ok(Answer::page(context.call(request)?, view::device::contact))
            }
        }
    }
}

fn revoke(context: &mut Context<'_>, device: String) -> Result<Answer, Failure> {
    if !context.yes {
        let request = Request::Device(DeviceRequest::Reach {
            device: device.clone(),
        });
        let reach = context.call(request)?;
        context.explain(&reach, view::device::reach as fn(&Value, &mut Page))?;
        context.confirm("Take it off everywhere, for good?")?;
    }
    let request = Request::Device(DeviceRequest::Revoke { device });
    Ok(Answer::page(context.call(request)?, view::device::revoked))
}

/// Reads a ticket as it was given: itself, in a file, or on standard input.
pub(super) fn text_of(given: &str) -> Result<String, Failure> {
    let is_ticket = given.len() > 64 && given.to_ascii_lowercase().starts_with("hearth1");
    if !is_ticket && (given == "-" || PathBuf::from(given).exists()) {
        return input::file_or_stdin(&PathBuf::from(given));
    }
    Ok(given.to_owned())
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::testing::{Canned, failing, requested};

    #[test]
    fn nothing_is_revoked_without_a_yes() {
        let mut canned = Canned::answering([json!({ "device": { "label": "phone" } })]);
        let failure = canned
            .run(&["device", "revoke", "phone"])
            .expect_err("no yes");
        assert_eq!(failure.code, "confirmation_needed");
        assert_eq!(canned.requests.len(), 1, "only what it can read was asked");
        let request = requested(&["device", "revoke", "phone", "--yes"]);
        let device = "phone".to_owned();
        assert_eq!(request, Request::Device(DeviceRequest::Revoke { device }));
    }

    #[test]
    fn a_link_waits_no_longer_than_its_ticket_is_good() {
        let request = requested(&["device", "link", "--timeout", "2h"]);
        let timeout_ms = 15 * 60 * 1000;
        assert_eq!(request, Request::Device(DeviceRequest::Link { timeout_ms }));
    }

    #[test]
    fn a_home_without_protection_needs_a_yes() {
        let failure = failing(&[
            "device", "accept", "hearth1x", "--label", "x", "--unlock", "bare",
        ]);
        assert_eq!(failure.code, "confirmation_needed");
    }
}
