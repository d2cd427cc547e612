//! Settings: the node's own, the page's language, the passphrase, one more browser.

use std::sync::Arc;

use hearth_node::api::{ConfigRequest, Failure, PassphraseRequest, Request, Secret};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::Reply;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::{Place, Screen, Shell, reveals};
use crate::visit::Visit;
use crate::words::Words;

/// `GET /settings`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let listed = visit.ask(Request::Config(ConfigRequest::List)).await?;
    let page = html! {
        (language(visit))
        @for one in Data(&listed).list("settings") { (setting(visit, one)) }
        (passphrase(visit, shell.status().get("protection")))
        (super::backup::section(visit, shell.status().is("recovery_kept")))
        (browsers(visit))
    };
    let screen = Screen::new(visit.say("settings"), page);
    Ok(Reply::Page(shell.of_person(
        visit,
        Place::Settings,
        &screen,
    )))
}

fn language(visit: &Visit) -> Markup {
    let form = FormView::new(visit, "/language");
    let choices: Vec<(String, String)> = Words::languages()
        .map(|(tag, name)| (tag.to_owned(), name.to_owned()))
        .collect();
    part::section("language", &visit.say("language"), &form.wrap("row end measure", &html! {
        (form.select(&Field { name: "language", label: &visit.say("language"), value: visit.words.tag(), ..Field::default() }, &choices))
        button class="btn" type="submit" { (visit.say("save")) }
    }))
}

fn setting(visit: &Visit, one: Data<'_>) -> Markup {
    let key = one.text("key");
    let id: String = key
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let form = FormView::new(visit, format!("/settings/{key}"));
    let title = visit.words.of("setting", &id);
    let about = visit.words.maybe(&format!("about-{id}"));
    let about = about.unwrap_or_else(|| one.text("about").to_owned());
    part::section(
        &id,
        &title,
        &html! {
            p class="soft measure" { (about) }
            @if let Some(said) = one.some("reveals") { p class="small measure" { (reveals(visit, one.text("value"), said)) } }
            (form.wrap("row end measure", &html! {
                (form.text(&Field { name: "value", label: &title, value: one.text("value"), ..Field::default() }))
                button class="btn" type="submit" { (visit.say("save")) }
            }))
        },
    )
}

fn passphrase(visit: &Visit, protection: Data<'_>) -> Markup {
    let form = FormView::new(visit, "/passphrase");
    let warning = protection.some("warning").map(|said| {
        let kind = match protection.text("kind") {
            "bare" => "bare",
            _ => "weak",
        };
        let own = visit.words.maybe(&format!("protection-{kind}"));
        own.unwrap_or_else(|| part::without_commands(said))
    });
    part::section(
        "passphrase",
        &visit.say("passphrase"),
        &html! {
            @if let Some(warning) = &warning { (part::notice("warn", &html! { (warning) })) }
            (form.wrap("stack measure", &html! {
                @if visit.app.locks() { (form.secret(&Field { name: "passphrase", label: &visit.say("passphrase-now"), is_required: true, ..Field::default() }, "current-password")) }
                (form.secret(&Field { name: "new", label: &visit.say("passphrase-new"), is_required: true, ..Field::default() }, "new-password"))
                (form.secret(&Field { name: "again", label: &visit.say("passphrase-again"), is_required: true, ..Field::default() }, "new-password"))
                p { button class="btn" type="submit" { (visit.say("change-passphrase")) } }
            }))
        },
    )
}

fn browsers(visit: &Visit) -> Markup {
    let form = FormView::new(visit, "/browsers");
    let leave = FormView::new(visit, "/leave");
    part::section(
        "browsers",
        &visit.say("browsers"),
        &html! {
            p class="soft measure" { (visit.say("browsers-why")) }
            (form.wrap("stack measure", &html! {
                (form.confirmation(&visit.say("browsers-sure")))
                p { button class="btn" type="submit" { (visit.say("another-browser")) } }
            }))
            (leave.button("btn", &visit.say("leave-browser")))
        },
    )
}

/// `POST /settings/{key}`
pub(crate) async fn set(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = ConfigRequest::Set {
        key: visit.param("key"),
        value: visit.form.text("value"),
    };
    visit.ask(Request::Config(request)).await?;
    Ok(visit.done("/settings", visit.say("saved-here")))
}

/// `POST /passphrase`
pub(crate) async fn change_passphrase(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let form = &visit.form;
    let new = form.raw("new");
    if new != form.raw("again") {
        return Err(Failure::usage(
            "passphrases_differ",
            visit.say("passphrases-differ"),
        ));
    }
    let current = visit
        .app
        .locks()
        .then(|| Secret::new(form.raw("passphrase").to_owned()));
    let request = PassphraseRequest::Change {
        current,
        new: Secret::new(new.to_owned()),
    };
    visit.ask(Request::Passphrase(request)).await?;
    Ok(visit.done("/settings", visit.say("passphrase-changed")))
}

/// `POST /browsers`: one more link.
pub(crate) async fn another(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let visit = visit.as_ref();
    let token = visit
        .app
        .sessions
        .make_launch()
        .map_err(|error| Failure::error("no_randomness", error))?;
    let link = format!("{}/launch?token={token}", visit.app.address.origin());
    let shell = Shell::load(visit).await?;
    let page = html! {
        section class="stack measure" aria-label=(visit.say("another-browser")) {
            p { (visit.say("link-once")) }
            label class="sr" for="link" { (visit.say("another-browser")) }
            textarea class="code" id="link" rows="3" readonly { "\n" (link) }
            p class="row" {
                button class="btn first" type="button" data-copy="link" data-copied=(visit.say("copied")) hidden { (visit.say("copy")) }
                a class="btn" href="/settings" { (visit.say("done")) }
            }
        }
    };
    let screen = Screen::new(visit.say("another-browser"), page);
    Ok(Reply::Page(shell.of_person(
        visit,
        Place::Settings,
        &screen,
    )))
}

/// `POST /leave`: this browser is let in no more.
pub(crate) async fn leave(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.app.sessions.leave(visit.standing.session);
    Ok(Reply::Whole(super::entry::not_let_in(visit.words)))
}
