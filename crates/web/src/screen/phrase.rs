//! The recovery words of a home that was made on the page: shown until the person has shown that they wrote them down.

use std::sync::Arc;

use hearth_node::api::{Failure, RecoveryRequest, Request, Secret};
use maud::{Markup, html};
use zeroize::Zeroizing;

use crate::data::Data;
use crate::reply::{Reply, own_address};
use crate::serve::missing;
use crate::view::form::{Field, FormView};
use crate::view::part;
use crate::view::shell::{plain, steps};
use crate::visit::Visit;

/// Words of the phrase that are asked for.
const ASKED: usize = 3;
/// Bytes that are ready for those words: a whole phrase has less.
const WORDS_BYTES: usize = 256;

/// `GET /recovery`
pub(crate) async fn show(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let visit = visit.as_ref();
    let next = own_address(visit.query.raw("next"));
    let answer = visit.ask(Request::Recovery(RecoveryRequest::Show)).await?;
    let words: Vec<&str> = Data(&answer)
        .text("recovery_phrase")
        .split_whitespace()
        .collect();
    if words.is_empty() {
        return Ok(visit.back_to(&next));
    }
    let is_shown = !visit.app.locks() || visit.standing.is_confirmed;
    let body = html! {
        div class="hello" {
            h1 { (visit.say("recovery-words")) }
            p class="prose" { (visit.say("recovery-why")) }
            (steps(visit, "words"))
        }
        @if is_shown { (shown(visit, &words, &next)) } @else { (ask_first(visit, &next)) }
    };
    Ok(Reply::Page(plain(
        visit,
        &visit.say("recovery-words"),
        &body,
    )))
}

/// Somebody else may sit here now: the passphrase first.
fn ask_first(visit: &Visit, next: &str) -> Markup {
    let form = FormView::new(visit, "/recovery/show");
    html! {
        section class="start measure" aria-label=(visit.say("passphrase")) {
            (form.wrap("stack", &html! {
                (FormView::hidden("next", next))
                (form.confirmation(""))
                p class="row" {
                    button class="btn first" type="submit" { (visit.say("show-words")) }
                    a class="btn quiet" href=(next) { (visit.say("later")) }
                }
            }))
        }
    }
}

fn shown(visit: &Visit, words: &[&str], next: &str) -> Markup {
    let form = FormView::new(visit, "/recovery");
    let drawn = places(visit, words.len());
    let asked: Vec<String> = drawn.iter().map(ToString::to_string).collect();
    html! {
        section class="start" aria-label=(visit.say("recovery-words")) {
            ol class="words many" { @for word in words { li { (word) } } }
            p class="no-print" { button class="btn quiet small" type="button" data-print hidden { (visit.say("print")) } }
        }
        section class="start no-print" aria-labelledby="check-title" {
            h2 id="check-title" { (visit.say("words-check")) }
            p class="soft measure" { (visit.say("words-check-why")) }
            (form.wrap("stack", &html! {
                (FormView::hidden("next", next))
                (form.base("places", &asked.join(" ")))
                div class="three" {
                    @for place in &drawn {
                        (form.text(&Field { name: &format!("word-{place}"), label: &visit.words.with("word-number", &[("number", (*place).into())]), ..Field::default() }))
                    }
                }
                (part::fold(&visit.say("paste-all"), false, &html! {
                    (form.area_of(&Field { name: "phrase", label: &visit.say("all-words"), ..Field::default() }, 3))
                }))
                div class="row" {
                    button class="btn first" type="submit" { (visit.say("i-have-them")) }
                    a class="btn quiet" href=(next) { (visit.say("later")) }
                }
                p class="fine measure" { (visit.say("words-kept-until")) }
            }))
        }
    }
}

/// Which words are asked for, counted from 1: one of each third. A form that went wrong asks for the same again.
fn places(visit: &Visit, count: usize) -> Vec<usize> {
    let typed = visit.typed("/recovery", "places", "");
    let same: Vec<usize> = typed
        .split_whitespace()
        .filter_map(|place| place.parse().ok())
        .filter(|place| (1..=count).contains(place))
        .collect();
    if same.len() == ASKED {
        return same;
    }
    let third = (count / ASKED).max(1);
    let mut drawn = [0_u8; ASKED];
    // Without randomness the first of each third is asked for, which proves as much.
    let _fixed = getrandom::fill(&mut drawn);
    let place = |(at, byte): (usize, &u8)| at * third + usize::from(*byte) % third + 1;
    drawn.iter().enumerate().map(place).collect()
}

/// `POST /recovery/show`: the passphrase was given.
pub(crate) async fn confirm_first(visit: Arc<Visit>) -> Result<Reply, Failure> {
    visit.confirm().await?;
    let next = own_address(visit.form.raw("next"));
    Ok(visit.back_to(&format!("/recovery?next={next}")))
}

/// `POST /recovery`: the words are with their person.
pub(crate) async fn check(visit: Arc<Visit>) -> Result<Reply, Failure> {
    let next = own_address(visit.form.raw("next"));
    let pasted = visit.form.raw("phrase").trim();
    let (places, words) = if pasted.is_empty() {
        let places: Vec<u8> = visit
            .form
            .text("places")
            .split_whitespace()
            .filter_map(|place| place.parse().ok())
            .collect();
        // A text that grows is copied, and what it leaves behind is not erased.
        let mut words = String::with_capacity(WORDS_BYTES);
        for place in &places {
            let name = format!("word-{place}");
            let word = visit.form.given(&name).map(Zeroizing::new).ok_or_else(|| {
                let number = [("number", (*place).into())];
                missing(visit.words, &visit.words.with("word-number", &number))
            })?;
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&word);
        }
        (places, Secret::new(words))
    } else {
        (Vec::new(), Secret::new(pasted.to_owned()))
    };
    let request = RecoveryRequest::Confirm { places, words };
    visit.ask(Request::Recovery(request)).await?;
    Ok(visit.done(&next, visit.say("words-confirmed")))
}
