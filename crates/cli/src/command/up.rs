//! `hearth up`

use std::net::SocketAddr;

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
/// in one browser, once.
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
    /// Serve the page at this address of this machine; port 0 takes a free one, off serves none
    #[arg(long, value_name = "ADDR:PORT|off", value_parser = where_to_serve, default_value = "127.0.0.1:0")]
    web: Web,
}

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
        context.backend.up(
            UpOptions {
                listen: self.listen,
                web: self.web.0,
            },
            &mut |ready| {
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
