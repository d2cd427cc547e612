//! Questions and their answers.

use std::sync::Arc;

use hearth_node::api::{Failure, QuestionRequest, Request};
use maud::{Markup, html};

use super::comments;
use crate::data::Data;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::markdown::markdown;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// `GET /n/…/questions`
pub(crate) async fn list(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let listed = visit
        .ask(Request::Question(QuestionRequest::List {
            notebook: notebook.id.clone(),
        }))
        .await?;
    let (resolved, open): (Vec<Data<'_>>, Vec<Data<'_>>) = Data(&listed)
        .list("questions")
        .into_iter()
        .partition(|one| one.is("resolved"));
    let form = FormView::new(visit, notebook.at("/questions"));
    let page = html! {
        (part::place("open-questions", &html! {
        @if open.is_empty() && resolved.is_empty() {
            (part::empty("question", &visit.say("no-question"), &visit.say("no-question-why"), &part::template(visit, &notebook.at("/questions"), "text", "ask", &visit.say("example-question"))))
        }
        @if !open.is_empty() { h2 class="sr" { (visit.words.of("part", "questions")) } }
        @for one in &open { (question(visit, &notebook, *one)) }
        }))
        @if notebook.may_write() {
            section id="ask" aria-labelledby="ask-title" {
                h2 id="ask-title" { (visit.say("ask-question")) }
                (form.wrap("stack measure", &html! {
                    (form.area(&Field { name: "text", label: &visit.say("your-question"), value: &visit.query.text("text"), is_required: true, ..Field::default() }))
                    p { button class="btn first" type="submit" { (visit.say("ask")) } }
                }))
            }
        }
        (part::place("resolved-questions", &html! {
            @if !resolved.is_empty() {
                (part::section("resolved", &visit.say("resolved"), &html! { @for one in &resolved { (question(visit, &notebook, *one)) } }))
            }
        }))
    };
    let screen = Screen::new(visit.say("questions"), page)
        .lede(html! { (visit.words.with("questions-lede", &[("count", open.len().into())])) });
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/questions",
        &screen,
    )))
}

fn question(visit: &Visit, notebook: &Notebook, one: Data<'_>) -> Markup {
    let id = one.text("id");
    let answer = FormView::new(visit, notebook.at(&format!("/questions/{id}/answer")));
    let resolve = FormView::new(visit, notebook.at(&format!("/questions/{id}/resolve")));
    html! {
        section class="topic" id={ "q-" (id) } aria-labelledby={ "q-" (id) "-title" } data-live {
            h3 class="prose" id={ "q-" (id) "-title" } { bdi { (one.text("text")) } }
            p class="by" { (notebook.people.name(one.get("asked_by"))) ", " (when::moment(visit, one.text("created_at"))) }
            @for given in one.list("answers") {
                div class="both" {
                    div class="markdown" { (markdown(given.text("text"))) }
                    p class="by" { (notebook.people.name(given.get("created_by"))) ", " (when::moment(visit, given.text("created_at"))) }
                }
            }
            @if notebook.may_write() && !one.is("resolved") {
                (part::fold(&visit.say("answer"), answer.went_wrong() || one.list("answers").is_empty(), &answer.wrap("stack measure", &html! {
                    (answer.area_of(&Field { name: "text", label: &visit.say("your-answer"), is_required: true, ..Field::default() }, 3))
                    p { button class="btn" type="submit" { (visit.say("answer")) } }
                })))
                (resolve.button("btn quiet small", &visit.say("mark-resolved")))
            }
            (comments::inside(visit, notebook, one))
        }
    }
}

fn back(visit: &Visit) -> String {
    format!("/n/{}/questions", visit.param("notebook"))
}

/// `POST /n/…/questions`
pub(crate) async fn ask(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let text = visit
        .form
        .given("text")
        .ok_or_else(|| missing(visit.words, &visit.say("your-question")))?;
    visit
        .ask(Request::Ask {
            notebook: visit.param("notebook"),
            text,
        })
        .await?;
    Ok(visit.done(&back(&visit), visit.say("asked")))
}

/// `POST /n/…/questions/…/answer`
pub(crate) async fn answer(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let text = visit
        .form
        .given("text")
        .ok_or_else(|| missing(visit.words, &visit.say("your-answer")))?;
    let question = visit.param("question");
    let place = format!("{}#q-{question}", back(&visit));
    visit.ask(Request::Answer { question, text }).await?;
    Ok(visit.done(&place, visit.say("answered")))
}

/// `POST /n/…/questions/…/resolve`
pub(crate) async fn resolve(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit
        .ask(Request::Resolve {
            question: visit.param("question"),
        })
        .await?;
    Ok(visit.done(&back(&visit), visit.say("resolved-done")))
}
