//! A relationship as a whole: what became of it, and what goes both ways.

use std::sync::Arc;

use hearth_node::api::{Failure, NotebookRequest, Request};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::Reply;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// How much is shown at once.
const SHOWN_MAX: usize = 60;

/// What is counted for each person, in the order in which it is told.
const COUNTED: [&str; 13] = [
    "learned",
    "brought",
    "attended",
    "feedback_given",
    "feedback_received",
    "asked",
    "answered",
    "actions_done",
    "actions_open",
    "resources",
    "skills_seen",
    "comments",
    "check_ins",
];

/// `GET /n/…/timeline`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let asked = |request| visit.ask(Request::Notebook(request));
    let told = asked(NotebookRequest::Timeline {
        notebook: notebook.id.clone(),
    })
    .await?;
    let mut events = Data(&told).list("timeline");
    events.reverse();
    let skip: usize = visit.query.text("skip").parse().unwrap_or_default();
    let (newer, rest) = events.split_at(events.len().min(skip));
    let (shown, older) = rest.split_at(rest.len().min(SHOWN_MAX));
    let counted = match newer.is_empty() {
        true => {
            let counted = asked(NotebookRequest::Reciprocity {
                notebook: notebook.id.clone(),
            });
            Some(counted.await?)
        }
        false => None,
    };
    let page = html! {
        @if let Some(counted) = &counted {
            (part::section("both-ways", &visit.say("both-ways"), &both_ways(visit, Data(counted))))
        } @else { p class="small" { a href=(notebook.at("/timeline")) { (visit.say("timeline-newest")) } } }
        (part::section("timeline", &visit.say("timeline"), &html! {
            (lines(visit, &notebook, shown))
            @if !older.is_empty() {
                p { a href={ (notebook.at("/timeline")) "?skip=" (newer.len() + shown.len()) } { (visit.say("timeline-older")) } }
            }
        }))
    };
    let screen =
        Screen::new(visit.say("timeline"), page).lede(html! { (visit.say("timeline-lede")) });
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/timeline",
        &screen,
    )))
}

fn lines(visit: &Visit, notebook: &Notebook, events: &[Data<'_>]) -> Markup {
    html! {
        ul class="lines" {
            @for one in events {
                li class="row spread" {
                    span {
                        span class="soft" { (visit.words.of("event", one.text("event"))) } " "
                        (what(visit, notebook, *one))
                        @if let Some(reason) = one.some("reason") { ". " (part::quoted(visit, reason)) }
                    }
                    span class="small soft" {
                        @if !one.get("by").is_null() { (notebook.people.name(one.get("by"))) ", " }
                        (when::day(visit, one.some("date").unwrap_or_default()))
                    }
                }
            }
        }
    }
}

/// What it happened to, with a link where it has a screen.
fn what(visit: &Visit, notebook: &Notebook, one: Data<'_>) -> Markup {
    let (title, of, id) = (one.text("title"), one.text("of"), one.text("id"));
    match one.text("event") {
        "phase" => html! { (visit.words.of("phase", title)) },
        "session" => {
            html! { a href=(notebook.at(&format!("/sessions/{id}"))) { bdi { (title) } } }
        }
        "goal-set" | "goal-achieved" | "goal-dropped" => {
            html! { a href=(notebook.at(&format!("/goals/{id}"))) { bdi { (title) } } }
        }
        "milestone" => html! { bdi { (title) } ", " bdi { (of) } },
        "signed" => html! {
            a href=(notebook.at("/agreement/versions")) { (visit.words.with("agreement-version", &[("number", of.into())])) }
        },
        "endorsed" => {
            html! { a href=(notebook.at("/skills")) { bdi { (title) } } ", " bdi { (of) } }
        }
        "certified" => html! { bdi { (of) } },
        "closed" => html! {},
        _ => html! { bdi { (title) } },
    }
}

/// A row for what is counted, and a column for each person.
fn both_ways(visit: &Visit, counted: Data<'_>) -> Markup {
    let people = counted.list("people");
    let is_told = |key: &&&str| **key == "learned" || people.iter().any(|one| one.count(key) > 0);
    html! {
        p { (visit.say("both-ways-why")) }
        div class="wide-table" tabindex="0" { table {
            caption class="sr" { (visit.say("both-ways")) }
            thead { tr {
                th scope="col" { span class="sr" { (visit.say("counted")) } }
                @for one in &people { th scope="col" class="n" { bdi { (one.text("name")) } } }
            } }
            tbody { @for key in COUNTED.iter().filter(is_told) { tr {
                th scope="row" { (visit.words.of("counted", &key.replace('_', "-"))) }
                @for one in &people { td class="n" { (one.count(key)) } }
            } } }
        } }
    }
}
