//! Why a request was not done, and the exit code that says so to scripts.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The exit codes of the command, a contract with scripts.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[serde(into = "u8", try_from = "u8")]
#[non_exhaustive]
pub enum Exit {
    /// 0: done; what was written is on disk.
    Done,
    /// 1: any error without a code of its own.
    Error,
    /// 2: the command was not understood, or `--yes` would have been needed.
    Usage,
    /// 3: some of it was done.
    Partial,
    /// 4: nothing, or more than one thing, answers to that name.
    NotFound,
    /// 5: the person's role does not allow it.
    NotAllowed,
    /// 10: there is no identity in this home.
    NoIdentity,
    /// 11: another process holds this home.
    Locked,
    /// 12: the passphrase does not open this home.
    WrongPassphrase,
    /// 13: no peer answered.
    Unreachable,
    /// 14: damaged data was found.
    Damaged,
    /// 130: the person interrupted.
    Interrupted,
}

impl Exit {
    /// Returns the process exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::NotFound => 4,
            Self::NotAllowed => 5,
            Self::NoIdentity => 10,
            Self::Locked => 11,
            Self::WrongPassphrase => 12,
            Self::Unreachable => 13,
            Self::Damaged => 14,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> Self {
        exit.code()
    }
}

/// A number that is no exit code of this command.
#[derive(thiserror::Error, Debug, Clone, Copy, PartialEq, Eq)]
#[error("{0} is not an exit code of hearth")]
pub struct UnknownExit(pub u8);

impl TryFrom<u8> for Exit {
    type Error = UnknownExit;

    fn try_from(code: u8) -> Result<Self, UnknownExit> {
        Ok(match code {
            0 => Self::Done,
            1 => Self::Error,
            2 => Self::Usage,
            3 => Self::Partial,
            4 => Self::NotFound,
            5 => Self::NotAllowed,
            10 => Self::NoIdentity,
            11 => Self::Locked,
            12 => Self::WrongPassphrase,
            13 => Self::Unreachable,
            14 => Self::Damaged,
            130 => Self::Interrupted,
            other => return Err(UnknownExit(other)),
        })
    }
}

/// Why a request was not done.
///
/// `message` says what failed and on which id; `hint` says what the person can do. Neither ever
/// holds a secret or the text of notes.
#[derive(Serialize, Deserialize, thiserror::Error, Debug, Clone, PartialEq)]
#[error("{message}")]
pub struct Failure {
    /// A stable word for scripts, such as `goal_not_found`.
    pub code: String,
    /// What failed, in a sentence.
    pub message: String,
    /// What the person can do, in a sentence or as a command to paste.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Facts that go with it, such as the damaged records or the result for each peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// What the process exits with.
    pub exit: Exit,
}

impl Failure {
    /// Makes a failure with neither hint nor details.
    pub fn new(exit: Exit, code: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            code: code.into(),
            message: message.to_string(),
            hint: None,
            details: None,
            exit,
        }
    }

    /// Adds what the person can do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Adds facts for scripts.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// An error without an exit code of its own.
    pub fn error(code: impl Into<String>, message: impl fmt::Display) -> Self {
        Self::new(Exit::Error, code, message)
    }

    /// A value that the person typed and that means nothing here.
    pub fn usage(code: impl Into<String>, message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, code, message)
    }

    /// Nothing, or more than one thing, answers to the name.
    pub fn not_found(code: impl Into<String>, message: impl fmt::Display) -> Self {
        Self::new(Exit::NotFound, code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_survives_its_number() {
        let mut known = 0;
        for code in 0..=u8::MAX {
            if let Ok(exit) = Exit::try_from(code) {
                assert_eq!(exit.code(), code);
                known += 1;
            }
        }
        assert_eq!(known, 12);
    }

    #[test]
    fn a_failure_without_extras_has_no_empty_keys() {
        let failure = Failure::not_found("goal_not_found", "No goal has the id 01J.");
        let json = serde_json::to_string(&failure).expect("serializes");
        assert_eq!(
            json,
            r#"{"code":"goal_not_found","message":"No goal has the id 01J.","exit":4}"#
        );
    }
}
