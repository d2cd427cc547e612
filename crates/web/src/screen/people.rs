//! People and devices: who is in a notebook, how their devices stand, inviting, comparing words, and who can read.

use std::sync::Arc;

use hearth_node::api::{Failure, InviteRequest, MemberRequest, Request, VerifyStep};
use maud::{Markup, html};

use super::notebook::confirmed;
use crate::data::Data;
use crate::reply::Reply;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::view::{standing, warned};
use crate::visit::Visit;
use crate::when;

/// The roles that an invitation may give.
pub(crate) const ROLES: [&str; 4] = ["mentee", "mentor", "peer", "observer"];

/// `GET /n/…/people`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let invites = visit
        .ask(Request::Invite(InviteRequest::List {
            notebook: notebook.id.clone(),
        }))
        .await?;
    let members = notebook.data().list("members");
    let is_admin = members.iter().any(|one| one.is("me") && one.is("admin"));
    let page = html! {
        (warned::notices("warned", &here(&shell, &notebook).map(|here| warned::of_notebook(visit, here)).unwrap_or_default()))
        section id="members" aria-label=(visit.say("people")) data-live {
            @for member in &members { (member_view(visit, &shell, &notebook, *member, is_admin)) }
        }
        @if is_admin { (invite_section(visit, &notebook, Data(&invites))) }
    };
    let screen = Screen::new(visit.words.of("part", "people"), page)
        .lede(html! { (visit.say("people-lede")) })
        .margin(margin(visit, &notebook));
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/people", &screen),
    ))
}

/// What the status says of a notebook.
fn here<'a>(shell: &'a Shell, notebook: &Notebook) -> Option<Data<'a>> {
    let listed = shell.status().list("notebooks");
    listed.into_iter().find(|one| one.text("id") == notebook.id)
}

fn peers<'a>(shell: &'a Shell, notebook: &Notebook) -> Vec<Data<'a>> {
    let here = here(shell, notebook);
    here.map(|one| one.list("peers")).unwrap_or_default()
}

fn member_view(
    visit: &Visit,
    shell: &Shell,
    notebook: &Notebook,
    member: Data<'_>,
    is_admin: bool,
) -> Markup {
    let person = member.text("person");
    let is_me = member.is("me");
    let this = shell.status().get("device").text("id").to_owned();
    let peers = peers(shell, notebook);
    html! {
        div class="person tight" id={ "p-" (person) } {
            div class="row spread" {
                h2 { @if is_me { (visit.words.with("you-name", &[("name", member.text("name").into())])) } @else { (notebook.people.name(member)) } }
                span class="row" {
                    (part::badge(&visit.words.of("role", member.text("role"))))
                    @if member.is("admin") { (part::badge(&visit.say("admin"))) }
                    @if !is_me { (verification(visit, member)) }
                }
            }
            ul class="devices" {
                @for device in member.list("devices") {
                    @let peer = peers.iter().find(|one| one.text("device") == device.text("id"));
                    li {
                        span { (icon("device")) " " bdi { (device.text("label")) } }
                        span {
                            @if device.text("id") == this { span class="pill sm" { (visit.say("this-device")) } }
                            @else if let Some(peer) = peer { (standing::pill(visit, *peer, None, None)) }
                            @else { span class="pill unknown sm" { (icon("question")) (visit.say("device-unknown")) } }
                        }
                        span class="soft" data-counts { @if let Some(peer) = peer { (confirmed(visit, *peer)) } }
                        span class="soft" { @if let Some(since) = since(notebook, person, device.text("id")) { (visit.words.with("since-day", &[("day", when::day(visit, since).into())])) } }
                    }
                }
            }
            @if !is_me { (member_acts(visit, notebook, member, is_admin)) }
            @else { p class="row no-print" { a class="more" href="/sync#link" { (icon("plus")) (visit.say("link-device")) } } }
        }
    }
}

fn since<'a>(notebook: &'a Notebook, person: &str, device: &str) -> Option<&'a str> {
    let readers = Data(&notebook.readers).list("readers");
    let reader = readers
        .into_iter()
        .find(|one| one.text("person") == person)?;
    let found = reader
        .list("devices")
        .into_iter()
        .find(|one| one.text("id") == device)?;
    found.some("since")
}

fn verification(visit: &Visit, member: Data<'_>) -> Markup {
    match member.text("verification") {
        "match" => {
            html! { span class="badge sm" { (icon("done")) (visit.say("words-compared")) } }
        }
        "differ" => part::badge_now("warn", &visit.say("words-differed")),
        _ => part::badge_now("warn", &visit.say("words-not-compared")),
    }
}

fn member_acts(visit: &Visit, notebook: &Notebook, member: Data<'_>, is_admin: bool) -> Markup {
    let person = member.text("person");
    let at = |act: &str| notebook.at(&format!("/people/{person}/{act}"));
    let role = FormView::new(visit, at("role"));
    let remove = FormView::new(visit, at("remove"));
    let name = member.text("name");
    let roles: Vec<(String, String)> = ROLES
        .iter()
        .map(|one| ((*one).to_owned(), visit.words.of("role", one)))
        .collect();
    html! {
        div class="row no-print" {
            a class="btn small" href=(at("words")) { (visit.words.with("compare-words-with", &[("name", name.into())])) }
        }
        @if is_admin {
            div class="no-print stack-s" {
                (part::fold(&visit.say("change-role"), role.went_wrong(), &role.wrap("row end", &html! {
                    (role.select(&Field { name: "role", label: &visit.say("role"), value: member.text("role"), ..Field::default() }, &roles))
                    button class="btn" type="submit" { (visit.say("change-role")) }
                })))
                (part::fold(&visit.say("remove-from-notebook"), remove.went_wrong(), &remove.wrap("stack measure", &html! {
                    p { (visit.words.with("remove-why", &[("name", name.into())])) }
                    (remove.confirmation(&visit.words.with("remove-sure", &[("name", name.into())])))
                    p { button class="btn danger" type="submit" { (visit.words.with("remove-name", &[("name", name.into())])) } }
                })))
            }
        }
    }
}

fn invite_section(visit: &Visit, notebook: &Notebook, invites: Data<'_>) -> Markup {
    let form = FormView::new(visit, notebook.at("/people/invite"));
    let usual = match notebook.data().text("form") {
        "peer" => "peer",
        _ => "mentee",
    };
    let roles: Vec<(String, String)> = ROLES
        .iter()
        .map(|one| ((*one).to_owned(), visit.words.of("role", one)))
        .collect();
    let hours: Vec<(String, String)> = [24_u32, 72, 168]
        .iter()
        .map(|one| {
            (
                one.to_string(),
                visit
                    .words
                    .with("for-hours", &[("days", (one / 24).into())]),
            )
        })
        .collect();
    let open: Vec<Data<'_>> = invites
        .list("invites")
        .into_iter()
        .filter(|one| one.text("state") == "open")
        .collect();
    part::section(
        "invite",
        &visit.say("invite-someone"),
        &html! {
            p class="soft measure" { (visit.say("invite-why")) }
            (form.wrap("row end measure", &html! {
                (form.select(&Field { name: "role", label: &visit.say("role"), value: usual, ..Field::default() }, &roles))
                (form.select(&Field { name: "hours", label: &visit.say("good-for"), ..Field::default() }, &hours))
                button class="btn first" type="submit" { (icon("plus")) (visit.say("make-invitation")) }
            }))
            @if !open.is_empty() {
                ul class="lines" {
                    @for one in &open {
                        li class="row spread" {
                            span { (visit.words.of("role", one.text("role"))) ", " (visit.words.with("good-until", &[("at", when::moment(visit, one.text("expires")).into())])) }
                            (FormView::new(visit, notebook.at(&format!("/people/invite/{}/revoke", one.text("id")))).button("btn small", &visit.say("revoke-invitation")))
                        }
                    }
                }
            }
        },
    )
}

fn margin(visit: &Visit, notebook: &Notebook) -> Markup {
    let readers = Data(&notebook.readers).list("readers");
    let devices: usize = readers
        .iter()
        .map(|reader| reader.list("devices").len())
        .sum();
    html! {
        (part::section("readers", &visit.say("who-can-read"), &html! {
            p { (visit.words.with("readers-count", &[("people", readers.len().into()), ("devices", devices.into())])) ". " (visit.say("computed-from-keys")) }
            p { a href=(notebook.at("/readers")) { (visit.say("since-when")) } }
        }))
        (part::section("remove-note", &visit.say("if-you-remove"), &html! { p { (visit.say("if-you-remove-why")) } }))
    }
}

/// `POST /n/…/people/invite`: the ticket is shown once, on the answer itself.
pub(crate) async fn invite(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let hours: Option<u64> = visit.form.text("hours").parse().ok();
    let made = visit
        .ask(Request::Invite(InviteRequest::Create {
            notebook: visit.param("notebook"),
            role: visit.form.text("role"),
            expires_s: hours.map(|hours| hours * 3_600),
        }))
        .await?;
    let made = Data(&made);
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let ticket = made.text("ticket");
    let expires = when::moment(visit, made.text("expires"));
    let page = html! {
        section class="stack measure" aria-labelledby="ticket-title" {
            h2 id="ticket-title" { (visit.say("invitation-line")) }
            p { (visit.words.with("invitation-how", &[("at", expires.into())])) }
            label class="sr" for="ticket" { (visit.say("invitation-line")) }
            textarea class="code" id="ticket" rows="8" readonly { "\n" (ticket) }
            p class="row" {
                button class="btn first" type="button" data-copy="ticket" data-copied=(visit.say("copied")) hidden { (visit.say("copy")) }
                a class="btn" href={ (notebook.at("/people")) } { (visit.say("done")) }
            }
            (FormView::new(visit, "/ticket-file").wrap("act", &html! {
                (FormView::hidden("ticket", ticket))
                button class="btn" type="submit" { (visit.say("keep-as-file")) }
            }))
        }
        section class="stack measure" aria-labelledby="qr-title" {
            h2 id="qr-title" { (visit.say("invitation-qr")) }
            p class="soft" { (visit.say("invitation-qr-why")) }
            (qr(ticket, &visit.say("invitation-qr")))
        }
    };
    let screen = Screen::new(visit.say("invitation"), page).margin(html! {
        (part::section("then", &visit.say("what-then"), &html! { p { (visit.say("what-then-why")) } }))
    });
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/people", &screen),
    ))
}

/// Draws a code that a camera reads; nothing where the text is too long for one.
pub(crate) fn qr(text: &str, label: &str) -> Markup {
    let Ok(code) = qrcode::QrCode::with_error_correction_level(text.as_bytes(), qrcode::EcLevel::L)
    else {
        return html! {};
    };
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == qrcode::Color::Dark {
            let (x, y) = (at % width + 4, at / width + 4);
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    let side = width + 8;
    html! {
        svg class="qr" role="img" aria-label=(label) viewBox={ "0 0 " (side) " " (side) } shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

/// `POST /ticket-file`: the ticket as a file to send on.
pub(crate) async fn ticket_file(visit: Arc<Visit>) -> Result<Reply, Failure> {
    Ok(Reply::File {
        name: "invitation.hearth".to_owned(),
        kind: "text/plain; charset=utf-8",
        bytes: visit.form.raw("ticket").as_bytes().to_vec(),
    })
}

/// `POST /n/…/people/invite/…/revoke`
pub(crate) async fn revoke_invite(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.param("notebook");
    let back = format!("/n/{notebook}/people#invite");
    visit
        .ask(Request::Invite(InviteRequest::Revoke {
            notebook,
            invite: visit.param("invite"),
        }))
        .await?;
    Ok(visit.done(&back, visit.say("invitation-revoked")))
}

async fn verify(visit: &Visit, step: VerifyStep) -> Result<serde_json::Value, Failure> {
    visit
        .ask(Request::Member(MemberRequest::Verify {
            notebook: visit.param("notebook"),
            person: visit.param("person"),
            step,
        }))
        .await
}

/// `GET /n/…/people/…/words`
pub(crate) async fn words(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let answer = verify(visit, VerifyStep::Show).await?;
    let answer = Data(&answer);
    let name = answer.get("member").text("name");
    let form = FormView::new(
        visit,
        notebook.at(&format!("/people/{}/words", visit.param("person"))),
    );
    let page = html! {
        section class="stack measure" aria-label=(visit.say("your-words")) {
            p { (visit.words.with("compare-how", &[("name", name.into())])) }
            ol class="words" lang="en" aria-label=(visit.say("your-words")) {
                @for word in answer.text("words").split_whitespace() { li { (word) } }
            }
            (form.wrap("row", &html! {
                button class="btn" type="submit" name="step" value="match" { (icon("check")) (visit.say("words-match")) }
                button class="btn" type="submit" name="step" value="differ" { (icon("x")) (visit.say("words-differ")) }
                a class="btn quiet" href=(notebook.at("/people")) { (visit.say("not-now")) }
            }))
            p class="fine" { (visit.words.with("compare-then", &[("name", name.into())])) }
        }
    };
    let title = visit
        .words
        .with("compare-words-with", &[("name", name.into())]);
    let screen = Screen::new(title, page);
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/people", &screen),
    ))
}

/// `POST /n/…/people/…/words`
pub(crate) async fn decide(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let back = format!(
        "/n/{}/people#p-{}",
        visit.param("notebook"),
        visit.param("person")
    );
    let step = match visit.form.text("step").as_str() {
        "match" => VerifyStep::Match,
        "differ" => VerifyStep::Differ,
        _ => return Ok(visit.back_to(&back)),
    };
    let answer = verify(&visit, step).await?;
    let answer = Data(&answer);
    let said = match step {
        VerifyStep::Differ if answer.is("removed") => visit.say("decided-differ-removed"),
        VerifyStep::Differ => {
            let who: Vec<&str> = answer
                .list("who_can")
                .iter()
                .map(|one| one.text("name"))
                .collect();
            let names = [("names", who.join(", ").into())];
            match who.is_empty() {
                true => visit.say("decided-differ"),
                false => visit.words.with("decided-differ-stays", &names),
            }
        }
        _ => visit.say("decided-match"),
    };
    Ok(visit.done(&back, said))
}

/// `POST /n/…/people/…/role`
pub(crate) async fn role(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let (notebook, person) = (visit.param("notebook"), visit.param("person"));
    let back = format!("/n/{notebook}/people#p-{person}");
    let role = visit.form.text("role");
    visit
        .ask(Request::Member(MemberRequest::Role {
            notebook,
            person,
            role,
        }))
        .await?;
    Ok(visit.done(&back, visit.say("role-changed")))
}

/// `POST /n/…/people/…/remove`
pub(crate) async fn remove(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let (notebook, person) = (visit.param("notebook"), visit.param("person"));
    let back = format!("/n/{notebook}/people");
    visit
        .ask(Request::Member(MemberRequest::Remove {
            notebook,
            person,
            check: false,
        }))
        .await?;
    Ok(visit.done(&back, visit.say("member-removed")))
}

/// `GET /n/…/readers`
pub(crate) async fn readers(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let readers = Data(&notebook.readers);
    let table = |title: &str, rows: Vec<Data<'_>>| {
        html! {
            div class="wide-table" tabindex="0" { table {
                caption { (title) }
                thead { tr { th scope="col" { (visit.say("person")) } th scope="col" { (visit.say("device")) } th scope="col" { (visit.say("since")) } } }
                tbody {
                    @for reader in &rows {
                        @for device in reader.list("devices") {
                            tr { td { (notebook.people.name(*reader)) } td { bdi { (device.text("label")) } } td class="nowrap" { (when::day(visit, device.text("since"))) } }
                        }
                        @if reader.is("recovery_key") {
                            tr { td { (notebook.people.name(*reader)) } td { (visit.say("recovery-phrase")) } td class="nowrap" { (when::day(visit, reader.text("since"))) } }
                        }
                    }
                }
            } }
        }
    };
    let past = readers.list("past_readers");
    let page = html! {
        section aria-label=(visit.say("who-can-read")) { (table(&visit.say("readers-now"), readers.list("readers"))) }
        @if !past.is_empty() {
            (part::section("past", &visit.say("readers-before"), &html! {
                p class="soft" { (visit.say("readers-before-why")) }
                ul class="lines" { @for one in &past { li { bdi { (one.text("name")) } } } }
            }))
        }
    };
    let screen = Screen::new(visit.say("who-can-read"), page)
        .lede(html! { (visit.say("computed-from-keys")) });
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/readers", &screen),
    ))
}
