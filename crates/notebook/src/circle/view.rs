//! A circle as shown.

use automerge::Automerge;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::circle::{Held, Meeting, Roles, Run, meetings, rotate};
use crate::documents::{Documents, Unavailable};
use crate::id::{DocumentId, ObjectId};
use crate::people::{Named, People};

/// A run, or who would have which role if one began now.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CircleView {
    /// The session; none where none was run through yet.
    pub id: Option<ObjectId>,
    /// The title of the session.
    pub title: String,
    /// Whether it goes on.
    pub running: bool,
    /// Who has which role.
    pub roles: Vec<RoleView>,
    /// Who has which role next time, if everybody comes.
    pub next_roles: Vec<RoleView>,
    /// Who could not come.
    pub absent: Vec<Named>,
    /// The stages.
    pub stages: Vec<StageView>,
    /// The place of the stage of now, counted from 0.
    pub stage: usize,
    /// When the stage of now began.
    pub began: Option<Timestamp>,
    /// When its time is over.
    pub until: Option<Timestamp>,
    /// When the run ended.
    pub ended: Option<Timestamp>,
}

/// A role and who has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RoleView {
    /// `presenter`, `facilitator` or `note taker`.
    pub role: &'static str,
    /// Who.
    #[serde(flatten)]
    pub person: Named,
}

/// A stage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StageView {
    /// What it is.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// Questions and hints.
    pub prompts: Vec<String>,
    /// Where it stands.
    pub state: StageState,
    /// When it began.
    pub began: Option<Timestamp>,
}

/// Where a stage stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageState {
    /// Over.
    Done,
    /// The one of now.
    Now,
    /// Still to come.
    ToCome,
}

/// Shows the run that began last.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn show(docs: &mut dyn Documents, people: &dyn People) -> Result<CircleView, Unavailable> {
    let all = docs
        .read(DocumentId::INDEX)?
        .map(meetings)
        .unwrap_or_default();
    let past: Vec<Roles> = all
        .iter()
        .filter(|one| !one.is_off)
        .map(|one| one.held.roles.clone())
        .collect();
    let present: Vec<String> = people.writers().into_iter().map(|one| one.person).collect();
    let mut view = CircleView {
        id: None,
        title: String::new(),
        running: false,
        roles: Vec::new(),
        next_roles: named(&rotate(&present, &past, None), people),
        absent: Vec::new(),
        stages: Vec::new(),
        stage: 0,
        began: None,
        until: None,
        ended: None,
    };
    if let Some(Meeting {
        session,
        title,
        held,
        ..
    }) = all.into_iter().last()
    {
        view.id = Some(session);
        view.title = title;
        fill(&mut view, docs.read(session.document())?, &held, people);
    }
    Ok(view)
}

fn fill(view: &mut CircleView, doc: Option<&Automerge>, held: &Held, people: &dyn People) {
    view.roles = named(&held.roles, people);
    view.absent = held.absent.iter().map(|one| people.named(one)).collect();
    let Some(run) = doc.and_then(|doc| Run::read(doc, held.run)) else {
        return;
    };
    view.running = run.ended.is_none();
    view.ended = run.ended;
    view.stage = run.stage;
    view.began = run.began;
    let minutes = run.stages.get(run.stage).map(|stage| stage.minutes);
    view.until = run.began.zip(minutes).and_then(|(began, minutes)| {
        let length = SignedDuration::from_mins(i64::from(minutes));
        began.checked_add(length).ok()
    });
    let stage = |(place, stage): (usize, &crate::circle::Stage)| StageView {
        title: stage.title.clone(),
        minutes: stage.minutes,
        prompts: stage.prompts.clone(),
        state: match place.cmp(&run.stage) {
            std::cmp::Ordering::Less => StageState::Done,
            std::cmp::Ordering::Equal if run.ended.is_none() => StageState::Now,
            std::cmp::Ordering::Equal => StageState::Done,
            std::cmp::Ordering::Greater => StageState::ToCome,
        },
        began: run.began(place),
    };
    view.stages = run.stages.iter().enumerate().map(stage).collect();
}

fn named(roles: &Roles, people: &dyn People) -> Vec<RoleView> {
    let all = [
        ("presenter", &roles.presenter),
        ("facilitator", &roles.facilitator),
        ("note taker", &roles.note_taker),
    ];
    all.into_iter()
        .filter(|(_, person)| !person.is_empty())
        .map(|(role, person)| RoleView {
            role,
            person: people.named(person),
        })
        .collect()
}
