//! The process's surroundings, read once at the start so that everything below can be tested
//! without touching them.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::PathBuf;

/// Environment variables and terminals.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// Whether a person may be asked: stdin is a terminal.
    pub(crate) terminal_stdin: bool,
    /// Whether a person reads the output.
    pub(crate) terminal_stdout: bool,
    /// Whether a person reads prompts and progress.
    pub(crate) terminal_stderr: bool,
}

impl Environment {
    /// Reads this process's own.
    pub(crate) fn of_process() -> Self {
        Self {
            variables: env::vars_os().collect(),
            terminal_stdin: std::io::stdin().is_terminal(),
            terminal_stdout: std::io::stdout().is_terminal(),
            terminal_stderr: std::io::stderr().is_terminal(),
        }
    }

    /// An environment in which a person sits at a terminal.
    #[cfg(test)]
    pub(crate) fn terminal() -> Self {
        Self {
            terminal_stdin: true,
            terminal_stdout: true,
            terminal_stderr: true,
            ..Self::default()
        }
    }

    /// Adds a variable.
    #[cfg(test)]
    pub(crate) fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(OsStr::new(name))?;
        (!value.is_empty()).then_some(value)
    }

    /// A variable that holds an absolute path; others mean nothing (XDG Base Directory).
    pub(crate) fn directory(&self, name: &str) -> Option<PathBuf> {
        self.variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    }

    /// The home folder that is used without `--home`: `hearth` in the platform's data directory.
    pub(crate) fn default_home(&self) -> Option<PathBuf> {
        if let Some(data) = self.directory("XDG_DATA_HOME") {
            return Some(data.join("hearth"));
        }
        let person = self.directory("HOME")?;
        Some(if cfg!(target_os = "macos") {
            person.join("Library/Application Support/hearth")
        } else {
            person.join(".local/share/hearth")
        })
    }

    /// Whether words are coloured where nobody said so.
    pub(crate) fn wants_colour(&self) -> bool {
        self.terminal_stdout
            && self.variable("NO_COLOR").is_none()
            && self.variable("TERM") != Some(OsStr::new("dumb"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_in_the_data_directory() {
        let person = Environment::default().with("HOME", "/home/ada");
        let default = if cfg!(target_os = "macos") {
            "/home/ada/Library/Application Support/hearth"
        } else {
            "/home/ada/.local/share/hearth"
        };
        assert_eq!(person.default_home(), Some(default.into()));
        let moved = person.clone().with("XDG_DATA_HOME", "/data");
        assert_eq!(moved.default_home(), Some("/data/hearth".into()));
        let relative = person.with("XDG_DATA_HOME", "data");
        assert_eq!(relative.default_home(), Some(default.into()));
        assert_eq!(Environment::default().default_home(), None);
    }

    #[test]
    fn colour_needs_a_terminal_and_nobody_against_it() {
        let terminal = Environment {
            terminal_stdout: true,
            ..Environment::default()
        };
        assert!(terminal.wants_colour());
        assert!(terminal.clone().with("NO_COLOR", "").wants_colour());
        assert!(!terminal.clone().with("NO_COLOR", "1").wants_colour());
        assert!(!terminal.with("TERM", "dumb").wants_colour());
        assert!(!Environment::default().wants_colour());
    }
}
