//! Requests about notebooks themselves.

use serde::{Deserialize, Serialize};

/// `notebook …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum NotebookRequest {
    /// Makes a notebook with the caller as its first admin. Answers `notebook`.
    Create {
        /// What the notebook is called.
        title: String,
        /// `one-on-one`, `group` or `peer`.
        form: String,
        /// The creator's role; by default mentor, and peer in a `peer` notebook.
        role: Option<String>,
        /// A template to begin with.
        template: Option<String>,
    },
    /// Answers `notebooks[]`.
    List,
    /// Answers `notebook` with `members[]`.
    Show {
        /// The notebook's id or name.
        notebook: String,
    },
    /// What a notebook's first screen shows of all that is in it. Answers `next`, the next session; `session_count`;
    /// `last_held`, the last session that took place, and `learned[]` in it; `goals[]`, the first that are worked towards,
    /// and `goal_count`; `agreement`, the state of the agreement. Absent is null.
    Glance {
        /// The notebook's id or name.
        notebook: String,
        /// At most this many goals.
        goals: u32,
    },
    /// What became of the relationship. Answers `timeline[]`, the oldest first, each with `event` (`begun`, `phase`,
    /// `goal-set`, `goal-achieved`, `goal-dropped`, `milestone`, `session`, `signed`, `endorsed`, `certified` or
    /// `closed`), `at`, `date`, `id`, `kind`, `title`, `of`, `reason` and `by`.
    Timeline {
        /// The notebook's id or name.
        notebook: String,
    },
    /// What each person has given and taken. Answers `people[]`, each with `person`, `name`, `role`, `member` and counts.
    Reciprocity {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Moves the relationship to another phase. Answers `notebook`.
    Phase {
        /// The notebook's id or name.
        notebook: String,
        /// `rapport`, `direction`, `progress`, `winding-down` or `closed`.
        phase: String,
    },
    /// Makes a new notebook with all of this one's content, and a ticket for everybody else in it. Answers
    /// `notebook` and `tickets[]`.
    Fork {
        /// The notebook's id or name.
        notebook: String,
        /// Members who get no ticket, by id or name.
        #[serde(default)]
        without: Vec<String>,
        /// What the new notebook is called; by default what this one is called, with a word more.
        #[serde(default)]
        title: Option<String>,
        /// How long the tickets are good for, in seconds; the node's setting when absent.
        #[serde(default)]
        expires_s: Option<u64>,
    },
    /// Starts a new key for what is written from now on. Answers `notebook`.
    Rekey {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Gives the notebook another title. Answers `notebook`.
    Rename {
        /// The notebook's id or name.
        notebook: String,
        /// The new title.
        title: String,
    },
}
