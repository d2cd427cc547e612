//! The notebook as a folder of Markdown files, and back.
//!
//! `notebook.md`, one file for each goal, session and skill (`goals/…md`, `sessions/…md`, `skills/…md`), and `actions.md`,
//! `questions.md`, `sealed.md`, `feedback.md`, `resources.md`, `checkins.md`, `notes.md` and `comments.md` with a line for each. Files begin with YAML front matter that holds
//! the id and every field, and `agreement/…md` for the agreement; what follows it is the reason of a goal, the notes of a session or what is
//! meant by a skill, byte for byte. In the lists a comment behind each line holds the id and the other fields. What has no id becomes a
//! new object when it is read.

mod export;
mod front;
mod import;
mod line;

pub use export::export_markdown;
pub use import::import_markdown;

#[cfg(test)]
mod tests;

use crate::id::Kind;

/// The folder and the field of the body, for the kinds that have a file for each object.
const FILES: [(Kind, &str, &str); 6] = [
    (Kind::Goal, "goals", "why"),
    (Kind::Session, "sessions", "notes"),
    (Kind::Skill, "skills", "about"),
    (Kind::Closing, "closing", "text"),
    (Kind::Certificate, "certificates", "statement"),
    (Kind::Receipt, "receipts", "statement"),
];

/// The file, its heading, and the field of the line, for the kinds that have a line for each object.
const LISTS: [(Kind, &str, &str, &str); 9] = [
    (Kind::Action, "actions.md", "Actions", "title"),
    (Kind::Question, "questions.md", "Questions", "text"),
    (Kind::Exchange, "sealed.md", "Sealed exchanges", "title"),
    (Kind::Feedback, "feedback.md", "Feedback", "behaviour"),
    (Kind::Resource, "resources.md", "Resources", "title"),
    (Kind::CheckIn, "checkins.md", "Check-ins", "text"),
    (Kind::Note, "notes.md", "Notes", "text"),
    (Kind::Entry, "journal.md", "Journal", "text"),
    (Kind::Comment, "comments.md", "Comments", "text"),
];

/// The folder of the agreement. Its body is the text that is signed, for reading: what counts stands in the
/// front matter.
const AGREEMENT: &str = "agreement";

/// The file of the notebook itself.
const NOTEBOOK: &str = "notebook.md";
