//! `hearth config …`

use clap::Subcommand;
use hearth_node::api::{ConfigRequest, Failure, Request};

use crate::context::Context;
use crate::output::{Answer, view};

/// Read and change settings
#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// Read a setting
    #[command(after_long_help = "Examples:
  hearth config get network")]
    Get {
        /// The setting's name
        key: String,
    },
    /// Change a setting
    #[command(after_long_help = "Examples:
  hearth config set network lan
  hearth config set unlock.minutes 5")]
    Set {
        /// The setting's name
        key: String,
        /// The new value
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// List all settings
    #[command(after_long_help = "Examples:
  hearth config list")]
    List,
}

impl ConfigCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let (request, view): (_, crate::output::View) = match self {
            Self::Get { key } => (ConfigRequest::Get { key }, view::settings::one),
            Self::Set { key, value } => (ConfigRequest::Set { key, value }, view::settings::set),
            Self::List => (ConfigRequest::List, view::settings::list),
        };
        Ok(Answer::page(context.call(Request::Config(request))?, view))
    }
}
