//! The first screen: what is next, what is due, what waits for the reader, over all notebooks.

use std::sync::Arc;

use hearth_node::api::{ActionRequest, Failure, JournalRequest, Request};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::{Reply, own_address};
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{Place, Screen, Shell};
use crate::view::{standing, warned};
use crate::visit::Visit;
use crate::when;

/// `GET /`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let zone = when::zone_name(&visit.zone);
    let today = visit.ask(Request::Today { zone }).await?;
    let today = Data(&today);
    let date = visit.now.to_zoned(visit.zone.clone()).date();
    let count = shell.notebooks().len();
    let page = match count {
        0 => nothing_yet(visit),
        _ => html! {
            (next_session(visit, today))
            (to_do(visit, today))
            (waiting(visit, today, shell.status().get("person").text("id")))
        },
    };
    let lede = match count {
        0 => html! { (visit.say("today-lede-none")) },
        _ => html! { (visit.words.with("today-lede", &[("count", count.into())])) },
    };
    let page = part::place("of-today", &page);
    let screen = Screen::new(when::long_day(visit, date), page)
        .lede(lede)
        .head(words_wait(shell.status(), visit))
        .margin(margin(visit, shell.status()));
    Ok(Reply::Page(shell.of_person(visit, Place::Today, &screen)))
}

/// A gentle word for whoever has not written their recovery words down.
pub(super) fn words_wait(status: Data<'_>, visit: &Visit) -> Markup {
    html! {
        @if status.is("recovery_kept") {
            p class="small no-print" { (visit.say("words-wait")) " " a href="/recovery?next=/" { (visit.say("words-wait-link")) } }
        }
    }
}

fn nothing_yet(visit: &Visit) -> Markup {
    part::empty(
        "shared",
        &visit.say("no-notebook"),
        &visit.say("no-notebook-why"),
        &html! { a class="btn first" href="/begin" { (visit.say("create-or-join")) } },
    )
}

/// The address of an object's screen in its notebook.
fn session_address(session: Data<'_>) -> String {
    format!(
        "/n/{}/sessions/{}",
        session.get("notebook").text("id"),
        session.text("id")
    )
}

/// When a session is, in the reader's time and, where that differs, in its own.
pub(crate) fn session_when(visit: &Visit, session: Data<'_>) -> Markup {
    let at = session.text("at");
    let Some((date, span)) = when::session_time(visit, at, session.count("minutes")) else {
        return html! { (at) };
    };
    let there = when::there(visit, session.text("local"), at, session.text("zone"));
    html! {
        time datetime=(at) { (when::near_day(visit, date)) ", " (span) }
        @if let Some(until) = when::until(visit, at) { ", " (until) }
        @if let Some(there) = there { " " span class="soft" { (there) } }
    }
}

fn next_session(visit: &Visit, today: Data<'_>) -> Markup {
    let sessions = today.list("sessions");
    let unwrapped = today.list("unwrapped");
    let unplanned = today.list("unplanned");
    let Some((next, later)) = sessions.split_first() else {
        return part::section(
            "next",
            &visit.say("next-session"),
            &html! {
                @for session in &unwrapped { (unwrapped_card(visit, *session)) }
                @if unwrapped.is_empty() {
                    p class="soft" { (visit.say("no-session-planned")) }
                    @for notebook in &unplanned {
                        p { a class="btn small" href={ "/n/" (notebook_id(*notebook)) "/sessions#plan" } {
                            (visit.words.with("plan-in", &[("notebook", notebook_title(*notebook).into())]))
                        } }
                    }
                }
            },
        );
    };
    part::section(
        "next",
        &visit.say("next-session"),
        &html! {
            @for session in &unwrapped { (unwrapped_card(visit, *session)) }
            div class="card stack-s" {
                div class="row spread" {
                    div {
                        h3 { a href=(session_address(*next)) { bdi { (next.text("title")) } } }
                        p { (session_when(visit, *next)) }
                        p class="small soft" { bdi { (next.get("notebook").text("title")) } }
                    }
                    div class="row" {
                        a class="btn first" href=(session_address(*next)) { (visit.say("open-session")) }
                        a class="btn" href={ (session_address(*next)) "?stage=prepare" } { (visit.say("prepare")) }
                    }
                }
            }
            @if !later.is_empty() {
                ul class="lines open small" {
                    @for session in later.iter().take(6) {
                        li class="row spread" {
                            span {
                                a href=(session_address(*session)) { bdi { (session.text("title")) } }
                                ", " bdi { (session.get("notebook").text("title")) }
                            }
                            span { (session_when(visit, *session)) }
                        }
                    }
                }
            }
        },
    )
}

fn unwrapped_card(visit: &Visit, session: Data<'_>) -> Markup {
    html! {
        div class="card row spread" {
            p {
                (visit.say("not-wrapped-up")) " "
                a href=(session_address(session)) { bdi { (session.text("title")) } }
                ", " (session_when(visit, session))
            }
            a class="btn small" href={ (session_address(session)) "?stage=wrap" } { (visit.say("wrap-up")) }
        }
    }
}

fn notebook_id(value: Data<'_>) -> &str {
    let inner = value.get("notebook");
    if inner.is_null() {
        value.text("id")
    } else {
        inner.text("id")
    }
}

fn notebook_title(value: Data<'_>) -> &str {
    let inner = value.get("notebook");
    if inner.is_null() {
        value.text("title")
    } else {
        inner.text("title")
    }
}

/// One action with its box.
pub(crate) fn action_line(visit: &Visit, action: Data<'_>, beside: &Markup) -> Markup {
    let id = action.text("id");
    let is_done = action.text("status") == "done";
    let form = FormView::new(visit, format!("/actions/{id}/done"));
    html! {
        li class="todo" id={ "action-" (id) } {
            @if action.text("status") == "open" || action.text("status") == "moved" {
                (form.wrap("tick", &html! {
                    button class="tick" type="submit" aria-label={ (visit.say("mark-done")) ": " (action.text("title")) } { (icon("circle")) }
                }))
            } @else {
                span class="ticked" { (icon(if is_done { "done" } else { "x" })) }
            }
            div {
                bdi class=[(!is_done && action.text("status") == "dropped").then_some("struck")] { (action.text("title")) }
                (beside)
            }
            span class="when small" {
                @if is_done { (visit.say("status-done")) }
                @else if action.text("status") == "dropped" { (visit.say("status-dropped")) }
                @else if let Some(due) = action.some("due") { (when::due(visit, due)) }
            }
        }
    }
}

fn to_do(visit: &Visit, today: Data<'_>) -> Markup {
    let mut actions = today.list("overdue");
    actions.extend(today.list("due"));
    let (mine, others): (Vec<Data<'_>>, Vec<Data<'_>>) =
        actions.into_iter().partition(|action| action.is("mine"));
    let line = |action: &Data<'_>, who: bool| {
        let notebook = action.get("notebook");
        action_line(
            visit,
            *action,
            &html! {
                span class="hint" {
                    a href={ "/n/" (notebook.text("id")) } { bdi { (notebook.text("title")) } }
                    @if who { ", " bdi { (action.get("owner").text("name")) } }
                }
            },
        )
    };
    part::section(
        "due",
        &visit.say("yours-to-do"),
        &html! {
            @if mine.is_empty() {
                p class="soft" { (visit.say("nothing-due")) }
            } @else {
                ul class="lines" { @for action in &mine { (line(action, false)) } }
            }
            @if !others.is_empty() {
                (part::fold(&visit.words.with("others-to-do", &[("count", others.len().into())]), false, &html! {
                    ul class="lines" { @for action in &others { (line(action, true)) } }
                }))
            }
        },
    )
}

/// What waits for `me`, the reader: of their own questions those that somebody answered.
fn waiting(visit: &Visit, today: Data<'_>, me: &str) -> Markup {
    let agreements = today.list("agreements");
    let (unsigned, theirs): (Vec<Data<'_>>, Vec<Data<'_>>) =
        agreements.into_iter().partition(|one| one.is("mine"));
    let (own, questions): (Vec<Data<'_>>, Vec<Data<'_>>) = today
        .list("questions")
        .into_iter()
        .partition(|one| one.get("asked_by").text("person") == me);
    let answered: Vec<Data<'_>> = own
        .into_iter()
        .filter(|one| !one.list("answers").is_empty())
        .collect();
    let sealed = today.list("sealed");
    if unsigned.is_empty()
        && theirs.is_empty()
        && questions.is_empty()
        && answered.is_empty()
        && sealed.is_empty()
    {
        return html! {};
    }
    let title = |one: &Data<'_>| one.get("notebook").text("title").to_owned();
    let ask = |drawing: &str, text: String, address: String, word: String| {
        html! {
            li class="ask" {
                (icon(drawing)) span { (text) }
                a class="btn small" href=(address) { (word) }
            }
        }
    };
    let at = |one: &Data<'_>, part: &str| format!("/n/{}{part}", one.get("notebook").text("id"));
    part::section(
        "wait",
        &visit.say("waiting-for-you"),
        &html! {
            ul class="lines" {
                @for one in &unsigned {
                    (ask("pen", visit.words.with("agreement-unsigned-by-you", &[("notebook", title(one).into())]),
                        at(one, "/agreement#sign"), visit.say("read-and-sign")))
                }
                @for one in &theirs {
                    (ask("pen", visit.words.with("agreement-unsigned-by-others", &[("notebook", title(one).into())]),
                        at(one, "/agreement"), visit.say("read")))
                }
                @for one in &questions {
                    (ask("question", visit.words.with("question-open", &[
                            ("name", one.get("asked_by").text("name").into()), ("text", one.text("text").into())]),
                        at(one, &format!("/questions#q-{}", one.text("id"))), visit.say("answer")))
                }
                @for one in &answered {
                    (ask("question", visit.words.with("question-answered", &[("text", one.text("text").into())]),
                        at(one, &format!("/questions#q-{}", one.text("id"))), visit.say("read")))
                }
                @for one in &sealed {
                    (ask("sealed", visit.words.with("sealed-waits", &[("notebook", title(one).into())]),
                        at(one, "/feedback"), visit.of_next(one.text("next"))))
                }
            }
        },
    )
}

impl Visit {
    fn of_next(&self, next: &str) -> String {
        self.words.of("sealed-next", next)
    }
}

fn margin(visit: &Visit, status: Data<'_>) -> Markup {
    let form = FormView::new(visit, "/jot");
    let has_peers = status
        .list("notebooks")
        .iter()
        .any(|one| !one.list("peers").is_empty());
    html! {
        (warned::notices("warned", &warned::of_device(visit, status)))
        (part::place("peers-place", &html! {
            @if has_peers {
                (part::section("peers", &visit.say("heard-from"), &standing::heard_from(visit, status)))
            }
        }))
        section aria-labelledby="jot-title" {
            h2 id="jot-title" class="sr" { (visit.say("journal")) }
            div class="aside-note private stack-s" {
                p { (part::private_badge(&visit.say("private"))) }
                (form.wrap("stack-s", &html! {
                    (form.area_of(&Field {
                        name: "text",
                        label: &visit.say("jot-label"),
                        hint: Some(visit.words.with("jot-hint", &[("count", own_devices(status).into())])),
                        ..Field::default()
                    }, 3))
                    p { button class="btn small" type="submit" { (visit.say("keep-in-journal")) } }
                }))
            }
        }
    }
}

/// Counts the reader's devices that hold their journal.
fn own_devices(status: Data<'_>) -> usize {
    let devices = status.list("devices");
    devices
        .iter()
        .filter(|device| !device.is("revoked"))
        .count()
}

/// `POST /jot`: a line for the journal.
pub(crate) async fn jot(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let text = visit
        .form
        .given("text")
        .ok_or_else(|| missing(visit.words, &visit.say("jot-label")))?;
    visit
        .ask(Request::Journal(JournalRequest::Add {
            text,
            about: None,
            session: None,
        }))
        .await?;
    let back = own_address(visit.form.raw("back"));
    Ok(visit.done(&back, visit.say("kept-in-journal")))
}

/// `POST /actions/…/done`
pub(crate) async fn action_done(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let action = visit.param("action");
    visit
        .ask(Request::Action(ActionRequest::Done { action }))
        .await?;
    let back = own_address(visit.form.raw("back"));
    Ok(visit.done(&back, visit.say("action-marked-done")))
}
