//! Sync and mirrors: what each device has confirmed, one's own devices, and mirrors that hold and cannot read.

use std::sync::Arc;

use hearth_node::api::{DeviceRequest, Event, Failure, MirrorRequest, Request};
use maud::{Markup, html};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::notebook::confirmed;
use super::people::qr;
use crate::data::Data;
use crate::limits::{PAIRING_TIMEOUT_MS, SYNC_TIMEOUT_MS};
use crate::reply::Reply;
use crate::serve::missing;
use crate::sessions::Flash;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{Place, Screen, Shell, reveals};
use crate::view::{standing, warned};
use crate::visit::Visit;
use crate::when;

/// `GET /sync`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let status = shell.status();
    let page = html! {
        (FormView::new(visit, "/sync").wrap("row", &html! {
            button class="btn first" type="submit" { (visit.say("try-all-now")) }
            span class="small soft" { (visit.say("try-all-why")) }
        }))
        (warned::notices("warned", &warned::of_device(visit, status)))
        @for notebook in status.list("notebooks") { (notebook_view(visit, notebook)) }
        (devices(visit, status))
        (super::bundle::take_section(visit))
    };
    let node = status.get("node");
    let addrs: Vec<&str> = node
        .list("addrs")
        .iter()
        .map(|addr| addr.as_text())
        .collect();
    let screen = Screen::new(visit.say("sync-and-mirrors"), page).margin(html! {
        (part::section("node", &visit.say("this-node"), &html! {
            dl class="facts" {
                dt { (visit.say("network-word")) } dd { (visit.words.of("network", crate::view::shell::network_word(node.text("network")))) }
                dt { (visit.say("addresses")) } dd { (addrs.join(", ")) }
            }
            p class="fine" { (reveals(visit, node.text("network"), node.text("reveals"))) }
        }))
        (part::section("mirrors-why", &visit.say("mirrors"), &html! { p { (visit.say("mirror-why")) } }))
    });
    Ok(Reply::Page(shell.of_person(visit, Place::Sync, &screen)))
}

fn notebook_view(visit: &Visit, notebook: Data<'_>) -> Markup {
    let id = notebook.text("id");
    let add = FormView::new(visit, format!("/n/{id}/mirrors"));
    part::section(
        &format!("sync-{id}"),
        notebook.text("title"),
        &html! {
            (warned::notices(&format!("warned-{id}"), &warned::of_notebook(visit, notebook)))
            @if notebook.list("peers").is_empty() { p class="soft" { (visit.say("no-other-device")) } }
            ul class="devices" {
                @for peer in notebook.list("peers") {
                    li {
                        span { (icon("device")) " " bdi { (peer.text("name")) } ", " bdi { (peer.text("device_label")) } }
                        span { (standing::pill(visit, peer, None, None)) }
                        span class="soft" data-counts { (confirmed(visit, peer)) }
                        span class="soft" { @if peer.is("verified") { (visit.say("verified")) } @else { (visit.say("not-verified")) } }
                    }
                }
                @for mirror in notebook.list("mirrors") {
                    li {
                        span { (icon("device")) " " bdi { (mirror.text("name")) } ", " (visit.say("mirror")) }
                        span { (standing::pill(visit, mirror, None, None)) }
                        span class="soft" data-counts { (confirmed(visit, mirror)) }
                        span { (FormView::new(visit, format!("/n/{id}/mirrors/{}/remove", mirror.text("id"))).button("btn quiet small", &visit.say("remove"))) }
                    }
                }
            }
            (part::fold(&visit.say("add-mirror"), add.went_wrong(), &add.wrap("stack measure", &html! {
                (add.area_of(&Field { name: "ticket", label: &visit.say("mirror-ticket"), hint: Some(visit.say("mirror-ticket-hint")), is_required: true, ..Field::default() }, 3))
                p { button class="btn" type="submit" { (visit.say("add-mirror")) } }
            })))
        },
    )
}

fn devices(visit: &Visit, status: Data<'_>) -> Markup {
    let link = FormView::new(visit, "/devices/link");
    part::section(
        "link",
        &visit.say("your-devices"),
        &html! {
            ul class="lines" {
                @for device in status.list("devices") {
                    @let revoke = FormView::new(visit, format!("/devices/{}/revoke", device.text("id")));
                    li class="stack-s" {
                        div class="row spread" {
                            span { (icon("device")) " " bdi { (device.text("label")) } }
                            span class="small soft" {
                                @if device.is("this") { (visit.say("this-device")) }
                                @else if device.is("revoked") { (visit.say("taken-off")) }
                                @else if device.is("connected") { (visit.say("connected")) }
                                @else if let Some(seen) = device.some("last_seen") { (visit.words.with("device-seen", &[("ago", when::ago(visit, seen).into())])) }
                                @else { (visit.say("device-never")) }
                            }
                        }
                        @if !device.is("this") && !device.is("revoked") {
                            (part::fold(&visit.say("take-off"), revoke.went_wrong(), &revoke.wrap("stack measure", &html! {
                                p { (visit.say("take-off-why")) }
                                (revoke.confirmation(&visit.say("take-off-sure")))
                                p { button class="btn danger" type="submit" { (visit.words.with("take-off-name", &[("device", device.text("label").into())])) } }
                            })))
                        }
                    }
                }
            }
            (part::fold(&visit.say("link-device"), link.went_wrong(), &link.wrap("stack measure", &html! {
                p { (visit.say("link-why")) }
                (link.confirmation(&visit.say("link-sure")))
                p { button class="btn" type="submit" { (visit.say("make-link")) } }
            })))
        },
    )
}

/// `POST /sync`
pub(crate) async fn try_all(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let answer = visit
        .ask(Request::Sync {
            notebook: None,
            timeout_ms: SYNC_TIMEOUT_MS,
        })
        .await?;
    let peers = Data(&answer).list("peers");
    let reached = peers
        .iter()
        .filter(|one| one.text("result") == "acknowledged")
        .count();
    let counts = [("count", peers.len().into()), ("reached", reached.into())];
    Ok(visit.done("/sync", visit.words.with("tried-peers", &counts)))
}

/// `POST /devices/link`: the ticket is shown at once. What became of it, with the words that both devices are to show,
/// the next screen says.
pub(crate) async fn link(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let visit = visit.as_ref();
    let request = Request::Device(DeviceRequest::Link {
        timeout_ms: PAIRING_TIMEOUT_MS * 10,
    });
    let (mut events, call) = visit.app.engine.follow(request).await?;
    let ticket = match events.recv().await {
        Some(Event::Item(item)) => Data(&item).text("ticket").to_owned(),
        _ => {
            return match call.await {
                Ok(Err(failure)) => Err(failure),
                _ => Err(Failure::error("link_failed", visit.say("link-failed"))),
            };
        }
    };
    tell_when_linked(visit, call);
    let shell = Shell::load(visit).await?;
    let page = html! {
        section class="stack measure" aria-label=(visit.say("link-device")) {
            p { (visit.say("link-how")) }
            label class="sr" for="ticket" { (visit.say("link-device")) }
            textarea class="code" id="ticket" rows="6" readonly { "\n" (ticket) }
            p class="row" {
                button class="btn first" type="button" data-copy="ticket" data-copied=(visit.say("copied")) hidden { (visit.say("copy")) }
                a class="btn" href="/sync#link" { (visit.say("done")) }
            }
            (qr(&ticket, &visit.say("link-device")))
        }
    };
    let screen = Screen::new(visit.say("link-device"), page);
    Ok(Reply::Page(shell.of_person(visit, Place::Sync, &screen)))
}

/// Waits for the device that is linked, and has the next screen say what became of it.
fn tell_when_linked(visit: &Visit, call: JoinHandle<Result<Value, Failure>>) {
    let (app, session) = (Arc::clone(&visit.app), visit.standing.session);
    let words = visit.words;
    tokio::spawn(async move {
        let flash = match call.await {
            Ok(Ok(linked)) => {
                let linked = Data(&linked);
                let told = [
                    ("device", linked.get("device").text("label").into()),
                    ("words", linked.text("words").into()),
                ];
                Flash {
                    message: words.with("linked-words", &told),
                    ..Flash::default()
                }
            }
            Ok(Err(failure)) => Flash {
                is_error: true,
                message: failure.message,
                hint: failure.hint,
                ..Flash::default()
            },
            // The node stopped.
            Err(_) => return,
        };
        app.sessions.put_flash(session, flash);
    });
}

/// `POST /devices/…/revoke`
pub(crate) async fn revoke(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let answer = visit
        .ask(Request::Device(DeviceRequest::Revoke {
            device: visit.param("device"),
        }))
        .await?;
    let reads = Data(&answer).list("reads").len();
    Ok(visit.done(
        "/sync#link",
        visit
            .words
            .with("taken-off-done", &[("count", reads.into())]),
    ))
}

/// `POST /n/…/mirrors`
pub(crate) async fn add_mirror(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let ticket: String = visit.form.raw("ticket").split_whitespace().collect();
    if ticket.is_empty() {
        return Err(missing(visit.words, &visit.say("mirror-ticket")));
    }
    visit
        .ask(Request::Mirror(MirrorRequest::Add {
            notebook: visit.param("notebook"),
            ticket,
        }))
        .await?;
    Ok(visit.done("/sync", visit.say("mirror-added")))
}

/// `POST /n/…/mirrors/…/remove`
pub(crate) async fn remove_mirror(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let request = MirrorRequest::Remove {
        notebook: visit.param("notebook"),
        mirror: visit.param("mirror"),
    };
    visit.ask(Request::Mirror(request)).await?;
    Ok(visit.done("/sync", visit.say("mirror-removed")))
}
