//! The notes of a session: one text that everybody writes in.
//!
//! They are saved by a plain form, as an edit of the text that this browser was shown, so what others wrote meanwhile
//! stays. The live editor takes the place of the form's field, and falls back to it.

use std::sync::Arc;

use hearth_node::api::{Failure, NotesRequest, Request, SessionRequest};
use maud::{Markup, html};

use super::Shown;
use crate::data::Data;
use crate::reply::Reply;
use crate::view::form::FormView;
use crate::view::markdown::markdown;
use crate::view::part;
use crate::visit::Visit;

/// The words that say who may hear of what was noted.
const SHARINGS: [&str; 3] = ["pair-only", "quotable-with-consent", "shareable"];

pub(super) fn section(shown: &Shown<'_>) -> Markup {
    let (visit, session) = (shown.visit, shown.session);
    let text = session.text("notes");
    let heads: Vec<&str> = session
        .list("notes_heads")
        .iter()
        .map(|head| head.as_text())
        .collect();
    let form = FormView::new(visit, shown.at("/notes"));
    let writes = shown.may_write() && shown.stage != "wrap";
    html! {
        // A part of its own, so that a change of the text alone does not touch the rest.
        section id="notes" aria-labelledby="notes-title" data-live {
            div class="row spread" {
                h2 id="notes-title" { (visit.say("notes")) }
                span class="small soft" { (visit.words.of("sharing", session.text("sharing"))) }
            }
            @if writes {
                (form.wrap("stack-s", &html! {
                    (form.base("base", &heads.join(" ")))
                    div class="pad" {
                        label class="sr" for="notes-text" { (visit.say("notes-label")) }
                        textarea class="notes-field" id="notes-text" name="text" rows="16" spellcheck="true"
                            data-notes=(session.text("id")) { "\n" (visit.typed(&shown.at("/notes"), "text", text)) }
                    }
                    p class="row" {
                        button class="btn" type="submit" { (visit.say("save-notes")) }
                        span class="fine" { (visit.say("notes-merge")) }
                    }
                }))
                @if !text.trim().is_empty() {
                    (part::fold(&visit.say("read-notes"), false, &html! { div class="prose markdown" { (markdown(text)) } }))
                }
            } @else if text.trim().is_empty() {
                p class="soft" { (visit.say("no-notes")) }
            } @else {
                div class="prose markdown" { (markdown(text)) }
                @if shown.may_write() { p class="small no-print" { a href={ (shown.at("")) "?stage=live#notes" } { (visit.say("write-on")) } } }
            }
            @if shown.may_write() { (sharing(shown)) }
        }
    }
}

fn sharing(shown: &Shown<'_>) -> Markup {
    let visit = shown.visit;
    let form = FormView::new(visit, shown.at("/sharing"));
    let choices: Vec<(String, String)> = SHARINGS
        .iter()
        .map(|one| ((*one).to_owned(), visit.words.of("sharing", one)))
        .collect();
    part::fold(&visit.say("who-may-hear"), form.went_wrong(), &form.wrap("row end", &html! {
        (form.select(&crate::view::form::Field { name: "sharing", label: &visit.say("who-may-hear"), value: shown.session.text("sharing"), ..Default::default() }, &choices))
        button class="btn" type="submit" { (visit.say("save")) }
    }))
}

/// `POST /n/…/sessions/…/notes`
pub(crate) async fn save(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let session = visit.param("session");
    // Not trimmed: the blanks that somebody typed are theirs.
    let text = visit.form.raw("text").replace("\r\n", "\n");
    let base: Vec<String> = visit
        .form
        .text("base")
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let answer = visit
        .ask(Request::Session(SessionRequest::Notes {
            session: session.clone(),
            notes: NotesRequest::Edit {
                base,
                text: text.clone(),
            },
        }))
        .await?;
    let kept = Data(&answer).get("session").text("notes").to_owned();
    let address = format!(
        "/n/{}/sessions/{session}?stage=live#notes",
        visit.param("notebook")
    );
    let said = match kept.trim_end() == text.trim_end() {
        true => visit.say("notes-saved"),
        false => visit.say("notes-merged"),
    };
    Ok(visit.done(&address, said))
}
