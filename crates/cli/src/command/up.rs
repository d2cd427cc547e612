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
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth up
  hearth up --listen 192.168.1.20:4711")]
pub(crate) struct UpCommand {
    /// Listen on this UDP address [default: all addresses, the port chosen at init]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Serve no local page
    #[arg(long, value_parser = ["off"], default_value = "off")]
    web: String,
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
