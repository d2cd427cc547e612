//! Beginning a run, going on, and ending it.

use jiff::{SignedDuration, Timestamp};

use crate::Writer;
use crate::circle::{CIRCLE, Held, Roles, Run, Stage, again_key, meetings, rotate, stage_key};
use crate::documents::Documents;
use crate::error::{EditError, Invalid};
use crate::id::{DocumentId, Kind, ObjectId};
use crate::limits::{CIRCLE_SECONDS_MIN, PEOPLE_MAX};
use crate::people::PersonRef;
use crate::plan::{Plan, commit};
use crate::record::Record;
use crate::session::{self, Wrap};

/// A run to begin.
#[derive(Clone, Default, Debug)]
pub struct NewRun {
    /// The session that is run through; its agenda items that have minutes are the stages.
    pub session: Option<ObjectId>,
    /// Who is there.
    pub present: Vec<PersonRef>,
    /// Who could not come.
    pub absent: Vec<PersonRef>,
    /// Who presents, where that is not whose turn it is.
    pub presenter: Option<PersonRef>,
}

/// What became of a wish to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advanced {
    /// The next stage has begun.
    Next,
    /// It was the last stage, and the run has ended.
    Ended,
    /// Somebody else was quicker, so nothing was done.
    Already,
}

/// Begins a run through a session, and hands out the roles.
///
/// # Errors
/// [`EditError::Invalid`] where nobody is there, where the session has no agenda with minutes, or where a run
/// goes on already; [`EditError::NotFound`].
pub fn start(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    new: &NewRun,
) -> Result<(), EditError> {
    let shape = |message| EditError::Invalid(Invalid::Shape { message });
    if new.present.is_empty() || new.present.len() > PEOPLE_MAX {
        return Err(shape("nobody is there to have a role"));
    }
    let session = new
        .session
        .ok_or(shape("there is no session to run through"))?;
    let stages = stages(docs, session)?;
    if stages.is_empty() {
        return Err(shape(
            "the session has no agenda with minutes, so there is nothing to run through",
        ));
    }
    if let Ok(id) = run_of(docs, session)
        && going_on(docs, session, id).is_ok()
    {
        return Err(shape("a circle is going on in this session already"));
    }
    let id = writer.new_id();
    let mut index = Plan::default();
    {
        let header = session::header(docs, session)?;
        let others = meetings(header.doc);
        let past: Vec<Roles> = others
            .into_iter()
            .filter(|one| one.session != session && !one.is_off)
            .map(|one| one.held.roles)
            .collect();
        let present: Vec<String> = new
            .present
            .iter()
            .map(|person| person.as_str().to_owned())
            .collect();
        let presenter = new.presenter.as_ref().map(PersonRef::as_str);
        let held = Held {
            run: id,
            roles: rotate(&present, &past, presenter),
            absent: new
                .absent
                .iter()
                .map(|person| person.as_str().to_owned())
                .collect(),
        };
        index.set(&header, CIRCLE, text(&held)?);
        for person in &new.present {
            index.set(&header, format!("attendee/{}", person.as_str()), true);
        }
        for person in &new.absent {
            let key = format!("attendee/{}", person.as_str());
            if header.fields.contains_key(&key) {
                index.set(&header, key, false);
            }
        }
    }
    let mut plan = Plan::default();
    let root = plan.root();
    let run = plan.map(root, Kind::Run.key(id));
    plan.put(run, "stages", text(&stages)?);
    plan.put(run, stage_key(0), writer.now.to_string());
    commit(docs, session.document(), plan, writer.now)?;
    commit(docs, DocumentId::INDEX, index, writer.now)
}

/// The session's own agenda items that take time, in the order of the agenda.
fn stages(docs: &mut dyn Documents, session: ObjectId) -> Result<Vec<Stage>, EditError> {
    let Some(doc) = docs.read(session.document())? else {
        return Ok(Vec::new());
    };
    let stage = |(item, record): (ObjectId, Record<'_>)| {
        let minutes = record.count("minutes").filter(|minutes| *minutes > 0)?;
        let prompts = record.str_or_empty("prompts");
        (!record.flag("done")).then(|| Stage {
            item,
            title: record.str_or_empty("title"),
            minutes,
            prompts: prompts.lines().map(str::to_owned).collect(),
        })
    };
    Ok(Record::all(doc, Kind::Agenda)
        .into_iter()
        .filter_map(stage)
        .collect())
}

fn text(value: &impl serde::Serialize) -> Result<String, EditError> {
    serde_json::to_string(value).map_err(|_| {
        EditError::Invalid(Invalid::Shape {
            message: "the agenda cannot be written down",
        })
    })
}

/// Goes on to the next stage, or ends the run after the last one.
///
/// `from` is the stage that whoever asks has seen: where the run is past it, nothing is done. Without it, a
/// stage that began a moment ago is taken for the one that was asked for.
///
/// # Errors
/// [`EditError::Invalid`] where no run goes on; [`EditError::NotFound`].
pub fn next(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    session: ObjectId,
    from: Option<usize>,
) -> Result<Advanced, EditError> {
    let id = run_of(docs, session)?;
    let mut plan = Plan::default();
    let is_last;
    {
        let run = going_on(docs, session, id)?;
        let now = writer.now;
        let just_began = |began: Timestamp| {
            let moment = SignedDuration::from_secs(CIRCLE_SECONDS_MIN);
            run.stage > 0 && now >= began && now.duration_since(began) < moment
        };
        let is_late = match from {
            Some(from) => from != run.stage,
            None => run.began.is_some_and(just_began),
        };
        if is_late {
            return Ok(Advanced::Already);
        }
        is_last = run.stage + 1 >= run.stages.len();
        if !is_last {
            let slot = plan.at(run.record.obj.clone());
            plan.put(slot, stage_key(run.stage + 1), writer.now.to_string());
        }
        let item = run.stages.get(run.stage).map(|stage| stage.item);
        let record = item.and_then(|item| Record::keyed(run.record.doc, &Kind::Agenda.key(item)));
        if let Some(record) = record {
            plan.set(&record, "done", true);
        }
    }
    commit(docs, session.document(), plan, writer.now)?;
    if is_last {
        end(docs, writer, session)?;
        return Ok(Advanced::Ended);
    }
    Ok(Advanced::Next)
}

/// Gives the stage of now its time anew.
///
/// # Errors
/// [`EditError::Invalid`] where no run goes on; [`EditError::NotFound`].
pub fn again(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    session: ObjectId,
) -> Result<(), EditError> {
    let id = run_of(docs, session)?;
    let mut plan = Plan::default();
    {
        let run = going_on(docs, session, id)?;
        let slot = plan.at(run.record.obj.clone());
        plan.put(slot, again_key(run.stage), writer.now.to_string());
    }
    commit(docs, session.document(), plan, writer.now)
}

/// Ends the run, and marks the session as held.
///
/// # Errors
/// [`EditError::Invalid`] where no run goes on; [`EditError::NotFound`].
pub fn end(
    docs: &mut dyn Documents,
    writer: &mut Writer<'_>,
    session: ObjectId,
) -> Result<(), EditError> {
    let id = run_of(docs, session)?;
    let mut plan = Plan::default();
    {
        let run = going_on(docs, session, id)?;
        let slot = plan.at(run.record.obj.clone());
        plan.put(slot, "ended", writer.now.to_string());
    }
    commit(docs, session.document(), plan, writer.now)?;
    session::wrap(docs, writer, session, &Wrap::default()).map(|_| ())
}

fn run_of(docs: &mut dyn Documents, session: ObjectId) -> Result<ObjectId, EditError> {
    let header = session::header(docs, session)?;
    let held = header.str(CIRCLE);
    let held = held.and_then(|held| serde_json::from_str::<Held>(&held).ok());
    held.map(|held| held.run).ok_or(NOTHING_RUNS)
}

fn going_on(
    docs: &mut dyn Documents,
    session: ObjectId,
    id: ObjectId,
) -> Result<Run<'_>, EditError> {
    let doc = docs.read(session.document())?;
    let run = doc.and_then(|doc| Run::read(doc, id));
    run.filter(|run| run.ended.is_none()).ok_or(NOTHING_RUNS)
}

const NOTHING_RUNS: EditError = EditError::Invalid(Invalid::Shape {
    message: "no circle is going on in this notebook",
});
