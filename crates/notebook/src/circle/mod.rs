//! Circles: a timed run through the stages of a meeting that everybody sees live, with roles that go round.
//!
//! The run is a map `run/ID` in the session's document. `stages` is what the agenda was when it began, as
//! JSON; `stage/N` is when stage N began, and `again/N` when its time began anew. Two who go on at once both
//! write when the same stage began, and the earlier counts: no stage is skipped. `ended` is when it ended.
//! Who has which role is one value of the session's header, `circle`, so that no two halves of two rotations
//! are ever mixed.

mod roles;
mod run;
mod view;

pub use roles::{Roles, rotate};
pub use run::{Advanced, NewRun, again, end, next, start};
pub use view::{CircleView, RoleView, StageState, StageView, show};

#[cfg(test)]
mod tests;

use automerge::{Automerge, ReadDoc, ScalarValue, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{Kind, ObjectId};
use crate::limits::TEMPLATE_ITEMS_MAX;
use crate::record::Record;
use crate::word::SessionStatus;

/// The key of a session's header that holds its run and roles.
const CIRCLE: &str = "circle";

/// The run and the roles of a session, as its header holds them: one value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Held {
    run: ObjectId,
    #[serde(flatten)]
    roles: Roles,
    /// Who could not come.
    #[serde(default)]
    absent: Vec<String>,
}

/// A stage as it was when the run began.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Stage {
    /// The agenda item, which is ticked off when the stage is over.
    item: ObjectId,
    title: String,
    minutes: u32,
    #[serde(default)]
    prompts: Vec<String>,
}

/// A session that is or was run through.
struct Meeting {
    session: ObjectId,
    title: String,
    is_off: bool,
    held: Held,
}

/// Every session with a run, the latest last.
fn meetings(index: &Automerge) -> Vec<Meeting> {
    let mut all: Vec<Meeting> = Record::all(index, Kind::Session)
        .into_iter()
        .filter_map(|(session, record)| {
            let held = serde_json::from_str(&record.str(CIRCLE)?).ok()?;
            let off = SessionStatus::Cancelled.word();
            Some(Meeting {
                session,
                title: record.str_or_empty("title"),
                is_off: record.str("status").as_deref() == Some(off),
                held,
            })
        })
        .collect();
    all.sort_by_key(|one| (one.held.run, one.session));
    all
}

/// A run as its document holds it.
struct Run<'a> {
    record: Record<'a>,
    stages: Vec<Stage>,
    /// The stage that it has come to, and when that began.
    stage: usize,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
}

impl<'a> Run<'a> {
    fn read(doc: &'a Automerge, id: ObjectId) -> Option<Self> {
        let record = Record::keyed(doc, &Kind::Run.key(id))?;
        let mut stages: Vec<Stage> = serde_json::from_str(&record.str("stages")?).ok()?;
        stages.truncate(TEMPLATE_ITEMS_MAX);
        let ended = record.str("ended").and_then(|at| at.parse().ok());
        let mut run = Self {
            record,
            stages,
            stage: 0,
            began: None,
            ended,
        };
        // What lies beyond the last stage, or after one that nobody began, is nobody's next stage.
        for stage in 0..run.stages.len() {
            let Some(began) = run.began(stage) else { break };
            run.stage = stage;
            run.began = Some(began);
        }
        Some(run)
    }

    /// When a stage began: the earliest that anybody wrote, unless its time began anew since.
    fn began(&self, stage: usize) -> Option<Timestamp> {
        let first = self.times(&stage_key(stage)).into_iter().min()?;
        let again = self.times(&again_key(stage)).into_iter().max();
        Some(again.map_or(first, |again| again.max(first)))
    }

    /// Every time that stands under a key: several, where several wrote at once.
    fn times(&self, key: &str) -> Vec<Timestamp> {
        let all = self.record.doc.get_all(&self.record.obj, key);
        let all = all.unwrap_or_default().into_iter();
        all.filter_map(|(value, _)| match value {
            Value::Scalar(scalar) => match scalar.as_ref() {
                ScalarValue::Str(text) => text.parse().ok(),
                _ => None,
            },
            Value::Object(_) => None,
        })
        .collect()
    }
}

fn stage_key(stage: usize) -> String {
    format!("stage/{stage}")
}

fn again_key(stage: usize) -> String {
    format!("again/{stage}")
}
