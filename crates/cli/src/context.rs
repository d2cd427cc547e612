//! What a command has at hand.

use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use hearth_node::api::{Event, Failure, Request};
use serde_json::Value;

use crate::backend::{Backend, BundleOptions, NewDeviceOptions, RecoverOptions};
use crate::clock::Clock;
use crate::editor::{Draft, Edited};
use crate::environment::Environment;
use crate::input;
use crate::output::{Output, View, clean};

/// The longest answer to a yes-or-no question.
const ANSWER_BYTES_MAX: u64 = 64;

/// What a command has at hand.
pub(crate) struct Context<'a> {
    /// What answers requests.
    pub(crate) backend: &'a mut dyn Backend,
    /// How and where to print.
    pub(crate) output: Output,
    /// Environment variables and terminals.
    pub(crate) environment: Environment,
    /// `--yes`.
    pub(crate) yes: bool,
    /// `--no-input`.
    pub(crate) no_input: bool,
}

impl Context<'_> {
    /// What time it is here.
    pub(crate) fn clock(&self) -> &Clock {
        &self.output.clock
    }

    /// Has a request done; progress shows on a terminal's stderr.
    pub(crate) fn call(&mut self, request: Request) -> Result<Value, Failure> {
        let output = &self.output;
        let result = self.backend.call(request, &mut |event| {
            if let Event::Progress(progress) = event {
                stop_unless(output.progress(&progress));
            }
        });
        stop_unless(self.output.clear_progress());
        result
    }

    /// Has a request done and prints each of its items as it arrives.
    pub(crate) fn stream(&mut self, request: Request, view: View) -> Result<Value, Failure> {
        let output = &self.output;
        let result = self.backend.call(request, &mut |event| match event {
            Event::Item(item) => stop_unless(output.item(&item, view)),
            Event::Progress(progress) => stop_unless(output.progress(&progress)),
            _ => {}
        });
        stop_unless(self.output.clear_progress());
        result
    }

    /// Tells something on stderr, where it is in nobody's way.
    pub(crate) fn tell(&self, text: &str) {
        let text = format!("{}\n", clean::text(text.trim_end()));
        // Whoever has closed stderr wants to be told nothing.
        let _closed = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Reads a text from a file, or from stdin for `-`.
    pub(crate) fn file_text(&self, path: &Path, what: &str) -> Result<String, Failure> {
        let text = input::file_or_stdin(path)?;
        let text = text.trim_end();
        if text.is_empty() {
            return Err(
                Failure::usage("text_empty", format!("The {what} is empty."))
                    .with_hint("Nothing was changed."),
            );
        }
        Ok(text.to_owned())
    }

    /// Makes this folder a device of somebody who exists already.
    pub(crate) fn accept(
        &mut self,
        ticket: String,
        options: NewDeviceOptions,
    ) -> Result<Value, Failure> {
        let output = &self.output;
        let result = self.backend.accept(&ticket, options, &mut |event| {
            if let Event::Progress(progress) = event {
                stop_unless(output.progress(&progress));
            }
        });
        stop_unless(self.output.clear_progress());
        result
    }

    /// Brings somebody back by their phrase.
    pub(crate) fn recover(&mut self, options: RecoverOptions) -> Result<Value, Failure> {
        let output = &self.output;
        let result = self.backend.recover(options, &mut |event| {
            if let Event::Progress(progress) = event {
                stop_unless(output.progress(&progress));
            }
        });
        stop_unless(self.output.clear_progress());
        result
    }

    /// Makes a bundle; its bytes go to `sink`.
    pub(crate) fn create_bundle(
        &mut self,
        options: BundleOptions,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<Value, Failure> {
        let output = &self.output;
        let result = self.backend.create_bundle(options, sink, &mut |event| {
            if let Event::Progress(progress) = event {
                stop_unless(output.progress(&progress));
            }
        });
        stop_unless(self.output.clear_progress());
        result
    }

    /// Takes a bundle in.
    pub(crate) fn apply_bundle(
        &mut self,
        source: &mut dyn Read,
        total: Option<u64>,
    ) -> Result<Value, Failure> {
        let output = &self.output;
        let result = self.backend.apply_bundle(source, total, &mut |event| {
            if let Event::Progress(progress) = event {
                stop_unless(output.progress(&progress));
            }
        });
        stop_unless(self.output.clear_progress());
        result
    }

    /// Has the backend do long work; progress shows on a terminal's stderr.
    pub(crate) fn with_progress(
        &mut self,
        work: impl FnOnce(&mut dyn Backend, &mut dyn FnMut(Event)) -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        let output = &self.output;
        let result = work(self.backend, &mut |event| {
            if let Event::Progress(progress) = event {
                stop_unless(output.progress(&progress));
            }
        });
        stop_unless(self.output.clear_progress());
        result
    }

    /// Shows a person what a question is about, on stderr.
    pub(crate) fn explain(&self, data: &Value, view: View) -> Result<(), Failure> {
        self.output.explain(data, view).map_err(|error| {
            Failure::error(
                "prompt_failed",
                format!("The question could not be asked: {error}."),
            )
        })
    }

    /// Whether there is a person to ask.
    pub(crate) fn may_ask(&self) -> bool {
        !self.no_input && self.environment.terminal_stdin && self.environment.terminal_stderr
    }

    /// Asks for a yes. Without anyone to ask it fails, as it does for any other answer.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !self.may_ask() {
            return Err(Failure::usage(
                "confirmation_needed",
                format!("This needs a yes, and nobody can be asked: {question}"),
            )
            .with_hint("Give --yes where you mean it."));
        }
        let failed = |error: io::Error| {
            Failure::error(
                "prompt_failed",
                format!("The question could not be asked: {error}."),
            )
        };
        let mut stderr = io::stderr().lock();
        write!(stderr, "{question} [y/N] ")
            .and_then(|()| stderr.flush())
            .map_err(failed)?;
        let mut answer = String::new();
        let stdin = io::stdin().lock();
        io::Read::take(stdin, ANSWER_BYTES_MAX)
            .read_line(&mut answer)
            .map_err(failed)?;
        if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(Failure::usage("declined", "Nothing was changed."))
        }
    }

    /// Whether files may be overwritten at `path`: asks where something is there.
    pub(crate) fn may_overwrite(&self, path: &Path) -> Result<bool, Failure> {
        if path.symlink_metadata().is_err() {
            return Ok(false);
        }
        if !self.yes && !self.may_ask() {
            // Writing then refuses, and says how to go on.
            return Ok(false);
        }
        self.confirm(&format!("Overwrite {}?", path.display()))
            .map(|()| true)
    }

    /// Reads a long text: as given, from stdin for `-`, or from the editor where it was left out.
    pub(crate) fn long_text(&self, given: Option<String>, what: &str) -> Result<String, Failure> {
        let text = match given {
            Some(dash) if dash == "-" => input::stdin()?,
            Some(text) => text,
            None if self.may_ask() => {
                let draft = Draft::new(&self.environment, &format!("{what}.md"), "")?;
                match draft.edit(&self.environment)? {
                    Edited::Text(text) => text,
                    Edited::Unchanged => String::new(),
                }
            }
            None => {
                return Err(
                    Failure::usage("text_missing", format!("The {what} is missing.")).with_hint(
                        "Give it as an argument, or `-` to read it from standard input.",
                    ),
                );
            }
        };
        let text = text.trim_end();
        if text.is_empty() {
            return Err(
                Failure::usage("text_empty", format!("The {what} is empty."))
                    .with_hint("Nothing was changed."),
            );
        }
        Ok(text.to_owned())
    }

    /// Reads an optional text that may be `-`.
    pub(crate) fn option_text(&self, given: Option<String>) -> Result<Option<String>, Failure> {
        match given {
            Some(dash) if dash == "-" => Ok(Some(input::stdin()?.trim_end().to_owned())),
            other => Ok(other),
        }
    }
}

/// Makes a path absolute, so that it means the same in every process.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        Failure::usage(
            "path_invalid",
            format!("`{}` is no path: {error}.", path.display()),
        )
    })
}

/// Ends the process where the reader of a stream has gone: what was asked for is no longer wanted,
/// and everything written so far is on disk.
fn stop_unless(printed: io::Result<()>) {
    if printed.is_err() {
        std::process::exit(0);
    }
}
