//! Create or join: a notebook of one's own, or one that somebody invited to.

use std::sync::Arc;

use hearth_node::api::{Failure, NotebookRequest, Request};
use maud::html;

use super::people::ROLES;
use super::today::words_wait;
use crate::data::Data;
use crate::limits::PAIRING_TIMEOUT_MS;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::{Place, Screen, Shell, reveals};
use crate::visit::Visit;

/// The forms of notebooks.
pub(crate) const FORMS: [&str; 3] = ["one-on-one", "group", "peer"];

/// `GET /begin`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let create = FormView::new(visit, "/begin/create");
    let join = FormView::new(visit, "/begin/join");
    let forms: Vec<(String, String)> = FORMS
        .iter()
        .map(|one| ((*one).to_owned(), visit.words.of("form", one)))
        .collect();
    let mut roles = vec![(String::new(), visit.say("usual-role"))];
    roles.extend(
        ROLES
            .iter()
            .take(3)
            .map(|one| ((*one).to_owned(), visit.words.of("role", one))),
    );
    let page = html! {
        div class="two" {
            section class="card stack" aria-labelledby="create-title" {
                h2 id="create-title" { (visit.say("start-notebook")) }
                p class="hint" { (visit.say("start-notebook-why")) }
                (create.wrap("stack", &html! {
                    (create.text(&Field { name: "title", label: &visit.say("notebook-title"), is_required: true, hint: Some(visit.say("notebook-title-hint")), ..Field::default() }))
                    (create.select(&Field { name: "form", label: &visit.say("who-is-it-for"), ..Field::default() }, &forms))
                    (create.select(&Field { name: "role", label: &visit.say("you-are-its"), ..Field::default() }, &roles))
                    p { button class="btn first" type="submit" { (visit.say("create-notebook")) } }
                }))
            }
            section class="card stack" aria-labelledby="join-title" {
                h2 id="join-title" { (visit.say("join-notebook")) }
                p class="hint" { (visit.say("join-notebook-why")) }
                (join.wrap("stack", &html! {
                    (join.area_of(&Field { name: "ticket", label: &visit.say("invitation"), hint: Some(visit.say("invitation-hint")), is_required: true, ..Field::default() }, 5))
                    p { label class="sr" for="ticket-from" { (visit.say("invitation-file")) } input type="file" id="ticket-from" data-into=(join.id("ticket")) hidden; }
                    p { button class="btn" type="submit" { (visit.say("join-notebook")) } }
                    p class="fine" { (visit.say("join-waits")) }
                }))
            }
        }
    };
    let example = FormView::new(visit, "/begin/example");
    let page = html! {
        (page)
        section class="measure stack-s" aria-labelledby="example-title" {
            h2 id="example-title" { (visit.say("way-example")) }
            p class="soft" { (visit.say("example-why")) }
            (example.button("btn", &visit.say("example-add")))
        }
    };
    let network = shell.status().get("node");
    let network_facts = html! {
        p { (visit.words.with("chosen-network", &[("network", visit.words.of("network", crate::view::shell::network_word(network.text("network"))).into())])) }
        p { (reveals(visit, network.text("network"), network.text("reveals"))) }
        p { a href="/settings#network" { (visit.say("change")) } }
    };
    let screen = Screen::new(visit.say("create-or-join"), page)
        .head(words_wait(shell.status(), visit))
        .margin(part::section(
            "reveals",
            &visit.say("what-it-reveals"),
            &network_facts,
        ));
    Ok(Reply::Page(shell.of_person(visit, Place::Begin, &screen)))
}

/// `POST /begin/create`
pub(crate) async fn create(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let form = &visit.form;
    let title = form
        .given("title")
        .ok_or_else(|| missing(visit.words, &visit.say("notebook-title")))?;
    let made = visit
        .ask(Request::Notebook(NotebookRequest::Create {
            title,
            form: form.text("form"),
            role: form.given("role"),
            template: None,
        }))
        .await?;
    let id = Data(&made).get("notebook").text("id").to_owned();
    Ok(visit.done(&format!("/n/{id}"), visit.say("notebook-created")))
}

/// `POST /begin/join`
pub(crate) async fn join(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let ticket: String = visit.form.raw("ticket").split_whitespace().collect();
    if ticket.is_empty() {
        return Err(missing(visit.words, &visit.say("invitation")));
    }
    let joined = visit
        .ask(Request::Join {
            ticket,
            timeout_ms: PAIRING_TIMEOUT_MS,
        })
        .await?;
    let notebook = Data(&joined).get("notebook");
    let id = notebook.text("id").to_owned();
    Ok(visit.done(&format!("/n/{id}/people"), visit.say("joined-compare")))
}
