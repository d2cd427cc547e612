//! What was achieved, counted from the notebook.

use serde::Serialize;

use crate::action;
use crate::documents::{Documents, Unavailable};
use crate::figures::Figures;
use crate::goal::{self, GoalView};
use crate::people::People;
use crate::session;
use crate::skill::{self, EndorsementState, SkillView};
use crate::word::{ActionStatus, GoalStatus};

/// What was achieved, by one person or by all.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Facts {
    /// Goals that were achieved.
    pub achieved: Vec<GoalFact>,
    /// Goals that are neither achieved nor dropped.
    pub unfinished: Vec<GoalFact>,
    /// How many goals were dropped.
    pub dropped: usize,
    /// How many sessions were held.
    pub sessions_held: usize,
    /// The local date of the first.
    pub first_session: Option<String>,
    /// The local date of the last.
    pub last_session: Option<String>,
    /// How many actions were done.
    pub actions_done: usize,
    /// How many actions are open.
    pub actions_open: usize,
    /// Skills that somebody rated or endorsed.
    pub skills: Vec<SkillFact>,
}

/// A goal.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GoalFact {
    /// Its id.
    pub id: crate::id::ObjectId,
    /// Its title.
    pub title: String,
    /// Everybody who answers for it.
    pub owners: Vec<crate::people::Named>,
    /// Its status.
    pub status: GoalStatus,
    /// The reason for the status.
    pub reason: Option<String>,
    /// What was counted, where it was: from and to.
    pub measured: Option<Measured>,
}

/// What was counted.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Measured {
    /// What.
    pub unit: String,
    /// At the start.
    pub from: Option<f64>,
    /// At the end.
    pub to: Option<f64>,
}

/// A person's skill, then and now.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SkillFact {
    /// What it is called.
    pub title: String,
    /// Whose it is.
    pub of: crate::people::Named,
    /// How each sees it, the person themselves first.
    pub figures: Vec<Figures>,
    /// Who vouches for it with a signature that stands, and in which words.
    pub endorsed: Vec<(String, String)>,
}

/// Counts what was achieved: by a person, or by everybody. Of sessions those count that the person was at, and whoever vouches for
/// it as `witness` as well, where that is noted.
///
/// # Errors
/// [`Unavailable`] when a document cannot be opened.
pub fn facts(
    docs: &mut dyn Documents,
    people: &dyn People,
    person: Option<&str>,
    witness: Option<&str>,
) -> Result<Facts, Unavailable> {
    let mut facts = Facts::default();
    let concerns = |owners: &[crate::people::Named]| {
        person.is_none_or(|person| owners.iter().any(|one| one.person == person))
    };
    for goal in goal::list(docs, people)? {
        if !concerns(&goal.owners) {
            continue;
        }
        match goal.status {
            GoalStatus::Achieved => facts.achieved.push(goal_fact(goal)),
            GoalStatus::Dropped => facts.dropped += 1,
            _ => facts.unfinished.push(goal_fact(goal)),
        }
    }
    let mut days: Vec<String> = Vec::new();
    for header in session::held(docs)? {
        let was_there = |who: &str| header.attendees.iter().any(|one| one == who);
        let took_part =
            header.attendees.is_empty() || [person, witness].into_iter().flatten().all(was_there);
        if took_part {
            facts.sessions_held += 1;
            days.extend(header.local.as_deref().and_then(day));
        }
    }
    days.sort();
    facts.first_session = days.first().cloned();
    facts.last_session = days.last().cloned();
    for action in action::list(docs, people)? {
        let is_theirs = action
            .owner
            .as_ref()
            .is_none_or(|owner| concerns(std::slice::from_ref(owner)));
        match action.status {
            _ if !is_theirs => {}
            ActionStatus::Done => facts.actions_done += 1,
            ActionStatus::Open | ActionStatus::Moved => facts.actions_open += 1,
            ActionStatus::Dropped => {}
        }
    }
    for skill in skill::list(docs, people)? {
        facts.skills.extend(skill_facts(&skill, person));
    }
    Ok(facts)
}

fn day(local: &str) -> Option<String> {
    local.get(.."YYYY-MM-DD".len()).map(str::to_owned)
}

fn goal_fact(goal: GoalView) -> GoalFact {
    let measured = goal.measure.map(|measure| Measured {
        unit: measure.unit,
        from: measure.baseline,
        to: measure.current,
    });
    GoalFact {
        id: goal.id,
        title: goal.title,
        owners: goal.owners,
        status: goal.status,
        reason: goal.reason,
        measured: measured.filter(|measured| measured.to.is_some()),
    }
}

fn skill_facts(skill: &SkillView, person: Option<&str>) -> Vec<SkillFact> {
    let of = skill
        .people
        .iter()
        .filter(|one| person.is_none_or(|person| one.person.person == person));
    of.map(|one| SkillFact {
        title: skill.title.clone(),
        of: one.person.clone(),
        figures: one.own.iter().chain(&one.others).cloned().collect(),
        endorsed: skill
            .endorsements
            .iter()
            .filter(|vouched| {
                vouched.of.person == one.person.person && vouched.state == EndorsementState::Signed
            })
            .map(|vouched| (vouched.by.name.clone(), vouched.note.clone()))
            .collect(),
    })
    .collect()
}
