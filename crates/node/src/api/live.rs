//! Requests of windows that write the notes of a session together.

use hearth_notebook::live::Patch;
use serde::{Deserialize, Serialize};

/// What a window wants of the notes that it shows. Places are in UTF-16 units, as a browser counts.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LiveRequest {
    /// One [`Event::Item`](super::Event::Item) at once and one for each change until the caller hangs up:
    /// `{"whole":{heads,text,sum,turn}}` where the version is not known, else `{"step":{from,heads,patches,sum,turn}}`;
    /// and `{"people":[…],"turn"}` where somebody came, left or moved, each window by itself, other ones of this device too. What an answer to the window's own edits tells is
    /// not told again; `turn` grows with all that a window is told, and says which of two was made later.
    Follow {
        /// The notebook's id.
        notebook: String,
        /// The session's id.
        session: String,
        /// The window's name, as in [`Typed::window`]; empty where it types nothing.
        window: String,
        /// The version that the window shows already; absent where it shows none.
        base: Option<Vec<String>>,
    },
    /// Writes what was typed, and answers `heads`, `sum`, `turn` and the `patches` that bring the window's own text to
    /// that of now. Without edits it only answers.
    Type(Typed),
    /// Says that the window shows these notes no more, so that others need not wait for it to be forgotten.
    Leave {
        /// The notebook's id.
        notebook: String,
        /// The session's id.
        session: String,
        /// The window's name, as in [`Typed::window`].
        window: String,
    },
    /// Answers `merged[]`: what came from devices that had been away and nobody has looked at, newest first. With
    /// `differences`, each has `pieces[]`: what the device wrote, beside what it had before, each `kind` (`same`, `new` or
    /// `gone`) and `text`; null where the notes no longer tell.
    Merged {
        /// The notebook's id.
        notebook: String,
        /// The session's id.
        session: String,
        /// Whether to say what each wrote.
        #[serde(default)]
        differences: bool,
    },
    /// Says that somebody has looked at what came until then, so that it is told no more. Answers `reviewed`.
    Reviewed {
        /// The notebook's id.
        notebook: String,
        /// The session's id.
        session: String,
        /// The newest `came` of what was looked at, RFC 3339.
        until: String,
    },
}

impl LiveRequest {
    pub(super) fn is_read_only(&self) -> bool {
        !matches!(self, Self::Type(typed) if !typed.edits.is_empty())
    }
}

/// What somebody typed in a window.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Typed {
    /// The notebook's id.
    pub notebook: String,
    /// The session's id.
    pub session: String,
    /// The window: a word that it drew at random.
    pub window: String,
    /// Counts the window's requests that have edits, from 1.
    pub number: u64,
    /// Whether the window asks again, since it had no answer.
    pub is_again: bool,
    /// The version on top of which it was typed.
    pub base: Vec<String>,
    /// What was typed, one edit after the other.
    pub edits: Vec<Patch>,
    /// Where the writer is in the window's text with these edits, for others to see; absent where they are in no place.
    pub caret: Option<usize>,
    /// Whether they have just typed.
    pub is_writing: bool,
}
