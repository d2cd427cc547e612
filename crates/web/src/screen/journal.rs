//! The journal: what only the reader's own devices hold, until it is copied into a notebook on purpose.

use std::sync::Arc;

use hearth_node::api::{Failure, JournalRequest, Request};
use maud::html;

use crate::data::Data;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::markdown::markdown;
use crate::view::part;
use crate::view::shell::{Notebook, Place, Screen, Shell};
use crate::visit::Visit;
use crate::when;

fn notebooks(visit: &Visit, shell: &Shell, none: &str) -> Vec<(String, String)> {
    let mut choices = vec![(String::new(), visit.say(none))];
    for one in shell.notebooks() {
        choices.push((one.text("id").to_owned(), one.text("title").to_owned()));
    }
    choices
}

/// `GET /journal`
pub(crate) async fn list(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let listed = visit
        .ask(Request::Journal(JournalRequest::List { about: None }))
        .await?;
    let mut entries = Data(&listed).list("entries");
    entries.reverse();
    let form = FormView::new(visit, "/journal");
    let choices = notebooks(visit, &shell, "about-nothing");
    let page = html! {
        section id="new" aria-label=(visit.say("new-entry")) {
            (form.wrap("stack measure", &html! {
                (form.area(&Field { name: "text", label: &visit.say("new-entry"), value: &visit.query.text("text"), is_required: true, ..Field::default() }))
                (form.select(&Field { name: "about", label: &visit.say("about"), ..Field::default() }, &choices))
                p { button class="btn first" type="submit" { (visit.say("keep-in-journal")) } }
            }))
        }
        (part::place("all-entries", &html! {
        @if entries.is_empty() { (part::empty("lock", &visit.say("journal-empty"), &visit.say("journal-why"), &part::template(visit, "/journal", "text", "new", &visit.say("example-entry")))) }
        @else {
            section id="entries" aria-label=(visit.say("entries")) data-live { ul class="lines" {
                @for one in &entries {
                    li class="stack-s" id={ "e-" (one.text("id")) } {
                        p class="by" {
                            (when::moment(visit, one.text("created_at")))
                            @if let Some(about) = one.get("about").some("title") { ", " bdi { (about) } }
                        }
                        div class="prose markdown" { (markdown(one.text("text"))) }
                        (super::comments::own(visit, *one))
                        p class="small no-print" { a href={ "/journal/" (one.text("id")) "/share" } { (visit.say("copy-into-notebook")) } }
                    }
                }
            } }
        }
        }))
    };
    let screen = Screen::new(visit.say("journal"), page)
        .head(html! { p { (part::private_badge(&visit.say("private"))) } })
        .lede(html! { (visit.say("journal-lede")) });
    Ok(Reply::Page(shell.of_person(visit, Place::Journal, &screen)))
}

/// `POST /journal`
pub(crate) async fn add(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let text = visit
        .form
        .given("text")
        .ok_or_else(|| missing(visit.words, &visit.say("new-entry")))?;
    visit
        .ask(Request::Journal(JournalRequest::Add {
            text,
            about: visit.form.given("about"),
            session: None,
        }))
        .await?;
    Ok(visit.done("/journal", visit.say("kept-in-journal")))
}

/// `GET /journal/…/share`: who would read it, before anybody does.
pub(crate) async fn share_form(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let entry = visit.param("entry");
    let wanted = visit.query.text("notebook");
    let shown = visit
        .ask(Request::Journal(JournalRequest::Show {
            entry: entry.clone(),
        }))
        .await?;
    let text = Data(&shown).get("entry").text("text").to_owned();
    let choices: Vec<(String, String)> = notebooks(visit, &shell, "choose-notebook");
    let body = match wanted.is_empty() {
        true => html! {
            form class="row end measure" method="get" {
                div class="field" {
                    label for="notebook" { (visit.say("into-which")) }
                    select id="notebook" name="notebook" { @for (id, title) in &choices { option value=(id) { (title) } } }
                }
                button class="btn" type="submit" { (visit.say("see-who-reads")) }
            }
        },
        false => {
            let notebook = Notebook::load_of(visit, wanted).await?;
            let form = FormView::new(visit, format!("/journal/{entry}/share"));
            let readers = Data(&notebook.readers).list("readers");
            html! {
                p { (visit.words.with("share-into", &[("notebook", notebook.title().into())])) }
                ul { @for reader in &readers { li { bdi { (reader.text("name")) } } } }
                (form.wrap("stack", &html! {
                    (FormView::hidden("notebook", &notebook.id))
                    p class="row" { button class="btn first" type="submit" { (visit.say("copy-into-notebook")) } a class="btn quiet" href="/journal" { (visit.say("not-now")) } }
                }))
            }
        }
    };
    let page = html! {
        section class="aside-note private prose markdown measure" { (markdown(&text)) }
        section class="stack measure" aria-label=(visit.say("copy-into-notebook")) { (body) }
    };
    let screen = Screen::new(visit.say("copy-into-notebook"), page)
        .lede(html! { (visit.say("share-lede")) });
    Ok(Reply::Page(shell.of_person(visit, Place::Journal, &screen)))
}

/// `POST /journal/…/share`
pub(crate) async fn share(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.form.text("notebook");
    visit
        .ask(Request::Journal(JournalRequest::Share {
            entry: visit.param("entry"),
            notebook,
        }))
        .await?;
    Ok(visit.done("/journal", visit.say("shared-done")))
}
