//! A notebook to look around in: goals, a session, an agreement half written, all by the reader, in their language.
//! It is a notebook like any other, on this device alone, and is taken away like any other.

use std::sync::Arc;

use hearth_node::api::{
    ActionRequest, AgreementRequest, CheckInRequest, Failure, GoalFields, GoalRequest,
    NotebookRequest, NotesRequest, Request, SessionRequest, SkillRequest, WrapFields,
};
use jiff::ToSpan;
use serde_json::Value;

use crate::data::Data;
use crate::reply::Reply;
use crate::visit::Visit;

/// `POST /begin/example`
pub(crate) async fn add(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let address = make(&visit).await?;
    Ok(visit.done(&address, visit.say("example-made")))
}

/// Makes it and returns its address.
///
/// # Errors
/// What the engine says.
pub(crate) async fn make(visit: &Visit) -> Result<String, Failure> {
    let made = visit
        .ask(Request::Notebook(NotebookRequest::Create {
            title: visit.say("example-title"),
            form: "one-on-one".to_owned(),
            role: None,
            template: None,
        }))
        .await?;
    let notebook = id_of(&made, "notebook");
    goals(visit, &notebook).await?;
    sessions(visit, &notebook).await?;
    words(visit, &notebook).await?;
    Ok(format!("/n/{notebook}"))
}

fn id_of(answer: &Value, noun: &str) -> String {
    Data(answer).get(noun).text("id").to_owned()
}

/// A day before or after today, as requests take it.
fn day(visit: &Visit, days: i64) -> String {
    let today = visit.now.to_zoned(visit.zone.clone()).date();
    let day = today.checked_add(days.days()).unwrap_or(today);
    day.to_string()
}

async fn goals(visit: &Visit, notebook: &str) -> Result<(), Failure> {
    let fields = GoalFields {
        why: Some(visit.say("example-goal-why")),
        unit: Some(visit.say("example-goal-unit")),
        baseline: Some(0.0),
        target: Some(6.0),
        due: Some(day(visit, 90)),
        ..GoalFields::default()
    };
    let add = |title: &str, kind: &str, fields: GoalFields| GoalRequest::Add {
        notebook: notebook.to_owned(),
        title: visit.say(title),
        kind: Some(kind.to_owned()),
        fields,
    };
    let made = visit
        .ask(Request::Goal(add("example-goal", "smart", fields)))
        .await?;
    let goal = id_of(&made, "goal");
    visit
        .ask(Request::Goal(GoalRequest::Status {
            goal: goal.clone(),
            status: "active".to_owned(),
            reason: None,
        }))
        .await?;
    for (value, days) in [(1.0, -40), (2.0, -21), (4.0, -3)] {
        visit
            .ask(Request::Goal(GoalRequest::Progress {
                goal: goal.clone(),
                value,
                note: None,
                on: Some(day(visit, days)),
            }))
            .await?;
    }
    visit
        .ask(Request::Goal(GoalRequest::Milestone {
            goal: goal.clone(),
            title: visit.say("example-milestone"),
            due: Some(day(visit, 30)),
        }))
        .await?;
    let fields = GoalFields {
        wish: Some(visit.say("example-wish")),
        outcome: Some(visit.say("example-outcome")),
        obstacle: Some(visit.say("example-obstacle")),
        plan: Some(visit.say("example-plan")),
        ..GoalFields::default()
    };
    visit
        .ask(Request::Goal(add("example-goal-woop", "woop", fields)))
        .await?;
    visit
        .ask(Request::Action(ActionRequest::Add {
            notebook: notebook.to_owned(),
            title: visit.say("example-action"),
            owner: None,
            due: Some(day(visit, 2)),
            goal: Some(goal),
            session: None,
        }))
        .await?;
    Ok(())
}

async fn sessions(visit: &Visit, notebook: &str) -> Result<(), Failure> {
    let plan = |days: i64, template: &str| SessionRequest::Plan {
        notebook: notebook.to_owned(),
        title: None,
        at: format!("{}T15:00", day(visit, days)),
        zone: crate::when::zone_name(&visit.zone),
        minutes: Some(60),
        place: None,
        every: None,
        template: Some(visit.words.template(template)),
        attendees: Vec::new(),
    };
    let held = visit.ask(Request::Session(plan(-12, "first"))).await?;
    let session = id_of(&held, "session");
    visit
        .ask(Request::Session(SessionRequest::Notes {
            session: session.clone(),
            notes: NotesRequest::Append {
                text: visit.say("example-notes"),
            },
        }))
        .await?;
    let fields = WrapFields {
        decisions: vec![visit.say("example-decision")],
        insights: vec![visit.say("example-insight")],
        learned: Some(visit.say("example-learned")),
        ..WrapFields::default()
    };
    visit
        .ask(Request::Session(SessionRequest::Wrap { session, fields }))
        .await?;
    visit.ask(Request::Session(plan(2, "regular"))).await?;
    Ok(())
}

async fn words(visit: &Visit, notebook: &str) -> Result<(), Failure> {
    for (topic, mine, consensus) in [
        (
            "purpose",
            Some("example-purpose"),
            Some("example-purpose-agreed"),
        ),
        ("confidentiality", None, Some("example-confidentiality")),
    ] {
        visit
            .ask(Request::Agreement(AgreementRequest::Topic {
                notebook: notebook.to_owned(),
                topic: topic.to_owned(),
                mine: mine.map(|key| visit.say(key)),
                consensus: consensus.map(|key| visit.say(key)),
            }))
            .await?;
    }
    visit
        .ask(Request::Ask {
            notebook: notebook.to_owned(),
            text: visit.say("example-question"),
        })
        .await?;
    for (value, days) in [(2, -40), (3, -2)] {
        visit
            .ask(Request::Skill(SkillRequest::Rate {
                notebook: notebook.to_owned(),
                skill: visit.say("example-skill"),
                value,
                of: None,
                note: None,
                on: Some(day(visit, days)),
            }))
            .await?;
    }
    visit
        .ask(Request::Checkin(CheckInRequest::Add {
            notebook: notebook.to_owned(),
            value: 4,
            text: Some(visit.say("example-checkin")),
        }))
        .await?;
    Ok(())
}
