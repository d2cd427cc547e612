//! Adding and changing goals.

use crate::Writer;
use crate::check;
use crate::documents::Documents;
use crate::error::{EditError, Invalid};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::{KEY_RESULTS_MAX, KEY_RESULTS_MIN};
use crate::people::PersonRef;
use crate::plan::{Plan, Slot, commit};
use crate::record::Record;
use crate::word::{GoalKind, GoalStatus};

/// A goal to add. Everything but the title may be left at its default.
#[derive(Clone, Default, Debug)]
pub struct NewGoal {
    /// The title.
    pub title: String,
    /// Why it matters.
    pub why: Option<String>,
    /// Who answers for it; the writer where the list is empty.
    pub owners: Vec<PersonRef>,
    /// The kind: `plain` (the default), `smart`, `okr` or `woop`.
    pub kind: Option<String>,
    /// What the measure counts, for example `talks`.
    pub unit: Option<String>,
    /// The measure at the start.
    pub baseline: Option<f64>,
    /// The measure to reach.
    pub target: Option<f64>,
    /// The due date, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// The status: `proposed` (the default) or `active`; the others with [`NewGoal::reason`].
    pub status: Option<String>,
    /// The reason for the status.
    pub reason: Option<String>,
    /// Key results of an OKR goal: none yet, or 2 to 5.
    pub key_results: Vec<NewKeyResult>,
    /// The four parts of a WOOP goal.
    pub woop: Option<Woop>,
}

/// A key result to add.
#[derive(Clone, Default, Debug)]
pub struct NewKeyResult {
    /// What is counted.
    pub title: String,
    /// The value at the start; also the current one at first.
    pub start: f64,
    /// The value to reach.
    pub target: f64,
}

/// The parts of a WOOP goal as typed.
#[derive(Clone, Default, Debug)]
pub struct Woop {
    /// The wish.
    pub wish: Option<String>,
    /// The best outcome.
    pub outcome: Option<String>,
    /// The inner obstacle.
    pub obstacle: Option<String>,
    /// The if-then plan.
    pub plan: Option<String>,
}

/// A milestone to add.
#[derive(Clone, Default, Debug)]
pub struct NewMilestone {
    /// The title.
    pub title: String,
    /// The due date, `YYYY-MM-DD`.
    pub due: Option<String>,
}

/// A progress entry to add.
#[derive(Clone, Default, Debug)]
pub struct NewProgress {
    /// The measured value.
    pub value: f64,
    /// What there is to say about it.
    pub note: Option<String>,
    /// The date it was measured, `YYYY-MM-DD`; the time of the edit where there is none.
    pub at: Option<String>,
}

/// Changes of a goal. `None` keeps a field; an empty text clears it.
#[derive(Clone, Default, Debug)]
#[expect(missing_docs, reason = "the fields are those of `NewGoal`")]
pub struct GoalEdit {
    pub title: Option<String>,
    pub why: Option<String>,
    pub owners: Option<Vec<PersonRef>>,
    pub kind: Option<String>,
    pub unit: Option<String>,
    pub baseline: Option<f64>,
    pub target: Option<f64>,
    pub due: Option<String>,
    pub woop: Option<Woop>,
    pub key_results: Option<Vec<NewKeyResult>>,
}

/// Adds a goal.
///
/// # Errors
/// [`EditError::Invalid`] for any field that cannot be written; nothing is changed then.
pub fn add(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewGoal,
) -> Result<ObjectId, EditError> {
    let kind = new
        .kind
        .as_deref()
        .map_or(Ok(GoalKind::default()), GoalKind::parse)?;
    let status = new
        .status
        .as_deref()
        .map_or(Ok(GoalStatus::default()), GoalStatus::parse)?;
    let reason = reason(status.needs_reason(), status.word(), new.reason.as_deref())?;
    check_key_results(kind, new.key_results.len())?;
    if new.woop.is_some() && kind != GoalKind::Woop {
        return Err(WOOP_ONLY.into());
    }
    check::people("list of owners", &new.owners)?;

    let id = writer.new_id();
    let mut plan = Plan::default();
    let root = plan.root();
    let goal = plan.map(root, Kind::Goal.key(id));
    plan.put(goal, "title", check::title("title", &new.title)?);
    plan.put(goal, "kind", kind.word());
    plan.put(goal, "status", status.word());
    plan.put_some(goal, "reason", reason);
    put_text(&mut plan, goal, "why", new.why.as_deref())?;
    put_text(&mut plan, goal, "unit", new.unit.as_deref())?;
    plan.put_some(goal, "baseline", number("baseline", new.baseline)?);
    plan.put_some(goal, "target", number("target", new.target)?);
    plan.put_some(
        goal,
        "due",
        new.due.as_deref().map(check::date).transpose()?,
    );
    let me = std::slice::from_ref(&writer.me);
    plan.put_people(
        goal,
        "owner",
        if new.owners.is_empty() {
            me
        } else {
            &new.owners
        },
    );
    for key_result in &new.key_results {
        plan_key_result(&mut plan, goal, writer.new_id(), key_result)?;
    }
    if let Some(woop) = &new.woop {
        for (key, text) in woop_parts(woop) {
            put_text(&mut plan, goal, key, text)?;
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Changes fields of a goal. Key results that are given take the place of all that are there; one
/// with the title of an old one stays the same object and keeps its current value.
///
/// # Errors
/// [`EditError::Invalid`] for any field that cannot be written, [`EditError::NotFound`].
pub fn edit(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    edit: &GoalEdit,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    {
        let goal = read(docs, id)?;
        let kind = match edit.kind.as_deref() {
            Some(word) => GoalKind::parse(word)?,
            None => goal
                .str("kind")
                .and_then(|w| GoalKind::from_word(&w))
                .unwrap_or_default(),
        };
        if let Some(title) = &edit.title {
            plan.set(&goal, "title", check::title("title", title)?);
        }
        if edit.kind.is_some() {
            plan.set(&goal, "kind", kind.word());
        }
        let texts = [("why", &edit.why), ("unit", &edit.unit)];
        for (key, text) in texts {
            if let Some(text) = text {
                plan.set(&goal, key, check::text(key, text)?);
            }
        }
        if let Some(woop) = &edit.woop {
            if kind != GoalKind::Woop {
                return Err(WOOP_ONLY.into());
            }
            for (key, text) in woop_parts(woop) {
                if let Some(text) = text {
                    plan.set(&goal, key, check::text(key, text)?);
                }
            }
        }
        for (key, value) in [("baseline", edit.baseline), ("target", edit.target)] {
            if let Some(value) = number(key, value)? {
                plan.set(&goal, key, value);
            }
        }
        if let Some(due) = &edit.due {
            set_date(&mut plan, &goal, "due", due)?;
        }
        if let Some(owners) = &edit.owners {
            check::people("list of owners", owners)?;
            plan.set_people(&goal, "owner", owners);
        }
        if let Some(key_results) = &edit.key_results {
            check_key_results(kind, key_results.len())?;
            replace_key_results(&mut plan, &goal, writer, key_results)?;
        }
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Changes the status. Pausing, achieving and dropping need a reason; with the others one is optional.
///
/// # Errors
/// [`EditError::Invalid`] for an unknown status or a missing reason, [`EditError::NotFound`].
pub fn set_status(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    status: &str,
    why: Option<&str>,
) -> Result<(), EditError> {
    let status = GoalStatus::parse(status)?;
    let reason = reason(status.needs_reason(), status.word(), why)?;
    let mut plan = Plan::default();
    {
        let goal = read(docs, id)?;
        plan.set(&goal, "status", status.word());
        plan.set(&goal, "reason", reason.unwrap_or_default());
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Adds a dated progress entry.
///
/// # Errors
/// [`EditError::Invalid`] for a value that is no number or a long note, [`EditError::NotFound`].
pub fn add_progress(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    new: &NewProgress,
) -> Result<ObjectId, EditError> {
    let value = check::number("value", new.value)?;
    let at = match new.at.as_deref() {
        Some(date) => check::date(date)?,
        None => writer.now.to_string(),
    };
    let progress = writer.new_id();
    let mut plan = Plan::default();
    let goal = plan.at(read(docs, id)?.obj);
    let entry = plan.map(goal, Kind::Progress.key(progress));
    plan.put(entry, "value", value);
    plan.put(entry, "at", at);
    put_text(&mut plan, entry, "note", new.note.as_deref())?;
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(progress)
}

/// Adds a milestone.
///
/// # Errors
/// [`EditError::Invalid`] for a blank title or an odd date, [`EditError::NotFound`].
pub fn add_milestone(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    new: &NewMilestone,
) -> Result<ObjectId, EditError> {
    let milestone = writer.new_id();
    let mut plan = Plan::default();
    let goal = plan.at(read(docs, id)?.obj);
    let entry = plan.map(goal, Kind::Milestone.key(milestone));
    plan.put(entry, "title", check::title("title", &new.title)?);
    plan.put_some(
        entry,
        "due",
        new.due.as_deref().map(check::date).transpose()?,
    );
    plan.put(entry, "done", false);
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(milestone)
}

/// Marks a milestone as reached or not.
///
/// # Errors
/// [`EditError::NotFound`] where the goal or the milestone is not.
pub fn milestone_done(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    goal: ObjectId,
    milestone: ObjectId,
    done: bool,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    plan.set(
        &child(&read(docs, goal)?, Kind::Milestone, milestone)?,
        "done",
        done,
    );
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Adds a key result to an OKR goal.
///
/// # Errors
/// [`EditError::Invalid`] where the goal is of another kind or already has five.
pub fn add_key_result(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    new: &NewKeyResult,
) -> Result<ObjectId, EditError> {
    let key_result = writer.new_id();
    let mut plan = Plan::default();
    {
        let goal = read(docs, id)?;
        let kind = goal.str("kind").and_then(|word| GoalKind::from_word(&word));
        let count = goal.children(Kind::KeyResult).len() + 1;
        // One at a time there is a first one; the lower bound holds only for a list.
        check_key_results(kind.unwrap_or_default(), count.max(KEY_RESULTS_MIN))?;
        let slot = plan.at(goal.obj);
        plan_key_result(&mut plan, slot, key_result, new)?;
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(key_result)
}

/// Notes where a key result stands now.
///
/// # Errors
/// [`EditError::Invalid`] for a value that is no number, [`EditError::NotFound`].
pub fn set_key_result(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    goal: ObjectId,
    key_result: ObjectId,
    current: f64,
) -> Result<(), EditError> {
    let current = check::number("value", current)?;
    let mut plan = Plan::default();
    plan.set(
        &child(&read(docs, goal)?, Kind::KeyResult, key_result)?,
        "current",
        current,
    );
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

const WOOP_ONLY: Invalid = Invalid::Shape {
    message: "wish, outcome, obstacle and plan belong to a goal of the kind woop",
};

/// Reads a goal that is going to be changed.
pub(super) fn read(docs: &mut dyn Documents, id: ObjectId) -> Result<Record<'_>, EditError> {
    docs.read(DocumentId::INDEX)?
        .and_then(|doc| Record::keyed(doc, &Kind::Goal.key(id)))
        .ok_or(EditError::NotFound {
            kind: Kind::Goal,
            id,
        })
}

fn child<'a>(goal: &Record<'a>, kind: Kind, id: ObjectId) -> Result<Record<'a>, EditError> {
    goal.child(kind, id).ok_or(EditError::NotFound { kind, id })
}

/// Checks a reason: needed for some states, welcome for the others.
pub(crate) fn reason(
    needed: bool,
    status: &'static str,
    reason: Option<&str>,
) -> Result<Option<String>, Invalid> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    if needed && reason.is_none() {
        return Err(Invalid::ReasonMissing { status });
    }
    Ok(reason
        .map(|words| check::text("reason", words))
        .transpose()?
        .map(str::to_owned))
}

/// Writes a date, or clears it where the text is empty.
pub(crate) fn set_date(
    plan: &mut Plan,
    record: &Record<'_>,
    key: &'static str,
    text: &str,
) -> Result<(), Invalid> {
    if text.trim().is_empty() {
        plan.set(record, key, ());
    } else {
        plan.set(record, key, check::date(text)?);
    }
    Ok(())
}

fn check_key_results(kind: GoalKind, count: usize) -> Result<(), Invalid> {
    let message = match (kind, count) {
        (_, 0) | (GoalKind::Okr, KEY_RESULTS_MIN..=KEY_RESULTS_MAX) => return Ok(()),
        (GoalKind::Okr, _) => "a goal of the kind okr has 2 to 5 key results",
        _ => "key results belong to a goal of the kind okr",
    };
    Err(Invalid::Shape { message })
}

fn plan_key_result(
    plan: &mut Plan,
    goal: Slot,
    id: ObjectId,
    new: &NewKeyResult,
) -> Result<(), Invalid> {
    let title = check::title("title of the key result", &new.title)?;
    let start = check::number("start", new.start)?;
    let target = check::number("target", new.target)?;
    let entry = plan.map(goal, Kind::KeyResult.key(id));
    plan.put(entry, "title", title);
    plan.put(entry, "start", start);
    plan.put(entry, "target", target);
    plan.put(entry, "current", start);
    Ok(())
}

fn replace_key_results(
    plan: &mut Plan,
    goal: &Record<'_>,
    writer: &mut Writer<'_>,
    wanted: &[NewKeyResult],
) -> Result<(), Invalid> {
    let slot = plan.at(goal.obj.clone());
    let mut old = goal.children(Kind::KeyResult);
    for new in wanted {
        let title = new.title.trim();
        let place = old
            .iter()
            .position(|(_, record)| record.str("title").as_deref() == Some(title));
        match place.map(|place| old.remove(place)) {
            Some((_, record)) => {
                plan.set(&record, "start", check::number("start", new.start)?);
                plan.set(&record, "target", check::number("target", new.target)?);
            }
            None => plan_key_result(plan, slot, writer.new_id(), new)?,
        }
    }
    for (id, _) in old {
        plan.delete(slot, Kind::KeyResult.key(id));
    }
    Ok(())
}

fn woop_parts(woop: &Woop) -> [(&'static str, Option<&str>); 4] {
    [
        ("wish", woop.wish.as_deref()),
        ("outcome", woop.outcome.as_deref()),
        ("obstacle", woop.obstacle.as_deref()),
        ("plan", woop.plan.as_deref()),
    ]
}

fn put_text(
    plan: &mut Plan,
    slot: Slot,
    key: &'static str,
    text: Option<&str>,
) -> Result<(), Invalid> {
    let text = text.filter(|text| !text.is_empty());
    plan.put_some(
        slot,
        key,
        text.map(|text| check::text(key, text)).transpose()?,
    );
    Ok(())
}

fn number(key: &'static str, value: Option<f64>) -> Result<Option<f64>, Invalid> {
    value.map(|value| check::number(key, value)).transpose()
}
