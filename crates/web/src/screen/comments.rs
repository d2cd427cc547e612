//! Comments below any object.

use std::sync::Arc;

use hearth_node::api::{Failure, Request};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::{Reply, own_address};
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::Notebook;
use crate::visit::Visit;
use crate::when;

/// The comments on an object, and the form for one more.
pub(crate) fn section(visit: &Visit, notebook: &Notebook, object: Data<'_>) -> Markup {
    part::section(
        "comments",
        &visit.say("comments"),
        &inside(visit, notebook, object),
    )
}

/// The comments on one of several objects.
pub(crate) fn inside(visit: &Visit, notebook: &Notebook, object: Data<'_>) -> Markup {
    drawn(visit, object, notebook.may_write(), |who| {
        notebook.people.name(who)
    })
}

/// The comments on an entry of the reader's own journal, where all are the reader's.
pub(crate) fn own(visit: &Visit, entry: Data<'_>) -> Markup {
    drawn(
        visit,
        entry,
        true,
        |who| html! { bdi { (who.text("name")) } },
    )
}

fn drawn(
    visit: &Visit,
    object: Data<'_>,
    may_write: bool,
    name: impl Fn(Data<'_>) -> Markup,
) -> Markup {
    let form = FormView::new(visit, format!("/objects/{}/comments", object.text("id")));
    html! {
        @for comment in object.list("comments") {
            blockquote class="stack-s" {
                p class="prose" { bdi { (comment.text("text")) } }
                p class="by" { (name(comment.get("created_by"))) ", " (when::moment(visit, comment.text("created_at"))) }
            }
        }
        @if may_write && !object.text("id").is_empty() {
            (part::fold(&visit.say("add-comment"), form.went_wrong(), &form.wrap("stack measure", &html! {
                (form.area_of(&Field { name: "text", label: &visit.say("comment"), is_required: true, ..Field::default() }, 2))
                p { button class="btn small" type="submit" { (visit.say("add-comment")) } }
            })))
        }
    }
}

/// `POST /objects/…/comments`
pub(crate) async fn add(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let text = visit
        .form
        .given("text")
        .ok_or_else(|| missing(visit.words, &visit.say("comment")))?;
    visit
        .ask(Request::Comment {
            object: visit.param("object"),
            text,
        })
        .await?;
    Ok(visit.done(
        &own_address(visit.form.raw("back")),
        visit.say("comment-added"),
    ))
}
