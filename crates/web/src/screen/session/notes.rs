//! The notes of a session: one text that everybody writes in.
//!
//! They are saved by a plain form, as an edit of the text that this browser was shown, so what others wrote meanwhile
//! stays. With scripts, `assets/notes.js` sends each keystroke as it is typed, and shows those of others.

use std::sync::Arc;

use axum::http::StatusCode;
use hearth_node::api::{Failure, LiveRequest, NotesRequest, Request, SessionRequest, Typed};
use maud::{Markup, html};
use serde_json::json;

use super::Shown;
use crate::data::Data;
use crate::reply::{Reply, json_response, status_of};
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
    let is_live = writes && !form.went_wrong();
    html! {
        // What changes elsewhere is drawn anew part by part, and never the field that somebody writes in.
        section id="notes" aria-labelledby="notes-title" {
            div class="row spread" {
                h2 id="notes-title" { (visit.say("notes")) }
                span class="small soft" id="notes-sharing" data-live { (visit.words.of("sharing", session.text("sharing"))) }
            }
            @if writes {
                (form.wrap("stack-s", &html! {
                    (form.base("base", &heads.join(" ")))
                    (editor(shown, text, is_live))
                    p class="row" id="notes-save" {
                        button class="btn" type="submit" { (visit.say("save-notes")) }
                        span class="fine" { (visit.say("notes-merge")) }
                    }
                }))
                @if is_live { (state(shown)) }
                div id="notes-read" data-live {
                    @if !text.trim().is_empty() {
                        (part::fold(&visit.say("read-notes"), false, &html! { div class="prose markdown" { (markdown(text)) } }))
                    }
                }
            } @else {
                div id="notes-read" data-live {
                    @if text.trim().is_empty() { p class="soft" { (visit.say("no-notes")) } }
                    @else { div class="prose markdown" { (markdown(text)) } }
                }
                @if shown.may_write() && !text.trim().is_empty() {
                    p class="small no-print" { a href={ (shown.at("")) "?stage=live#notes" } { (visit.say("write-on")) } }
                }
            }
            @if shown.may_write() { (sharing(shown)) }
        }
    }
}

/// The field, with what the live editor needs around it; it stays away where what somebody typed could not be saved,
/// since that is merged as a form.
fn editor(shown: &Shown<'_>, text: &str, is_live: bool) -> Markup {
    let visit = shown.visit;
    let tools = [
        ("bold", "B"),
        ("italic", "I"),
        ("heading", "H"),
        ("list", "•"),
    ];
    html! {
        div class="pad" {
            @if is_live {
                div class="strip no-print" role="group" aria-label=(visit.say("notes-tools")) id="notes-tools" hidden {
                    @for (tool, sign) in tools {
                        button class={ "tool " (tool) } type="button" data-tool=(tool) aria-label=(visit.words.of("notes-tool", tool)) { (sign) }
                    }
                }
            }
            label class="sr" for="notes-text" { (visit.say("notes-label")) }
            div class="written" {
                textarea class="notes-field" id="notes-text" name="text" rows="16" spellcheck="true"
                    data-notes=[is_live.then(|| shown.session.text("id"))] data-notebook=[is_live.then_some(shown.notebook.id.as_str())]
                    data-type=[is_live.then(|| shown.at("/type"))]
                    { "\n" (visit.typed(&shown.at("/notes"), "text", text)) }
            }
        }
    }
}

/// What the live editor says: how far things are kept, in words that it fills in.
fn state(shown: &Shown<'_>) -> Markup {
    let visit = shown.visit;
    html! {
        p class="fine no-print" id="notes-state" hidden
            data-kept=(visit.say("notes-kept")) data-keeping=(visit.say("notes-keeping"))
            data-waits=(visit.say("notes-wait")) data-shut=(visit.say("notes-shut")) {}
        p class="sr" id="notes-said" role="status" aria-live="polite" {}
    }
}

/// Who has these notes open, which the live editor fills in: everybody is there, and shown while they are here.
pub(super) fn here(shown: &Shown<'_>) -> Markup {
    let visit = shown.visit;
    if !(shown.may_write() && shown.stage != "wrap") {
        return html! {};
    }
    html! {
        section class="no-print" id="here" aria-labelledby="here-title" data-came=(visit.say("here-too")) hidden {
            h2 id="here-title" { (visit.say("here-now")) }
            ul class="stack-s" {
                @for member in shown.notebook.people.all() {
                    li data-person=(member.person) hidden[!member.is_me] {
                        @if member.is_me { span class=(shown.notebook.people.class(&member.person)) { (visit.say("you-here")) } }
                        @else {
                            bdi class=(shown.notebook.people.class(&member.person)) { (member.name) }
                            ", " bdi data-device {} " " span class="soft" data-writing hidden { (visit.say("writing-now")) }
                        }
                    }
                }
            }
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

/// `POST /n/…/sessions/…/type`: what was typed in a window, as JSON in the field `typed`; answers as JSON. With `leave`, the
/// window of that name shows the notes no more.
pub(crate) async fn type_notes(visit: Arc<Visit>) -> Result<Reply, Failure> {
    if visit.form.has("leave") {
        let leave = Request::Live(LiveRequest::Leave {
            notebook: visit.param("notebook"),
            session: visit.param("session"),
            window: visit.form.text("leave"),
        });
        visit.ask(leave).await?;
        return Ok(Reply::Whole(json_response(StatusCode::OK, &json!({}))));
    }
    let typed: Typed = serde_json::from_str(visit.form.raw("typed"))
        .map_err(|_| Failure::usage("typed_invalid", "What was typed cannot be read."))?;
    // Where it goes is what the address says, and nothing else.
    let request = Request::Live(LiveRequest::Type(Typed {
        notebook: visit.param("notebook"),
        session: visit.param("session"),
        ..typed
    }));
    let response = match visit.ask(request).await {
        Ok(answer) => json_response(StatusCode::OK, &answer),
        Err(failure) => {
            let told = json!({ "code": failure.code, "message": failure.message });
            json_response(status_of(&failure), &told)
        }
    };
    Ok(Reply::Whole(response))
}
