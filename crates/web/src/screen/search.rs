//! Search over the notebooks of the reader.

use std::sync::Arc;

use hearth_node::api::{Failure, Request};
use maud::{Markup, html};

use crate::data::Data;
use crate::limits::ROWS_MAX;
use crate::reply::Reply;
use crate::view::part;
use crate::view::shell::{Place, Screen, Shell};
use crate::view::told;
use crate::visit::Visit;

/// Returns where an object of a notebook is shown.
pub(crate) fn address_of(notebook: &str, kind: &str, id: &str, parent: Option<&str>) -> String {
    if kind == "entry" {
        return format!("/journal#e-{id}");
    }
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

/// The name to which the journal answers.
const JOURNAL: &str = "journal";

/// A snippet, with the words that were looked for.
fn marked(hit: &Data<'_>) -> Markup {
    let snippet: Vec<char> = hit.text("snippet").chars().collect();
    let part = |from: usize, to: usize| -> String {
        let to = to.min(snippet.len());
        snippet
            .get(from.min(to)..to)
            .unwrap_or_default()
            .iter()
            .collect()
    };
    let number = |value: Option<&serde_json::Value>| usize::try_from(value?.as_u64()?).ok();
    let marks = hit.list("marks");
    let marks = marks
        .iter()
        .filter_map(|mark| Some((number(mark.0.get(0))?, number(mark.0.get(1))?)));
    let mut done = 0;
    let mut parts = Vec::new();
    for (from, to) in marks {
        parts.push((part(done, from), part(from, to)));
        done = to;
    }
    html! {
        @for (before, word) in &parts { (before) mark { (word) } }
        (part(done, usize::MAX))
    }
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
                    // The journal is looked through only where somebody asks for it.
                    option value=(JOURNAL) selected[notebook.as_deref() == Some(JOURNAL)] { (visit.say("journal")) }
                    @for one in shell.notebooks() { option value=(one.text("id")) selected[notebook.as_deref() == Some(one.text("id"))] { (one.text("title")) } }
                }
            }
            button class="btn first" type="submit" { (visit.say("search")) }
        }
        @if !text.is_empty() {
            section aria-label=(visit.say("hits")) {
                h2 class="sr" { (visit.say("hits")) }
                p role="status" class="soft" { (visit.words.with("hits-count", &[("count", hits.len().into())])) }
                @for one in Data(&found).list("not_searched") {
                    p class="soft" { (visit.words.with("not-searched", &[("notebook", one.text("title").into())])) }
                }
                ul class="lines" {
                    @for hit in &hits {
                        @let at = hit.get("notebook");
                        @let address = match notebook.as_deref() {
                            Some(JOURNAL) => format!("/journal#e-{}", hit.text("id")),
                            _ => address_of(at.text("id"), hit.text("kind"), hit.text("id"), hit.some("parent")),
                        };
                        li class="stack-s" {
                            div class="row spread" {
                                h3 { a href=(address) { bdi { (told::title(visit, hit.text("kind"), hit.text("title"))) } } }
                                (part::badge(&visit.words.of("object", hit.text("kind"))))
                            }
                            p { bdi { (marked(hit)) } }
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
