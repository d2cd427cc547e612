//! Bundles: what somebody lacks as a sealed file, made for them and taken in, where no network leads.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use data_encoding::BASE64;
use futures_util::stream;
use hearth_node::api::{BundleRequest, Failure, Request};
use maud::{Markup, html};
use serde_json::json;

use crate::data::Data;
use crate::engine::Engine;
use crate::reply::{Reply, json_response};
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::Notebook;
use crate::visit::Visit;
use crate::when;

/// What stands for everybody in the list of whom a bundle is for.
const EVERYBODY: &str = "all";
/// Where a bundle is taken in, and where what went wrong with it is said.
const TAKE: &str = "/bundle";

/// Draws where one is made, on the screen of what leaves a notebook.
pub(super) fn make_section(visit: &Visit, notebook: &Notebook) -> Markup {
    let make = FormView::new(visit, notebook.at("/bundle"));
    let mut people: Vec<(String, String)> = notebook
        .people
        .others()
        .map(|member| (member.person.clone(), member.name.clone()))
        .collect();
    let is_alone = people.is_empty();
    if people.len() > 1 {
        people.push((EVERYBODY.to_owned(), visit.say("bundle-everybody")));
    }
    if let Some(me) = notebook.people.me() {
        people.push((me.person.clone(), visit.say("bundle-own-devices")));
    }
    part::section(
        "bundle",
        &visit.say("bundle-make"),
        &html! {
            p class="soft measure" { (visit.say("bundle-make-why")) }
            @if is_alone { p class="soft measure" { (visit.say("bundle-alone")) } }
            (make.wrap("stack measure", &html! {
                (make.select(&Field { name: "person", label: &visit.say("bundle-for"), ..Field::default() }, &people))
                label class="choice" for=(make.id("full")) {
                    input type="checkbox" id=(make.id("full")) name="full" value="yes";
                    span { (visit.say("bundle-full")) }
                }
                (make.confirmation(&visit.say("bundle-sure")))
                p { button class="btn" type="submit" { (visit.say("bundle-make")) } }
            }))
            p class="small" { a href="/sync#take-bundle" { (visit.say("bundle-take-link")) } }
        },
    )
}

/// Draws where one is taken in: a script hands it over in pieces, so that neither side holds all of it. The script
/// changes the form, so it is no part that is put in place anew: nothing that happens elsewhere shows in it.
pub(super) fn take_section(visit: &Visit) -> Markup {
    let take = FormView::new(visit, TAKE);
    html! {
        section id="take-bundle" aria-labelledby="take-bundle-title" {
            h2 id="take-bundle-title" { (visit.say("bundle-take")) }
            p class="soft measure" { (visit.say("bundle-take-why")) }
            noscript { p class="soft measure" { (visit.say("bundle-needs-script")) } }
            (take.wrap("stack measure", &html! {
                div class="field" {
                    label for=(take.id("file")) { (visit.say("bundle-file")) }
                    input type="file" id=(take.id("file")) required data-carry=(visit.say("bundle-part")) disabled;
                }
                p role="status" class="small soft" {}
                p { button class="btn" type="submit" disabled { (visit.say("bundle-take")) } }
            }))
        }
    }
}

/// `POST /n/…/bundle`: the file, as it is made.
pub(crate) async fn make(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let person = visit
        .form
        .given("person")
        .ok_or_else(|| missing(visit.words, &visit.say("bundle-for")))?;
    let notebook = Notebook::load(&visit).await?;
    let named = notebook
        .people
        .all()
        .iter()
        .find(|one| one.person == person);
    let name = named.map_or_else(|| notebook.title().to_owned(), |one| one.name.clone());
    let begun = visit
        .ask(Request::Bundle(BundleRequest::Create {
            notebook: notebook.id.clone(),
            person: (person != EVERYBODY).then_some(person),
            full: visit.form.has("full"),
        }))
        .await?;
    let id = Data(&begun).count("id");
    // What fails before there is any of it is said on the screen.
    let first = next(&visit.app.engine, id).await?;
    let day = visit.now.to_zoned(visit.zone.clone()).date();
    Ok(Reply::Stream {
        name: format!("{name}-{day}.bundle"),
        kind: "application/octet-stream",
        body: rest_of(Arc::clone(&visit), id, first),
    })
}

/// The next part of a bundle that is made; none once there are no more.
async fn next(engine: &Engine, id: u64) -> Result<Option<Bytes>, Failure> {
    let answer = engine
        .ask(Request::Bundle(BundleRequest::Next { id }))
        .await?;
    let Some(part) = Data(&answer).some("bytes") else {
        return Ok(None);
    };
    let bytes = BASE64.decode(part.as_bytes());
    let bytes =
        bytes.map_err(|_| Failure::error("bytes_invalid", "The node's answer is damaged."))?;
    Ok(Some(Bytes::from(bytes)))
}

/// A part that was made and one that is still to come. A browser that leaves has the node drop the rest.
fn rest_of(visit: Arc<Visit>, id: u64, first: Option<Bytes>) -> Body {
    let parts = stream::unfold(Some((visit, first)), move |state| async move {
        let (visit, ready) = state?;
        let ready = ready?;
        match next(&visit.app.engine, id).await {
            Ok(after) => Some((Ok(ready), Some((visit, after)))),
            // The file breaks off, and the browser says that it is not whole.
            Err(failure) => Some((Err(std::io::Error::other(failure.message)), None)),
        }
    });
    Body::from_stream(parts)
}

/// `POST /bundle`: begins to take one in, for the page's script; answers its number.
pub(crate) async fn open(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let answer = visit.ask(Request::Bundle(BundleRequest::Open)).await?;
    Ok(Reply::Whole(json_response(StatusCode::OK, &answer)))
}

/// `POST /bundle/…`: the next piece. Answers where to read what became of it, once it is over.
pub(crate) async fn take(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let id: u64 = visit.param("bundle").parse().unwrap_or_default();
    let last = visit.form.has("last");
    let piece = BundleRequest::Apply {
        id,
        bytes: visit.form.raw("bytes").to_owned(),
        last,
    };
    let told = match visit.ask(Request::Bundle(piece)).await {
        Ok(_) if !last => json!({}),
        Ok(answer) => json!({ "to": taken(&visit, Data(&answer)) }),
        Err(failure) => {
            visit.put_failure(&failure, TAKE);
            json!({ "to": "/sync" })
        }
    };
    Ok(Reply::Whole(json_response(StatusCode::OK, &told)))
}

/// Has the notebook's screen say what a bundle brought.
fn taken(visit: &Visit, answer: Data<'_>) -> String {
    let (bundle, notebook) = (answer.get("bundle"), answer.get("notebook"));
    let from = bundle.get("from");
    let is_new = bundle.is("new_notebook");
    let key = match (is_new, bundle.count("entries"), bundle.count("controls")) {
        (true, ..) => "bundle-brought-notebook",
        (_, 0, 0) => "bundle-brought-nothing",
        (_, 0, _) => "bundle-brought-people",
        _ => "bundle-brought",
    };
    let told = [
        ("count", bundle.count("entries").into()),
        ("title", notebook.text("title").into()),
        ("name", from.text("name").into()),
        ("device", from.text("device_label").into()),
        ("made", when::moment(visit, bundle.text("made")).into()),
    ];
    let address = format!("/n/{}", notebook.text("id"));
    let _: Reply = visit.done(&address, visit.words.with(key, &told));
    address
}
