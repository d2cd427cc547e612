//! Wrapping up: what each learned, how it felt, when to meet next.

use maud::{Markup, html};

use super::Shown;
use crate::view::form::{Field, FormView};
use crate::view::part;

pub(super) fn section(shown: &Shown<'_>) -> Markup {
    let (visit, session) = (shown.visit, shown.session);
    let people = &shown.notebook.people;
    let learned = session.list("learned");
    let form = FormView::new(visit, shown.at("/wrap"));
    let moods: Vec<(String, String)> = std::iter::once((String::new(), visit.say("not-said")))
        .chain((1..=5).map(|at: u8| (at.to_string(), visit.words.of("mood", &at.to_string()))))
        .collect();
    let left = session
        .list("agenda")
        .iter()
        .filter(|item| !item.is("done"))
        .count();
    if shown.stage == "prepare" && learned.is_empty() {
        return html! {};
    }
    part::section(
        "wrap",
        &visit.say("wrap-up"),
        &html! {
            div class="two" {
                @for one in &learned {
                    blockquote class="prose" {
                        p { bdi { (one.text("text")) } }
                        p class="by" { (people.name(*one)) }
                    }
                }
            }
            @for mood in session.list("mood") {
                p class="small" { (people.name(mood)) ": " (visit.words.of("mood", &mood.count("value").to_string())) @if let Some(text) = mood.some("text") { ", " (part::quoted(visit, text)) } }
            }
            @if shown.may_write() {
                (form.wrap("stack measure", &html! {
                    (FormView::hidden("all", "1"))
                    (form.area_of(&Field { name: "learned", label: &visit.say("what-you-learned"), hint: Some(visit.say("others-read-this")), ..Field::default() }, 3))
                    div class="two" {
                        (form.select(&Field { name: "mood", label: &visit.say("how-was-it"), ..Field::default() }, &moods))
                        (form.moment(&Field { name: "next", label: &visit.say("next-date"), ..Field::default() }))
                    }
                    p class="row" {
                        button class="btn first" type="submit" { (visit.say("wrap-up")) }
                        @if left > 0 { span class="small soft" { (visit.words.with("carries-over", &[("count", left.into())])) } }
                    }
                }))
            }
        },
    )
}
