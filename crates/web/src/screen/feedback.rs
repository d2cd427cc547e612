//! Feedback, open and sealed: what is sealed is read by nobody before everybody has committed.

use std::sync::Arc;

use hearth_node::api::{Failure, FeedbackFields, FeedbackRequest, Request, SealedRequest};
use maud::{Markup, html};

use super::comments;
use crate::data::Data;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::view::told;
use crate::visit::Visit;
use crate::when;

/// The parts of feedback.
const PARTS: [&str; 5] = ["situation", "behaviour", "impact", "request", "text"];
/// What a sealed exchange may be about.
const KINDS: [&str; 3] = ["feedback", "expectations", "rating"];

/// `GET /n/…/feedback`
pub(crate) async fn list(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let id = notebook.id.clone();
    let given = visit
        .ask(Request::Feedback(FeedbackRequest::List {
            notebook: id.clone(),
        }))
        .await?;
    let sealed = visit
        .ask(Request::Sealed(SealedRequest::List { notebook: id }))
        .await?;
    let given = Data(&given).list("feedback");
    let sealed = Data(&sealed).list("sealed");
    let page = html! {
        (part::section("sealed", &visit.say("sealed-exchanges"), &html! {
            p class="soft measure" { (visit.say("sealed-why")) }
            @for one in sealed.iter().rev() { (exchange(visit, &notebook, *one)) }
            @if notebook.may_write() { (start_form(visit, &notebook)) }
        }))
        (part::section("open", &visit.say("open-feedback"), &html! {
            @if given.is_empty() && !notebook.may_write() { p class="soft" { (visit.say("no-feedback")) } }
            @else if given.is_empty() {
                (part::empty("pen", &visit.say("no-feedback"), &visit.say("no-feedback-why"), &part::template(visit, &notebook.at("/feedback"), "situation", "give", &visit.say("example-feedback"))))
            }
            @for one in given.iter().rev() {
                article class="topic" {
                    p class="by" { (notebook.people.name(one.get("by"))) @if let Some(_to) = one.get("to").some("name") { " → " (notebook.people.name(one.get("to"))) } ", " (when::moment(visit, one.text("created_at"))) }
                    dl class="facts" {
                        @for part in PARTS { @if let Some(text) = one.some(part) { dt { (visit.words.of("feedback", part)) } dd class="prose" { bdi { (text) } } } }
                    }
                    (comments::inside(visit, &notebook, *one))
                }
            }
            @if notebook.may_write() { (give_form(visit, &notebook)) }
        }))
    };
    let screen = Screen::new(visit.say("feedback"), page);
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/feedback",
        &screen,
    )))
}

fn exchange(visit: &Visit, notebook: &Notebook, one: Data<'_>) -> Markup {
    let id = one.text("id");
    let at = |act: &str| notebook.at(&format!("/sealed/{id}/{act}"));
    let commit = FormView::new(visit, at("commit"));
    let ratings: Vec<(String, String)> = (1..=5)
        .map(|value: u8| (value.to_string(), value.to_string()))
        .collect();
    let next = one.text("next");
    let is_mine = one.get("started_by").text("person") == one.text("me");
    html! {
        article class="topic" id={ "s-" (id) } aria-labelledby={ "s-" (id) "-title" } {
            h3 class="row" id={ "s-" (id) "-title" } {
                (icon("sealed"))
                bdi { (told::title(visit, "exchange", one.text("title"))) }
                (part::badge(&visit.words.of("sealed-state", one.text("state"))))
            }
            ul class="lines" {
                @for who in one.list("participants") {
                    li {
                        div class="row spread" {
                            (notebook.people.name(who))
                            span class="small soft" {
                                @if who.is("opened") { (visit.say("has-opened")) }
                                @else if who.is("committed") { (visit.say("has-committed")) }
                                @else { (visit.say("not-committed")) }
                            }
                        }
                        @if who.count("rating") > 0 { p { (visit.words.with("rating-of", &[("value", who.count("rating").into())])) } }
                        @if let Some(text) = who.some("text") { p class="prose" { bdi { (text) } } }
                    }
                }
            }
            @if notebook.may_write() {
                @if next == "commit" {
                    (commit.wrap("stack measure", &html! {
                        @if one.is("rated") { (commit.select(&Field { name: "rating", label: &visit.say("rating"), value: "3", ..Field::default() }, &ratings)) }
                        (commit.area(&Field { name: "text", label: &visit.say("your-text"), hint: Some(visit.say("commit-hint")), is_required: true, ..Field::default() }))
                        p { button class="btn first" type="submit" { (icon("lock")) (visit.say("commit")) } }
                    }))
                } @else if next == "open" {
                    (FormView::new(visit, at("open")).button("btn first", &visit.say("open-yours")))
                } @else if next == "wait" {
                    p class="soft" { (visit.say("waits-for-others")) }
                }
                @if matches!(one.text("state"), "committing" | "opening") && is_mine {
                    (FormView::new(visit, at("withdraw")).button("btn quiet small", &visit.say("withdraw")))
                }
            }
        }
    }
}

fn start_form(visit: &Visit, notebook: &Notebook) -> Markup {
    let form = FormView::new(visit, notebook.at("/sealed"));
    let kinds: Vec<(String, String)> = KINDS
        .iter()
        .map(|one| ((*one).to_owned(), visit.words.of("sealed-kind", one)))
        .collect();
    part::fold(&visit.say("start-sealed"), form.went_wrong(), &form.wrap("stack measure", &html! {
        (form.select(&Field { name: "kind", label: &visit.say("what-about"), ..Field::default() }, &kinds))
        (form.text(&Field { name: "title", label: &visit.say("title"), ..Field::default() }))
        p { button class="btn" type="submit" { (visit.say("start-sealed")) } }
    }))
}

fn give_form(visit: &Visit, notebook: &Notebook) -> Markup {
    let form = FormView::new(visit, notebook.at("/feedback"));
    let others: Vec<(String, String)> = notebook
        .people
        .others()
        .map(|one| (one.person.clone(), one.name.clone()))
        .collect();
    let situation = visit.query.text("situation");
    html! {
        details id="give" open[form.went_wrong() || !situation.is_empty()] data-key="n" {
            summary { (visit.say("give-feedback")) }
            (form.wrap("stack measure", &html! {
                @if !others.is_empty() { (form.select(&Field { name: "to", label: &visit.say("for-whom"), ..Field::default() }, &others)) }
                @for part in PARTS { (form.area_of(&Field { name: part, label: &visit.words.of("feedback", part), value: if part == "situation" { &situation } else { "" }, ..Field::default() }, 2)) }
                p { button class="btn" type="submit" { (visit.say("give-feedback")) } }
            }))
        }
    }
}

fn back(visit: &Visit) -> String {
    format!("/n/{}/feedback", visit.param("notebook"))
}

/// `POST /n/…/feedback`
pub(crate) async fn give(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let form = &visit.form;
    let fields = FeedbackFields {
        text: form.given("text"),
        situation: form.given("situation"),
        behaviour: form.given("behaviour"),
        impact: form.given("impact"),
        request: form.given("request"),
    };
    visit
        .ask(Request::Feedback(FeedbackRequest::Give {
            notebook: visit.param("notebook"),
            to: form.given("to"),
            sealed: false,
            fields,
        }))
        .await?;
    Ok(visit.done(&back(&visit), visit.say("feedback-given")))
}

async fn act(visit: &Visit, request: SealedRequest, said: &str) -> Result<Reply, Failure> {
    visit.ask(Request::Sealed(request)).await?;
    Ok(visit.done(&back(visit), visit.words.of("sealed-act", said)))
}

/// `POST /n/…/sealed`
pub(crate) async fn start(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let kind = visit.form.text("kind");
    let title = visit.form.given("title");
    let request = SealedRequest::Start {
        notebook: visit.param("notebook"),
        title: title.or_else(|| visit.words.maybe(&format!("sealed-kind-{kind}"))),
        kind,
        with: Vec::new(),
    };
    act(&visit, request, "started").await
}

/// `POST /n/…/sealed/…/commit`
pub(crate) async fn commit(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let text = visit
        .form
        .given("text")
        .ok_or_else(|| missing(visit.words, &visit.say("your-text")))?;
    let request = SealedRequest::Commit {
        exchange: visit.param("exchange"),
        text,
        rating: visit.form.text("rating").parse().ok(),
    };
    act(&visit, request, "committed").await
}

/// `POST /n/…/sealed/…/open`
pub(crate) async fn open(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = SealedRequest::Open {
        exchange: visit.param("exchange"),
    };
    act(&visit, request, "opened").await
}

/// `POST /n/…/sealed/…/withdraw`
pub(crate) async fn withdraw(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = SealedRequest::Withdraw {
        exchange: visit.param("exchange"),
    };
    act(&visit, request, "withdrawn").await
}
