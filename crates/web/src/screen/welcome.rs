//! The very first screen: how to begin, how devices reach each other, what protects this one. It is there only while
//! the home has no identity; whoever sends it has one, and the node begins.

use std::sync::Arc;

use hearth_node::api::Failure;
use maud::{Markup, html};

use super::begin::FORMS;
use crate::reply::Reply;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{plain, steps};
use crate::visit::Visit;

/// The network profiles, in the order in which they reveal more.
const PROFILES: [&str; 4] = ["direct", "lan", "relay", "public"];
/// What may protect a home.
const PROTECTIONS: [&str; 3] = ["passphrase", "keyring", "bare"];

/// `GET /welcome`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let form = FormView::new(visit, "/welcome");
    let body = html! {
        div class="hello" {
            h1 { span { (visit.say("welcome-title-1")) } " " span { (visit.say("welcome-title-2")) } }
            p class="prose" { (visit.say("welcome-why")) }
            (steps(visit, "begin"))
        }
        (form.wrap("welcome", &html! {
            (ways(visit, &form))
            (networks(visit, &form, "direct"))
            (protections(visit, &form))
            div class="row spread finish" {
                p class="small soft measure" { (visit.say("welcome-next")) }
                button class="btn first" type="submit" { (visit.say("welcome-begin")) " " (icon("arrow")) }
            }
        }))
    };
    Ok(Reply::Page(plain(visit, &visit.say("welcome"), &body)))
}

/// One of several, with what belongs to it.
pub(super) fn choice(
    visit: &Visit,
    form: &FormView<'_>,
    group: &str,
    value: &str,
    usual: &str,
    more: &Markup,
) -> Markup {
    let id = form.id(&format!("{group}-{value}"));
    let chosen = form.typed(group, usual);
    html! {
        label class="choice" for=(id) {
            input type="radio" name=(group) id=(id) value=(value) checked[chosen == value];
            span {
                strong { (visit.words.of(group, value)) }
                (more)
            }
        }
    }
}

fn ways(visit: &Visit, form: &FormView<'_>) -> Markup {
    let way = |value: &str| {
        let hint = html! { span class="hint" { (visit.words.of("way-why", value)) } };
        choice(visit, form, "way", value, "create", &hint)
    };
    let kinds: Vec<(String, String)> = FORMS
        .iter()
        .map(|one| ((*one).to_owned(), visit.words.of("form", one)))
        .collect();
    let device = device_name(visit);
    let was_before = ["link", "recover"].contains(&visit.typed("/welcome", "way", "").as_str());
    html! {
        section class="start" aria-labelledby="ways-title" {
            h2 id="ways-title" { (visit.say("how-to-begin")) }
            div class="two" {
                div class="card stack" {
                    (way("create"))
                    (form.text(&Field { name: "title", label: &visit.say("notebook-title"), hint: Some(visit.say("notebook-title-hint")), ..Field::default() }))
                    (form.select(&Field { name: "form", label: &visit.say("who-is-it-for"), ..Field::default() }, &kinds))
                }
                div class="stack" {
                    div class="card stack" {
                        (way("join"))
                        (form.area_of(&Field { name: "ticket", label: &visit.say("invitation"), hint: Some(visit.say("invitation-hint")), ..Field::default() }, 3))
                        p { label class="sr" for="ticket-from" { (visit.say("invitation-file")) } input type="file" id="ticket-from" data-into=(form.id("ticket")) hidden; }
                    }
                    div class="card stack" { (way("example")) }
                }
            }
            (part::fold(&visit.say("been-here-before"), was_before, &html! {
                p { a href="/welcome/backup" { (visit.say("bring-back")) } " " span class="hint" { (visit.say("bring-back-why")) } }
                div class="two" {
                    div class="card stack" {
                        (way("link"))
                        (form.area_of(&Field { name: "device-ticket", label: &visit.say("device-ticket"), hint: Some(visit.say("device-ticket-hint")), ..Field::default() }, 3))
                    }
                    div class="card stack" {
                        (way("recover"))
                        (form.secret(&Field { name: "phrase", label: &visit.say("all-words"), ..Field::default() }, "off"))
                        (form.area_of(&Field { name: "contact", label: &visit.say("contact-ticket"), hint: Some(visit.say("contact-ticket-hint")), ..Field::default() }, 3))
                    }
                }
            }))
        }
        section class="start" aria-labelledby="you-title" {
            h2 id="you-title" { (visit.say("who-you-are")) }
            div class="two" {
                (form.text(&Field { name: "name", label: &visit.say("your-name"), hint: Some(visit.say("your-name-hint")), is_required: true, ..Field::default() }))
                (form.text(&Field { name: "device", label: &visit.say("this-device-name"), hint: Some(visit.say("this-device-name-hint")), value: &device, is_required: true }))
            }
        }
    }
}

/// How devices reach each other; `usual` is a profile, with the relay where it is one's own.
pub(super) fn networks(visit: &Visit, form: &FormView<'_>, usual: &str) -> Markup {
    let (usual, relay) = usual.split_once('=').unwrap_or((usual, ""));
    let chosen = form.typed("network", usual);
    html! {
        section class="start" aria-labelledby="network-title" {
            h2 id="network-title" { (visit.say("how-to-connect")) }
            p class="soft measure" { (visit.say("how-to-connect-why")) }
            div class="profiles" role="radiogroup" aria-labelledby="network-title" {
                @for one in PROFILES {
                    @let id = form.id(&format!("network-{one}"));
                    label class="profile" for=(id) {
                        input type="radio" name="network" id=(id) value=(one) checked[chosen == one];
                        span { strong { (visit.words.of("profile", one)) } br; span class="soft" { (visit.words.of("profile-what", one)) } }
                        span class="facts" {
                            span class="k" { (visit.say("profile-contacts")) } span { (visit.words.of("profile-contacts", one)) }
                            span class="k" { (visit.say("profile-reveals")) } span { (visit.words.of("profile-reveals", one)) }
                            span class="k" { (visit.say("profile-works")) } span { (visit.words.of("profile-works", one)) }
                        }
                    }
                }
            }
            div class="measure relay" {
                (form.text(&Field { name: "relay", label: &visit.say("relay-address"), hint: Some(visit.say("relay-address-hint")), value: relay, ..Field::default() }))
            }
        }
    }
}

pub(super) fn protections(visit: &Visit, form: &FormView<'_>) -> Markup {
    html! {
        section class="start" aria-labelledby="protect-title" {
            h2 id="protect-title" { (visit.say("what-protects")) }
            fieldset class="forms measure" {
                legend class="sr" { (visit.say("what-protects")) }
                @for one in PROTECTIONS {
                    (choice(visit, form, "protect", one, "passphrase", &html! {
                        span class="hint" { (visit.words.of("protect-why", one)) }
                    }))
                }
            }
            div class="two secrets" {
                (form.secret(&Field { name: "new", label: &visit.say("passphrase"), hint: Some(visit.say("passphrase-first-hint")), ..Field::default() }, "new-password"))
                (form.secret(&Field { name: "again", label: &visit.say("passphrase-same-again"), hint: Some(visit.say("passphrase-again-hint")), ..Field::default() }, "new-password"))
            }
        }
    }
}

/// The computer's name, or a plain word where it has none.
fn device_name(visit: &Visit) -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => visit.say("this-computer"),
        name => name.to_owned(),
    }
}
