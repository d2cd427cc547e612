//! Sessions and due dates as a calendar file (RFC 5545), and the times that a calendar program gave them back.
//!
//! Invariants:
//! - A session keeps its UID for ever, and its SEQUENCE never goes back, so a calendar that has it updates it.
//! - A calendar is read by others than whoever writes: titles and places stand in it only where somebody asks.
//! - What comes in changes the time and length of sessions that are here, and nothing else.

mod out;
mod read;
mod text;
mod zone;

pub use out::{Entries, Whose, entries, export_ics, write_ics};
pub use read::import_ics;

/// What stands behind an object's id in its UID.
const UID_HOST: &str = "@hearthside";
/// What every session is called where nobody asks for titles.
const NEUTRAL_TITLE: &str = "Meeting";

#[cfg(test)]
mod tests;
