//! The coordinates of what is stored: scope, space, key and position.

use std::fmt;

/// One notebook, or the node itself: everything of a scope is sealed under that scope's own key,
/// so that the scope can be destroyed by destroying the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(pub [u8; 32]);

impl Scope {
    /// The node's own records. This scope always exists and cannot be destroyed.
    pub const NODE: Self = Self([0; 32]);
}

impl fmt::Debug for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scope({self})")
    }
}

impl fmt::Display for Scope {
    /// Writes the first eight bytes in hexadecimal, which is enough to find a scope in a report.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NODE {
            return formatter.write_str("node");
        }
        self.0
            .iter()
            .take(8)
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// A kind of record within a scope; keys of different spaces never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Space(pub u8);

/// A place in a scope's stream. The first entry has position 0 and there are no gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// Where every stream begins.
    pub const FIRST: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// One change within a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets a record, whether it was there or not.
    Put {
        /// The scope that the record belongs to.
        scope: Scope,
        /// The kind of the record.
        space: Space,
        /// The record's key, unique within scope and space.
        key: Vec<u8>,
        /// What the record holds.
        value: Vec<u8>,
    },
    /// Removes a record; one that is not there is no error.
    Delete {
        /// The scope that the record belongs to.
        scope: Scope,
        /// The kind of the record.
        space: Space,
        /// The record's key.
        key: Vec<u8>,
    },
    /// Adds an entry to the end of the scope's stream, where its place stays for ever.
    Append {
        /// The scope whose stream grows.
        scope: Scope,
        /// What the entry holds.
        value: Vec<u8>,
    },
    /// Empties entries of the scope's stream: their places stay, and hold nothing. Places beyond its end are no error.
    Blank {
        /// The scope whose stream it is.
        scope: Scope,
        /// The first place.
        first: Position,
        /// The place behind the last one.
        end: Position,
    },
}

impl Write {
    /// Gives the scope that the change is in.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Put { scope, .. }
            | Self::Delete { scope, .. }
            | Self::Append { scope, .. }
            | Self::Blank { scope, .. } => *scope,
        }
    }
}
