//! The `hearth` command.
//!
//! A thin shell around the node: it parses, asks, reads and writes the person's files, and shows
//! answers. It knows no keys and no notebook format, and decides nothing about who may do what.

mod backend;
mod cli;
mod clock;
mod command;
mod context;
mod editor;
mod environment;
mod file;
mod input;
mod interrupt;
mod node;
mod output;
mod passphrase;
mod when;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use hearth_node::api::{Exit, Failure};

use crate::cli::Cli;
use crate::context::Context;
use crate::environment::Environment;
use crate::node::Node;
use crate::output::Output;
use crate::passphrase::Passphrases;

fn main() -> ExitCode {
    keep_memory_private();
    let environment = Environment::of_process();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let exit = match Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli, environment),
        Err(error) => refuse(cli::nearest_first(error), &arguments),
    };
    ExitCode::from(exit.code())
}

/// Turns core dumps off, and other processes of the same user away: keys and notes are in this
/// memory. Where the system will not, the command goes on; nothing else depends on it.
fn keep_memory_private() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _unsupported = setrlimit(Resource::Core, none);
    let _unsupported = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Runs a command that was understood.
fn run(cli: Cli, environment: Environment) -> Exit {
    let Cli { command, options } = cli;
    if !command.stops_by_itself() {
        interrupt::exit_on_interrupt();
    }
    let output = options.output(&environment);
    let passphrase_command = options.passphrase_command(&environment);
    let passphrases = Passphrases::new(
        &environment,
        passphrase_command.as_deref(),
        !options.no_input,
    );
    let passphrases = if command.replaces_passphrase() {
        passphrases.replacing()
    } else {
        passphrases
    };
    let mut node = Node::new(options.home(&environment), &environment, passphrases);
    let mut context = Context {
        backend: &mut node,
        output: output.clone(),
        environment,
        yes: options.yes,
        no_input: options.no_input,
    };
    match command.run(&mut context) {
        Ok(answer) => printed(output.answer(&answer)),
        Err(failure) => failed(&output, &failure),
    }
}

/// Says why a command line was not understood, or shows the page that it asked for.
fn refuse(error: clap::Error, arguments: &[OsString]) -> Exit {
    if cli::is_page(&error) {
        return printed(error.print());
    }
    if !cli::asks_for_json(arguments) {
        // Where stderr is closed there is nobody left to tell; the exit code still says it.
        let _ = error.print();
        return Exit::Usage;
    }
    let line = output::usage_line(&cli::usage_failure(&error));
    let _ = io::stdout().lock().write_all(line.as_bytes());
    Exit::Usage
}

fn failed(output: &Output, failure: &Failure) -> Exit {
    // A failure that cannot be printed still ends with its exit code.
    let _ = output.failure(failure);
    failure.exit
}

/// A reader that stopped reading got what it wanted; any other trouble in printing is an error.
fn printed(result: io::Result<()>) -> Exit {
    match result {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            let _ = writeln!(
                io::stderr(),
                "Error: the output could not be written: {error}."
            );
            Exit::Error
        }
    }
}
