//! What each version of the agreement changed, beside the one before it.

use std::sync::Arc;

use hearth_node::api::{AgreementRequest, Failure, Request};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::Reply;
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// `GET /n/…/agreement/versions`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let log = visit
        .ask(Request::Agreement(AgreementRequest::Log {
            notebook: notebook.id.clone(),
        }))
        .await?;
    let versions = Data(&log).list("versions");
    let page = html! {
        @if versions.is_empty() {
            (part::empty("pen", &visit.say("no-version"), &visit.say("no-version-why"), &html! {
                a class="btn first" href=(notebook.at("/agreement")) { (visit.say("read-agreement")) }
            }))
        }
        @for version in versions.iter().rev() { (version_view(visit, &notebook, *version)) }
    };
    let screen = Screen::new(visit.say("versions"), page)
        .lede(html! { (visit.say("versions-lede")) })
        .margin(part::how_to_read_changes(
            visit,
            &html! { p { (visit.say("signed-headings")) } },
        ));
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/agreement",
        &screen,
    )))
}

/// A text beside the one before it.
fn beside(one: Data<'_>) -> Markup {
    let changes = one.list("changes");
    html! {
        @if changes.is_empty() { (one.text("text")) }
        @for piece in &changes {
            @match piece.text("kind") {
                "new" => { ins { (piece.text("text")) } }
                "gone" => { del { (piece.text("text")) } }
                _ => { (piece.text("text")) }
            }
        }
    }
}

fn version_view(visit: &Visit, notebook: &Notebook, version: Data<'_>) -> Markup {
    let number = version.count("number");
    let id = format!("version-{number}");
    let signers = version.list("signatures");
    html! {
        section class="topic" id=(id) aria-labelledby={ (id) "-title" } {
            div class="row spread" {
                h2 id={ (id) "-title" } { (visit.words.with("version-number", &[("number", number.into())])) }
                span class="row" {
                    @if version.is("in_force") { span class="badge sm" { (icon("done")) (visit.say("in-force")) } }
                    @if version.is("current") { (part::badge(&visit.say("text-of-now"))) }
                }
            }
            p class="small soft" {
                @if let Some(at) = version.some("created_at") { (when::day(visit, at)) ", " }
                @if signers.is_empty() { (visit.say("nobody-signed")) }
                @else { (visit.say("signed-by")) " " (notebook.people.names(&signers)) }
            }
            div class="prose changes" {
                @for topic in version.list("topics") {
                    h3 { (visit.words.maybe(&format!("topic-{}", topic.text("topic"))).unwrap_or_else(|| topic.text("title").to_owned())) }
                    p { (beside(topic)) }
                }
                // Words that stand below no topic: another program wrote them.
                @if version.list("topics").is_empty() { p { (beside(version)) } }
            }
            p class="fine hash" { (part::hash(version.text("text_hash"))) }
        }
    }
}
