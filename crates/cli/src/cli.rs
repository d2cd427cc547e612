//! The command line as a whole: global options, and how a command is run.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, ValueEnum};
use hearth_node::api::{Exit, Failure};

use crate::clock::Clock;
use crate::command::Command;
use crate::environment::Environment;
use crate::output::Output;

/// Where the home is, if no option says so.
const HOME_VARIABLE: &str = "HEARTH_HOME";
/// The command that prints the passphrase, if no option says so.
const PASSPHRASE_COMMAND_VARIABLE: &str = "HEARTH_PASSPHRASE_COMMAND";

const GLOBAL: &str = "Global options";

/// A private mentoring notebook that only its members can read
///
/// A mentor and a mentee, a group, or a circle of peers keep goals, sessions, notes and questions
/// together. Every device holds the whole notebook; devices talk to each other directly, end to
/// end encrypted. There is no server and no account.
#[derive(Parser, Debug)]
#[command(
    name = "hearth",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Begin with `hearth init --name NAME`, or look around with `hearth demo`."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) options: GlobalOptions,
}

/// Options that every command takes, before or after the noun.
#[derive(Args, Debug, Clone)]
pub(crate) struct GlobalOptions {
    // The parser would name an option that the environment gives in every message about usage.
    #[arg(
        long, global = true, value_name = "DIR", help_heading = GLOBAL,
        help = "The folder that holds your keys and notebooks [default: your data directory] [env:HEARTH_HOME]"
    )]
    pub(crate) home: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Answer yes to every question
    #[arg(long, short = 'y', global = true, help_heading = GLOBAL)]
    pub(crate) yes: bool,
    /// Never ask anything
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) no_input: bool,
    /// When to use colour
    #[arg(
        long, global = true, value_name = "WHEN", value_enum, default_value_t = Colour::Auto,
        help_heading = GLOBAL, hide_short_help = true
    )]
    pub(crate) color: Colour,
    #[arg(
        long, global = true, value_name = "COMMAND", help_heading = GLOBAL, hide_short_help = true,
        help = "A shell command that prints the passphrase [env:HEARTH_PASSPHRASE_COMMAND]"
    )]
    pub(crate) passphrase_command: Option<String>,
}

/// When to use colour.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl GlobalOptions {
    /// How and where this run prints.
    pub(crate) fn output(&self, environment: &Environment) -> Output {
        Output {
            json: self.json,
            terminal: environment.terminal_stdout,
            terminal_stderr: environment.terminal_stderr,
            colour: match self.color {
                Colour::Auto => environment.wants_colour(),
                Colour::Always => true,
                Colour::Never => false,
            },
            clock: Clock::system(),
            progress_stands: Cell::new(false),
        }
    }

    /// The shell command that prints the passphrase, where there is one.
    pub(crate) fn passphrase_command(&self, environment: &Environment) -> Option<String> {
        self.passphrase_command.clone().or_else(|| {
            let command = environment.variable(PASSPHRASE_COMMAND_VARIABLE)?;
            command.to_str().map(str::to_owned)
        })
    }

    /// The home folder of this run: absolute, and without symbolic links where it exists, so that
    /// every process gives it the same name.
    pub(crate) fn home(&self, environment: &Environment) -> Result<PathBuf, Failure> {
        let home = self
            .home
            .clone()
            .or_else(|| environment.variable(HOME_VARIABLE).map(PathBuf::from))
            .or_else(|| environment.default_home())
            .ok_or_else(|| {
                Failure::usage("home_unknown", "There is no home folder to work in.")
                    .with_hint("Give --home DIR or set HEARTH_HOME.")
            })?;
        let home = crate::context::absolute(&home)?;
        Ok(home.canonicalize().unwrap_or(home))
    }
}

/// Tells whether the arguments ask for JSON, for the case that they cannot be understood.
pub(crate) fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--json")
}

/// Tells whether an error of the parser is really a page that was asked for.
pub(crate) fn is_page(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    )
}

/// What the parser offers in place of a word that it does not know.
const SUGGESTED: [ContextKind; 3] = [
    ContextKind::SuggestedSubcommand,
    ContextKind::SuggestedArg,
    ContextKind::SuggestedValue,
];

/// Names first what is most like the word that was typed: the parser names it last.
pub(crate) fn nearest_first(mut error: clap::Error) -> clap::Error {
    for kind in SUGGESTED {
        if let Some(ContextValue::Strings(several)) = error.get(kind) {
            let nearest_first = several.iter().rev().cloned().collect();
            error.insert(kind, ContextValue::Strings(nearest_first));
        }
    }
    error
}

/// Takes the parser's error, after [`nearest_first`], as a failure, for the JSON envelope.
pub(crate) fn usage_failure(error: &clap::Error) -> Failure {
    let rendered = error.render().to_string();
    let message = if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        "A command is missing.".to_owned()
    } else {
        rendered
            .lines()
            .take_while(|line| !line.trim().is_empty())
            .map(|line| line.trim().trim_start_matches("error: "))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let suggestion = SUGGESTED
        .into_iter()
        .find_map(|kind| match error.get(kind)? {
            ContextValue::String(one) => Some(one.clone()),
            ContextValue::Strings(several) => several.first().cloned(),
            _ => None,
        });
    Failure::new(Exit::Usage, "usage", message).with_hint(match suggestion {
        Some(suggestion) => format!("Did you mean `{suggestion}`?"),
        None => format!("See `{} --help`.", command_of(&rendered)),
    })
}

/// The command that was typed, as far as it was understood: what the usage begins with.
fn command_of(rendered: &str) -> String {
    let usage = rendered
        .lines()
        .find_map(|line| line.trim().strip_prefix("Usage: "));
    let words = usage.unwrap_or("hearth").split_whitespace();
    let words: Vec<&str> = words
        .take_while(|word| {
            word.chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '-')
        })
        .take_while(|word| !word.starts_with('-'))
        .collect();
    match words.is_empty() {
        true => "hearth".to_owned(),
        false => words.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        let parsed = Cli::try_parse_from(std::iter::once(&"hearth").chain(arguments));
        parsed.map_err(nearest_first)
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does_and_every_option_too() {
        fn check(command: &clap::Command, path: &str) {
            assert!(command.get_about().is_some(), "{path} says nothing");
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{path} {} says nothing",
                    argument.get_id()
                );
            }
            for verb in command.get_subcommands() {
                check(verb, &format!("{path} {}", verb.get_name()));
            }
        }
        check(&Cli::command(), "hearth");
    }

    #[test]
    fn the_long_help_of_every_command_shows_how_it_is_used() {
        fn check(command: &mut clap::Command, path: &str) {
            let help = command.render_long_help().to_string();
            if !command.has_subcommands() {
                // Sealed exchanges are feedback too, and are shown by their own name.
                let example = format!("  {}", path.replace("feedback sealed", "sealed"));
                let shown = help.split_once("Examples:").map(|(_, shown)| shown);
                assert!(
                    shown.is_some_and(|shown| shown.contains(&example)),
                    "{path}: {help}"
                );
            }
            for verb in command.get_subcommands_mut() {
                let path = format!("{path} {}", verb.get_name());
                check(verb, &path);
            }
        }
        check(&mut Cli::command(), "hearth");
    }

    #[test]
    fn a_passphrase_has_no_place_in_the_arguments() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(
                    !name.contains("passphrase") || name == "passphrase_command",
                    "{name}"
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn global_options_stand_before_or_after_the_noun() {
        for arguments in [
            &["--json", "--home", "/h", "--yes", "goal", "list", "NB"][..],
            &["goal", "--json", "--home=/h", "list", "--yes", "NB"],
            &["goal", "list", "NB", "--home", "/h", "-y", "--json"],
        ] {
            let options = parse(arguments).expect("parses").options;
            assert!(options.json && options.yes && !options.no_input);
            assert_eq!(options.home, Some("/h".into()));
        }
    }

    #[test]
    fn a_misspelt_command_suggests_the_right_one() {
        let failure = usage_failure(&parse(&["gaol", "list"]).expect_err("unknown"));
        insta::assert_debug_snapshot!((failure.message, failure.hint), @r#"
        (
            "unrecognized subcommand 'gaol'",
            Some(
                "Did you mean `goal`?",
            ),
        )
        "#);
        let failure = usage_failure(&parse(&["goal", "lits"]).expect_err("unknown"));
        assert_eq!(failure.hint.as_deref(), Some("Did you mean `list`?"));
        // Several are alike; the nearest is meant.
        for (typed, meant) in [
            (&["goal", "lst"][..], "Did you mean `list`?"),
            (&["sesion", "list"], "Did you mean `session`?"),
        ] {
            let error = parse(typed).expect_err("unknown");
            let failure = usage_failure(&error);
            assert_eq!(failure.hint.as_deref(), Some(meant));
            let page = error.render().to_string();
            let named = meant.split('`').nth(1).expect("a word");
            let first = page
                .split_once("tip: ")
                .and_then(|(_, tip)| tip.split('\'').nth(1));
            assert_eq!(first, Some(named), "{page}");
        }
        let failure = usage_failure(
            &parse(&["goal", "add", "NB", "T", "--onwer", "x"]).expect_err("unknown"),
        );
        assert_eq!(failure.hint.as_deref(), Some("Did you mean `--owner`?"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let failure = usage_failure(&parse(&["goal", "add", "NB"]).expect_err("no title"));
        insta::assert_snapshot!(failure.message, @"the following required arguments were not provided: <TITLE>");
        let failure = usage_failure(&parse(&[]).expect_err("no command"));
        assert_eq!(
            (failure.message.as_str(), failure.exit),
            ("A command is missing.", Exit::Usage)
        );
    }

    #[test]
    fn json_is_asked_for_only_before_a_double_dash() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(asks_for_json(&words(&["hearth", "gaol", "--json"])));
        assert!(!asks_for_json(&words(&[
            "hearth", "ask", "NB", "--", "--json"
        ])));
    }

    #[test]
    fn what_is_missing_is_named_with_what_it_may_be_and_where_it_stands() {
        let typed = ["hearth", "notebook", "create", "Garden"];
        let error = Cli::command().try_get_matches_from(typed).unwrap_err();
        let failure = usage_failure(&error);
        assert!(
            failure.message.contains("--form <one-on-one|group|peer>"),
            "{}",
            failure.message
        );
        assert_eq!(
            failure.hint.as_deref(),
            Some("See `hearth notebook create --help`.")
        );
        let error = Cli::command().try_get_matches_from(["hearth"]).unwrap_err();
        assert_eq!(
            usage_failure(&error).hint.as_deref(),
            Some("See `hearth --help`.")
        );
    }
}
