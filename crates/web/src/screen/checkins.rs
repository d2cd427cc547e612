//! Check-ins: how it is going for each, 1 to 5, with a line of text.

use std::sync::Arc;

use hearth_node::api::{CheckInRequest, Failure, Request};
use maud::{Markup, html};

use crate::data::Data;
use crate::reply::Reply;
use crate::serve::missing;
use crate::view::chart::{Chart, Point};
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// Check-ins that are listed; the chart and its table have all.
const LISTED: usize = 30;

/// `GET /n/…/checkins`
pub(crate) async fn list(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let answer = visit
        .ask(Request::Checkin(CheckInRequest::List {
            notebook: notebook.id.clone(),
            of: None,
        }))
        .await?;
    let mut all = Data(&answer).list("checkins");
    all.sort_by_key(|one| std::cmp::Reverse(one.text("created_at").to_owned()));
    let page = html! {
        @if notebook.may_write() { (form(visit, &notebook)) }
        (part::place("so-far", &html! {
            @if all.is_empty() && !notebook.may_write() { p class="soft" { (visit.say("no-checkin")) } }
            @for member in notebook.people.all() {
                @let own = own(&all, &member.person);
                @if own.len() > 1 { (course(visit, &member.person, &member.name, &own)) }
            }
            @if !all.is_empty() { (listed(visit, &notebook, &all)) }
        }))
    };
    let screen =
        Screen::new(visit.say("checkins"), page).lede(html! { (visit.say("checkins-lede")) });
    Ok(Reply::Page(shell.of_notebook(
        visit,
        &notebook,
        "/checkins",
        &screen,
    )))
}

/// The newest check-ins of everybody.
fn listed(visit: &Visit, notebook: &Notebook, all: &[Data<'_>]) -> Markup {
    let lines = html! {
        ul class="lines" {
            @for one in all.iter().take(LISTED) {
                li class="row spread" {
                    span {
                        (notebook.people.name(one.get("by"))) ": "
                        strong class="num" { (one.count("value")) } ", " (visit.words.of("mood", &one.count("value").to_string()))
                        @if let Some(text) = one.some("text") { ". " (part::quoted(visit, text)) }
                    }
                    span class="small soft" { (when::day(visit, one.text("at"))) }
                }
            }
        }
    };
    part::section("checkins", &visit.say("checkins-so-far"), &lines)
}

/// What one person said, oldest first.
fn own<'a>(all: &[Data<'a>], person: &str) -> Vec<Data<'a>> {
    let own = all.iter().rev();
    own.filter(|one| one.get("by").text("person") == person)
        .copied()
        .collect()
}

fn form(visit: &Visit, notebook: &Notebook) -> Markup {
    let action = notebook.at("/checkins");
    let form = FormView::new(visit, action.clone());
    let chosen = visit.typed(&action, "value", "");
    html! {
        section id="add" aria-labelledby="add-title" {
            h2 id="add-title" { (visit.say("how-is-it-going")) }
            (form.wrap("stack measure", &html! {
                fieldset class="row" {
                    legend class="sr" { (visit.say("how-is-it-going")) }
                    @for value in ["1", "2", "3", "4", "5"] {
                        label class="choice" for=(form.id(&format!("value-{value}"))) {
                            input type="radio" name="value" id=(form.id(&format!("value-{value}"))) value=(value) checked[chosen == value] required;
                            span { span class="num" { (value) } " " (visit.words.of("mood", value)) }
                        }
                    }
                }
                (form.text(&Field { name: "text", label: &visit.say("in-a-line"), hint: Some(visit.say("checkin-hint")), ..Field::default() }))
                p { button class="btn first" type="submit" { (visit.say("check-in")) } }
            }))
        }
    }
}

/// How it went for one person, as a line and as a table.
fn course(visit: &Visit, person: &str, name: &str, own: &[Data<'_>]) -> Markup {
    let days: Vec<(jiff::civil::Date, f64)> = own
        .iter()
        .filter_map(|one| Some((when::read_day(one.text("at"))?, one.number("value")?)))
        .collect();
    let (Some((first, _)), Some((last, now))) = (days.first(), days.last()) else {
        return html! {};
    };
    let point = |(day, value): &(jiff::civil::Date, f64)| Point {
        day: f64::from(first.until(*day).map(|span| span.get_days()).unwrap_or(0)),
        value: *value,
        label: when::short_day(visit, *day),
    };
    let values = [
        ("name", name.into()),
        ("count", days.len().into()),
        ("first", when::short_day(visit, *first).into()),
        ("last", when::short_day(visit, *last).into()),
        ("now", crate::data::plain_number(*now).into()),
    ];
    let chart = Chart {
        id: format!("course-{}", person.get(..8).unwrap_or(person)),
        title: visit.words.with("course-of", &[("name", name.into())]),
        description: visit.words.with("course-description", &values),
        unit: String::new(),
        points: days.iter().map(point).collect(),
        target: None,
        until: None,
    };
    part::section(
        &format!("c-{}", person.get(..8).unwrap_or(person)),
        &visit.words.with("course-of", &[("name", name.into())]),
        &html! {
            (chart.draw())
            (part::fold(&visit.say("as-a-table"), false, &html! {
                div class="wide-table" tabindex="0" { table {
                    caption { (visit.words.with("course-of", &[("name", name.into())])) }
                    thead { tr { th scope="col" { (visit.say("day")) } th scope="col" class="n" { (visit.say("value")) } } }
                    tbody { @for (day, value) in &days { tr { td { (when::short_day(visit, *day)) } td class="n" { (crate::data::plain_number(*value)) } } } }
                } }
            }))
        },
    )
}

/// `POST /n/…/checkins`
pub(crate) async fn add(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let value = visit.form.text("value").parse();
    let value = value.map_err(|_| missing(visit.words, &visit.say("how-is-it-going")))?;
    let notebook = visit.param("notebook");
    let back = format!("/n/{notebook}/checkins");
    visit
        .ask(Request::Checkin(CheckInRequest::Add {
            notebook,
            value,
            text: visit.form.given("text"),
        }))
        .await?;
    Ok(visit.done(&back, visit.say("checked-in")))
}
