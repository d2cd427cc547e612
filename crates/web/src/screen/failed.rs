//! What is shown where a screen cannot be.

use hearth_node::api::{Exit, Failure};
use maud::{Markup, html};

use crate::view::part;
use crate::view::shell::{Place, Screen, Shell, plain};
use crate::visit::Visit;

/// Draws what failed, what is safe, and what to do.
pub(crate) async fn page(visit: &Visit, failure: &Failure) -> Markup {
    let title = match failure.exit {
        Exit::NotFound => visit.say("failed-not-found"),
        _ => visit.say("failed"),
    };
    let (message, hint) = visit.words.failure(failure);
    let body = html! {
        section {
            (part::notice("bad", &html! {
                p { (message) }
                @if let Some(hint) = &hint { p class="soft" { (part::without_commands(hint)) } }
            }))
            p class="soft" { (visit.say("failed-safe")) }
            p { a class="btn" href="/" { (visit.say("back-to-today")) } }
        }
    };
    match Shell::load(visit).await {
        Ok(shell) => shell.of_person(visit, Place::Nowhere, &Screen::new(title, body)),
        Err(_) => plain(
            visit,
            &title,
            &html! { div class="hello" { h1 { (title) } } (body) },
        ),
    }
}
