//! `hearth up`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args;
use hearth_node::api::Failure;

use crate::backend::UpOptions;
use crate::context::Context;
use crate::output::{Answer, view};

/// Run the node in the foreground
///
/// Connects to everyone you share a notebook with and keeps the copies equal while it runs. Prints
/// one line when it is ready; Ctrl-C or SIGTERM stop it cleanly. All other commands work beside it.
/// It also serves your notebooks as a page to this machine alone: open the link that it prints, which lets
/// in one browser, once. Where there is no identity here yet, at a terminal or with --web given, the page begins
/// with making one; without a page, with --no-input or in a script that is exit code 10.
/// It reminds of sessions and due actions, on the desktop where that has `notify-send`, otherwise here; `hearth config
/// list` says when and in which words.
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth up
  hearth up --listen 192.168.1.20:4711
  hearth up --web 127.0.0.1:8080
  hearth up --web off")]
pub(crate) struct UpCommand {
    /// Listen on this UDP address [default: all addresses, the port chosen at init]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Serve the page at this address of this machine; port 0 takes that of the last time where it is free, off serves none [default: 127.0.0.1:0]
    #[arg(long, value_name = "ADDR:PORT|off", value_parser = where_to_serve)]
    web: Option<Web>,
}

/// Where the page is served unless something else is said: at a port that is free.
const USUAL_WEB: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Where the page is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Web(Option<SocketAddr>);

fn where_to_serve(typed: &str) -> Result<Web, String> {
    if typed == "off" {
        return Ok(Web(None));
    }
    let address: SocketAddr = typed
        .parse()
        .map_err(|_| "give an address and a port, as in 127.0.0.1:8080, or off".to_owned())?;
    match address.ip().is_loopback() {
        true => Ok(Web(Some(address))),
        false => {
            Err("the page is for this machine only: give 127.0.0.1:PORT or [::1]:PORT".to_owned())
        }
    }
}

impl UpCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        show_warnings(context.output.terminal_stderr && context.output.colour);
        let mut output = context.output.clone();
        // Whoever starts a node from a program waits for this line, so it is for programs
        // wherever no person reads it.
        output.json |= !output.terminal;
        let web = self.web.map_or(Some(USUAL_WEB), |web| web.0);
        // A script that has no identity is told so; somebody who looks at the link, or asked for the page, is let in.
        let welcomes = !context.no_input && (self.web.is_some() || output.terminal);
        let mut is_told = false;
        context.backend.up(
            UpOptions {
                listen: self.listen,
                web,
                welcomes,
            },
            &mut |ready| {
                // For a program one line says that it can go on; a person is also told when the node is there.
                if std::mem::replace(&mut is_told, true) && output.json {
                    return;
                }
                // A node whose ready line nobody reads is still wanted: it goes on.
                let _ = output.item(&ready, view::status::ready);
            },
        )?;
        Ok(Answer::streamed())
    }
}

/// Shows what the node warns of on stderr. The libraries below it keep their own counsel.
pub(super) fn show_warnings(ansi: bool) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(ansi)
        .with_target(false)
        .with_writer(std::io::stderr);
    let ours = Targets::new().with_target("hearth_node", LevelFilter::WARN);
    let subscriber = tracing_subscriber::registry().with(ours).with(layer);
    // Only a program that embeds this one has set a subscriber before; it keeps its own.
    let _kept = tracing::subscriber::set_global_default(subscriber);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_served_to_this_machine_only() {
        assert_eq!(where_to_serve("off"), Ok(Web(None)));
        for good in ["127.0.0.1:0", "[::1]:8080", "127.0.0.2:1"] {
            assert!(
                where_to_serve(good).is_ok_and(|web| web.0.is_some()),
                "{good}"
            );
        }
        for bad in [
            "0.0.0.0:80",
            "192.168.1.2:80",
            "[::]:80",
            "localhost:80",
            "127.0.0.1",
            "",
        ] {
            assert!(where_to_serve(bad).is_err(), "{bad}");
        }
    }
}
