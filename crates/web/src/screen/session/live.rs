//! What is used while people talk: agenda, decisions, actions, who is here.

use maud::{Markup, html};

use super::Shown;
use crate::data::Data;
use crate::screen::goals::action_fields;
use crate::screen::today::action_line;
use crate::view::form::{Field, FormView};
use crate::view::icon::icon;
use crate::view::part;
use crate::when;

pub(super) fn agenda(shown: &Shown<'_>) -> Markup {
    let (visit, session) = (shown.visit, shown.session);
    let items = session.list("agenda");
    let planned: u64 = items.iter().map(|item| item.count("minutes")).sum();
    let current = items.iter().position(|item| !item.is("done"));
    let form = FormView::new(visit, shown.at("/agenda"));
    let people = &shown.notebook.people;
    html! {
        section id="agenda" aria-labelledby="agenda-title" data-live {
            h2 id="agenda-title" class="sr" { (visit.say("agenda")) }
            p class="clock" { span class="small soft" {
                (visit.words.with("minutes-planned", &[("planned", planned.into()), ("minutes", session.count("minutes").into())]))
            } }
            details class="fold" open[shown.stage == "prepare"] {
                summary { (visit.words.with("agenda-items", &[("count", items.len().into())])) }
                ol class="agenda" {
                    @for (place, item) in items.iter().enumerate() {
                        @let is_now = shown.stage == "live" && Some(place) == current;
                        li class=[item.is("done").then_some("done")] aria-current=[is_now.then_some("step")] {
                            span class="t" { bdi { (item.text("title")) } }
                            span class="m num" { @if item.count("minutes") > 0 { (visit.words.with("minutes-short", &[("count", item.count("minutes").into())])) } }
                            @for prompt in item.list("prompts") { span class="by" { bdi { (prompt.as_text()) } } }
                            span class="by" {
                                @if item.is("done") { (visit.say("status-done")) }
                                @else { (visit.say("brought-by")) " " (shown.notebook.people.name(item.get("brought_by"))) }
                                @if item.some("carried_from").is_some() { ", " (visit.say("carried-over")) }
                            }
                            @if !item.is("done") && shown.may_write() && shown.stage != "prepare" {
                                span class="by no-print" { (FormView::new(visit, shown.at(&format!("/agenda/{}/done", item.text("id")))).button("btn quiet small", &visit.say("item-done"))) }
                            }
                        }
                    }
                }
            }
            @if shown.may_write() {
                div class="no-print" {
                    (part::fold(&visit.say("add-item"), form.went_wrong(), &form.wrap("stack-s", &html! {
                        (form.text(&Field { name: "title", label: &visit.say("item"), is_required: true, ..Field::default() }))
                        (form.number(&Field { name: "minutes", label: &visit.say("minutes"), ..Field::default() }))
                        @if let Some(me) = people.me() {
                            (form.select(&Field { name: "by", label: &visit.say("who-brings-it"), value: &me.person, ..Field::default() }, &people.choices()))
                        }
                        p { button class="btn small" type="submit" { (visit.say("add-item")) } }
                    })))
                }
            }
        }
    }
}

pub(super) fn decisions(shown: &Shown<'_>) -> Markup {
    let visit = shown.visit;
    let form = FormView::new(visit, shown.at("/wrap"));
    html! {
        @for (list, title, one) in [("decisions", "decisions", "decision"), ("insights", "insights", "insight")] {
            @let all = shown.session.list(list);
            @if !all.is_empty() || (shown.may_write() && shown.stage != "prepare") {
                (part::section(list, &visit.words.of("list", title), &html! {
                    ul class="lines" {
                        @for entry in &all {
                            li { bdi { (entry.text("text")) } " " span class="by" {
                                (shown.notebook.people.name(entry.get("created_by"))) ", " (when::moment(visit, entry.text("created_at")))
                            } }
                        }
                    }
                    @if shown.may_write() {
                        (part::fold(&visit.words.of("add", one), false, &form.wrap("stack-s measure", &html! {
                            (form.area_of(&Field { name: one, label: &visit.words.of("list-one", one), is_required: true, ..Field::default() }, 2))
                            p { button class="btn small" type="submit" { (visit.words.of("add", one)) } }
                        })))
                    }
                }))
            }
        }
    }
}

pub(super) fn actions(shown: &Shown<'_>) -> Markup {
    let (visit, people) = (shown.visit, &shown.notebook.people);
    let form = FormView::new(visit, shown.at("/actions"));
    part::section(
        "actions",
        &visit.say("actions"),
        &html! {
            ul class="lines" {
                @for action in shown.session.list("actions") {
                    (action_line(visit, action, &html! { span class="hint" {
                        (people.name(action.get("owner")))
                        @if action.is("carried") { ", " (visit.say("carried-over")) }
                    } }))
                }
            }
            @if shown.may_write() {
                (part::fold(&visit.say("add-action"), form.went_wrong(), &form.wrap("stack measure", &action_fields(visit, &form, shown.notebook))))
            }
        },
    )
}

pub(super) fn margin(shown: &Shown<'_>, private: &Markup, merged: &Markup) -> Markup {
    let (visit, session) = (shown.visit, shown.session);
    let people = &shown.notebook.people;
    let attendance = session.list("attendance");
    let me = people.me().map(|me| me.person.as_str()).unwrap_or_default();
    let was_here = attendance.iter().any(|one| one.text("person") == me);
    html! {
        (merged)
        (part::section("attended", &visit.say("attended"), &html! {
            ul class="stack-s" {
                @for one in &attendance {
                    li { (people.name(*one)) ", " (when::moment(visit, one.text("at"))) }
                }
            }
            @if attendance.is_empty() { p class="soft" { (visit.say("nobody-confirmed")) } }
            @if !was_here && shown.may_write() {
                (FormView::new(visit, shown.at("/attend")).button("btn small", &visit.say("i-was-here")))
            }
        }))
        (private)
        @if shown.may_write() { (change(shown)) }
        section class="fine" {
            p { (visit.say("last-changed-by")) " " (people.name(session.get("updated_by"))) ", " (when::moment(visit, session.text("updated_at"))) ". "
                a href={ (shown.notebook.at("/history")) "?object=" (session.text("id")) } { (visit.say("history")) } }
            p class="no-print" { button class="btn quiet small" type="button" data-print hidden { (visit.say("print")) } }
        }
    }
}

/// Another time or place, or none.
fn change(shown: &Shown<'_>) -> Markup {
    let (visit, session) = (shown.visit, shown.session);
    let form = FormView::editing(visit, shown.at("/edit"));
    let cancel = FormView::new(visit, shown.at("/cancel"));
    let local = session.text("local").get(..16).unwrap_or_default();
    let minutes = session.count("minutes").to_string();
    html! {
        section class="no-print" aria-label=(visit.say("change-session")) {
            (part::fold(&visit.say("change-session"), form.went_wrong(), &form.wrap("stack-s", &html! {
                (form.text(&Field { name: "title", label: &visit.say("title"), value: session.text("title"), ..Field::default() }))
                (form.moment(&Field { name: "at", label: &visit.say("starts"), value: local, hint: Some(session.text("zone").to_owned()), ..Field::default() }))
                (form.number(&Field { name: "minutes", label: &visit.say("minutes"), value: &minutes, ..Field::default() }))
                (form.text(&Field { name: "place", label: &visit.say("place"), value: session.text("place"), ..Field::default() }))
                @if !session.get("series").is_null() {
                    label class="choice" for="whole" { input type="checkbox" id="whole" name="whole" value="yes"; span { (visit.say("whole-series")) } }
                }
                p { button class="btn small" type="submit" { (visit.say("save")) } }
            })))
            (part::fold(&visit.say("cancel-session"), cancel.went_wrong(), &cancel.wrap("stack-s", &html! {
                (cancel.text(&Field { name: "reason", label: &visit.say("reason"), ..Field::default() }))
                p { button class="btn small danger" type="submit" { (visit.say("cancel-session")) } }
            })))
        }
    }
}

/// The private preparation: what the reader's journal says about this session.
pub(super) fn private(
    shown_entries: &[Data<'_>],
    title: &str,
    hint: &str,
    form: &Markup,
) -> Markup {
    html! {
        section class="no-print" aria-label=(title) {
            div class="aside-note private stack-s" {
                p { span class="badge is-private sm" { (icon("lock")) (title) } }
                @for entry in shown_entries { p { bdi { (entry.text("text")) } } }
                (form)
                p class="fine" { (hint) }
            }
        }
    }
}
