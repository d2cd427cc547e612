//! The end of a notebook: what everybody says about it, closing, certificates, going on after all, destroying the keys,
//! and leaving.

use std::sync::Arc;

use hearth_node::api::{Failure, GraduateRequest, MemberRequest, Request};
use maud::{Markup, html};

use crate::data::Data;
use crate::limits::SYNC_TIMEOUT_MS;
use crate::reply::Reply;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// Draws the end below what moves in and out.
pub(super) async fn section(visit: &Visit, notebook: &Notebook) -> Markup {
    let shown = visit
        .ask(Request::Graduate(GraduateRequest::Show {
            notebook: notebook.id.clone(),
        }))
        .await;
    let leave = FormView::new(visit, notebook.at("/leave"));
    html! {
        @if let Ok(shown) = &shown { (graduation(visit, notebook, Data(shown).get("graduation"))) }
        (part::section("leave", &visit.say("leave-notebook"), &html! {
            p class="soft measure" { (visit.say("leave-why")) }
            (part::fold(&visit.say("leave-notebook"), leave.went_wrong(), &leave.wrap("stack measure", &html! {
                (leave.confirmation(&visit.say("leave-sure")))
                p { button class="btn danger" type="submit" { (visit.say("leave-notebook")) } }
            })))
        }))
    }
}

fn graduation(visit: &Visit, notebook: &Notebook, graduation: Data<'_>) -> Markup {
    // The phase is a word; what is closed is frozen.
    let is_closed = graduation.is("frozen");
    let close = FormView::new(visit, notebook.at("/close"));
    let may_write = notebook.may_write();
    html! {
        (part::section("graduation", &visit.say("graduation"), &html! {
            p class="soft measure" { (visit.say("graduation-why")) }
            @for topic in graduation.list("topics") { (topic_view(visit, notebook, graduation, topic)) }
            @if may_write && !is_closed {
                (part::fold(&visit.say("close-notebook"), close.went_wrong(), &close.wrap("stack measure", &html! {
                    p { (visit.say("close-why")) }
                    (close.confirmation(&visit.say("close-sure")))
                    p { button class="btn danger" type="submit" { (visit.say("close-notebook")) } }
                })))
            }
            @if may_write && is_closed { (reopening(visit, notebook, graduation)) }
        }))
        (part::place("certificates-place", &certificates(visit, notebook, graduation)))
        (part::place("destroy-place", &html! { @if is_closed { (destruction(visit, notebook, graduation)) } }))
    }
}

fn topic_view(visit: &Visit, notebook: &Notebook, graduation: Data<'_>, topic: Data<'_>) -> Markup {
    let answers = topic.list("answers");
    let me = graduation.text("me");
    let own = answers.iter().find(|one| one.text("person") == me);
    let own = own.map(|one| one.text("text")).unwrap_or_default();
    let say = FormView::editing(
        visit,
        notebook.at(&format!("/closing/{}", topic.text("topic"))),
    );
    html! {
        div class="topic" {
            h3 { (visit.words.maybe(&format!("closing-{}", topic.text("topic"))).unwrap_or_else(|| topic.text("title").to_owned())) }
            @for answer in &answers {
                blockquote class="prose" { p { bdi { (answer.text("text")) } } p class="by" { (notebook.people.name(*answer)) } }
            }
            @if notebook.may_write() {
                (part::fold(&visit.say("write-answer"), say.went_wrong(), &say.wrap("stack measure", &html! {
                    (say.area_of(&Field { name: "text", label: &visit.say("your-answer"), value: own, ..Field::default() }, 3))
                    p { button class="btn small" type="submit" { (visit.say("save")) } }
                })))
            }
        }
    }
}

/// Going on after all needs everybody who writes.
fn reopening(visit: &Visit, notebook: &Notebook, graduation: Data<'_>) -> Markup {
    let wanted = graduation.get("reopening");
    let me = graduation.text("me");
    let has_said = wanted
        .list("wanted_by")
        .iter()
        .any(|one| one.text("person") == me);
    html! {
        @if !wanted.is_null() {
            p { (visit.say("reopen-wanted-by")) " " (notebook.people.names(&wanted.list("wanted_by"))) ". "
                (visit.say("reopen-lacks")) " " (notebook.people.names(&wanted.list("lacks"))) "." }
        }
        @if !has_said {
            (part::fold(&visit.say("reopen"), false, &html! {
                p class="measure" { (visit.say("reopen-why")) }
                (FormView::new(visit, notebook.at("/reopen")).button("btn", &visit.say("reopen")))
            }))
        }
    }
}

fn certificates(visit: &Visit, notebook: &Notebook, graduation: Data<'_>) -> Markup {
    let all = graduation.list("certificates");
    let others: Vec<(String, String)> = notebook
        .people
        .others()
        .filter(|member| member.role != "observer")
        .map(|member| (member.person.clone(), member.name.clone()))
        .collect();
    let form = FormView::new(visit, notebook.at("/certificate"));
    if all.is_empty() && (others.is_empty() || !notebook.may_write()) {
        return html! {};
    }
    part::section(
        "certificates",
        &visit.say("certificates"),
        &html! {
            p class="soft measure" { (visit.say("certificates-why")) }
            @for one in &all {
                article class="sign stack-s" {
                    p { @if one.is("signed") { (icon("done")) } @else { (icon("warn")) } " "
                        (notebook.people.name(one.get("by"))) " → " (notebook.people.name(one.get("of"))) ", " (when::day(visit, one.text("at")))
                        @if !one.is("signed") { ", " (visit.say("signature-does-not-fit")) } }
                    @if let Some(words) = one.some("words") { pre class="code certificate" lang="en" { (words) } }
                    @if one.is("mine") && one.is("signed") {
                        (FormView::new(visit, "/certificate-file").wrap("act", &html! {
                            (FormView::hidden("statement", one.text("statement")))
                            button class="btn small" type="submit" { (visit.say("keep-as-file")) }
                        }))
                    }
                }
            }
            @if !others.is_empty() && notebook.may_write() {
                (part::fold(&visit.say("write-certificate"), form.went_wrong(), &form.wrap("stack measure", &html! {
                    (form.select(&Field { name: "person", label: &visit.say("for-whom"), ..Field::default() }, &others))
                    (form.area_of(&Field { name: "words", label: &visit.say("certificate-words"), hint: Some(visit.say("certificate-words-hint")), is_required: true, ..Field::default() }, 3))
                    p { button class="btn" type="submit" { (visit.say("see-certificate")) } }
                })))
            }
        },
    )
}

fn destruction(visit: &Visit, notebook: &Notebook, graduation: Data<'_>) -> Markup {
    let form = FormView::new(visit, notebook.at("/destroy"));
    part::section(
        "destroy",
        &visit.say("destroy-keys"),
        &html! {
            p class="soft measure" { (visit.say("destroy-why")) }
            ul class="devices" {
                @for one in graduation.list("devices") {
                    li {
                        span { (icon("device")) " " (notebook.people.name(one)) ", " bdi { (one.text("device")) } }
                        span class="soft" {
                            @if let Some(at) = one.some("destroyed_at") { (visit.words.with("destroyed-at", &[("at", when::moment(visit, at).into())])) }
                            @else if one.is("this") { (visit.say("this-device")) }
                            @else { (visit.say("nothing-heard-of-destroying")) }
                        }
                    }
                }
                @for mirror in graduation.list("mirrors") { li { span { (icon("device")) " " bdi { (mirror.as_text()) } ", " (visit.say("mirror")) } span class="soft" { (visit.say("mirror-holds-what-it-holds")) } } }
            }
            (part::fold(&visit.say("destroy-keys"), form.went_wrong(), &form.wrap("stack measure", &html! {
                p { (visit.say("destroy-then")) }
                (form.confirmation(&visit.say("destroy-sure")))
                p { button class="btn danger" type="submit" { (visit.say("destroy-keys")) } }
            })))
        },
    )
}

fn graduate(request: GraduateRequest) -> Request {
    Request::Graduate(request)
}

/// `POST /n/…/closing/…`: what the reader says at the end about one topic.
pub(crate) async fn closing(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.param("notebook");
    let back = format!("/n/{notebook}/move#graduation");
    let Some(text) = visit.form.sent("text") else {
        return Ok(visit.back_to(&back));
    };
    let answers = vec![(visit.param("topic"), text)];
    visit
        .ask(graduate(GraduateRequest::Say { notebook, answers }))
        .await?;
    Ok(visit.done(&back, visit.say("saved-here")))
}

/// `POST /n/…/close`
pub(crate) async fn close(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let notebook = visit.param("notebook");
    let back = format!("/n/{notebook}");
    visit
        .ask(graduate(GraduateRequest::Close { notebook }))
        .await?;
    Ok(visit.done(&back, visit.say("closed-done")))
}

/// `POST /n/…/reopen`
pub(crate) async fn reopen(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.param("notebook");
    let back = format!("/n/{notebook}/move#graduation");
    let answer = visit
        .ask(graduate(GraduateRequest::Reopen { notebook }))
        .await?;
    let is_open = !Data(&answer).get("graduation").is("frozen");
    let said = if is_open { "reopened" } else { "reopen-waits" };
    Ok(visit.done(&back, visit.say(said)))
}

/// `POST /n/…/certificate`: shows exactly what would be signed.
pub(crate) async fn preview(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let (person, words) = (visit.form.text("person"), visit.form.text("words"));
    let answer = visit
        .ask(graduate(GraduateRequest::Preview {
            notebook: visit.param("notebook"),
            person: person.clone(),
            words: words.clone(),
        }))
        .await?;
    let text = Data(&answer).get("certificate").text("words");
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let form = FormView::new(visit, notebook.at("/certificate/sign"));
    let page = html! {
        section class="stack measure" aria-label=(visit.say("certificate")) {
            p { (visit.say("certificate-exactly")) }
            pre class="code certificate" lang="en" { (text) }
            (form.wrap("stack", &html! {
                (FormView::hidden("person", &person))
                (FormView::hidden("words", &words))
                (FormView::hidden("text", text))
                (form.confirmation(&visit.say("certificate-sure")))
                p class="row" {
                    button class="btn first" type="submit" { (icon("pen")) (visit.say("sign")) }
                    a class="btn quiet" href={ (notebook.at("/move")) "#certificates" } { (visit.say("not-now")) }
                }
            }))
        }
    };
    let screen = Screen::new(visit.say("certificate"), page);
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/move", &screen),
    ))
}

/// `POST /n/…/certificate/sign`. The certificate stood in an answer, which nothing leads back to: what fails is told in
/// the form that it came from, with the words that were written there.
pub(crate) async fn certify(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let notebook = visit.param("notebook");
    let back = format!("/n/{notebook}/move#certificates");
    match sign(&visit, notebook.clone()).await {
        Ok(()) => Ok(visit.done(&back, visit.say("certified"))),
        Err(failure) => {
            visit.put_failure(&failure, &format!("/n/{notebook}/certificate"));
            Ok(visit.back_to(&back))
        }
    }
}

async fn sign(visit: &Visit, notebook: String) -> Result<(), Failure> {
    visit.confirm().await?;
    let request = GraduateRequest::Certify {
        notebook,
        person: visit.form.text("person"),
        words: visit.form.text("words"),
        // Every byte of it is signed.
        text: visit.form.raw("text").replace("\r\n", "\n"),
    };
    visit.ask(graduate(request)).await.map(drop)
}

/// `POST /certificate-file`: the signed statement, which `hearth verify` checks anywhere.
pub(crate) async fn certificate_file(visit: Arc<Visit>) -> Result<Reply, Failure> {
    Ok(Reply::File {
        name: "certificate.txt".to_owned(),
        kind: "text/plain; charset=utf-8",
        bytes: visit
            .form
            .raw("statement")
            .replace("\r\n", "\n")
            .into_bytes(),
    })
}

/// `POST /n/…/destroy`: orders it on all of the reader's devices, lets the others hear of it, and does it here.
pub(crate) async fn destroy(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let notebook = Notebook::load(&visit).await?.id;
    visit
        .ask(graduate(GraduateRequest::Destroy {
            notebook: notebook.clone(),
        }))
        .await?;
    let sync = Request::Sync {
        notebook: None,
        timeout_ms: SYNC_TIMEOUT_MS,
    };
    // Where nobody hears it, the receipt stays with the person, and the keys go all the same.
    let _unheard = visit.ask(sync).await;
    visit
        .ask(graduate(GraduateRequest::Finish { notebook }))
        .await?;
    Ok(visit.done("/", visit.say("destroyed-here")))
}

/// `POST /n/…/leave`
pub(crate) async fn leave(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let request = MemberRequest::Leave {
        notebook: visit.param("notebook"),
        check: false,
    };
    visit.ask(Request::Member(request)).await?;
    Ok(visit.done("/", visit.say("left-done")))
}
