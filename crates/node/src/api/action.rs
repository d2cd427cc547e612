//! Requests about actions.

use serde::{Deserialize, Serialize};

/// `action …`; every verb but `List` answers `action`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ActionRequest {
    /// Writes a new action.
    Add {
        /// The notebook's id or name.
        notebook: String,
        /// What is to be done.
        title: String,
        /// A member's id or name; the caller when absent.
        owner: Option<String>,
        /// The day it is due, `2026-12-01`.
        due: Option<String>,
        /// The goal it serves.
        goal: Option<String>,
        /// The session it came from.
        session: Option<String>,
    },
    /// Answers `actions[]`.
    List {
        /// The notebook's id or name.
        notebook: String,
        /// Only open ones.
        open: bool,
        /// Only the caller's own.
        mine: bool,
    },
    /// Marks it as done.
    Done {
        /// The action's id.
        action: String,
    },
    /// Gives it another due date.
    Move {
        /// The action's id.
        action: String,
        /// The new day, `2026-12-01`.
        due: String,
        /// Why.
        reason: Option<String>,
    },
    /// Gives it up, with the reason.
    Drop {
        /// The action's id.
        action: String,
        /// Why.
        reason: String,
    },
}
