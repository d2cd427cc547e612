//! Requests about skills.

use serde::{Deserialize, Serialize};

/// What a skill is. In an edit, an absent text is left as it is and an empty one cleared.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Default)]
#[serde(default, deny_unknown_fields)]
pub struct SkillFields {
    /// What is meant by it here.
    pub about: Option<String>,
    /// Where it is described, for example in ESCO.
    pub uri: Option<String>,
    /// What the numbers from 1 to 5 mean here: pairs of number and words.
    pub anchors: Vec<(u32, String)>,
}

/// `skill …`; every verb but `List` answers `skill`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SkillRequest {
    /// Adds a skill.
    Add {
        /// The notebook's id or name.
        notebook: String,
        /// What it is called.
        title: String,
        /// Everything else.
        fields: SkillFields,
    },
    /// Records how the caller sees a skill. One that nobody has named yet is added; the answer's
    /// `created` says so.
    Rate {
        /// The notebook's id or name.
        notebook: String,
        /// The skill's name or id.
        skill: String,
        /// From 1 to 5.
        value: u8,
        /// Whose skill: a member's id or name; the caller's when absent.
        of: Option<String>,
        /// What makes the caller think so.
        note: Option<String>,
        /// The day it was like that, `2026-12-01`; today when absent.
        on: Option<String>,
    },
    /// Answers `skills[]`.
    List {
        /// The notebook's id or name.
        notebook: String,
        /// Only skills that this member has to do with.
        of: Option<String>,
    },
    /// Reads one skill.
    Show {
        /// The skill's id or name.
        skill: String,
    },
    /// Changes what is given and nothing else.
    Edit {
        /// The skill's id or name.
        skill: String,
        /// A new name.
        title: Option<String>,
        /// Everything else.
        fields: SkillFields,
    },
    /// Adds something that shows a skill.
    Evidence {
        /// The skill's id or name.
        skill: String,
        /// What was done or seen.
        text: String,
        /// Whose skill: a member's id or name; the caller's when absent.
        of: Option<String>,
        /// Where it is to be seen.
        link: Option<String>,
    },
    /// Signs that the caller has seen a member's skill, or takes that back.
    Endorse {
        /// The notebook's id or name.
        notebook: String,
        /// The skill's name or id.
        skill: String,
        /// The member's id or name.
        person: String,
        /// What the caller has seen.
        note: Option<String>,
        /// Take the caller's endorsement back instead.
        withdraw: bool,
    },
}

impl SkillRequest {
    /// Tells whether the request changes nothing.
    pub const fn is_read_only(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Show { .. })
    }
}
