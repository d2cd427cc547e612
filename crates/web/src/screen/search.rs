//! Search over the notebooks of the reader.

use std::sync::Arc;

use hearth_node::api::{Failure, Request};
use maud::html;

use crate::data::Data;
use crate::limits::ROWS_MAX;
use crate::reply::Reply;
use crate::view::part;
use crate::view::shell::{Place, Screen, Shell};
use crate::visit::Visit;

/// Returns where an object of a notebook is shown.
pub(crate) fn address_of(notebook: &str, kind: &str, id: &str, parent: Option<&str>) -> String {
    let part = match (kind, parent) {
        ("goal", _) => format!("/goals/{id}"),
        ("session", _) => format!("/sessions/{id}"),
        ("milestone" | "progress" | "key_result", Some(goal)) => format!("/goals/{goal}"),
        ("agenda" | "decision" | "insight" | "learned" | "mood", Some(session)) => {
            format!("/sessions/{session}")
        }
        ("question", _) => format!("/questions#q-{id}"),
        ("answer", Some(question)) => format!("/questions#q-{question}"),
        ("agreement", _) => "/agreement".to_owned(),
        ("feedback" | "exchange", _) => "/feedback".to_owned(),
        ("skill" | "rating" | "evidence" | "endorsement", _) => "/skills".to_owned(),
        ("resource", _) => format!("/resources#r-{id}"),
        _ => format!("/history?object={id}"),
    };
    format!("/n/{notebook}{part}")
}

/// `GET /search`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let text = visit.query.text("q");
    let notebook = Some(visit.query.text("in")).filter(|id| !id.is_empty());
    let found = match text.is_empty() {
        true => serde_json::Value::Null,
        false => {
            visit
                .ask(Request::Search {
                    text: text.clone(),
                    notebook: notebook.clone(),
                    limit: ROWS_MAX,
                })
                .await?
        }
    };
    let hits = Data(&found).list("hits");
    let page = html! {
        form class="row end measure" method="get" action="/search" role="search" {
            div class="field" {
                label for="q" { (visit.say("search-for")) }
                input type="search" id="q" name="q" value=(text) autofocus;
            }
            div class="field short" {
                label for="in" { (visit.say("in")) }
                select id="in" name="in" {
                    option value="" { (visit.say("everywhere")) }
                    @for one in shell.notebooks() { option value=(one.text("id")) selected[notebook.as_deref() == Some(one.text("id"))] { (one.text("title")) } }
                }
            }
            button class="btn first" type="submit" { (visit.say("search")) }
        }
        @if !text.is_empty() {
            section aria-label=(visit.say("hits")) {
                p role="status" class="soft" { (visit.words.with("hits-count", &[("count", hits.len().into())])) }
                @for one in Data(&found).list("not_searched") {
                    p class="soft" { (visit.words.with("not-searched", &[("notebook", one.text("title").into())])) }
                }
                ul class="lines" {
                    @for hit in &hits {
                        @let at = hit.get("notebook");
                        @let address = address_of(at.text("id"), hit.text("kind"), hit.text("id"), hit.some("parent"));
                        li class="stack-s" {
                            div class="row spread" {
                                h3 { a href=(address) { bdi { @if let Some(title) = hit.some("title") { (title) } @else { (hit.text("kind")) } } } }
                                (part::badge(&visit.words.of("object", hit.text("kind"))))
                            }
                            p { bdi { (hit.text("snippet")) } }
                            p class="small soft" { bdi { (at.text("title")) } }
                        }
                    }
                }
            }
        }
    };
    let screen = Screen::new(visit.say("search"), page);
    Ok(Reply::Page(shell.of_person(visit, Place::Search, &screen)))
}
