//! The agreement: both answers side by side, what is agreed, and the signatures under exactly that text.

use std::sync::Arc;

use hearth_node::api::{AgreementRequest, Failure, Request};
use maud::{Markup, html};

use super::comments;
use crate::data::Data;
use crate::reply::Reply;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// `GET /n/…/agreement`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let answer = visit
        .ask(Request::Agreement(AgreementRequest::Log {
            notebook: notebook.id.clone(),
        }))
        .await?;
    let log = Data(&answer);
    let agreement = log.get("agreement");
    let page = html! {
        section id="topics" aria-labelledby="topics-title" data-live {
            h2 id="topics-title" class="sr" { (visit.say("topics")) }
            @for topic in agreement.list("topics") { (topic_view(visit, &notebook, topic)) }
        }
        (part::place("sign-place", &sign_section(visit, &notebook, agreement)))
        (comments::section(visit, &notebook, agreement))
    };
    let state = agreement.text("state");
    let screen = Screen::new(visit.say("agreement"), page)
        .lede(html! { (visit.words.of("agreement-state", state)) })
        .head(html! { @if agreement.is("mine") && state != "empty" { p class="no-print" { a class="more" href="#sign" { (visit.say("go-to-signing")) } } } })
        .margin(margin(visit, &notebook, log));
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/agreement",
        &screen,
    )))
}

fn topic_view(visit: &Visit, notebook: &Notebook, topic: Data<'_>) -> Markup {
    let word = topic.text("topic");
    let id = format!("topic-{word}");
    let me = notebook
        .people
        .me()
        .map(|me| me.person.clone())
        .unwrap_or_default();
    let answers = topic.list("answers");
    let own = answers.iter().find(|one| one.text("person") == me);
    let form = FormView::editing(visit, notebook.at(&format!("/agreement/{word}")));
    html! {
        section class="topic" id=(id) aria-labelledby={ (id) "-title" } {
            h3 id={ (id) "-title" } { (visit.words.maybe(&format!("topic-{word}")).unwrap_or_else(|| topic.text("title").to_owned())) }
            div class="cols" {
                @for one in &answers {
                    div class="answer" {
                        span class="who" {
                            (notebook.people.name(*one))
                            @if let Some(role) = one.some("role") { ", " (visit.words.of("role", role)) }
                        }
                        bdi { (one.text("text")) }
                    }
                }
                @if answers.is_empty() { p class="answer" { (visit.say("no-answer")) } }
                @if let Some(agreed) = topic.some("consensus") {
                    div class="both" { span class="who" { (visit.say("agreed")) } bdi { (agreed) } }
                } @else {
                    p class="answer soft" { (visit.say("not-agreed-yet")) }
                }
                @for also in topic.list("also") {
                    div class="both" { span class="who" { (visit.say("also-written")) } bdi { (also.as_text()) } }
                }
            }
            @if !topic.list("conflicts").is_empty() {
                p class="small" { a href=(notebook.at("/conflicts")) { (visit.say("choose-between")) } }
            }
            @if notebook.may_write() {
                div class="no-print" {
                    (part::fold(&visit.say("write-answer"), form.went_wrong(), &form.wrap("stack measure", &html! {
                        (form.area_of(&Field { name: "mine", label: &visit.say("your-answer"), value: own.map(|own| own.text("text")).unwrap_or_default(), ..Field::default() }, 2))
                        (form.area_of(&Field { name: "consensus", label: &visit.say("agreed"), hint: Some(visit.say("agreed-hint")), value: topic.text("consensus"), ..Field::default() }, 2))
                        p { button class="btn" type="submit" { (visit.say("save")) } }
                    })))
                }
            }
        }
    }
}

fn sign_section(visit: &Visit, notebook: &Notebook, agreement: Data<'_>) -> Markup {
    let Some(hash) = agreement.some("text_hash") else {
        return html! {};
    };
    let form = FormView::new(visit, notebook.at("/agreement/sign"));
    let agreed = agreement
        .list("topics")
        .iter()
        .filter(|topic| topic.some("consensus").is_some())
        .count();
    part::section(
        "sign",
        &visit.say("sign-title"),
        &html! {
            div class="sign stack" {
                p { (visit.words.with("sign-what", &[("count", agreed.into())])) }
                div {
                    p class="label" id="hash-label" { (visit.say("hash-of-text")) }
                    p class="hash" aria-labelledby="hash-label" { (part::hash(hash)) }
                }
                ul class="lines" {
                    @for one in agreement.list("signatures") {
                        li class="row spread" {
                            span { (icon("done")) " " (notebook.people.name(one)) " " (visit.say("signed-this-hash")) }
                            span class="small soft" { (visit.words.with("on-device", &[("device", one.text("device").into())])) @if !one.is("counts") { ", " (visit.say("does-not-count")) } }
                        }
                    }
                    @for one in agreement.list("missing") {
                        li class="row spread" { span { (icon("circle")) " " (notebook.people.name(one)) " " (visit.say("has-not-signed")) } }
                    }
                }
                @if agreement.is("mine") && notebook.may_write() {
                    (form.wrap("stack no-print", &html! {
                        (FormView::hidden("hash", hash))
                        (form.confirmation(&visit.say("sign-sure")))
                        p { button class="btn first" type="submit" { (icon("pen")) (visit.say("sign")) } }
                    }))
                }
                p class="print-only" { (visit.say("sign-on-paper")) }
            }
        },
    )
}

fn margin(visit: &Visit, notebook: &Notebook, log: Data<'_>) -> Markup {
    let versions = log.list("versions");
    let topics = log.get("agreement").list("topics");
    let of = |word: &str| {
        topics
            .iter()
            .find(|topic| topic.text("topic") == word)
            .and_then(|topic| topic.some("consensus"))
    };
    let facts = html! {
        @if !versions.is_empty() {
            (part::section("versions", &visit.say("versions"), &html! {
                ul class="stack-s" {
                    @for version in versions.iter().rev() {
                        li {
                            strong { (version.count("number")) }
                            @if let Some(at) = version.some("created_at") { ", " (when::day(visit, at)) }
                            @let signers = version.list("signatures");
                            @if signers.is_empty() { ", " (visit.say("nobody-signed")) }
                            @else { ", " (visit.say("signed-by")) " " (notebook.people.names(&signers)) }
                        }
                    }
                }
                p { a href=(notebook.at("/agreement/versions")) { (visit.say("what-changed")) } }
            }))
        }
        @if let Some(review) = of("review") {
            (part::section("review", &visit.say("review"), &html! { p { bdi { (review) } } }))
        }
        @if let Some(third) = of("conflict") {
            (part::section("third", &visit.say("if-you-disagree"), &html! { p { bdi { (third) } } }))
        }
    };
    html! {
        (part::place("agreement-facts", &facts))
        section class="no-print" aria-labelledby="shows-title" {
            h2 id="shows-title" { (visit.say("what-signature-shows")) }
            p { (visit.say("what-signature-shows-why")) }
            p { button class="btn quiet small" type="button" data-print hidden { (visit.say("print")) } }
        }
    }
}

/// `POST /n/…/agreement/{topic}`
pub(crate) async fn write(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let (mine, consensus) = (visit.form.sent("mine"), visit.form.sent("consensus"));
    let (notebook, topic) = (visit.param("notebook"), visit.param("topic"));
    let back = format!("/n/{notebook}/agreement#topic-{topic}");
    if mine.is_none() && consensus.is_none() {
        return Ok(visit.back_to(&back));
    }
    visit
        .ask(Request::Agreement(AgreementRequest::Topic {
            notebook,
            topic,
            mine,
            consensus,
        }))
        .await?;
    Ok(visit.done(&back, visit.say("saved-here")))
}

/// `POST /n/…/agreement/sign`
pub(crate) async fn sign(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let notebook = visit.param("notebook");
    let back = format!("/n/{notebook}/agreement#sign");
    visit
        .ask(Request::Agreement(AgreementRequest::Sign {
            notebook,
            text_hash: visit.form.text("hash"),
        }))
        .await?;
    Ok(visit.done(&back, visit.say("you-signed")))
}
