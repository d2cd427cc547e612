//! Files of resources: taken in a piece at a time, fetched from whoever has them, and handed out to be kept, never shown.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use data_encoding::BASE64;
use futures_util::stream;
use hearth_node::api::{FILE_BYTES_MAX, Failure, FileRequest, Request, ResourceRequest};
use maud::{Markup, html};
use serde_json::json;

use crate::data::Data;
use crate::engine::Engine;
use crate::reply::{Reply, json_response};
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::Notebook;
use crate::visit::Visit;

/// Bytes of a gibibyte, in which the limit is told.
const GIB: u64 = 1024 * 1024 * 1024;

/// The address of what is done with files of a notebook.
fn address(notebook: &str) -> String {
    format!("/n/{notebook}/files")
}

/// The resource that an address names: the same id is in a notebook and in its forks.
fn resource_of(visit: &Visit) -> String {
    format!("{}/{}", visit.param("notebook"), visit.param("resource"))
}

/// Draws the form that adds one: a script hands the file over in pieces, so that neither side holds all of it. The script
/// changes the form, so it is no part that is put in place anew.
pub(super) fn add_part(visit: &Visit, notebook: &Notebook) -> Markup {
    let form = FormView::new(visit, address(&notebook.id));
    let most = visit
        .words
        .with("file-most", &[("count", (FILE_BYTES_MAX / GIB).into())]);
    let hint = form.id("file-hint");
    let body = html! {
        noscript { p class="soft measure" { (visit.say("file-needs-script")) } }
        (form.wrap("stack measure", &html! {
            div class="field drop" data-drop {
                label for=(form.id("file")) { (visit.say("file")) }
                input type="file" id=(form.id("file")) required disabled aria-describedby=(hint) data-file data-most=(FILE_BYTES_MAX)
                    data-too-large=(most) data-sending=(visit.say("file-sending")) data-broken=(visit.say("file-broken"));
                p id=(hint) class="small soft" { (visit.say("file-hint")) " " (most) }
            }
            (form.text(&Field { name: "title", label: &visit.say("title"), hint: Some(visit.say("file-title-hint")), ..Field::default() }))
            (form.area_of(&Field { name: "why", label: &visit.say("why-it-matters"), ..Field::default() }, 2))
            (form.text(&Field { name: "tags", label: &visit.say("tags"), hint: Some(visit.say("tags-hint")), ..Field::default() }))
            p role="status" class="small soft" {}
            p { button class="btn" type="submit" disabled { (visit.say("add-file")) } }
        }))
    };
    part::fold(&visit.say("add-file"), form.went_wrong(), &body)
}

/// Draws the file of a resource: what it is called, how long it is, and how to get it.
pub(super) fn of_resource(visit: &Visit, notebook: &Notebook, resource: Data<'_>) -> Markup {
    let file = resource.get("file");
    if file.is_null() {
        return html! {};
    }
    let id = resource.text("id");
    let get = FormView::new(visit, notebook.at(&format!("/resources/{id}/fetch")));
    let is_here = file.is("here");
    html! {
        div class="row small" {
            span { (visit.say("file")) ": " bdi { (file.text("name")) } ", " (length(visit, file.count("bytes"))) }
            a class="btn quiet small" href=(notebook.at(&format!("/resources/{id}/file"))) download data-keep=(id) hidden[!is_here] { (visit.say("file-keep")) }
            @if !is_here {
                span class="soft" { (visit.say("file-elsewhere")) }
                (get.wrap("act", &html! {
                    button class="btn quiet small" type="submit" disabled data-fetch=(id) data-lost=(visit.say("file-lost")) { (visit.say("file-fetch")) }
                }))
                noscript { span class="soft" { (visit.say("file-needs-script")) } }
            }
        }
        @if !is_here { p class="small soft" role="status" id={ "fetch-" (id) } {} }
    }
}

/// Says how long a file is.
fn length(visit: &Visit, bytes: u64) -> String {
    let (unit, count) = match bytes {
        0..1024 => ("file-bytes", bytes),
        1024..1_048_576 => ("file-kib", bytes.div_ceil(1024)),
        _ => ("file-mib", bytes.div_ceil(1024 * 1024)),
    };
    visit.words.with(unit, &[("count", count.into())])
}

/// `POST /n/…/files`: begins to take one in, for the page's script; answers its number, or where to read why not.
pub(crate) async fn begin(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.param("notebook");
    let begun = visit
        .ask(Request::File(FileRequest::Begin {
            notebook: notebook.clone(),
            bytes: visit.form.raw("bytes").parse().ok(),
        }))
        .await;
    Ok(told(&visit, begun))
}

/// `POST /n/…/files/…`: the next piece; the last one adds the resource. Answers where to read what became of it, once it is
/// over. What fails is given up, so that nothing of it stays.
pub(crate) async fn add(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let id: u64 = visit.param("file").parse().unwrap_or_default();
    let form = &visit.form;
    let notebook = visit.param("notebook");
    let taken = visit
        .ask(Request::File(FileRequest::Add {
            id,
            bytes: form.raw("bytes").to_owned(),
        }))
        .await;
    let taken = match taken {
        Ok(_) if form.has("last") => {
            let name = form.text("name");
            let tags = form.text("tags");
            let tags = tags.split(',').map(|tag| tag.trim().to_owned());
            visit
                .ask(Request::File(FileRequest::Finish {
                    id,
                    title: form.given("title").unwrap_or_else(|| name.clone()),
                    name,
                    why: form.given("why"),
                    tags: tags.filter(|tag| !tag.is_empty()).collect(),
                }))
                .await
                .map(|_| {
                    let address = format!("/n/{notebook}/resources");
                    let _: Reply = visit.done(&address, visit.say("saved-here"));
                    json!({ "to": address })
                })
        }
        Ok(_) => Ok(json!({})),
        Err(failure) => Err(failure),
    };
    if taken.is_err() {
        drop_file(&visit, id).await;
    }
    Ok(told(&visit, taken))
}

/// `POST /n/…/files/…/drop`: gives one up.
pub(crate) async fn give_up(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let id: u64 = visit.param("file").parse().unwrap_or_default();
    drop_file(&visit, id).await;
    Ok(Reply::Whole(json_response(StatusCode::OK, &json!({}))))
}

async fn drop_file(visit: &Visit, id: u64) {
    // Where this fails as well, the next node drops it.
    let _dropped_later = visit.ask(Request::File(FileRequest::Drop { id })).await;
}

/// Answers the script; what failed stands in the form once the script has gone there.
fn told(visit: &Visit, answer: Result<serde_json::Value, Failure>) -> Reply {
    let notebook = visit.param("notebook");
    let told = answer.unwrap_or_else(|failure| {
        visit.put_failure(&failure, &address(&notebook));
        json!({ "to": format!("/n/{notebook}/resources") })
    });
    Reply::Whole(json_response(StatusCode::OK, &told))
}

/// `POST /n/…/resources/…/fetch`: says that somebody waits for the file; answers how far it is, in words too.
pub(crate) async fn fetch(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let resource = resource_of(&visit);
    let wanted = visit
        .ask(Request::File(FileRequest::Want { resource }))
        .await;
    let answer = match wanted {
        Ok(answer) => answer,
        Err(failure) => {
            let (message, _) = visit.words.failure(&failure);
            let told = json!({ "here": false, "over": true, "text": message });
            return Ok(Reply::Whole(json_response(StatusCode::OK, &told)));
        }
    };
    let answer = Data(&answer);
    let file = answer.get("resource").get("file");
    let is_here = file.is("here");
    let told = json!({ "here": is_here, "over": is_here, "text": progress(&visit, answer) });
    Ok(Reply::Whole(json_response(StatusCode::OK, &told)))
}

/// How far a file is that is fetched, from whom, and what there is to do where it does not come.
fn progress(visit: &Visit, answer: Data<'_>) -> String {
    let file = answer.get("resource").get("file");
    if file.is("here") {
        return visit.say("file-is-here");
    }
    let (here, parts) = (file.count("parts_here"), file.count("parts").max(1));
    let mut said = vec![
        visit
            .words
            .with("file-share", &[("share", (100 * here / parts).into())]),
    ];
    let whose = |device: Data<'_>| {
        let key = if device.some("mirror").is_some() {
            "file-mirror"
        } else {
            "file-device"
        };
        let facts = [
            ("name", device.text("name").into()),
            ("device", device.text("device_label").into()),
        ];
        visit.words.with(key, &facts)
    };
    let names = |key: &str| -> Vec<String> { answer.list(key).into_iter().map(whose).collect() };
    let asked = names("asked");
    if asked.is_empty() {
        let by = answer.get("resource").get("created_by");
        let by = [("name", by.text("name").into())];
        said.push(visit.words.with("file-nobody", &by));
    } else {
        let from = [("names", asked.join(", ").into())];
        said.push(visit.words.with("file-from", &from));
    }
    for (key, word) in [("lacking", "file-lacking"), ("wrong", "file-wrong")] {
        let names = names(key);
        if !names.is_empty() {
            said.push(
                visit
                    .words
                    .with(word, &[("names", names.join(", ").into())]),
            );
        }
    }
    said.join(" ")
}

/// `GET /n/…/resources/…/file`: the file, as it is read. It is for keeping: a browser shows nothing of it here.
pub(crate) async fn keep(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let resource = resource_of(&visit);
    let shown = visit
        .ask(Request::Resource(ResourceRequest::Show {
            resource: resource.clone(),
        }))
        .await?;
    let file = Data(&shown).get("resource").get("file");
    let (name, bytes) = (file.text("name").to_owned(), file.count("bytes"));
    // What fails before there is any of it is said on a screen.
    let first = next(&visit.app.engine, &resource, 0).await?;
    Ok(Reply::Attached {
        name,
        bytes,
        body: rest_of(visit, resource, first),
    })
}

/// A stretch of a file, and where the next one begins, if there is one.
type Stretch = (Bytes, Option<u32>);

async fn next(engine: &Engine, resource: &str, chunk: u32) -> Result<Stretch, Failure> {
    let read = FileRequest::Read {
        resource: resource.to_owned(),
        chunk,
    };
    let answer = engine.ask(Request::File(read)).await?;
    let answer = Data(&answer);
    let damaged = || Failure::error("bytes_invalid", "The node's answer is damaged.");
    let bytes = BASE64.decode(answer.text("bytes").as_bytes());
    let bytes = bytes.map_err(|_| damaged())?;
    let chunks = u32::try_from(answer.count("chunks")).map_err(|_| damaged())?;
    let after = (!answer.is("last") && chunks > 0).then_some(chunk.saturating_add(chunks));
    Ok((Bytes::from(bytes), after))
}

/// A stretch that was read and those that follow, each read when the browser has taken the one before.
fn rest_of(visit: Arc<Visit>, resource: String, first: Stretch) -> Body {
    enum State {
        Ready(Stretch),
        At(u32),
    }
    let begun = (visit, resource, State::Ready(first));
    let parts = stream::unfold(Some(begun), |state| async move {
        let (visit, resource, at) = state?;
        let read = match at {
            State::Ready(stretch) => Ok(stretch),
            State::At(chunk) => next(&visit.app.engine, &resource, chunk).await,
        };
        match read {
            Ok((bytes, after)) => {
                let state = after.map(|chunk| (visit, resource, State::At(chunk)));
                Some((Ok(bytes), state))
            }
            // The file breaks off, and the browser says that it is not whole.
            Err(failure) => Some((Err(std::io::Error::other(failure.message)), None)),
        }
    });
    Body::from_stream(parts)
}
