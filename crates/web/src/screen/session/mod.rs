//! Sessions: the list, planning, and one address for each with three stages: prepare, live, wrap up.

mod acts;
mod live;
mod merged;
mod notes;
mod wrap;

use std::sync::Arc;

use hearth_node::api::{Failure, Request, SessionRequest, TemplateRequest};
use maud::{Markup, html};

pub(crate) use acts::{
    action, agenda_add, agenda_done, attend, cancel, edit, mark, plan, prepare, save_wrap,
};
pub(crate) use merged::{reviewed, show as show_merged};
pub(crate) use notes::{save as save_notes, type_notes};

use super::today::session_when;
use crate::data::Data;
use crate::limits::SESSIONS_SHOWN_MAX;
use crate::reply::Reply;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::view::told;
use crate::visit::Visit;
use crate::when;

/// The stages of a session.
const STAGES: [&str; 3] = ["prepare", "live", "wrap"];
/// How early before its beginning a session opens at its live stage.
const OPENS_BEFORE_SECONDS: i64 = 15 * 60;

/// `GET /n/…/sessions`
pub(crate) async fn list(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let skipped: u32 = visit.query.text("older").parse().unwrap_or(0);
    let near = visit
        .ask(Request::Session(SessionRequest::Near {
            notebook: notebook.id.clone(),
            ahead: SESSIONS_SHOWN_MAX,
            skip: skipped,
            past: SESSIONS_SHOWN_MAX,
        }))
        .await?;
    let near = Data(&near);
    let templates = visit.ask(Request::Template(TemplateRequest::List)).await?;
    let is_empty = near.count("ahead_count") + near.count("past_count") == 0;
    let page = html! {
        (part::place("sessions-place", &html! {
            @if is_empty { (nothing_yet(visit, &notebook)) }
            @else if skipped == 0 { (to_come(visit, &notebook, near)) }
        }))
        @if notebook.may_write() { (plan_form(visit, &notebook, Data(&templates), near.count("ahead_count") == 0 && skipped == 0)) }
        (part::place("past-place", &html! { (held_before(visit, &notebook, near, skipped)) }))
    };
    let screen = Screen::new(visit.say("sessions"), page).margin(html! {
        (part::section("calendar", &visit.say("calendar"), &html! {
            p { (visit.say("calendar-why")) }
            p { a href={ (notebook.at("/move")) "#export" } { (visit.say("export")) } }
        }))
    });
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/sessions",
        &screen,
    )))
}

/// Where there is no session yet: what one is for, and the template that fits, ready to be planned with.
fn nothing_yet(visit: &Visit, notebook: &Notebook) -> Markup {
    let suggested = told::template(visit, notebook.data().get("suggested_template"));
    if !notebook.may_write() {
        return html! { p class="soft" { (visit.say("no-session")) } };
    }
    part::empty(
        "sun",
        &visit.say("no-session"),
        &visit.say("no-session-why"),
        &html! {
            a class="btn first" href={ (notebook.at("/sessions")) "?template=" (suggested.text("name")) "#plan" } { (visit.say("plan-session")) }
            @if let Some(about) = suggested.some("about") { p class="small soft" { bdi { (suggested.text("title")) } ": " (about) } }
        },
    )
}

fn to_come(visit: &Visit, notebook: &Notebook, near: Data<'_>) -> Markup {
    let ahead = near.list("ahead");
    let more = near.count("ahead_count").saturating_sub(ahead.len() as u64);
    part::section(
        "ahead",
        &visit.say("to-come"),
        &html! {
            @if ahead.is_empty() { p class="soft" { (visit.say("no-session-planned")) } }
            @else { ul class="lines" { @for one in &ahead { (line(visit, notebook, *one)) } } }
            @if more > 0 { p class="soft" { (visit.words.with("later-sessions", &[("count", more.into())])) } }
        },
    )
}

/// What was held before, a page at a time.
fn held_before(visit: &Visit, notebook: &Notebook, near: Data<'_>, skipped: u32) -> Markup {
    let past = near.list("past");
    let shown = u64::from(skipped) + past.len() as u64;
    let older = near.count("past_count").saturating_sub(shown);
    html! {
        @if !past.is_empty() || skipped > 0 {
            (part::section("past", &visit.say("held-before"), &html! {
                @if skipped > 0 { p class="small" { a href=(notebook.at("/sessions")) { (visit.say("newest-sessions")) } } }
                ul class="lines" { @for one in &past { (line(visit, notebook, *one)) } }
                @if older > 0 {
                    p { a href={ (notebook.at("/sessions")) "?older=" (shown) "#past" } { (visit.words.with("older-sessions", &[("count", older.into())])) } }
                }
            }))
        }
    }
}

fn line(visit: &Visit, notebook: &Notebook, session: Data<'_>) -> Markup {
    let status = session.text("status");
    html! {
        li class="row spread" {
            span {
                a href=(notebook.at(&format!("/sessions/{}", session.text("id")))) { bdi { (session.text("title")) } }
                @if status != "planned" { " " (part::badge(&visit.words.of("session-status", status))) }
            }
            span class="small" { (session_when(visit, session)) }
        }
    }
}

fn templates(visit: &Visit, notebook: &Notebook, templates: Data<'_>) -> Vec<(String, String)> {
    let form = notebook.data().text("form");
    let mut choices = vec![(String::new(), visit.say("no-template"))];
    for one in templates.list("templates") {
        let forms = one.list("forms");
        let fits = forms.is_empty() || forms.iter().any(|known| known.as_text() == form);
        if fits && !one.is("private") {
            let one = told::template(visit, one);
            let words = format!("{}: {}", one.text("title"), one.text("about"));
            choices.push((one.text("name").to_owned(), words));
        }
    }
    choices
}

fn plan_form(visit: &Visit, notebook: &Notebook, all: Data<'_>, is_first: bool) -> Markup {
    let form = FormView::new(visit, notebook.at("/sessions"));
    let wanted = visit.query.text("template");
    let suggested = told::template(visit, notebook.data().get("suggested_template"));
    let suggested = suggested.text("name").to_owned();
    let template = if wanted.is_empty() { suggested } else { wanted };
    let everies: Vec<(String, String)> = ["", "1w", "2w", "3w", "4w", "1m"]
        .iter()
        .map(|one| {
            (
                (*one).to_owned(),
                visit
                    .words
                    .of("every", if one.is_empty() { "never" } else { one }),
            )
        })
        .collect();
    let zone = when::zone_name(&visit.zone).unwrap_or_else(|| "UTC".to_owned());
    html! {
        section id="plan" aria-labelledby="plan-title" {
            details open[form.went_wrong() || is_first || !visit.query.text("template").is_empty()] data-key="n" {
                summary id="plan-title" { (visit.say("plan-session")) }
                (form.wrap("stack measure", &html! {
                    div class="two" {
                        (form.moment(&Field { name: "at", label: &visit.say("starts"), is_required: true, ..Field::default() }))
                        (form.number(&Field { name: "minutes", label: &visit.say("minutes"), value: "60", ..Field::default() }))
                    }
                    (form.select(&Field { name: "template", label: &visit.say("template"), value: &template, ..Field::default() }, &templates(visit, notebook, all)))
                    (form.text(&Field { name: "title", label: &visit.say("title"), hint: Some(visit.say("title-hint")), ..Field::default() }))
                    (form.text(&Field { name: "place", label: &visit.say("place"), hint: Some(visit.say("place-hint")), ..Field::default() }))
                    div class="two" {
                        (form.select(&Field { name: "every", label: &visit.say("comes-again"), ..Field::default() }, &everies))
                        (form.text(&Field { name: "zone", label: &visit.say("zone"), value: &zone, hint: Some(visit.say("zone-hint")), ..Field::default() }))
                    }
                    p { button class="btn first" type="submit" { (visit.say("plan-session")) } }
                }))
            }
        }
    }
}

/// Which stage a session is at, where the address does not say.
fn stage(visit: &Visit, session: Data<'_>) -> &'static str {
    let wanted = visit.query.text("stage");
    if let Some(stage) = STAGES.into_iter().find(|stage| *stage == wanted) {
        return stage;
    }
    if session.text("status") == "held" {
        return "wrap";
    }
    let Some(at) = when::read_moment(session.text("at")) else {
        return "live";
    };
    let until = at.as_second() - visit.now.as_second();
    let minutes = i64::try_from(session.count("minutes")).unwrap_or(60);
    match until {
        OPENS_BEFORE_SECONDS.. => "prepare",
        _ if until < -(minutes * 60 + 3_600) => "wrap",
        _ => "live",
    }
}

/// What the parts of the screen need.
struct Shown<'a> {
    visit: &'a Visit,
    notebook: &'a Notebook,
    session: Data<'a>,
    stage: &'static str,
}

impl Shown<'_> {
    /// The address of the session, or of something in it.
    fn at(&self, part: &str) -> String {
        self.notebook
            .at(&format!("/sessions/{}{part}", self.session.text("id")))
    }

    fn may_write(&self) -> bool {
        self.notebook.may_write() && self.session.text("status") != "cancelled"
    }
}

/// `GET /n/…/sessions/…`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let answer = visit
        .ask(Request::Session(SessionRequest::Show {
            session: visit.param("session"),
        }))
        .await?;
    let session = Data(&answer).get("session");
    notebook.holds(visit, Data(&answer))?;
    let shown = Shown {
        visit,
        notebook: &notebook,
        session,
        stage: stage(visit, session),
    };
    let private = acts::preparation(visit, session).await;
    let beside = html! {
        (notes::here(&shown))
        (merged::line(visit, &notebook, session).await)
    };
    let page = html! {
        (live::agenda(&shown))
        div class="stack-l" {
            (notes::section(&shown))
            (live::decisions(&shown))
            (live::actions(&shown))
            (wrap::section(&shown))
            (super::comments::section(visit, &notebook, session))
        }
    };
    let screen = Screen::new(session.text("title"), page)
        .head(head(&shown))
        .page_class("desk")
        .margin(live::margin(&shown, &private, &beside));
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/sessions",
        &screen,
    )))
}

fn head(shown: &Shown<'_>) -> Markup {
    let (visit, session) = (shown.visit, shown.session);
    let at = session.text("at");
    let timing = when::session_time(visit, at, session.count("minutes"));
    let there = when::there(visit, session.text("local"), at, session.text("zone"));
    html! {
        div class="row spread" {
            p class="soft" {
                @if let Some((date, span)) = timing {
                    time datetime=(at) { (when::long_day(visit, date)) ", " (span) }
                    @if let Some(there) = there { " " (there) }
                }
                @if let Some(place) = session.some("place") { br; (part::outer_link(place, place)) }
            }
            ol class="progress" aria-label=(visit.say("stage")) {
                @for stage in STAGES {
                    li aria-current=[(stage == shown.stage).then_some("step")] {
                        @if stage == shown.stage { (visit.words.of("stage", stage)) }
                        @else { a href={ (shown.at("")) "?stage=" (stage) } { (visit.words.of("stage", stage)) } }
                    }
                }
            }
        }
        @if session.text("status") == "cancelled" {
            (part::notice("warn", &html! { (visit.say("session-cancelled")) @if let Some(reason) = session.some("reason") { " " (part::quoted(visit, reason)) } }))
        }
    }
}
