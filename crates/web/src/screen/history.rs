//! Who changed what, when, on which device, and going back; and fields that two people wrote at once.

use std::sync::Arc;

use hearth_node::api::{ConflictRequest, Failure, Request};
use maud::{Markup, html};

use super::search::address_of;
use crate::data::Data;
use crate::limits::CHANGES_MAX;
use crate::reply::Reply;
use crate::view::form::FormView;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::view::told;
use crate::visit::Visit;
use crate::when;

/// `GET /n/…/history`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let object = Some(visit.query.text("object")).filter(|id| !id.is_empty());
    let log = visit
        .ask(Request::Log {
            notebook: notebook.id.clone(),
            object: object.clone(),
            limit: CHANGES_MAX,
            from: visit.query.given("from"),
        })
        .await?;
    let conflicts = visit
        .ask(Request::Conflict(ConflictRequest::List {
            notebook: notebook.id.clone(),
        }))
        .await?;
    let disputed = Data(&conflicts).list("conflicts").len();
    let changes = Data(&log).list("changes");
    let mut day = String::new();
    let page = html! {
        @if disputed > 0 {
            (part::notice("warn", &html! {
                (visit.words.with("disputed-count", &[("count", disputed.into())])) " "
                a href=(notebook.at("/conflicts")) { (visit.say("choose-between")) }
            }))
        }
        @if visit.query.has("from") { p class="small" { a href=(older(&notebook, object.as_deref(), "")) { (visit.say("newest-changes")) } } }
        @if object.is_some() { p { a href=(notebook.at("/history")) { (visit.say("whole-history")) } } }
        section id="changes" aria-label=(visit.say("history")) data-live {
            ul class="lines" {
                @for change in &changes {
                    @let this_day = when::day(visit, change.text("at"));
                    @if this_day != day { li { strong { (this_day) } } ({ day = this_day; html! {} }) }
                    li class="stack-s" { (line(visit, &notebook, *change, object.as_deref())) }
                }
            }
            @if let Some(next) = Data(&log).some("next") { p { a href=(older(&notebook, object.as_deref(), next)) { (visit.say("older-changes")) } } }
            @else if Data(&log).is("more") { p class="soft" { (visit.say("older-not-shown")) } }
        }
    };
    let screen = Screen::new(visit.say("history"), page)
        .lede(html! { (visit.say("history-lede")) })
        .margin(part::section(
            "going-back",
            &visit.say("going-back"),
            &html! { p { (visit.say("going-back-why")) } },
        ));
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/history", &screen),
    ))
}

/// The address of a part of the history: where it begins, or at the newest change where that is empty.
fn older(notebook: &Notebook, object: Option<&str>, from: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(object) = object {
        query.append_pair("object", object);
    }
    if !from.is_empty() {
        query.append_pair("from", from);
    }
    match query.finish() {
        query if query.is_empty() => notebook.at("/history"),
        query => notebook.at(&format!("/history?{query}")),
    }
}

fn line(visit: &Visit, notebook: &Notebook, change: Data<'_>, object: Option<&str>) -> Markup {
    let id = change.text("object_id");
    let kind = change.text("kind");
    let restore = FormView::new(
        visit,
        notebook.at(&format!("/history/{id}/{}", change.text("change"))),
    );
    html! {
        div class="row spread" {
            span {
                (notebook.people.name(change)) @for other in change.list("also") { ", " (notebook.people.name(other)) } " " bdi { (told::change(visit, kind, change.get("told"), change.text("what"))) } ": "
                @if id.is_empty() { bdi { (change.text("title")) } }
                @else { a href=(address_of(&notebook.id, kind, id, None)) { bdi { (told::title(visit, kind, change.text("title"))) } } }
                " " (part::badge(&visit.words.of("object", kind)))
            }
            span class="small soft" { (when::moment(visit, change.text("at"))) ", " bdi { (change.text("device")) } }
        }
        @if !id.is_empty() {
            p class="row small no-print" {
                @if object.is_none() { a href={ (notebook.at("/history")) "?object=" (id) } { (visit.say("its-history")) } }
                @if object.is_some() && notebook.may_write() { (restore.button("btn small", &visit.say("restore-this"))) }
            }
        }
    }
}

/// `POST /n/…/history/{object}/{change}`
pub(crate) async fn restore(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let object = visit.param("object");
    let back = format!("/n/{}/history?object={object}", visit.param("notebook"));
    visit
        .ask(Request::Restore {
            object,
            at: visit.param("change"),
        })
        .await?;
    Ok(visit.done(&back, visit.say("restored")))
}

/// `GET /n/…/conflicts`
pub(crate) async fn conflicts(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let listed = visit
        .ask(Request::Conflict(ConflictRequest::List {
            notebook: notebook.id.clone(),
        }))
        .await?;
    let all = Data(&listed).list("conflicts");
    let page = html! {
        @if all.is_empty() { p class="soft" { (visit.say("no-conflict")) } }
        @for one in &all {
            @let (kind, field) = (one.text("kind"), one.text("field"));
            @let title = told::title(visit, kind, one.text("title"));
            @let name = told::field(visit, field);
            section class="topic" aria-label={ (title) ", " (name) } {
                h3 { bdi { (title) } ", " bdi { (name) } }
                div class="cols" {
                    @for value in one.list("values") {
                        @let form = FormView::new(visit, notebook.at("/conflicts"));
                        div class="answer stack-s" {
                            span class="who" { (notebook.people.name(value.get("by"))) ", " (when::moment(visit, value.text("at"))) ", " bdi { (value.get("by").text("device")) } }
                            p class="prose" { bdi { (told::value(visit, kind, field, value.text("shown"))) } }
                            @if value.is("shows") { p class="fine" { (visit.say("shown-now")) } }
                            @if notebook.may_write() {
                                (form.wrap("act", &html! {
                                    (FormView::hidden("conflict", one.text("id"))) (FormView::hidden("nth", &value.count("nth").to_string()))
                                    button class="btn small" type="submit" { (visit.say("choose-this")) }
                                }))
                            }
                        }
                    }
                }
            }
        }
    };
    let screen =
        Screen::new(visit.say("conflicts"), page).lede(html! { (visit.say("conflicts-lede")) });
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/history", &screen),
    ))
}

/// `POST /n/…/conflicts`
pub(crate) async fn choose(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let back = format!("/n/{}/conflicts", visit.param("notebook"));
    let request = ConflictRequest::Choose {
        conflict: visit.form.text("conflict"),
        value: None,
        nth: visit.form.text("nth").parse().ok(),
    };
    visit.ask(Request::Conflict(request)).await?;
    Ok(visit.done(&back, visit.say("chosen")))
}
