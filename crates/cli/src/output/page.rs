//! What a person reads: words, facts and the next command, as lines of text.
//!
//! Invariant: every text that is put on a page is cleaned on the way; escape sequences come from
//! [`Style`] alone.

use serde_json::Value;

use super::clean;
use super::ids::{ShortIds, is_plain};
use super::style::Style;
use super::table::{Cell, Table};
use crate::clock::Clock;

/// A page in the making.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    colour: bool,
    ids: ShortIds,
    clock: Clock,
}

impl Page {
    /// Begins a page about an answer.
    pub(crate) fn new(data: &Value, clock: Clock, colour: bool) -> Self {
        Self {
            text: String::new(),
            colour,
            ids: ShortIds::of(data),
            clock,
        }
    }

    /// Ends the page.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The clock by which the page tells times.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Writes a title.
    pub(crate) fn title(&mut self, text: impl AsRef<str>) {
        self.styled(text, Style::Strong);
    }

    /// Writes the heading of a part, after an empty line.
    pub(crate) fn part(&mut self, text: impl AsRef<str>) {
        self.gap();
        self.styled(text, Style::Strong);
    }

    /// Writes a line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.styled(text, Style::Plain);
    }

    /// Writes a line of facts.
    pub(crate) fn quiet(&mut self, text: impl AsRef<str>) {
        self.styled(text, Style::Quiet);
    }

    /// Writes a line in a style.
    pub(crate) fn styled(&mut self, text: impl AsRef<str>, style: Style) {
        let text = clean::line(text.as_ref());
        self.text.push_str(&style.paint(&text, self.colour));
        self.text.push('\n');
    }

    /// Writes what a person wrote, lines kept, indented.
    pub(crate) fn prose(&mut self, text: &str, indent: usize) {
        let indent = " ".repeat(indent);
        for line in clean::text(text).trim_end().lines() {
            self.text.push_str(format!("{indent}{line}").trim_end());
            self.text.push('\n');
        }
    }

    /// Writes what a person wrote, with parts of it set apart where there is colour: each from one character to another,
    /// in order.
    pub(crate) fn marked(&mut self, text: &str, marks: &[(usize, usize)], indent: usize) {
        if !self.colour {
            return self.prose(text, indent);
        }
        let indent = " ".repeat(indent);
        let mut painted = String::with_capacity(text.len() + marks.len() * 8);
        let mut done = 0;
        let part = |from: usize, to: usize| -> String {
            clean::text(
                &text
                    .chars()
                    .skip(from)
                    .take(to.saturating_sub(from))
                    .collect::<String>(),
            )
        };
        for &(from, to) in marks.iter().filter(|(from, to)| from < to) {
            painted.push_str(&part(done, from));
            painted.push_str(&Style::Strong.paint(&part(from.max(done), to), true));
            done = to.max(done);
        }
        painted.push_str(&part(done, usize::MAX));
        for line in painted.trim_end().lines() {
            self.text.push_str(format!("{indent}{line}").trim_end());
            self.text.push('\n');
        }
    }

    /// Writes rows of aligned columns.
    pub(crate) fn table(&mut self, table: &Table, indent: usize) {
        table.write(&mut self.text, indent, self.colour);
    }

    /// Writes labelled facts, aligned; those without a value are left out.
    pub(crate) fn facts<'a>(&mut self, facts: impl IntoIterator<Item = (&'a str, String)>) {
        let mut table = Table::default();
        for (label, value) in facts {
            if !value.is_empty() {
                table.row([Cell::quiet(label), Cell::new(value)]);
            }
        }
        self.table(&table, 2);
    }

    /// Writes a line where the page would be empty.
    pub(crate) fn line_if_empty(&mut self, text: &str) {
        if self.text.is_empty() {
            self.line(text);
        }
    }

    /// Writes an empty line, unless the page is empty or has one.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Shortens an id; see [`ShortIds::short`].
    pub(crate) fn short<'a>(&self, id: &'a str) -> &'a str {
        self.ids.short(id)
    }

    /// Writes the next useful command with a path that the person gave, quoted so that a shell takes it as it is.
    pub(crate) fn next_with(&mut self, command: &str, path: &str) {
        if let Some(path) = quoted(path) {
            self.gap();
            self.quiet(format!("Next: {command} {path}"));
        }
    }

    /// Writes the next useful command, where `id` (which stands for `{}` in it) can be pasted.
    ///
    /// Only ids go in: a name that another person chose could be a command of its own.
    pub(crate) fn next(&mut self, command: &str, id: &str) {
        if command.contains("{}") && !is_plain(id) {
            return;
        }
        let command = command.replace("{}", self.ids.short(id));
        self.gap();
        self.quiet(format!("Next: {command}"));
    }
}

/// A path as a word of a shell; `None` where no terminal shows it as it is, or it would be an option.
fn quoted(path: &str) -> Option<String> {
    let is_shown = clean::line(path) == path && !path.starts_with('-') && !path.is_empty();
    let is_bare = |letter: char| letter.is_alphanumeric() || "/._-+:,@%".contains(letter);
    is_shown.then(|| match path.chars().all(is_bare) {
        true => path.to_owned(),
        false => format!("'{}'", path.replace('\'', "'\\''")),
    })
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in [
            ("/tmp/ü.backup", Some("/tmp/ü.backup")),
            ("my notes", Some("'my notes'")),
            ("it's $(x)", Some("'it'\\''s $(x)'")),
            ("-x", None),
            ("a\nb", None),
            ("", None),
        ] {
            assert_eq!(quoted(path).as_deref(), word, "{path:?}");
        }
    }
}
