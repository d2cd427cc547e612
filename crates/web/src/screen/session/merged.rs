//! What came to the notes from devices that had been away: a line beside the notes until somebody has looked at it, and
//! a screen that shows what each device wrote.

use std::sync::Arc;

use hearth_node::api::{Failure, LiveRequest, Request, SessionRequest};
use maud::{Markup, html};
use serde_json::Value;

use crate::data::Data;
use crate::reply::Reply;
use crate::view::form::FormView;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

async fn read(
    visit: &Visit,
    notebook: &Notebook,
    session: &str,
    differences: bool,
) -> Result<Value, Failure> {
    let request = Request::Live(LiveRequest::Merged {
        notebook: notebook.id.clone(),
        session: session.to_owned(),
        differences,
    });
    visit.ask(request).await
}

/// How many edits came, and whose they are.
fn whose(visit: &Visit, notebook: &Notebook, one: Data<'_>) -> Markup {
    html! {
        (visit.words.with("merged-edits", &[("count", one.count("edits").into())])) " "
        (notebook.people.name(one))
    }
}

/// When it was written, and on which device.
fn written(visit: &Visit, one: Data<'_>) -> Markup {
    html! { (when::moment(visit, one.text("to"))) ", " bdi { (one.text("device")) } }
}

/// The line beside the notes.
pub(super) async fn line(visit: &Visit, notebook: &Notebook, session: Data<'_>) -> Markup {
    let id = session.text("id");
    let answer = read(visit, notebook, id, false).await.unwrap_or_default();
    let merged = Data(&answer).list("merged");
    let review = notebook.at(&format!("/sessions/{id}/merged"));
    part::place(
        "merged",
        &html! {
            @if !merged.is_empty() {
                section class="no-print" aria-labelledby="merged-title" {
                    h2 id="merged-title" { (visit.say("merged")) }
                    ul class="stack-s" {
                        @for one in &merged {
                            li {
                                (whose(visit, notebook, *one)) ": "
                                a href=(review) { (visit.say("merged-review")) }
                                br;
                                span class="soft" { (written(visit, *one)) }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// `GET /n/…/sessions/…/merged`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let answer = visit
        .ask(Request::Session(SessionRequest::Show {
            session: visit.param("session"),
        }))
        .await?;
    notebook.holds(visit, Data(&answer))?;
    let session = Data(&answer).get("session");
    let id = session.text("id");
    let back = notebook.at(&format!("/sessions/{id}"));
    let answer = read(visit, &notebook, id, true).await?;
    let merged = Data(&answer).list("merged");
    let newest = merged.iter().map(|one| one.text("came")).max();
    let form = FormView::new(visit, format!("{back}/merged"));
    let page = html! {
        @for (at, one) in merged.iter().enumerate() {
            section class="topic" aria-labelledby={ "merged-" (at) } {
                h2 id={ "merged-" (at) } { (whose(visit, &notebook, *one)) }
                p class="small soft" { (written(visit, *one)) }
                (pieces(visit, *one))
            }
        }
        @match newest {
            None => { p class="soft" { (visit.say("merged-none")) } }
            Some(newest) => {
                (form.wrap("row", &html! {
                    (FormView::hidden("until", newest))
                    button class="btn first" type="submit" { (visit.say("merged-seen")) }
                }))
            }
        }
        p class="small" {
            a href=(back) { (visit.say("merged-back")) } " · "
            a href={ (notebook.at("/history")) "?object=" (id) } { (visit.say("its-history")) }
        }
    };
    let screen = Screen::new(session.text("title"), page)
        .lede(html! { (visit.say("merged-lede")) })
        .margin(part::how_to_read_changes(visit, &html! {}));
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/sessions",
        &screen,
    )))
}

/// What one device wrote, beside what it had before.
fn pieces(visit: &Visit, one: Data<'_>) -> Markup {
    let pieces = one.list("pieces");
    let is_changed = pieces.iter().any(|piece| piece.text("kind") != "same");
    html! {
        @if is_changed {
            div class="prose changes" {
                @for piece in &pieces {
                    @match piece.text("kind") {
                        "new" => { ins { (piece.text("text")) } }
                        "gone" => { del { (piece.text("text")) } }
                        _ => { (piece.text("text")) }
                    }
                }
            }
        } @else { p { (visit.say("merged-elsewhere")) } }
    }
}

/// `POST /n/…/sessions/…/merged`: it was looked at.
pub(crate) async fn reviewed(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let (notebook, session) = (visit.param("notebook"), visit.param("session"));
    let address = format!("/n/{notebook}/sessions/{session}");
    visit
        .ask(Request::Live(LiveRequest::Reviewed {
            notebook: notebook.clone(),
            session,
            until: visit.form.text("until"),
        }))
        .await?;
    // No entry tells the other windows of this.
    visit.app.windows.tell(&notebook);
    Ok(visit.done(&address, visit.say("merged-was-seen")))
}
