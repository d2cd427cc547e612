//! Requests about resources and check-ins.

use serde::{Deserialize, Serialize};

/// `resource …`; every verb but `List` answers `resource`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ResourceRequest {
    /// Adds a resource.
    Add {
        /// The notebook's id or name.
        notebook: String,
        /// What it is called.
        title: String,
        /// Where it is.
        link: Option<String>,
        /// Why it matters.
        why: Option<String>,
        /// Words to find it by.
        tags: Vec<String>,
    },
    /// Answers `resources[]`, without those that are put away.
    List {
        /// The notebook's id or name.
        notebook: String,
        /// Only those that have all of these.
        tags: Vec<String>,
        /// Those that are put away instead.
        removed: bool,
    },
    /// Reads one resource.
    Show {
        /// The resource's id or title.
        resource: String,
    },
    /// Changes what is given and nothing else.
    Edit {
        /// The resource's id or title.
        resource: String,
        /// A new title.
        title: Option<String>,
        /// Another place; empty clears it.
        link: Option<String>,
        /// Other reasons; empty clears them.
        why: Option<String>,
        /// Tags to add.
        add_tags: Vec<String>,
        /// Tags to take off.
        remove_tags: Vec<String>,
    },
    /// Puts a resource away, or takes it out again.
    Remove {
        /// The resource's id or title.
        resource: String,
        /// Take it out again instead.
        undo: bool,
    },
}

impl ResourceRequest {
    /// Tells whether the request changes nothing.
    pub const fn is_read_only(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Show { .. })
    }
}

/// `checkin …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum CheckInRequest {
    /// Answers `checkin`.
    Add {
        /// The notebook's id or name.
        notebook: String,
        /// From 1 to 5.
        value: u8,
        /// A line about it.
        text: Option<String>,
    },
    /// Answers `checkins[]`, and `people[]` with how it has been going for each.
    List {
        /// The notebook's id or name.
        notebook: String,
        /// Only those of this member.
        of: Option<String>,
    },
}
