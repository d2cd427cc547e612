//! Goals: what is to be reached, how it is measured, and how it goes.
//!
//! A goal is one map in the index under `goal/ID`. Milestones, progress entries and key results are maps
//! within it under `milestone/ID`, `progress/ID`, `key_result/ID`; owners are the keys `owner/PERSON`.

pub(crate) mod edit;
mod view;

pub use edit::{
    GoalEdit, NewGoal, NewKeyResult, NewMilestone, NewProgress, Woop, add, add_key_result,
    add_milestone, add_progress, edit, milestone_done, set_key_result, set_status,
};
pub use view::{
    GoalView, KeyResultView, Measure, MilestoneView, ProgressView, WoopView, current, list, show,
};

#[cfg(test)]
mod tests;
