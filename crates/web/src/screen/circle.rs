//! A circle: who has which role, the stage of now with its clock, the stages to come. Anybody in it may go on.

use std::sync::Arc;

use hearth_node::api::{CircleRequest, Failure, Request};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::Reply;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// `GET /n/…/circle`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let answer = visit
        .ask(Request::Circle(CircleRequest::Show {
            notebook: notebook.id.clone(),
        }))
        .await?;
    let circle = Data(&answer).get("circle");
    let is_pair = notebook.data().text("form") == "one-on-one";
    let page = html! {
        @if is_pair { p class="soft measure" { (visit.say("circle-not-for-two")) } }
        // One part, whichever it is, so that whoever looks on sees the circle begin and end.
        @else {
            (part::place("circle-now", &html! {
                @if circle.is("running") { (now(visit, &notebook, circle)) }
                @else { (begin(visit, &notebook, circle)) }
            }))
        }
        @if !is_pair {
            (part::place("circle-stages", &html! {
                @if !circle.list("stages").is_empty() { (stages(visit, &notebook, circle)) }
            }))
        }
    };
    let screen = Screen::new(visit.say("circle"), page)
        .lede(html! { (visit.say("circle-lede")) })
        .margin(html! {
            @if !is_pair { (margin(visit, &notebook, circle)) }
        });
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/circle", &screen),
    ))
}

fn now(visit: &Visit, notebook: &Notebook, circle: Data<'_>) -> Markup {
    let place = circle.count("stage");
    let stages = circle.list("stages");
    let at = usize::try_from(place).unwrap_or(usize::MAX);
    let stage = stages.get(at).copied();
    let is_last = at + 1 >= stages.len();
    let form = |act: &str| FormView::new(visit, notebook.at(&format!("/circle/{act}")));
    let until = circle.text("until");
    let left = when::read_moment(until).map(|until| until.as_second() - visit.now.as_second());
    html! {
        section id="stage" aria-labelledby="stage-title" {
            p class="small soft" { @if let Some(title) = circle.some("title") { bdi { (title) } ". " } (visit.words.with("stage-of", &[("at", (place + 1).into()), ("count", stages.len().into())])) }
            h2 id="stage-title" { bdi { @if let Some(stage) = stage { (stage.text("title")) } } }
            p class="clock" {
                span class="big num" role="timer" aria-live="off" data-until=(until) { (clock(left.unwrap_or(0))) }
                span class="soft" {
                    @if left.is_some_and(|left| left < 0) { (visit.say("time-is-over")) }
                    @else { (visit.words.with("stage-until", &[("at", when::moment(visit, until).into())])) }
                }
            }
            p class="sr" role="status" data-says=(until)
                data-five=(visit.say("five-minutes-left")) data-one=(visit.say("one-minute-left")) data-over=(visit.say("time-is-over")) {}
            @if let Some(stage) = stage {
                ul class="prose stack-s" { @for prompt in stage.list("prompts") { li { bdi { (prompt.as_text()) } } } }
            }
            @if notebook.may_write() {
                div class="row no-print" {
                    (form("next").wrap("act", &html! {
                        (FormView::hidden("from", &place.to_string()))
                        button class="btn first" type="submit" { (visit.say(if is_last { "circle-finish" } else { "circle-next" })) " " (icon("arrow")) }
                    }))
                    (form("again").button("btn", &visit.say("circle-again")))
                    (form("end").button("btn quiet", &visit.say("circle-end")))
                }
            }
            @if let Some(id) = circle.some("id") {
                p class="small" { a href=(notebook.at(&format!("/sessions/{id}?stage=live"))) { (visit.say("circle-notes")) } }
            }
        }
    }
}

/// Minutes and seconds, as the script goes on to show them.
fn clock(left: i64) -> String {
    let sign = if left < 0 { "−" } else { "" };
    let left = left.abs();
    format!("{sign}{}:{:02}", left / 60, left % 60)
}

fn begin(visit: &Visit, notebook: &Notebook, circle: Data<'_>) -> Markup {
    let form = FormView::new(visit, notebook.at("/circle/start"));
    let mut presenters = vec![(String::new(), visit.say("whose-turn-it-is"))];
    presenters.extend(notebook.people.choices());
    let was = circle.some("ended");
    html! {
        @if notebook.may_write() {
            section id="begin" aria-labelledby="begin-title" {
                h2 id="begin-title" { (visit.say("circle-begin")) }
                p class="soft measure" { (visit.say("circle-begin-why")) }
                (form.wrap("stack measure", &html! {
                    (form.select(&Field { name: "presenter", label: &visit.say("circle-role-presenter"), ..Field::default() }, &presenters))
                    fieldset class="forms" {
                        legend class="label" { (visit.say("who-is-away")) }
                        @for member in notebook.people.all() {
                            @if member.role != "observer" {
                                label class="choice" for={ "away-" (member.person) } {
                                    input type="checkbox" id={ "away-" (member.person) } name="absent" value=(member.person) checked[form.ticked("absent", &member.person)];
                                    span { bdi { (member.name) } }
                                }
                            }
                        }
                    }
                    p { button class="btn first" type="submit" data-key="n" { (visit.say("circle-begin")) } }
                }))
            }
        }
        @if let Some(ended) = was {
            p class="soft" { (visit.words.with("circle-was", &[("title", circle.text("title").into()), ("at", when::moment(visit, ended).into())])) }
        }
    }
}

fn stages(visit: &Visit, notebook: &Notebook, circle: Data<'_>) -> Markup {
    part::section(
        "stages",
        &visit.say("stages"),
        &html! {
            ol class="agenda" {
                @for stage in circle.list("stages") {
                    @let is_now = stage.text("state") == "now" && circle.is("running");
                    li class=[(stage.text("state") == "done").then_some("done")] aria-current=[is_now.then_some("step")] {
                        span class="t" { bdi { (stage.text("title")) } }
                        span class="m num" { (visit.words.with("minutes-short", &[("count", stage.count("minutes").into())])) }
                    }
                }
            }
            @if !circle.list("absent").is_empty() {
                p class="small soft" { (visit.say("who-is-away")) ": " (notebook.people.names(&circle.list("absent"))) }
            }
        },
    )
}

fn margin(visit: &Visit, notebook: &Notebook, circle: Data<'_>) -> Markup {
    let roles = |list: &str| {
        html! {
            dl class="facts" {
                @for one in circle.list(list) {
                    dt { (visit.words.of("circle-role", &one.text("role").replace(' ', "-"))) }
                    dd { (notebook.people.name(one)) }
                }
            }
        }
    };
    part::place(
        "circle-facts",
        &html! {
            @if !circle.list("roles").is_empty() {
                (part::section("roles", &visit.say("circle-roles"), &roles("roles")))
            }
            @if !circle.list("next_roles").is_empty() {
                (part::section("next-roles", &visit.say("circle-next-time"), &html! {
                    (roles("next_roles"))
                    p class="fine" { (visit.say("circle-next-time-why")) }
                }))
            }
        },
    )
}

async fn act(visit: &Visit, request: CircleRequest) -> Result<Reply, Failure> {
    visit.ask(Request::Circle(request)).await?;
    let address = format!("/n/{}/circle", visit.param("notebook"));
    Ok(visit.back_to(&address))
}

/// `POST /n/…/circle/start`
pub(crate) async fn start(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let local = visit.now.to_zoned(visit.zone.clone());
    let request = CircleRequest::Start {
        notebook: visit.param("notebook"),
        session: None,
        // As the node would choose, in the reader's language.
        template: Some(visit.words.template("action-learning")),
        at: local.strftime("%Y-%m-%dT%H:%M").to_string(),
        zone: when::zone_name(&visit.zone),
        absent: visit.form.all("absent"),
        presenter: visit.form.given("presenter"),
    };
    act(&visit, request).await
}

/// `POST /n/…/circle/next`: goes on from the stage that was shown, once, whoever presses.
pub(crate) async fn next(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = CircleRequest::Next {
        notebook: visit.param("notebook"),
        from: visit.form.text("from").parse().ok(),
    };
    act(&visit, request).await
}

/// `POST /n/…/circle/again`
pub(crate) async fn again(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.param("notebook");
    act(&visit, CircleRequest::Again { notebook }).await
}

/// `POST /n/…/circle/end`
pub(crate) async fn end(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.param("notebook");
    act(&visit, CircleRequest::End { notebook }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_written_in_minutes_and_seconds() {
        assert_eq!(clock(605), "10:05");
        assert_eq!(clock(0), "0:00");
        assert_eq!(clock(-61), "−1:01");
    }
}
