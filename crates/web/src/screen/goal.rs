//! One goal: how far it is, with its chart and the same figures as a table, its milestones, its actions.

use std::sync::Arc;

use hearth_node::api::{ActionRequest, Failure, GoalRequest, Request};
use jiff::civil::Date;
use maud::{Markup, html};

use super::comments;
use super::goals::{STATUSES, action_fields};
use super::notebook::{figures, share};
use super::today::action_line;
use crate::data::{Data, plain_number};
use crate::reply::Reply;
use crate::view::chart::{Chart, Point};
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::view::people::People;
use crate::view::shell::{Notebook, Screen, Shell};
use crate::visit::Visit;
use crate::when;

/// `GET /n/…/goals/…`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let shell = Shell::load(visit).await?;
    let notebook = Notebook::load(visit).await?;
    let answer = visit
        .ask(Request::Goal(GoalRequest::Show {
            goal: visit.param("goal"),
        }))
        .await?;
    let goal = Data(&answer).get("goal");
    notebook.holds(visit, Data(&answer))?;
    let actions = visit
        .ask(Request::Action(ActionRequest::List {
            notebook: notebook.id.clone(),
            open: true,
            mine: false,
        }))
        .await?;
    let page = html! {
        @if let Some(why) = goal.some("why") { section class="prose" { p { bdi { (why) } } } }
        (progress(visit, &notebook, goal))
        (key_results(visit, &notebook, goal))
        (woop(visit, goal))
        (milestones(visit, &notebook, goal))
        (comments::section(visit, &notebook, goal))
        @if notebook.may_write() { (edit_form(visit, &notebook, goal)) }
    };
    let screen = Screen::new(goal.text("title"), page)
        .head(html! {
            p class="row" {
                (part::badge(&visit.words.of("goal-status", goal.text("status"))))
                @if let Some(reason) = goal.some("reason") { span class="soft" { (part::quoted(visit, reason)) } }
                a class="more" href=(notebook.at("/goals")) { (visit.say("all-goals")) }
            }
        })
        .margin(margin(visit, &notebook, goal, Data(&actions)));
    Ok(Reply::Page(
        shell.of_notebook(visit, &notebook, "/goals", &screen),
    ))
}

fn at(notebook: &Notebook, goal: Data<'_>, act: &str) -> String {
    notebook.at(&format!("/goals/{}{act}", goal.text("id")))
}

fn days_since(date: Date, first: Date) -> f64 {
    f64::from(date.since(first).map_or(0, |span| span.get_days()))
}

/// A row of the table beside the chart: day, value, note.
type Row = (String, f64, String);

/// The chart of a measured goal: the baseline is where it began.
fn chart(visit: &Visit, goal: Data<'_>) -> Option<(Chart, Vec<Row>)> {
    let measure = goal.get("measure");
    let unit = measure.text("unit").to_owned();
    let mut rows: Vec<(Date, f64, String)> = Vec::new();
    for entry in goal.list("progress") {
        let day = when::read_day(entry.text("at"));
        if let (Some(day), Some(value)) = (day, entry.number("value")) {
            rows.push((day, value, entry.text("note").to_owned()));
        }
    }
    // What was written down later about an earlier day stands where it belongs.
    rows.sort_by_key(|(day, _, _)| *day);
    if let (Some(from), Some(made)) = (
        measure.number("baseline"),
        when::read_day(goal.text("created_at")),
    ) {
        // Where it began is before all of it, even of days before the goal was written down.
        let began = rows.first().map_or(made, |row| row.0.min(made));
        rows.insert(0, (began, from, visit.say("baseline-row")));
    }
    let first = rows.first()?.0;
    let point = |(day, value, _): &(Date, f64, String)| Point {
        day: days_since(*day, first),
        value: *value,
        label: when::short_day(visit, *day),
    };
    let number = |value: Option<f64>| value.map(plain_number).unwrap_or_default();
    let target = measure.number("target");
    let description = visit.words.with(
        "chart-description",
        &[
            ("from", number(rows.first().map(|row| row.1)).into()),
            ("to", number(rows.last().map(|row| row.1)).into()),
            ("unit", unit.clone().into()),
            ("first", when::short_day(visit, first).into()),
            (
                "last",
                rows.last()
                    .map(|row| when::short_day(visit, row.0))
                    .unwrap_or_default()
                    .into(),
            ),
            ("target", number(target).into()),
        ],
    );
    let chart = Chart {
        id: "progress-chart".to_owned(),
        title: goal.text("title").to_owned(),
        description,
        points: rows.iter().map(point).collect(),
        target: target.map(|value| {
            let word = visit.words.with(
                "target-label",
                &[
                    ("value", plain_number(value).into()),
                    ("unit", unit.clone().into()),
                ],
            );
            (value, word)
        }),
        until: when::read_day(goal.text("due"))
            .map(|due| (days_since(due, first), when::short_day(visit, due))),
        unit,
    };
    let rows = rows
        .into_iter()
        .map(|(day, value, note)| (when::short_day(visit, day), value, note))
        .collect();
    Some((chart, rows))
}

fn progress(visit: &Visit, notebook: &Notebook, goal: Data<'_>) -> Markup {
    if goal.get("measure").is_null() {
        return html! {};
    }
    let drawn = chart(visit, goal);
    let form = FormView::new(visit, at(notebook, goal, "/progress"));
    let unit = goal.get("measure").text("unit");
    part::section(
        "progress",
        &visit.say("progress"),
        &html! {
            @if let Some((chart, rows)) = &drawn {
                figure class="stack-s" {
                    figcaption { strong { bdi { (unit) } } " " span class="soft" { (figures(visit, goal)) } }
                    (chart.draw())
                    details open[rows.len() <= 8] {
                        summary { (visit.say("same-figures")) }
                        table {
                            caption class="sr" { bdi { (goal.text("title")) } }
                            thead { tr {
                                th scope="col" { (visit.say("date")) }
                                th scope="col" class="n" { bdi { (unit) } }
                                th scope="col" { (visit.say("note")) }
                            } }
                            tbody {
                                @for (day, value, note) in rows {
                                    tr { td class="nowrap" { (day) } td class="n" { (plain_number(*value)) } td { bdi { (note) } } }
                                }
                            }
                        }
                    }
                }
            }
            @if notebook.may_write() {
                details open[form.went_wrong()] data-key="n" {
                    summary { (visit.say("record-progress")) }
                    (form.wrap("stack measure", &html! {
                        div class="two" {
                            (form.number(&Field { name: "value", label: &visit.words.with("value-in", &[("unit", unit.into())]), is_required: true, ..Field::default() }))
                            (form.day(&Field { name: "on", label: &visit.say("measured-on"), hint: Some(visit.say("today-if-empty")), ..Field::default() }))
                        }
                        (form.text(&Field { name: "note", label: &visit.say("note"), ..Field::default() }))
                        p { button class="btn first" type="submit" { (visit.say("record-progress")) } }
                    }))
                }
            }
        },
    )
}

fn key_results(visit: &Visit, notebook: &Notebook, goal: Data<'_>) -> Markup {
    let results = goal.list("key_results");
    if results.is_empty() {
        return html! {};
    }
    part::section(
        "key-results",
        &visit.say("key-results"),
        &html! {
            ul class="lines" {
                @for one in &results {
                    @let number = |name: &str| one.number(name).map(plain_number).unwrap_or_default();
                    @let form = FormView::new(visit, at(notebook, goal, &format!("/key-results/{}", one.text("id"))));
                    li class="goal" {
                        div class="row spread" {
                            h3 { bdi { (one.text("title")) } }
                            span class="small" { (visit.words.with("measure-figures", &[
                                ("current", number("current").into()), ("unit", "".into()),
                                ("from", number("start").into()), ("to", number("target").into())])) }
                        }
                        @if let (Some(from), Some(to), Some(now)) = (one.number("start"), one.number("target"), one.number("current")) {
                            @if (to - from).abs() > f64::EPSILON { (part::track((now - from) / (to - from), false)) }
                        }
                        @if notebook.may_write() {
                            (part::fold(&visit.say("record-progress"), form.went_wrong(), &form.wrap("row end", &html! {
                                div class="field short" { (form.number(&Field { name: "current", label: &visit.say("now-at"), value: &number("current"), is_required: true, ..Field::default() })) }
                                button class="btn" type="submit" { (visit.say("save")) }
                            })))
                        }
                    }
                }
            }
        },
    )
}

fn woop(visit: &Visit, goal: Data<'_>) -> Markup {
    let woop = goal.get("woop");
    if woop.is_null() {
        return html! {};
    }
    html! {
        section aria-label="WOOP" {
            dl class="facts" {
                @for name in ["wish", "outcome", "obstacle", "plan"] {
                    @if let Some(text) = woop.some(name) {
                        dt { (visit.words.of("woop", name)) } dd { bdi { (text) } }
                    }
                }
            }
        }
    }
}

fn milestones(visit: &Visit, notebook: &Notebook, goal: Data<'_>) -> Markup {
    let form = FormView::new(visit, at(notebook, goal, "/milestones"));
    let all = goal.list("milestones");
    let next = all.iter().position(|one| !one.is("done"));
    part::section(
        "milestones",
        &visit.say("milestones"),
        &html! {
            @if all.is_empty() { p class="soft" { (visit.say("no-milestone")) } }
            ol class="steps" {
                @for (place, one) in all.iter().enumerate() {
                    @let done = one.is("done");
                    li class=(if done { "done" } else if Some(place) == next { "now" } else { "ahead" }) {
                        @if done || !notebook.may_write() {
                            (icon(if done { "done" } else { "circle" }))
                        } @else {
                            (FormView::new(visit, at(notebook, goal, &format!("/milestones/{}/done", one.text("id")))).wrap("tick", &html! {
                                button class="tick" type="submit" aria-label={ (visit.say("mark-reached")) ": " (one.text("title")) } { (icon("circle")) }
                            }))
                        }
                        div {
                            bdi { (one.text("title")) }
                            @if done {
                                span class="hint" { (visit.say("reached")) " " (when::day(visit, one.text("updated_at"))) ", " (notebook.people.name(one.get("updated_by"))) }
                            } @else if let Some(due) = one.some("due") {
                                span class="hint" { (visit.say("due")) " " (when::due(visit, due)) }
                            }
                        }
                    }
                }
            }
            @if notebook.may_write() {
                (part::fold(&visit.say("add-milestone"), form.went_wrong(), &form.wrap("stack measure", &html! {
                    div class="two" {
                        (form.text(&Field { name: "title", label: &visit.say("milestone"), is_required: true, ..Field::default() }))
                        (form.day(&Field { name: "due", label: &visit.say("due-on"), ..Field::default() }))
                    }
                    p { button class="btn" type="submit" { (visit.say("add-milestone")) } }
                })))
            }
        },
    )
}

fn edit_form(visit: &Visit, notebook: &Notebook, goal: Data<'_>) -> Markup {
    let status_form = FormView::new(visit, at(notebook, goal, "/status"));
    let form = FormView::editing(visit, at(notebook, goal, "/edit"));
    let statuses: Vec<(String, String)> = STATUSES
        .iter()
        .map(|one| ((*one).to_owned(), visit.words.of("goal-status", one)))
        .collect();
    let measure = goal.get("measure");
    let number = |name: &str| measure.number(name).map(plain_number).unwrap_or_default();
    html! {
        section aria-label=(visit.say("edit-goal")) class="no-print" {
            (part::fold(&visit.say("change-status"), status_form.went_wrong(), &status_form.wrap("stack measure", &html! {
                (status_form.select(&Field { name: "status", label: &visit.say("status"), value: goal.text("status"), ..Field::default() }, &statuses))
                (status_form.text(&Field { name: "reason", label: &visit.say("reason"), hint: Some(visit.say("reason-hint")), ..Field::default() }))
                p { button class="btn" type="submit" { (visit.say("change-status")) } }
            })))
            details open[form.went_wrong()] data-key="e" {
                summary { (visit.say("edit-goal")) }
                (form.wrap("stack measure", &html! {
                    (FormView::hidden("edit", "1"))
                    (form.text(&Field { name: "title", label: &visit.say("goal-title"), value: goal.text("title"), is_required: true, ..Field::default() }))
                    (form.area_of(&Field { name: "why", label: &visit.say("goal-why"), value: goal.text("why"), ..Field::default() }, 2))
                    (form.day(&Field { name: "due", label: &visit.say("due-on"), value: goal.text("due"), ..Field::default() }))
                    div class="three" {
                        (form.text(&Field { name: "unit", label: &visit.say("unit"), value: measure.text("unit"), ..Field::default() }))
                        (form.number(&Field { name: "baseline", label: &visit.say("baseline"), value: &number("baseline"), ..Field::default() }))
                        (form.number(&Field { name: "target", label: &visit.say("target"), value: &number("target"), ..Field::default() }))
                    }
                    p { button class="btn" type="submit" { (visit.say("save")) } }
                }))
            }
        }
    }
}

fn margin(visit: &Visit, notebook: &Notebook, goal: Data<'_>, actions: Data<'_>) -> Markup {
    let people: &People = &notebook.people;
    let mut open = actions.list("actions");
    open.retain(|action| action.text("goal") == goal.text("id"));
    let last = goal.list("progress").last().copied();
    let form = FormView::new(visit, at(notebook, goal, "/actions"));
    html! {
        (part::section("facts", &visit.say("this-goal"), &html! {
            dl class="facts" {
                dt { (visit.say("owner")) } dd { (people.names(&goal.list("owners"))) }
                dt { (visit.say("kind")) } dd { (visit.words.of("goal-kind", goal.text("kind"))) }
                dt { (visit.say("since")) } dd { (when::day(visit, goal.text("created_at"))) }
                @if let Some(due) = goal.some("due") { dt { (visit.say("due-on")) } dd { (when::due(visit, due)) } }
                @if let Some(share) = share(goal) { dt { (visit.say("way")) } dd { (plain_number((share * 100.0).round())) " %" } }
            }
            p class="fine" {
                (visit.say("last-changed-by")) " " (people.name(goal.get("updated_by"))) ", " (when::moment(visit, goal.text("updated_at"))) ". "
                a href={ (notebook.at("/history")) "?object=" (goal.text("id")) } { (visit.say("history")) }
            }
        }))
        @if let Some(last) = last {
            (part::section("latest", &visit.say("latest-entry"), &html! {
                p { (last.number("value").map(plain_number).unwrap_or_default()) " " bdi { (goal.get("measure").text("unit")) } ". "
                    @if let Some(note) = last.some("note") { (part::quoted(visit, note)) } }
                p class="fine" { (people.name(last.get("created_by"))) ", " (when::moment(visit, last.text("created_at"))) ", " bdi { (last.get("created_by").text("device")) } }
            }))
        }
        (part::section("actions", &visit.say("open-actions"), &html! {
            @if open.is_empty() { p class="soft" { (visit.say("no-open-action")) } }
            @else { ul class="lines" { @for action in &open {
                (action_line(visit, *action, &html! { span class="hint" { (people.name(action.get("owner"))) } }))
            } } }
            @if notebook.may_write() {
                (part::fold(&visit.say("add-action"), form.went_wrong(), &form.wrap("stack-s", &action_fields(visit, &form, notebook))))
            }
        }))
    }
}
