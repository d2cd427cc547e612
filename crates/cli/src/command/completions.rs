//! `hearth completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use hearth_node::api::Failure;
use serde_json::json;

use crate::cli::Cli;
use crate::output::Answer;

/// Print a shell's completion script
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth completions bash > ~/.local/share/bash-completion/completions/hearth
  hearth completions fish > ~/.config/fish/completions/hearth.fish")]
pub(crate) struct CompletionsCommand {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsCommand {
    pub(super) fn run(self) -> Result<Answer, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "hearth", &mut script);
        let script = String::from_utf8(script).map_err(|error| {
            Failure::error(
                "completions_failed",
                format!("The script is not text: {error}."),
            )
        })?;
        let data = json!({"shell": self.shell.to_string(), "script": &script});
        Ok(Answer::text(data, script))
    }
}
