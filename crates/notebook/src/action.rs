//! Actions: what somebody does until when. Kept in the index under `action/ID`.

use serde::Serialize;

use crate::Writer;
use crate::check;
use crate::comment::{self, CommentView};
use crate::documents::{Documents, Unavailable};
use crate::error::{EditError, Invalid, ReadError};
use crate::goal::edit::{reason, set_date};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::people::{Named, People, PersonRef};
use crate::plan::{Plan, commit};
use crate::record::{Glance, Provenance, Record};
use crate::shown::{self, Shown};
use crate::word::ActionStatus;

/// An action to add.
#[derive(Clone, Default, Debug)]
pub struct NewAction {
    /// The title.
    pub title: String,
    /// Who does it; the writer where there is none.
    pub owner: Option<PersonRef>,
    /// The due date, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// The goal it serves.
    pub goal: Option<ObjectId>,
    /// The session it came from.
    pub session: Option<ObjectId>,
}

/// An action as shown.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ActionView {
    /// The id.
    pub id: ObjectId,
    /// The title.
    pub title: String,
    /// Who does it.
    pub owner: Option<Named>,
    /// The due date, `YYYY-MM-DD`.
    pub due: Option<String>,
    /// The status.
    pub status: ActionStatus,
    /// The reason for the status.
    pub reason: Option<String>,
    /// The goal it serves.
    pub goal: Option<ObjectId>,
    /// The session it came from.
    pub session: Option<ObjectId>,
    /// Comments, oldest first.
    pub comments: Vec<CommentView>,
    /// Who made it and who changed it last.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Adds an action.
///
/// # Errors
/// [`EditError::Invalid`] for any field that cannot be written, [`EditError::NotFound`] for a goal or
/// session that is not there.
pub fn add(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewAction,
) -> Result<ObjectId, EditError> {
    let mut plan = Plan::default();
    let id = plan_add(docs, writer, new, &mut plan)?;
    commit(docs, DocumentId::INDEX, plan, writer.now)?;
    Ok(id)
}

/// Plans a new action in the index, so that a session can add several in one change.
pub(crate) fn plan_add(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewAction,
    plan: &mut Plan,
) -> Result<ObjectId, EditError> {
    let title = check::title("title", &new.title)?;
    let due = new.due.as_deref().map(check::date).transpose()?;
    let index = docs.read(DocumentId::INDEX)?;
    for (kind, link) in [(Kind::Goal, new.goal), (Kind::Session, new.session)] {
        let Some(id) = link else { continue };
        if index
            .and_then(|index| Record::keyed(index, &kind.key(id)))
            .is_none()
        {
            return Err(EditError::NotFound { kind, id });
        }
    }
    let id = writer.new_id();
    let owner = new.owner.as_ref().unwrap_or(&writer.me);
    let root = plan.root();
    let action = plan.map(root, Kind::Action.key(id));
    plan.put(action, "title", title);
    plan.put(action, "owner", owner.as_str());
    plan.put(action, "status", ActionStatus::default().word());
    plan.put_some(action, "due", due);
    plan.put_some(action, "goal", new.goal.map(|id| id.to_string()));
    plan.put_some(action, "session", new.session.map(|id| id.to_string()));
    Ok(id)
}

/// Changes of an action. `None` keeps a field; an empty date clears it.
#[derive(Clone, Default, Debug)]
#[expect(missing_docs, reason = "the fields are those of `NewAction`")]
pub struct ActionEdit {
    pub title: Option<String>,
    pub owner: Option<PersonRef>,
    pub due: Option<String>,
}

/// Changes fields of an action.
///
/// # Errors
/// [`EditError::Invalid`] for any field that cannot be written, [`EditError::NotFound`].
pub fn edit(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    edit: &ActionEdit,
) -> Result<(), EditError> {
    change(docs, writer, id, |plan, action| {
        if let Some(title) = &edit.title {
            plan.set(action, "title", check::title("title", title)?);
        }
        if let Some(owner) = &edit.owner {
            plan.set(action, "owner", owner.as_str());
        }
        if let Some(due) = &edit.due {
            set_date(plan, action, "due", due)?;
        }
        Ok(())
    })
}

/// Marks an action as done.
///
/// # Errors
/// [`EditError::NotFound`].
pub fn done(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
) -> Result<(), EditError> {
    set_status(docs, writer, id, ActionStatus::Done, None)
}

/// Opens an action again.
///
/// # Errors
/// [`EditError::NotFound`].
pub fn reopen(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
) -> Result<(), EditError> {
    set_status(docs, writer, id, ActionStatus::Open, None)
}

/// Moves an action to another date; it stays to be done.
///
/// # Errors
/// [`EditError::Invalid`] for a text that is no date, [`EditError::NotFound`].
pub fn move_to(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    due: &str,
    why: Option<&str>,
) -> Result<(), EditError> {
    let due = check::date(due)?;
    let why = reason(false, ActionStatus::Moved.word(), why)?;
    change(docs, writer, id, |plan, action| {
        plan.set(action, "due", due.as_str());
        plan.set(action, "status", ActionStatus::Moved.word());
        plan.set(action, "reason", why.as_deref().unwrap_or_default());
        Ok(())
    })
}

/// Drops an action, with the reason.
///
/// # Errors
/// [`EditError::Invalid`] where the reason is missing, [`EditError::NotFound`].
pub fn drop(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    why: &str,
) -> Result<(), EditError> {
    set_status(docs, writer, id, ActionStatus::Dropped, Some(why))
}

fn set_status(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    status: ActionStatus,
    why: Option<&str>,
) -> Result<(), EditError> {
    let why = reason(status == ActionStatus::Dropped, status.word(), why)?;
    change(docs, writer, id, |plan, action| {
        plan.set(action, "status", status.word());
        plan.set(action, "reason", why.as_deref().unwrap_or_default());
        Ok(())
    })
}

fn change(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    id: ObjectId,
    fill: impl FnOnce(&mut Plan, &Record<'_>) -> Result<(), Invalid>,
) -> Result<(), EditError> {
    let mut plan = Plan::default();
    {
        let index = docs.read(DocumentId::INDEX)?;
        let action = index
            .and_then(|index| Record::keyed(index, &Kind::Action.key(id)))
            .ok_or(EditError::NotFound {
                kind: Kind::Action,
                id,
            })?;
        fill(&mut plan, &action)?;
    }
    commit(docs, DocumentId::INDEX, plan, writer.now)
}

/// Lists every action, oldest first.
///
/// # Errors
/// [`Unavailable`] when the index cannot be opened.
pub fn list(docs: &mut dyn Documents, people: &dyn People) -> Result<Vec<ActionView>, Unavailable> {
    shown::list(docs, people)
}

/// Shows one action.
///
/// # Errors
/// [`ReadError::NotFound`] where it is not.
pub fn show(
    docs: &mut dyn Documents,
    people: &dyn People,
    id: ObjectId,
) -> Result<ActionView, ReadError> {
    shown::show(docs, people, id)
}

/// Says whether an action is still to be done.
pub(crate) fn is_open(one: &Glance<'_>) -> bool {
    status_of(one).is_open()
}

/// How far an action is of which nothing else was read.
pub(crate) fn status_of(one: &Glance<'_>) -> ActionStatus {
    let status = one.str("status");
    let status = status.and_then(|word| ActionStatus::from_word(&word));
    status.unwrap_or_default()
}

impl Shown for ActionView {
    const KIND: Kind = Kind::Action;

    fn read(
        id: ObjectId,
        record: &Record<'_>,
        comments: &[CommentView],
        people: &dyn People,
    ) -> Self {
        let status = record
            .str("status")
            .and_then(|word| ActionStatus::from_word(&word));
        Self {
            id,
            title: record.str_or_empty("title"),
            owner: record.str("owner").map(|person| people.named(&person)),
            due: record.date("due"),
            status: status.unwrap_or_default(),
            reason: record.str("reason").filter(|reason| !reason.is_empty()),
            goal: record.id("goal"),
            session: record.id("session"),
            comments: comment::of(comments, id),
            provenance: record.provenance(people),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Bench, bench};

    fn new(title: &str) -> NewAction {
        NewAction {
            title: title.to_owned(),
            ..NewAction::default()
        }
    }

    #[test]
    fn an_action_is_done_moved_and_dropped() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let id = add(&mut docs, &mut writer, &new("Write the abstract")).unwrap();
        let shown = show(&mut docs, &people, id).unwrap();
        assert_eq!(shown.owner.unwrap().name, "Mia");
        assert!(shown.status.is_open());

        move_to(&mut docs, &mut writer, id, "2026-12-24", None).unwrap();
        let shown = show(&mut docs, &people, id).unwrap();
        assert_eq!(
            (shown.status.word(), shown.due.as_deref()),
            ("moved", Some("2026-12-24"))
        );
        assert!(shown.status.is_open());

        assert!(drop(&mut docs, &mut writer, id, "  ").is_err());
        drop(&mut docs, &mut writer, id, "The call was withdrawn").unwrap();
        let shown = show(&mut docs, &people, id).unwrap();
        assert_eq!(shown.reason.as_deref(), Some("The call was withdrawn"));

        done(&mut docs, &mut writer, id).unwrap();
        let shown = show(&mut docs, &people, id).unwrap();
        assert_eq!((shown.status.word(), shown.reason), ("done", None));
    }

    #[test]
    fn an_action_for_a_goal_that_is_not_there_is_refused() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        let mut writer = Bench::writer(&mut rng, now);
        let action = NewAction {
            goal: Some(writer.new_id()),
            ..new("Talk")
        };
        let error = add(&mut docs, &mut writer, &action).unwrap_err();
        assert!(matches!(
            error,
            EditError::NotFound {
                kind: Kind::Goal,
                ..
            }
        ));
        assert!(list(&mut docs, &people).unwrap().is_empty());
    }
}
