//! Small drawings beside words; none says anything that the word does not.

use maud::{Markup, PreEscaped, html};

/// The drawings, as the inside of a picture of 24 by 24.
const ICONS: &[(&str, &str)] = &[
    ("arrow", r#"<path d="M5 12h14m-5.5-5.5L19 12l-5.5 5.5"/>"#),
    ("check", r#"<path d="m5 12.5 4.5 4.5L19 7"/>"#),
    ("circle", r#"<circle cx="12" cy="12" r="8.5"/>"#),
    (
        "device",
        r#"<rect x="5" y="5" width="14" height="10" rx="1.2"/><path d="M2.5 19h19"/>"#,
    ),
    (
        "done",
        r#"<circle cx="12" cy="12" r="8.5"/><path d="m8 12.3 2.8 2.8L16 9.5"/>"#,
    ),
    (
        "eye",
        r#"<path d="M2.5 12S6 5.8 12 5.8 21.5 12 21.5 12 18 18.2 12 18.2 2.5 12 2.5 12Z"/><circle cx="12" cy="12" r="2.8"/>"#,
    ),
    (
        "gear",
        r#"<path d="M4 8h9M19 8h1M4 16h1M11 16h9"/><circle cx="16" cy="8" r="2.6"/><circle cx="8" cy="16" r="2.6"/>"#,
    ),
    (
        "half",
        r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5v17M12 7h3.8M12 10.500h5M12 14h4.800M12 17.500h3"/>"#,
    ),
    (
        "hearth",
        r#"<path d="M4 20V11a8 8 0 0 1 16 0v9M2.5 20h19M12 20c-2.6 0-4-1.6-4-3.7 0-2.6 2.6-3.3 3.3-6.3 2.6 1.3 4.7 3.7 4.7 6.3 0 2.1-1.4 3.7-4 3.7Z"/>"#,
    ),
    (
        "lock",
        r#"<rect x="5" y="11" width="14" height="9" rx="1.5"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>"#,
    ),
    ("menu", r#"<path d="M4 7h16M4 12h16M4 17h16"/>"#),
    (
        "pen",
        r#"<path d="M4 20c3 0 3.5-1 4.5-2L19 7.5 16.5 5 6 15.5c-1 1-2 1.5-2 4.5Z"/>"#,
    ),
    ("plus", r#"<path d="M12 5v14M5 12h14"/>"#),
    (
        "question",
        r#"<circle cx="12" cy="12" r="8.5"/><path d="M9.5 9.5a2.6 2.6 0 1 1 3.7 2.4c-.8.4-1.2.9-1.2 1.8M12 16.8v.1"/>"#,
    ),
    (
        "sealed",
        r#"<rect x="3.5" y="6" width="17" height="12.5" rx="1.2"/><path d="m4 7 8 5 8-5"/><circle cx="12" cy="14.7" r="1.4"/>"#,
    ),
    (
        "search",
        r#"<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>"#,
    ),
    (
        "shared",
        r#"<circle cx="9" cy="12" r="5.5"/><circle cx="15" cy="12" r="5.5"/>"#,
    ),
    (
        "sun",
        r#"<path d="M4 19h16M6.5 15a5.5 5.5 0 0 1 11 0M12 5v2M4.5 9l1.6 1.2M19.5 9l-1.6 1.2"/>"#,
    ),
    (
        "warn",
        r#"<path d="M12 4 2.8 20h18.4L12 4Z"/><path d="M12 10v4.5M12 17.4v.1"/>"#,
    ),
    ("x", r#"<path d="m6 6 12 12M18 6 6 18"/>"#),
];

fn inside(name: &str) -> &'static str {
    let found = ICONS.iter().find(|(known, _)| *known == name);
    found.map_or("", |(_, inside)| inside)
}

/// Draws an icon in the size of the text around it.
pub(crate) fn icon(name: &str) -> Markup {
    html! { svg class="i" viewBox="0 0 24 24" aria-hidden="true" focusable="false" { (PreEscaped(inside(name))) } }
}

/// Draws the mark of the product.
pub(crate) fn mark() -> Markup {
    html! { svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" { (PreEscaped(inside("hearth"))) } }
}

/// Draws the dot of a peer: filled, a clock, or a ring.
pub(crate) fn dot(is_clock: bool) -> Markup {
    html! {
        svg class="dot" viewBox="0 0 12 12" aria-hidden="true" focusable="false" {
            circle cx="6" cy="6" r="4.5" {}
            @if is_clock { path d="M6 3.6V6l1.6 1" {} }
        }
    }
}
