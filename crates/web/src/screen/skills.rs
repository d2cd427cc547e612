//! Skills: then and now, as bars and as a table, with ratings and endorsements.

use std::sync::Arc;

use hearth_node::api::{Failure, Request, SkillFields, SkillRequest};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// The highest rating.
const RATING_MAX: f64 = 5.0;

/// `GET /n/…/skills`
pub(crate) async fn list(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let listed = visit
        .ask(Request::Skill(SkillRequest::List {
            notebook: notebook.id.clone(),
            of: None,
        }))
        .await?;
    let skills = Data(&listed).list("skills");
    let page = html! {
        (part::place("all-skills", &html! {
        @if skills.is_empty() {
            (part::empty("half", &visit.say("no-skill"), &visit.say("no-skill-why"), &part::template(visit, &notebook.at("/skills"), "title", "rate", &visit.say("example-skill"))))
        } @else {
            (table(visit, &notebook, &skills))
            h2 class="sr" { (visit.say("skills")) }
            @for skill in &skills { (one(visit, &notebook, *skill)) }
        }
        }))
        @if notebook.may_write() { div id="rate" { (rate_form(visit, &notebook, None, skills.is_empty())) } }
    };
    let screen = Screen::new(visit.say("skills"), page).lede(html! { (visit.say("skills-lede")) });
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/skills", &screen),
    ))
}

/// Then and now, for everybody who rated themselves.
fn table(visit: &Visit, notebook: &Notebook, skills: &[Data<'_>]) -> Markup {
    html! {
        section id="table" aria-label=(visit.say("then-and-now")) data-live {
            div class="wide-table" tabindex="0" { table {
                caption { (visit.say("then-and-now")) }
                thead { tr {
                    th scope="col" { (visit.say("skill")) } th scope="col" { (visit.say("person")) }
                    th scope="col" class="n" { (visit.say("then")) } th scope="col" class="n" { (visit.say("now-word")) }
                    th scope="col" { (visit.say("since")) }
                } }
                tbody {
                    @for skill in skills { @for person in skill.list("people") {
                        @let own = person.get("own");
                        tr {
                            td { bdi { (skill.text("title")) } }
                            td { (notebook.people.name(person)) }
                            td class="n" { @if !own.is_null() { (own.count("then")) } }
                            td class="n" { @if !own.is_null() { (own.count("now")) } }
                            td class="nowrap" { (when::day(visit, own.text("since"))) }
                        }
                    } }
                }
            } }
        }
    }
}

fn bar(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(0)) / RATING_MAX
}

fn one(visit: &Visit, notebook: &Notebook, skill: Data<'_>) -> Markup {
    let id = skill.text("id");
    let endorse = FormView::new(visit, notebook.at(&format!("/skills/{id}/endorse")));
    let evidence = FormView::new(visit, notebook.at(&format!("/skills/{id}/evidence")));
    let others: Vec<(String, String)> = notebook
        .people
        .others()
        .map(|one| (one.person.clone(), one.name.clone()))
        .collect();
    html! {
        section class="topic" id={ "skill-" (id) } aria-labelledby={ "skill-" (id) "-title" } data-live {
            h3 id={ "skill-" (id) "-title" } { bdi { (skill.text("title")) } }
            @if let Some(about) = skill.some("about") { p class="soft" { bdi { (about) } } }
            @if let Some(uri) = skill.some("uri") { p class="small" { (part::outer_link(uri, uri)) } }
            @for person in skill.list("people") {
                @let own = person.get("own");
                div class="goal" {
                    div class="row spread" {
                        span { (notebook.people.name(person)) }
                        span class="small" {
                            @if !own.is_null() { (visit.words.with("from-to", &[("from", own.count("then").into()), ("to", own.count("now").into())])) }
                            @for other in person.list("others") { ", " (notebook.people.name(other.get("by"))) ": " (other.count("now")) }
                        }
                    }
                    @if !own.is_null() { (part::track(bar(own.count("now")), false)) }
                    @let endorsed = person.list("endorsed_by");
                    @if !endorsed.is_empty() { p class="small" { (icon("done")) " " (visit.say("endorsed-by")) " " (notebook.people.names(&endorsed)) } }
                }
            }
            @for shown in skill.list("evidence") {
                p class="small" { bdi { (shown.text("text")) } " " @if let Some(link) = shown.some("link") { (part::outer_link(link, link)) " " } span class="by" { (notebook.people.name(shown.get("created_by"))) } }
            }
            @if notebook.may_write() {
                (rate_form(visit, notebook, Some(skill), false))
                (part::fold(&visit.say("add-evidence"), evidence.went_wrong(), &evidence.wrap("stack measure", &html! {
                    (evidence.area_of(&Field { name: "text", label: &visit.say("evidence"), is_required: true, ..Field::default() }, 2))
                    (evidence.text(&Field { name: "link", label: &visit.say("link"), ..Field::default() }))
                    p { button class="btn small" type="submit" { (visit.say("add-evidence")) } }
                })))
                @if !others.is_empty() {
                    (part::fold(&visit.say("endorse"), endorse.went_wrong(), &endorse.wrap("stack measure", &html! {
                        p { (visit.say("endorse-why")) }
                        (endorse.select(&Field { name: "person", label: &visit.say("person"), ..Field::default() }, &others))
                        (endorse.text(&Field { name: "note", label: &visit.say("what-you-saw"), ..Field::default() }))
                        (endorse.confirmation(&visit.say("endorse-sure")))
                        p { button class="btn" type="submit" { (visit.say("endorse")) } }
                    })))
                }
            }
        }
    }
}

fn rate_form(visit: &Visit, notebook: &Notebook, skill: Option<Data<'_>>, is_open: bool) -> Markup {
    let action = match skill {
        Some(skill) => notebook.at(&format!("/skills/{}/rate", skill.text("id"))),
        None => notebook.at("/skills"),
    };
    let form = FormView::new(visit, action);
    let anchors = skill.map(|skill| skill.list("anchors")).unwrap_or_default();
    let values: Vec<(String, String)> = (1..=5_u64)
        .map(|value| {
            let found = anchors.iter().find(|one| one.count("value") == value);
            let words = match found.filter(|one| one.is("own")) {
                Some(own) => own.text("text").to_owned(),
                None => visit.words.of("anchor", &value.to_string()),
            };
            (value.to_string(), format!("{value}: {words}"))
        })
        .collect();
    let me = notebook
        .people
        .me()
        .map(|me| me.person.clone())
        .unwrap_or_default();
    let title = if skill.is_some() {
        visit.say("rate")
    } else {
        visit.say("add-skill")
    };
    part::fold(&title, form.went_wrong() || is_open, &form.wrap("stack measure", &html! {
        @if skill.is_none() { (form.text(&Field { name: "title", label: &visit.say("skill"), value: &visit.query.text("title"), is_required: true, ..Field::default() })) }
        (form.select(&Field { name: "value", label: &visit.say("how-well"), value: "3", ..Field::default() }, &values))
        (form.select(&Field { name: "of", label: &visit.say("whose"), value: &me, ..Field::default() }, &notebook.people.choices()))
        (form.text(&Field { name: "note", label: &visit.say("note"), ..Field::default() }))
        p { button class="btn" type="submit" { (title) } }
    }))
}

fn back(visit: &Visit) -> String {
    format!("/n/{}/skills", visit.param("notebook"))
}

async fn rate_as(visit: &Visit, skill: String) -> Result<Reply, Failure> {
    let value = visit.form.text("value").parse().unwrap_or(0);
    visit
        .ask(Request::Skill(SkillRequest::Rate {
            notebook: visit.param("notebook"),
            skill,
            value,
            of: visit.form.given("of"),
            note: visit.form.given("note"),
            on: None,
        }))
        .await?;
    Ok(visit.done(&back(visit), visit.say("rated")))
}

/// `POST /n/…/skills`
pub(crate) async fn add(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let title = visit
        .form
        .given("title")
        .ok_or_else(|| missing(visit.words, &visit.say("skill")))?;
    let notebook = visit.param("notebook");
    let added = visit
        .ask(Request::Skill(SkillRequest::Add {
            notebook,
            title,
            fields: SkillFields::default(),
        }))
        .await?;
    let id = Data(&added).get("skill").text("id").to_owned();
    rate_as(&visit, id).await
}

/// `POST /n/…/skills/…/rate`
pub(crate) async fn rate(visit: Arc<Visit>) -> Result<Reply, Failure> {
    rate_as(&visit, visit.param("skill")).await
}

/// `POST /n/…/skills/…/evidence`
pub(crate) async fn evidence(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let text = visit
        .form
        .given("text")
        .ok_or_else(|| missing(visit.words, &visit.say("evidence")))?;
    visit
        .ask(Request::Skill(SkillRequest::Evidence {
            skill: visit.param("skill"),
            text,
            of: None,
            link: visit.form.given("link"),
        }))
        .await?;
    Ok(visit.done(&back(&visit), visit.say("saved-here")))
}

/// `POST /n/…/skills/…/endorse`
pub(crate) async fn endorse(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    visit
        .ask(Request::Skill(SkillRequest::Endorse {
            notebook: visit.param("notebook"),
            skill: visit.param("skill"),
            person: visit.form.text("person"),
            note: visit.form.given("note"),
            withdraw: false,
        }))
        .await?;
    Ok(visit.done(&back(&visit), visit.say("endorsed")))
}
