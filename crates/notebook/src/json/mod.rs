//! The notebook as one JSON document that loses nothing, and back.
//!
//! `{"format": "hearthside-notebook", "version": 1, "notebook": {…}, "goals": […], "actions": […],
//! "sessions": […], "questions": […], "agreements": […], "exchanges": […], "feedback": […], "skills": […], "resources": […], "checkins": […], "notes": […],
//! "comments": […]}`, and `entries` where it is a journal. Every object has its `id`, its authors and times
//! from the signed history, its fields, and its parts as lists. Fields whose name or type is not one of
//! ours are kept under `extra`. Keys are sorted and lists are in the order of their ids, so two nodes with
//! equal documents export the same bytes.

mod dump;
mod error;
mod fields;
mod load;
mod schema;
mod shape;

pub use dump::{canonical_json, export_json};
pub use error::{ImportError, ImportReport};
pub use load::import_json;
pub use schema::schema;

pub(crate) use dump::dump;
pub(crate) use load::import_value;
pub(crate) use shape::{SIGNED, lists_within, mismatch};
#[cfg(test)]
pub(crate) use tests::content_of;

#[cfg(test)]
mod tests;

/// The name of the format.
pub const FORMAT: &str = "hearthside-notebook";

/// The version that is written, and the only one that is read.
pub const VERSION: u64 = 1;
