//! Requests about circles.

use serde::{Deserialize, Serialize};

/// `circle …`; each answers `circle`, `next` also `advanced`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum CircleRequest {
    /// Hands out the roles and begins the first stage.
    Start {
        /// The notebook's id or name.
        notebook: String,
        /// The session; the planned one that is nearest to now when absent, or else a new one.
        session: Option<String>,
        /// The template of a new session.
        template: Option<String>,
        /// Local start of a new session, `2026-12-01T15:00`.
        at: String,
        /// The IANA zone of `at`; the node's own when absent.
        zone: Option<String>,
        /// Members' ids or names who could not come.
        absent: Vec<String>,
        /// The member who presents, where that is not whose turn it is.
        presenter: Option<String>,
    },
    /// Goes on to the next stage; ends the run after the last one.
    Next {
        /// The notebook's id or name.
        notebook: String,
        /// The stage that the caller has seen; nothing is done where the run is past it.
        from: Option<usize>,
    },
    /// Gives the stage of now its time anew.
    Again {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Ends the run and marks the session as held.
    End {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Reads where the run stands, and whose turn it is next time.
    Show {
        /// The notebook's id or name.
        notebook: String,
    },
}
