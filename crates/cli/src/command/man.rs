//! `hearth man`

use std::fs;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use hearth_node::api::Failure;
use serde_json::json;

use crate::cli::Cli;
use crate::context::{Context, absolute};
use crate::file::{self, Access};
use crate::output::{Answer, view};

/// Write the manual pages
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  hearth man --out ~/.local/share/man/man1")]
pub(crate) struct ManCommand {
    /// The folder to write into; it is made where it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl ManCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        let out = absolute(&self.out)?;
        fs::create_dir_all(&out).map_err(|error| {
            Failure::error(
                "write_failed",
                format!("{} could not be made: {error}.", out.display()),
            )
        })?;
        let mut command = Cli::command();
        command.build();
        let mut pages = Vec::new();
        render(&command, "hearth", &mut pages)?;
        let mut files = Vec::with_capacity(pages.len());
        for (name, page) in pages {
            let path = out.join(format!("{name}.1"));
            // Pages of another version are what a new one is for, yet still not overwritten unasked.
            let overwrite = context.may_overwrite(&path)?;
            file::write(&path, &page, Access::Umask, overwrite)?;
            files.push(path.to_string_lossy().into_owned());
        }
        let data = json!({"out": out.to_string_lossy(), "files": files});
        Ok(Answer::page(data, view::settings::man))
    }
}

type Pages = Vec<(String, Vec<u8>)>;

/// Renders a command's page and those of its verbs, `hearth-goal-add` and so on.
fn render(command: &clap::Command, name: &str, pages: &mut Pages) -> Result<(), Failure> {
    let mut page = Vec::new();
    let titled = command.clone().name(name.to_owned());
    clap_mangen::Man::new(titled)
        .render(&mut page)
        .map_err(|error| {
            Failure::error(
                "man_failed",
                format!("The page of {name} could not be made: {error}."),
            )
        })?;
    pages.push((name.to_owned(), page));
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        render(verb, &format!("{name}-{}", verb.get_name()), pages)?;
    }
    Ok(())
}
