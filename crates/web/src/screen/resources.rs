//! Resources: links worth keeping, and why.

use std::sync::Arc;

use hearth_node::api::{Failure, Request, ResourceRequest};
use maud::html;

use super::{comments, files};
use crate::data::Data;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// `GET /n/…/resources`
pub(crate) async fn list(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let tags = visit.query.all("tag");
    let listed = visit
        .ask(Request::Resource(ResourceRequest::List {
            notebook: notebook.id.clone(),
            tags: tags.clone(),
            removed: false,
        }))
        .await?;
    let all = Data(&listed).list("resources");
    let form = FormView::new(visit, notebook.at("/resources"));
    let page = html! {
        (part::place("all-resources", &html! {
        @if all.is_empty() { (part::empty("eye", &visit.say("no-resource"), &visit.say("no-resource-why"), &part::template(visit, &notebook.at("/resources"), "title", "add", &visit.say("example-resource")))) }
        @else {
            section id="list" aria-label=(visit.say("resources")) data-live { h2 class="sr" { (visit.say("resources")) } ul class="lines" {
                @for one in &all {
                    li class="stack-s" id={ "r-" (one.text("id")) } {
                        h3 { @if let Some(link) = one.some("link") { (part::outer_link(link, one.text("title"))) } @else { bdi { (one.text("title")) } } }
                        (files::of_resource(visit, &notebook, *one))
                        @if let Some(why) = one.some("why") { p class="prose" { bdi { (why) } } }
                        p class="row small" {
                            @for tag in one.list("tags") { a class="badge sm" href={ (notebook.at("/resources")) "?tag=" (tag_query(tag.as_text())) } { bdi { (tag.as_text()) } } }
                            span class="by" { (notebook.people.name(one.get("created_by"))) ", " (when::day(visit, one.text("created_at"))) }
                            @if notebook.may_write() { (FormView::new(visit, notebook.at(&format!("/resources/{}/remove", one.text("id")))).button("btn quiet small", &visit.say("put-away"))) }
                        }
                        (comments::inside(visit, &notebook, *one))
                    }
                }
            } }
        }
        }))
        @if !tags.is_empty() { p { a href=(notebook.at("/resources")) { (visit.say("all-resources")) } } }
        @if notebook.may_write() {
            details id="add" open[form.went_wrong() || all.is_empty()] data-key="n" {
                summary { (visit.say("add-resource")) }
                (form.wrap("stack measure", &html! {
                    (form.text(&Field { name: "title", label: &visit.say("title"), value: &visit.query.text("title"), is_required: true, ..Field::default() }))
                    (form.text(&Field { name: "link", label: &visit.say("link"), ..Field::default() }))
                    (form.area_of(&Field { name: "why", label: &visit.say("why-it-matters"), ..Field::default() }, 2))
                    (form.text(&Field { name: "tags", label: &visit.say("tags"), hint: Some(visit.say("tags-hint")), ..Field::default() }))
                    p { button class="btn first" type="submit" { (visit.say("add-resource")) } }
                }))
            }
            (files::add_part(visit, &notebook))
        }
    };
    let screen = Screen::new(visit.say("resources"), page);
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/resources",
        &screen,
    )))
}

fn tag_query(tag: &str) -> String {
    form_urlencoded::byte_serialize(tag.as_bytes()).collect()
}

/// `POST /n/…/resources`
pub(crate) async fn add(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let form = &visit.form;
    let title = form
        .given("title")
        .ok_or_else(|| missing(visit.words, &visit.say("title")))?;
    let tags = form.text("tags");
    let tags = tags
        .split(',')
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect();
    let request = Request::Resource(ResourceRequest::Add {
        notebook: visit.param("notebook"),
        title,
        link: form.given("link"),
        why: form.given("why"),
        tags,
    });
    visit.ask(request).await?;
    Ok(visit.done(
        &format!("/n/{}/resources", visit.param("notebook")),
        visit.say("saved-here"),
    ))
}

/// `POST /n/…/resources/…/remove`
pub(crate) async fn remove(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let back = format!("/n/{}/resources", visit.param("notebook"));
    visit
        .ask(Request::Resource(ResourceRequest::Remove {
            resource: visit.param("resource"),
            undo: false,
        }))
        .await?;
    Ok(visit.done(&back, visit.say("resource-put-away")))
}
