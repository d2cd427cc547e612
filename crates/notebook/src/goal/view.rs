//! Goals as shown.

use serde::Serialize;

use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::ReadError;
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::{Named, People};
use crate::record::{Glance, Provenance, Record, Stamp};
use crate::shown::{self, Shown};
use crate::word::{GoalKind, GoalStatus};

/// A goal as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GoalView {
    /// The id.
    pub id: ObjectId,
    /// The title.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// The kind.
    pub kind: GoalKind,
    /// The status.
    pub status: GoalStatus,
    /// The reason for the status.
    pub reason: Option<String>,
    /// The first of the owners.
    pub owner: Option<Named>,
    /// Everybody who answers for it.
    pub owners: Vec<Named>,
    /// The due date, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// How it is measured; none where no number was given.
    pub measure: Option<Measure>,
    /// Progress entries, oldest first.
    pub progress: Vec<ProgressView>,
    /// Milestones in the order in which they were added.
    pub milestones: Vec<MilestoneView>,
    /// Key results of an OKR goal.
    pub key_results: Vec<KeyResultView>,
    /// The parts of a WOOP goal.
    pub woop: Option<WoopView>,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// The measure of a goal.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Measure {
    /// What is counted.
    pub unit: String,
    /// The value at the start.
    pub baseline: Option<f64>,
    /// The value to reach.
    pub target: Option<f64>,
    /// The value of the latest progress entry, or the baseline.
    pub current: Option<f64>,
}

/// A progress entry.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ProgressView {
    /// The id.
    pub id: ObjectId,
    /// The measured value.
    pub value: Option<f64>,
    /// What was said about it.
    pub note: String,
    /// When it was measured: RFC 3339, or a date.
    pub at: String,
    /// Who made the entry.
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// A milestone.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MilestoneView {
    /// The id.
    pub id: ObjectId,
    /// The title.
    pub title: String,
    /// The due date, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// Whether it is reached.
    pub done: bool,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// A key result.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct KeyResultView {
    /// The id.
    pub id: ObjectId,
    /// What is counted.
    pub title: String,
    /// The value at the start.
    pub start: Option<f64>,
    /// The value to reach.
    pub target: Option<f64>,
    /// The value now.
    pub current: Option<f64>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// The parts of a WOOP goal.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WoopView {
    /// The wish.
    pub wish: String,
    /// The best outcome.
    pub outcome: String,
    /// The inner obstacle.
    pub obstacle: String,
    /// The if-then plan.
    pub plan: String,
}

/// Lists every goal, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(docs: &mut dyn Documents, people: &dyn People) -> Result<Vec<GoalView>, Unavailable> {
    shown::list(docs, people)
}

/// Lists the first goals that are worked towards, `most` at most, oldest first; and says how many goals there are.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn current(
    docs: &mut dyn Documents,
    people: &dyn People,
    most: usize,
) -> Result<(Vec<GoalView>, usize), Unavailable> {
    let Some(index) = docs.read(DocumentId::INDEX)? else {
        return Ok((Vec::new(), 0));
    };
    let is_current = |one: &Glance<'_>| {
        let status = one.str("status");
        let status = status.and_then(|word| GoalStatus::from_word(&word));
        matches!(
            status.unwrap_or_default(),
            GoalStatus::Active | GoalStatus::Proposed
        )
    };
    let all: Vec<Glance<'_>> = Glance::all(index, Kind::Goal).collect();
    let first = all.iter().filter(|one| is_current(one)).take(most);
    let shown = shown::of_ids(index, people, first.map(|one| one.id));
    Ok((shown, all.len()))
}

/// Shows one goal.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<GoalView, ReadError> {
    shown::show(docs, people, id)
}

impl Shown for GoalView {
    const KIND: Kind = Kind::Goal;

    fn read(
        id: ObjectId,
        record: &Record<'_>,
        comments: &[CommentView],
        people: &dyn People,
    ) -> Self {
        let kind = record
            .str("kind")
            .and_then(|word| GoalKind::from_word(&word))
            .unwrap_or_default();
        let status = record
            .str("status")
            .and_then(|word| GoalStatus::from_word(&word));
        let owners = record.people("owner", people);
        let progress = progress(record, people);
        Self {
            id,
            title: record.str_or_empty("title"),
            why: record.str_or_empty("why"),
            kind,
            status: status.unwrap_or_default(),
            reason: record.str("reason").filter(|reason| !reason.is_empty()),
            owner: owners.first().cloned(),
            owners,
            due: record.date("due"),
            measure: measure(record, &progress),
            progress,
            milestones: milestones(record, people),
            key_results: key_results(record, people),
            woop: (kind == GoalKind::Woop).then(|| WoopView {
                wish: record.str_or_empty("wish"),
                outcome: record.str_or_empty("outcome"),
                obstacle: record.str_or_empty("obstacle"),
                plan: record.str_or_empty("plan"),
            }),
            comments: comment::within(
                comments,
                id,
                record,
                &[Kind::Milestone, Kind::Progress, Kind::KeyResult],
            ),
            provenance: record.provenance(people),
        }
    }
}

fn measure(record: &Record<'_>, progress: &[ProgressView]) -> Option<Measure> {
    let unit = record.str_or_empty("unit");
    let (baseline, target) = (record.number("baseline"), record.number("target"));
    let current = progress
        .iter()
        .rev()
        .find_map(|entry| entry.value)
        .or(baseline);
    let given = !unit.is_empty() || baseline.is_some() || target.is_some();
    given.then_some(Measure {
        unit,
        baseline,
        target,
        current,
    })
}

/// Entries in the order of what they say they were measured; a date counts as its start.
fn progress(record: &Record<'_>, people: &dyn People) -> Vec<ProgressView> {
    let view = |(id, entry): (ObjectId, Record<'_>)| {
        let stamp = entry.stamp(people);
        let made = || {
            stamp
                .created_at
                .map(|at| at.to_string())
                .unwrap_or_default()
        };
        ProgressView {
            id,
            value: entry.number("value"),
            note: entry.str_or_empty("note"),
            at: entry.str("at").unwrap_or_else(made),
            stamp,
        }
    };
    let mut entries: Vec<_> = record
        .children(Kind::Progress)
        .into_iter()
        .map(view)
        .collect();
    entries.sort_by(|left, right| left.at.cmp(&right.at).then(left.id.cmp(&right.id)));
    entries
}

fn milestones(record: &Record<'_>, people: &dyn People) -> Vec<MilestoneView> {
    let view = |(id, entry): (ObjectId, Record<'_>)| MilestoneView {
        id,
        title: entry.str_or_empty("title"),
        due: entry.date("due"),
        done: entry.flag("done"),
        stamp: entry.stamp(people),
    };
    record
        .children(Kind::Milestone)
        .into_iter()
        .map(view)
        .collect()
}

fn key_results(record: &Record<'_>, people: &dyn People) -> Vec<KeyResultView> {
    let view = |(id, entry): (ObjectId, Record<'_>)| KeyResultView {
        id,
        title: entry.str_or_empty("title"),
        start: entry.number("start"),
        target: entry.number("target"),
        current: entry.number("current"),
        stamp: entry.stamp(people),
    };
    record
        .children(Kind::KeyResult)
        .into_iter()
        .map(view)
        .collect()
}
