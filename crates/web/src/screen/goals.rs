//! Goals: the list, a new one, and what is done to one.

use std::sync::Arc;

use hearth_node::api::{ActionRequest, Failure, GoalFields, GoalRequest, KeyResultFields, Request};
use maud::{Markup, html};

use super::notebook::goal_line;
use crate::data::Data;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;

/// The kinds of goals.
const KINDS: [&str; 4] = ["plain", "smart", "okr", "woop"];
/// What may become of a goal.
pub(crate) const STATUSES: [&str; 5] = ["proposed", "active", "paused", "achieved", "dropped"];
/// Key results that the form of an OKR goal has room for.
const KEY_RESULTS_MAX: usize = 5;

/// `GET /n/…/goals`
pub(crate) async fn list(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let listed = visit
        .ask(Request::Goal(GoalRequest::List {
            notebook: notebook.id.clone(),
        }))
        .await?;
    let all = Data(&listed).list("goals");
    let of = |status: &str| -> Vec<Data<'_>> {
        all.iter()
            .copied()
            .filter(|goal| goal.text("status") == status)
            .collect()
    };
    let page = html! {
        (part::place("all-goals", &html! {
        @if all.is_empty() {
            (part::empty("half", &visit.say("no-goal"), &visit.say("no-goal-why"), &part::template(visit, &notebook.at("/goals"), "title", "add", &visit.say("example-goal"))))
        }
        @for status in ["active", "proposed", "paused", "achieved", "dropped"] {
            @let group = of(status);
            @if !group.is_empty() {
                (part::section(&format!("goals-{status}"), &visit.words.of("goal-group", status), &html! {
                    ul class="lines" { @for goal in &group { (goal_line(visit, &notebook, *goal)) } }
                }))
            }
        }
        }))
        @if notebook.may_write() { (add_form(visit, &notebook, all.is_empty())) }
    };
    let lede = visit.words.with(
        "goals-lede",
        &[
            ("active", of("active").len().into()),
            ("proposed", of("proposed").len().into()),
        ],
    );
    let screen = Screen::new(visit.say("goals"), page).lede(html! { (lede) });
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/goals", &screen),
    ))
}

fn kinds(visit: &Visit) -> Vec<(String, String)> {
    KINDS
        .iter()
        .map(|kind| ((*kind).to_owned(), visit.words.of("goal-kind", kind)))
        .collect()
}

fn add_form(visit: &Visit, notebook: &Notebook, is_first: bool) -> Markup {
    let form = FormView::new(visit, notebook.at("/goals"));
    let me = notebook
        .people
        .me()
        .map(|me| me.person.clone())
        .unwrap_or_default();
    let field = |name: &'static str| Field {
        name,
        ..Field::default()
    };
    let say = |key: &str| visit.say(key);
    html! {
        section id="add" aria-labelledby="add-title" {
            details open[form.went_wrong() || is_first] data-key="n" {
                summary id="add-title" { (say("add-goal")) }
                (form.wrap("stack measure", &html! {
                    (form.text(&Field { name: "title", label: &say("goal-title"), value: &visit.query.text("title"), hint: Some(say("goal-title-hint")), is_required: true }))
                    (form.area_of(&Field { name: "why", label: &say("goal-why"), ..Field::default() }, 2))
                    div class="two" {
                        (form.select(&Field { name: "owner", label: &say("owner"), value: &me, ..Field::default() }, &notebook.people.choices()))
                        (form.day(&Field { label: &say("due-on"), ..field("due") }))
                    }
                    (form.select(&Field { name: "kind", label: &say("kind"), value: "plain", ..Field::default() }, &kinds(visit)))
                    (part::fold(&say("measure-fields"), form.went_wrong(), &html! {
                        div class="three" {
                            (form.text(&Field { label: &say("unit"), ..field("unit") }))
                            (form.number(&Field { label: &say("baseline"), ..field("baseline") }))
                            (form.number(&Field { label: &say("target"), ..field("target") }))
                        }
                    }))
                    (part::fold(&say("okr-fields"), form.went_wrong(), &html! {
                        @for at in 1..=KEY_RESULTS_MAX {
                            div class="row end" {
                                (form.text(&Field { name: &format!("key-{at}"), label: &visit.words.with("key-result-nth", &[("nth", at.into())]), ..Field::default() }))
                                div class="field short" { (form.number(&Field { name: &format!("start-{at}"), label: &say("baseline"), ..Field::default() })) }
                                div class="field short" { (form.number(&Field { name: &format!("target-{at}"), label: &say("target"), ..Field::default() })) }
                            }
                        }
                    }))
                    (part::fold(&say("woop-fields"), form.went_wrong(), &html! {
                        @for name in ["wish", "outcome", "obstacle", "plan"] {
                            (form.area_of(&Field { name, label: &visit.words.of("woop", name), ..Field::default() }, 2))
                        }
                    }))
                    p { button class="btn first" type="submit" { (say("add-goal")) } }
                }))
            }
        }
    }
}

/// Reads a number as people write it.
fn number(visit: &Visit, name: &str) -> Result<Option<f64>, Failure> {
    let Some(text) = visit.form.given(name) else {
        return Ok(None);
    };
    let plain = text.replace(',', ".").replace(' ', "");
    plain.parse().map(Some).map_err(|_| {
        Failure::usage(
            "number_invalid",
            visit.words.with("number-invalid", &[("text", text.into())]),
        )
    })
}

fn fields(visit: &Visit) -> Result<GoalFields, Failure> {
    let form = &visit.form;
    let mut key_results = Vec::new();
    for at in 1..=KEY_RESULTS_MAX {
        if let Some(title) = form.given(&format!("key-{at}")) {
            key_results.push(KeyResultFields {
                title,
                start: number(visit, &format!("start-{at}"))?.unwrap_or(0.0),
                target: number(visit, &format!("target-{at}"))?.unwrap_or(1.0),
            });
        }
    }
    Ok(GoalFields {
        owners: form.all("owner"),
        why: form.sent("why"),
        unit: form.given("unit"),
        baseline: number(visit, "baseline")?,
        target: number(visit, "target")?,
        due: form
            .sent("due")
            .filter(|due| !due.is_empty() || form.has("edit")),
        key_results,
        wish: form.given("wish"),
        outcome: form.given("outcome"),
        obstacle: form.given("obstacle"),
        plan: form.given("plan"),
    })
}

/// `POST /n/…/goals`
pub(crate) async fn add(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let title = visit
        .form
        .given("title")
        .ok_or_else(|| missing(visit.words, &visit.say("goal-title")))?;
    let notebook = visit.param("notebook");
    let added = visit
        .ask(Request::Goal(GoalRequest::Add {
            notebook: notebook.clone(),
            title,
            kind: visit.form.given("kind"),
            fields: fields(&visit)?,
        }))
        .await?;
    let id = Data(&added).get("goal").text("id").to_owned();
    Ok(visit.done(
        &format!("/n/{notebook}/goals/{id}"),
        visit.say("goal-added"),
    ))
}

/// The fields of a new action.
pub(crate) fn action_fields(visit: &Visit, form: &FormView<'_>, notebook: &Notebook) -> Markup {
    let me = notebook
        .people
        .me()
        .map(|me| me.person.clone())
        .unwrap_or_default();
    html! {
        (form.text(&Field { name: "title", label: &visit.say("action-title"), is_required: true, ..Field::default() }))
        (form.select(&Field { name: "owner", label: &visit.say("owner"), value: &me, ..Field::default() }, &notebook.people.choices()))
        (form.day(&Field { name: "due", label: &visit.say("due-on"), ..Field::default() }))
        p { button class="btn small" type="submit" { (visit.say("add-action")) } }
    }
}

/// Adds the action that a form describes.
pub(crate) async fn add_action(
    visit: &Visit,
    goal: Option<String>,
    session: Option<String>,
) -> Result<(), Failure> {
    let title = visit
        .form
        .given("title")
        .ok_or_else(|| missing(visit.words, &visit.say("action-title")))?;
    visit
        .ask(Request::Action(ActionRequest::Add {
            notebook: visit.param("notebook"),
            title,
            owner: visit.form.given("owner"),
            due: visit.form.given("due"),
            goal,
            session,
        }))
        .await?;
    Ok(())
}

fn own(visit: &Visit) -> String {
    format!(
        "/n/{}/goals/{}",
        visit.param("notebook"),
        visit.param("goal")
    )
}

async fn act(visit: &Visit, request: GoalRequest, said: &str) -> Result<Reply, Failure> {
    visit.ask(Request::Goal(request)).await?;
    Ok(visit.done(&own(visit), visit.words.of("goal-act", said)))
}

/// `POST /n/…/goals/…/progress`
pub(crate) async fn record(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let value =
        number(&visit, "value")?.ok_or_else(|| missing(visit.words, &visit.say("progress")))?;
    let request = GoalRequest::Progress {
        goal: visit.param("goal"),
        value,
        note: visit.form.given("note"),
        on: visit.form.given("on"),
    };
    act(&visit, request, "recorded").await
}

/// `POST /n/…/goals/…/milestones`
pub(crate) async fn add_milestone(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let title = visit
        .form
        .given("title")
        .ok_or_else(|| missing(visit.words, &visit.say("milestone")))?;
    let request = GoalRequest::Milestone {
        goal: visit.param("goal"),
        title,
        due: visit.form.given("due"),
    };
    act(&visit, request, "milestone").await
}

/// `POST /n/…/goals/…/milestones/…/done`
pub(crate) async fn milestone_done(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = GoalRequest::MilestoneDone {
        goal: visit.param("goal"),
        milestone: visit.param("milestone"),
    };
    act(&visit, request, "reached").await
}

/// `POST /n/…/goals/…/key-results/…`
pub(crate) async fn key_result(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let current =
        number(&visit, "current")?.ok_or_else(|| missing(visit.words, &visit.say("progress")))?;
    let request = GoalRequest::KeyResult {
        goal: visit.param("goal"),
        key_result: visit.param("result"),
        current,
    };
    act(&visit, request, "recorded").await
}

/// `POST /n/…/goals/…/status`
pub(crate) async fn status(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = GoalRequest::Status {
        goal: visit.param("goal"),
        status: visit.form.text("status"),
        reason: visit.form.given("reason"),
    };
    act(&visit, request, "status").await
}

/// `POST /n/…/goals/…/edit`
pub(crate) async fn edit(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = GoalRequest::Edit {
        goal: visit.param("goal"),
        title: visit.form.given("title"),
        kind: None,
        fields: fields(&visit)?,
    };
    act(&visit, request, "saved").await
}

/// `POST /n/…/goals/…/actions`
pub(crate) async fn action(visit: Arc<Visit>) -> Result<Reply, Failure> {
    add_action(&visit, Some(visit.param("goal")), None).await?;
    Ok(visit.done(&own(&visit), visit.say("action-added")))
}
