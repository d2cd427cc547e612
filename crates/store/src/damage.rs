//! What is damaged, and how: the words of `verify` and of errors in reading.

use std::fmt;

use crate::scope::{Position, Scope};

/// One thing in the store that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it is.
    pub place: DamagedPlace,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Where a damage is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamagedPlace {
    /// The database file as a whole.
    Database,
    /// All that is known of a scope, or its list of records.
    Scope(Scope),
    /// A scope of which only the name on the disk is known, in hexadecimal.
    UnknownScope(String),
    /// The key file of a scope.
    ScopeKey(Scope),
    /// A record; `row` is its name on the disk, in hexadecimal.
    Record {
        /// The scope that it is in.
        scope: Scope,
        /// Its name on the disk.
        row: String,
    },
    /// An entry of a stream.
    Entry {
        /// The scope whose stream it is.
        scope: Scope,
        /// Where in the stream.
        position: Position,
    },
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is there but does not open: its bytes were changed, or it belongs elsewhere.
    Unreadable,
    /// It should be there and is not.
    Missing,
    /// So many entries from this place on are missing.
    MissingEntries(u64),
    /// It is there and nothing says that it should be.
    Unexpected,
    /// Records are missing, or older versions of them were put back.
    WrongRecords,
    /// Whole scopes are missing.
    WrongScopes,
    /// The file itself is broken, in the words of SQLite.
    Structure(String),
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.place, self.fault)
    }
}

impl fmt::Display for DamagedPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => formatter.write_str("the database file"),
            Self::Scope(scope) => write!(formatter, "notebook {scope}"),
            Self::UnknownScope(tag) => write!(formatter, "the notebook in row {tag}"),
            Self::ScopeKey(scope) => write!(formatter, "the key file of notebook {scope}"),
            Self::Record { scope, row } => write!(formatter, "record {row} of notebook {scope}"),
            Self::Entry { scope, position } => {
                write!(formatter, "entry {position} of notebook {scope}")
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => formatter.write_str("is damaged"),
            Self::Missing => formatter.write_str("is missing"),
            Self::MissingEntries(count) => {
                write!(formatter, "is missing, and with it {count} in a row")
            }
            Self::Unexpected => formatter.write_str("should not be there"),
            Self::WrongRecords => {
                formatter.write_str("lacks records, or holds old versions of them")
            }
            Self::WrongScopes => formatter.write_str("lacks whole notebooks"),
            Self::Structure(words) => write!(formatter, "is damaged: {words}"),
        }
    }
}
