//! Requests about goals.

use serde::{Deserialize, Serialize};

/// `goal …`; every verb but `List` answers `goal`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum GoalRequest {
    /// Writes a new goal.
    Add {
        /// The notebook's id or name.
        notebook: String,
        /// What is to be reached.
        title: String,
        /// `smart`, `okr`, `woop` or `plain`; `plain` when absent.
        kind: Option<String>,
        /// Everything else.
        fields: GoalFields,
    },
    /// Answers `goals[]`.
    List {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Reads one goal.
    Show {
        /// The goal's id.
        goal: String,
    },
    /// Changes the fields that are given and no others.
    Edit {
        /// The goal's id.
        goal: String,
        /// A new title.
        title: Option<String>,
        /// A new kind.
        kind: Option<String>,
        /// Everything else.
        fields: GoalFields,
    },
    /// Sets the status.
    Status {
        /// The goal's id.
        goal: String,
        /// `proposed`, `active`, `paused`, `achieved` or `dropped`.
        status: String,
        /// Why; the last three want one.
        reason: Option<String>,
    },
    /// Records a dated value of the measure.
    Progress {
        /// The goal's id.
        goal: String,
        /// The value, in the measure's unit; finite.
        value: f64,
        /// A line about it.
        note: Option<String>,
        /// The day it was measured, `2026-12-01`; today when absent.
        on: Option<String>,
    },
    /// Adds a milestone.
    Milestone {
        /// The goal's id.
        goal: String,
        /// The milestone's title.
        title: String,
        /// The day it is due, `2026-12-01`.
        due: Option<String>,
    },
    /// Marks a milestone as reached.
    MilestoneDone {
        /// The goal's id.
        goal: String,
        /// The milestone's id or title.
        milestone: String,
    },
    /// Records where a key result of an OKR goal stands.
    KeyResult {
        /// The goal's id.
        goal: String,
        /// The key result's id or title.
        key_result: String,
        /// Its present value; finite.
        current: f64,
    },
}

/// The fields of a goal that `add` and `edit` share. Absent ones are left as they are.
#[derive(Serialize, Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct GoalFields {
    /// Members' ids or names; not empty replaces all owners.
    pub owners: Vec<String>,
    /// Why the goal matters.
    pub why: Option<String>,
    /// The measure's unit.
    pub unit: Option<String>,
    /// The measure's value at the start; finite.
    pub baseline: Option<f64>,
    /// The measure's value when reached; finite.
    pub target: Option<f64>,
    /// The day it is due, `2026-12-01`; empty clears it.
    pub due: Option<String>,
    /// An OKR goal's key results, two to five; not empty replaces all of them.
    pub key_results: Vec<KeyResultFields>,
    /// A WOOP goal's wish.
    pub wish: Option<String>,
    /// A WOOP goal's best outcome.
    pub outcome: Option<String>,
    /// A WOOP goal's inner obstacle.
    pub obstacle: Option<String>,
    /// A WOOP goal's if-then plan.
    pub plan: Option<String>,
}

/// A key result as it is first written.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct KeyResultFields {
    /// What is measured.
    pub title: String,
    /// The value at the start; finite.
    pub start: f64,
    /// The value when reached; finite.
    pub target: f64,
}
