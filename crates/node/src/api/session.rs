//! Requests about sessions.

use serde::{Deserialize, Serialize};

/// `session …`; every verb but `List` answers `session`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SessionRequest {
    /// Plans a session.
    Plan {
        /// The notebook's id or name.
        notebook: String,
        /// A title; from the template when absent.
        title: Option<String>,
        /// Local start, `2026-12-01T15:00`.
        at: String,
        /// The IANA zone of `at`; the node's own when absent.
        zone: Option<String>,
        /// Planned length.
        minutes: Option<u32>,
        /// A place or a link.
        place: Option<String>,
        /// How often it recurs, `2w`.
        every: Option<String>,
        /// The agenda template's name.
        template: Option<String>,
        /// Members' ids or names; all members when empty.
        attendees: Vec<String>,
    },
    /// Answers `sessions[]`.
    List {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Answers `ahead[]`, planned sessions that are not over, the next one first; `past[]`, all others, the newest first;
    /// `ahead_count` and `past_count`, how many there are; and `last_held`.
    Near {
        /// The notebook's id or name.
        notebook: String,
        /// At most this many that are ahead.
        ahead: u32,
        /// How many of the others are passed over.
        skip: u32,
        /// At most this many of the others.
        past: u32,
    },
    /// Reads one session, its notes included.
    Show {
        /// The session's id.
        session: String,
    },
    /// Adds an agenda item.
    AgendaAdd {
        /// The session's id.
        session: String,
        /// What it is about.
        title: String,
        /// How long it should take.
        minutes: Option<u32>,
        /// Who brings it, a member's id or name; the caller when absent.
        #[serde(default)]
        by: Option<String>,
    },
    /// Marks an agenda item as done.
    AgendaDone {
        /// The session's id.
        session: String,
        /// The item's id or title.
        item: String,
    },
    /// Reads or writes the notes.
    Notes {
        /// The session's id.
        session: String,
        /// What to do with them.
        notes: NotesRequest,
    },
    /// Adds a decision or an insight, and leaves the session at the stage that it is at.
    Note {
        /// The session's id.
        session: String,
        /// What was decided.
        decision: Option<String>,
        /// What was understood.
        insight: Option<String>,
    },
    /// Records how the session went and marks it as held.
    Wrap {
        /// The session's id.
        session: String,
        /// What came of it.
        fields: WrapFields,
    },
    /// Changes the plan: what is given and nothing else.
    Edit {
        /// The session's id.
        session: String,
        /// What changes.
        fields: SessionFields,
    },
    /// Calls a planned session off, or plans it again.
    Cancel {
        /// The session's id.
        session: String,
        /// Why.
        reason: Option<String>,
        /// Plan it again instead.
        undo: bool,
    },
    /// Says who may hear of the notes.
    Mark {
        /// The session's id.
        session: String,
        /// `pair-only`, `quotable-with-consent` or `shareable`.
        sharing: String,
    },
    /// Confirms that the caller was there.
    Attend {
        /// The session's id.
        session: String,
    },
}

impl SessionRequest {
    pub(super) fn is_read_only(&self) -> bool {
        matches!(
            self,
            Self::List { .. }
                | Self::Near { .. }
                | Self::Show { .. }
                | Self::Notes {
                    notes: NotesRequest::Read,
                    ..
                }
        )
    }
}

/// The fields of a session's plan. Absent ones are left as they are; an empty text clears its field.
#[derive(Serialize, Deserialize, Debug, Clone, Default, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct SessionFields {
    /// A new title.
    pub title: Option<String>,
    /// Local start, `2026-12-01T15:00`.
    pub at: Option<String>,
    /// The IANA zone of `at`.
    pub zone: Option<String>,
    /// Planned length.
    pub minutes: Option<u32>,
    /// A place or a link.
    pub place: Option<String>,
    /// How often it recurs, `2w`; empty ends the series.
    pub every: Option<String>,
    /// Members' ids or names; not empty replaces all attendees.
    pub attendees: Vec<String>,
    /// Whether the sessions that are still to be made change with it.
    pub whole_series: bool,
}

/// What to do with a session's notes. Each answers `session` with `id`, `title`, `notes` and
/// `notes_heads` (opaque strings that name the state of the text).
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum NotesRequest {
    /// Changes nothing.
    Read,
    /// Takes in a copy that a person edited: only what they changed since `base` is applied, so
    /// what others wrote meanwhile stays.
    Edit {
        /// The `notes_heads` with which the copy was read.
        base: Vec<String>,
        /// The whole text as edited.
        text: String,
    },
    /// Adds text at the end.
    Append {
        /// What to add.
        text: String,
    },
    /// Makes the notes this text.
    Set {
        /// The whole text.
        text: String,
    },
}

/// What came of a session. Lists add to what is there; absent texts are left as they are.
#[derive(Serialize, Deserialize, Debug, Clone, Default, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct WrapFields {
    /// Decisions to add.
    pub decisions: Vec<String>,
    /// Insights to add.
    pub insights: Vec<String>,
    /// What the caller learned.
    pub learned: Option<String>,
    /// What others learned: a member's id or name, or `mentor` or `mentee` where there is one, and the text.
    pub learned_by: Vec<(String, String)>,
    /// The caller's mood, 1 to 5.
    pub mood: Option<u8>,
    /// A line about it.
    pub mood_text: Option<String>,
    /// Actions to add: who answers for each (the caller where nobody is named), and the title.
    pub actions: Vec<(Option<String>, String)>,
    /// Local start of the next session, `2026-12-15T15:00`; it is planned.
    pub next: Option<String>,
}
