//! Small parts: badges, notices, empty states, bars, links to elsewhere.

use maud::{Markup, html};

use super::icon::icon;
use crate::visit::Visit;

/// A section with a title that names it.
pub(crate) fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-title" } data-live {
            h2 id={ (id) "-title" } { (title) }
            (body)
        }
    }
}

/// How what came and what went is marked, and what else is to be known of it.
pub(crate) fn how_to_read_changes(visit: &Visit, more: &Markup) -> Markup {
    section(
        "reading",
        &visit.say("how-to-read-changes"),
        &html! {
            p { ins { (visit.say("what-came")) } }
            p { del { (visit.say("what-went")) } }
            (more)
        },
    )
}

/// Where sections come and go by what happens elsewhere: a part that is always there, be it empty, so that they appear and
/// vanish on a page that is open.
pub(crate) fn place(id: &str, body: &Markup) -> Markup {
    html! { div class="place" id=(id) data-live { (body) } }
}

/// A section with a title and a link beside it.
pub(crate) fn section_with(id: &str, title: &str, beside: &Markup, body: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-title" } data-live {
            div class="row spread" { h2 id={ (id) "-title" } { (title) } (beside) }
            (body)
        }
    }
}

/// What is folded until somebody wants it.
pub(crate) fn fold(title: &str, is_open: bool, body: &Markup) -> Markup {
    html! { details open[is_open] { summary { (title) } (body) } }
}

/// A state in a word.
pub(crate) fn badge(word: &str) -> Markup {
    html! { span class="badge sm" { (word) } }
}

/// A state that wants to be seen.
pub(crate) fn badge_now(icon_name: &str, word: &str) -> Markup {
    html! { span class="badge sm is-now" { (icon(icon_name)) (word) } }
}

/// The badge of what only one's own devices hold.
pub(crate) fn private_badge(word: &str) -> Markup {
    html! { span class="badge is-private sm" { (icon("lock")) (word) } }
}

/// A sentence that matters.
pub(crate) fn notice(kind: &str, body: &Markup) -> Markup {
    let (class, drawing) = match kind {
        "bad" => ("notice bad", "warn"),
        "warn" => ("notice warn", "warn"),
        _ => ("notice", "done"),
    };
    html! { div class=(class) { (icon(drawing)) div { (body) } } }
}

/// Where there is nothing yet: one sentence and one act.
pub(crate) fn empty(drawing: &str, title: &str, sentence: &str, act: &Markup) -> Markup {
    html! {
        div class="empty" {
            (icon(drawing))
            h3 { (title) }
            p { (sentence) }
            (act)
        }
    }
}

/// A template for where there is nothing yet: a link that opens the form with an example in it.
pub(crate) fn template(
    visit: &Visit,
    address: &str,
    field: &str,
    fragment: &str,
    text: &str,
) -> Markup {
    let value: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    html! {
        p class="small no-print" {
            a href={ (address) "?" (field) "=" (value) "#" (fragment) } { (visit.words.with("start-from", &[("text", text.into())])) }
        }
    }
}

/// How much of something is done, from 0 to 1.
pub(crate) fn track(share: f64, is_now: bool) -> Markup {
    let percent = (share.clamp(0.0, 1.0) * 100.0).round();
    let class = if is_now { "fill now" } else { "fill" };
    html! {
        svg class="track" aria-hidden="true" focusable="false" {
            rect class="bed" width="100%" height="8" rx="4" {}
            rect class=(class) width={ (percent) "%" } height="8" rx="4" {}
        }
    }
}

/// A link that leads out of the page, where it is of a kind that browsers only show; otherwise its text.
pub(crate) fn outer_link(address: &str, label: &str) -> Markup {
    match is_outer(address) {
        true => html! { a href=(address) rel="noopener noreferrer" target="_blank" { (label) } },
        false => html! { span { (label) } },
    }
}

/// Tells whether an address leads to a site or a mailbox, and nowhere else.
pub(crate) fn is_outer(address: &str) -> bool {
    let address = address.trim_start();
    let starts = |scheme: &str| {
        address
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    ["https://", "http://", "mailto:"].into_iter().any(starts)
}

/// Returns a hint without the commands that only a terminal can do.
pub(crate) fn without_commands(hint: &str) -> String {
    let sentences = hint.split_inclusive(". ");
    sentences
        .filter(|sentence| !sentence.contains('`'))
        .collect::<String>()
        .trim()
        .to_owned()
}

/// What somebody wrote, in the quotation marks of the reader's language.
pub(crate) fn quoted(visit: &Visit, text: &str) -> Markup {
    html! { bdi { (visit.words.with("quoted", &[("text", text.into())])) } }
}

/// Writes a hash in groups of four.
pub(crate) fn hash(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sites_and_mailboxes_become_links() {
        for good in ["https://example.org", "HTTP://example.org", "mailto:a@b.c"] {
            assert!(is_outer(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "java\nscript:x",
            "vbscript:x",
            "/n/1",
            "",
            "file:///x",
        ] {
            assert!(!is_outer(bad), "{bad}");
            assert!(!outer_link(bad, "x").into_string().contains("href"));
        }
    }

    #[test]
    fn what_stands_in_a_link_cannot_leave_it() {
        let drawn = outer_link("https://x/\"><script>", "<b>").into_string();
        assert!(!drawn.contains("<script>") && !drawn.contains("<b>"));
    }

    #[test]
    fn a_hint_for_terminals_is_left_out() {
        assert_eq!(without_commands("Ask Ben. Run `hearth up`."), "Ask Ben.");
    }
}
