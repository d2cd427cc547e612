//! The standing line: who can read this, and how each peer stands, as far as this node can show it.

use maud::{Markup, html};

use super::icon::{dot, icon};
use super::warned;
use crate::data::Data;
use crate::visit::Visit;
use crate::when;

/// How the devices of one person stand, taken together.
#[derive(Debug)]
struct Peer<'a> {
    person: &'a str,
    name: &'a str,
    best: Data<'a>,
}

fn rank(state: &str) -> u8 {
    match state {
        "connected" => 0,
        "seen" => 1,
        _ => 2,
    }
}

/// Takes the devices of each person together: the one that was heard last speaks for all.
fn by_person<'a>(peers: &[Data<'a>], me: &str) -> Vec<Peer<'a>> {
    let mut found: Vec<Peer<'a>> = Vec::new();
    for peer in peers {
        let person = peer.text("person");
        if person == me {
            continue;
        }
        let key = |data: Data<'_>| {
            (
                rank(data.text("state")),
                std::cmp::Reverse(data.text("last_contact").to_owned()),
            )
        };
        match found.iter_mut().find(|one| one.person == person) {
            Some(one) if key(*peer) < key(one.best) => one.best = *peer,
            Some(_) => {}
            None => found.push(Peer {
                person,
                name: peer.text("name"),
                best: *peer,
            }),
        }
    }
    found
}

/// The words of a state: of a person where `name` says who, else of a device.
pub(crate) fn state_words(visit: &Visit, peer: Data<'_>, name: Option<&str>) -> String {
    let words = visit.words;
    let who = name.unwrap_or_default();
    let path = words.of("path", peer.text("path"));
    let ago = when::ago(visit, peer.text("last_contact"));
    let key = match (peer.text("state"), name.is_some()) {
        ("connected", true) => "peer-connected",
        ("connected", false) => "device-connected",
        ("seen", true) => "peer-seen",
        ("seen", false) => "device-seen",
        (_, true) => "peer-never",
        (_, false) => "device-never",
    };
    words.with(
        key,
        &[
            ("name", who.into()),
            ("path", path.into()),
            ("ago", ago.into()),
        ],
    )
}

/// Draws the pill of a peer. The page itself turns it into "unknown" when it loses the node.
pub(crate) fn pill(
    visit: &Visit,
    peer: Data<'_>,
    name: Option<&str>,
    link: Option<&str>,
) -> Markup {
    let state = peer.text("state");
    let class = match state {
        "connected" => "pill connected sm",
        "seen" => "pill heard sm",
        _ => "pill never sm",
    };
    let unknown = match name {
        Some(name) => visit.words.with("peer-unknown", &[("name", name.into())]),
        None => visit.say("device-unknown"),
    };
    let inside = html! {
        (dot(state == "seen"))
        span { (state_words(visit, peer, name)) }
    };
    match link {
        Some(link) => html! { a class=(class) href=(link) data-peer=(unknown) { (inside) } },
        None => html! { span class=(class) data-peer=(unknown) { (inside) } },
    }
}

/// Draws the line of a shared notebook.
pub(crate) fn line(visit: &Visit, notebook: &str, readers: Data<'_>, status: Data<'_>) -> Markup {
    let me = status.get("person").text("id");
    let listed = status.list("notebooks");
    let found = listed.iter().find(|one| one.text("id") == notebook);
    let peers = found.map(|one| one.list("peers")).unwrap_or_default();
    let readers = readers.list("readers");
    let devices: usize = readers
        .iter()
        .map(|reader| reader.list("devices").len())
        .sum();
    let people = format!("/n/{notebook}/people");
    let is_alone = readers.len() <= 1;
    html! {
        div class="standing" id="standing" role="group" aria-label=(visit.say("standing-label")) data-live {
            @if is_alone {
                span class="badge" { (icon("eye")) (visit.say("only-you")) }
            } @else {
                span class="badge is-shared" { (icon("shared")) (visit.say("shared")) }
            }
            a class="badge" href={ "/n/" (notebook) "/readers" } {
                (icon("eye"))
                (visit.words.with("readers-count", &[("people", readers.len().into()), ("devices", devices.into())]))
            }
            @for peer in by_person(&peers, me) {
                (pill(visit, peer.best, Some(peer.name), Some(&people)))
            }
            @if let Some(notebook) = found {
                (warned::badges(&warned::of_notebook(visit, *notebook), &format!("{people}#warned")))
            }
        }
    }
}

/// Draws one pill for each other person over all notebooks.
pub(crate) fn heard_from(visit: &Visit, status: Data<'_>) -> Markup {
    let me = status.get("person").text("id");
    let mut peers = Vec::new();
    for notebook in status.list("notebooks") {
        for peer in notebook.list("peers") {
            peers.push((notebook.text("id"), peer));
        }
    }
    let only: Vec<Data<'_>> = peers.iter().map(|(_, peer)| *peer).collect();
    html! {
        ul class="stack-s" {
            @for peer in by_person(&only, me) {
                @let at = peers.iter().find(|(_, one)| one.text("person") == peer.person);
                @let link = at.map(|(notebook, _)| format!("/n/{notebook}/people"));
                li { (pill(visit, peer.best, Some(peer.name), link.as_deref())) }
            }
        }
    }
}
