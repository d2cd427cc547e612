//! Everything that the command prints.
//!
//! Invariants: with `--json`, stdout holds one JSON document and nothing else (one per line where
//! the command streams); without it, a page of [`Page`]. Progress and prompts go to stderr. A
//! reader that stopped reading (`| head`) is no error.

pub(crate) mod clean;
mod envelope;
pub(crate) mod fields;
mod ids;
mod page;
mod spark;
mod style;
mod table;
pub(crate) mod view;

use std::cell::Cell;
use std::io::{self, Write};

use hearth_node::api::{Failure, Progress};
use serde_json::Value;

pub(crate) use self::fields::Fields;
pub(crate) use self::page::Page;
use crate::clock::Clock;

/// Writes a person's page about an answer's data.
pub(crate) type View = fn(&Value, &mut Page);

/// What a command has to say when it is done.
#[derive(Debug)]
pub(crate) struct Answer {
    data: Value,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Page(View),
    Text(String),
    Nothing,
}

impl Answer {
    /// Data, and how people read it.
    pub(crate) fn page(data: Value, view: View) -> Self {
        Self {
            data,
            shown: Shown::Page(view),
        }
    }

    /// Data of which people want one text, byte for byte where it goes to a file or a program.
    pub(crate) fn text(data: Value, text: String) -> Self {
        Self {
            data,
            shown: Shown::Text(text),
        }
    }

    /// Nothing more than what was already streamed.
    pub(crate) fn streamed() -> Self {
        Self {
            data: Value::Null,
            shown: Shown::Nothing,
        }
    }
}

/// How and where to print.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// One JSON document instead of words.
    pub(crate) json: bool,
    /// Whether stdout is a terminal.
    pub(crate) terminal: bool,
    /// Whether stderr is a terminal.
    pub(crate) terminal_stderr: bool,
    /// Whether to colour words on stdout.
    pub(crate) colour: bool,
    /// By which words tell times.
    pub(crate) clock: Clock,
    /// Whether a progress line stands on stderr.
    pub(crate) progress_stands: Cell<bool>,
}

impl Output {
    /// Prints what a command has to say.
    pub(crate) fn answer(&self, answer: &Answer) -> io::Result<()> {
        match &answer.shown {
            Shown::Nothing => Ok(()),
            _ if self.json => self.document(&answer.data),
            Shown::Page(view) => self.print(&self.page(&answer.data, *view)),
            Shown::Text(text) if self.terminal => self.print(&clean::text(text)),
            Shown::Text(text) => self.print(text),
        }
    }

    /// Prints one document of a stream.
    pub(crate) fn item(&self, data: &Value, view: View) -> io::Result<()> {
        self.clear_progress()?;
        if self.json {
            self.document(data)
        } else {
            self.print(&self.page(data, view))
        }
    }

    /// Shows a page on stderr, before a question about it.
    pub(crate) fn explain(&self, data: &Value, view: View) -> io::Result<()> {
        self.clear_progress()?;
        let page = self.page(data, view);
        quiet_when_closed(io::stderr().lock().write_all(page.as_bytes()))
    }

    /// Prints why a command was not done: in the envelope on stdout, or as words on stderr.
    pub(crate) fn failure(&self, failure: &Failure) -> io::Result<()> {
        if self.json {
            return self.print(&envelope::failure(failure));
        }
        let words = |text: &str| ids::shorten_within(&clean::text(text));
        let mut message = format!("Error: {}\n", words(&failure.message));
        if let Some(hint) = &failure.hint {
            message.push_str(&format!("{}\n", words(hint)));
        }
        quiet_when_closed(io::stderr().lock().write_all(message.as_bytes()))
    }

    /// Shows how far long work has come, on a terminal's stderr.
    pub(crate) fn progress(&self, progress: &Progress) -> io::Result<()> {
        if !self.terminal_stderr {
            return Ok(());
        }
        let message = clean::line(&progress.message);
        let count = match progress.total {
            Some(total) => format!(" {} of {total}", progress.done),
            None if progress.done > 0 => format!(" {}", progress.done),
            None => String::new(),
        };
        let line = format!("\r\u{1b}[K{message}{count} ");
        self.progress_stands.set(true);
        quiet_when_closed(io::stderr().lock().write_all(line.as_bytes()))
    }

    /// Takes the progress line away again.
    pub(crate) fn clear_progress(&self) -> io::Result<()> {
        if !self.progress_stands.replace(false) {
            return Ok(());
        }
        quiet_when_closed(io::stderr().lock().write_all(b"\r\x1b[K"))
    }

    fn document(&self, data: &Value) -> io::Result<()> {
        self.print(&envelope::done(data))
    }

    fn page(&self, data: &Value, view: View) -> String {
        let mut page = Page::new(data, self.clock.clone(), self.colour);
        view(data, &mut page);
        page.into_text()
    }

    fn print(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }
}

/// Writes the failure of a command line that was not understood as its envelope.
pub(crate) fn usage_line(failure: &Failure) -> String {
    envelope::failure(failure)
}

/// Takes a stderr that nobody reads as no error.
fn quiet_when_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// The page that a person reads about `data`, at a pinned time, without colour.
    pub(crate) fn page(data: &Value, view: View) -> String {
        let clock = Clock::pinned("2026-11-23T16:00:00+01:00[Europe/Berlin]");
        let mut page = Page::new(data, clock, false);
        view(data, &mut page);
        page.into_text()
    }
}
