//! A notebook's home: its phase, the next session, goals at a glance, what was learned.

use std::sync::Arc;

use hearth_node::api::{Failure, NotebookRequest, Request};
use maud::{Markup, html};

use super::today::session_when;
use crate::data::{Data, plain_number};
use crate::reply::Reply;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::view::{standing, told, warned};
use crate::visit::Visit;
use crate::when;

/// The phases, in their order.
const PHASES: [&str; 5] = ["rapport", "direction", "progress", "winding-down", "closed"];

/// How many goals are shown.
const GOALS_MAX: u32 = 5;

/// `GET /n/…`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let glance = visit
        .ask(Request::Notebook(NotebookRequest::Glance {
            notebook: notebook.id.clone(),
            goals: GOALS_MAX,
        }))
        .await?;
    let glance = Data(&glance);
    let page = html! {
        (phases(visit, &notebook))
        (next(visit, &notebook, glance))
        (goals_at_a_glance(visit, &notebook, glance))
        (learned(visit, &notebook, glance))
    };
    let data = notebook.data();
    let since = when::day(visit, data.text("created_at"));
    let form = visit.words.of("form", data.text("form"));
    let lede = html! { (visit.words.with("notebook-lede", &[("form", form.into()), ("since", since.into())])) };
    let screen = Screen::new(notebook.title(), page)
        .lede(lede)
        .head(departed(visit, data))
        .margin(margin(visit, &shell, &notebook, glance));
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "", &screen),
    ))
}

fn departed(visit: &Visit, data: Data<'_>) -> Markup {
    let departed = data.get("departed");
    html! {
        @if !departed.is_null() { (part::notice("warn", &html! { (warned::departed(visit, departed, data.text("title"))) })) }
    }
}

fn phases(visit: &Visit, notebook: &Notebook) -> Markup {
    let phase = notebook.data().text("phase");
    let at = PHASES.iter().position(|one| *one == phase).unwrap_or(0);
    let form = FormView::new(visit, notebook.at("/phase"));
    // To close is an act of its own, which freezes the notebook; the word alone would hide that.
    let choices: Vec<(String, String)> = PHASES
        .iter()
        .filter(|one| **one != "closed" || phase == "closed")
        .map(|one| ((*one).to_owned(), visit.words.of("phase", one)))
        .collect();
    html! {
        section id="phase" aria-labelledby="phase-title" data-live {
            h2 id="phase-title" class="sr" { (visit.say("phase")) }
            ol class="phases" {
                @for (place, one) in PHASES.iter().enumerate() {
                    li class=(if place < at { "done" } else if place > at { "ahead" } else { "here" })
                        aria-current=[(place == at).then_some("step")] {
                        strong { (visit.words.of("phase", one)) }
                        @if place == at { span { (visit.say("now")) } }
                    }
                }
            }
            @if notebook.may_write() {
                (part::fold(&visit.say("change-phase"), form.went_wrong(), &form.wrap("row end", &html! {
                    (form.select(&Field { name: "phase", label: &visit.say("phase"), value: phase, ..Field::default() }, &choices))
                    button class="btn" type="submit" { (visit.say("change-phase")) }
                })))
            }
        }
    }
}

fn next(visit: &Visit, notebook: &Notebook, glance: Data<'_>) -> Markup {
    let next = glance.get("next");
    let all = glance.count("session_count");
    let beside = html! {
        @if all > 0 {
            a class="more" href=(notebook.at("/sessions")) { (visit.words.with("all-sessions", &[("count", all.into())])) }
        }
    };
    let body = match next.is_null() {
        false => {
            let session = next;
            let address = notebook.at(&format!("/sessions/{}", session.text("id")));
            html! {
                div class="card stack-s" {
                    div class="row spread" {
                        div {
                            h3 { a href=(address) { bdi { (session.text("title")) } } }
                            p { (session_when(visit, session)) }
                        }
                        div class="row" {
                            a class="btn first" href=(address) { (visit.say("open-session")) }
                            a class="btn" href={ (address) "?stage=prepare" } { (visit.say("prepare")) }
                        }
                    }
                    @if let Some(place) = session.some("place") {
                        p class="small" { (part::outer_link(place, place)) }
                    }
                }
            }
        }
        true => {
            let suggested = told::template(visit, notebook.data().get("suggested_template"));
            html! {
                @if notebook.may_write() {
                    (part::empty("sun", &visit.say("no-session"), suggested.some("about").unwrap_or(&visit.say("no-session-why")), &html! {
                        a class="btn first" href={ (notebook.at("/sessions")) "?template=" (suggested.text("name")) "#plan" } { (visit.say("plan-session")) }
                    }))
                } @else { p class="soft" { (visit.say("no-session")) } }
            }
        }
    };
    part::section_with("next", &visit.say("next-session"), &beside, &body)
}

/// How far a goal is, from 0 to 1, where it is measured.
pub(crate) fn share(goal: Data<'_>) -> Option<f64> {
    let measure = goal.get("measure");
    if !measure.is_null() {
        let (from, to) = (measure.number("baseline")?, measure.number("target")?);
        let now = measure.number("current")?;
        return ((to - from).abs() > f64::EPSILON).then(|| (now - from) / (to - from));
    }
    let results = goal.list("key_results");
    if !results.is_empty() {
        let shares: Vec<f64> = results
            .iter()
            .filter_map(|one| {
                let (from, to) = (one.number("start")?, one.number("target")?);
                let now = one.number("current")?;
                ((to - from).abs() > f64::EPSILON)
                    .then(|| ((now - from) / (to - from)).clamp(0.0, 1.0))
            })
            .collect();
        let count = u32::try_from(shares.len())
            .ok()
            .filter(|count| *count > 0)?;
        return Some(shares.iter().sum::<f64>() / f64::from(count));
    }
    let milestones = goal.list("milestones");
    let count = u32::try_from(milestones.len())
        .ok()
        .filter(|count| *count > 0)?;
    let done = u32::try_from(milestones.iter().filter(|one| one.is("done")).count()).ok()?;
    Some(f64::from(done) / f64::from(count))
}

/// Where a goal stands, in figures.
pub(crate) fn figures(visit: &Visit, goal: Data<'_>) -> String {
    let measure = goal.get("measure");
    if !measure.is_null() {
        let number = |name: &str| measure.number(name).map(plain_number).unwrap_or_default();
        return visit.words.with(
            "measure-figures",
            &[
                ("current", number("current").into()),
                ("unit", measure.text("unit").into()),
                ("from", number("baseline").into()),
                ("to", number("target").into()),
            ],
        );
    }
    let milestones = goal.list("milestones");
    if milestones.is_empty() {
        return String::new();
    }
    let done = milestones.iter().filter(|one| one.is("done")).count();
    visit.words.with(
        "milestone-figures",
        &[("done", done.into()), ("all", milestones.len().into())],
    )
}

/// One goal in a list.
pub(crate) fn goal_line(visit: &Visit, notebook: &Notebook, goal: Data<'_>) -> Markup {
    let address = notebook.at(&format!("/goals/{}", goal.text("id")));
    let status = goal.text("status");
    html! {
        li class="goal" {
            div class="row spread" {
                h3 { a href=(address) { bdi { (goal.text("title")) } } }
                span class="row" {
                    span class="small" { (figures(visit, goal)) }
                    @if status != "active" { (part::badge(&visit.words.of("goal-status", status))) }
                }
            }
            @if let Some(share) = share(goal) { (part::track(share, false)) }
            p class="small soft" {
                (notebook.people.names(&goal.list("owners")))
                @if let Some(due) = goal.some("due") {
                    ", " (visit.say("due")) " "
                    @if matches!(status, "active" | "proposed") { (when::due(visit, due)) } @else { (when::day(visit, due)) }
                }
                @if let Some(reason) = goal.some("reason") { ". " (part::quoted(visit, reason)) }
            }
        }
    }
}

fn goals_at_a_glance(visit: &Visit, notebook: &Notebook, glance: Data<'_>) -> Markup {
    let shown = glance.list("goals");
    let beside = html! {
        @if glance.count("goal_count") > 0 { a class="more" href=(notebook.at("/goals")) { (visit.say("all-goals")) } }
    };
    let body = html! {
        @if shown.is_empty() {
            @if notebook.may_write() {
                (part::empty("half", &visit.say("no-goal"), &visit.say("no-goal-why"), &html! {
                    a class="btn" href={ (notebook.at("/goals")) "#add" } { (visit.say("add-goal")) }
                }))
            } @else { p class="soft" { (visit.say("no-goal")) } }
        } @else {
            ul class="lines" { @for goal in shown { (goal_line(visit, notebook, goal)) } }
            @if notebook.may_write() { p class="small" { a href={ (notebook.at("/goals")) "#add" } { (visit.say("add-goal")) } } }
        }
    };
    part::section_with("goals", &visit.say("goals"), &beside, &body)
}

/// What the last session that was held says of what was learned.
fn learned(visit: &Visit, notebook: &Notebook, glance: Data<'_>) -> Markup {
    let learned = glance.list("learned");
    if learned.is_empty() {
        return html! {};
    }
    let last = glance.get("last_held");
    part::section(
        "learned",
        &visit.say("learned-last-time"),
        &html! {
            div class="two prose" {
                @for one in learned {
                    blockquote {
                        p { bdi { (one.text("text")) } }
                        p class="by" { (notebook.people.name(one)) ", " bdi { (last.text("title")) } }
                    }
                }
            }
        },
    )
}

fn margin(visit: &Visit, shell: &Shell, notebook: &Notebook, glance: Data<'_>) -> Markup {
    let status = shell.status();
    let listed = status.list("notebooks");
    let here = listed.iter().find(|one| one.text("id") == notebook.id);
    let peers = here.map(|one| one.list("peers")).unwrap_or_default();
    let state = glance.text("agreement");
    html! {
        (part::section("agreement", &visit.say("agreement"), &html! {
            p { (visit.words.of("agreement-state", state)) }
            p { a href=(notebook.at("/agreement")) { (visit.say("read-agreement")) } }
        }))
        (part::section("readers", &visit.say("who-can-read"), &html! {
            p { (visit.say("computed-from-keys")) }
            dl class="facts" {
                @for reader in Data(&notebook.readers).list("readers") {
                    dt { (notebook.people.name(reader)) }
                    dd { @for (at, device) in reader.list("devices").iter().enumerate() { @if at > 0 { ", " } bdi { (device.text("label")) } } }
                }
            }
            p { a href=(notebook.at("/readers")) { (visit.say("since-when")) } }
            @for mirror in here.map(|one| one.list("mirrors")).unwrap_or_default() {
                p class="fine" { (visit.words.with("mirror-holds-no-key", &[("name", mirror.text("name").into())])) }
            }
        }))
        (part::place("devices-place", &html! {
        @if !peers.is_empty() {
            (part::section("devices", &visit.say("other-devices"), &html! {
                ul class="stack-s" {
                    @for peer in &peers {
                        li {
                            (notebook.people.name(*peer)) ", " bdi { (peer.text("device_label")) } br;
                            (standing::pill(visit, *peer, None, None))
                            p class="fine" data-counts { (confirmed(visit, *peer)) }
                        }
                    }
                }
            }))
        } @else if notebook.people.all().len() <= 1 {
            (part::section("alone", &visit.say("alone"), &html! {
                p { (visit.say("alone-why")) }
                p { a class="btn small" href={ (notebook.at("/people")) "#invite" } { (visit.say("invite-someone")) } }
            }))
        }
        }))
    }
}

/// What a peer has confirmed, as far as this node knows.
pub(crate) fn confirmed(visit: &Visit, peer: Data<'_>) -> String {
    if peer.text("state") == "never" {
        return visit.say("confirmed-unknown");
    }
    let key = match (peer.count("behind"), peer.count("ahead")) {
        (0, 0) => "confirmed-all",
        (_, 0) => "confirmed-but",
        (0, _) => "has-more",
        _ => "confirmed-but-has-more",
    };
    visit.words.with(
        key,
        &[
            ("behind", peer.count("behind").into()),
            ("ahead", peer.count("ahead").into()),
            ("at", when::moment(visit, peer.text("last_contact")).into()),
        ],
    )
}

/// `POST /n/…/phase`
pub(crate) async fn phase(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.param("notebook");
    let phase = visit.form.text("phase");
    let address = format!("/n/{notebook}");
    visit
        .ask(Request::Notebook(NotebookRequest::Phase {
            notebook,
            phase,
        }))
        .await?;
    Ok(visit.done(&address, visit.say("phase-changed")))
}
